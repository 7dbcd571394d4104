#include "teacher/extra_text.h"

#include "base/file.h"
#include "data/names.h"
#include "teacher/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1024 * 1024 * 1024)

typedef struct {
    const char *path;
    size_t line;
    const class_list *classes;
    bool glosses;
    name_table actions; /* text, cut into words and joined again -> action */
    extra_text text;
    size_t segment_room, text_room;
} reader;

/* Words from..to joined by blanks, from the arena. */
static const char *join_words(arena *strings, const word_list *words, size_t from, size_t to)
{
    size_t bytes = 1;
    for (size_t i = from; i < to; i++) bytes += strlen(words->text + words->offsets[i]) + 1;
    char *joined = arena_alloc(strings, bytes), *at = joined;
    if (!joined) return NULL;
    for (size_t i = from; i < to; i++) {
        size_t length = strlen(words->text + words->offsets[i]);
        if (i > from) *at++ = ' ';
        memcpy(at, words->text + words->offsets[i], length);
        at += length;
    }
    return joined;
}

static status know_classes(reader *r)
{
    status st = OK;
    word_list words = {0};
    for (size_t i = 0; i < r->classes->action_count; i++) {
        size_t kept = 0;
        TRY(words_cut(r->classes->actions[i].text, r->glosses, &words));
        const char *text = join_words(r->text.segments.strings, &words, 0, words.count);
        words_free(&words);
        if (!text) TRY(FAIL(ERR_MEMORY, "no memory for the text of %zu classes", r->classes->action_count));
        TRY(names_add(&r->actions, text, i, &kept));
    }
done:
    words_free(&words);
    return st;
}

static bool is_mark(const word_list *words, size_t i, mark m)
{
    return !strcmp(words->text + words->offsets[i], mark_text(m));
}

/* One <v> with words on both sides. */
static bool has_two_parts(const word_list *words, size_t from, size_t to)
{
    size_t marks = 0, place = from;
    for (size_t i = from; i < to; i++) {
        if (!is_mark(words, i, MARK_VERB)) continue;
        marks++;
        place = i;
    }
    return marks == 1 && place > from && place + 1 < to;
}

static status number_of(reader *r, const char *text, size_t *action)
{
    status st = OK;
    size_t fresh = r->classes->action_count + r->text.text_count;
    TRY(names_add(&r->actions, text, fresh, action));
    if (*action != fresh) goto done;
    if (r->text.text_count == r->text_room) {
        size_t larger = r->text_room * 2 + 64;
        const char **texts = realloc(r->text.texts, larger * sizeof *texts);
        if (!texts) TRY(FAIL(ERR_MEMORY, "%s:%zu: no memory for its actions", r->path, r->line));
        r->text.texts = texts;
        r->text_room = larger;
    }
    r->text.texts[r->text.text_count++] = text;
done:
    return st;
}

static status add_segment(reader *r, const char *sequence, size_t place_in_line, size_t action)
{
    segment_list *list = &r->text.segments;
    if (list->count == r->segment_room) {
        size_t larger = r->segment_room * 2 + 256;
        segment *at = realloc(list->at, larger * sizeof *at);
        if (!at) return FAIL(ERR_MEMORY, "%s:%zu: no memory for its actions", r->path, r->line);
        list->at = at;
        r->segment_room = larger;
    }
    bool known = action < r->classes->action_count;
    list->at[list->count] = (segment){
        .uid = sequence,
        .sequence = sequence,
        .start = (double)place_in_line,
        .end = (double)place_in_line + 1,
        .action = (int64_t)action,
        .verb = known ? r->classes->actions[action].verb : -1,
        .noun = known ? r->classes->actions[action].noun : -1,
        .place = list->count,
    };
    list->count++;
    return OK;
}

static status add_action(reader *r, const word_list *words, size_t from, size_t to, const char *sequence, size_t place)
{
    status st = OK;
    size_t action = 0;
    if (from == to)
        TRY(FAIL(ERR_INPUT, "%s:%zu: action %zu is empty: expected verb <v> noun <a> verb <v> noun ...", r->path,
                 r->line, place + 1));
    const char *text = join_words(r->text.segments.strings, words, from, to);
    if (!text) TRY(FAIL(ERR_MEMORY, "%s:%zu: no memory for its text", r->path, r->line));
    if (!r->glosses && !has_two_parts(words, from, to))
        TRY(FAIL(ERR_INPUT, "%s:%zu: action %zu, '%s', is not of the form verb <v> noun", r->path, r->line, place + 1,
                 text));
    TRY(number_of(r, text, &action));
    TRY(add_segment(r, sequence, place, action));
done:
    return st;
}

static status add_line(reader *r, const char *line)
{
    status st = OK;
    word_list words = {0};
    char name[32];

    TRY(words_cut(line, r->glosses, &words));
    if (!words.count) goto done;
    snprintf(name, sizeof name, "line %zu", r->line);
    const char *sequence = arena_copy(r->text.segments.strings, name, strlen(name));
    if (!sequence) TRY(FAIL(ERR_MEMORY, "%s:%zu: no memory for its text", r->path, r->line));
    for (size_t from = 0, place = 0; from <= words.count; place++) {
        size_t to = from;
        while (to < words.count && !is_mark(&words, to, MARK_ACTION)) to++;
        TRY(add_action(r, &words, from, to, sequence, place));
        from = to + 1;
    }
done:
    words_free(&words);
    return st;
}

static status add_lines(reader *r, char *text)
{
    status st = OK;
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        r->line++;
        TRY(add_line(r, line));
        line = end ? end + 1 : NULL;
    }
    if (!r->text.segments.count) TRY(FAIL(ERR_INPUT, "%s: no line with an action", r->path));
done:
    return st;
}

status extra_text_read(const char *path, const class_list *classes, bool glosses, extra_text *out)
{
    status st = OK;
    char *text = NULL;
    size_t count = 0;
    reader r = {.path = path, .classes = classes, .glosses = glosses};

    r.text.segments.strings = arena_new();
    if (!r.text.segments.strings) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
    TRY(file_read(path, FILE_MAX, &text, &count));
    if (strlen(text) != count)
        TRY(FAIL(ERR_INPUT, "%s: holds a zero byte at byte %zu: not a text file", path, strlen(text)));
    TRY(know_classes(&r));
    TRY(add_lines(&r, text));
    *out = r.text;
    r.text = (extra_text){0};
done:
    free(text);
    names_free(&r.actions);
    extra_text_free(&r.text);
    return st;
}

void extra_text_free(extra_text *text)
{
    if (!text) return;
    free(text->segments.at);
    arena_free(&text->segments.strings);
    free(text->texts);
    *text = (extra_text){0};
}
