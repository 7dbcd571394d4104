/* reliability - whether a set is as often right as it says: predictions sorted by confidence into equal bins, and the
 * expected calibration error (Guo et al. 2017), the mean distance of confidence and accuracy over predictions.
 *
 * Confidence is the largest softmax over the stored logits: with top-K records the classes that were not stored have
 * no part in it. Bin m of M holds confidences in ((m - 1) / M, m / M].
 */
#ifndef MAGISTER_DISTILL_RELIABILITY_H
#define MAGISTER_DISTILL_RELIABILITY_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t n, right;
    double confidence; /* their sum */
} reliability_bin;

typedef struct {
    reliability_bin *at; /* (count) */
    size_t count;
} reliability;

/* Errors: ERR_MEMORY. The caller frees it. */
status reliability_new(size_t bins, reliability *out);
void reliability_free(reliability *r);

/* The softmax of the largest of `logits` (count > 0). */
double confidence_of(const float *logits, size_t count);

void reliability_add(reliability *r, double confidence /* 0..1 */, bool right);

/* NAN without predictions. */
double reliability_error(const reliability *r);

/* {ece, bins: [{low, high, n, confidence, accuracy}]}; null for a mean of nothing. Errors: ERR_MEMORY. */
status reliability_json(const reliability *r, json_t **out);

#endif
