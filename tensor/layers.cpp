/* layers - modules with a forward of their own. */
#include "tensor/module.hpp"

static const t_init ZEROS = {t_init::INIT_ZEROS, 0}, ONES = {t_init::INIT_ONES, 0};

module *layer_child(module *parent, const char *name, layer kind)
{
    module *m = module_child(parent, name);
    if (m) m->kind = kind;
    return m;
}

module *complete(module *m)
{
    return sticky_waiting() ? nullptr : m;
}

const module &expect(const module *m, layer kind)
{
    if (!m || m->kind != kind) reject("the module is missing or of another kind");
    return *m;
}

module *nn_linear(module *parent, const char *name, int64_t in, int64_t out, bool bias, t_init weight)
{
    module *m = layer_child(parent, name, layer::linear);
    if (!m) return nullptr;
    const int64_t shape[] = {out, in};
    m->weight = module_parameter(m, "weight", shape, 2, weight);
    if (bias) m->bias = module_parameter(m, "bias", shape, 1, ZEROS);
    return complete(m);
}

at::Tensor linear(const module &m, const at::Tensor &x)
{
    return fast_linear(x, m.weight->value, value_or_none(m.bias));
}

tensor *nn_linear_forward(module *m, tensor *x)
{
    return wrap({x}, [&] { return linear(expect(m, layer::linear), x->value); });
}

tensor *nn_composed_forward(module *whole, module *const *parts, tensor *const *part_of, int count, tensor *x)
{
    tensor *weight = module_find(whole, "weight"), *bias = module_find(whole, "bias");
    for (int i = 0; i < count; i++) {
        weight = t_add(weight, t_index_select(module_find(parts[i], "weight"), 0, part_of[i]));
        bias = t_add(bias, t_index_select(module_find(parts[i], "bias"), 0, part_of[i]));
    }
    return t_linear(x, weight, bias);
}

module *nn_embedding(module *parent, const char *name, int64_t rows, int64_t width, t_init weight)
{
    module *m = layer_child(parent, name, layer::embedding);
    if (!m) return nullptr;
    const int64_t shape[] = {rows, width};
    m->weight = module_parameter(m, "weight", shape, 2, weight);
    if (m->weight) module_mark_sparse(m, m->weight);
    return complete(m);
}

tensor *nn_embedding_forward(module *m, tensor *ids)
{
    tensor *weight = guard({}, [&] { return expect(m, layer::embedding).weight; });
    return t_embedding(weight, ids);
}

module *nn_layer_norm(module *parent, const char *name, int64_t width, double eps)
{
    module *m = layer_child(parent, name, layer::norm);
    if (!m) return nullptr;
    m->eps = eps;
    m->weight = module_parameter(m, "weight", &width, 1, ONES);
    m->bias = module_parameter(m, "bias", &width, 1, ZEROS);
    return complete(m);
}

tensor *nn_layer_norm_forward(module *m, tensor *x)
{
    return wrap({x}, [&] {
        const module &norm = expect(m, layer::norm);
        return at::layer_norm(x->value, norm.weight->value.sizes(), norm.weight->value, norm.bias->value, norm.eps);
    });
}

module *nn_conv2d(module *parent, const char *name, int64_t in, int64_t out, int64_t size, int64_t stride,
                  int64_t padding, bool bias, t_init weight)
{
    const conv2d_options options = {in, out, size, stride, padding, 1, 1, bias, weight};
    return nn_conv2d_of(parent, name, &options);
}

module *nn_conv2d_of(module *parent, const char *name, const conv2d_options *o)
{
    module *m = layer_child(parent, name, layer::conv);
    if (!m) return nullptr;
    guard({}, [&] {
        if (o->groups < 1 || o->in % o->groups || o->out % o->groups)
            reject("the channels of a convolution are no multiple of its groups");
        return true;
    });
    if (sticky_waiting()) return nullptr;
    const int64_t shape[] = {o->out, o->in / o->groups, o->size, o->size};
    m->stride = o->stride;
    m->padding = o->padding;
    m->dilation = o->dilation;
    m->groups = o->groups;
    m->weight = module_parameter(m, "weight", shape, 4, o->weight);
    if (o->bias) m->bias = module_parameter(m, "bias", shape, 1, ZEROS);
    return complete(m);
}

tensor *nn_conv2d_forward(module *m, tensor *x)
{
    return wrap({x}, [&] {
        const module &conv = expect(m, layer::conv);
        return at::conv2d(x->value, conv.weight->value, value_or_none(conv.bias), conv.stride, conv.padding,
                          conv.dilation, conv.groups);
    });
}

module *nn_group_norm(module *parent, const char *name, int64_t groups, int64_t channels, double eps)
{
    module *m = layer_child(parent, name, layer::group_norm);
    if (!m) return nullptr;
    guard({}, [&] {
        if (groups < 1 || channels % groups) reject("the channels of a group norm are no multiple of its groups");
        return true;
    });
    m->groups = groups;
    m->eps = eps;
    m->weight = module_parameter(m, "weight", &channels, 1, ONES);
    m->bias = module_parameter(m, "bias", &channels, 1, ZEROS);
    return complete(m);
}

tensor *nn_group_norm_forward(module *m, tensor *x)
{
    return wrap({x}, [&] {
        const module &norm = expect(m, layer::group_norm);
        return at::group_norm(x->value, norm.groups, norm.weight->value, norm.bias->value, norm.eps);
    });
}

/* ---- attention --------------------------------------------------------------------------------------------------- */

module *nn_attention(module *parent, const char *name, int64_t width, int64_t heads, t_init weight)
{
    module *m = layer_child(parent, name, layer::attention);
    if (!m) return nullptr;
    guard({}, [&] {
        if (heads < 1 || width % heads) reject("the width of attention is no multiple of its heads");
        return true;
    });
    m->heads = heads;
    m->query = nn_linear(m, "query", width, width, true, weight);
    m->key = nn_linear(m, "key", width, width, true, weight);
    m->value = nn_linear(m, "value", width, width, true, weight);
    m->output = nn_linear(m, "output", width, width, true, weight);
    return complete(m);
}

/* (B, T, D) -> (B, H, T, D / H) */
static at::Tensor split_heads(const at::Tensor &x, int64_t heads)
{
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

static at::Tensor attend(const module &m, const at::Tensor &x, std::optional<at::Tensor> mask, bool causal,
                         int64_t first)
{
    if (x.dim() != 3) reject("attention takes (B, T, D)");
    if (first < 0 || first > x.size(1)) reject("more positions are asked for than there are");
    at::Tensor asked = first ? x.narrow(1, 0, first) : x; /* (B, first, D) */
    if (first && mask && mask->dim() >= 2 && mask->size(-2) > 1) mask = mask->narrow(-2, 0, first);
    at::Tensor q = split_heads(linear(*m.query, asked), m.heads);
    at::Tensor k = split_heads(linear(*m.key, x), m.heads);
    at::Tensor v = split_heads(linear(*m.value, x), m.heads);
    at::Tensor seen = at::scaled_dot_product_attention(q, k, v, mask, 0.0, causal); /* (B, H, first, D / H) */
    return linear(*m.output, seen.transpose(1, 2).reshape(asked.sizes()));
}

tensor *nn_attention_forward(module *m, tensor *x, tensor *mask, bool causal, int64_t first)
{
    return wrap({x, optional(mask)},
                [&] { return attend(expect(m, layer::attention), x->value, value_or_none(mask), causal, first); });
}
