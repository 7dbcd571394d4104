/* Segments and classes made from the entries of a file. */
#include "data/annotations.h"

#include "data/classes.h"
#include "data/forms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIR_TEXT = 48 };

/* ---- segments ---------------------------------------------------------------------------------------------------- */

static void pair_text(int64_t verb, int64_t noun, char out[PAIR_TEXT])
{
    snprintf(out, PAIR_TEXT, "%lld_%lld", (long long)verb, (long long)noun);
}

/* Names (or pairs) of the classes, to their ids; the first of equal ones. Keys may live in `strings`. */
static status index_classes(const class_list *classes, form_kind kind, arena *strings, name_table *out)
{
    status st = OK;
    for (size_t i = 0, kept; i < classes->action_count; i++) {
        const action_class *action = &classes->actions[i];
        char pair[PAIR_TEXT];
        pair_text(action->verb, action->noun, pair);
        const char *key = kind == HAS_PAIRS ? arena_copy(strings, pair, strlen(pair)) : action->name;
        if (!key) TRY(FAIL(ERR_MEMORY, "no memory for the names of %zu classes", classes->action_count));
        TRY(names_add(out, key, i, &kept));
    }
done:
    return st;
}

static status find_actions(reader *r)
{
    status st = OK;
    name_table index = {0};
    TRY(index_classes(r->classes, reader_kind(r), r->strings, &index));
    for (size_t i = 0, found; i < r->count; i++) {
        entry *e = &r->at[i];
        char pair[PAIR_TEXT];
        pair_text(e->s.verb, e->s.noun, pair);
        if (names_find(&index, reader_kind(r) == HAS_PAIRS ? pair : e->word, &found)) e->s.action = (int64_t)found;
    }
done:
    names_free(&index);
    return st;
}

static status take_segments(reader *r, segment_list *out)
{
    segment *at = malloc(r->count * sizeof *at);
    if (!at) return FAIL(ERR_MEMORY, "%s: no memory for %zu segments", r->file.path, r->count);
    for (size_t i = 0; i < r->count; i++) at[i] = r->at[i].s;
    *out = (segment_list){r->strings, at, r->count};
    r->strings = NULL;
    return OK;
}

status segments_read(const char *path, const char *format, double fps, const class_list *classes, segment_list *out)
{
    status st = OK;
    reader r = {0};
    CHECK(classes);
    if (!isfinite(fps) || fps <= 0) TRY(FAIL(ERR_CONFIG, "data.fps is %g; it must be above 0", fps));
    TRY(reader_read(path, format, fps, classes, &r));
    if (reader_kind(&r) != HAS_ACTION_IDS) TRY(find_actions(&r));
    TRY(take_segments(&r, out));
done:
    reader_close(&r);
    return st;
}

void segments_free(segment_list *list)
{
    if (!list) return;
    arena_free(&list->strings);
    free(list->at);
    *list = (segment_list){0};
}

/* ---- classes from segments --------------------------------------------------------------------------------------- */

static status add_class(class_list *list, size_t most, const char *name, int64_t verb, int64_t noun, name_form written)
{
    if (!list->actions) list->actions = arena_alloc(list->strings, most * sizeof *list->actions);
    if (!list->actions || !name) return FAIL(ERR_MEMORY, "no memory for %zu classes", most);
    action_class made = {name, action_text(list->strings, name, written), verb, noun};
    if (!made.text) return FAIL(ERR_MEMORY, "no memory for %zu classes", most);
    list->actions[list->action_count++] = made;
    return OK;
}

static status collect_glosses(const reader *r, class_list *list)
{
    status st = OK;
    name_table words = {0};
    for (size_t i = 0, first; i < r->count; i++) {
        const char *word = r->at[i].word;
        TRY(names_add(&words, word, i, &first));
        if (first != i) continue;
        const char *name = arena_copy(list->strings, word, strlen(word));
        TRY(add_class(list, r->count, name, -1, -1, NAME_GLOSS));
    }
done:
    names_free(&words);
    return st;
}

static const char *word_or_id(class_list *list, const char *word, int64_t id)
{
    char text[32];
    if (!word) snprintf(text, sizeof text, "%lld", (long long)id);
    return word ? arena_copy(list->strings, word, strlen(word)) : arena_copy(list->strings, text, strlen(text));
}

/* The words that verbs and nouns were called by in the rows, to the names of their classes. */
static status name_verbs_and_nouns(const reader *r, class_list *list)
{
    status st = OK;
    class_word *verbs = calloc(r->count, sizeof *verbs), *nouns = calloc(r->count, sizeof *nouns);
    if (!verbs || !nouns) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu segments", r->file.path, r->count));
    for (size_t i = 0; i < r->count; i++) {
        const entry *e = &r->at[i];
        verbs[i] = (class_word){e->s.verb, word_or_id(list, e->word, e->s.verb), i};
        nouns[i] = (class_word){e->s.noun, word_or_id(list, e->noun, e->s.noun), i};
        if (!verbs[i].word || !nouns[i].word) TRY(FAIL(ERR_MEMORY, "%s: no memory for its names", r->file.path));
        if ((size_t)e->s.verb >= list->verb_count) list->verb_count = (size_t)e->s.verb + 1;
        if ((size_t)e->s.noun >= list->noun_count) list->noun_count = (size_t)e->s.noun + 1;
    }
    TRY(class_names(verbs, r->count, list->verb_count, list->strings, &list->verbs));
    TRY(class_names(nouns, r->count, list->noun_count, list->strings, &list->nouns));
done:
    free(verbs);
    free(nouns);
    return st;
}

static int by_pair(const void *a, const void *b)
{
    const segment *x = &((const entry *)a)->s, *y = &((const entry *)b)->s;
    if (x->verb != y->verb) return x->verb < y->verb ? -1 : 1;
    return (x->noun > y->noun) - (x->noun < y->noun);
}

static const char *joined_name(class_list *list, const char *verb, const char *noun)
{
    size_t verb_bytes = strlen(verb), noun_bytes = strlen(noun);
    char *name = arena_alloc(list->strings, verb_bytes + noun_bytes + 2);
    if (!name) return NULL;
    memcpy(name, verb, verb_bytes);
    name[verb_bytes] = '_';
    memcpy(name + verb_bytes + 1, noun, noun_bytes);
    return name;
}

/* Sorts the reader's entries. */
static status collect_pairs(reader *r, class_list *list)
{
    status st = OK;
    TRY(name_verbs_and_nouns(r, list));
    qsort(r->at, r->count, sizeof *r->at, by_pair);
    for (size_t i = 0; i < r->count; i++) {
        const segment *s = &r->at[i].s;
        if (i && !by_pair(&r->at[i - 1], &r->at[i])) continue;
        const char *name = joined_name(list, list->verbs[s->verb], list->nouns[s->noun]);
        TRY(add_class(list, r->count, name, s->verb, s->noun, NAME_PARTS));
    }
done:
    return st;
}

status classes_collect(const char *path, const char *format, class_list *out)
{
    status st = OK;
    reader r = {0};
    class_list list = {.strings = arena_new()};
    TRY(reader_read(path, format, 1.0, NULL, &r)); /* times are not used */
    TRY(reader_kind(&r) == HAS_GLOSSES ? collect_glosses(&r, &list) : collect_pairs(&r, &list));
    *out = list;
    list = (class_list){0};
done:
    reader_close(&r);
    classes_free(&list);
    return st;
}
