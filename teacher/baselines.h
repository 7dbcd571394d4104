/* baselines - majority, bigram and trigram with back-off: teachers that count.
 *
 * An n-gram model predicts the action after the last n - 1 actions of a history by how often it followed them in
 * training. Where that context was never seen, or is longer than the history, the next shorter one answers; the empty
 * context counts how often each action occurs (majority). An unknown action (-1) in a context makes it unseen.
 *
 * Predictions are logarithms of a distribution over all classes: the sum of exp is 1 and none is -infinity, so that a
 * baseline can be scored and distilled like any teacher. Actions rank by their count after the longest context that was
 * seen; the next shorter one decides between equal counts and ranks what never followed. Logits are equal only where
 * float32 cannot tell two actions apart; scores give those to the lower class (distill/metrics.h).
 */
#ifndef MAGISTER_TEACHER_BASELINES_H
#define MAGISTER_TEACHER_BASELINES_H

#include "base/status.h"
#include "teacher/histories.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct baseline baseline;

/* True when `name` is "majority", "bigram" or "trigram"; then `*order` is 1, 2 or 3. `order` may be NULL. */
bool baseline_known(const char *name, size_t *order);

/* Counts the training queries: the longest history of query i was followed by targets[i]. `targets` (h->query_count)
 * are action classes; queries with -1 are passed over (unknown words, segments held out for development).
 * Errors: ERR_CONFIG (order not 1 .. 3), ERR_INPUT (target or history action outside -1 .. classes - 1; no target at
 * all), ERR_MEMORY. The caller frees `*out`. */
status baseline_fit(size_t order, size_t classes, const histories *h, const int64_t *targets, baseline **out);
void baseline_free(baseline **b);

/* Logits of the action after `history` (length classes, oldest first; may be empty): (classes), log-probabilities. */
void baseline_predict(const baseline *b, const int64_t *history, size_t length, float *logits);

/* 32 hex digits of everything that was counted: the model hash of its prediction sets. */
void baseline_hash(const baseline *b, char out[33]);

#endif
