/* private - what the room's C and C++ files share: the sticky failure of the thread, and sizes of types. */
#ifndef MAGISTER_TENSOR_PRIVATE_H
#define MAGISTER_TENSOR_PRIVATE_H

#include "tensor/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps `code` as the thread's failure unless one waits already. The message went to FAIL before. */
void sticky_fail(status code);
bool sticky_waiting(void);
status sticky_take(void); /* the failure that waits, or OK; forgets it */

size_t type_bytes(t_type type); /* of one element */

/* A sample's mask: out[i] = scale where hash(key, i) < keep, else 0; keep is a probability times 2^32. */
void dropout_mask(uint64_t key, uint32_t keep, float scale, float *out, size_t count);

/* out[i] = bytes[i] * by[i % 3] + add[i % 3], for 3 x `pixels` of them. */
void pixels_to_numbers(const uint8_t *bytes, size_t pixels, const float *by, const float *add, float *out);
struct weight_file *tensor_file_weights(tensor_file *file); /* borrowed */

/* Named tensors as one file, and back in place after everything was checked and read: on failure nothing changed.
 * `kind` tells files of one sort from another (metadata "kind"); NULL: any. */
status state_load(tensor_file *file, const char *kind, tensor *const *tensors, const char *const *names, size_t count);

#ifdef __cplusplus
}
#endif
#endif
