/* arrivals - predictions of one set that have arrived from elsewhere and are held in memory, as they are in a store.
 *
 * Records are kept encoded and decoded by the store's own code, so that what is read here is bit by bit what the store
 * gives for the same record. Room is taken for records that came: about what they take in the store.
 */
#ifndef MAGISTER_DISTILL_ARRIVALS_H
#define MAGISTER_DISTILL_ARRIVALS_H

#include "distill/store.h"

typedef struct arrivals arrivals;

/* `at` (count): the segments whose predictions are to be kept, borrowed. `info` says how records look; what it leaves
 * open becomes definite, as in a store (k). The caller frees it. Errors: ERR_INPUT for a set that cannot be;
 * ERR_MEMORY. */
status arrivals_new(set_info *info, const segment *at, size_t count, arrivals **out);
void arrivals_free(arrivals **a);

/* Takes a packed record (store_pack); that of a segment that was not asked for is dropped. Errors: ERR_INPUT for one
 * that is damaged or of another set, ERR_MEMORY. */
status arrivals_put(arrivals *a, const void *packed, size_t bytes);

/* Whether the prediction of segment `i` of `at` is here. */
bool arrivals_have(const arrivals *a, size_t i);

/* As store_get and store_get_topk, for segment `i`, which is here. */
void arrivals_get(arrivals *a, size_t i, float absent, float *logits, float *features);
void arrivals_get_topk(arrivals *a, size_t i, int32_t *classes, float *logits, size_t *count, float *features);

#endif
