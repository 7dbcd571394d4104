/* transformer - PyTorch's TransformerEncoderLayer, post-norm with ReLU, one after the other. */
#include "tensor/module.hpp"

#include "tensor/first_weights.h"

#include <string>

static const double NORM_EPS = 1e-5;
enum part { ATTENTION, LINEAR1, LINEAR2, NORM1, NORM2 }; /* children of a layer, in the order of their creation */

static void add_layer(module *layers, int64_t number, int64_t width, int64_t heads, int64_t hidden)
{
    module *m = module_child(layers, std::to_string(number).c_str());
    nn_fused_attention(m, "self_attn", width, heads, NAMES_TORCH, joint_init(width), default_init(width));
    linear_default(m, "linear1", width, hidden);
    linear_default(m, "linear2", hidden, width);
    nn_layer_norm(m, "norm1", width, NORM_EPS);
    nn_layer_norm(m, "norm2", width, NORM_EPS);
}

module *nn_transformer_encoder(module *parent, const char *name, int64_t layers, int64_t width, int64_t heads,
                               int64_t hidden)
{
    module *m = layer_child(parent, name, layer::transformer), *list = module_child(m, "layers");
    guard({}, [&] {
        if (layers < 1) reject("a transformer has at least one layer");
        for (int64_t i = 0; i < layers; i++) add_layer(list, i, width, heads, hidden);
        return true;
    });
    return complete(m);
}

/* x (B, T, D) -> (B, first or T, D) */
static tensor *layer_forward(const module &m, tensor *x, tensor *mask, int64_t first)
{
    tensor *seen = nn_fused_attention_masked_forward(m.children[ATTENTION].get(), x, mask, first);
    tensor *asked = first ? t_narrow(x, 1, 0, first) : x;
    x = nn_layer_norm_forward(m.children[NORM1].get(), t_add(asked, seen));
    tensor *inner = t_relu(nn_linear_forward(m.children[LINEAR1].get(), x));
    return nn_layer_norm_forward(m.children[NORM2].get(),
                                 t_add(x, nn_linear_forward(m.children[LINEAR2].get(), inner)));
}

tensor *nn_transformer_encoder_forward(module *m, tensor *x, tensor *mask, int64_t first)
{
    return guard({x, optional(mask)}, [&] {
        const auto &layers = expect(m, layer::transformer).children.front()->children;
        for (const auto &one : layers) x = layer_forward(*one, x, mask, one == layers.back() ? first : 0);
        return x;
    });
}
