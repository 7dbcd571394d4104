#include "teacher/mlm.h"

#include <stdlib.h>

#define NORM_EPS 1e-12

static module *child_at(module *parent, const char *name)
{
    return parent ? module_child(parent, name) : NULL;
}

status mlm_add(encoder *e, int64_t width, int64_t words, mlm *out)
{
    status st = OK;
    mlm head = {.words = module_find(encoder_module(e), "embeddings.word_embeddings.weight")};
    module *predictions = child_at(child_at(encoder_module(e), "cls"), "predictions");
    module *transform = child_at(predictions, "transform");
    head.dense = nn_linear(transform, "dense", width, width, true, (t_init){INIT_NORMAL, 0.02});
    head.norm = nn_layer_norm(transform, "LayerNorm", width, NORM_EPS);
    head.bias = module_parameter(predictions, "bias", SHAPE(words), (t_init){INIT_ZEROS, 0});
    TRY(t_check(head.bias));
    *out = head;
done:
    return st;
}

tensor *mlm_logits(const mlm *head, tensor *states)
{
    tensor *x = nn_layer_norm_forward(head->norm, t_gelu(nn_linear_forward(head->dense, states)));
    return t_linear(x, head->words, head->bias);
}

/* (rows) labels; rows behind the words count for nothing. */
static tensor *label_tensor(const masked_words *m, int64_t rows)
{
    int64_t *labels = calloc((size_t)rows, sizeof *labels);
    if (!labels) return NULL;
    for (int64_t i = 0; i < rows; i++) labels[i] = (size_t)i < m->count ? m->labels[i] : T_IGNORE;
    tensor *made = t_from_i64(labels, SHAPE(rows));
    free(labels);
    return made;
}

status mlm_loss(const mlm *head, tensor *states, const masked_words *m, size_t asked, tensor **out)
{
    status st = OK;
    tensor *labels = label_tensor(m, t_size(states, 0));
    if (!labels) TRY(FAIL(ERR_MEMORY, "no memory for the labels of %zu words", m->count));
    tensor *sum = t_cross_entropy(mlm_logits(head, states), labels, NULL, 0, T_SUM);
    tensor *loss = t_scale(sum, 1 / (double)(asked ? asked : 1));
    TRY(t_check(loss));
    *out = loss;
done:
    return st;
}
