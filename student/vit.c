#include "student/vit.h"

#include "student/transformer.h"
#include "tensor/first_weights.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 32 };
static const double NORM_EPS = 1e-6, DEVIATION = 0.02, CLS_DEVIATION = 1e-6;

typedef struct {
    module *norm1, *attention, *norm2;
    mlp mlp;
} block;

struct vit {
    vit_options options;
    tensor *cls, *position; /* borrowed from the module: (1, 1, D), (1, 1 + patches, D) */
    module *patches, *norm;
    block *blocks; /* (layers) */
};

static block block_new(module *parent, int64_t width, int64_t heads)
{
    const t_init init = {INIT_NORMAL, DEVIATION};
    block b = {.norm1 = nn_layer_norm(parent, "norm1", width, NORM_EPS)};
    b.attention = nn_fused_attention(parent, "attn", width, heads, NAMES_TIMM, init, init);
    b.norm2 = nn_layer_norm(parent, "norm2", width, NORM_EPS);
    b.mlp = mlp_new(parent, "mlp", width, DEVIATION);
    return b;
}

static void make(vit *v, module *root)
{
    const vit_options *o = &v->options;
    const t_init init = {INIT_NORMAL, DEVIATION};
    int64_t width = o->width, patches = (o->side / o->patch) * (o->side / o->patch);
    v->cls = module_parameter(root, "cls_token", SHAPE(1, 1, width), (t_init){INIT_NORMAL, CLS_DEVIATION});
    v->position = module_parameter(root, "pos_embed", SHAPE(1, 1 + patches, width), init);
    v->patches = patches_default(module_child(root, "patch_embed"), "proj", width, o->patch);
    module *blocks = module_child(root, "blocks");
    for (int64_t i = 0; i < o->layers; i++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "%lld", (long long)i);
        v->blocks[i] = block_new(module_child(blocks, name), width, o->heads);
    }
    v->norm = nn_layer_norm(root, "norm", width, NORM_EPS);
}

status vit_new(module *parent, const char *name, const vit_options *options, vit **out)
{
    status st = OK;
    vit *v = calloc(1, sizeof *v);

    if (!v) TRY(FAIL(ERR_MEMORY, "no memory for a vision transformer"));
    v->options = *options;
    TRY(patches_check("vit", options->side, options->patch, options->width, options->heads));
    if (options->layers < 1)
        TRY(FAIL(ERR_CONFIG, "vit: %lld layers: there is at least one", (long long)options->layers));
    v->blocks = calloc((size_t)options->layers, sizeof *v->blocks);
    if (!v->blocks) TRY(FAIL(ERR_MEMORY, "no memory for a vision transformer"));
    module *root = module_child(parent, name);
    make(v, root);
    TRY(t_check(module_parameter_at(root, 0)));
    *out = v;
    v = NULL;
done:
    vit_free(&v);
    return st;
}

void vit_free(vit **v)
{
    if (!v || !*v) return;
    free((*v)->blocks);
    free(*v);
    *v = NULL;
}

/* x (N, T, D) -> (N, first or T, D) */
static tensor *block_part(const block *b, tensor *x, int64_t first)
{
    tensor *seen = nn_fused_attention_forward(b->attention, nn_layer_norm_forward(b->norm1, x), first);
    x = t_add(first ? t_narrow(x, 1, 0, first) : x, seen);
    return t_add(x, mlp_forward(&b->mlp, nn_layer_norm_forward(b->norm2, x)));
}

/* self: a block */
static tensor *block_forward(void *self, tensor *x)
{
    return block_part(self, x, 0);
}

tensor *vit_forward(vit *v, tensor *x)
{
    int64_t count = t_size(x, 0), last = v->options.layers - 1;
    tensor *cls = t_expand(v->cls, SHAPE(count, -1, -1)), *patches = patches_forward(v->patches, x);
    x = t_add(t_cat((tensor *const[]){cls, patches}, 2, 1), v->position);
    for (int64_t i = 0; i < last; i++)
        x = v->options.recompute ? t_recompute(block_forward, &v->blocks[i], x) : block_forward(&v->blocks[i], x);
    x = block_part(&v->blocks[last], x, 1);
    return t_select(nn_layer_norm_forward(v->norm, x), 1, 0);
}
