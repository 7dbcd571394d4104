#include "stream/demarcation.h"

#include <math.h>
#include <stdlib.h>

status demarcation_new(const stream_options *o, size_t layer, demarcation *out)
{
    *out = (demarcation){.mode = o->demarcation,
                         .distance = stream_distance(o, layer),
                         .adds = o->modifier_adds,
                         .modifier = o->modifier,
                         .threshold = o->threshold,
                         .room = (size_t)o->window};
    out->window = calloc(out->room, sizeof *out->window);
    return out->window ? OK : FAIL(ERR_MEMORY, "no memory for a window of %zu values", out->room);
}

void demarcation_free(demarcation *d)
{
    free(d->window);
    d->window = NULL;
}

void demarcation_reset(demarcation *d)
{
    d->count = d->next = 0;
    d->sum = 0;
    d->worse = false;
}

static double window_mean(const demarcation *d)
{
    double sum = 0; /* anew each time: a running sum would drift over days */
    for (size_t i = 0; i < d->count; i++) sum += d->window[i];
    return sum / (double)d->count;
}

double demarcation_limit(const demarcation *d)
{
    if (d->mode == DEMARCATION_FIXED) return d->threshold;
    if (d->mode == DEMARCATION_ACCUM) return d->threshold - d->sum;
    if (!d->count) return NAN;
    return d->adds ? window_mean(d) + d->modifier : window_mean(d) * d->modifier;
}

static void window_add(demarcation *d, double value)
{
    d->window[d->next] = value;
    d->next = (d->next + 1) % d->room;
    if (d->count < d->room) d->count++;
}

/* The sum itself is compared, not the value with what is left: one rounding less, and the published order of them. */
static bool accumulate(demarcation *d, double value)
{
    d->sum += value;
    if (!(d->sum > d->threshold)) return false;
    d->sum = 0;
    return true;
}

bool demarcation_judge(demarcation *d, double value)
{
    if (d->mode == DEMARCATION_ACCUM) return accumulate(d, value);
    double limit = demarcation_limit(d); /* NAN: no comparison holds */
    bool worse = d->distance == DISTANCE_SIMILARITY ? value < limit : value > limit, before = d->worse;
    if (d->mode == DEMARCATION_FIXED) return worse;
    window_add(d, value);
    d->worse = worse && d->mode == DEMARCATION_RISE;
    return worse && !before;
}
