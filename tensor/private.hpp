/* private - the tensor behind the handle, and the wall between C++ and C.
 *
 * A handle is one at::Tensor in the list of the scope that owns it. Everything that can throw runs inside wrap, guard
 * or wrap_status, which are noexcept: an exception becomes the thread's sticky failure and goes no further.
 */
#ifndef MAGISTER_TENSOR_PRIVATE_HPP
#define MAGISTER_TENSOR_PRIVATE_HPP

#include "tensor/torch.hpp"

extern "C" { /* C alone uses base elsewhere */
#include "base/hash.h"
#include "base/log.h"
#include "base/status.h"
}
#include "tensor/private.h"

#include <dlfcn.h>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

struct row_set; /* rows.cpp: rows of a sparse parameter that have a gradient */

struct tensor {
    at::Tensor value;
    scope *owner = nullptr;                      /* nullptr: kept by a caller, or a parameter */
    tensor *previous = nullptr, *next = nullptr; /* in the owner's list */
    bool parameter = false;                      /* of a module, or a buffer of one */
    bool buffer = false;
    std::shared_ptr<row_set> rows; /* of a parameter marked sparse */
};

using inputs = std::initializer_list<const tensor *>;

tensor *tensor_new(at::Tensor value); /* outside of any scope */
void tensor_delete(tensor *x);
tensor *scope_add(at::Tensor value); /* into the innermost scope; nullptr for an undefined tensor */

const tensor *optional(const tensor *x); /* for a list of inputs in which x may be NULL */
inline std::optional<at::Tensor> value_or_none(const tensor *x)
{
    return x ? std::optional<at::Tensor>(x->value) : std::nullopt;
}

bool ready(const char *operation, inputs in) noexcept;  /* false after a failure, and for NULL (which is one) */
void caught(const char *operation, inputs in) noexcept; /* in a catch block: the exception becomes the failure */
[[noreturn]] void reject(const char *reason);

/* Runs body() unless a failure waits; returns what it returns, nothing on failure. */
template <class Body>
auto guard(inputs in, Body &&body, const char *operation = __builtin_FUNCTION()) noexcept -> decltype(body())
{
    if (!ready(operation, in)) return {};
    try {
        return body();
    } catch (...) {
        caught(operation, in);
        return {};
    }
}

/* The same for a body that makes an at::Tensor: it becomes a temporary of the innermost scope. */
template <class Body> tensor *wrap(inputs in, Body &&body, const char *operation = __builtin_FUNCTION()) noexcept
{
    return guard(
        in, [&] { return scope_add(body()); }, operation);
}

/* The same for functions that return a status: the first failure since the last one comes out. */
template <class Body> status wrap_status(inputs in, Body &&body, const char *operation = __builtin_FUNCTION()) noexcept
{
    guard(
        in, [&] { return body(), true; }, operation);
    return sticky_take();
}

/* For what must be undone or set even after a failure. */
template <class Body> void always(Body &&body, const char *operation = __builtin_FUNCTION()) noexcept
{
    try {
        body();
    } catch (...) {
        caught(operation, {});
    }
}

at::ScalarType torch_type(t_type type);
t_type own_type(at::ScalarType type);
at::IntArrayRef shape_ref(const int64_t *shape, int dims);
std::vector<at::Tensor> values_of(tensor *const *x, int count);
at::Device device_in_use();

/* memory.cpp. From here on what tensors on the CPU leave behind is used again. */
void keep_freed_memory();

/* GPUs the driver offers (0 without driver), and the path of libtorch's CUDA half ("" when it cannot be told). */
int gpu_count();
std::string cuda_half();

/* Memory for what goes to the device next: where that is a GPU its copying engine can read there, and nobody waits. */
at::Tensor staging_empty(at::ScalarType type, at::IntArrayRef shape);
at::Tensor on_device(
    const at::Tensor &host); /* the tensor itself on the CPU; on a GPU when the stream has come there */

/* gpu.cpp. Calls a function of the driver by its name; false when it is not there or fails. */
void *gpu_driver();
template <typename... Arguments> bool gpu_call(const char *name, Arguments... arguments)
{
    if (!gpu_driver()) return false;
    auto function = reinterpret_cast<int (*)(Arguments...)>(dlsym(gpu_driver(), name));
    return function && function(arguments...) == 0;
}

struct mask_keys {
    std::vector<uint64_t> host;
    at::Tensor on_gpu; /* (keys) int64, the same; undefined before a mask is made there */
};

/* How the key of a mask's row is made of the keys given: dropout.cpp's key_of_row, mask.cu's row_key. */
struct mask_rows {
    uint64_t site = 0;
    uint64_t heads = 0, places = 0; /* heads 0: a row a key; otherwise heads * places of them */
    uint64_t zeros = 0;             /* how often it is hashed with 0 at the end, before dropout_mask does */
};

/* mask_gpu.cpp. Fills the mask (rows, run), contiguous in the memory of a GPU, as dropout_mask does with each row's
 * key. False where it cannot. */
bool gpu_dropout_mask(at::Tensor &mask, mask_keys &keys, const mask_rows &rows, uint32_t keep, float scale);

/* linear.cpp. at::linear, by the faster library where there is one. */
at::Tensor fast_linear(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias);

/* What of a forward pass belongs to its thread and not to its inputs, so that a part of it can be done again
 * (recompute.cpp): the masks of dropout, and what batch norms do. */
struct pass_state {
    mask_keys keys; /* of dropout */
    uint64_t site = 0;
    bool statistics = false; /* batch norms take those of the slice */
    double share = 0;        /* of the slice in its step; 0: nothing is collected */
};
pass_state &pass_of_thread();

/* gradient.cpp. What autocast rounds to in this thread; T_F32: it is off. */
t_type autocast_type();
void autocast_forget(); /* weights that are cast already */

/* rows.cpp. The forward of an embedding whose gradient is added to the rows it touches, in weight's .grad itself. */
at::Tensor embedding_by_rows(const at::Tensor &weight, const at::Tensor &ids, std::shared_ptr<row_set> rows);
std::shared_ptr<row_set> row_set_new(const at::Tensor &parameter); /* (V, ...) */
void row_set_add(row_set &set, const int64_t *rows, size_t count);
size_t row_set_sorted(row_set &set, const int64_t **rows);
void row_set_zero(row_set &set, at::Tensor &gradient);               /* zeroes the rows and forgets them */
at::Tensor row_set_gather(row_set &set, const at::Tensor &gradient); /* what may not be zero, for norms */
void row_set_scale(row_set &set, at::Tensor &gradient, double by);

#endif
