#include "teacher/batch.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

enum { PURPOSE_ACTIONS = 101, PURPOSE_WORDS = 102 }; /* streams of a sequence's key */

static size_t action_row(const corpus *c, int64_t action)
{
    return action >= 0 && (size_t)action < c->action_count ? (size_t)action : c->action_count - 1;
}

static size_t action_tokens(const corpus *c, int64_t action)
{
    size_t row = action_row(c, action);
    return c->first[row + 1] - c->first[row];
}

size_t example_tokens(const corpus *c, const example_list *e, size_t i)
{
    size_t count = 1 + (c->end >= 0), length = e->first[i + 1] - e->first[i];
    for (size_t k = e->first[i]; k < e->first[i + 1]; k++) count += action_tokens(c, e->actions[k]);
    return count + (length ? (length - 1) * c->between_count : 0);
}

/* ---- which actions stay -------------------------------------------------------------------------------------------
 */

/* Copies the actions that stay to `kept` and returns their number: oldest first, as in the history. */
static size_t choose_actions(const int64_t *actions, size_t length, const uint64_t *key, const sequence_options *o,
                             int64_t *kept)
{
    if (length) memcpy(kept, actions, length * sizeof *kept);
    if (!key || !length) return length;
    rng draw = rng_stream(*key, PURPOSE_ACTIONS, 0);
    if (o->shorten > 0 && rng_uniform(&draw) < o->shorten) {
        size_t shorter = 1 + rng_below(&draw, length);
        memmove(kept, kept + length - shorter, shorter * sizeof *kept);
        length = shorter;
    }
    if (!(o->action_dropout > 0) || length < 2) return length;
    size_t left = 0;
    int64_t latest = kept[length - 1];
    for (size_t i = 0; i < length; i++)
        if (rng_uniform(&draw) >= o->action_dropout) kept[left++] = kept[i];
    if (!left) kept[left++] = latest;
    return left;
}

/* ---- writing tokens -----------------------------------------------------------------------------------------------
 */

typedef struct {
    const corpus *c;
    const sequence_options *options;
    token_batch *out;
    size_t used, start; /* tokens written; where the sequence began */
    const uint64_t *key;
    rng words;
} writer;

static void put(writer *w, int64_t id, int64_t second, int64_t place, int64_t age)
{
    size_t n = w->used++;
    w->out->ids[n] = id;
    if (w->out->second) w->out->second[n] = second;
    w->out->positions[n] = w->options->action_places ? place : (int64_t)(n - w->start);
    w->out->ages[n] = w->options->ages ? age : 0;
}

static void put_action(writer *w, int64_t action, int64_t age)
{
    const corpus *c = w->c;
    size_t row = action_row(c, action);
    for (size_t i = c->first[row]; i < c->first[row + 1]; i++) {
        bool masked = w->key && w->options->word_dropout > 0 && c->ids[i] != c->verb_mark &&
                      rng_uniform(&w->words) < w->options->word_dropout;
        int64_t second = w->out->second ? c->second[i] : 0;
        put(w, masked ? c->mask : c->ids[i], masked ? c->mark_second : second, c->places[i], age);
    }
}

/* actions: (length) oldest first. */
static void put_sequence(writer *w, const int64_t *actions, size_t length)
{
    const corpus *c = w->c;
    int64_t age = 0;
    w->start = w->used;
    put(w, c->start, c->mark_second, corpus_start_place(c), 0);
    for (size_t i = 0; i < length; i++) {
        for (size_t k = 0; i && k < c->between_count; k++)
            put(w, c->between[k], c->mark_second, corpus_between_place(c, k), age);
        size_t at = w->options->newest_first ? length - 1 - i : i;
        age = (int64_t)(length - at);
        put_action(w, actions[at], age);
    }
    if (c->end >= 0) put(w, c->end, c->mark_second, corpus_between_place(c, 0), age);
    if (w->used - w->start > w->out->longest) w->out->longest = w->used - w->start;
}

/* Room for the sequences as they stand: varying them only makes them shorter. */
static status batch_alloc(token_batch *b, size_t count, size_t tokens, bool second)
{
    b->count = count;
    b->first = calloc(count + 1, sizeof *b->first);
    b->ids = calloc(tokens, sizeof *b->ids);
    b->positions = calloc(tokens, sizeof *b->positions);
    b->ages = calloc(tokens, sizeof *b->ages);
    if (second) b->second = calloc(tokens, sizeof *b->second);
    if (!b->first || !b->ids || !b->positions || !b->ages || (second && !b->second))
        return FAIL(ERR_MEMORY, "no memory for a batch of %zu tokens", tokens);
    return OK;
}

status batch_make(const corpus *c, const example_list *e, const size_t *which, size_t count, const uint64_t *keys,
                  const sequence_options *options, token_batch *out)
{
    status st = OK;
    token_batch b = {0};
    int64_t *kept = NULL;
    size_t tokens = 0, most = 1;

    for (size_t i = 0; i < count; i++) {
        size_t length = e->first[which[i] + 1] - e->first[which[i]];
        tokens += example_tokens(c, e, which[i]);
        if (length > most) most = length;
    }
    kept = calloc(most, sizeof *kept);
    if (!kept) TRY(FAIL(ERR_MEMORY, "no memory for a history of %zu actions", most));
    TRY(batch_alloc(&b, count, tokens ? tokens : 1, c->second_rows > 0));
    writer w = {.c = c, .options = options, .out = &b};
    for (size_t i = 0; i < count; i++) {
        const int64_t *actions = e->actions + e->first[which[i]];
        w.key = keys ? &keys[i] : NULL;
        if (w.key) w.words = rng_stream(*w.key, PURPOSE_WORDS, 0);
        size_t length = choose_actions(actions, e->first[which[i] + 1] - e->first[which[i]], w.key, options, kept);
        put_sequence(&w, kept, length);
        b.first[i + 1] = w.used;
    }
    *out = b;
    b = (token_batch){0};
done:
    free(kept);
    batch_free(&b);
    return st;
}

void batch_free(token_batch *b)
{
    if (!b) return;
    free(b->first);
    free(b->ids);
    free(b->second);
    free(b->positions);
    free(b->ages);
    *b = (token_batch){0};
}
