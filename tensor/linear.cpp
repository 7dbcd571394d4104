/* linear - matrix products by the library that is fast on this processor.
 *
 * libtorch multiplies float32 matrices with MKL, which on processors of AMD takes a path of half their speed; oneDNN,
 * which libtorch holds as well, does not. Large linear layers go through oneDNN there, forward and backward; everything
 * else is at::linear. oneDNN makes code for each new shape once (milliseconds), so callers do well to keep to few
 * shapes.
 */
#include "tensor/private.hpp"

#include <torch/csrc/autograd/function.h>

/* result = beta * result + alpha * a b. No header of libtorch tells of it; a build without oneDNN lacks it. */
namespace at::native
{
__attribute__((weak)) void mkldnn_matmul(const Tensor &a, const Tensor &b, const Tensor &result, float beta,
                                         float alpha);
}

namespace at::autocast
{
TORCH_API bool is_autocast_enabled(at::DeviceType device_type);
}

/* Multiplications below which making and finding oneDNN's code costs more than it saves. */
static const int64_t WORTHWHILE = 1 << 20;

static bool processor_wants_it()
{
#if defined(__x86_64__)
    static const bool wants = at::native::mkldnn_matmul && __builtin_cpu_is("amd") && __builtin_cpu_supports("avx2");
    return wants;
#else
    return false;
#endif
}

static bool plain(const at::Tensor &x)
{
    return x.is_cpu() && x.scalar_type() == at::kFloat;
}

static bool worthwhile(const at::Tensor &x, const at::Tensor &weight)
{
    if (!processor_wants_it() || !plain(x) || !plain(weight) || at::autocast::is_autocast_enabled(at::kCPU))
        return false;
    return weight.dim() == 2 && x.dim() >= 2 && x.size(-1) == weight.size(1) &&
           x.numel() * weight.size(0) >= WORTHWHILE;
}

static at::Tensor rows_of(const at::Tensor &x)
{
    return x.contiguous().view({-1, x.size(-1)});
}

static at::Tensor product_of(const at::Tensor &a, const at::Tensor &b)
{
    at::Tensor product = at::empty({a.size(0), b.size(1)}, a.options());
    at::native::mkldnn_matmul(a, b, product, 0, 1);
    return product;
}

namespace
{
struct linear_backward : torch::autograd::Node {
    at::Tensor x;               /* (M, K) */
    at::Tensor weight;          /* (N, K) */
    std::vector<int64_t> shape; /* of x as it came */

    torch::autograd::variable_list apply(torch::autograd::variable_list &&gradients) override
    {
        torch::autograd::variable_list out(num_outputs());
        if (!gradients[0].defined()) return out;
        if (!x.defined()) reject("backward a second time through a linear layer");
        at::NoGradGuard pause;
        at::Tensor gradient = rows_of(gradients[0]); /* (M, N) */
        if (task_should_compute_output(0)) out[0] = product_of(gradient, weight).view(shape);
        if (task_should_compute_output(1)) out[1] = product_of(gradient.t(), x);
        if (out.size() > 2 && task_should_compute_output(2)) out[2] = gradient.sum(0);
        return out;
    }

    void release_variables() override
    {
        x.reset();
        weight.reset();
    }

    std::string name() const override
    {
        return "linear_backward";
    }
};
} // namespace

/* (M, K) times (N, K) transposed, plus bias (N) where there is one. */
static at::Tensor forward(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias)
{
    at::NoGradGuard pause;
    if (!bias) return product_of(x, weight.t());
    at::Tensor out = bias->expand({x.size(0), weight.size(0)}).contiguous();
    at::native::mkldnn_matmul(x, weight.t(), out, 1, 1);
    return out;
}

at::Tensor fast_linear(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias)
{
    if (!worthwhile(x, weight)) return at::linear(x, weight, bias);
    std::vector<int64_t> shape = x.sizes().vec();
    at::Tensor rows = rows_of(x.detach());
    at::Tensor out = forward(rows, weight.detach(), bias);
    shape.back() = weight.size(0);
    out = out.view(shape);
    bool recorded = x.requires_grad() || weight.requires_grad() || (bias && bias->requires_grad());
    if (!recorded || !at::GradMode::is_enabled()) return out;
    auto node = std::make_shared<linear_backward>();
    node->x = rows;
    node->weight = weight.detach();
    node->shape = x.sizes().vec();
    node->set_next_edges(bias ? torch::autograd::collect_next_edges(x, weight, *bias)
                              : torch::autograd::collect_next_edges(x, weight));
    uint32_t number = node->add_input_metadata(out);
    torch::autograd::impl::set_gradient_edge(out, {node, number});
    return out;
}
