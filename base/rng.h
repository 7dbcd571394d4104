/* rng - counter-based random numbers.
 *
 * A stream is two integers, a key and a counter; every draw is hash_mix(key, counter++). So a stream is resumed by
 * writing down its counter, and streams for (seed, epoch, sample) need no state at all.
 */
#ifndef MAGISTER_BASE_RNG_H
#define MAGISTER_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct { uint64_t key, counter; } rng;

/* The stream of (seed, purpose, index): independent of all others. `purpose` is a small constant of the caller. */
rng rng_stream(uint64_t seed, uint64_t purpose, uint64_t index);

uint64_t rng_u64(rng *r);
double rng_uniform(rng *r);                   /* [0, 1) with 53 bits */
double rng_normal(rng *r);                    /* mean 0, deviation 1 (Box-Muller; two draws each) */
size_t rng_below(rng *r, size_t bound);       /* [0, bound) without bias; bound > 0 */
void rng_shuffle(rng *r, size_t *at, size_t count); /* at: (count), Fisher-Yates */

#endif
