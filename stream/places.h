/* places - inside this room: batches of rows of the tape, a few for each sample: the inputs of an event, or the levels
 * of a prediction. Samples with fewer rows than others are filled up, and those places said not to be there.
 */
#ifndef MAGISTER_STREAM_PLACES_H
#define MAGISTER_STREAM_PLACES_H

#include "stream/tape.h"

typedef struct {
    size_t *rows; /* (count, most) */
    bool *there;  /* (count, most) */
} places;

/* Room for `samples` samples of whatever a learner of these options has. Errors: ERR_MEMORY. */
status places_new(const stream_options *o, size_t samples, places *out);
void places_free(places *p);

/* The `count` (1 .. most) rows of a sample. */
void places_fill(places *p, size_t sample, const size_t *rows, size_t count, size_t most);

/* What stands in the table's rows: (count, most, D) */
tensor *places_values(const places *p, const tape *t, size_t count, size_t most);

/* Which places are there: (count, most) bool; NULL where all are. */
tensor *places_there(const places *p, size_t count, size_t most);

#endif
