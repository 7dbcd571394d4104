/* errors - the curve of a learner's prediction errors over a video, layer by layer: what its boundaries were found in.
 *
 * The file is JSON lines, written by event_log_error (docs/formats.md, "Errors over time").
 */
#ifndef MAGISTER_EVENTS_ERRORS_H
#define MAGISTER_EVENTS_ERRORS_H

#include "events/hierarchy.h"

typedef struct {
    double time;      /* seconds */
    double error;     /* NAN: the input had no prediction */
    double threshold; /* what the error was held against; NAN: nothing yet */
    bool boundary;
} error_sample;

typedef struct {
    error_sample *at; /* (count) by rising time */
    size_t count, room;
} error_curve;

typedef struct {
    error_curve layers[EVENT_LAYERS_MAX]; /* (layer_count) */
    size_t layer_count;
} error_curves;

/* The curves of the video that a file, or a name, is of; others in the file are passed over, and so is a last line
 * without a line end. Of a video that was watched again, those of the last time: layer 0, which is told first, goes
 * back in time then. The caller frees it. Errors: ERR_MISSING; ERR_INPUT with path:line; ERR_IO, ERR_MEMORY. */
status errors_read(const char *path, const char *file, error_curves *out);
void errors_free(error_curves *curves);

#endif
