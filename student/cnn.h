/* cnn - a small convolutional network: what a student sees of a few frames, as F numbers.
 *
 *   pictures (N, side, side, inputs) of bytes -> scaled to -1 .. 1, earlier frames as differences
 *     -> stages of [convolution 3 x 3, stride 2 -> group norm -> ReLU], each halving the side
 *     -> means over a grid of at most 4 x 4, of every channel
 *     -> Linear -> layer norm -> (N, F)
 *
 * The frames of a moment (now, and a little earlier) stand one behind the other as channels; the network is given the
 * latest as it is, and of each other one what has changed since: movement is what a still kitchen hides. The grid keeps
 * where things are: what is near the hand. Group norm and layer norm, not batch norm: what is seen of one sample must
 * not depend on the others of its batch, or results would depend on the number of ranks. The last norm keeps the size
 * of features, which the decoder is to predict (avt.h), from shrinking to nothing.
 *
 * Initialisation: He et al. 2015 (normal, fan in) before ReLU; the last layer normal with deviation 1 / sqrt(inputs).
 */
#ifndef MAGISTER_STUDENT_CNN_H
#define MAGISTER_STUDENT_CNN_H

#include "tensor/module.h"

#include <stdint.h>

enum { CNN_STAGES_MOST = 8 };

typedef struct {
    int64_t side;                      /* of the square pictures */
    int64_t inputs;                    /* channels of a picture: 3 for every frame */
    int64_t channels[CNN_STAGES_MOST]; /* (stages) of the stages' outputs */
    size_t stages;
    int64_t width; /* F */
} cnn_options;

typedef struct cnn cnn;

/* A new network as the child "cnn" of `parent`, which owns its parameters; drawn from the generator of t_seed. Errors:
 * ERR_CONFIG for pictures too small to be halved that often, or no stage; ERR_MEMORY. */
status cnn_new(module *parent, const cnn_options *options, cnn **out);
void cnn_free(cnn **c);

/* pictures: (N, side, side, inputs) T_U8 -> (N, F). A temporary of the open scope; sticky failure. */
tensor *cnn_forward(cnn *c, tensor *pictures);

#endif
