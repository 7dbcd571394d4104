/* matching - events and segments paired one to one so that the pairs have as much time in common as possible (Hungarian
 * matching).
 */
#ifndef MAGISTER_EVENTS_MATCHING_H
#define MAGISTER_EVENTS_MATCHING_H

#include "events/hierarchy.h"

/* Rows and columns paired at the least sum of costs; every row gets a column of its own (rows <= columns).
 * column_of: (rows). Takes rows * rows * columns steps. Errors: ERR_INTERNAL for more rows than columns; ERR_MEMORY. */
typedef double (*pair_cost)(const void *self, size_t row, size_t column); /* finite */
status assignment_solve(size_t rows, size_t columns, pair_cost cost, const void *self, size_t *column_of);

typedef struct {
    double mof; /* seconds that pairs have in common, of all seconds in segments, 0 to 1 */
    double iou; /* mean over segments of the IoU with their event; 0 for those without one */
} matching;

/* One layer's events against the segments of a ground truth. Both values are NAN without segments, and where matching
 * would take more than MATCHING_STEPS_MAX steps (2,000 with 4,000). Errors: ERR_MEMORY. */
#define MATCHING_STEPS_MAX 2e10
status matching_make(const event_list *events, const event_list *truth, matching *out);

#endif
