/* mask - dropout_mask (mask.c) on a GPU: the same bits. tensor/generated/mask.ptx.h is made of this file by
 * tensor/make_ptx, so that building needs no CUDA compiler: the driver makes machine code of it when a GPU is in use.
 *
 * Block x is a row; its threads go along it together with those of the other blocks of the same x. `kept` is the scale
 * of what is kept, as the bits of the element's type.
 */
#include <cstdint>

static __device__ uint32_t mix(uint32_t i, uint32_t a, uint32_t b)
{
    uint32_t x = i + a;
    x = ((x ^ x >> 16) * 0x7feb352dU) ^ b;
    x = (x ^ x >> 15) * 0x846ca68bU;
    return x ^ x >> 16;
}

/* keys: (rows), each hashed with its dropout's number and part already; out: (rows, run) */
template <typename element>
static __device__ void fill(element *out, const uint64_t *keys, uint64_t run, uint32_t keep, element kept)
{
    const uint64_t key = keys[blockIdx.x];
    const uint32_t a = static_cast<uint32_t>(key), b = static_cast<uint32_t>(key >> 32);
    element *row = out + blockIdx.x * run;
    for (uint64_t i = blockIdx.y * blockDim.x + threadIdx.x; i < run; i += gridDim.y * blockDim.x)
        row[i] = mix(static_cast<uint32_t>(i), a, b) < keep ? kept : static_cast<element>(0);
}

extern "C" __global__ void mask_32(uint32_t *out, const uint64_t *keys, uint64_t run, uint32_t keep, uint32_t kept)
{
    fill(out, keys, run, keep, kept);
}

extern "C" __global__ void mask_16(uint16_t *out, const uint64_t *keys, uint64_t run, uint32_t keep, uint32_t kept)
{
    fill(out, keys, run, keep, static_cast<uint16_t>(kept));
}
