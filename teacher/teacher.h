/* teacher - language models over histories of actions or glosses: pretraining, training and prediction as steps of a
 * run.
 *
 * All read everything from the step's recipe (recipe_for_step) and leave their results in the run directory
 * (conf/run.h). Data that is wrong fails before the first training step, on all ranks, naming file and line.
 */
#ifndef MAGISTER_TEACHER_TEACHER_H
#define MAGISTER_TEACHER_TEACHER_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "conf/run.h"
#include "distill/stream.h"

/* Trains the encoder without its heads to tell masked words of teacher.pretrain.corpus (Devlin et al. 2019), into
 * <run>/steps/pretrain.<step>/ (the files of a training). The vocabulary it makes there is the teacher's, which starts
 * from its weights. Errors: those of texts_read and corpus_open; ERR_INPUT when the corpus is too small to learn from.
 * Collective. */
status teacher_pretrain(comm *c, const recipe *r, const char *run, const run_step *step);

/* Trains the encoder into <run>/steps/<step>/ (model.safetensors, vocabulary.txt, stats.json ...). Baselines have
 * nothing to train: they return at once. One that is pretrained starts from the step before: ERR_MISSING without it.
 * Collective. */
status teacher_train(comm *c, const recipe *r, const char *run, const run_step *step);

/* The student that learns from a teacher's predictions first. */
typedef struct {
    const char *const *asks; /* (count) uids in the order in which it asks for predictions, borrowed */
    size_t count;
    const prediction_sink *sink; /* rank 0's; NULL: it does not wait for them */
} predict_learner;

/* Writes labels, classes and the predictions of the trained teacher for every segment (training, development and eval)
 * to the run's store, and those of `teacher.baselines` with the section's own teacher. Ranks share the segments; rank 0
 * writes in batches. What a set already holds is not predicted again. With a `learner` (NULL: none) the teacher's
 * predictions are made in the order in which it asks for them, those that it does not ask for last, and its sink is
 * told of each when it is in the store. Collective. */
status teacher_predict(comm *c, const recipe *r, const char *run, const run_step *step, const predict_learner *learner);

#endif
