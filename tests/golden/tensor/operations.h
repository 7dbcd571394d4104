/* operations - every operation of tensor.h as a function of its inputs, for the tests that go through all of them. */
#ifndef MAGISTER_TESTS_GOLDEN_OPERATIONS_H
#define MAGISTER_TESTS_GOLDEN_OPERATIONS_H

#include "tensor/tensor.h"

typedef struct {
    const char *name;
    tensor *(*call)(tensor **x); /* x: its inputs, in the order of the golden file */
} operation;

static inline tensor *indices_of_topk(tensor *x, int64_t k)
{
    tensor *indices = NULL;
    t_topk(x, k, &indices);
    return indices;
}

/* A copy of x after t_renorm_rows. */
static inline tensor *renormed(tensor *x, int64_t rows, double most)
{
    tensor *copy = t_clone(t_detach(x));
    return t_renorm_rows(copy, rows, most) == OK ? copy : NULL;
}

/* clang-format off */
#define OPERATIONS(X) \
    X(reshape, t_reshape(x[0], SHAPE(3, -1))) \
    X(transpose, t_transpose(x[0], 0, -1)) \
    X(permute, t_permute(x[0], SHAPE(2, 0, 1))) \
    X(contiguous, t_contiguous(t_transpose(x[0], 0, 1))) \
    X(unsqueeze, t_unsqueeze(x[0], 1)) \
    X(squeeze, t_squeeze(x[0], 1)) \
    X(expand, t_expand(x[0], SHAPE(2, -1, 4))) \
    X(narrow, t_narrow(x[0], 1, 1, 3)) \
    X(select, t_select(x[0], -1, 2)) \
    X(cat, t_cat(x, 3, 1)) \
    X(stack, t_stack(x, 2, 1)) \
    X(index_select, t_index_select(x[0], 0, x[1])) \
    X(gather, t_gather(x[0], 1, x[1])) \
    X(index_add, t_index_add(x[0], 0, x[1], x[2])) \
    X(cast, t_cast(x[0], T_F64)) \
    X(clone, t_clone(x[0])) \
    X(detach, t_detach(x[0])) \
    X(add, t_add(x[0], x[1])) \
    X(sub, t_sub(x[0], x[1])) \
    X(mul, t_mul(x[0], x[1])) \
    X(div, t_div(x[0], x[1])) \
    X(scale, t_scale(x[0], 1.75)) \
    X(shift, t_shift(x[0], 0.625)) \
    X(pow, t_pow(x[0], 2.5)) \
    X(neg, t_neg(x[0])) \
    X(exp, t_exp(x[0])) \
    X(log, t_log(x[0])) \
    X(sqrt, t_sqrt(x[0])) \
    X(tanh, t_tanh(x[0])) \
    X(sigmoid, t_sigmoid(x[0])) \
    X(relu, t_relu(x[0])) \
    X(gelu, t_gelu(x[0])) \
    X(gelu_tanh, t_gelu_tanh(x[0])) \
    X(matmul, t_matmul(x[0], x[1])) \
    X(sum, t_sum(x[0], 1, false)) \
    X(mean, t_mean(x[0], -1, true)) \
    X(max, t_max(x[0], 1)) \
    X(argmax, t_argmax(x[0], 1)) \
    X(sum_all, t_sum_all(x[0])) \
    X(mean_all, t_mean_all(x[0])) \
    X(topk, t_topk(x[0], 3, NULL)) \
    X(eq, t_eq(x[0], x[1])) \
    X(where, t_where(x[0], x[1], x[2])) \
    X(masked_fill, t_masked_fill(x[0], x[1], -2.5)) \
    X(softmax, t_softmax(x[0], -1)) \
    X(log_softmax, t_log_softmax(x[0], 0)) \
    X(linear, t_linear(x[0], x[1], x[2])) \
    X(linear_no_bias, t_linear(x[0], x[1], NULL)) \
    X(embedding, t_embedding(x[0], x[1])) \
    X(layer_norm, t_layer_norm(x[0], x[1], x[2], 1e-5)) \
    X(layer_norm_plain, t_layer_norm(x[0], NULL, NULL, 1e-12)) \
    X(conv2d, t_conv2d(x[0], x[1], x[2], 2, 1)) \
    X(conv2d_no_bias, t_conv2d(x[0], x[1], NULL, 1, 0)) \
    X(group_norm, t_group_norm(x[0], 2, x[1], x[2], 1e-5)) \
    X(group_norm_plain, t_group_norm(x[0], 3, NULL, NULL, 1e-6)) \
    X(avg_pool2d, t_avg_pool2d(x[0], 2, 3)) \
    X(max_pool2d, t_max_pool2d(x[0], 3, 2, 1)) \
    X(global_avg_pool2d, t_global_avg_pool2d(x[0])) \
    X(upsample_nearest, t_upsample_nearest(x[0], 3)) \
    X(renorm_rows, renormed(x[0], 4, 1.5)) \
    X(channels_last, t_channels_last(x[0])) \
    X(attention, t_attention(x[0], x[1], x[2], NULL, false)) \
    X(attention_causal, t_attention(x[0], x[1], x[2], NULL, true)) \
    X(attention_mask, t_attention(x[0], x[1], x[2], x[3], false)) \
    X(cross_entropy, t_cross_entropy(x[0], x[1], NULL, 0, T_MEAN)) \
    X(cross_entropy_sum, t_cross_entropy(x[0], x[1], NULL, 0, T_SUM)) \
    X(cross_entropy_none, t_cross_entropy(x[0], x[1], NULL, 0, T_NONE)) \
    X(cross_entropy_smooth, t_cross_entropy(x[0], x[1], NULL, 0.1, T_MEAN)) \
    X(cross_entropy_weighted, t_cross_entropy(x[0], x[1], t_detach(x[2]), 0, T_MEAN)) \
    X(cross_entropy_weighted_smooth, t_cross_entropy(x[0], x[1], t_detach(x[2]), 0.2, T_MEAN)) \
    X(mse, t_mse(x[0], x[1], T_MEAN)) \
    X(mse_sum, t_mse(x[0], x[1], T_SUM)) \
    X(mse_none, t_mse(x[0], x[1], T_NONE)) \
    X(cosine_similarity, t_cosine_similarity(x[0], x[1], 1, 1e-8)) \
    X(normalize, t_normalize(x[0], 1, 1e-12)) \
    X(topk_indices, indices_of_topk(x[0], 3))
/* clang-format on */

#define AS_FUNCTION(NAME, EXPRESSION)                                                                                  \
    static tensor *call_##NAME(tensor **x)                                                                             \
    {                                                                                                                  \
        return EXPRESSION;                                                                                             \
    }
#define AS_ENTRY(NAME, EXPRESSION) {#NAME, call_##NAME},

OPERATIONS(AS_FUNCTION)
static const operation EVERY_OPERATION[] = {OPERATIONS(AS_ENTRY)};
enum { OPERATION_COUNT = sizeof EVERY_OPERATION / sizeof *EVERY_OPERATION };

#endif
