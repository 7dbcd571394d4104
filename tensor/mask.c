/* mask - which elements dropout keeps. Apart from dropout.cpp because the compiler is to vectorise it. */
#include "tensor/private.h"

#include "base/hash.h"

/* Thirty-two bits of (a, b, i): a finaliser of two multiplications whose second half is keyed too, so that the masks of
 * two keys are not shifted copies of one another. */
static inline uint32_t mix(uint32_t i, uint32_t a, uint32_t b)
{
    uint32_t x = i + a;
    x = ((x ^ x >> 16) * 0x7feb352dU) ^ b;
    x = (x ^ x >> 15) * 0x846ca68bU;
    return x ^ x >> 16;
}

static void mask_part(uint64_t key, uint32_t keep, float scale, float *restrict out, size_t count)
{
    uint32_t a = (uint32_t)key, b = (uint32_t)(key >> 32);
    for (size_t i = 0; i < count; i++) out[i] = mix((uint32_t)i, a, b) < keep ? scale : 0.0f;
}

/* An index has 32 bits: what is longer continues with another key. */
void dropout_mask(uint64_t key, uint32_t keep, float scale, float *out, size_t count)
{
    const size_t most = (size_t)1 << 32;
    for (uint64_t part = 0; count; part++) {
        size_t now = count < most ? count : most;
        mask_part(hash_mix(key, part), keep, scale, out, now);
        out += now;
        count -= now;
    }
}
