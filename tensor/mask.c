#include "tensor/private.h"

#include "base/hash.h"

/* Thirty-two bits of (a, b, i): the multiply-and-shift finaliser with two multiplications, whose second half is keyed
 * too, so that the masks of two keys are not shifted copies of one another. */
static inline uint32_t mix(uint32_t i, uint32_t a, uint32_t b)
{
    uint32_t x = i + a;
    x = (x ^ x >> 16) * 0x7feb352dU ^ b;
    x = (x ^ x >> 15) * 0x846ca68bU;
    return x ^ x >> 16;
}

static void mask_run(uint64_t key, uint32_t first, uint32_t keep, float scale, float *restrict out, size_t count)
{
    uint32_t a = (uint32_t)key, b = (uint32_t)(key >> 32);
    for (size_t i = 0; i < count; i++) out[i] = mix(first + (uint32_t)i, a, b) < keep ? scale : 0.0f;
}

/* The index has 32 bits inside a run; what is above goes into the run's key. */
void dropout_mask(uint64_t key, uint64_t first, uint32_t keep, float scale, float *out, size_t count)
{
    while (count) {
        uint64_t left = (UINT64_C(1) << 32) - (uint32_t)first;
        size_t run = count < left ? count : (size_t)left;
        mask_run(hash_mix(key, first >> 32), (uint32_t)first, keep, scale, out, run);
        first += run;
        out += run;
        count -= run;
    }
}
