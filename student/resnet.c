#include "student/resnet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { STAGES = 4, RGB = 3, NAME_BYTES = 32 };
static const double NORM_EPS = 1e-5;

/* A convolution and the batch norm behind it; all owned by the parent module. */
typedef struct {
    module *convolution, *norm;
} normed;

typedef struct {
    normed first, second, shortcut; /* shortcut: empty where x is added as it is */
} block;

struct resnet {
    resnet_options options;
    normed stem;
    block *blocks; /* (STAGES x depth) */
};

static normed normed_new(module *parent, const char *convolution, const char *norm, int64_t in, int64_t out,
                         int64_t size, int64_t stride)
{
    const t_init init = {INIT_NORMAL, sqrt(2.0 / (double)(out * size * size))};
    return (normed){nn_conv2d(parent, convolution, in, out, size, stride, (size - 1) / 2, false, init),
                    nn_batch_norm(parent, norm, out, NORM_EPS)};
}

static block block_new(module *parent, int64_t in, int64_t out, int64_t stride)
{
    block b = {.first = normed_new(parent, "conv1", "bn1", in, out, 3, stride),
               .second = normed_new(parent, "conv2", "bn2", out, out, 3, 1)};
    if (in != out || stride != 1)
        b.shortcut = normed_new(module_child(parent, "downsample"), "0", "1", in, out, 1, stride);
    return b;
}

static void stage_new(module *parent, int64_t stage, int64_t depth, int64_t in, int64_t out, block *blocks)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "layer%lld", (long long)stage + 1);
    module *m = module_child(parent, name);
    for (int64_t i = 0; i < depth; i++) {
        snprintf(name, sizeof name, "%lld", (long long)i);
        blocks[i] = block_new(module_child(m, name), i ? out : in, out, stage && !i ? 2 : 1);
    }
}

status resnet_new(module *parent, const char *name, const resnet_options *options, resnet **out)
{
    status st = OK;
    resnet *r = calloc(1, sizeof *r);

    if (!r) TRY(FAIL(ERR_MEMORY, "no memory for a residual network"));
    r->options = *options;
    if (options->width < 1 || options->depth < 1)
        TRY(FAIL(ERR_CONFIG, "a residual network has width and depth of at least 1, not %lld and %lld",
                 (long long)options->width, (long long)options->depth));
    r->blocks = calloc((size_t)(STAGES * options->depth), sizeof *r->blocks);
    if (!r->blocks) TRY(FAIL(ERR_MEMORY, "no memory for a residual network"));
    module *root = module_child(parent, name);
    int64_t width = options->width, depth = options->depth;
    r->stem = normed_new(root, "conv1", "bn1", RGB, width, 7, 2);
    for (int64_t i = 0; i < STAGES; i++)
        stage_new(root, i, depth, i ? width << (i - 1) : width, width << i, r->blocks + i * depth);
    TRY(t_check(module_parameter_at(root, 0)));
    *out = r;
    r = NULL;
done:
    resnet_free(&r);
    return st;
}

void resnet_free(resnet **r)
{
    if (!r || !*r) return;
    free((*r)->blocks);
    free(*r);
    *r = NULL;
}

int64_t resnet_width(const resnet *r)
{
    return r->options.width << (STAGES - 1);
}

/* relu(norm(convolution x) + more) */
static tensor *active_forward(const normed *n, tensor *x, tensor *more)
{
    return nn_batch_norm_relu_forward(n->norm, nn_conv2d_forward(n->convolution, x), more);
}

static tensor *shortcut_forward(const normed *n, tensor *x)
{
    return n->convolution ? nn_batch_norm_forward(n->norm, nn_conv2d_forward(n->convolution, x)) : x;
}

/* self: a block */
static tensor *block_forward(void *self, tensor *x)
{
    const block *b = self;
    return active_forward(&b->second, active_forward(&b->first, x, NULL), shortcut_forward(&b->shortcut, x));
}

/* self: a network */
static tensor *stem_forward(void *self, tensor *x)
{
    const resnet *r = self;
    return t_max_pool2d(active_forward(&r->stem, x, NULL), 3, 2, 1);
}

/* What the backward pass does not need goes with the scope, part by part. */
static tensor *run_part(const resnet *r, t_function part, void *self, tensor *x)
{
    scope *sc = scope_open();
    tensor *y = r->options.recompute ? t_recompute(part, self, x) : part(self, x);
    if (y) scope_promote(sc, y);
    scope_close(&sc);
    return y;
}

tensor *resnet_forward(resnet *r, tensor *x)
{
    x = run_part(r, stem_forward, r, t_channels_last(x));
    for (int64_t i = 0; i < STAGES * r->options.depth; i++) x = run_part(r, block_forward, &r->blocks[i], x);
    return t_reshape(t_global_avg_pool2d(x), SHAPE(-1, resnet_width(r)));
}
