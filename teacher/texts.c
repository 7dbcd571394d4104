#include "teacher/texts.h"

#include "base/file.h"
#include "base/hash.h"
#include "teacher/tokenizer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1024 * 1024 * 1024)

typedef struct {
    const char *path;
    size_t line;
    const text_options *o;
    text_list *list;
} reader;

/* ---- the list -----------------------------------------------------------------------------------------------------
 */

static status no_memory(const reader *r)
{
    return FAIL(ERR_MEMORY, "%s:%zu: no memory for its text", r->path, r->line);
}

static status make_room(reader *r)
{
    text_list *l = r->list;
    if (l->count < l->room) return OK;
    size_t larger = l->room * 2 + 256;
    size_t *first = realloc(l->first, (larger + 1) * sizeof *first);
    if (first) l->first = first;
    bool *development = realloc(l->development, larger * sizeof *development);
    if (development) l->development = development;
    if (!first || !development) return no_memory(r);
    if (!l->count) l->first[0] = 0;
    l->room = larger;
    return OK;
}

/* The text that is being read: its actions so far lie behind those of the list. */
static status add_action(reader *r, const char *text, size_t *added)
{
    text_list *l = r->list;
    size_t used = l->first[l->count] + *added;
    if (used == l->action_room) {
        size_t larger = l->action_room * 2 + 1024;
        const char **actions = realloc(l->actions, larger * sizeof *actions);
        if (!actions) return no_memory(r);
        l->actions = actions;
        l->action_room = larger;
    }
    l->actions[used] = text;
    ++*added;
    return OK;
}

/* A text is held out when a number made of it, evenly spread over 0 .. 1, is below the share. */
static bool is_held_out(const text_options *o, const char *const *actions, size_t count)
{
    char parts[2 * HASH_TEXT] = {0};
    for (size_t i = 0; i < count; i++) { /* a chain: hash of (hash so far, hash of the action) */
        char chained[HASH_TEXT];
        hash_bytes(actions[i], strlen(actions[i]), parts + HASH_TEXT);
        hash_bytes(parts, sizeof parts, chained);
        memcpy(parts, chained, sizeof chained);
    }
    parts[16] = '\0';
    double place = (double)(hash_mix(o->seed, strtoull(parts, NULL, 16)) >> 11) * 0x1p-53;
    return place < o->development;
}

static void end_text(reader *r, size_t added)
{
    text_list *l = r->list;
    if (!added) return;
    const char *const *actions = l->actions + l->first[l->count];
    l->development[l->count] = is_held_out(r->o, actions, added);
    l->first[l->count + 1] = l->first[l->count] + added;
    l->count++;
}

/* ---- one text -----------------------------------------------------------------------------------------------------
 */

static const char *word_at(const word_list *words, size_t i)
{
    return words->text + words->offsets[i];
}

static bool is_mark(const word_list *words, size_t i, mark m)
{
    return !strcmp(word_at(words, i), mark_text(m));
}

static bool has_mark(const word_list *words, mark m)
{
    for (size_t i = 0; i < words->count; i++)
        if (is_mark(words, i, m)) return true;
    return false;
}

/* Punctuation stands alone once words are cut, so its first byte tells; what is not ASCII stays. */
static bool is_punctuation(const char *word)
{
    return strspn(word, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") == strlen(word);
}

/* Words from .. to that count, joined by blanks; "" when there are none. */
static char *join_words(arena *strings, const word_list *words, size_t from, size_t to, bool free_text)
{
    size_t bytes = 1;
    for (size_t i = from; i < to; i++) bytes += strlen(word_at(words, i)) + 1;
    char *joined = arena_alloc(strings, bytes), *at = joined;
    for (size_t i = from; joined && i < to; i++) {
        if (free_text && is_punctuation(word_at(words, i))) continue;
        if (at > joined) *at++ = ' ';
        at = stpcpy(at, word_at(words, i));
    }
    return joined;
}

/* Adds the actions of `text`, which is a whole text or a part of one. */
static status add_part(reader *r, const char *text, size_t *added)
{
    status st = OK;
    word_list words = {0};
    TRY(words_cut(text, r->o->glosses, &words));
    bool free_text = !r->o->glosses && !has_mark(&words, MARK_VERB);
    for (size_t from = 0; from < words.count;) {
        size_t to = from;
        while (to < words.count && !is_mark(&words, to, MARK_ACTION)) to++;
        const char *action = join_words(r->list->strings, &words, from, to, free_text);
        if (!action) TRY(no_memory(r));
        if (action[0]) TRY(add_action(r, action, added));
        from = to + 1;
    }
done:
    words_free(&words);
    return st;
}

static status add_line(reader *r, const char *line)
{
    size_t added = 0;
    status st = add_part(r, line, &added);
    if (st == OK) end_text(r, added);
    return st;
}

/* ---- JSON lines ---------------------------------------------------------------------------------------------------
 */

static status add_value(reader *r, const json_t *value)
{
    status st = OK;
    size_t added = 0;
    bool list = json_is_array(value);
    for (size_t i = 0; i < (list ? json_array_size(value) : 1); i++) {
        const char *text = json_string_value(list ? json_array_get(value, i) : value);
        if (!text)
            TRY(FAIL(ERR_INPUT, "%s:%zu: the value of \"%s\" is neither a string nor a list of strings", r->path,
                     r->line, r->o->field));
        TRY(add_part(r, text, &added));
    }
    end_text(r, added);
done:
    return st;
}

static status add_json(reader *r, const char *line)
{
    status st = OK;
    json_error_t error;
    json_t *object = NULL;
    if (!line[strspn(line, " \t\r")]) goto done;
    object = json_loads(line, 0, &error);
    if (!object) TRY(FAIL(ERR_INPUT, "%s:%zu: is no JSON: %s", r->path, r->line, error.text));
    if (!json_is_object(object)) TRY(FAIL(ERR_INPUT, "%s:%zu: is no JSON object", r->path, r->line));
    json_t *value = json_object_get(object, r->o->field);
    if (!value)
        TRY(FAIL(ERR_INPUT, "%s:%zu: has no key \"%s\" (teacher.pretrain.field)", r->path, r->line, r->o->field));
    TRY(add_value(r, value));
done:
    json_decref(object);
    return st;
}

/* ---- the file -----------------------------------------------------------------------------------------------------
 */

static bool is_json(const char *path)
{
    size_t length = strlen(path);
    return length > 6 && !strcmp(path + length - 6, ".jsonl");
}

static status add_lines(reader *r, char *text)
{
    status st = OK;
    bool json = is_json(r->path);
    size_t before = r->list->count;
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        r->line++;
        TRY(make_room(r));
        TRY(json ? add_json(r, line) : add_line(r, line));
        line = end ? end + 1 : NULL;
    }
    if (r->list->count == before) TRY(FAIL(ERR_INPUT, "%s: no line with a word: nothing to learn from", r->path));
done:
    return st;
}

/* The line of the first zero byte. */
static size_t line_of_zero(const char *text)
{
    size_t line = 1;
    for (; *text; text++) line += *text == '\n';
    return line;
}

status texts_read(const char *path, const text_options *options, text_list *list)
{
    status st = OK;
    char *text = NULL;
    size_t count = 0;
    reader r = {.path = path, .o = options, .list = list};

    if (!list->strings) list->strings = arena_new();
    if (!list->strings) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
    if (is_json(path) && !options->field)
        TRY(FAIL(ERR_CONFIG, "%s: name the key of its texts in teacher.pretrain.field", path));
    TRY(file_read(path, FILE_MAX, &text, &count));
    if (strlen(text) != count)
        TRY(FAIL(ERR_INPUT, "%s:%zu: holds a zero byte: not a text file", path, line_of_zero(text)));
    TRY(add_lines(&r, text));
done:
    free(text);
    return st;
}

void texts_free(text_list *list)
{
    if (!list) return;
    free(list->first);
    free(list->actions);
    free(list->development);
    arena_free(&list->strings);
    *list = (text_list){0};
}
