/* dropout - masks that belong to a sample and a place in the network, not to the batch. */
#include "tensor/private.hpp"

#include <algorithm>
#include <cmath>

pass_state &pass_of_thread()
{
    static thread_local pass_state state; /* no keys outside of dropout_begin ... dropout_end */
    return state;
}

void dropout_begin(const uint64_t *sample_keys, size_t count)
{
    pass_of_thread().site = 0;
    always([&] { pass_of_thread().keys.assign(sample_keys, sample_keys + count); });
}

void dropout_end(void)
{
    pass_of_thread().keys.clear();
}

/* As dropout_mask hashes them, for the first part of a run. */
static std::vector<uint64_t> hashed_keys(const std::vector<uint64_t> &keys, uint64_t here)
{
    std::vector<uint64_t> hashed(keys.size());
    std::transform(keys.begin(), keys.end(), hashed.begin(),
                   [here](uint64_t key) { return hash_mix(hash_mix(key, here), 0); });
    return hashed;
}

/* Everything that has key b is one run of elements, whether its rows are (B, ...) or (B * n, ...). */
static at::Tensor mask_of(const at::Tensor &x, double p, uint64_t here)
{
    const std::vector<uint64_t> &keys = pass_of_thread().keys;
    int64_t samples = static_cast<int64_t>(keys.size());
    if (!x.dim() || x.size(0) % samples) reject("the rows are no multiple of the samples given to dropout_begin");
    auto keep = static_cast<uint32_t>(std::min(std::round((1 - p) * 4294967296.0), 4294967295.0));
    float scale = p < 1 ? static_cast<float>(1 / (1 - p)) : 0.0f;
    if (x.is_cuda()) {
        at::Tensor made = at::empty(x.sizes(), x.options().requires_grad(false));
        if (gpu_dropout_mask(made, hashed_keys(keys, here), keep, scale)) return made;
    }
    at::Tensor mask = at::empty(x.sizes(), at::TensorOptions().dtype(at::kFloat));
    size_t run = static_cast<size_t>(mask.numel()) / keys.size();
    float *out = mask.data_ptr<float>();
    for (size_t b = 0; b < keys.size(); b++) dropout_mask(hash_mix(keys[b], here), keep, scale, out + b * run, run);
    return mask.to(x.device(), x.scalar_type());
}

/* A site counts whether or not its rate drops anything: a rate of 0 leaves the masks of the others as they are. */
tensor *t_dropout(tensor *x, double p)
{
    pass_state &pass = pass_of_thread();
    if (pass.keys.empty() || !x) return guard({x}, [&] { return x; });
    uint64_t here = pass.site++;
    if (p == 0) return guard({x}, [&] { return x; });
    return wrap({x}, [&] {
        if (!(p > 0 && p <= 1)) reject("the probability of dropout is in [0, 1]");
        return at::mul(x->value, mask_of(x->value, p, here));
    });
}
