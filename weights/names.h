/* names - what our parameters are called in the files of others.
 *
 * Our modules are named as PyTorch's, torchvision's, timm's and Transformers' are, so most files fit as they are. Where
 * they do not, one table (names.c) says under which name, and in which form, a parameter lies in a file: torchvision's
 * vision transformers, residual networks that were cut into a Sequential, AVT's GPT-2 with its joint and transposed
 * projections, text teachers around a Transformers model.
 */
#ifndef MAGISTER_WEIGHTS_NAMES_H
#define MAGISTER_WEIGHTS_NAMES_H

#include "weights/weights.h"

enum { WEIGHT_NAME_MOST = 256 };

typedef struct {
    const weight_info *info; /* of the file */
    bool transposed;         /* its first two dimensions are to be exchanged */
    int part;                /* 1, 2, 3: of three equal parts of the rows (after that); 0: all */
    bool first_rows;         /* it may have more rows than are wanted: the first ones are */
} weight_source;

/* Where the file has what is called `name` here; false where it does not. */
bool weight_source_find(const weight_file *file, const char *name, weight_source *out);

/* Whether a tensor of this name in a file holds nothing that a model of ours has (counters, masks, unused layers). */
bool weight_name_is_idle(const char *name);

/* Whether `name` is `prefix`, or begins with it and a dot. */
bool weight_name_is_below(const char *name, const char *prefix);

#endif
