/* timesformer - isolated signs from clips by divided attention, over time and then over the picture (the published
 * SignTimeSformer, after Bertasius et al. 2021).
 *
 *   frames (B, T, 3, S, S) -> patches (B, T, N, D) + spatial + temporal positions, and cls (B, 1, D)
 *     -> blocks [x += Attention(norm x); x += MLP(norm x), exact GELU] -> norm -> feature (B, D) of cls -> Linear ->
 * (B, C)
 *
 * Attention: cls in front of each patch's T frames, self-attention, cls is the mean over patches; then cls in front of
 * each frame's N patches, self-attention, cls is the mean over frames. There is no residual between the two. The last
 * block computes what reaches cls alone. `attention` of the output: how cls looks at the frames in the last block's
 * attention over time, the mean over heads and patches, brought to sum 1 without what it gives to itself.
 *
 * Parameters: cls_token (1, 1, D), spatial_embed (1, N, D), temporal_embed (1, T, D), patch_embed.proj,
 * blocks.I.{norm1, temporal_attn.*, spatial_attn.* (nn_fused_attention, PyTorch's names), norm2, mlp.fc1, mlp.fc2},
 * temporal_norm, spatial_norm, norm, head; 48,029,962 numbers with the published options and 10 classes. temporal_norm
 * and spatial_norm stand in the published model and are never used: they are kept, frozen, so that its files fit. Drawn
 * by PyTorch's defaults; cls and positions 0.
 */
#ifndef MAGISTER_STUDENT_TIMESFORMER_H
#define MAGISTER_STUDENT_TIMESFORMER_H

#include "student/video_output.h"
#include "tensor/module.h"

typedef struct {
    int64_t classes;              /* C */
    int64_t frames;               /* T at most: 32 */
    int64_t side, patch;          /* pixels: 224, 16 */
    int64_t width, layers, heads; /* D: 768, 5, 8 */
    bool recompute;               /* keep only what lies between blocks, and compute the rest again in backward */
} timesformer_options;

typedef struct timesformer timesformer;

/* New model, drawn from the generator of t_seed. Errors: ERR_CONFIG for sizes that do not fit; ERR_MEMORY. */
status timesformer_new(const timesformer_options *options, timesformer **out);
void timesformer_free(timesformer **m);

module *timesformer_module(const timesformer *m); /* its parameters; borrowed */

/* frames: (B, T, 3, side, side) float32. `attention`: give it, at the cost of one product more. */
video_output timesformer_forward(timesformer *m, tensor *frames, bool attention);

#endif
