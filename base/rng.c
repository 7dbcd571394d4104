#include "base/rng.h"

#include "base/hash.h"

#include <math.h>

rng rng_stream(uint64_t seed, uint64_t purpose, uint64_t index)
{
    return (rng){.key = hash_mix(hash_mix(seed, purpose), index)};
}

uint64_t rng_u64(rng *r)
{
    return hash_mix(r->key, r->counter++);
}

double rng_uniform(rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

double rng_normal(rng *r)
{
    const double two_pi = 6.283185307179586;
    double radius = sqrt(-2.0 * log(1.0 - rng_uniform(r)));
    return radius * cos(two_pi * rng_uniform(r));
}

size_t rng_below(rng *r, size_t bound)
{
    const uint64_t limit = UINT64_MAX - UINT64_MAX % bound; /* draws above it would favour small numbers */
    uint64_t draw = rng_u64(r);
    while (draw >= limit) draw = rng_u64(r);
    return (size_t)(draw % bound);
}

void rng_shuffle(rng *r, size_t *at, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = rng_below(r, i);
        size_t kept = at[i - 1];
        at[i - 1] = at[j];
        at[j] = kept;
    }
}
