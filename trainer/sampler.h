/* sampler - which samples come when: a pure function of (seed, epoch), the same for any number of ranks.
 *
 * An epoch is a permutation of all samples cut into batches; the last one may be smaller. Where lengths differ, windows
 * of SAMPLER_WINDOW batches are sorted by length before they are cut, so that a batch holds samples of similar length
 * and little padding, and then the batches are shuffled. In a batch short and long samples take turns, so that the
 * ranks' shares of it are equal work. Nothing has to be saved: position (epoch, batch) says it all.
 */
#ifndef MAGISTER_TRAINER_SAMPLER_H
#define MAGISTER_TRAINER_SAMPLER_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { SAMPLER_WINDOW = 64 }; /* batches */

typedef struct sampler sampler;

/* `lengths` (sample_count) is copied; NULL: all alike. Errors: ERR_INPUT without samples, ERR_MEMORY. */
status sampler_new(size_t sample_count, size_t batch, uint64_t seed, const size_t *lengths, sampler **out);
void sampler_free(sampler **s);

size_t sampler_batches(const sampler *s); /* of an epoch */

/* Lays out the epoch; the functions below speak of it. */
void sampler_begin(sampler *s, int64_t epoch);

/* The samples of `count` batches from batch `first` on: borrowed until the next sampler_begin; *samples gets their
 * number. Batches that follow each other lie behind each other. */
const size_t *sampler_range(const sampler *s, size_t first, size_t count, size_t *samples);

/* What random choices about a sample in an epoch are keyed by. */
uint64_t sampler_key(uint64_t seed, int64_t epoch, size_t sample);

/* The contiguous share of `count` samples that is rank's among `ranks`. */
void sampler_share(size_t count, size_t rank, size_t ranks, size_t *first, size_t *length);

#endif
