#include "distill/resampling.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAW_VIDEOS = 0x626f6f74, EXCHANGE_SETS = 0x7065726d }; /* purposes of random streams */

#define ROUNDING 1e-9 /* sums of parts of segments that differ by less are equal */

status video_sums_new(size_t videos, size_t columns, video_sums *out)
{
    video_sums sums = {videos, columns, NULL, NULL};
    size_t row = (columns ? columns : 1) * sizeof(double);
    sums.sum = calloc(videos ? videos : 1, row);
    sums.count = calloc(videos ? videos : 1, row);
    if (!sums.sum || !sums.count) {
        video_sums_free(&sums);
        return FAIL(ERR_MEMORY, "no memory for %zu sums of %zu videos", columns, videos);
    }
    *out = sums;
    return OK;
}

void video_sums_free(video_sums *sums)
{
    free(sums->sum);
    free(sums->count);
    *sums = (video_sums){0};
}

void video_sums_add(video_sums *sums, size_t video, size_t column, double value)
{
    if (isnan(value)) return;
    sums->sum[video * sums->columns + column] += value;
    sums->count[video * sums->columns + column]++;
}

/* total: (columns). */
static void add_row(double *total, const double *rows, size_t row, size_t columns, double times)
{
    for (size_t c = 0; c < columns; c++) total[c] += times * rows[row * columns + c];
}

/* ---- bootstrap ----------------------------------------------------------------------------------------------------
 */

/* One draw of as many videos as there are: its means to sample[c * stride]. sum, count: (columns) scratch. */
static void draw_means(const video_sums *of, rng random, double *sum, double *count, double *sample, size_t stride)
{
    memset(sum, 0, of->columns * sizeof *sum);
    memset(count, 0, of->columns * sizeof *count);
    for (size_t i = 0; i < of->videos; i++) {
        size_t video = rng_below(&random, of->videos);
        add_row(sum, of->sum, video, of->columns, 1);
        add_row(count, of->count, video, of->columns, 1);
    }
    for (size_t c = 0; c < of->columns; c++) sample[c * stride] = count[c] > 0 ? sum[c] / count[c] : NAN;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double part)
{
    double place = part * (double)(count - 1);
    size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

/* Of the draws in which any segment had a value. */
static interval interval_of(const video_sums *of, size_t column, double *sample, size_t draws, double level)
{
    double sum = 0, count = 0;
    size_t videos = 0, kept = 0;
    for (size_t v = 0; v < of->videos; v++) {
        sum += of->sum[v * of->columns + column];
        count += of->count[v * of->columns + column];
        videos += of->count[v * of->columns + column] > 0;
    }
    interval out = {count > 0 ? sum / count : NAN, NAN, NAN};
    for (size_t d = 0; d < draws; d++)
        if (!isnan(sample[d])) sample[kept++] = sample[d];
    if (videos < 2 || !kept) return out;
    qsort(sample, kept, sizeof *sample, by_value);
    out.low = quantile(sample, kept, (1 - level) / 2);
    out.high = quantile(sample, kept, (1 + level) / 2);
    return out;
}

status bootstrap_videos(const video_sums *sums, int64_t resamples, double level, uint64_t seed, interval *out)
{
    status st = OK;
    size_t columns = sums->columns, draws = (size_t)resamples;
    double *scratch = malloc((2 * columns + 1) * sizeof *scratch);
    double *samples = calloc(columns ? columns : 1, draws * sizeof *samples); /* (columns, draws) */
    if (!scratch || !samples) TRY(FAIL(ERR_MEMORY, "no memory for %zu draws of %zu means", draws, columns));
    for (size_t d = 0; d < draws; d++)
        draw_means(sums, rng_stream(seed, DRAW_VIDEOS, d), scratch, scratch + columns, samples + d, draws);
    for (size_t c = 0; c < columns; c++) out[c] = interval_of(sums, c, samples + c * draws, draws, level);
done:
    free(scratch);
    free(samples);
    return st;
}

/* ---- permutations -------------------------------------------------------------------------------------------------
 */

/* Sums over videos (columns), each video's sign drawn at random: one bit each. */
static void draw_exchange(const video_sums *of, rng random, double *sum)
{
    uint64_t bits = 0;
    memset(sum, 0, of->columns * sizeof *sum);
    for (size_t v = 0; v < of->videos; v++, bits >>= 1) {
        if (v % 64 == 0) bits = rng_u64(&random);
        add_row(sum, of->sum, v, of->columns, bits & 1 ? -1 : 1);
    }
}

status permute_videos(const video_sums *sums, int64_t permutations, uint64_t seed, double *p)
{
    status st = OK;
    size_t columns = sums->columns;
    double *scratch = calloc(4 * columns + 1, sizeof *scratch);
    double *sum = scratch, *observed = scratch + columns, *count = observed + columns, *extreme = count + columns;
    if (!scratch) TRY(FAIL(ERR_MEMORY, "no memory for permutations of %zu differences", columns));
    for (size_t v = 0; v < sums->videos; v++) {
        add_row(observed, sums->sum, v, columns, 1);
        add_row(count, sums->count, v, columns, 1);
    }
    for (int64_t i = 0; i < permutations; i++) {
        draw_exchange(sums, rng_stream(seed, EXCHANGE_SETS, (uint64_t)i), sum);
        for (size_t c = 0; c < columns; c++) extreme[c] += fabs(sum[c]) >= fabs(observed[c]) - ROUNDING;
    }
    for (size_t c = 0; c < columns; c++) p[c] = count[c] > 0 ? (1 + extreme[c]) / (1 + (double)permutations) : NAN;
done:
    free(scratch);
    return st;
}

/* ---- many tests -------------------------------------------------------------------------------------------------- */

typedef struct {
    double p;
    size_t place;
} test;

static int by_p(const void *a, const void *b)
{
    const test *x = a, *y = b;
    return (x->p > y->p) - (x->p < y->p);
}

status holm_correct(const double *p, size_t count, double *corrected)
{
    status st = OK;
    size_t tests = 0;
    double largest = 0;
    test *sorted = malloc((count + 1) * sizeof *sorted);
    if (!sorted) TRY(FAIL(ERR_MEMORY, "no memory to correct %zu p-values", count));
    for (size_t i = 0; i < count; i++) {
        corrected[i] = NAN;
        if (!isnan(p[i])) sorted[tests++] = (test){p[i], i};
    }
    qsort(sorted, tests, sizeof *sorted, by_p);
    for (size_t i = 0; i < tests; i++) {
        largest = fmax(largest, fmin(1, (double)(tests - i) * sorted[i].p));
        corrected[sorted[i].place] = largest;
    }
done:
    free(sorted);
    return st;
}
