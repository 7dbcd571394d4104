/* features - numbers of a track's frames as a student sees them.
 *
 *   raw        the track's own numbers
 *   relative   the numbers are points, x and y in turn (a track of hands and nose in pixels, say): every point relative
 *              to the last one, which is where the body is, and then how fast each moves, per frame
 *
 * Places in a track are real numbers; between two frames values are interpolated, before the first and after the last
 * they stay. A `causal` view never uses a frame after the place asked for.
 */
#ifndef MAGISTER_STUDENT_FEATURES_H
#define MAGISTER_STUDENT_FEATURES_H

#include "data/tracks.h"

#include <stdbool.h>

typedef enum { TRACK_RAW, TRACK_RELATIVE } feature_kind;

/* Features a frame of a track of that width. */
size_t features_width(feature_kind kind, size_t track_width);

/* How many of them are places and not speeds; they come first. All of them with TRACK_RAW. */
size_t features_places(feature_kind kind, size_t track_width);

/* Errors: ERR_CONFIG when a track of that width does not hold points. */
status features_check(feature_kind kind, size_t track_width, const char *path);

/* A video of a track. */
typedef struct {
    const tracks *from;
    const char *video;
    size_t frames; /* > 0 */
    feature_kind kind;
    bool causal;
} feature_view;

/* The features at `place` (frames from the start, finite): (features_width) values into `out`. */
void features_at(const feature_view *view, double place, float *out);

#endif
