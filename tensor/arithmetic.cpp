/* arithmetic - operations element by element, products and reductions. */
#include "tensor/private.hpp"

tensor *t_add(tensor *a, tensor *b)
{
    return wrap({a, b}, [&] { return at::add(a->value, b->value); });
}

tensor *t_sub(tensor *a, tensor *b)
{
    return wrap({a, b}, [&] { return at::sub(a->value, b->value); });
}

tensor *t_mul(tensor *a, tensor *b)
{
    return wrap({a, b}, [&] { return at::mul(a->value, b->value); });
}

tensor *t_div(tensor *a, tensor *b)
{
    return wrap({a, b}, [&] { return at::div(a->value, b->value); });
}

tensor *t_scale(tensor *x, double by)
{
    return wrap({x}, [&] { return at::mul(x->value, by); });
}

tensor *t_shift(tensor *x, double by)
{
    return wrap({x}, [&] { return at::add(x->value, by); });
}

tensor *t_pow(tensor *x, double exponent)
{
    return wrap({x}, [&] { return at::pow(x->value, exponent); });
}

tensor *t_neg(tensor *x)
{
    return wrap({x}, [&] { return at::neg(x->value); });
}

tensor *t_exp(tensor *x)
{
    return wrap({x}, [&] { return at::exp(x->value); });
}

tensor *t_log(tensor *x)
{
    return wrap({x}, [&] { return at::log(x->value); });
}

tensor *t_sqrt(tensor *x)
{
    return wrap({x}, [&] { return at::sqrt(x->value); });
}

tensor *t_tanh(tensor *x)
{
    return wrap({x}, [&] { return at::tanh(x->value); });
}

tensor *t_sigmoid(tensor *x)
{
    return wrap({x}, [&] { return at::sigmoid(x->value); });
}

tensor *t_relu(tensor *x)
{
    return wrap({x}, [&] { return at::relu(x->value); });
}

tensor *t_gelu(tensor *x)
{
    return wrap({x}, [&] { return at::gelu(x->value); });
}

tensor *t_gelu_tanh(tensor *x)
{
    return wrap({x}, [&] { return at::gelu(x->value, "tanh"); });
}

tensor *t_matmul(tensor *a, tensor *b)
{
    return wrap({a, b}, [&] { return at::matmul(a->value, b->value); });
}

tensor *t_sum(tensor *x, int dim, bool keep)
{
    return wrap({x}, [&] { return at::sum(x->value, dim, keep); });
}

tensor *t_mean(tensor *x, int dim, bool keep)
{
    return wrap({x}, [&] { return at::mean(x->value, dim, keep); });
}

tensor *t_max(tensor *x, int dim)
{
    return wrap({x}, [&] { return std::get<0>(at::max(x->value, dim)); });
}

tensor *t_argmax(tensor *x, int dim)
{
    return wrap({x}, [&] { return at::argmax(x->value, dim); });
}

tensor *t_sum_all(tensor *x)
{
    return wrap({x}, [&] { return at::sum(x->value); });
}

tensor *t_mean_all(tensor *x)
{
    return wrap({x}, [&] { return at::mean(x->value); });
}

tensor *t_topk(tensor *x, int64_t k, tensor **indices)
{
    if (indices) *indices = nullptr;
    return wrap({x}, [&] {
        auto [values, at] = at::topk(x->value, k);
        if (indices) *indices = scope_add(at);
        return values;
    });
}

tensor *t_eq(tensor *a, tensor *b)
{
    return wrap({a, b}, [&] { return at::eq(a->value, b->value); });
}

tensor *t_where(tensor *condition, tensor *a, tensor *b)
{
    return wrap({condition, a, b}, [&] { return at::where(condition->value, a->value, b->value); });
}

tensor *t_masked_fill(tensor *x, tensor *mask, double value)
{
    return wrap({x, mask}, [&] { return at::masked_fill(x->value, mask->value, value); });
}
