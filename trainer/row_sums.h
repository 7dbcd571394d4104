/* row_sums - gradients of the few rows of an embedding that were touched, and their sums.
 */
#ifndef MAGISTER_TRAINER_ROW_SUMS_H
#define MAGISTER_TRAINER_ROW_SUMS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows in ascending order, each once. Starts as {0}; memory is kept for the next use. */
typedef struct {
    int64_t *rows; /* (count) */
    float *values; /* (count, width) */
    size_t count, row_room, value_room;
} row_sums;

void row_sums_free(row_sums *s);

/* Copies the rows out of `from` (V, width). */
status row_sums_take(row_sums *s, const int64_t *rows, size_t count, size_t width, const float *from);

/* to = a + b, row by row; rows of one alone are copied. `to` is neither of them. */
status row_sums_add(row_sums *to, const row_sums *a, const row_sums *b, size_t width);

#endif
