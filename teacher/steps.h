/* steps - inside this room: where a trained teacher lies in a run.
 */
#ifndef MAGISTER_TEACHER_STEPS_H
#define MAGISTER_TEACHER_STEPS_H

#include "base/status.h"
#include "conf/run.h"

#define TEACHER_WORDS "vocabulary.txt"
#define TEACHER_WEIGHTS "model.safetensors"

/* New string: the directory of the training step of `step` (which may be the step of predicting). */
status teacher_step_directory(const char *run, const run_step *step, char **out);

#endif
