/* ceiling - the generated kitchen's own probabilities: what no model of histories can beat (data/kitchen.h).
 */
#ifndef MAGISTER_TEACHER_CEILING_H
#define MAGISTER_TEACHER_CEILING_H

#include "base/status.h"
#include "data/annotations.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    float *logits; /* (count, classes) in the order of the segments; owned */
    size_t count;
} ceiling;

/* Reads ceiling.f32 and ceiling.tsv beside `annotations` and puts the rows in the order of `eval`. `*found` is false
 * when the files are not there. Errors: ERR_INPUT (a size that does not fit the segments and classes, a uid without a
 * row). */
status ceiling_read(const char *annotations, const segment_list *eval, size_t classes, bool *found, ceiling *out);
void ceiling_free(ceiling *c);

#endif
