#include "comm/sums.h"

#include <string.h>

enum { BLOCK = 1024 }; /* elements; a few of them fit the first cache */

static void block_add(float *restrict to, const float *restrict from, size_t count)
{
    if (count == BLOCK) /* a known count is what compilers turn into vector instructions at -O2 */
        for (size_t i = 0; i < BLOCK; i++) to[i] += from[i];
    else
        for (size_t i = 0; i < count; i++) to[i] += from[i];
}

static bool block_sum_in_order(float *out, const float *const *parts, size_t part_count, size_t at, size_t count)
{
    bool any = false;
    for (size_t p = 0; p < part_count; p++) {
        if (!parts[p]) continue;
        if (any) block_add(out, parts[p] + at, count);
        else memcpy(out, parts[p] + at, count * sizeof *out);
        any = true;
    }
    return any;
}

static bool block_sum_tree(float *out, const float *const *parts, size_t part_count, size_t at, size_t count)
{
    if (part_count <= 2) return block_sum_in_order(out, parts, part_count, at, count);
    float right[BLOCK];
    size_t half = 1;
    while (half * 2 < part_count) half *= 2;
    bool left_any = block_sum_tree(out, parts, half, at, count);
    bool right_any = block_sum_tree(right, parts + half, part_count - half, at, count);
    if (left_any && right_any) block_add(out, right, count);
    else if (right_any) memcpy(out, right, count * sizeof *out);
    return left_any || right_any;
}

void sum_parts(const float *const *parts, size_t part_count, float *const *outs, size_t out_count, size_t first,
               size_t count, bool tree)
{
    float sum[BLOCK];
    for (size_t at = first, end = first + count; at < end;) {
        size_t length = end - at < BLOCK ? end - at : BLOCK;
        bool any = tree ? block_sum_tree(sum, parts, part_count, at, length)
                        : block_sum_in_order(sum, parts, part_count, at, length);
        if (!any) memset(sum, 0, sizeof sum);
        for (size_t o = 0; o < out_count; o++) memcpy(outs[o] + at, sum, length * sizeof *sum);
        at += length;
    }
}

static const int64_t *smallest_next(const comm_rows *lists, size_t list_count, const size_t *cursors)
{
    const int64_t *smallest = NULL;
    for (size_t l = 0; l < list_count; l++) {
        if (cursors[l] == lists[l].count) continue;
        const int64_t *next = &lists[l].rows[cursors[l]];
        if (!smallest || *next < *smallest) smallest = next;
    }
    return smallest;
}

size_t rows_union(const comm_rows *lists, size_t list_count, size_t *cursors, int64_t *out)
{
    size_t count = 0;
    memset(cursors, 0, list_count * sizeof *cursors);
    for (const int64_t *next; (next = smallest_next(lists, list_count, cursors)); count++) {
        out[count] = *next;
        for (size_t l = 0; l < list_count; l++)
            cursors[l] += cursors[l] < lists[l].count && lists[l].rows[cursors[l]] == out[count];
    }
    return count;
}

size_t rows_find(const comm_rows *list, int64_t row)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->rows[middle] < row) low = middle + 1;
        else high = middle;
    }
    return low;
}

void rows_sum(const comm_rows *lists, size_t list_count, size_t width, const int64_t *rows, size_t first, size_t count,
              bool tree, size_t *cursors, const float **parts, float *values)
{
    if (!count) return;
    for (size_t l = 0; l < list_count; l++) cursors[l] = rows_find(&lists[l], rows[first]);
    for (size_t u = first; u < first + count; u++) {
        for (size_t l = 0; l < list_count; l++) {
            bool there = cursors[l] < lists[l].count && lists[l].rows[cursors[l]] == rows[u];
            parts[l] = there ? lists[l].values + cursors[l] * width : NULL;
            cursors[l] += there;
        }
        sum_parts(parts, list_count, &(float *){values + u * width}, 1, 0, width, tree);
    }
}
