/* run - the names inside a run directory, known to the launcher and to the ranks.
 *
 *   recipe.yaml            the resolved recipe
 *   data/                  what the generator wrote
 *   store.sqlite           predictions
 *   state.json             what the launcher does; submitted.json: the jobs in Slurm that are to work on the run
 *   logs/STEP.rankN.log    one log a rank and step, or two that run together (predict.teacher+student); the
 *                          launcher's own is logs/launcher.log
 *   logs/STEP.rankN.error, .stack   why a rank ended, and where it was when others waited for it
 *   cache/NAME/            features that the CNN of the student NAME made; features/ID/: those of a streaming learner
 *   steps/STEP/            checkpoints, model.safetensors, curve.jsonl, stats.json, progress.json, events/
 *   metrics.json, analysis.json, report.html
 *
 * A step is one training or prediction of the plan. Its name is the name of what it trains, with the seed when the
 * section has several: "pretrain.teacher", "teacher", "predict.teacher", "student_plain.1".
 */
#ifndef MAGISTER_CONF_RUN_H
#define MAGISTER_CONF_RUN_H

#include "base/status.h"
#include "conf/recipe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *section; /* "generate", "stream", "pretrain", "teacher", "predict", "student", "cache" or "features" */
    const char *variant; /* name of the variant; NULL for the section's own */
    int64_t seed;
    bool several_seeds;
} run_step;

/* "student_plain.1"; steps of pretraining and predicting are "pretrain." or "predict." and the teacher's step. */
status run_step_name(const run_step *step, char *out, size_t size);

/* "predict.teacher+student.0": what the ranks of a step `predict` and of the student that learns from it meanwhile are
 * called together in logs/. */
status run_overlap_name(const run_step *predict, const run_step *student, char *out, size_t size);

/* Whether steps of that section have the keys and variants of the student: it and what is made for it. */
bool run_section_is_students(const char *section);

/* The name of the prediction set a step makes or uses: the variant's, else the section's ("teacher" for pretrain and
 * predict); "generate" and "stream" are called so. */
const char *run_set_name(const run_step *step);

/* Whether the teacher of recipe `r`, as one of its steps sees it, is pretrained: it is an encoder and has a corpus. */
bool run_pretrains(const recipe *r);

/* The directory of a recipe's run: `out`, or runs/NAME; without a slash at its end. New string; freed by the caller;
 * NULL when out of memory. */
char *run_directory(const recipe *r);

/* What tells the streaming learner whose features the student of `r` sees from any other of the recipe: "stream" for
 * the run's own, 8 hex digits of its path for another, "" for a student without (student.input). */
enum { RUN_LEARNER_BYTES = 16 };
void run_learner_id(const recipe *r, char out[RUN_LEARNER_BYTES]);

/* Its model.safetensors. New string; freed by the caller; NULL when out of memory. */
char *run_learner_model(const recipe *r, const char *run);

/* The folder of its features, "<run>/features/ID". New string, as above. */
char *run_features(const char *run, const char *id);

/* New string "<run>/store.sqlite" and so on; freed by the caller; NULL when out of memory. */
char *run_path(const char *run, const char *name);
char *run_step_directory(const char *run, const char *step_name);
char *run_log(const char *run, const char *step_name, int rank);

#endif
