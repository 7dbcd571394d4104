#include "events/boundaries.h"

#include <math.h>
#include <stdlib.h>

static const double SAME = 1e-6; /* seconds */

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

status boundaries_of(const event_list *list, double duration, double **out, size_t *count)
{
    size_t kept = 0;
    double *at = malloc((2 * list->count + 1) * sizeof *at);
    if (!at) return FAIL(ERR_MEMORY, "no memory for the boundaries of %zu events", list->count);
    for (size_t i = 0; i < list->count; i++) {
        at[2 * i] = list->at[i].start;
        at[2 * i + 1] = list->at[i].end;
    }
    qsort(at, 2 * list->count, sizeof *at, by_value);
    for (size_t i = 0; i < 2 * list->count; i++) {
        if (at[i] <= SAME || at[i] >= duration - SAME) continue;
        if (!kept || at[i] - at[kept - 1] > SAME) at[kept++] = at[i];
    }
    *out = at;
    *count = kept;
    return OK;
}

/* On a line the first two that can make a pair may always make it: whoever waited for another of them could only be
 * served later, by one that the other can do without. */
static size_t count_pairs(const double *a, size_t a_count, const double *b, size_t b_count, double tolerance)
{
    const double rounding = 1e-9;
    size_t pairs = 0;
    for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
        bool pair = fabs(a[i] - b[j]) <= tolerance + rounding, first = a[i] < b[j];
        pairs += pair;
        i += pair || first;
        j += pair || !first;
    }
    return pairs;
}

boundary_score boundaries_score(const double *found, size_t found_count, const double *wanted, size_t wanted_count,
                                double tolerance)
{
    if (!found_count && !wanted_count) return (boundary_score){1, 1, 1};
    double pairs = (double)count_pairs(found, found_count, wanted, wanted_count, tolerance);
    return (boundary_score){.precision = found_count ? pairs / (double)found_count : 0,
                            .recall = wanted_count ? pairs / (double)wanted_count : 0,
                            .f1 = 2 * pairs / (double)(found_count + wanted_count)};
}
