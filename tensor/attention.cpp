/* attention - self-attention whose queries, keys and values come from one matrix. */
#include "tensor/module.hpp"

#include <cmath>

module *nn_fused_attention(module *parent, const char *name, int64_t width, int64_t heads, attention_names names,
                           t_init in, t_init out)
{
    const t_init zeros = {t_init::INIT_ZEROS, 0};
    module *m = layer_child(parent, name, layer::fused_attention);
    if (!m) return nullptr;
    guard({}, [&] {
        if (heads < 1 || width % heads) reject("the width of attention is no multiple of its heads");
        return true;
    });
    m->heads = heads;
    if (names == NAMES_TORCH) {
        const int64_t shape[] = {3 * width, width};
        m->weight = module_parameter(m, "in_proj_weight", shape, 2, in);
        m->bias = module_parameter(m, "in_proj_bias", shape, 1, zeros);
    } else if (module *joint = nn_linear(m, "qkv", width, 3 * width, true, in)) {
        m->weight = joint->weight;
        m->bias = joint->bias;
    }
    m->output = nn_linear(m, names == NAMES_TORCH ? "out_proj" : "proj", width, width, true, out);
    return complete(m);
}

/* `count` of queries (0), keys (1) and values (2) from the `from`-th on: (B, T, count D). */
static at::Tensor project(const module &m, const at::Tensor &x, int64_t from, int64_t count)
{
    int64_t width = x.size(-1);
    if (count == 3) return fast_linear(x, m.weight->value, m.bias->value);
    return fast_linear(x, m.weight->value.narrow(0, from * width, count * width),
                       m.bias->value.narrow(0, from * width, count * width));
}

/* (B, T, parts D) -> parts of (B, H, T, D / H) */
static std::vector<at::Tensor> split_heads(const at::Tensor &x, int64_t parts, int64_t heads)
{
    return x.view({x.size(0), x.size(1), parts, heads, x.size(2) / parts / heads}).permute({2, 0, 3, 1, 4}).unbind(0);
}

static void check(const module &m, const at::Tensor &x)
{
    if (x.dim() != 3 || x.size(2) * 3 != m.weight->value.size(0)) reject("attention takes (B, T, D)");
}

/* (B, T) as what every head and place of its sample may look at. */
static std::optional<at::Tensor> over_places(const tensor *mask, const at::Tensor &x)
{
    if (!mask) return std::nullopt;
    if (mask->value.sizes() != x.sizes().slice(0, 2)) reject("a mask has the batch and length of what it is for");
    return mask->value.unsqueeze(1).unsqueeze(1);
}

static at::Tensor attend(const module &m, const at::Tensor &x, const tensor *mask, int64_t first)
{
    check(m, x);
    if (first < 0 || first > x.size(1)) reject("more positions are asked for than there are");
    std::vector<at::Tensor> heads;
    if (first && first < x.size(1)) {
        heads = split_heads(project(m, x.narrow(1, 0, first), 0, 1), 1, m.heads);
        for (const at::Tensor &part : split_heads(project(m, x, 1, 2), 2, m.heads)) heads.push_back(part);
    } else {
        heads = split_heads(project(m, x, 0, 3), 3, m.heads);
    }
    at::Tensor seen = at::scaled_dot_product_attention(heads[0], heads[1], heads[2], over_places(mask, x));
    return linear(*m.output, seen.transpose(1, 2).reshape({x.size(0), seen.size(2), x.size(2)}));
}

tensor *nn_fused_attention_forward(module *m, tensor *x, int64_t first)
{
    return nn_fused_attention_masked_forward(m, x, nullptr, first);
}

tensor *nn_fused_attention_masked_forward(module *m, tensor *x, tensor *mask, int64_t first)
{
    return wrap({x, optional(mask)}, [&] { return attend(expect(m, layer::fused_attention), x->value, mask, first); });
}

tensor *nn_fused_attention_weights(module *module_of, tensor *x)
{
    return wrap({x}, [&] {
        at::NoGradGuard pause;
        const module &m = expect(module_of, layer::fused_attention);
        check(m, x->value);
        at::Tensor q = split_heads(project(m, x->value.narrow(1, 0, 1), 0, 1), 1, m.heads)[0]; /* (B, H, 1, D / H) */
        at::Tensor k = split_heads(project(m, x->value, 1, 1), 1, m.heads)[0];                 /* (B, H, T, D / H) */
        at::Tensor scores = at::matmul(q, k.transpose(-1, -2)).div(std::sqrt(static_cast<double>(q.size(-1))));
        return at::softmax(scores, -1).mean(1).squeeze(1);
    });
}
