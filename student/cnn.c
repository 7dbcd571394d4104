#include "student/cnn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Pictures that go through together on a CPU, so that what is worked on stays in its caches. */
enum { AT_ONCE = 128, PARTS_MOST = 64 };
enum { KERNEL = 3, STRIDE = 2, PADDING = 1, GROUP = 8 }; /* GROUP: channels normed together */
enum { GRID_MOST = 4, SIDE_LEAST = 2, RGB = 3 };
static const double NORM_EPS = 1e-5;

typedef struct {
    module *convolution, *norm;
} stage;

struct cnn {
    cnn_options options;
    stage stages[CNN_STAGES_MOST];
    module *output, *output_norm; /* all owned by the parent module */
};

static int64_t side_after(int64_t side)
{
    return (side + 2 * PADDING - KERNEL) / STRIDE + 1;
}

/* Side of the windows that means are taken over: the smallest that make a grid of at most GRID_MOST. */
static int64_t window_of(int64_t side)
{
    return (side + GRID_MOST - 1) / GRID_MOST;
}

static status check(const cnn_options *o)
{
    int64_t side = o->side;
    if (!o->stages || o->stages > CNN_STAGES_MOST)
        return FAIL(ERR_CONFIG, "student.cnn.channels has %zu stages: 1 to %d are possible", o->stages,
                    CNN_STAGES_MOST);
    for (size_t i = 0; i < o->stages; i++) side = side_after(side);
    if (side >= SIDE_LEAST) return OK;
    return FAIL(ERR_CONFIG,
                "pictures of %lld x %lld cannot be halved %zu times: raise video.size or give student.cnn.channels "
                "fewer stages",
                (long long)o->side, (long long)o->side, o->stages);
}

/* Groups of about GROUP channels that share them evenly. */
static int64_t groups_of(int64_t channels)
{
    int64_t groups = channels / GROUP > 0 ? channels / GROUP : 1;
    while (channels % groups) groups--;
    return groups;
}

static void make_stage(module *parent, size_t i, int64_t in, int64_t out, stage *made)
{
    char name[32];
    const t_init init = {INIT_NORMAL, sqrt(2.0 / (double)(in * KERNEL * KERNEL))};
    snprintf(name, sizeof name, "%zu", i);
    module *m = module_child(parent, name);
    /* no bias: the norm behind it has one */
    made->convolution = nn_conv2d(m, "convolution", in, out, KERNEL, STRIDE, PADDING, false, init);
    made->norm = nn_group_norm(m, "norm", groups_of(out), out, NORM_EPS);
}

status cnn_new(module *parent, const cnn_options *options, cnn **out)
{
    status st = OK;
    cnn *c = NULL;

    TRY(check(options));
    c = calloc(1, sizeof *c);
    if (!c) TRY(FAIL(ERR_MEMORY, "no memory for a network that sees frames"));
    c->options = *options;
    module *root = module_child(parent, "cnn"), *stages = module_child(root, "stage");
    int64_t channels = options->inputs, side = options->side;
    for (size_t i = 0; i < options->stages; i++) {
        make_stage(stages, i, channels, options->channels[i], &c->stages[i]);
        channels = options->channels[i];
        side = side_after(side);
    }
    int64_t grid = side / window_of(side), pooled = channels * grid * grid;
    c->output =
        nn_linear(root, "output", pooled, options->width, true, (t_init){INIT_NORMAL, 1 / sqrt((double)pooled)});
    c->output_norm = nn_layer_norm(root, "output_norm", options->width, NORM_EPS);
    TRY(t_check(module_parameter_at(root, 0)));
    *out = c;
    c = NULL;
done:
    cnn_free(&c);
    return st;
}

void cnn_free(cnn **c)
{
    if (!c) return;
    free(*c);
    *c = NULL;
}

/* (N, C, side, side) -> (N, C x grid x grid) */
static tensor *pool(tensor *x)
{
    int64_t window = window_of(t_size(x, 2));
    return t_reshape(t_avg_pool2d(x, window, window), SHAPE(t_size(x, 0), -1));
}

/* (N, side, side, inputs): of every frame but the latest, how the latest differs from it. */
static tensor *with_changes(tensor *x)
{
    tensor *latest = t_narrow(x, 3, 0, RGB), *parts[PARTS_MOST] = {latest};
    int frames = (int)(t_size(x, 3) / RGB);
    for (int i = 1; i < frames; i++) parts[i] = t_sub(latest, t_narrow(x, 3, i * RGB, RGB));
    return frames > 1 ? t_cat(parts, frames, 3) : x;
}

static tensor *forward(cnn *c, tensor *pictures)
{
    tensor *x = with_changes(t_shift(t_scale(pictures, 1 / 127.5), -1));
    x = t_permute(x, SHAPE(0, 3, 1, 2)); /* channels stay last in memory, as convolutions read them fastest */
    for (size_t i = 0; i < c->options.stages; i++) {
        const stage *s = &c->stages[i];
        x = t_relu(nn_group_norm_forward(s->norm, nn_conv2d_forward(s->convolution, x)));
    }
    return nn_layer_norm_forward(c->output_norm, nn_linear_forward(c->output, pool(x)));
}

tensor *cnn_forward(cnn *c, tensor *pictures)
{
    tensor *parts[PARTS_MOST] = {0};
    int64_t count = t_size(pictures, 0), part = AT_ONCE;
    int made = 0;
    if (t_device_used() != T_CPU || count <= AT_ONCE) return forward(c, pictures);
    if (part * PARTS_MOST < count) part = (count + PARTS_MOST - 1) / PARTS_MOST;
    for (int64_t at = 0; at < count; at += part)
        parts[made++] = forward(c, t_narrow(pictures, 0, at, count - at < part ? count - at : part));
    return t_cat(parts, made, 0);
}
