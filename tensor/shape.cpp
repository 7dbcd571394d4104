/* shape - views, joins and picks. */
#include "tensor/private.hpp"

tensor *t_reshape(tensor *x, const int64_t *shape, int dims)
{
    return wrap({x}, [&] { return x->value.reshape(shape_ref(shape, dims)); });
}

tensor *t_transpose(tensor *x, int a, int b)
{
    return wrap({x}, [&] { return x->value.transpose(a, b); });
}

tensor *t_permute(tensor *x, const int64_t *order, int dims)
{
    return wrap({x}, [&] { return x->value.permute(shape_ref(order, dims)); });
}

tensor *t_contiguous(tensor *x)
{
    return wrap({x}, [&] { return x->value.contiguous(); });
}

tensor *t_unsqueeze(tensor *x, int dim)
{
    return wrap({x}, [&] { return x->value.unsqueeze(dim); });
}

tensor *t_squeeze(tensor *x, int dim)
{
    return wrap({x}, [&] { return x->value.squeeze(dim); });
}

tensor *t_expand(tensor *x, const int64_t *shape, int dims)
{
    return wrap({x}, [&] { return x->value.expand(shape_ref(shape, dims)); });
}

tensor *t_narrow(tensor *x, int dim, int64_t start, int64_t length)
{
    return wrap({x}, [&] { return x->value.narrow(dim, start, length); });
}

tensor *t_select(tensor *x, int dim, int64_t index)
{
    return wrap({x}, [&] { return x->value.select(dim, index); });
}

tensor *t_cat(tensor *const *x, int count, int dim)
{
    return wrap({}, [&] { return at::cat(values_of(x, count), dim); });
}

tensor *t_stack(tensor *const *x, int count, int dim)
{
    return wrap({}, [&] { return at::stack(values_of(x, count), dim); });
}

tensor *t_index_select(tensor *x, int dim, tensor *index)
{
    return wrap({x, index}, [&] { return at::index_select(x->value, dim, index->value); });
}

tensor *t_gather(tensor *x, int dim, tensor *index)
{
    return wrap({x, index}, [&] { return at::gather(x->value, dim, index->value); });
}

tensor *t_index_add(tensor *x, int dim, tensor *index, tensor *source)
{
    return wrap({x, index, source}, [&] { return at::index_add(x->value, dim, index->value, source->value); });
}

tensor *t_cast(tensor *x, t_type type)
{
    return wrap({x}, [&] { return x->value.to(torch_type(type)); });
}

tensor *t_detach(tensor *x)
{
    return wrap({x}, [&] { return x->value.detach(); });
}

tensor *t_clone(tensor *x)
{
    return wrap({x}, [&] { return x->value.clone(); });
}
