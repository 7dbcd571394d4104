/* student - a video model that learns from labels and from a teacher's stored predictions, as a step of a run.
 *
 * Reads everything from the step's recipe (recipe_for_step) and the run's store. Training leaves model.safetensors and
 * the rest in <run>/steps/<step>/; then every eval segment is predicted into the store's set of that name and seed.
 * Coverage of the teacher over the training segments is logged and kept in stats.json.
 */
#ifndef MAGISTER_STUDENT_STUDENT_H
#define MAGISTER_STUDENT_STUDENT_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "conf/run.h"
#include "data/dataset.h"
#include "distill/stream.h"

/* Trains and predicts. `from`: where the teacher's predictions come from while they are made; NULL: they are all in the
 * store. With a source the student's own predictions are written when the store is complete. Errors: those of the
 * recipe's files and of the source; ERR_MISSING naming the first uid without a teacher's prediction (unless
 * on_missing is skip); ERR_INPUT for a store of another teacher or vocabulary. Collective. */
status student_train(comm *c, const recipe *r, const char *run, const run_step *step, const prediction_source *from);

/* Uids of the segments whose predictions the student of `r` asks for in its first epoch, in that order: (count) strings
 * borrowed from `data`, in new memory. Opens its tracks, and neither frames nor a model. Errors: those of tracks_open
 * and clip_check; ERR_MEMORY. */
status student_asks(const recipe *r, const char *run, const dataset *data, const char ***uids, size_t *count);

#endif
