/* image - files of tensors made in memory: a copy that can be written later, by any thread, while the tensors change.
 *
 * The bytes are those of module_save and tensor_file_write. `name` is what failures call the file. On failure `out`
 * holds nothing. Errors: ERR_MEMORY; ERR_INPUT for a name that is no UTF-8.
 */
#ifndef MAGISTER_TENSOR_IMAGE_H
#define MAGISTER_TENSOR_IMAGE_H

#include "tensor/optim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Memory that grows and is used again. An empty one is all zeros. */
typedef struct {
    char *at;           /* aligned for file_write_direct */
    size_t count, room; /* bytes that are there, and that fit */
} file_image;

void file_image_free(file_image *image);

status tensor_file_image(const char *name, tensor *const *tensors, const char *const *names, size_t count,
                         const char *const *metadata, file_image *out);
status module_image(const module *m, const char *name, file_image *out);
status optim_image(const optim *o, const char *name, file_image *out); /* what optim_load reads */

#ifdef __cplusplus
}
#endif
#endif
