#include "student/timesformer.h"

#include "student/transformer.h"
#include "tensor/first_weights.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 32 };
static const double NORM_EPS = 1e-5;

typedef struct {
    module *norm1, *temporal, *spatial, *norm2;
    mlp mlp;
    int64_t frames; /* T of what passes through: tokens lie (B, 1 + T N, D), cls first, then frame by frame */
} block;

struct timesformer {
    timesformer_options options;
    module *root, *patches, *norm, *head;
    tensor *cls, *spatial, *temporal; /* borrowed: (1, 1, D), (1, N, D), (1, T, D) */
    block *blocks;                    /* (layers) */
};

static block block_new(module *parent, int64_t width, int64_t heads)
{
    block b = {.norm1 = nn_layer_norm(parent, "norm1", width, NORM_EPS)};
    b.temporal =
        nn_fused_attention(parent, "temporal_attn", width, heads, NAMES_TORCH, joint_init(width), default_init(width));
    b.spatial =
        nn_fused_attention(parent, "spatial_attn", width, heads, NAMES_TORCH, joint_init(width), default_init(width));
    b.norm2 = nn_layer_norm(parent, "norm2", width, NORM_EPS);
    b.mlp = mlp_new(parent, "mlp", width, 0);
    return b;
}

static int64_t patches_of(const timesformer_options *o)
{
    return (o->side / o->patch) * (o->side / o->patch);
}

static void make(timesformer *m)
{
    const timesformer_options *o = &m->options;
    const t_init zeros = {INIT_ZEROS, 0};
    m->cls = module_parameter(m->root, "cls_token", SHAPE(1, 1, o->width), zeros);
    m->spatial = module_parameter(m->root, "spatial_embed", SHAPE(1, patches_of(o), o->width), zeros);
    m->temporal = module_parameter(m->root, "temporal_embed", SHAPE(1, o->frames, o->width), zeros);
    m->patches = patches_default(module_child(m->root, "patch_embed"), "proj", o->width, o->patch);
    module *blocks = module_child(m->root, "blocks");
    for (int64_t i = 0; i < o->layers; i++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "%lld", (long long)i);
        m->blocks[i] = block_new(module_child(blocks, name), o->width, o->heads);
    }
    module *unused[] = {nn_layer_norm(m->root, "temporal_norm", o->width, NORM_EPS),
                        nn_layer_norm(m->root, "spatial_norm", o->width, NORM_EPS)};
    for (int i = 0; i < 2; i++)
        if (unused[i]) module_freeze(unused[i]);
    m->norm = nn_layer_norm(m->root, "norm", o->width, NORM_EPS);
    m->head = linear_default(m->root, "head", o->width, o->classes);
}

status timesformer_new(const timesformer_options *options, timesformer **out)
{
    status st = OK;
    timesformer *m = calloc(1, sizeof *m);

    if (!m) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    m->options = *options;
    TRY(patches_check("timesformer", options->side, options->patch, options->width, options->heads));
    if (options->layers < 1 || options->classes < 1 || options->frames < 1)
        TRY(FAIL(ERR_CONFIG, "timesformer: layers %lld, classes %lld and frames %lld are at least 1",
                 (long long)options->layers, (long long)options->classes, (long long)options->frames));
    m->blocks = calloc((size_t)options->layers, sizeof *m->blocks);
    m->root = module_new();
    if (!m->blocks || !m->root) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    make(m);
    TRY(t_check(module_parameter_at(m->root, 0)));
    *out = m;
    m = NULL;
done:
    timesformer_free(&m);
    return st;
}

void timesformer_free(timesformer **m)
{
    if (!m || !*m) return;
    module_free(&(*m)->root);
    free((*m)->blocks);
    free(*m);
    *m = NULL;
}

module *timesformer_module(const timesformer *m)
{
    return m->root;
}

/* ---- attention --------------------------------------------------------------------------------------------------- */

/* One cls for each of `count` sequences a sample, in front of them: cls (B, 1, D), x (B x count, L, D) -> (B x count,
 * 1 + L, D). */
static tensor *with_cls(tensor *cls, tensor *x, int64_t count)
{
    int64_t width = t_size(x, 2);
    tensor *each = t_reshape(t_expand(cls, SHAPE(-1, count, -1)), SHAPE(-1, 1, width));
    return t_cat((tensor *const[]){each, x}, 2, 1);
}

/* y (B x count, L, D) -> (B, 1, D): the mean of what stands at position 0. */
static tensor *mean_cls(tensor *y, int64_t count)
{
    return t_mean(t_reshape(t_select(y, 1, 0), SHAPE(-1, count, t_size(y, 2))), 1, true);
}

static tensor *tokens_behind(tensor *x)
{
    return t_narrow(x, 1, 1, t_size(x, 1) - 1);
}

/* x (B, 1 + T N, D) -> what the attention over time reads: (B x N, 1 + T, D). */
static tensor *over_time(tensor *x, int64_t frames)
{
    int64_t patches = (t_size(x, 1) - 1) / frames, width = t_size(x, 2);
    tensor *tokens = t_reshape(tokens_behind(x), SHAPE(-1, frames, patches, width));
    tensor *sequences = t_reshape(t_transpose(tokens, 1, 2), SHAPE(-1, frames, width));
    return with_cls(t_narrow(x, 1, 0, 1), sequences, patches);
}

/* x (B, 1 + T N, D), normed -> the same, or with `only_cls` (B, 1, D). */
static tensor *attend(const block *b, tensor *x, bool only_cls)
{
    int64_t frames = b->frames, patches = (t_size(x, 1) - 1) / frames, width = t_size(x, 2);
    tensor *y = nn_fused_attention_forward(b->temporal, over_time(x, frames), 0);
    tensor *cls = mean_cls(y, patches);
    tensor *tokens = t_transpose(t_reshape(tokens_behind(y), SHAPE(-1, patches, frames, width)), 1, 2);
    tensor *sequences = with_cls(cls, t_reshape(tokens, SHAPE(-1, patches, width)), frames);
    y = nn_fused_attention_forward(b->spatial, sequences, only_cls);
    cls = mean_cls(y, frames);
    if (only_cls) return cls;
    return t_cat((tensor *const[]){cls, t_reshape(tokens_behind(y), SHAPE(-1, frames * patches, width))}, 2, 1);
}

static tensor *block_part(const block *b, tensor *x, bool only_cls)
{
    tensor *seen = attend(b, nn_layer_norm_forward(b->norm1, x), only_cls);
    x = t_add(only_cls ? t_narrow(x, 1, 0, 1) : x, seen);
    return t_add(x, mlp_forward(&b->mlp, nn_layer_norm_forward(b->norm2, x)));
}

/* self: a block */
static tensor *block_forward(void *self, tensor *x)
{
    return block_part(self, x, false);
}

/* (B, T) of what the last block is given. */
static tensor *frame_weights(const block *b, tensor *x)
{
    int64_t patches = (t_size(x, 1) - 1) / b->frames;
    grad_pause();
    tensor *weights = nn_fused_attention_weights(b->temporal, over_time(nn_layer_norm_forward(b->norm1, x), b->frames));
    weights = t_mean(t_reshape(tokens_behind(weights), SHAPE(-1, patches, b->frames)), 1, false);
    weights = t_div(weights, t_sum(weights, 1, true));
    grad_resume();
    return weights;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

/* frames (B, T, 3, S, S) -> (B, 1 + T N, D) */
static tensor *embed(timesformer *m, tensor *frames)
{
    int64_t batch = t_size(frames, 0), length = t_size(frames, 1), width = m->options.width;
    tensor *pictures =
        t_reshape(frames, SHAPE(batch * length, t_size(frames, 2), t_size(frames, 3), t_size(frames, 4)));
    tensor *patches = patches_forward(m->patches, pictures);
    tensor *x = t_reshape(patches, SHAPE(batch, length, t_size(patches, 1), width));
    tensor *time = t_unsqueeze(t_narrow(m->temporal, 1, 0, length), 2); /* (1, T, 1, D) */
    x = t_add(x, t_add(t_unsqueeze(m->spatial, 1), time));
    tensor *tokens = t_reshape(x, SHAPE(batch, length * t_size(x, 2), width));
    return t_cat((tensor *const[]){t_expand(m->cls, SHAPE(batch, -1, -1)), tokens}, 2, 1);
}

video_output timesformer_forward(timesformer *m, tensor *frames, bool attention)
{
    video_output out = {0};
    int64_t last = m->options.layers - 1;
    tensor *x = embed(m, frames);
    for (int64_t i = 0; i <= last; i++) m->blocks[i].frames = t_size(frames, 1);
    for (int64_t i = 0; i < last; i++)
        x = m->options.recompute ? t_recompute(block_forward, &m->blocks[i], x) : block_forward(&m->blocks[i], x);
    if (attention) out.attention = frame_weights(&m->blocks[last], x);
    x = block_part(&m->blocks[last], x, true);
    out.feature = t_select(nn_layer_norm_forward(m->norm, x), 1, 0);
    out.logits = nn_linear_forward(m->head, out.feature);
    return out;
}
