/* Class lists: reading them, and the words of actions, verbs and nouns. */
#include "data/classes.h"

#include "data/csv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- names and their text ---------------------------------------------------------------------------------------- */

/* Bytes of the verb in an action's name: up to '_', else up to the first blank, else all. */
static size_t verb_bytes(const char *name)
{
    size_t bytes = strcspn(name, "_");
    return name[bytes] ? bytes : strcspn(name, " ");
}

static char *append(char *to, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) *to++ = (char)tolower((unsigned char)text[i]);
    return to;
}

/* "pan:sauce" -> "sauce pan" */
static char *append_reversed(char *to, const char *noun)
{
    for (size_t end = strlen(noun);;) {
        size_t start = end;
        while (start > 0 && noun[start - 1] != ':') start--;
        to = append(to, noun + start, end - start);
        if (start == 0) return to;
        *to++ = ' ';
        end = start - 1;
    }
}

static char *append_parts(char *to, const char *name)
{
    size_t verb = verb_bytes(name);
    to = append(to, name, verb);
    if (!name[verb]) return to;
    to = append(to, " <v> ", 5);
    return append_reversed(to, name + verb + 1);
}

static char *append_words(char *to, const char *name)
{
    for (; *name; name++) {
        if (*name == '_') to = append(to, " <v> ", 5);
        else if (*name == '/') to = append(to, " or ", 4);
        else if (*name == ':') to = append(to, " ", 1);
        else to = append(to, name, 1);
    }
    return to;
}

const char *action_text(arena *strings, const char *name, name_form form)
{
    size_t bytes = strlen(name);
    if (form == NAME_GLOSS) return arena_copy(strings, name, bytes);
    char *text = arena_alloc(strings, bytes * 5 + 1); /* '_' grows most, to five bytes */
    if (!text) return NULL;
    if (form == NAME_PARTS) append_parts(text, name);
    else append_words(text, name);
    return text;
}

static int by_id_and_word(const void *a, const void *b)
{
    const class_word *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    int words = strcmp(x->word, y->word);
    return words ? words : (x->place > y->place) - (x->place < y->place);
}

status class_names(class_word *words, size_t word_count, size_t class_count, arena *strings, const char ***names)
{
    const char **out = arena_alloc(strings, (class_count ? class_count : 1) * sizeof *out);
    if (!out) return FAIL(ERR_MEMORY, "no memory for the names of %zu classes", class_count);
    if (word_count) qsort(words, word_count, sizeof *words, by_id_and_word);
    size_t best_count = 0, best_place = 0;
    for (size_t first = 0, next; first < word_count; first = next) {
        const class_word *word = &words[first];
        for (next = first; next < word_count && words[next].id == word->id && !strcmp(words[next].word, word->word);)
            next++;
        bool new_class = first == 0 || words[first - 1].id != word->id;
        size_t count = next - first;
        if (!new_class && (count < best_count || (count == best_count && word->place > best_place))) continue;
        best_count = count;
        best_place = word->place;
        out[word->id] = word->word;
    }
    *names = out;
    return OK;
}

status class_list_name_parts(class_list *classes)
{
    status st = OK;
    size_t count = classes->action_count;
    class_word *verbs = calloc(count ? count : 1, sizeof *verbs), *nouns = calloc(count ? count : 1, sizeof *nouns);
    if (!verbs || !nouns) TRY(FAIL(ERR_MEMORY, "no memory for the names of %zu classes", count));
    size_t noun_count = 0;
    for (size_t i = 0; i < count; i++) {
        const action_class *action = &classes->actions[i];
        size_t verb = verb_bytes(action->name);
        verbs[i] = (class_word){action->verb, arena_copy(classes->strings, action->name, verb), i};
        if (!verbs[i].word) TRY(FAIL(ERR_MEMORY, "no memory for the names of %zu classes", count));
        if (action->name[verb]) nouns[noun_count++] = (class_word){action->noun, action->name + verb + 1, i};
        if ((size_t)action->verb >= classes->verb_count) classes->verb_count = (size_t)action->verb + 1;
        if ((size_t)action->noun >= classes->noun_count) classes->noun_count = (size_t)action->noun + 1;
    }
    TRY(class_names(verbs, count, classes->verb_count, classes->strings, &classes->verbs));
    TRY(class_names(nouns, noun_count, classes->noun_count, classes->strings, &classes->nouns));
done:
    free(verbs);
    free(nouns);
    return st;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t id, action, verb, noun; /* column numbers; verb = noun for "verb_noun" in one column */
    name_form form;
} columns;

typedef struct {
    int64_t id, verb, noun;
    const char *name; /* borrowed from the file */
    size_t line;
} class_row;

typedef struct {
    class_row *at;
    size_t count, room;
} class_rows;

/* Tells the form from the first row; `*header` when that row holds names and no class. */
static status find_columns(const csv *file, columns *out, bool *header)
{
    columns at = {csv_column(file, "id"), csv_column(file, "action"), csv_column(file, "verb"),
                  csv_column(file, "noun"), NAME_PARTS};
    *header = at.id != SIZE_MAX && at.action != SIZE_MAX && at.verb != SIZE_MAX && at.noun != SIZE_MAX;
    bool three = file->count == 3 && isdigit((unsigned char)file->fields[0][0]);
    if (!*header && !three)
        return FAIL(
            ERR_INPUT,
            "%s:%zu: no action classes: expected a header with the columns id, action, verb and noun, or rows of "
            "three columns like \"2, 2_2, Take_eating:utensil\"",
            file->path, file->line);
    *out = *header ? at : (columns){0, 2, 1, 1, NAME_WORDS};
    return OK;
}

/* "2_17" -> 2, 17 */
static status read_pair(const csv *file, const char *text, class_row *row)
{
    char *end = NULL;
    row->verb = strtoll(text, &end, 10);
    bool good = isdigit((unsigned char)text[0]) && *end == '_' && isdigit((unsigned char)end[1]);
    if (good) row->noun = strtoll(end + 1, &end, 10);
    if (!good || *end || row->verb > CLASS_ID_MOST || row->noun > CLASS_ID_MOST)
        return FAIL(ERR_INPUT, "%s:%zu: \"%.60s\" is not a verb and a noun class like 2_17", file->path, file->line,
                    text);
    return OK;
}

static status read_class(const csv *file, const columns *at, class_row *row)
{
    status st = OK;
    const char *pair = NULL;
    row->line = file->line;
    TRY(csv_int(file, at->id, "id", 0, CLASS_ID_MOST, &row->id));
    TRY(csv_text(file, at->action, "action", &row->name));
    if (at->verb == at->noun) {
        TRY(csv_text(file, at->verb, "verb_noun", &pair));
        TRY(read_pair(file, pair, row));
    } else {
        TRY(csv_int(file, at->verb, "verb", 0, CLASS_ID_MOST, &row->verb));
        TRY(csv_int(file, at->noun, "noun", 0, CLASS_ID_MOST, &row->noun));
    }
done:
    return st;
}

static status add_row(class_rows *rows, const class_row *row, const char *path)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 256;
        class_row *larger = realloc(rows->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "%s: no memory for %zu classes", path, room);
        rows->at = larger;
        rows->room = room;
    }
    rows->at[rows->count++] = *row;
    return OK;
}

static status read_rows(csv *file, class_rows *rows, name_form *form)
{
    status st = OK;
    columns at = {0};
    bool more = false, header = false;
    TRY(csv_next(file, &more));
    if (!more) TRY(FAIL(ERR_INPUT, "%s: no action classes: the file is empty", file->path));
    TRY(find_columns(file, &at, &header));
    if (header) TRY(csv_next(file, &more));
    while (more) {
        class_row row = {0};
        TRY(read_class(file, &at, &row));
        TRY(add_row(rows, &row, file->path));
        TRY(csv_next(file, &more));
    }
    if (!rows->count) TRY(FAIL(ERR_INPUT, "%s: no action classes below the header", file->path));
    *form = at.form;
done:
    return st;
}

static int by_class_id(const void *a, const void *b)
{
    const class_row *x = a, *y = b;
    if (x->id != y->id) return x->id < y->id ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* Sorts the rows; then row i is class i. */
static status check_ids(class_rows *rows, const char *path)
{
    qsort(rows->at, rows->count, sizeof *rows->at, by_class_id);
    for (size_t i = 0; i < rows->count; i++) {
        const class_row *row = &rows->at[i];
        if (i && row->id == row[-1].id)
            return FAIL(ERR_INPUT, "%s:%zu: class id %lld was given in line %zu already", path, row->line,
                        (long long)row->id, row[-1].line);
        if (row->id != (int64_t)i)
            return FAIL(ERR_INPUT, "%s:%zu: class id %lld, but no class has id %zu: ids must be 0 to count - 1", path,
                        row->line, (long long)row->id, i);
    }
    return OK;
}

static status take_rows(const class_rows *rows, name_form form, const char *path, class_list *out)
{
    status st = OK;
    class_list list = {.strings = arena_new(), .action_count = rows->count};
    list.actions = arena_alloc(list.strings, rows->count * sizeof *list.actions);
    if (!list.actions) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu classes", path, rows->count));
    for (size_t i = 0; i < rows->count; i++) {
        const class_row *row = &rows->at[i];
        list.actions[i] = (action_class){.name = arena_copy(list.strings, row->name, strlen(row->name)),
                                         .text = action_text(list.strings, row->name, form),
                                         .verb = row->verb,
                                         .noun = row->noun};
        if (!list.actions[i].name || !list.actions[i].text)
            TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu classes", path, rows->count));
    }
    TRY(class_list_name_parts(&list));
    *out = list;
    list = (class_list){0};
done:
    classes_free(&list);
    return st;
}

status classes_read(const char *path, class_list *out)
{
    status st = OK;
    csv file = {0};
    class_rows rows = {0};
    name_form form = NAME_PARTS;
    TRY(csv_open(path, CSV_GUESS, &file));
    TRY(read_rows(&file, &rows, &form));
    TRY(check_ids(&rows, path));
    TRY(take_rows(&rows, form, path, out));
done:
    csv_close(&file);
    free(rows.at);
    return st;
}

status classes_parts(const class_list *classes, int64_t **verb_of, int64_t **noun_of)
{
    size_t count = classes->action_count;
    int64_t *verbs = calloc(count + 1, sizeof *verbs), *nouns = calloc(count + 1, sizeof *nouns);
    if (!verbs || !nouns) {
        free(verbs);
        free(nouns);
        return FAIL(ERR_MEMORY, "no memory for %zu classes", count);
    }
    for (size_t i = 0; i < count; i++) {
        verbs[i] = classes->actions[i].verb;
        nouns[i] = classes->actions[i].noun;
    }
    *verb_of = verbs;
    *noun_of = nouns;
    return OK;
}

int64_t class_find(const class_list *classes, const char *name)
{
    for (size_t i = 0; i < classes->action_count; i++)
        if (!strcmp(classes->actions[i].name, name)) return (int64_t)i;
    return -1;
}

void classes_free(class_list *classes)
{
    if (!classes) return;
    arena_free(&classes->strings);
    *classes = (class_list){0};
}

/* ---- lists of ids ------------------------------------------------------------------------------------------------ */

static status read_ids(csv *file, int64_t **ids, size_t *count, size_t *room)
{
    status st = OK;
    bool more = false;
    TRY(csv_next(file, &more));
    if (more && isdigit((unsigned char)file->fields[0][0]))
        TRY(FAIL(ERR_INPUT, "%s:%zu: expected a header such as \"verb_class,verb\" before the ids", file->path,
                 file->line));
    while (more) {
        TRY(csv_next(file, &more));
        if (!more) break;
        if (*count == *room) {
            *room = *room ? *room * 2 : 64;
            int64_t *larger = realloc(*ids, *room * sizeof *larger);
            if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu ids", file->path, *room));
            *ids = larger;
        }
        TRY(csv_int(file, 0, "the class id in the first column", 0, CLASS_ID_MOST, &(*ids)[*count]));
        ++*count;
    }
    if (!*count) TRY(FAIL(ERR_INPUT, "%s: no class ids: expected a header and one id a line", file->path));
done:
    return st;
}

status ids_read(const char *path, int64_t **out, size_t *count)
{
    status st = OK;
    csv file = {0};
    int64_t *ids = NULL;
    size_t found = 0, room = 0;
    TRY(csv_open(path, CSV_GUESS, &file));
    TRY(read_ids(&file, &ids, &found, &room));
    *out = ids;
    *count = found;
    ids = NULL;
done:
    csv_close(&file);
    free(ids);
    return st;
}
