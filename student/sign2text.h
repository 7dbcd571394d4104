/* sign2text - isolated signs from clips: a residual network over frames, a recurrent one over time, attention over both
 * ends (the published Sign2Text model).
 *
 *   frames (B, T, 3, H, W) -> resnet -> [projection to `feature`] + sinusoids -> dropout
 *     -> LSTM in both directions, dropout between layers -> x (B, T, 2 hidden)
 *     -> weights = softmax over T of Linear(tanh(Linear(x))) -> feature (B, 2 hidden) = sum of weights x
 *     -> Linear -> ReLU -> dropout -> Linear -> logits (B, C)
 *
 * There is a projection where `feature` is not the width of the residual network's. 14,595,915 parameters with the
 * published options and 10 classes. Names: cnn.* (resnet.h), projection.*, lstm.* (nn_lstm), attention.{0, 2}.*,
 * fc.{0, 3}.*. Drawn by PyTorch's defaults, the residual network by torchvision's.
 */
#ifndef MAGISTER_STUDENT_SIGN2TEXT_H
#define MAGISTER_STUDENT_SIGN2TEXT_H

#include "student/video_output.h"
#include "tensor/module.h"

typedef struct {
    int64_t classes;        /* C */
    int64_t frames;         /* T at most */
    int64_t cnn, depth;     /* channels and blocks of the residual network's stages (resnet.h): 64, 2 */
    int64_t feature;        /* numbers of a frame that the LSTM reads: 512 */
    int64_t hidden, layers; /* of the LSTM, a direction: 256, 2 */
    double dropout;         /* 0.1 */
    bool recompute;         /* of the residual network: less memory, more time */
} sign2text_options;

typedef struct sign2text sign2text;

/* New model, drawn from the generator of t_seed. Errors: ERR_CONFIG for sizes below 1; ERR_MEMORY. */
status sign2text_new(const sign2text_options *options, sign2text **out);
void sign2text_free(sign2text **m);

module *sign2text_module(const sign2text *m);        /* its parameters; borrowed */
int64_t sign2text_feature_width(const sign2text *m); /* 2 hidden */

/* frames: (B, T, 3, H, W) float32. The attention costs nothing and is always given. */
video_output sign2text_forward(sign2text *m, tensor *frames);

#endif
