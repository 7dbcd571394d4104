/* frame_labels - the action class of every frame of a clip, from the segments that cover it.
 *
 * Where segments overlap the one that started last counts. A sub-clip's label is the one most of its frames have (the
 * mode, as AVT takes it; of equals the lower class).
 */
#ifndef MAGISTER_STUDENT_FRAME_LABELS_H
#define MAGISTER_STUDENT_FRAME_LABELS_H

#include "base/status.h"
#include "data/annotations.h"

typedef struct {
    const segment *at; /* (count) sorted by (sequence, start); borrowed */
    size_t count;
    double *reach; /* (count) latest end of this and all earlier segments of its sequence; owned */
} frame_labels;

/* Errors: ERR_MEMORY. Freed with frame_labels_free. */
status frame_labels_open(const segment *at, size_t count, frame_labels *out);
void frame_labels_free(frame_labels *l);

/* Class at `seconds` of a sequence; -1 where no segment with a class covers it. */
int64_t frame_label(const frame_labels *l, const char *sequence, double seconds);

/* The mode over `count` moments. */
int64_t subclip_label(const frame_labels *l, const char *sequence, const double *seconds, size_t count);

#endif
