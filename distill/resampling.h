/* resampling - how sure a mean over segments is, when segments of one video are not independent.
 *
 * Only sums by video go in: drawing whole videos again and again then costs nothing a segment. The draws are a function
 * of (seed, draw, number of videos): every column is resampled with the same videos, and the same sums give the same
 * digits.
 */
#ifndef MAGISTER_DISTILL_RESAMPLING_H
#define MAGISTER_DISTILL_RESAMPLING_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* A column is one quantity: the sum of its values over a video's segments, and how many segments have one. */
typedef struct {
    size_t videos, columns;
    double *sum, *count; /* (videos, columns) */
} video_sums;

typedef struct {
    double mean, low, high;
} interval;

/* Zeroed sums. The caller frees them. Errors: ERR_MEMORY. */
status video_sums_new(size_t videos, size_t columns, video_sums *out);
void video_sums_free(video_sums *sums);

/* Adds a segment's value; one that is NAN is none. */
void video_sums_add(video_sums *sums, size_t video, size_t column, double value);

/* out: (columns). The mean over segments, and its percentile bootstrap interval (Efron 1979; clusters drawn whole:
 * Davison and Hinkley 1997, 3.8) with quantiles interpolated between draws. NAN: a mean of nothing; an interval where
 * fewer than two videos have values. Errors: ERR_MEMORY. */
status bootstrap_videos(const video_sums *sums, int64_t resamples, double level, uint64_t seed, interval *out);

/* p: (columns). Columns hold differences of two sets; each permutation exchanges the two in every video or leaves them,
 * at random, which turns the sign of its sum (Good 2005). p = (1 + as extreme) / (1 + permutations), two-sided; NAN
 * where there are no values. Errors: ERR_MEMORY. */
status permute_videos(const video_sums *sums, int64_t permutations, uint64_t seed, double *p);

/* Corrects the p-values (count) of a family of tests so that the chance of any false one among them stays below the
 * level each is held against (Holm 1979): the smallest is multiplied by their number, the next by one less and so on,
 * none falls below a smaller one's, and none is above 1. NAN is no test: it stays, and does not count. corrected:
 * (count). Errors: ERR_MEMORY. */
status holm_correct(const double *p, size_t count, double *corrected);

#endif
