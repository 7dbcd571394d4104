#include "trainer/sampler.h"

#include "base/hash.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

enum { STREAM_ORDER = 0x6f72, STREAM_BATCHES = 0x6261, STREAM_KEYS = 0x6b65 }; /* purposes of random numbers */

typedef struct {
    size_t sample, length, place;
} item;

struct sampler {
    size_t count, batch, batches;
    uint64_t seed;
    size_t *lengths;          /* (count); NULL: all alike */
    size_t *order;            /* (count) samples in the order of the epoch */
    size_t *starts;           /* (batches + 1) in `order` */
    size_t *shuffled, *turns; /* (count), (batches): scratch */
    item *window;             /* (SAMPLER_WINDOW * batch or count): scratch */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

status sampler_new(size_t sample_count, size_t batch, uint64_t seed, const size_t *lengths, sampler **out)
{
    status st = OK;
    sampler *s = calloc(1, sizeof *s);
    if (!sample_count || !batch)
        TRY(FAIL(ERR_INPUT, "nothing to train on: %zu samples in batches of %zu", sample_count, batch));
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory for the order of %zu samples", sample_count));
    *s = (sampler){.count = sample_count, .batch = smaller(batch, sample_count), .seed = seed};
    s->batches = (s->count + s->batch - 1) / s->batch;
    size_t window = s->batch < s->count / SAMPLER_WINDOW ? s->batch * SAMPLER_WINDOW : s->count;
    s->order = calloc(s->count, sizeof *s->order);
    s->starts = calloc(s->batches + 1, sizeof *s->starts);
    s->shuffled = calloc(s->count, sizeof *s->shuffled);
    s->turns = calloc(s->batches, sizeof *s->turns);
    s->window = calloc(window, sizeof *s->window);
    if (lengths) s->lengths = calloc(s->count, sizeof *lengths);
    if (!s->order || !s->starts || !s->shuffled || !s->turns || !s->window || (lengths && !s->lengths))
        TRY(FAIL(ERR_MEMORY, "no memory for the order of %zu samples", sample_count));
    if (lengths) memcpy(s->lengths, lengths, s->count * sizeof *lengths);
    *out = s;
    s = NULL;
done:
    sampler_free(&s);
    return st;
}

void sampler_free(sampler **at)
{
    if (!at || !*at) return;
    sampler *s = *at;
    free(s->lengths);
    free(s->order);
    free(s->starts);
    free(s->shuffled);
    free(s->turns);
    free(s->window);
    free(s);
    *at = NULL;
}

size_t sampler_batches(const sampler *s)
{
    return s->batches;
}

static int by_length(const void *a, const void *b)
{
    const item *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place); /* equal lengths stay in random order */
}

static void sort_windows(sampler *s)
{
    size_t window = s->batch < s->count / SAMPLER_WINDOW ? s->batch * SAMPLER_WINDOW : s->count;
    for (size_t start = 0; start < s->count; start += window) {
        size_t length = smaller(window, s->count - start);
        for (size_t i = 0; i < length; i++) {
            size_t sample = s->shuffled[start + i];
            s->window[i] = (item){sample, s->lengths[sample], i};
        }
        qsort(s->window, length, sizeof *s->window, by_length);
        for (size_t i = 0; i < length; i++) s->shuffled[start + i] = s->window[i].sample;
    }
}

/* Copies a batch that is sorted by length to `to`, dealt so that every contiguous part of it has short and long ones
 * alike: in the order of van der Corput's sequence, which is that of numbers with their bits reversed. */
static void deal(const size_t *sorted, size_t count, size_t *to)
{
    size_t range = 1, dealt = 0;
    while (range < count) range *= 2;
    for (size_t i = 0; i < range; i++) {
        size_t reversed = 0;
        for (size_t low = 1, high = range / 2; high; low *= 2, high /= 2)
            if (i & low) reversed |= high;
        if (reversed < count) to[dealt++] = sorted[reversed];
    }
}

void sampler_begin(sampler *s, int64_t epoch)
{
    rng order = rng_stream(s->seed, STREAM_ORDER, (uint64_t)epoch);
    rng batches = rng_stream(s->seed, STREAM_BATCHES, (uint64_t)epoch);
    for (size_t i = 0; i < s->count; i++) s->shuffled[i] = i;
    for (size_t b = 0; b < s->batches; b++) s->turns[b] = b;
    rng_shuffle(&order, s->shuffled, s->count);
    if (s->lengths) {
        sort_windows(s);
        rng_shuffle(&batches, s->turns, s->batches);
    }
    for (size_t b = 0; b < s->batches; b++) {
        size_t from = s->turns[b] * s->batch, length = smaller(s->batch, s->count - from);
        if (s->lengths) deal(s->shuffled + from, length, s->order + s->starts[b]);
        else memcpy(s->order + s->starts[b], s->shuffled + from, length * sizeof *s->order);
        s->starts[b + 1] = s->starts[b] + length;
    }
}

const size_t *sampler_range(const sampler *s, size_t first, size_t count, size_t *samples)
{
    size_t from = smaller(first, s->batches), to = smaller(from + count, s->batches);
    *samples = s->starts[to] - s->starts[from];
    return s->order + s->starts[from];
}

uint64_t sampler_key(uint64_t seed, int64_t epoch, size_t sample)
{
    return hash_mix(rng_stream(seed, STREAM_KEYS, (uint64_t)epoch).key, sample);
}

void sampler_share(size_t count, size_t rank, size_t ranks, size_t *first, size_t *length)
{
    *first = count * rank / ranks;
    *length = count * (rank + 1) / ranks - *first;
}
