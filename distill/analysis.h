/* analysis - what stored predictions say beyond a score: how sure a number is, which sets differ, where and why.
 *
 * Everything is computed from a store and from nothing else, on its split "eval". Seeds of a set are averaged segment
 * by segment before resampling: intervals speak of the videos, `seed_sd` of the seeds.
 *
 * Intervals: the percentile bootstrap over videos (Efron 1979; whole videos are drawn, since segments of one are not
 * independent; Davison and Hinkley 1997, 3.8). Paired comparisons of two sets on the same segments: the same bootstrap
 * of the difference, and the two-sided p-value of a permutation test that exchanges the two sets in whole videos at
 * random (Good 2005); p = (1 + as extreme) / (1 + permutations). Resampling is keyed by `seed`: the same store gives
 * the same digits. Reliability: expected calibration error of the softmax over the stored logits with `bins` equal bins
 * of confidence (Guo et al. 2017).
 */
#ifndef MAGISTER_DISTILL_ANALYSIS_H
#define MAGISTER_DISTILL_ANALYSIS_H

#include "distill/store.h"

#include <jansson.h>

typedef struct {
    int64_t resamples; /* bootstrap draws and permutations; 2000 */
    double level;      /* of intervals; 0.95 */
    int64_t bins;      /* of reliability; 10 */
    int64_t examples;  /* segments picked to be shown; 8 */
    uint64_t seed;
} analysis_options;

/* The object of analysis.json:
 *   {
 *     level, resamples, videos, segments,
 *     sets: {NAME: {role, seeds, n,
 *        top1: {mean, low, high, seed_sd}, top5: the same,            percent; seed_sd null with one seed
 *        reliability: {ece, bins: [{low, high, n, confidence, accuracy}]}}},      confidence and accuracy 0..1
 *     pairs: [{a, b, metric: "top1"|"top5", difference, low, high, p}],           a minus b, percent points; every two
 *                                                                                 students, and students with controls
 *     buckets: [{teacher, plain, student, cells: {"ttt": n, "ttf": n, ...}}],     right at top-1 by majority of seeds:
 *                                                 teacher, plain and distilled student in this order, t or f
 *     gains: [{class, name, n, a, b, difference}],     per-class top-1 of the distilled student (a) and the plain one
 * (b), sorted by difference, largest first confused: {NAME: [{label, label_name, predicted, predicted_name, n}]}, most
 * frequent first, 12 at most examples: [{uid, sequence, start, end, label, label_name, why, history: [{uid, start, end,
 * name}],                             up to 8 before it in its video, oldest first top5: {NAME: [{class, name, p}]}}]
 * of the lowest seed of each set
 *   }
 * What a store has not (no students, one set) leaves its list empty. The plain student is "student_plain", or the first
 * student set whose name ends in "_plain"; the distilled one is "student"; the teacher is "teacher".
 * Errors: those of the store; ERR_MEMORY. The caller decrefs `*out`. */
status analysis_json(store *s, const analysis_options *options, json_t **out);

#endif
