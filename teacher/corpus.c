#include "teacher/corpus.h"

#include "base/hash.h"
#include "base/log.h"
#include "conf/run.h"
#include "data/names.h"

#include <stdlib.h>
#include <string.h>

#define BETWEEN_PARTS " <v> "

/* ---- text ---------------------------------------------------------------------------------------------------------
 */

static const char *text_of(const corpus *c, const dataset *d, size_t action)
{
    return action < c->class_count ? d->classes.actions[action].text : c->extra.texts[action - c->class_count];
}

static void count_actions(const segment_list *list, size_t action_count, size_t *times)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].action >= 0 && (size_t)list->at[i].action < action_count) times[list->at[i].action]++;
}

typedef struct {
    word_list *cut;     /* (count) words of each action */
    const char **words; /* (word_count) all of them, borrowed from `cut` */
    size_t *times;      /* (word_count) how often the word's action occurs */
    size_t count, word_count;
} word_counts;

static void word_counts_free(word_counts *w)
{
    for (size_t i = 0; i < w->count && w->cut; i++) words_free(&w->cut[i]);
    free(w->cut);
    free(w->words);
    free(w->times);
}

static status cut_actions(word_counts *w, const corpus *c, const dataset *d)
{
    status st = OK;
    w->count = c->action_count - 1;
    w->cut = calloc(w->count + 1, sizeof *w->cut);
    if (!w->cut) TRY(FAIL(ERR_MEMORY, "no memory for the words of %zu actions", w->count));
    for (size_t i = 0; i < w->count; i++) {
        TRY(words_cut(text_of(c, d, i), d->glosses, &w->cut[i]));
        w->word_count += w->cut[i].count;
    }
    w->words = calloc(w->word_count + 1, sizeof *w->words);
    w->times = calloc(w->word_count + 1, sizeof *w->times);
    if (!w->words || !w->times) TRY(FAIL(ERR_MEMORY, "no memory to count %zu words", w->word_count));
done:
    return st;
}

/* Actions of the texts that are learned from. */
static size_t count_text_actions(const text_list *texts)
{
    size_t count = 0;
    for (size_t t = 0; t < texts->count; t++)
        if (!texts->development[t]) count += texts->first[t + 1] - texts->first[t];
    return count;
}

static status cut_texts(word_counts *w, const text_list *texts, bool glosses)
{
    status st = OK;
    w->cut = calloc(count_text_actions(texts) + 1, sizeof *w->cut);
    if (!w->cut) TRY(FAIL(ERR_MEMORY, "no memory for the words of %zu texts", texts->count));
    for (size_t t = 0; t < texts->count; t++)
        for (size_t a = texts->first[t]; a < texts->first[t + 1] && !texts->development[t]; a++) {
            TRY(words_cut(texts->actions[a], glosses, &w->cut[w->count++]));
            w->word_count += w->cut[w->count - 1].count;
        }
    w->words = calloc(w->word_count + 1, sizeof *w->words);
    w->times = calloc(w->word_count + 1, sizeof *w->times);
    if (!w->words || !w->times) TRY(FAIL(ERR_MEMORY, "no memory to count %zu words", w->word_count));
done:
    return st;
}

/* Distinct words of the texts with how often they occur; those that occur less than `least` times with 0. */
static status count_texts(word_counts *w, const text_list *texts, bool glosses, size_t least)
{
    status st = OK;
    name_table places = {0};
    size_t distinct = 0;
    TRY(cut_texts(w, texts, glosses));
    for (size_t i = 0; i < w->count; i++)
        for (size_t k = 0; k < w->cut[i].count; k++) {
            const char *word = w->cut[i].text + w->cut[i].offsets[k];
            size_t place = 0;
            TRY(names_add(&places, word, distinct, &place));
            if (place == distinct) w->words[distinct++] = word;
            w->times[place]++;
        }
    w->word_count = distinct;
    for (size_t i = 0; i < distinct; i++)
        if (w->times[i] < least) w->times[i] = 0;
done:
    names_free(&places);
    return st;
}

/* The vocabulary of the words of both. */
static status build_vocabulary(const word_counts *a, const word_counts *b, vocabulary **out)
{
    status st = OK;
    size_t count = a->word_count + b->word_count;
    const char **words = calloc(count + 1, sizeof *words);
    size_t *times = calloc(count + 1, sizeof *times);
    if (!words || !times) TRY(FAIL(ERR_MEMORY, "no memory to count %zu words", count));
    for (size_t i = 0; i < count; i++) {
        const word_counts *from = i < a->word_count ? a : b;
        size_t at = i < a->word_count ? i : i - a->word_count;
        words[i] = from->words[at];
        times[i] = from->times[at];
    }
    TRY(vocabulary_build(words, times, count, out));
done:
    free(words);
    free(times);
    return st;
}

/* The words of what is learned from (segments, extra text and, in pretraining, texts), and of nothing else. */
static status count_vocabulary(corpus *c, const dataset *d, bool development, size_t least)
{
    status st = OK;
    word_counts w = {0}, more = {0};
    size_t *times = calloc(c->action_count, sizeof *times);

    if (!times) TRY(FAIL(ERR_MEMORY, "no memory to count %zu actions", c->action_count));
    count_actions(&d->train, c->action_count, times);
    if (development) count_actions(&d->development, c->action_count, times);
    count_actions(&c->extra.segments, c->action_count, times);
    TRY(cut_actions(&w, c, d));
    for (size_t i = 0, n = 0; i < w.count; i++)
        for (size_t k = 0; k < w.cut[i].count; k++, n++) {
            w.words[n] = w.cut[i].text + w.cut[i].offsets[k];
            w.times[n] = times[i];
        }
    TRY(count_texts(&more, &c->texts, d->glosses, least));
    TRY(build_vocabulary(&w, &more, &c->words));
done:
    free(times);
    word_counts_free(&w);
    word_counts_free(&more);
    return st;
}

static status open_vocabulary(corpus *c, const recipe *r, const dataset *d, const char *saved)
{
    status st = OK;
    bool pieces = !strcmp(recipe_text(r, "teacher.vocabulary"), "wordpiece");
    const char *file = recipe_text(r, "teacher.vocabulary_file");

    if (saved) TRY(vocabulary_read(saved, &c->words));
    else if (pieces && !file)
        TRY(FAIL(ERR_CONFIG, "teacher.vocabulary is wordpiece: name its file in teacher.vocabulary_file"));
    else if (pieces) TRY(vocabulary_read(file, &c->words));
    else
        TRY(count_vocabulary(c, d, recipe_bool(r, "teacher.learn_development"),
                             (size_t)recipe_int(r, "teacher.pretrain.min_count")));
    vocabulary_hash(c->words, c->vocabulary_hash);
done:
    return st;
}

static void note_action(corpus *c, size_t action, size_t tokens)
{
    c->first[action + 1] = tokens;
    size_t length = tokens - c->first[action];
    if (length > c->longest) c->longest = length;
}

status corpus_encode(const corpus *c, const char *text, id_list *ids, size_t *verb)
{
    status st = OK;
    const char *cut = strstr(text, BETWEEN_PARTS);
    size_t before = ids->count;
    char *start = strndup(text, cut ? (size_t)(cut - text) : strlen(text));

    if (!start) TRY(FAIL(ERR_MEMORY, "no memory for the text of an action"));
    TRY(tokenizer_encode(c->words, c->kind, c->glosses, start, ids));
    *verb = ids->count - before;
    if (cut) TRY(tokenizer_encode(c->words, c->kind, c->glosses, cut, ids));
done:
    free(start);
    return st;
}

/* verbs: (action_count) tokens before <v>. */
static status place_tokens(corpus *c, const size_t *verbs)
{
    c->places = calloc(c->first[c->action_count] + 1, sizeof *c->places);
    if (!c->places) return FAIL(ERR_MEMORY, "no memory for %zu actions", c->action_count);
    for (size_t a = 0; a < c->action_count; a++) {
        size_t length = c->first[a + 1] - c->first[a];
        if (verbs[a] > c->verb_most) c->verb_most = verbs[a];
        if (length - verbs[a] > c->noun_most) c->noun_most = length - verbs[a];
    }
    for (size_t a = 0; a < c->action_count; a++)
        for (size_t i = c->first[a]; i < c->first[a + 1]; i++) {
            size_t k = i - c->first[a];
            c->places[i] = (int64_t)(k < verbs[a] ? k : c->verb_most + (k - verbs[a]));
        }
    return OK;
}

static status encode_actions(corpus *c, const dataset *d)
{
    status st = OK;
    id_list ids = {0}, between = {0};
    size_t *verbs = calloc(c->action_count, sizeof *verbs);

    if (!verbs) TRY(FAIL(ERR_MEMORY, "no memory for %zu actions", c->action_count));
    for (size_t i = 0; i + 1 < c->action_count; i++) {
        TRY(corpus_encode(c, text_of(c, d, i), &ids, &verbs[i]));
        note_action(c, i, ids.count);
    }
    TRY(id_list_add(&ids, vocabulary_mark(c->words, MARK_UNKNOWN)));
    verbs[c->action_count - 1] = 1;
    note_action(c, c->action_count - 1, ids.count);
    TRY(tokenizer_encode(c->words, c->kind, c->glosses, mark_text(MARK_ACTION), &between));
    TRY(place_tokens(c, verbs));
    c->between_count = between.count;
    c->ids = ids.at;
    c->between = between.at;
    ids = between = (id_list){0};
done:
    free(verbs);
    id_list_free(&ids);
    id_list_free(&between);
    return st;
}

static status read_texts(corpus *c, const recipe *r)
{
    status st = OK;
    const char *extra = recipe_text(r, "teacher.extra_text");
    text_options o = {.field = recipe_text(r, "teacher.pretrain.field"),
                      .glosses = c->glosses,
                      .development = recipe_real(r, "data.development"),
                      .seed = (uint64_t)recipe_int(r, "data.split_seed")};
    for (size_t i = 0; i < recipe_list_count(r, "teacher.pretrain.corpus"); i++)
        TRY(texts_read(recipe_list_text(r, "teacher.pretrain.corpus", i), &o, &c->texts));
    if (extra && recipe_bool(r, "teacher.pretrain.extra_text")) TRY(texts_read(extra, &o, &c->texts));
done:
    return st;
}

static status open_text(corpus *c, const recipe *r, const dataset *d, const char *saved)
{
    status st = OK;
    c->kind = strcmp(recipe_text(r, "teacher.vocabulary"), "wordpiece") ? CUT_WORDS : CUT_PIECES;
    if (!saved && run_pretrains(r)) TRY(read_texts(c, r));
    TRY(open_vocabulary(c, r, d, saved));
    TRY(encode_actions(c, d));
    c->id_rows = vocabulary_size(c->words);
    c->start = vocabulary_mark(c->words, MARK_START);
    c->end = vocabulary_mark(c->words, MARK_END);
    c->mask = vocabulary_mark(c->words, MARK_MASK);
    c->verb_mark = vocabulary_mark(c->words, MARK_VERB);
done:
    return st;
}

/* ---- one token an action ------------------------------------------------------------------------------------------
 */

enum {
    TOKEN_UNKNOWN,
    TOKEN_START,
    TOKEN_MASK,
    TOKEN_MARKS
}; /* after the rows of the verbs (glosses: of the actions) */

/* Whether `part` (length bytes) of an action's text is the verb (the words before <v>) or the noun of `other`. */
static bool same_part(const char *part, size_t length, const char *other, bool noun)
{
    const char *cut = strstr(other, BETWEEN_PARTS);
    if (!cut) return false;
    const char *start = noun ? cut + strlen(BETWEEN_PARTS) : other;
    size_t bytes = noun ? strlen(start) : (size_t)(cut - other);
    return bytes == length && !memcmp(start, part, length);
}

/* The verb or noun of the first class that has this verb or noun in its text; -1 when none has. */
static int64_t find_part(const class_list *classes, const char *text, bool noun)
{
    const char *cut = strstr(text, BETWEEN_PARTS);
    if (!cut) return -1;
    const char *part = noun ? cut + strlen(BETWEEN_PARTS) : text;
    size_t length = noun ? strlen(part) : (size_t)(cut - text);
    for (size_t i = 0; i < classes->action_count; i++)
        if (same_part(part, length, classes->actions[i].text, noun))
            return noun ? classes->actions[i].noun : classes->actions[i].verb;
    return -1;
}

static void code_of(const corpus *c, const dataset *d, size_t action, int64_t *id, int64_t *second)
{
    bool is_class = action < c->class_count;
    const char *text = is_class ? NULL : c->extra.texts[action - c->class_count];
    int64_t unknown = (int64_t)(c->id_rows - TOKEN_MARKS) + TOKEN_UNKNOWN;
    if (d->glosses) {
        *id = is_class ? (int64_t)action : unknown;
        return;
    }
    *id = is_class ? d->classes.actions[action].verb : find_part(&d->classes, text, false);
    *second = is_class ? d->classes.actions[action].noun : find_part(&d->classes, text, true);
    if (*id < 0) *id = unknown;
    if (*second < 0) *second = c->mark_second;
}

static void hash_names(corpus *c, const dataset *d)
{
    char all[2 * (HASH_TEXT - 1)] = {0}, next[HASH_TEXT]; /* a chain: hash of (hash so far, hash of the name) */
    for (size_t i = 0; i < c->class_count; i++) {
        hash_bytes(d->classes.actions[i].name, strlen(d->classes.actions[i].name), next);
        memcpy(all + HASH_TEXT - 1, next, HASH_TEXT - 1);
        hash_bytes(all, sizeof all, c->vocabulary_hash);
        memcpy(all, c->vocabulary_hash, HASH_TEXT - 1);
    }
}

static status open_tokens(corpus *c, const dataset *d)
{
    status st = OK;
    c->id_rows = (d->glosses ? c->class_count : d->classes.verb_count) + TOKEN_MARKS;
    c->second_rows = d->glosses ? 0 : d->classes.noun_count + 1;
    c->mark_second = (int64_t)d->classes.noun_count;
    c->ids = calloc(c->action_count, sizeof *c->ids);
    c->second = calloc(c->action_count, sizeof *c->second);
    c->places = calloc(c->action_count, sizeof *c->places);
    c->verb_most = 1;
    if (!c->ids || !c->second || !c->places) TRY(FAIL(ERR_MEMORY, "no memory for %zu actions", c->action_count));
    for (size_t i = 0; i + 1 < c->action_count; i++) {
        code_of(c, d, i, &c->ids[i], &c->second[i]);
        note_action(c, i, i + 1);
    }
    int64_t marks = (int64_t)(c->id_rows - TOKEN_MARKS);
    c->ids[c->action_count - 1] = marks + TOKEN_UNKNOWN;
    c->second[c->action_count - 1] = c->mark_second;
    note_action(c, c->action_count - 1, c->action_count);
    c->start = marks + TOKEN_START;
    c->mask = marks + TOKEN_MASK;
    c->end = c->verb_mark = -1;
    hash_names(c, d);
done:
    return st;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

static void tell(const corpus *c)
{
    size_t unknown = 0;
    for (size_t i = 0; i < c->first[c->class_count]; i++)
        unknown += c->words && c->ids[i] == vocabulary_mark(c->words, MARK_UNKNOWN);
    log_info("text of %zu actions: vocabulary of %zu, %zu tokens in the longest action; unknown tokens: %zu",
             c->action_count - 1, c->id_rows, c->longest, unknown);
    if (c->extra.segments.count)
        log_info("extra text: %zu actions, %zu of them distinct ones that are no class", c->extra.segments.count,
                 c->extra.text_count);
}

status corpus_open(const recipe *r, const dataset *d, const char *saved, corpus *out)
{
    status st = OK;
    corpus c = {.class_count = d->classes.action_count, .glosses = d->glosses};
    const char *extra = recipe_text(r, "teacher.extra_text");

    if (extra) TRY(extra_text_read(extra, &d->classes, d->glosses, &c.extra));
    c.action_count = c.class_count + c.extra.text_count + 1;
    c.first = calloc(c.action_count + 1, sizeof *c.first);
    if (!c.first) TRY(FAIL(ERR_MEMORY, "no memory for %zu actions", c.action_count));
    if (!strcmp(recipe_text(r, "teacher.input"), "tokens")) TRY(open_tokens(&c, d));
    else TRY(open_text(&c, r, d, saved));
    tell(&c);
    *out = c;
    c = (corpus){0};
done:
    corpus_free(&c);
    return st;
}

void corpus_free(corpus *c)
{
    if (!c) return;
    free(c->first);
    free(c->ids);
    free(c->second);
    free(c->places);
    free(c->between);
    vocabulary_free(&c->words);
    extra_text_free(&c->extra);
    texts_free(&c->texts);
    *c = (corpus){0};
}

size_t corpus_sequence_most(const corpus *c, size_t hist_len)
{
    return 2 + hist_len * (c->longest + c->between_count);
}

int64_t corpus_between_place(const corpus *c, size_t k)
{
    return (int64_t)(c->verb_most + c->noun_most + k);
}

int64_t corpus_start_place(const corpus *c)
{
    return (int64_t)corpus_place_count(c) - 1;
}

size_t corpus_place_count(const corpus *c)
{
    return c->verb_most + c->noun_most + (c->between_count ? c->between_count : 1) + 1;
}
