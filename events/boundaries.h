/* boundaries - where one event ends and another begins, and how many of them were found.
 *
 * A video's first moment and its last are no boundaries: nothing had to be found there.
 */
#ifndef MAGISTER_EVENTS_BOUNDARIES_H
#define MAGISTER_EVENTS_BOUNDARIES_H

#include "events/hierarchy.h"

/* Starts and ends of events, sorted, each once, without those at (or past) 0 and `duration`; times less than a
 * microsecond apart are one. `*out` (*count) is new memory. Errors: ERR_MEMORY. */
status boundaries_of(const event_list *list, double duration, double **out, size_t *count);

typedef struct {
    double precision, recall, f1; /* 0 to 1; all 1 where there was nothing to find and nothing was found */
} boundary_score;

/* found (found_count) and wanted (wanted_count) are sorted. As many pairs as possible are made of boundaries at most
 * `tolerance` seconds apart, each in one pair at most. */
boundary_score boundaries_score(const double *found, size_t found_count, const double *wanted, size_t wanted_count,
                                double tolerance);

#endif
