/* optim - fused steps over all parameters at once, as torch.optim with fused=True does them. */
#include "tensor/module.hpp"

#include "tensor/image.h"
#include "tensor/optim.h"

#include <cmath>

enum class rule { adamw, sgd };

/* Parameters of equal weight decay, and their state in the same order. */
struct group {
    double decay;
    std::vector<tensor *> parameters, first, second; /* first: moment or momentum; second: AdamW's alone */
};

struct optim {
    rule kind;
    module *of; /* borrowed */
    adamw_options adamw;
    sgd_options sgd;
    double lr;
    std::vector<group> groups;
    tensor *step = nullptr;         /* () float32: steps taken; AdamW's */
    std::vector<std::string> names; /* of the state, for saving */
    std::vector<tensor *> state;

    ~optim()
    {
        for (tensor *x : state) tensor_delete(x);
    }
};

static tensor *new_state(optim &o, const std::string &name, const at::Tensor &zeros)
{
    o.state.reserve(o.state.size() + 1);
    o.names.push_back(name);
    o.state.push_back(tensor_new(zeros));
    return o.state.back();
}

static void add_parameters(optim &o, const module &m, double decay, bool decay_bias)
{
    double most = decay_bias ? decay : 0;
    o.groups = {{decay, {}, {}, {}}, {most, {}, {}, {}}};
    for (const named_parameter &p : m.all) {
        if (!p.of->value.requires_grad()) continue;
        group &g = o.groups[p.of->value.dim() <= 1 && !decay_bias];
        at::Tensor value = p.of->value.detach();
        g.parameters.push_back(p.of);
        if (o.kind == rule::adamw) {
            g.first.push_back(new_state(o, "exp_avg." + p.name, at::zeros_like(value)));
            g.second.push_back(new_state(o, "exp_avg_sq." + p.name, at::zeros_like(value)));
        } else if (o.sgd.momentum != 0) {
            g.first.push_back(new_state(o, "momentum." + p.name, at::zeros_like(value)));
        }
    }
}

static bool fraction(double x)
{
    return x >= 0 && x < 1;
}

static status check_adamw(const adamw_options *o)
{
    if (!std::isfinite(o->lr) || o->lr < 0) return FAIL(ERR_CONFIG, "AdamW: the learning rate is %g", o->lr);
    if (!fraction(o->beta1) || !fraction(o->beta2))
        return FAIL(ERR_CONFIG, "AdamW: the betas are %g and %g and belong in [0, 1)", o->beta1, o->beta2);
    if (!std::isfinite(o->eps) || o->eps < 0) return FAIL(ERR_CONFIG, "AdamW: eps is %g", o->eps);
    if (!std::isfinite(o->weight_decay) || o->weight_decay < 0)
        return FAIL(ERR_CONFIG, "AdamW: the weight decay is %g", o->weight_decay);
    return OK;
}

static status check_sgd(const sgd_options *o)
{
    if (!std::isfinite(o->lr) || o->lr < 0) return FAIL(ERR_CONFIG, "SGD: the learning rate is %g", o->lr);
    if (!std::isfinite(o->momentum) || o->momentum < 0) return FAIL(ERR_CONFIG, "SGD: the momentum is %g", o->momentum);
    if (o->nesterov && o->momentum <= 0) return FAIL(ERR_CONFIG, "SGD: Nesterov's way needs a momentum above 0");
    if (!std::isfinite(o->weight_decay) || o->weight_decay < 0)
        return FAIL(ERR_CONFIG, "SGD: the weight decay is %g", o->weight_decay);
    return OK;
}

status optim_adamw(module *m, const adamw_options *options, optim **out)
{
    status st = check_adamw(options);
    if (st != OK) return st;
    return wrap_status({}, [&] {
        if (!m) reject("the module is missing (NULL)");
        auto o = std::make_unique<optim>();
        o->kind = rule::adamw;
        o->of = m;
        o->adamw = *options;
        o->lr = options->lr;
        at::Tensor zero = at::zeros({}, at::TensorOptions().dtype(at::kFloat).device(device_in_use()));
        o->step = new_state(*o, "step", zero);
        add_parameters(*o, *m, options->weight_decay, options->decay_bias);
        *out = o.release();
    });
}

status optim_sgd(module *m, const sgd_options *options, optim **out)
{
    status st = check_sgd(options);
    if (st != OK) return st;
    return wrap_status({}, [&] {
        if (!m) reject("the module is missing (NULL)");
        auto o = std::make_unique<optim>();
        o->kind = rule::sgd;
        o->of = m;
        o->sgd = *options;
        o->lr = options->lr;
        add_parameters(*o, *m, options->weight_decay, true);
        *out = o.release();
    });
}

void optim_free(optim **o)
{
    if (!o) return;
    delete *o;
    *o = nullptr;
}

void optim_set_lr(optim *o, double lr)
{
    if (o) o->lr = lr;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* What a fused step takes: those of the group that still collect a gradient. */
struct operands {
    std::vector<at::Tensor> values, gradients, first, second;
};

static operands operands_of(const group &g)
{
    operands in;
    for (size_t i = 0; i < g.parameters.size(); i++) {
        const at::Tensor &value = g.parameters[i]->value;
        if (!value.requires_grad() || !value.grad().defined()) continue; /* frozen after the optimiser was made */
        in.values.push_back(value);
        in.gradients.push_back(value.grad());
        if (!g.first.empty()) in.first.push_back(g.first[i]->value);
        if (!g.second.empty()) in.second.push_back(g.second[i]->value);
    }
    return in;
}

static void adamw_step(optim &o)
{
    o.step->value.add_(1);
    for (const group &g : o.groups) {
        operands in = operands_of(g);
        if (in.values.empty()) continue;
        std::vector<at::Tensor> steps(in.values.size(), o.step->value);
        const adamw_options &how = o.adamw;
        if (how.coupled)
            at::_fused_adam_(in.values, in.gradients, in.first, in.second, {}, steps, o.lr, how.beta1, how.beta2,
                             g.decay, how.eps, false, false);
        else
            at::_fused_adamw_(in.values, in.gradients, in.first, in.second, {}, steps, o.lr, how.beta1, how.beta2,
                              g.decay, how.eps, false, false);
    }
}

/* With momentum from zero the first step is torch.optim's, which starts from the gradient. */
static void sgd_step(optim &o)
{
    for (const group &g : o.groups) {
        operands in = operands_of(g);
        if (in.values.empty()) continue;
        at::_fused_sgd_(in.values, in.gradients, in.first, g.decay, o.sgd.momentum, o.lr, 0.0, o.sgd.nesterov, false,
                        false);
    }
}

status optim_step(optim *o)
{
    return wrap_status({}, [&] {
        if (!o) reject("the optimiser is missing (NULL)");
        at::NoGradGuard pause;
        if (o->kind == rule::adamw) adamw_step(*o);
        else sgd_step(*o);
        move_statistics(*o->of);
    });
}

/* ---- clipping ---------------------------------------------------------------------------------------------------- */

static double joint_norm(const std::vector<tensor *> &parameters)
{
    std::vector<at::Tensor> parts;
    for (tensor *x : parameters) parts.push_back(x->rows ? row_set_gather(*x->rows, x->value.grad()) : x->value.grad());
    if (parts.empty()) return 0;
    return at::linalg_vector_norm(at::stack(at::_foreach_norm(parts, 2)), 2).item().toDouble();
}

static void scale_gradients(const std::vector<tensor *> &parameters, double by)
{
    std::vector<at::Tensor> dense;
    for (tensor *x : parameters) {
        if (x->rows) row_set_scale(*x->rows, x->value.mutable_grad(), by);
        else dense.push_back(x->value.grad());
    }
    if (!dense.empty()) at::_foreach_mul_(dense, by);
}

status grad_clip(module *m, double most, double *norm)
{
    return wrap_status({}, [&] {
        if (!m) reject("the module is missing (NULL)");
        at::NoGradGuard pause;
        std::vector<tensor *> parameters = trained_parameters(*m);
        double total = joint_norm(parameters);
        if (norm) *norm = total;
        if (std::isfinite(total) && total > most) scale_gradients(parameters, most / (total + 1e-6));
    });
}

/* ---- state ------------------------------------------------------------------------------------------------------- */

static const char *kind_name(const optim *o)
{
    if (o->kind == rule::sgd) return "sgd";
    return o->adamw.coupled ? "adam" : "adamw";
}

static std::vector<const char *> state_names(const optim *o)
{
    std::vector<const char *> names;
    for (const std::string &name : o->names) names.push_back(name.c_str());
    return names;
}

status optim_image(const optim *o, const char *name, file_image *out)
{
    const char *const metadata[] = {"kind", kind_name(o), nullptr};
    return tensor_file_image(name, o->state.data(), state_names(o).data(), o->state.size(), metadata, out);
}

status optim_load(optim *o, tensor_file *file)
{
    return state_load(file, kind_name(o), o->state.data(), state_names(o).data(), o->state.size());
}
