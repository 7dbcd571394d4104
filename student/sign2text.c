#include "student/sign2text.h"

#include "student/resnet.h"
#include "tensor/first_weights.h"

#include <stdlib.h>

struct sign2text {
    sign2text_options options;
    module *root;
    resnet *cnn;
    tensor *position;                                     /* (T, feature) kept */
    module *projection, *lstm, *score[2], *classifier[2]; /* all owned by root */
};

static status check(const sign2text_options *o)
{
    const int64_t sizes[] = {o->classes, o->frames, o->cnn, o->depth, o->feature, o->hidden, o->layers};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i] < 1)
            return FAIL(
                ERR_CONFIG,
                "sign2text: classes, frames, cnn, depth, feature, hidden and layers are at least 1; one is %lld",
                (long long)sizes[i]);
    return OK;
}

static void make_head(sign2text *m)
{
    const sign2text_options *o = &m->options;
    m->lstm = nn_lstm(m->root, "lstm", o->feature, o->hidden, o->layers, true);
    module *attention = module_child(m->root, "attention"), *fc = module_child(m->root, "fc");
    m->score[0] = linear_default(attention, "0", 2 * o->hidden, o->hidden);
    m->score[1] = linear_default(attention, "2", o->hidden, 1);
    m->classifier[0] = linear_default(fc, "0", 2 * o->hidden, o->hidden);
    m->classifier[1] = linear_default(fc, "3", o->hidden, o->classes);
}

status sign2text_new(const sign2text_options *options, sign2text **out)
{
    status st = OK;
    scope *sc = scope_open();
    sign2text *m = calloc(1, sizeof *m);

    if (!m) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    m->options = *options;
    TRY(check(options));
    m->root = module_new();
    const resnet_options cnn = {options->cnn, options->depth, options->recompute};
    TRY(resnet_new(m->root, "cnn", &cnn, &m->cnn));
    int64_t width = resnet_width(m->cnn);
    if (width != options->feature) m->projection = linear_default(m->root, "projection", width, options->feature);
    make_head(m);
    m->position = t_keep(t_sinusoids(options->frames, options->feature));
    TRY(t_check(m->position));
    *out = m;
    m = NULL;
done:
    sign2text_free(&m);
    scope_close(&sc);
    return st;
}

void sign2text_free(sign2text **m)
{
    if (!m || !*m) return;
    resnet_free(&(*m)->cnn);
    module_free(&(*m)->root);
    t_free(&(*m)->position);
    free(*m);
    *m = NULL;
}

module *sign2text_module(const sign2text *m)
{
    return m->root;
}

int64_t sign2text_feature_width(const sign2text *m)
{
    return 2 * m->options.hidden;
}

/* (B, T, 3, H, W) -> (B, T, feature) */
static tensor *see(sign2text *m, tensor *frames)
{
    int64_t batch = t_size(frames, 0), length = t_size(frames, 1);
    tensor *pictures =
        t_reshape(frames, SHAPE(batch * length, t_size(frames, 2), t_size(frames, 3), t_size(frames, 4)));
    tensor *x = t_reshape(resnet_forward(m->cnn, pictures), SHAPE(batch, length, resnet_width(m->cnn)));
    if (m->projection) x = nn_linear_forward(m->projection, x);
    return t_dropout(t_add(x, t_narrow(m->position, 0, 0, length)), m->options.dropout);
}

video_output sign2text_forward(sign2text *m, tensor *frames)
{
    video_output out = {0};
    tensor *x = nn_lstm_forward(m->lstm, see(m, frames), m->options.dropout); /* (B, T, 2 hidden) */
    tensor *score = nn_linear_forward(m->score[1], t_tanh(nn_linear_forward(m->score[0], x)));
    tensor *weights = t_softmax(score, 1); /* (B, T, 1) */
    out.attention = t_squeeze(weights, 2);
    out.feature = t_sum(t_mul(weights, x), 1, false);
    tensor *inner = t_relu(nn_linear_forward(m->classifier[0], out.feature));
    out.logits = nn_linear_forward(m->classifier[1], t_dropout(inner, m->options.dropout));
    return out;
}
