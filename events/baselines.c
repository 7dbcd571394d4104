#include "events/baselines.h"

#include "base/hash.h"
#include "base/rng.h"
#include "events/boundaries.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_BOUNDARIES = 0x65 }; /* purpose of the stream of random numbers */

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Events between the boundaries at[0 .. count - 1], sorted, and the video's ends. */
static status add_events(hierarchy *h, size_t layer, const double *at, size_t count)
{
    double start = 0;
    for (size_t i = 0; i <= count; i++) {
        event e = {.start = start, .end = i < count ? fmin(at[i], h->duration) : h->duration, .error = NAN};
        if (e.end <= e.start) continue;
        status st = hierarchy_add(h, layer, &e);
        if (st != OK) return st;
        start = e.end;
    }
    return OK;
}

/* Fills at[0 .. *count - 1] with boundaries of one layer, given those of the layer below (below_count; NULL at layer
 * 0), and may make *count smaller. */
typedef status (*draw_layer)(void *self, const hierarchy *h, size_t layer, const double *below, size_t below_count,
                             double *at, size_t *count);

static status draw_layers(const hierarchy *like, draw_layer draw, void *self, hierarchy *h)
{
    status st = OK;
    double *at = NULL, *below = NULL;
    size_t count = 0, below_count = 0;
    for (size_t i = 0; i < like->layer_count; i++) {
        TRY(boundaries_of(&like->layers[i], like->duration, &at, &count)); /* as many of them, and room for the new */
        TRY(draw(self, h, i, below, below_count, at, &count));
        qsort(at, count, sizeof *at, by_value);
        TRY(add_events(h, i, at, count));
        free(below);
        below = at;
        below_count = count;
        at = NULL;
    }
done:
    free(at);
    free(below);
    return st;
}

static status make(const hierarchy *like, draw_layer draw, void *self, hierarchy *out)
{
    status st = OK;
    hierarchy h = {0};
    TRY(hierarchy_new(like->file, like->duration, like->layer_count, &h));
    TRY(draw_layers(like, draw, self, &h));
    *out = h;
    h = (hierarchy){0};
done:
    hierarchy_free(&h);
    return st;
}

/* ---- fixed and random -------------------------------------------------------------------------------------------- */

static status draw_fixed(void *self, const hierarchy *h, size_t layer, const double *below, size_t below_count,
                         double *at, size_t *count)
{
    (void)self, (void)layer, (void)below, (void)below_count;
    for (size_t i = 0; i < *count; i++) at[i] = h->duration * (double)(i + 1) / (double)(*count + 1);
    return OK;
}

status baseline_fixed(const hierarchy *like, hierarchy *out)
{
    return make(like, draw_fixed, NULL, out);
}

/* `count` of `from` (from_count), each subset as likely: every element is taken with the share still wanted. */
static void choose(rng *r, const double *from, size_t from_count, double *at, size_t count)
{
    for (size_t i = 0, taken = 0; taken < count; i++)
        if (rng_below(r, from_count - i) < count - taken) at[taken++] = from[i];
}

static status draw_random(void *self, const hierarchy *h, size_t layer, const double *below, size_t below_count,
                          double *at, size_t *count)
{
    rng *r = self;
    if (layer && *count <= below_count) choose(r, below, below_count, at, *count);
    else
        for (size_t i = 0; i < *count; i++) at[i] = h->duration * rng_uniform(r);
    return OK;
}

status baseline_random(const hierarchy *like, uint64_t seed, uint64_t draw, hierarchy *out)
{
    size_t length;
    const char *base = video_base_name(like->file, &length);
    uint64_t key = seed;
    for (size_t i = 0; i < length; i++) key = hash_mix(key, (unsigned char)base[i]);
    rng r = rng_stream(key, RANDOM_BOUNDARIES, draw);
    return make(like, draw_random, &r, out);
}

/* ---- peaks ------------------------------------------------------------------------------------------------------- */

static bool is_peak(const signal_sample *s, size_t count, size_t i)
{
    bool before = i && s[i - 1].value > s[i].value, after = i + 1 < count && s[i + 1].value > s[i].value;
    return isfinite(s[i].time) && isfinite(s[i].value) && !before && !after;
}

static int by_falling_value(const void *a, const void *b)
{
    const signal_sample *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return (x->time > y->time) - (x->time < y->time);
}

/* Puts `time` among times[0 .. *count - 1], sorted, unless one of its neighbours is too near. */
static void take_apart(double time, double apart, double *times, size_t *count)
{
    size_t low = 0, high = *count; /* the first that is not earlier */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (times[middle] < time) low = middle + 1;
        else high = middle;
    }
    if (low && time - times[low - 1] < apart) return;
    if (low < *count && times[low] - time < apart) return;
    memmove(times + low + 1, times + low, (*count - low) * sizeof *times);
    times[low] = time;
    ++*count;
}

status peaks_find(const signal_sample *samples, size_t count, size_t wanted, double apart, double *times, size_t *found)
{
    size_t peak_count = 0;
    signal_sample *peaks = malloc((count + 1) * sizeof *peaks);
    if (!peaks) return FAIL(ERR_MEMORY, "no memory for the peaks of %zu values", count);
    for (size_t i = 0; i < count; i++)
        if (is_peak(samples, count, i)) peaks[peak_count++] = samples[i];
    if (peak_count) qsort(peaks, peak_count, sizeof *peaks, by_falling_value);
    *found = 0;
    for (size_t i = 0; i < peak_count && *found < wanted; i++) take_apart(peaks[i].time, apart, times, found);
    free(peaks);
    return OK;
}

typedef struct {
    const signal_sample *samples;
    size_t count;
    double apart;
} peak_source;

static status draw_peaks(void *self, const hierarchy *h, size_t layer, const double *below, size_t below_count,
                         double *at, size_t *count)
{
    (void)layer, (void)below, (void)below_count;
    const peak_source *from = self;
    size_t first = 0, end = from->count; /* at the video's ends there are no boundaries */
    while (first < end && !(from->samples[first].time > 0)) first++;
    while (end > first && !(from->samples[end - 1].time < h->duration)) end--;
    return peaks_find(from->samples + first, end - first, *count, from->apart, at, count);
}

status baseline_peaks(const hierarchy *like, const signal_sample *samples, size_t count, double apart, hierarchy *out)
{
    return make(like, draw_peaks, &(peak_source){samples, count, apart}, out);
}
