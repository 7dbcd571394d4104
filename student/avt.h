/* avt - AVT-h: a causal transformer over the features of frames that predicts what comes next (Girdhar and Grauman,
 * "Anticipative Video Transformer", 2021).
 *
 *   frames -> [encoder] -> x (B, T, F) -> Linear(F -> width, no bias) -> GPT-2 decoder -> Linear(width -> F, no bias)
 *
 * The decoder is pre-norm and causal, with learned positions and GELU in its tanh form. decoded[t] is its guess of the
 * feature of frame t + 1. The future feature is decoded[T - 1]; the past features are x[0], decoded[0] ... decoded[T -
 * 2]. One linear classifier, after dropout, reads both. Published: no encoder, F as wide as the frame features of a
 * backbone. With verbs and nouns the classifier is composed: an action's weights are its own plus its verb's plus its
 * noun's, so that rare actions learn from all that share a part with them.
 *
 * Tracks of a few numbers a frame are too narrow for a classifier that reads F of them, so an encoder (one linear
 * layer, ReLU, layer norm) may widen frames first; it is learned with the rest, and `x` are then its outputs.
 *
 * Initialisation: linear layers of the head N(0, 0.01), biases 0; inside the decoder N(0, 0.02) as GPT-2's.
 * Losses here are sums over a slice divided by normalisers of the whole step (trainer.h).
 */
#ifndef MAGISTER_STUDENT_AVT_H
#define MAGISTER_STUDENT_AVT_H

#include "tensor/module.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t inputs;  /* numbers a frame */
    int64_t encoder; /* F when there is an encoder; 0: none, F = inputs */
    int64_t frames;  /* T, of every clip */
    int64_t width, layers, heads;
    int64_t classes; /* C */
    double dropout;
    int64_t verbs, nouns;             /* 0: the classifier is not composed of parts */
    const int64_t *verb_of, *noun_of; /* (C) borrowed; read by avt_new alone */
} avt_options;

typedef struct avt avt;

/* New model, drawn from the generator of t_seed. Errors: ERR_CONFIG when the heads do not divide the width; ERR_MEMORY.
 */
status avt_new(const avt_options *options, avt **out);
void avt_free(avt **m);

module *avt_module(const avt *m);        /* its parameters; borrowed. Further children may be added (a projector). */
int64_t avt_feature_width(const avt *m); /* F */

typedef struct {
    tensor *x;           /* (B, T, F) what the decoder was given */
    tensor *decoded;     /* (B, T, F) */
    tensor *future;      /* (B, F) */
    tensor *logits;      /* (B, C) of the future feature */
    tensor *past_logits; /* (B, T, C); NULL unless asked for */
} avt_output;            /* temporaries of the open scope; NULL after a failure (sticky) */

/* frames: (B, T, inputs). `past`: classify the past features too. */
avt_output avt_forward(avt *m, tensor *frames, bool past);

/* `feat`: mean square of decoded[:, :-1] - x[:, 1:], over `divisor` samples. The target is not detached, as published.
 * NULL when T is 1: there is no next frame. */
tensor *avt_feature_loss(const avt_output *out, double divisor);

/* `past_cls`: cross entropy of the past features over `divisor` x T; labels (B, T) int64, those that are T_IGNORE count
 * as zeros of the mean, as published. */
tensor *avt_past_loss(const avt_output *out, tensor *labels, double divisor);

#endif
