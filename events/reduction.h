/* reduction - hierarchical level reduction (HLR): a hierarchy scored against segments that know no layers.
 *
 * The layers are a tree: an event's parent is the event of the layer above that it overlaps most (the earlier of
 * equals; the nearest where it overlaps none). Layers without events are passed over. Every segment goes to the event
 * of the top layer with the highest intersection over union (IoU), then to that event's child with the highest, and so
 * on down; among equals to the nearest, then the earliest. The score of an event with segments is
 *   - with one segment: their IoU;
 *   - without children: its highest IoU with any of its segments;
 *   - else the larger of that and the mean score of its children that have segments.
 * Whichever was larger (the event itself when they are equal) has won, and its events are the chosen ones.
 */
#ifndef MAGISTER_EVENTS_REDUCTION_H
#define MAGISTER_EVENTS_REDUCTION_H

#include "events/hierarchy.h"

typedef struct {
    double iou;        /* mean score of the top layer's events that have segments, 0 to 1; 0 without events, NAN without
                        * segments */
    double mof;        /* occupancy_agreement of the chosen events with the segments */
    event_list chosen; /* sorted; text is borrowed from the hierarchy */
} reduction;

/* `truth` is sorted by start. `rate` as in occupancy_agreement. The caller frees `out->chosen`. Errors: ERR_MEMORY. */
status reduction_make(const hierarchy *h, const event_list *truth, double rate, reduction *out);

#endif
