/* tree - from the values of a pickle to what a weight_file shows: tensors by their names, plain values, notes.
 */
#ifndef MAGISTER_WEIGHTS_TREE_H
#define MAGISTER_WEIGHTS_TREE_H

#include "weights/pickle.h"

/* Where the file holds a storage: all of its elements lie there. `self` is the caller's. Errors: ERR_INPUT, ERR_IO. */
typedef status (*storage_locator)(void *self, const pickle_storage *storage, stored_bytes *out);

/* Fills entries, values, wrapper and notes of `f`. Errors: ERR_INPUT, ERR_MEMORY, and the locator's. */
status tree_take(weight_file *f, pickle_result *pickle, bool all, storage_locator locate, void *self);

#endif
