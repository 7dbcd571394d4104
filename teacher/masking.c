#include "teacher/masking.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

enum { PURPOSE_MASK = 103 }; /* stream of a sequence's key; batch.c has 101 and 102 */

static const double MASKED = 0.8, REPLACED = 0.1;

bool masking_is_word(const vocabulary *v, int64_t id)
{
    for (mark m = 0; m < MARK_COUNT; m++)
        if (id == vocabulary_mark(v, m)) return false;
    return true;
}

size_t masking_count(size_t words, double share)
{
    size_t asked = (size_t)lround(share * (double)words);
    return asked || !words ? asked : 1;
}

static int64_t any_word(const vocabulary *v, rng *draw)
{
    for (;;) {
        int64_t id = (int64_t)rng_below(draw, vocabulary_size(v));
        if (masking_is_word(v, id)) return id;
    }
}

static void hide(const vocabulary *v, rng *draw, int64_t *id)
{
    double kind = rng_uniform(draw);
    if (kind < MASKED) *id = vocabulary_mark(v, MARK_MASK);
    else if (kind < MASKED + REPLACED) *id = any_word(v, draw);
}

/* words: (longest) scratch. */
static void mask_sequence(const vocabulary *v, double share, uint64_t key, token_batch *b, size_t sequence,
                          size_t *words, masked_words *out)
{
    size_t count = 0;
    rng draw = rng_stream(key, PURPOSE_MASK, 0);
    for (size_t n = b->first[sequence]; n < b->first[sequence + 1]; n++)
        if (masking_is_word(v, b->ids[n])) words[count++] = n;
    size_t asked = masking_count(count, share);
    for (size_t i = 0; i < asked; i++) {
        size_t at = i + rng_below(&draw, count - i), row = words[at];
        words[at] = words[i];
        out->rows[out->count] = (int64_t)row;
        out->labels[out->count++] = b->ids[row];
        hide(v, &draw, &b->ids[row]);
    }
}

status masking_apply(const vocabulary *v, double share, const uint64_t *keys, token_batch *b, masked_words *out)
{
    status st = OK;
    masked_words m = {0};
    size_t tokens = b->first[b->count], *words = calloc(b->longest + 1, sizeof *words);
    m.rows = calloc(tokens + 1, sizeof *m.rows);
    m.labels = calloc(tokens + 1, sizeof *m.labels);
    if (!words || !m.rows || !m.labels) TRY(FAIL(ERR_MEMORY, "no memory to mask words among %zu tokens", tokens));
    for (size_t s = 0; s < b->count; s++) mask_sequence(v, share, keys[s], b, s, words, &m);
    *out = m;
    m = (masked_words){0};
done:
    free(words);
    masked_words_free(&m);
    return st;
}

void masked_words_free(masked_words *m)
{
    if (!m) return;
    free(m->rows);
    free(m->labels);
    *m = (masked_words){0};
}
