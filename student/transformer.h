/* transformer - what transformers over patches of pictures are made of: the two layers behind the attention, and
 * patches.
 */
#ifndef MAGISTER_STUDENT_TRANSFORMER_H
#define MAGISTER_STUDENT_TRANSFORMER_H

#include "tensor/module.h"

/* Linear -> exact GELU -> Linear, hidden width 4 D; parameters NAME.fc1.*, NAME.fc2.* */
typedef struct {
    module *fc1, *fc2;
} mlp;

/* PyTorch's defaults, or normal with `deviation` and biases of 0 where that is above 0. */
mlp mlp_new(module *parent, const char *name, int64_t width, double deviation);
tensor *mlp_forward(const mlp *m, tensor *x); /* (..., D) -> (..., D) */

/* Patches of a picture as vectors: (N, 3, H, W) -> (N, patches, D), row by row; `proj` is a patches_default. */
tensor *patches_forward(module *proj, tensor *x);

/* Patches of a picture of `side`; ERR_CONFIG when `patch` does not divide it, or heads the width. `who` begins the
 * message. */
status patches_check(const char *who, int64_t side, int64_t patch, int64_t width, int64_t heads);

#endif
