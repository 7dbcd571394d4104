/* attention - a picture of what a model of clips looked at: its frames in rows, and below each a bar as high as its
 * weight is among the clip's, the highest filling its place. */
#ifndef MAGISTER_STUDENT_ATTENTION_H
#define MAGISTER_STUDENT_ATTENTION_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Writes PNG. pictures: (count, size, size, 3) bytes; weights: (count), not negative. Errors: those of
 * picture_write_png; ERR_MEMORY. */
status attention_write(const char *path, const uint8_t *pictures, const float *weights, size_t count, int size);

#endif
