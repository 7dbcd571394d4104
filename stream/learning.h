/* learning - a learner's insides, as its parts share them: taking inputs (take.c), going back (replay.c), and what is
 * between (learner.c). Private to this room.
 */
#ifndef MAGISTER_STREAM_LEARNING_H
#define MAGISTER_STREAM_LEARNING_H

#include "stream/buffer.h"
#include "stream/demarcation.h"
#include "stream/layers.h"
#include "stream/learner.h"
#include "stream/places.h"
#include "stream/scales.h"
#include "stream/tape.h"
#include "tensor/optim.h"

/* A layer in one stream. Rows are the tape's. */
typedef struct {
    event_buffer buffer;
    demarcation where;
    int64_t last_frame;                      /* of its last input; -1: none in this video */
    int64_t inputs;                          /* in its whole life */
    size_t event;                            /* what the present event amounts to; NO_ROW: nothing yet */
    size_t levels, seen[STREAM_LAYERS_MOST]; /* (levels) what the prediction was made of */
    tensor *prediction;                      /* (D), of layer 0 (3, H, W); kept; NULL: none */
} layer_state;

typedef struct {
    layer_state layers[STREAM_LAYERS_MOST];
    int64_t frame; /* number of the next frame in its video */
} stream_state;

struct learner {
    stream_options o;
    size_t streams;
    t_type type;
    module *model, *stack; /* the root, and "layers" in it */
    stream_layer layers[STREAM_LAYERS_MOST];
    optim *optimizers[STREAM_LAYERS_MOST];
    size_t layer_count;
    bool wants_growth;
    stream_state *states; /* (streams) */
    tape tape;
    loss_counts counts;
    int64_t steps, frames;
};

/* Inputs of one layer at one moment, at most one of a stream. */
typedef struct {
    size_t count;
    const size_t *streams, *rows; /* (count); rows of the tape */
    tensor *pictures;             /* (count, 3, H, W) layer 0 only */
} layer_inputs;

/* One frame's way through a layer and those above it. */
status layer_take(learner *l, size_t layer, const layer_inputs *in, bool learn, const stream_listener *listener);

/* Adds the gradients of all losses on the tape to those of the parameters. Rows that may get more keep theirs for
 * later, unless `all`. */
status replay(learner *l, bool all);

/* Pictures that go through the networks at once, so that memory stays bounded. */
size_t learner_at_once(const learner *l);

/* Pictures of rows of the tape (count) as the networks see them: (count, 3, H, W) */
tensor *learner_pictures(const learner *l, const size_t *rows, size_t count);

#endif
