/* options - what a streaming learner is made of and how it decides: the published names, kept together.
 *
 * STREAMER (Mounir et al. 2023, "STREAMER: Streaming Representation Learning and Event Segmentation in a Hierarchical
 * Manner"): a stack of layers, each of which predicts its next input from what it has seen of the present event. Where
 * the prediction fails an event ends, and what the layer made of it is the next input of the layer above.
 */
#ifndef MAGISTER_STREAM_OPTIONS_H
#define MAGISTER_STREAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STREAM_LAYERS_MOST = 8, STREAM_STAGES = 4, STREAM_BUFFER_MOST = 4096 };

typedef enum {
    DEMARCATION_AVERAGE, /* worse than the mean of the last `window` */
    DEMARCATION_RISE,    /* worse than that mean, where the input before was not: ours, not published */
    DEMARCATION_FIXED,   /* worse than `threshold` */
    DEMARCATION_ACCUM,   /* errors since the last boundary add up to more than `threshold` (distance only) */
} demarcation_mode;

typedef enum { DISTANCE_SIMILARITY, DISTANCE_SQUARED } distance_mode; /* cosine; mean of squares */

typedef struct {
    /* the networks */
    int64_t height, width;           /* of pictures; multiples of 16 */
    int64_t channels[STREAM_STAGES]; /* of the encoder; the decoder has them in reverse */
    int64_t features;                /* D */
    int64_t max_layers, init_layers;
    int64_t buffer_size; /* S: inputs of an event that are kept */
    bool normalize;      /* pictures: every pixel's three numbers to length 1 */

    /* events */
    distance_mode distance;
    bool force_base_distance; /* layer 0 measures squares whatever the others do */
    demarcation_mode demarcation;
    int64_t window;
    bool modifier_adds; /* mean + modifier; otherwise mean * modifier */
    double modifier, threshold;
    bool force_fixed_buffer; /* an event ends when it has S inputs */

    /* learning */
    int64_t evolve_every, optimize_every;
    double lr, alpha;
    bool timescale, reach;
    bool joint_steps,
        joint_growth; /* steps are taken, layers grow, when the caller says so: together with other ranks */
    uint64_t seed;
} stream_options;

/* How layer `layer` measures. */
static inline distance_mode stream_distance(const stream_options *o, size_t layer)
{
    return layer == 0 && o->force_base_distance ? DISTANCE_SQUARED : o->distance;
}

#endif
