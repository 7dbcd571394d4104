/* make - tensors from numbers, and numbers from tensors. */
#include "tensor/private.hpp"

#include <cstring>

static const struct {
    at::ScalarType torch;
    size_t bytes;
} TYPES[] = {
    /* in the order of t_type */
    {at::kFloat, 4}, {at::kDouble, 8}, {at::kHalf, 2}, {at::kBFloat16, 2},
    {at::kInt, 4},   {at::kLong, 8},   {at::kByte, 1}, {at::kBool, 1},
};
static_assert(sizeof TYPES / sizeof *TYPES == T_BOOL + 1, "a type without its twin in libtorch");

at::ScalarType torch_type(t_type type)
{
    if (static_cast<size_t>(type) > T_BOOL) reject("unknown type of element");
    return TYPES[type].torch;
}

t_type own_type(at::ScalarType type)
{
    for (size_t i = 0; i <= T_BOOL; i++)
        if (TYPES[i].torch == type) return static_cast<t_type>(i);
    reject("a type of element that has no name here");
}

size_t type_bytes(t_type type)
{
    return static_cast<size_t>(type) > T_BOOL ? 0 : TYPES[type].bytes;
}

at::IntArrayRef shape_ref(const int64_t *shape, int dims)
{
    if (dims < 0 || dims > T_DIM_MAX || (dims && !shape)) reject("a shape has 0 to 8 dimensions");
    return {shape, static_cast<size_t>(dims)};
}

std::vector<at::Tensor> values_of(tensor *const *x, int count)
{
    std::vector<at::Tensor> values;
    for (int i = 0; i < count; i++) {
        if (!x[i]) reject("one of the tensors is missing (NULL)");
        values.push_back(x[i]->value);
    }
    return values;
}

static at::Tensor from_memory(t_type type, const void *data, at::IntArrayRef shape)
{
    at::Tensor host = staging_empty(torch_type(type), shape);
    if (host.nbytes() && !data) reject("there are no data");
    if (host.nbytes()) memcpy(host.data_ptr(), data, host.nbytes());
    if (type == T_BOOL) { /* a bool that is neither 0 nor 1 is undefined behaviour wherever it is read */
        auto *byte = static_cast<uint8_t *>(host.data_ptr());
        for (size_t i = 0; i < host.nbytes(); i++) byte[i] = byte[i] != 0;
    }
    return on_device(host);
}

tensor *t_from_f32(const float *data, const int64_t *shape, int dims)
{
    return wrap({}, [&] { return from_memory(T_F32, data, shape_ref(shape, dims)); });
}

tensor *t_from_i64(const int64_t *data, const int64_t *shape, int dims)
{
    return wrap({}, [&] { return from_memory(T_I64, data, shape_ref(shape, dims)); });
}

tensor *t_from_bytes(t_type type, const void *data, const int64_t *shape, int dims)
{
    return wrap({}, [&] { return from_memory(type, data, shape_ref(shape, dims)); });
}

tensor *t_staging(t_type type, const int64_t *shape, int dims)
{
    return wrap({}, [&] { return staging_empty(torch_type(type), shape_ref(shape, dims)); });
}

void *t_staging_memory(tensor *staging)
{
    return staging ? staging->value.data_ptr() : nullptr;
}

tensor *t_staging_send(tensor *staging)
{
    return wrap({staging}, [&] { return on_device(staging->value); });
}

static at::TensorOptions on(t_type type)
{
    return at::TensorOptions().dtype(torch_type(type)).device(device_in_use());
}

tensor *t_zeros(t_type type, const int64_t *shape, int dims)
{
    return wrap({}, [&] { return at::zeros(shape_ref(shape, dims), on(type)); });
}

tensor *t_full(t_type type, const int64_t *shape, int dims, double value)
{
    return wrap({}, [&] { return at::full(shape_ref(shape, dims), value, on(type)); });
}

tensor *t_randn(const int64_t *shape, int dims)
{
    return wrap({}, [&] { return on_device(at::randn(shape_ref(shape, dims))); });
}

tensor *t_arange(int64_t end)
{
    return wrap({}, [&] { return at::arange(end, on(T_I64)); });
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

int t_dims(const tensor *x)
{
    return x ? static_cast<int>(x->value.dim()) : 0;
}

int64_t t_size(const tensor *x, int dim)
{
    int64_t dims = t_dims(x), at = dim < 0 ? dim + dims : dim;
    return at >= 0 && at < dims ? x->value.size(at) : 0;
}

int64_t t_count(const tensor *x)
{
    return x ? x->value.numel() : 0;
}

t_type t_type_of(const tensor *x)
{
    return x ? guard({x}, [&] { return own_type(x->value.scalar_type()); }) : T_F32;
}

status t_item_f32(const tensor *x, float *out)
{
    return wrap_status({x}, [&] { *out = static_cast<float>(x->value.item().toDouble()); });
}

status t_item_f64(const tensor *x, double *out)
{
    return wrap_status({x}, [&] { *out = x->value.item().toDouble(); });
}

static void to_memory(const at::Tensor &x, at::ScalarType type, void *out, size_t bytes)
{
    if (static_cast<size_t>(x.numel()) * c10::elementSize(type) != bytes) reject("the buffer has another size");
    at::Tensor host = x.detach().to(at::kCPU, type).contiguous();
    if (bytes) memcpy(out, host.data_ptr(), bytes);
}

status t_to_f32(const tensor *x, float *out, size_t count)
{
    return wrap_status({x}, [&] { to_memory(x->value, at::kFloat, out, count * sizeof *out); });
}

status t_to_i64(const tensor *x, int64_t *out, size_t count)
{
    return wrap_status({x}, [&] { to_memory(x->value, at::kLong, out, count * sizeof *out); });
}

status t_to_bytes(const tensor *x, void *out, size_t bytes)
{
    return wrap_status({x}, [&] { to_memory(x->value, x->value.scalar_type(), out, bytes); });
}

float *t_data_f32(tensor *x)
{
    if (!x || !x->value.is_cpu() || x->value.scalar_type() != at::kFloat || !x->value.is_contiguous()) return nullptr;
    return guard({x}, [&] { return x->value.data_ptr<float>(); });
}

status t_assign(tensor *to, const tensor *from)
{
    return wrap_status({to, from}, [&] {
        if (to->value.sizes() != from->value.sizes()) reject("the shapes differ");
        at::NoGradGuard pause;
        to->value.copy_(from->value);
    });
}
