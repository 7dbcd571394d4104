/* recurrent - LSTM, one layer at a time, so that the dropout between them is that of everything else (by sample). */
#include "tensor/module.hpp"

#include <cmath>

static const char *const PARTS[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
enum { PART_COUNT = 4, GATES = 4 };

static void add_direction(module *m, int64_t layer, int64_t in, bool reverse)
{
    const t_init init = {t_init::INIT_UNIFORM, 1 / std::sqrt(static_cast<double>(m->hidden))};
    const int64_t rows = GATES * m->hidden, widths[] = {in, m->hidden};
    for (int p = 0; p < PART_COUNT; p++) {
        const int64_t shape[] = {rows, p < 2 ? widths[p] : 0};
        std::string name = std::string(PARTS[p]) + "_l" + std::to_string(layer) + (reverse ? "_reverse" : "");
        module_parameter(m, name.c_str(), shape, p < 2 ? 2 : 1, init);
    }
}

module *nn_lstm(module *parent, const char *name, int64_t in, int64_t hidden, int64_t layers, bool bidirectional)
{
    module *m = layer_child(parent, name, layer::lstm);
    if (!m) return nullptr;
    guard({}, [&] {
        if (hidden < 1 || layers < 1) reject("an LSTM has at least one layer, of width 1 or more");
        m->hidden = hidden;
        m->layers = layers;
        m->directions = bidirectional ? 2 : 1;
        for (int64_t l = 0; l < layers; l++)
            for (int64_t d = 0; d < m->directions; d++) add_direction(m, l, l ? hidden * m->directions : in, d == 1);
        return true;
    });
    return complete(m);
}

/* cuDNN says at every call that it has to join the weights, which are parameters of their own here. */
struct silence : c10::WarningHandler {
    void process(const c10::Warning &) override
    {
    }
};

static at::Tensor layer_of(const module &m, int64_t layer, const at::Tensor &x)
{
    auto count = static_cast<size_t>(m.directions * PART_COUNT);
    at::Tensor zeros = at::zeros({m.directions, x.size(0), m.hidden}, x.options());
    std::vector<at::Tensor> parameters, states = {zeros, zeros};
    for (size_t p = 0; p < count; p++) parameters.push_back(m.own[static_cast<size_t>(layer) * count + p]->value);
    silence silent;
    c10::WarningUtils::WarningHandlerGuard quiet(&silent);
    return std::get<0>(
        at::lstm(x, states, parameters, true, 1, 0.0, at::GradMode::is_enabled(), m.directions == 2, true));
}

tensor *nn_lstm_forward(module *m, tensor *x, double dropout)
{
    int64_t layers = guard({x}, [&] { return expect(m, layer::lstm).layers; });
    for (int64_t l = 0; l < layers; l++) {
        if (l) x = t_dropout(x, dropout);
        x = wrap({x}, [&] {
            if (x->value.dim() != 3) reject("an LSTM takes (B, T, in)");
            return layer_of(*m, l, x->value);
        });
    }
    return layers ? x : nullptr;
}
