/* learner - STREAMER on one or several streams of pictures: it watches, tells where events end, and learns meanwhile.
 *
 * Frames come in turns: some frames of every stream. Within a turn nothing is recorded for gradients; what a later
 * backward needs (which inputs made which encoding, which encodings made which prediction) is noted, and at the turn's
 * end the losses of all streams and layers go back in a few large batches (replay.h). That is exact, because parameters
 * change only at a step, and a step ends the turn's part that was computed with the old ones. Turns of any size give
 * the same losses, boundaries and parameters, but for rounding; equal turns give equal bits.
 *
 * Several streams share the networks. Each has events, windows and predictions of its own, and a step is taken when the
 * topmost layer has had `optimize_every` losses a stream. One stream is the published system.
 *
 * One thread; not Collective: ranks are joined by the stage (stage.h).
 */
#ifndef MAGISTER_STREAM_LEARNER_H
#define MAGISTER_STREAM_LEARNER_H

#include "base/status.h"
#include "stream/options.h"
#include "stream/scales.h"
#include "tensor/module.h"

/* An input of a layer, as it was taken in. */
typedef struct {
    size_t stream, layer;
    int64_t frame;           /* its number in the video: its time is frame * snippet */
    bool predicted;          /* there was a prediction: what follows is known */
    double value;            /* similarity or distance of input and prediction */
    double limit;            /* what the value was compared with; NAN: nothing yet */
    double error, threshold; /* the same as errors, large where it is surprising: 1 - similarity, or the distance */
    double tau;              /* frames since this layer's input before */
    bool boundary;           /* an event ended, and this input is the first of the next */
    bool forced;             /* because it had as many inputs as fit (force_fixed_buffer) */
    const float *event;      /* (features) what was made of the event that ended; NULL without a boundary; borrowed */
} stream_input;

/* Told of every input; that of a layer comes before what it hands to the layer above. `frame` may be NULL: told when
 * all layers have taken in frame `number` of a stream, before a step. */
typedef struct {
    void *self;
    status (*input)(void *self, const stream_input *input);
    status (*frame)(void *self, size_t stream, int64_t number);
} stream_listener;

/* Frames of one stream in a turn. Borrowed. */
typedef struct {
    const uint8_t *pictures; /* (count, height, width, 3) bytes */
    const int64_t *numbers; /* (count) rising; NULL: one after the other, from where the turn before ended, or from 0 */
    size_t count;           /* 0, or as many as the others have */
    bool begins;            /* with the first frame of a video: layers are reset before it */
} stream_frames;

typedef struct learner learner;

/* A new learner for `streams` streams, its networks drawn from o->seed (each layer by itself, so that what a layer
 * begins with does not depend on when it grows). `type`: T_F32, or T_F64 to compare arithmetic. Options are those of a
 * recipe that was checked (conf/stream_rules.h). Errors: ERR_MEMORY. */
status learner_new(const stream_options *o, size_t streams, t_type type, learner **out);
void learner_free(learner **l);

/* Takes in a turn: frame i of every stream that has one, then frame i + 1. With `learn` losses are followed by steps
 * and growth; without it nothing changes but events. Errors: those of the listener; ERR_INPUT for a loss that is not
 * finite (layer, frame); ERR_MEMORY. */
status learner_watch(learner *l, const stream_frames *frames, bool learn, const stream_listener *listener);

/* Forgets a stream's present video. */
void learner_reset(learner *l, size_t stream);

/* ---- together with other ranks (stream_options: joint_steps, joint_growth) --------------------------------------- */

/* The losses since the last step: to be summed over ranks. Borrowed, may be changed. */
loss_counts *learner_counts(learner *l);

/* Lets all gradients that have been collected go back to the parameters: before these change, or are summed. */
status learner_settle(learner *l);

/* Parameters have been changed from outside, after learner_settle: what is kept of pictures is made anew. Events and
 * predictions stay as they were made. */
status learner_changed(learner *l);

/* Divides the gradients by the counts and takes a step; predictions are dropped. After learner_settle. */
status learner_step(learner *l);

bool learner_wants_growth(const learner *l); /* a layer has had the inputs after which its parent grows */
status learner_grow(learner *l);             /* makes the layer above the topmost, where there may be one more */

/* ------------------------------------------------------------------------------------------------------------------ */

size_t learner_layers(const learner *l);
module *learner_model(learner *l);                      /* borrowed */
int64_t learner_steps(const learner *l);                /* optimiser steps */
int64_t learner_frames(const learner *l);               /* learned from, all streams */
int64_t learner_frame(const learner *l, size_t stream); /* number of the next frame of its video */

/* What the present event of each layer of a stream amounts to: (learner_layers, features) into `out`; zeros of a layer
 * that has had no input. */
status learner_encodings(const learner *l, size_t stream, float *out);

#endif
