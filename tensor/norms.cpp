/* norms - batch norm: statistics of slices, and running ones that move once a step.
 *
 * What a slice saw is collected in the place of a gradient, as its distance from the running statistics times the
 * slice's share of the step. So micro-batches and ranks add up as they do for gradients, in the same buckets and, where
 * asked for, the same tree; and a norm that a step passed by does not move.
 */
#include "tensor/module.hpp"

static const double MOMENTUM = 0.1;

void batch_norm_begin(double share)
{
    pass_of_thread().statistics = true;
    pass_of_thread().share = share;
}

void batch_norm_end(void)
{
    pass_of_thread().statistics = false;
}

module *nn_batch_norm(module *parent, const char *name, int64_t channels, double eps)
{
    const t_init zeros = {t_init::INIT_ZEROS, 0}, ones = {t_init::INIT_ONES, 0};
    module *m = layer_child(parent, name, layer::batch_norm);
    if (!m) return nullptr;
    m->eps = eps;
    m->momentum = MOMENTUM;
    m->weight = module_parameter(m, "weight", &channels, 1, ones);
    m->bias = module_parameter(m, "bias", &channels, 1, zeros);
    m->mean = module_buffer(m, "running_mean", &channels, 1, zeros);
    m->variance = module_buffer(m, "running_var", &channels, 1, ones);
    return complete(m);
}

/* The gradient of a buffer, as its handle is const. */
static void collect(const tensor &running, const at::Tensor &seen, double share)
{
    at::Tensor collected = running.value.grad();
    if (collected.defined()) collected.add_(seen.sub(running.value), share);
}

static at::Tensor with_statistics_of(const module &norm, const at::Tensor &x)
{
    if (x.dim() < 2 || x.numel() <= x.size(1)) reject("batch norm needs more than one value a channel");
    at::Tensor mean = at::zeros_like(norm.mean->value), variance = at::zeros_like(norm.variance->value);
    at::Tensor out = at::batch_norm(x, norm.weight->value, norm.bias->value, mean, variance, true, 1.0, norm.eps, true);
    double share = pass_of_thread().share;
    at::NoGradGuard pause;
    if (share > 0) {
        collect(*norm.mean, mean, share);
        collect(*norm.variance, variance, share);
    }
    return out;
}

static at::Tensor batch_norm(const module &norm, const at::Tensor &x)
{
    if (pass_of_thread().statistics && norm.weight->value.requires_grad()) return with_statistics_of(norm, x);
    return at::batch_norm(x, norm.weight->value, norm.bias->value, norm.mean->value, norm.variance->value, false, 0,
                          norm.eps, true);
}

tensor *nn_batch_norm_forward(module *m, tensor *x)
{
    return wrap({x}, [&] { return batch_norm(expect(m, layer::batch_norm), x->value); });
}

/* In place: what the norm made is new, and its backward does not read it. */
tensor *nn_batch_norm_relu_forward(module *m, tensor *x, tensor *more)
{
    return wrap({x, optional(more)}, [&] {
        at::Tensor y = batch_norm(expect(m, layer::batch_norm), x->value);
        if (more) y.add_(more->value);
        return y.relu_();
    });
}

void move_statistics(module &m)
{
    if (m.kind == layer::batch_norm)
        for (tensor *running : {m.mean, m.variance})
            if (running->value.grad().defined()) running->value.add_(running->value.grad(), m.momentum);
    for (const auto &child : m.children) move_statistics(*child);
}
