/* safetensors - the format's header: written here, for all who write such files.
 *
 * Layout: eight bytes little endian N; N bytes of JSON, {"name": {"dtype", "shape", "data_offsets": [begin, end)},
 * "__metadata__": {string: string}}; then the data, to the end of the file, without holes or overlaps. Source: the
 * format's description in huggingface/safetensors.
 */
#ifndef MAGISTER_WEIGHTS_SAFETENSORS_H
#define MAGISTER_WEIGHTS_SAFETENSORS_H

#include "weights/weights.h"

/* The beginning of a file of these tensors, new memory (`head_bytes`) that the caller frees: length, header, padding.
 * `begins[i]` (count) gets each tensor's place behind it, `data_bytes` what all of them take. Larger types lie first,
 * so that every tensor is aligned for its type. `path` is what failures call the file. Errors: ERR_MEMORY; ERR_INPUT
 * for a name that is no UTF-8; ERR_INTERNAL for one that is there twice. */
status safetensors_head(const char *path, const weight_info *const *infos, size_t count, const char *const *metadata,
                        uint64_t *begins, char **head, size_t *head_bytes, uint64_t *data_bytes);

#endif
