/* mask_gpu - dropout's masks made where they are used: mask.cu's code, handed to the driver with the first one. */
#include "tensor/private.hpp"

#include <algorithm>
#include <cstring>

static const char *const PTX =
#include "tensor/generated/mask.ptx.h"
    ;

enum { THREADS = 128, BLOCKS_OF_A_ROW = 64 };

namespace
{
struct kernels {
    void *wide = nullptr, *narrow = nullptr; /* the driver's CUfunction: elements of 32 and of 16 bits */

    /* In the context of the thread: libtorch has made it current with its first tensor there. */
    kernels()
    {
        void *module = nullptr;
        if (gpu_call("cuModuleLoadData", &module, static_cast<const void *>(PTX)) &&
            gpu_call("cuModuleGetFunction", &wide, module, "mask_32") &&
            gpu_call("cuModuleGetFunction", &narrow, module, "mask_16"))
            return;
        wide = narrow = nullptr;
        log_warn("the driver does not take the code for dropout's masks: they are made on the host, which is slow");
    }
};

template <typename half> uint32_t bits_of(float scale)
{
    return half(scale).x;
}
} // namespace

/* The scale as the mask's own type has it; false for a type that dropout does not meet. */
static bool kept_bits(at::ScalarType type, float scale, uint32_t *bits)
{
    if (type == at::kFloat) memcpy(bits, &scale, sizeof scale);
    else if (type == at::kBFloat16) *bits = bits_of<c10::BFloat16>(scale);
    else if (type == at::kHalf) *bits = bits_of<c10::Half>(scale);
    else return false;
    return true;
}

static void to_gpu(mask_keys &keys)
{
    if (keys.on_gpu.defined()) return;
    at::Tensor host = staging_empty(at::kLong, {static_cast<int64_t>(keys.host.size())});
    memcpy(host.data_ptr(), keys.host.data(), host.nbytes());
    keys.on_gpu = on_device(host);
}

bool gpu_dropout_mask(at::Tensor &mask, mask_keys &keys, const mask_rows &rows, uint32_t keep, float scale)
{
    static const kernels made;
    void *kernel = mask.scalar_type() == at::kFloat ? made.wide : made.narrow;
    uint64_t count = keys.host.size() * (rows.heads ? rows.heads * rows.places : 1);
    uint64_t run = static_cast<uint64_t>(mask.numel()) / count;
    uint32_t kept;
    if (!kernel || run >> 32 || count >> 31 || !kept_bits(mask.scalar_type(), scale, &kept)) return false;
    if (!run) return true;
    to_gpu(keys);
    void *out = mask.data_ptr(), *from = keys.on_gpu.data_ptr();
    mask_rows how = rows;
    void *arguments[] = {&out, &from, &how, &run, &keep, &kept};
    auto along = static_cast<unsigned>(std::min<uint64_t>((run + THREADS - 1) / THREADS, BLOCKS_OF_A_ROW));
    void *const default_stream = nullptr, **const no_extra = nullptr; /* libtorch's own stream */
    if (!gpu_call("cuLaunchKernel", kernel, static_cast<unsigned>(count), along, 1u, static_cast<unsigned>(THREADS), 1u,
                  1u, 0u, default_stream, static_cast<void **>(arguments), no_extra))
        reject("the GPU does not run the code for dropout's masks");
    return true;
}
