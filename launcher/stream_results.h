/* stream_results - what a step `stream` has left in its directory, or has so far: read to be told and shown.
 *
 * Nothing of it has to be there. What is missing is left empty; what is there and cannot be read is warned of and left
 * empty too, so that a report of a run that still goes on, or died, shows the rest.
 */
#ifndef MAGISTER_LAUNCHER_STREAM_RESULTS_H
#define MAGISTER_LAUNCHER_STREAM_RESULTS_H

#include "conf/recipe.h"
#include "events/errors.h"
#include "events/hierarchy.h"
#include "events/truth.h"
#include "launcher/curve_file.h"

#include <jansson.h>

/* What was found in the videos that were learned from, or in those that were held out. */
typedef struct {
    char *directory; /* of its files; owned */
    hierarchy_list
        events; /* of videos that have ended, of each as it was watched last; where none has, of the others */
    bool ended; /* they have */
    const char *truth_path; /* borrowed from the recipe; NULL: no ground truth is known */
    truth_list truth;
    json_t *scores; /* as `magister events score --baselines --json` says them; NULL: not scored */
} stream_part;

typedef struct {
    char *directory; /* of the step; owned */
    json_t *stats;   /* stats.json; NULL: the step has not ended */
    int64_t frames;  /* of progress.json; -1: it is not there */
    curve_file curve;
    stream_part learned, held_out;
} stream_results;

/* Of the step `stream` of a run. Errors: ERR_MEMORY. The caller frees it. */
status stream_results_read(const char *run, const recipe *r, stream_results *out);
void stream_results_free(stream_results *s);

/* The errors of a video over its time, from whichever rank's file has them; none: layer_count 0. Files of more than
 * 64 MiB are not looked into. The caller frees them. Errors: ERR_MEMORY. */
status stream_errors_read(const stream_part *part, const char *video, error_curves *out);

/* The parts that are scored, `i` 0 and 1, held-out videos before others; NULL: no more. Borrowed. */
const stream_part *stream_scored_part(const stream_results *s, size_t i);

/* How many events a layer has in all videos, and their mean length in seconds (NAN without any). */
size_t stream_layer_events(const stream_part *part, size_t layer, double *seconds);

#endif
