/* targets - a teacher's stored predictions, as what a student's training segments are to learn from besides labels.
 *
 * The set is named by student.distill.from: NAME in the run's store, or STORE:NAME in another file. Predictions are
 * read by uid as batches need them; nothing but one flag and one index a segment is held. Opening checks, before
 * training: the set is complete and has the run's action classes; where this run trained that teacher, its model is the
 * one that made the predictions; and every segment has one, or student.distill.on_missing is skip.
 *
 * While the teacher is still predicting, predictions come from a source (distill/stream.h): then a step waits for those
 * of its own segments and for no others. They are held in memory until the store has them all and is read instead.
 * Every training segment is predicted then, which is what the stage predict promises.
 *
 * With student.distill.shuffle every segment learns from the prediction of another one, dealt by a permutation that
 * depends on the recipe's seed: a control, whose gain must vanish.
 */
#ifndef MAGISTER_STUDENT_TARGETS_H
#define MAGISTER_STUDENT_TARGETS_H

#include "conf/recipe.h"
#include "data/annotations.h"
#include "distill/stream.h"
#include "tensor/tensor.h"

typedef struct targets targets;

/* `at` (count): the training segments, borrowed. `run`: the run directory. `from`: a source, borrowed; waits until it
 * has said what the set is; NULL: the store holds the set. NULL into `*out` when the recipe distils nothing. Errors:
 * those of the source; ERR_MISSING naming the first uid without a prediction and how many there are; ERR_INPUT for a
 * set that is not complete, of other classes or of another model; ERR_CONFIG when `kl` is asked of a set that kept the
 * top K only, or feature distillation of one without features; those of the store. */
status targets_open(const recipe *r, const char *run, const class_list *classes, const segment *at, size_t count,
                    const prediction_source *from, targets **out);
void targets_close(targets **t);

/* Whether the store is complete and nobody writes it. Where predictions still come from a source it waits for the next
 * piece of them, or a sign of life: to be called until `*settled`. Errors: those of the source. */
status targets_settle(targets *t, bool *settled);

/* Which segment's prediction each of `count` training segments learns from: (count) in new memory. Errors: ERR_MEMORY.
 */
status targets_sources(const recipe *r, size_t count, size_t **out);

/* Part of the training segments that have a prediction, 0..1. */
double targets_coverage(const targets *t);

/* Width of the teacher's features; 0 when features are not distilled. */
int64_t targets_feature_width(const targets *t);

typedef struct {
    tensor *classes;  /* (B, K) int64 of topk_kl, else NULL */
    tensor *logits;   /* (B, K) of topk_kl, (B, C) of kl, else NULL */
    tensor *features; /* (B, D), or NULL */
    tensor *present;  /* (B) 1 where there is a prediction, else 0; NULL: everywhere */
} target_batch;       /* temporaries of the open scope */

/* Waits for the predictions of these segments (count), where they come from a source. Errors: those of the source. */
status targets_await(targets *t, const size_t *samples, size_t count);

/* Predictions for the segments numbered `samples` (count). Waits for those that are still to come. Errors: those of the
 * store and of the source. */
status targets_batch(targets *t, const size_t *samples, size_t count, target_batch *out);

#endif
