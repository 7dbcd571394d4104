/* mask - dropout_mask (mask.c) on a GPU: the same bits. tensor/generated/mask.ptx.h is made of this file by
 * tensor/make_ptx, so that building needs no CUDA compiler: the driver makes machine code of it when a GPU is in use.
 *
 * The keys come as they were given; each block hashes its row's (dropout.cpp: key_of_row; base/hash.c: hash_mix). Block
 * x is a row; its threads go along it together with those of the other blocks of the same x. `kept` is the scale of
 * what is kept, as the bits of the element's type.
 */
#include <cstdint>

static __device__ uint32_t mix(uint32_t i, uint32_t a, uint32_t b)
{
    uint32_t x = i + a;
    x = ((x ^ x >> 16) * 0x7feb352dU) ^ b;
    x = (x ^ x >> 15) * 0x846ca68bU;
    return x ^ x >> 16;
}

static __device__ uint64_t finalise(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static __device__ uint64_t hash_mix(uint64_t key, uint64_t counter)
{
    return finalise(finalise(key + 0x9e3779b97f4a7c15u) ^ (counter + 0xd1b54a32d192ed03u));
}

struct mask_rows { /* as in private.hpp */
    uint64_t site, heads, places, zeros;
};

/* The key of the block's row, hashed for the first part of a run as dropout_mask does. */
static __device__ uint64_t row_key(const uint64_t *keys, mask_rows rows)
{
    const uint64_t row = blockIdx.x, each = rows.heads ? rows.heads * rows.places : 1;
    uint64_t key = hash_mix(keys[row / each], rows.site);
    if (rows.heads) key = hash_mix(hash_mix(key, row / rows.places % rows.heads), row % rows.places);
    for (uint64_t z = 0; z <= rows.zeros; z++) key = hash_mix(key, 0);
    return key;
}

/* out: (rows, run) */
template <typename element>
static __device__ void fill(element *out, const uint64_t *keys, mask_rows rows, uint64_t run, uint32_t keep,
                            element kept)
{
    const uint64_t key = row_key(keys, rows);
    const uint32_t a = static_cast<uint32_t>(key), b = static_cast<uint32_t>(key >> 32);
    element *row = out + blockIdx.x * run;
    for (uint64_t i = blockIdx.y * blockDim.x + threadIdx.x; i < run; i += gridDim.y * blockDim.x)
        row[i] = mix(static_cast<uint32_t>(i), a, b) < keep ? kept : static_cast<element>(0);
}

extern "C" __global__ void mask_32(uint32_t *out, const uint64_t *keys, mask_rows rows, uint64_t run, uint32_t keep,
                                   uint32_t kept)
{
    fill(out, keys, rows, run, keep, kept);
}

extern "C" __global__ void mask_16(uint16_t *out, const uint64_t *keys, mask_rows rows, uint64_t run, uint32_t keep,
                                   uint32_t kept)
{
    fill(out, keys, rows, run, keep, static_cast<uint16_t>(kept));
}
