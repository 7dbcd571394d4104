/* metrics - scores of stored predictions, computed from the store and nothing else.
 *
 * Definitions (percent): top-1, top-5; class-mean top-1 with three rules for which classes count; many-shot class-mean
 * recall@5 (a class counts when its verb AND noun are many-shot, or OR; EPIC-KITCHENS-55, Damen et al. 2018; Furnari
 * and Farinella 2019); verb and noun scores by decomposition (the target is among the verbs of the top-k actions) or by
 * marginalisation (sum of softmax over the actions of a verb). Ties of logits go to the lower class id. With top-K
 * records classes that were not stored are never a hit and add nothing to a verb or noun.
 * A segment whose label is -1 (a gloss or pair that training does not know) is a miss and belongs to no class. Segments
 * without a prediction are not scored: coverage tells of them.
 */
#ifndef MAGISTER_DISTILL_METRICS_H
#define MAGISTER_DISTILL_METRICS_H

#include "distill/store.h"

#include <jansson.h>
#include <stdio.h>

typedef enum { CLASSES_WITH_LABELS, CLASSES_ALL, CLASSES_WITH_LABELS_OR_PREDICTIONS } class_mean_rule;

/* NAN where it is not defined: no labels, no many-shot sets. */
typedef struct {
    double top1, top5;
    double class_mean_top1[3];                          /* by class_mean_rule */
    double many_shot_recall5_and, many_shot_recall5_or; /* of verbs and nouns both are the recall over their own set */
} score;

typedef struct {
    score action, verb, noun; /* verb and noun by decomposition; NAN for glosses */
    score verb_marginal, noun_marginal;
    int64_t n;       /* segments scored */
    double coverage; /* part of the split's segments that have a prediction, 0..1; NAN: no segments */
} set_metrics;

/* Scores one set on a split ("eval"), or on the segments of one group of it (NULL: all). */
status metrics_compute(store *s, int64_t set, const char *split, const char *group, set_metrics *out);

/* The object of metrics.json: for every set name in the store, baselines first, then teachers, students, controls,
 *   {role, seeds: [...], complete, action: {...}, verb: {...}, noun: {...}, n, coverage, groups: {NAME: {...}}}
 * with action|verb|noun -> top1, top5, class_mean_top1 (classes with labels), class_mean_top1_all,
 * class_mean_top1_labels_or_predictions, many_shot_recall5 (AND; action also many_shot_recall5_or) in percent; verb and
 * noun hold the same again under `marginal`. Means over seeds; where there are several every KEY has a KEY_sd beside it
 * (the sample's standard deviation); n and coverage are the least of any seed. A group has action, verb, noun, n,
 * coverage. A value that is not defined is null. Scores are those of split "eval". The caller decref's `*out`. */
status metrics_json(store *s, json_t **out);

/* A table of the same for a terminal; `name` NULL: all sets. ERR_MISSING when there is no set of that name. */
status metrics_print(store *s, const char *name, FILE *to);

#endif
