/* initial_weights - weights of others that a student begins with (student.init): a ResNet-18 of torchvision in the
 * `cnn` of sign2text, a ViT-B/16 of timm in the `backbone` of avt, a whole published model, or another student's
 * model.safetensors.
 *
 * Names are those of weights/names.h. Everything has to fit, but what student.init_skip names: a head for other classes
 * is left out because the recipe says so, never by itself.
 */
#ifndef MAGISTER_STUDENT_INITIAL_WEIGHTS_H
#define MAGISTER_STUDENT_INITIAL_WEIGHTS_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "tensor/module.h"

/* Nothing without student.init. Otherwise rank 0 reads the file, all ranks take the same numbers into `m`, and what was
 * loaded, kept and left is told. On failure `m` is unchanged. Errors: those of shared_file_open; ERR_INPUT with all
 * that does not fit, ERR_CONFIG when nothing is called student.init_into. Collective. */
status initial_weights_load(comm *c, const recipe *r, module *m);

#endif
