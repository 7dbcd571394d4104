/* weights - a copy of all parameters of a module: the best so far, or their moving average.
 *
 * The copy lives on the device in use and belongs to no scope.
 */
#ifndef MAGISTER_TRAINER_WEIGHTS_H
#define MAGISTER_TRAINER_WEIGHTS_H

#include "base/hash.h"
#include "tensor/image.h"

typedef struct weights weights;

/* A copy of the present values of `m`, which is borrowed and must outlive it. */
status weights_new(module *m, weights **out);
void weights_free(weights **w);

status weights_take(weights *w);       /* copies the module's values */
status weights_give(const weights *w); /* copies its values to the module */

/* w = decay w + (1 - decay) module, with the decay lowered to (1 + n) / (10 + n) for the n-th step (from 0), so that
 * the start is soon forgotten (as in TensorFlow's ExponentialMovingAverage). */
status weights_average(weights *w, double decay, int64_t n);

/* As safetensors, under the parameters' names. Errors as tensor_file_image and module_load; a load that fails may leave
 * `w` mixed. */
status weights_image(const weights *w, const char *name, file_image *out);
status weights_load(weights *w, tensor_file *file);

/* Fingerprint of the module's values: equal on all ranks as long as they do the same arithmetic. */
status weights_hash(const module *m, char out[HASH_TEXT]);

#endif
