/* sums - adding the ranks' values in an order that does not depend on who adds.
 *
 * Two orders: rank order, ((0 + 1) + 2) + 3, and the pairwise tree, (0 + 1) + (2 + 3), in which neighbours are joined
 * level by level and one without a neighbour is passed up. Parts that are NULL are absent: they are passed over, which
 * is the same as adding zeros. A tree over 2^k aligned leaves is a subtree of the tree over all leaves, so sums made of
 * such subtrees on any number of ranks are bitwise those of one rank.
 */
#ifndef MAGISTER_COMM_SUMS_H
#define MAGISTER_COMM_SUMS_H

#include "comm/backend.h"

/* Writes the sum over `parts` (part_count; each (>= first + count), some may be NULL) of the elements first ..
 * first + count to the same elements of each of `outs` (out_count), which may be among the parts. */
void sum_parts(const float *const *parts, size_t part_count, float *const *outs, size_t out_count, size_t first,
               size_t count, bool tree);

/* The sorted union of the lists' rows into `out` (at least as many as all lists have together); returns its size.
 * `cursors` is scratch for (list_count). */
size_t rows_union(const comm_rows *lists, size_t list_count, size_t *cursors, int64_t *out);

/* Sums of the rows first .. first + count of the union `rows` into the same rows of `values` (size of the union,
 * width). `cursors` and `parts` are scratch for (list_count). */
void rows_sum(const comm_rows *lists, size_t list_count, size_t width, const int64_t *rows, size_t first, size_t count,
              bool tree, size_t *cursors, const float **parts, float *values);

/* The index of the first row >= `row`. */
size_t rows_find(const comm_rows *list, int64_t row);

#endif
