#include "student/avt.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTS = 2 };
static const double NORM_EPS = 1e-5; /* GPT-2's */
static const t_init HEAD_INIT = {INIT_NORMAL, 0.01};
static const t_init DECODER_INIT = {INIT_NORMAL, 0.02};

typedef struct {
    module *norm_attention, *attention, *norm_inner, *inner, *outer;
} decoder_layer;

struct avt {
    avt_options options;
    module *root; /* owns all below */
    module *encoder, *encoder_norm;
    module *input, *output, *classifier;
    module *parts[PARTS];   /* classifiers of verbs and nouns; NULL unless composed */
    tensor *part_of[PARTS]; /* (C) int64, kept: each action's verb and noun */
    tensor *position;       /* (T, width) */
    decoder_layer *layers;
    module *norm;
};

static void make_layer(module *parent, int64_t index, const avt_options *o, decoder_layer *out)
{
    char name[32];
    snprintf(name, sizeof name, "%lld", (long long)index);
    module *layer = module_child(parent, name);
    out->norm_attention = nn_layer_norm(layer, "norm_attention", o->width, NORM_EPS);
    out->attention = nn_attention(layer, "attention", o->width, o->heads, DECODER_INIT);
    out->norm_inner = nn_layer_norm(layer, "norm_inner", o->width, NORM_EPS);
    out->inner = nn_linear(layer, "inner", o->width, 4 * o->width, true, DECODER_INIT);
    out->outer = nn_linear(layer, "outer", 4 * o->width, o->width, true, DECODER_INIT);
}

static void make_decoder(avt *m)
{
    const avt_options *o = &m->options;
    module *decoder = module_child(m->root, "decoder");
    m->position = module_parameter(decoder, "position", SHAPE(o->frames, o->width), DECODER_INIT);
    module *layers = module_child(decoder, "layer");
    for (int64_t i = 0; i < o->layers; i++) make_layer(layers, i, o, &m->layers[i]);
    m->norm = nn_layer_norm(decoder, "norm", o->width, NORM_EPS);
}

static void make_classifier(avt *m, int64_t features)
{
    const avt_options *o = &m->options;
    m->classifier = nn_linear(m->root, "classifier", features, o->classes, true, HEAD_INIT);
    if (!o->verbs || !o->nouns) return;
    m->parts[0] = nn_linear(m->root, "verb", features, o->verbs, true, HEAD_INIT);
    m->parts[1] = nn_linear(m->root, "noun", features, o->nouns, true, HEAD_INIT);
    m->part_of[0] = t_keep(t_from_i64(o->verb_of, SHAPE(o->classes)));
    m->part_of[1] = t_keep(t_from_i64(o->noun_of, SHAPE(o->classes)));
}

status avt_new(const avt_options *options, avt **out)
{
    status st = OK;
    avt *m = calloc(1, sizeof *m);
    scope *sc = scope_open();

    if (!m) TRY(FAIL(ERR_MEMORY, "no memory for a student"));
    m->options = *options;
    if (options->width % options->heads)
        TRY(FAIL(ERR_CONFIG, "student.width is %lld and student.heads %lld: the heads must divide the width",
                 (long long)options->width, (long long)options->heads));
    m->layers = calloc((size_t)options->layers, sizeof *m->layers);
    m->root = module_new();
    if (!m->layers || !m->root) TRY(FAIL(ERR_MEMORY, "no memory for a student"));

    int64_t features = avt_feature_width(m);
    if (options->encoder) {
        /* the deviation keeps the size of what it is given (He et al. 2015 without the gain, which the norm undoes) */
        t_init init = {INIT_UNIFORM, 1.0 / (double)(options->inputs > 0 ? options->inputs : 1)};
        m->encoder = nn_linear(m->root, "encoder", options->inputs, features, true, init);
        m->encoder_norm = nn_layer_norm(m->root, "encoder_norm", features, NORM_EPS);
    }
    m->input = nn_linear(m->root, "input", features, options->width, false, HEAD_INIT);
    make_decoder(m);
    m->output = nn_linear(m->root, "output", options->width, features, false, HEAD_INIT);
    make_classifier(m, features);
    TRY(t_check(module_parameter_at(m->root, 0)));
    *out = m;
    m = NULL;
done:
    avt_free(&m);
    scope_close(&sc);
    return st;
}

void avt_free(avt **at)
{
    if (!at || !*at) return;
    module_free(&(*at)->root);
    for (int i = 0; i < PARTS; i++) t_free(&(*at)->part_of[i]);
    free((*at)->layers);
    free(*at);
    *at = NULL;
}

module *avt_module(const avt *m)
{
    return m->root;
}

int64_t avt_feature_width(const avt *m)
{
    return m->options.encoder ? m->options.encoder : m->options.inputs;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static tensor *layer_forward(const decoder_layer *layer, tensor *x, double dropout)
{
    tensor *seen =
        nn_attention_forward(layer->attention, nn_layer_norm_forward(layer->norm_attention, x), NULL, true, 0);
    x = t_add(x, t_dropout(seen, dropout));
    tensor *inner = t_gelu_tanh(nn_linear_forward(layer->inner, nn_layer_norm_forward(layer->norm_inner, x)));
    return t_add(x, t_dropout(nn_linear_forward(layer->outer, inner), dropout));
}

/* x (B, T, F) -> (B, T, F) */
static tensor *decode(avt *m, tensor *x)
{
    double dropout = m->options.dropout;
    tensor *h = t_dropout(t_add(nn_linear_forward(m->input, x), m->position), dropout);
    for (int64_t i = 0; i < m->options.layers; i++) h = layer_forward(&m->layers[i], h, dropout);
    return nn_linear_forward(m->output, nn_layer_norm_forward(m->norm, h));
}

static tensor *classify(avt *m, tensor *features)
{
    tensor *x = t_dropout(features, m->options.dropout);
    return nn_composed_forward(m->classifier, m->parts, m->part_of, m->parts[0] ? PARTS : 0, x);
}

static tensor *past_features(const avt_output *out)
{
    int64_t frames = t_size(out->x, 1);
    if (frames == 1) return out->x;
    tensor *first = t_narrow(out->x, 1, 0, 1), *guessed = t_narrow(out->decoded, 1, 0, frames - 1);
    return t_cat((tensor *const[]){first, guessed}, 2, 1);
}

avt_output avt_forward(avt *m, tensor *frames, bool past)
{
    avt_output out = {.x = frames};
    if (m->encoder) out.x = nn_layer_norm_forward(m->encoder_norm, t_relu(nn_linear_forward(m->encoder, frames)));
    out.decoded = decode(m, out.x);
    out.future = t_select(out.decoded, 1, -1);
    out.logits = classify(m, out.future);
    if (past) out.past_logits = classify(m, past_features(&out));
    return out;
}

/* ---- losses ------------------------------------------------------------------------------------------------------ */

tensor *avt_feature_loss(const avt_output *out, double divisor)
{
    int64_t frames = t_size(out->x, 1), features = t_size(out->x, 2);
    if (frames == 1) return NULL;
    tensor *sum = t_mse(t_narrow(out->decoded, 1, 0, frames - 1), t_narrow(out->x, 1, 1, frames - 1), T_SUM);
    return t_scale(sum, 1 / (divisor * (double)((frames - 1) * features)));
}

tensor *avt_past_loss(const avt_output *out, tensor *labels, double divisor)
{
    int64_t frames = t_size(out->past_logits, 1), classes = t_size(out->past_logits, 2);
    tensor *flat = t_reshape(out->past_logits, SHAPE(-1, classes));
    tensor *sum = t_cross_entropy(flat, t_reshape(labels, SHAPE(-1)), NULL, 0, T_SUM);
    return t_scale(sum, 1 / (divisor * (double)frames));
}
