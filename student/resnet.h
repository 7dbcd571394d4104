/* resnet - a residual network of basic blocks over single pictures (He et al. 2016): ResNet-18 with the defaults.
 *
 *   x (N, 3, H, W) -> 7 x 7, stride 2 -> batch norm -> ReLU -> max pool 3, stride 2
 *     -> 4 stages of `depth` blocks [3 x 3 -> norm -> ReLU -> 3 x 3 -> norm, + x, ReLU], of width, 2, 4 and 8 width
 *     -> mean over the picture -> (N, 8 width)
 *
 * From the second stage on the first block halves the side, its x going through a 1 x 1 convolution and norm. Pictures
 * lie with channels last in memory, which CPUs convolve fastest. What batch norm means for slices and ranks:
 * tensor/module.h. Parameters are torchvision's, without the classifier `fc`: conv1.weight, bn1.{weight, bias,
 * running_mean, running_var}, layerS.B.{conv1, bn1, conv2, bn2}, layerS.0.downsample.{0, 1} for S = 2, 3, 4; 11,176,512
 * numbers at width 64 and depth 2. Drawn as torchvision does: convolutions normal, deviation sqrt(2 / fan out).
 */
#ifndef MAGISTER_STUDENT_RESNET_H
#define MAGISTER_STUDENT_RESNET_H

#include "tensor/module.h"

typedef struct {
    int64_t width;  /* channels of the first stage: 64 */
    int64_t depth;  /* blocks of a stage: 2 */
    bool recompute; /* keep only what lies between blocks for the backward pass, and compute the rest again */
} resnet_options;

typedef struct resnet resnet;

/* A new network as the child `name` of `parent`, which owns its parameters; drawn from the generator of t_seed. Errors:
 * ERR_CONFIG for a width or depth below 1, ERR_MEMORY. */
status resnet_new(module *parent, const char *name, const resnet_options *options, resnet **out);
void resnet_free(resnet **r);

int64_t resnet_width(const resnet *r); /* numbers of a picture: 8 width */

/* x: (N, 3, H, W) float32 -> (N, 8 width). A temporary of the open scope; sticky failure. */
tensor *resnet_forward(resnet *r, tensor *x);

#endif
