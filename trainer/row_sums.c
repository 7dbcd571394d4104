#include "trainer/row_sums.h"

#include <stdlib.h>
#include <string.h>

void row_sums_free(row_sums *s)
{
    free(s->rows);
    free(s->values);
    *s = (row_sums){0};
}

static status reserve(row_sums *s, size_t count, size_t width)
{
    if (count > s->row_room) {
        int64_t *rows = realloc(s->rows, 2 * count * sizeof *rows);
        if (!rows) return FAIL(ERR_MEMORY, "no memory for %zu embedding rows", count);
        s->rows = rows;
        s->row_room = 2 * count;
    }
    if (count * width > s->value_room) {
        float *values = realloc(s->values, 2 * count * width * sizeof *values);
        if (!values) return FAIL(ERR_MEMORY, "no memory for %zu embedding rows", count);
        s->values = values;
        s->value_room = 2 * count * width;
    }
    return OK;
}

status row_sums_take(row_sums *s, const int64_t *rows, size_t count, size_t width, const float *from)
{
    status st = OK;
    TRY(reserve(s, count, width));
    if (count) memcpy(s->rows, rows, count * sizeof *rows);
    for (size_t i = 0; i < count; i++)
        memcpy(s->values + i * width, from + (size_t)rows[i] * width, width * sizeof *from);
    s->count = count;
done:
    return st;
}

status row_sums_add(row_sums *to, const row_sums *a, const row_sums *b, size_t width)
{
    status st = OK;
    size_t i = 0, j = 0;
    TRY(reserve(to, a->count + b->count, width));
    to->count = 0;
    while (i < a->count || j < b->count) {
        bool of_a = i < a->count && (j == b->count || a->rows[i] <= b->rows[j]);
        bool of_b = j < b->count && (i == a->count || b->rows[j] <= a->rows[i]);
        float *sum = to->values + to->count * width;
        to->rows[to->count++] = of_a ? a->rows[i] : b->rows[j];
        memcpy(sum, of_a ? a->values + i * width : b->values + j * width, width * sizeof *sum);
        for (size_t w = 0; of_a && of_b && w < width; w++) sum[w] += b->values[j * width + w];
        i += of_a;
        j += of_b;
    }
done:
    return st;
}
