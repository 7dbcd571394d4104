/* overlap - what two events, or the times that two lists of them cover, have in common. */
#ifndef MAGISTER_EVENTS_OVERLAP_H
#define MAGISTER_EVENTS_OVERLAP_H

#include "events/hierarchy.h"

/* Seconds in both, and their share of the seconds in either (intersection over union, 0 to 1). */
double event_overlap(const event *a, const event *b);
double event_iou(const event *a, const event *b);

/* Share of a video's time, 0 to 1, at which both lists have an event or neither has ("mean over frames", MoF). With
 * `rate` 0 it is measured in time itself; else it is counted over frames, frame i standing for the moment i / rate.
 * Lists are sorted by start and may overlap in themselves. `*out` is NAN without a duration. Errors: ERR_MEMORY. */
status occupancy_agreement(const event_list *a, const event_list *b, double duration, double rate, double *out);

#endif
