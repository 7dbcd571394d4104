#include "stream/layers.h"

#include "tensor/first_weights.h"
#include "tensor/pictures.h"

#include <stdio.h>

enum { RGB = 3, KERNEL = 3, HALVINGS = 16, DEPTH = 2, ENCODER_HEADS = 8, PREDICTOR_HEADS = 4, HIDDEN = 2 };
static const double LENGTH_MOST = 1, LENGTH_EPS = 1e-12, COSINE_EPS = 1e-8, NORM_EPS = 1e-5;

/* ---- making ------------------------------------------------------------------------------------------------------ */

static module *convolution(module *parent, size_t number, int64_t in, int64_t out)
{
    char name[32];
    t_init init = default_init(in * KERNEL * KERNEL);
    snprintf(name, sizeof name, "conv%zu", number + 1);
    module *m = nn_conv2d(parent, name, in, out, KERNEL, 1, 1, true, init);
    module_draw(module_find(m, "bias"), init);
    return m;
}

static int64_t flat_size(const stream_options *o)
{
    return o->channels[STREAM_STAGES - 1] * (o->height / HALVINGS) * (o->width / HALVINGS);
}

static void make_picture_encoder(stream_layer *l, module *f)
{
    module *m = module_child(f, "encoder");
    int64_t in = RGB;
    for (size_t i = 0; i < STREAM_STAGES; in = l->o->channels[i++])
        l->convolutions[i] = convolution(m, i, in, l->o->channels[i]);
    l->features = linear_default(m, "fc1", flat_size(l->o), l->o->features);
}

static void make_picture_decoder(stream_layer *l, module *p)
{
    module *m = module_child(p, "decoder");
    l->pictures = linear_default(m, "fc1", l->o->features, flat_size(l->o));
    for (size_t i = 0; i < STREAM_STAGES; i++) {
        size_t from = STREAM_STAGES - 1 - i;
        l->deconvolutions[i] = convolution(m, i, l->o->channels[from], from ? l->o->channels[from - 1] : RGB);
    }
}

double stream_parameter_count(const stream_options *o, size_t layers)
{
    double d = (double)o->features, flat = (double)flat_size(o), encoder = flat * d + d, decoder = d * flat + flat;
    for (size_t i = 0; i < STREAM_STAGES; i++) {
        double in = i ? (double)o->channels[i - 1] : RGB, out = (double)o->channels[i];
        encoder += in * out * KERNEL * KERNEL + out;
        decoder += in * out * KERNEL * KERNEL + in;
    }
    double hidden = HIDDEN * d, attention = 4 * d * d + 4 * d, feed_forward = 2 * d * hidden + hidden + d;
    double transformer = DEPTH * (attention + feed_forward + 4 * d);
    double tables = (1 + (double)o->buffer_size + (double)o->max_layers) * d;
    return encoder + decoder + (double)layers * (2 * transformer + tables);
}

static tensor *table(module *parent, const char *name, int64_t rows, int64_t width)
{
    return module_parameter(module_child(parent, name), "weight", SHAPE(rows, width), (t_init){INIT_NORMAL, 1});
}

status stream_layer_new(module *parent, const stream_options *o, size_t layer, stream_layer *out)
{
    char name[32];
    int64_t width = o->features;
    snprintf(name, sizeof name, "%zu", layer);
    *out = (stream_layer){.o = o, .layer = layer, .root = module_child(parent, name)};
    module *f = out->f = module_child(out->root, "f"), *p = out->p = module_child(out->root, "p");
    if (layer == 0) make_picture_encoder(out, f);
    out->token = table(f, "cls_token", 1, width);
    out->positions = table(f, "pos_enc", o->buffer_size, width);
    out->encoder = nn_transformer_encoder(f, "network", DEPTH, width, ENCODER_HEADS, HIDDEN * width);
    out->levels = table(p, "pos_enc", o->max_layers, width);
    out->predictor = nn_transformer_encoder(p, "network", DEPTH, width, PREDICTOR_HEADS, HIDDEN * width);
    if (layer == 0) make_picture_decoder(out, p);
    return t_check(out->levels);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

void stream_layer_changed(stream_layer *l)
{
    l->token_fits = false;
    l->positions_fit = l->levels_fit = 0;
}

/* Rows 0 .. rows - 1 of a table, no longer than they may be. A row that is not asked for keeps its length, as a table
 * with max_norm has it, so rows are scaled when they are first looked up after a change. */
static tensor *rows_of(tensor *values, int64_t rows, int64_t *fit)
{
    if (rows > *fit && t_renorm_rows(values, rows, LENGTH_MOST) == OK) *fit = rows;
    return t_narrow(values, 0, 0, rows);
}

static tensor *token_of(stream_layer *l)
{
    if (!l->token_fits) l->token_fits = t_renorm_rows(l->token, 1, LENGTH_MOST) == OK;
    return l->token;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

tensor *stream_pictures(const stream_options *o, t_type type, tensor *bytes)
{
    static const float HALF[RGB] = {.5F, .5F, .5F};
    tensor *x = type == T_F32 ? t_pictures(bytes, HALF, HALF)
                              : t_permute(t_shift(t_scale(t_cast(bytes, type), 1 / 127.5), -1), SHAPE(0, 3, 1, 2));
    return o->normalize ? t_normalize(x, 1, LENGTH_EPS) : x;
}

tensor *stream_encode_pictures(stream_layer *l, tensor *pictures)
{
    tensor *x = pictures;
    for (size_t i = 0; i < STREAM_STAGES; i++)
        x = t_max_pool2d(t_relu(nn_conv2d_forward(l->convolutions[i], x)), 2, 2, 0);
    return nn_linear_forward(l->features, t_reshape(x, SHAPE(t_size(x, 0), -1)));
}

tensor *stream_encode_event(stream_layer *l, tensor *inputs, tensor *there)
{
    int64_t count = t_size(inputs, 0), length = t_size(inputs, 1), width = l->o->features;
    tensor *token = t_expand(t_unsqueeze(token_of(l), 0), SHAPE(count, 1, width));
    tensor *x = t_add(inputs, rows_of(l->positions, length, &l->positions_fit)), *with_token[] = {token, x};
    if (there) {
        tensor *mask[] = {t_full(T_BOOL, SHAPE(count, 1), 1), there};
        there = t_cat(mask, 2, 1);
    }
    tensor *z = nn_transformer_encoder_forward(l->encoder, t_cat(with_token, 2, 1), there, 1);
    z = t_layer_norm(t_select(z, 1, 0), NULL, NULL, NORM_EPS);
    return stream_distance(l->o, l->layer) == DISTANCE_SIMILARITY ? t_normalize(z, 1, LENGTH_EPS) : z;
}

tensor *stream_predict(stream_layer *l, tensor *levels, tensor *there)
{
    tensor *x = t_add(levels, rows_of(l->levels, t_size(levels, 1), &l->levels_fit));
    x = nn_transformer_encoder_forward(l->predictor, x, there, (int64_t)l->layer + 1);
    return t_layer_norm(t_select(x, 1, (int64_t)l->layer), NULL, NULL, NORM_EPS);
}

tensor *stream_decode_pictures(stream_layer *l, tensor *features)
{
    const stream_options *o = l->o;
    tensor *x = nn_linear_forward(l->pictures, features);
    x = t_reshape(x, SHAPE(-1, o->channels[STREAM_STAGES - 1], o->height / HALVINGS, o->width / HALVINGS));
    x = t_channels_last(x);
    for (size_t i = 0; i < STREAM_STAGES; i++) {
        x = nn_conv2d_forward(l->deconvolutions[i], t_upsample_nearest(x, 2));
        if (i + 1 < STREAM_STAGES) x = t_relu(x);
    }
    return x;
}

static tensor *mean_of_row(tensor *x)
{
    return t_mean(t_reshape(x, SHAPE(t_size(x, 0), -1)), 1, false);
}

tensor *stream_compare(const stream_layer *l, tensor *prediction, tensor *input)
{
    if (stream_distance(l->o, l->layer) == DISTANCE_SQUARED) return mean_of_row(t_pow(t_sub(prediction, input), 2));
    tensor *similarity = t_cosine_similarity(prediction, input, 1, COSINE_EPS);
    return l->layer == 0 ? mean_of_row(similarity) : similarity;
}
