#include "events/overlap.h"

#include <math.h>
#include <stdlib.h>

double event_overlap(const event *a, const event *b)
{
    return fmax(0, fmin(a->end, b->end) - fmax(a->start, b->start));
}

double event_iou(const event *a, const event *b)
{
    double both = event_overlap(a, b);
    return both > 0 ? both / (a->end - a->start + (b->end - b->start) - both) : 0;
}

/* ---- occupancy --------------------------------------------------------------------------------------------------- */

typedef struct {
    double from, to;
} stretch;

/* Seconds; or the number of frames before that moment, so that differences count frames. */
static double place_of(double seconds, double duration, double rate)
{
    const double rounding = 1e-9;
    double inside = fmin(fmax(seconds, 0), duration);
    return rate > 0 ? ceil(inside * rate - rounding) : inside;
}

/* What a list covers, as stretches (*count) that neither touch nor overlap; at: (list->count). */
static double cover(const event_list *list, double duration, double rate, stretch *at, size_t *count)
{
    double covered = 0;
    *count = 0;
    for (size_t i = 0; i < list->count; i++) {
        stretch s = {place_of(list->at[i].start, duration, rate), place_of(list->at[i].end, duration, rate)};
        stretch *last = *count ? &at[*count - 1] : NULL;
        if (last && s.from <= last->to) {
            covered += fmax(0, s.to - last->to);
            last->to = fmax(last->to, s.to);
        } else {
            covered += s.to - s.from;
            at[(*count)++] = s;
        }
    }
    return covered;
}

static double in_common(const stretch *a, size_t a_count, const stretch *b, size_t b_count)
{
    double common = 0;
    for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
        common += fmax(0, fmin(a[i].to, b[j].to) - fmax(a[i].from, b[j].from));
        if (a[i].to < b[j].to) i++; /* the one that ends first has nothing left to meet */
        else j++;
    }
    return common;
}

status occupancy_agreement(const event_list *a, const event_list *b, double duration, double rate, double *out)
{
    status st = OK;
    size_t a_count, b_count;
    double whole = place_of(duration, duration, rate);
    stretch *of_a = calloc(a->count + b->count + 1, sizeof *of_a);
    if (!of_a) TRY(FAIL(ERR_MEMORY, "no memory to compare %zu with %zu events", a->count, b->count));
    stretch *of_b = of_a + a->count;
    double in_a = cover(a, duration, rate, of_a, &a_count), in_b = cover(b, duration, rate, of_b, &b_count);
    double differing = in_a + in_b - 2 * in_common(of_a, a_count, of_b, b_count);
    *out = whole > 0 ? fmin(fmax(1 - differing / whole, 0), 1) : NAN;
done:
    free(of_a);
    return st;
}
