/* load - weights that others have trained, into a module of ours.
 *
 * Names are matched by weights/names.h; numbers are converted to the parameter's type. What does not fit is told all at
 * once: what is missing in the file, what is left over in it, what has another shape.
 */
#ifndef MAGISTER_TENSOR_LOAD_H
#define MAGISTER_TENSOR_LOAD_H

#include "tensor/module.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *into; /* only the parameters below this name, which the file calls without it ("cnn"); NULL: all */
    const char *const *skip; /* names, ours or the file's, and what is below them ("head"): where these are missing,
                                left over or of another shape, they stay as they are. Ended by NULL; may be NULL */
} load_options;

typedef struct {
    size_t loaded, kept; /* parameters that were read, and that stayed as they were */
    size_t left;         /* tensors of the file that were passed over because `skip` names them */
} load_result;

/* Reads the file (.pth, safetensors ...) into `m`, on the device in use. On failure `m` is unchanged. Errors: those of
 * tensor_file_open; ERR_INPUT with all that does not fit; ERR_CONFIG when nothing lies below `into`. */
status module_load_weights(module *m, const char *path, const load_options *options, load_result *out);

/* The same of a file that is open. */
status module_load_weights_file(module *m, tensor_file *file, const load_options *options, load_result *out);

/* From here on every parameter and buffer that this thread makes is to be in `file` (borrowed until then), under the
 * name that it has below its root and in its shape: where it is not, the failure (ERR_INPUT, sticky) comes before any
 * memory is taken. So a model that is described by a stranger's file is never larger than that file. It is to be used,
 * not trained: it is frozen from the start, nothing is drawn, and it holds nothing before module_load_file has read the
 * same file, which then reads each number to its place and to nowhere else; where that fails the model is of no use.
 * NULL: as before. */
void module_expect(tensor_file *file);

/* How many parameters below `into` (NULL: of all) the file has, by their names alone. */
size_t module_count_found(const module *m, tensor_file *file, const char *into);

#ifdef __cplusplus
}
#endif
#endif
