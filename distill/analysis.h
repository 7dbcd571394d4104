/* analysis - what stored predictions say beyond a score: how sure a number is, which sets differ, where and why.
 *
 * Everything is computed from a store and from nothing else, on its split "eval". Seeds of a set are averaged segment
 * by segment before resampling: intervals speak of the videos, `seed_sd` of the seeds. A segment counts for a set when
 * every seed of it that predicts anything predicts this one; n is how many do. A label of -1 is a miss.
 *
 * Intervals: the percentile bootstrap over videos (Efron 1979; whole videos are drawn, since segments of one are not
 * independent; Davison and Hinkley 1997, 3.8); null where fewer than two videos have predictions. Paired comparisons of
 * two sets on the same segments: the same bootstrap of the difference, and the two-sided p-value of a permutation test
 * that exchanges the two sets in whole videos at random (Good 2005); p = (1 + as extreme) / (1 + permutations), not
 * corrected for the number of pairs. Resampling is keyed by `seed`: the same store gives the same digits. Reliability:
 * expected calibration error of the softmax over the stored logits with `bins` equal bins of confidence (Guo et al.
 * 2017), of all seeds' predictions together.
 */
#ifndef MAGISTER_DISTILL_ANALYSIS_H
#define MAGISTER_DISTILL_ANALYSIS_H

#include "distill/store.h"

#include <jansson.h>
#include <stdio.h>

typedef struct {
    int64_t resamples; /* bootstrap draws and permutations, 1 to 1,000,000; 2000 */
    double level;      /* of intervals, between 0 and 1; 0.95 */
    int64_t bins;      /* of reliability, 1 to 1000; 10 */
    int64_t examples;  /* segments picked to be shown, 0 to 1000; 8 */
    uint64_t seed;
} analysis_options;

extern const analysis_options ANALYSIS_DEFAULTS;

/* The object of analysis.json:
 *   {
 *     level, resamples, videos, segments,
 *     sets: {NAME: {role, seeds: [...], n,
 *                   top1: {mean, low, high, seed_sd}, top5: the same,       percent; seed_sd null with one seed
 *                   reliability: {ece, bins: [{low, high, n, confidence, accuracy}]}}},       all but n are 0..1
 *     pairs: [{a, b, metric: "top1"|"top5", n, difference, low, high, p}],  a minus b, percent points; every two
 *                                                                           students, and students with controls
 *     buckets: [{teacher, plain, student, cells: {"ttt": n, "ttf": n, ...}}],       right at top-1 in more than half of
 *                                                 the seeds: teacher, plain and distilled student in this order, t or f
 *     gains: [{class, name, n, a, b, difference}],      per-class top-1 of the distilled student (a) and the plain one
 *                                                       (b), percent; sorted by difference, largest first
 *     confused: {NAME: [{label, label_name, predicted, predicted_name, n}]},        over all seeds, most frequent
 *                                                                                   first, 12 at most
 *     examples: [{uid, sequence, start, end, label, label_name, why,
 *                 history: [{uid, start, end, name}],                 up to 8 before it in its video, oldest first
 *                 top5: {NAME: [{class, name, p}]}}]                  of the lowest seed of each set
 *   }
 * `why` is one of "distillation helped", "distillation hurt", "student right though the teacher is wrong", "all right",
 * "all wrong"; "all" are those of the three sets that the store has. What a store has not leaves its list empty; a
 * value that is not defined (a name that is not known, a mean of nothing) is null. The plain student is
 * "student_plain", or the first student set whose name ends in "_plain"; the distilled one is "student"; the teacher is
 * "teacher". Examples are picked by chance, spread over kinds and videos (distill/comparisons.h). Errors: those of the
 * store; ERR_USAGE for options out of bounds; ERR_MEMORY. The caller decrefs `*out`. */
status analysis_json(store *s, const analysis_options *options, json_t **out);

/* Two sets against each other, of one store or of two (the same segments with the same labels, found by uid):
 *   {level, resamples, videos, n,                                              n: segments that both predict
 *    a: {name, seeds: [...], n, top1: {mean, low, high}, top5: the same},      mean, low, high on the common segments;
 *    b: the same,                                                              n: what the set alone predicts
 *    pairs: [{a, b, metric, n, difference, low, high, p}]}                     as above: top1, top5
 * Errors: ERR_MISSING names the sets that are there; ERR_INPUT when they share no segment, or a shared one has another
 * label or video in the other store; those of the store; ERR_USAGE, ERR_MEMORY. The caller decrefs `*out`. */
status analysis_compare(store *store_a, const char *a, store *store_b, const char *b, const analysis_options *options,
                        json_t **out);

/* The same in words. Errors: ERR_IO. */
status analysis_compare_print(const json_t *comparison, FILE *to);

#endif
