/* first_weights - layers whose weights begin as PyTorch's layers do, where a model was published with those. */
#ifndef MAGISTER_TENSOR_FIRST_WEIGHTS_H
#define MAGISTER_TENSOR_FIRST_WEIGHTS_H

#include "tensor/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* PyTorch's default for linear layers and convolutions, weights and biases: uniform within 1 / sqrt(fan in). */
t_init default_init(int64_t fan_in);

/* nn_linear with bias, both drawn so. */
module *linear_default(module *parent, const char *name, int64_t in, int64_t out);

/* nn_conv2d with bias, both drawn so. */
module *conv2d_default(module *parent, const char *name, int64_t in, int64_t out, int64_t size, int64_t stride,
                       int64_t padding);

/* Convolution with bias over patches that stand side by side, both drawn so: (N, 3, H, W) -> (N, out, H / P, W / P). */
module *patches_default(module *parent, const char *name, int64_t out, int64_t patch);

/* Attention's joint projection in PyTorch (Glorot and Bengio 2010): uniform within sqrt(6 / (in + out)). */
t_init joint_init(int64_t width);

#ifdef __cplusplus
}
#endif
#endif
