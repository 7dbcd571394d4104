/* scores - hierarchies scored against a ground truth: each video by itself, and means over videos.
 *
 * A video's hierarchy is scored as a whole (reduction.h), and each of its layers by itself: by the same rule with that
 * layer alone, by its boundaries at some tolerances (boundaries.h), and by one-to-one matching (matching.h). Values are
 * 0 to 1; NAN: not defined. Means count every video once, however long it is.
 */
#ifndef MAGISTER_EVENTS_SCORES_H
#define MAGISTER_EVENTS_SCORES_H

#include "events/boundaries.h"
#include "events/hierarchy.h"

#include <jansson.h>

enum { TOLERANCES_MAX = 16 };

typedef struct {
    double tolerances[TOLERANCES_MAX]; /* (tolerance_count) seconds */
    size_t tolerance_count;
    double rate; /* frames a second that MoF is counted over; 0: over time itself */
} score_options;

/* 0.5, 1, 2, 3 and 5 seconds; MoF over time itself. */
extern const score_options SCORE_DEFAULTS;

/* Values of a layer; the last three are one a tolerance. */
enum {
    LAYER_EVENTS,     /* how many */
    LAYER_BOUNDARIES, /* inside the video */
    LAYER_IOU,        /* by the rule of the reduction, this layer alone */
    LAYER_MOF,
    LAYER_MATCHED_IOU,
    LAYER_MATCHED_MOF,
    LAYER_PRECISION,
    LAYER_RECALL = LAYER_PRECISION + TOLERANCES_MAX,
    LAYER_F1 = LAYER_RECALL + TOLERANCES_MAX,
    LAYER_VALUES = LAYER_F1 + TOLERANCES_MAX
};

typedef struct {
    double at[LAYER_VALUES];
    size_t videos; /* that have this layer; 1 for a single video */
} layer_score;

/* Values of a whole hierarchy. */
enum { SCORE_SEGMENTS, SCORE_DURATION, SCORE_TRUE_BOUNDARIES, SCORE_IOU, SCORE_MOF, SCORE_VALUES };

/* Of a video; or means over videos, those of a layer over the videos that have it. */
typedef struct {
    double at[SCORE_VALUES];
    size_t videos;
    layer_score *layers; /* (layer_count) */
    size_t layer_count;
} video_score;

/* `truth` is sorted by start. The caller frees it. Errors: ERR_MEMORY. */
status video_score_make(const hierarchy *h, const event_list *truth, const score_options *options, video_score *out);
void video_score_free(video_score *score);

/* Means of `count` videos; values that are NAN are left out. The caller frees it. Errors: ERR_MEMORY. */
status scores_mean(const video_score *all, size_t count, video_score *out);

/* The layer with the highest mean IoU among those that all videos have; -1 when there is none. */
int scores_best_layer(const video_score *means);

/* As in docs/formats.md ("Scores of events"), in percent; NULL without memory, else the caller's. */
json_t *score_json(const video_score *score, const score_options *options);

#endif
