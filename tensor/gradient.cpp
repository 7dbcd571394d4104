/* gradient - backward, recording and autocast, all of the calling thread. */
#include "tensor/private.hpp"

/* Declared here because their header brings all of ATen. */
namespace at::autocast
{
TORCH_API bool is_autocast_enabled(at::DeviceType device_type);
TORCH_API void set_autocast_enabled(at::DeviceType device_type, bool enabled);
TORCH_API at::ScalarType get_autocast_dtype(at::DeviceType device_type);
TORCH_API void set_autocast_dtype(at::DeviceType device_type, at::ScalarType dtype);
TORCH_API void clear_cache();
TORCH_API int increment_nesting();
TORCH_API int decrement_nesting();
} // namespace at::autocast

status t_backward(tensor *loss)
{
    return wrap_status({loss}, [&] { loss->value.backward(); });
}

status t_backward_keep(tensor *loss)
{
    return wrap_status({loss}, [&] { loss->value.backward({}, true); });
}

tensor *t_require_grad(tensor *x)
{
    return guard({x}, [&] {
        if (!x->value.is_leaf()) x->value = x->value.detach();
        x->value.set_requires_grad(true);
        return x;
    });
}

tensor *t_grad(tensor *x)
{
    return wrap({x}, [&] { return x->value.is_leaf() ? x->value.grad() : at::Tensor(); });
}

static thread_local int pauses;
static thread_local bool recorded_before;

void grad_pause(void)
{
    if (pauses++) return;
    recorded_before = at::GradMode::is_enabled();
    at::GradMode::set_enabled(false);
}

void grad_resume(void)
{
    if (pauses && !--pauses) at::GradMode::set_enabled(recorded_before);
}

struct cast_state {
    bool enabled;
    at::ScalarType type;
};
static thread_local std::vector<cast_state> casts; /* what to go back to */

/* Both run even after a failure, or the pairs would come apart. */
void autocast_begin(t_type type)
{
    always([&] {
        at::DeviceType device = device_in_use().type();
        casts.push_back({at::autocast::is_autocast_enabled(device), at::autocast::get_autocast_dtype(device)});
        at::autocast::increment_nesting();
        if (type != T_BF16 && type != T_F16) reject("autocast is to bf16 or f16");
        at::autocast::set_autocast_dtype(device, torch_type(type));
        at::autocast::set_autocast_enabled(device, true);
    });
}

void autocast_end(void)
{
    always([] {
        if (casts.empty()) return;
        at::DeviceType device = device_in_use().type();
        at::autocast::set_autocast_enabled(device, casts.back().enabled);
        at::autocast::set_autocast_dtype(device, casts.back().type);
        casts.pop_back();
        if (!at::autocast::decrement_nesting()) at::autocast::clear_cache();
    });
}

t_type autocast_type()
{
    at::DeviceType device = device_in_use().type();
    return at::autocast::is_autocast_enabled(device) ? own_type(at::autocast::get_autocast_dtype(device)) : T_F32;
}

void autocast_forget()
{
    at::autocast::clear_cache();
}
