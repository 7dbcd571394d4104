/* vit - vision transformer over single pictures (Dosovitskiy et al. 2021): ViT-B/16 with the defaults.
 *
 *   x (N, 3, S, S) -> patches -> [cls, patches] + positions -> pre-norm blocks -> norm -> (N, D) of cls
 *
 * Layer norms with eps 1e-6, exact GELU, hidden width 4 D, no dropout. The last block computes cls alone. Parameters
 * are timm's: cls_token (1, 1, D), pos_embed (1, 1 + patches, D), patch_embed.proj, blocks.N.{norm1, attn.qkv,
 * attn.proj, norm2, mlp.fc1, mlp.fc2}, norm; 85,798,656 numbers with the defaults. There is no head. Drawn as timm
 * does: linear layers and positions normal with deviation 0.02 (timm cuts at 100 deviations), cls 1e-6, biases 0,
 * patches by PyTorch's default.
 */
#ifndef MAGISTER_STUDENT_VIT_H
#define MAGISTER_STUDENT_VIT_H

#include "tensor/module.h"

typedef struct {
    int64_t side, patch;          /* pixels: 224, 16 */
    int64_t width, layers, heads; /* D: 768, 12, 12 */
    bool recompute;               /* keep only what lies between blocks, and compute the rest again in backward */
} vit_options;

typedef struct vit vit;

/* A new network as the child `name` of `parent`, which owns its parameters; drawn from the generator of t_seed. Errors:
 * ERR_CONFIG for sizes that do not fit each other, ERR_MEMORY. */
status vit_new(module *parent, const char *name, const vit_options *options, vit **out);
void vit_free(vit **v);

/* x: (N, 3, side, side) float32 -> (N, D). A temporary of the open scope; sticky failure. */
tensor *vit_forward(vit *v, tensor *x);

#endif
