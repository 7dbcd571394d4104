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
    always([&] {
        mask_keys &keys = pass_of_thread().keys;
        keys.host.assign(sample_keys, sample_keys + count);
        keys.on_gpu.reset();
    });
}

void dropout_end(void)
{
    pass_of_thread().keys.host.clear();
    pass_of_thread().keys.on_gpu.reset();
}

mask_keys *mask_keys_new(const uint64_t *keys, size_t count)
{
    return guard({}, [&] {
        if (!count) reject("dropout without keys");
        auto made = std::make_unique<mask_keys>();
        made->host.assign(keys, keys + count);
        return made.release();
    });
}

void mask_keys_free(mask_keys **keys)
{
    if (!keys) return;
    delete *keys;
    *keys = nullptr;
}

static uint64_t key_of_row(const mask_keys &keys, const mask_rows &rows, size_t row)
{
    uint64_t each = rows.heads ? rows.heads * rows.places : 1;
    uint64_t key = hash_mix(keys.host[row / each], rows.site);
    if (rows.heads) key = hash_mix(hash_mix(key, row / rows.places % rows.heads), row % rows.places);
    for (uint64_t z = 0; z < rows.zeros; z++) key = hash_mix(key, 0);
    return key;
}

/* Everything that has one key is one run of elements, whether its rows are (B, ...) or (B * n, ...). */
static at::Tensor mask_of(const at::Tensor &x, double p, mask_keys &keys, const mask_rows &rows)
{
    size_t count = keys.host.size() * (rows.heads ? rows.heads * rows.places : 1);
    auto keep = static_cast<uint32_t>(std::min(std::round((1 - p) * 4294967296.0), 4294967295.0));
    float scale = p < 1 ? static_cast<float>(1 / (1 - p)) : 0.0f;
    if (x.is_cuda()) {
        at::Tensor made = at::empty(x.sizes(), x.options().requires_grad(false));
        if (gpu_dropout_mask(made, keys, rows, keep, scale)) return made;
    }
    at::Tensor mask = at::empty(x.sizes(), at::TensorOptions().dtype(at::kFloat));
    size_t run = static_cast<size_t>(mask.numel()) / count;
    float *out = mask.data_ptr<float>();
    for (size_t r = 0; r < count; r++) dropout_mask(key_of_row(keys, rows, r), keep, scale, out + r * run, run);
    return mask.to(x.device(), x.scalar_type());
}

static at::Tensor drop(const at::Tensor &x, double p, mask_keys &keys, const mask_rows &rows)
{
    if (!(p > 0 && p <= 1)) reject("the probability of dropout is in [0, 1]");
    auto count = static_cast<int64_t>(keys.host.size());
    if (rows.heads) {
        if (x.dim() < 3 || x.size(0) != count || x.size(1) != static_cast<int64_t>(rows.heads) ||
            x.size(2) != static_cast<int64_t>(rows.places) || !rows.places)
            reject("what is dropped is not (keys, heads, places, ...)");
    } else if (!x.dim() || x.size(0) % count) {
        reject("the rows are no multiple of the keys given for dropout");
    }
    return at::mul(x, mask_of(x, p, keys, rows));
}

/* A site counts whether or not its rate drops anything: a rate of 0 leaves the masks of the others as they are. */
tensor *t_dropout(tensor *x, double p)
{
    pass_state &pass = pass_of_thread();
    if (pass.keys.host.empty() || !x) return guard({x}, [&] { return x; });
    mask_rows rows;
    rows.site = pass.site++;
    if (p == 0) return guard({x}, [&] { return x; });
    return wrap({x}, [&] { return drop(x->value, p, pass.keys, rows); });
}

/* Its keys are those of a dropout_begin with hash(key, site) for each: hence one hash with 0 more. */
tensor *t_dropout_keyed(tensor *x, double p, mask_keys *keys, uint64_t site, int64_t heads, int64_t places)
{
    if (p == 0) return guard({x}, [&] { return x; });
    return wrap({x}, [&] {
        if (!keys || heads < 0 || places < 0) reject("dropout without keys, or with less than no heads");
        mask_rows rows;
        rows.site = site;
        rows.heads = static_cast<uint64_t>(heads);
        rows.places = static_cast<uint64_t>(places);
        rows.zeros = 1;
        return drop(x->value, p, *keys, rows);
    });
}
