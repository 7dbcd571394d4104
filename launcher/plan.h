/* plan - the steps of a recipe, in the order they run: a pure function, so that it can be shown before anything starts.
 *
 *   generate                                      (by ranks when it makes videos)
 *   stream
 *   pretrain.teacher and each of the variants that have a corpus, once for every seed
 *   teacher and each of its variants, once for every seed     (baselines are only counted: they have nothing to train)
 *   predict.teacher and each of its variants, once for every seed
 *   students whose CNN others take features from, once for every seed, and behind each cache.NAME
 *   the other students, the section's own first, once for every seed; before the first of them that sees what a
 *   streaming learner knows features.NAME, which has that learner watch the videos
 *   evaluate
 *
 * A step predict knows its learner: the first student step that learns from its set. With launch.overlap it stands
 * right before the learner's step and runs together with it.
 */
#ifndef MAGISTER_LAUNCHER_PLAN_H
#define MAGISTER_LAUNCHER_PLAN_H

#include "base/status.h"
#include "conf/recipe.h"
#include "conf/run.h"

#include <stdbool.h>

typedef enum {
    PLAN_GENERATE, /* inside the launcher */
    PLAN_RANKS,    /* by magister-rank */
    PLAN_EVALUATE, /* inside the launcher */
} plan_kind;

typedef struct {
    plan_kind kind;
    run_step step;    /* of PLAN_RANKS; of the others, and of generate, only the section, "generate" or "evaluate" */
    char name[96];    /* "student_plain.1" */
    char hash[33];    /* of what the step's result depends on in the recipe */
    run_step learner; /* of predict: no section where there is none */
    size_t teachers; /* of predict: ranks of its own, while launch.ranks run the learner, the next step; 0: before it */
    char logs[192];  /* what its ranks are called in logs/: its name, or both names */
} plan_step;

typedef struct {
    plan_step *at; /* (count) */
    size_t count;
} plan;

/* Strings in the plan are borrowed from `r`. Errors: ERR_CONFIG for a launch.overlap without a student that could learn
 * meanwhile; ERR_MEMORY. The caller frees it with plan_free. */
status plan_make(const recipe *r, plan *out);
void plan_free(plan *p);

/* The stage of the recipe that a step belongs to: "teacher" for its pretraining too, "student" for its features. */
const char *plan_stage(const plan_step *step);

/* Whether a step that was done is run again, as it looks itself whether what it has made is still right: features. */
bool plan_looks_itself(const plan_step *step);

/* Whether the launcher does a stage's work by itself, without ranks. */
bool plan_is_alone(const recipe *r, const char *stage);

/* "16 steps: generate, teacher (2), predict (2), student (10), evaluate" and a line end. */
void plan_print(const plan *p, FILE *to);

#endif
