/* network - the operations networks are made of, and their losses. */
#include "tensor/private.hpp"

#include <cmath>

tensor *t_softmax(tensor *x, int dim)
{
    return wrap({x}, [&] { return at::softmax(x->value, dim); });
}

tensor *t_log_softmax(tensor *x, int dim)
{
    return wrap({x}, [&] { return at::log_softmax(x->value, dim); });
}

tensor *t_linear(tensor *x, tensor *weight, tensor *bias)
{
    return wrap({x, weight, optional(bias)}, [&] { return fast_linear(x->value, weight->value, value_or_none(bias)); });
}

tensor *t_embedding(tensor *weight, tensor *ids)
{
    return wrap({weight, ids}, [&] {
        if (weight->rows) return embedding_by_rows(weight->value, ids->value, weight->rows);
        return at::embedding(weight->value, ids->value);
    });
}

tensor *t_layer_norm(tensor *x, tensor *weight, tensor *bias, double eps)
{
    return wrap({x, optional(weight), optional(bias)}, [&] {
        if (!x->value.dim()) reject("a scalar has no last dimension");
        return at::layer_norm(x->value, {x->value.size(-1)}, value_or_none(weight), value_or_none(bias), eps);
    });
}

tensor *t_conv2d(tensor *x, tensor *weight, tensor *bias, int64_t stride, int64_t padding)
{
    return wrap({x, weight, optional(bias)},
                [&] { return at::conv2d(x->value, weight->value, value_or_none(bias), stride, padding); });
}

tensor *t_group_norm(tensor *x, int64_t groups, tensor *weight, tensor *bias, double eps)
{
    return wrap({x, optional(weight), optional(bias)}, [&] {
        if (groups < 1) reject("groups of channels are at least 1");
        return at::group_norm(x->value, groups, value_or_none(weight), value_or_none(bias), eps);
    });
}

tensor *t_avg_pool2d(tensor *x, int64_t height, int64_t width)
{
    return wrap({x}, [&] { return at::avg_pool2d(x->value, {height, width}); });
}

tensor *t_max_pool2d(tensor *x, int64_t size, int64_t stride, int64_t padding)
{
    return wrap({x}, [&] { return at::max_pool2d(x->value, size, stride, padding); });
}

tensor *t_global_avg_pool2d(tensor *x)
{
    return wrap({x}, [&] { return at::adaptive_avg_pool2d(x->value, {1, 1}); });
}

tensor *t_upsample_nearest(tensor *x, int64_t factor)
{
    return wrap({x}, [&] {
        if (x->value.dim() != 4 || factor < 1) reject("pictures (N, C, H, W) grow by a factor of 1 or more");
        return at::upsample_nearest2d(x->value, {factor * x->value.size(2), factor * x->value.size(3)});
    });
}

tensor *t_channels_last(tensor *x)
{
    return wrap({x}, [&] { return x->value.contiguous(at::MemoryFormat::ChannelsLast); });
}

tensor *t_sinusoids(int64_t length, int64_t width)
{
    return wrap({}, [&] {
        at::Tensor table = at::empty({length, width}, at::TensorOptions().dtype(at::kFloat));
        float *out = table.data_ptr<float>();
        for (int64_t t = 0; t < length; t++)
            for (int64_t i = 0; i < width; i++) {
                double angle = static_cast<double>(t) * std::exp(-std::log(10000.0) * static_cast<double>(i / 2 * 2) /
                                                                 static_cast<double>(width));
                out[t * width + i] = static_cast<float>(i % 2 ? std::cos(angle) : std::sin(angle));
            }
        return on_device(table);
    });
}

tensor *t_attention(tensor *q, tensor *k, tensor *v, tensor *mask, bool causal)
{
    return wrap({q, k, v, optional(mask)}, [&] {
        return at::scaled_dot_product_attention(q->value, k->value, v->value, value_or_none(mask), 0.0, causal);
    });
}

/* ---- losses ------------------------------------------------------------------------------------------------------ */

static int64_t torch_reduction(t_reduction reduction)
{
    switch (reduction) {
    case T_MEAN: return at::Reduction::Mean;
    case T_SUM: return at::Reduction::Sum;
    case T_NONE: return at::Reduction::None;
    }
    reject("unknown reduction");
}

tensor *t_cross_entropy(tensor *logits, tensor *labels, tensor *class_weight, double label_smoothing,
                        t_reduction reduction)
{
    return wrap({logits, labels, optional(class_weight)}, [&] {
        return at::cross_entropy_loss(logits->value, labels->value, value_or_none(class_weight),
                                      torch_reduction(reduction), T_IGNORE, label_smoothing);
    });
}

tensor *t_mse(tensor *a, tensor *b, t_reduction reduction)
{
    return wrap({a, b}, [&] { return at::mse_loss(a->value, b->value, torch_reduction(reduction)); });
}

tensor *t_cosine_similarity(tensor *a, tensor *b, int dim, double eps)
{
    return wrap({a, b}, [&] { return at::cosine_similarity(a->value, b->value, dim, eps); });
}

tensor *t_normalize(tensor *x, int dim, double eps)
{
    return wrap({x}, [&] {
        at::Tensor length = at::linalg_vector_norm(x->value, 2, at::IntArrayRef{dim}, true);
        return at::div(x->value, length.clamp_min(eps));
    });
}
