/* demarcation - where an event ends: one value of every input's prediction in, yes or no out.
 *
 * A value is a similarity (small is surprising) or a distance (large is surprising). The mean that decides is taken
 * before the value itself counts; the first value after a reset is never a boundary. A window lives as long as a video
 * and is not emptied by boundaries. Nothing here allocates but demarcation_new.
 *
 * What surprises often does so for a while: a hand that sets out moves for some frames. The mean of the last ones then
 * ends an event at each of them; DEMARCATION_RISE ends one where that begins.
 */
#ifndef MAGISTER_STREAM_DEMARCATION_H
#define MAGISTER_STREAM_DEMARCATION_H

#include "base/status.h"
#include "stream/options.h"

typedef struct {
    demarcation_mode mode;
    distance_mode distance;
    bool adds;
    double modifier, threshold;
    double *window;     /* (room) a ring of the last values */
    size_t room, count; /* count: values in it */
    size_t next;        /* where the next one goes */
    double sum;         /* what has added up (DEMARCATION_ACCUM) */
    bool worse;         /* the last value was worse than its limit (DEMARCATION_RISE) */
} demarcation;

/* Errors: ERR_MEMORY. */
status demarcation_new(const stream_options *o, size_t layer, demarcation *out);
void demarcation_free(demarcation *d);
void demarcation_reset(demarcation *d); /* a video begins */

/* What the next value is compared with; NAN: the next one cannot be a boundary. */
double demarcation_limit(const demarcation *d);

/* Whether `value` ends an event; it counts from now on. */
bool demarcation_judge(demarcation *d, double value);

#endif
