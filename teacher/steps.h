/* steps - inside this room: where a trained teacher lies in a run.
 */
#ifndef MAGISTER_TEACHER_STEPS_H
#define MAGISTER_TEACHER_STEPS_H

#include "base/status.h"
#include "conf/run.h"
#include "teacher/vocabulary.h"

#define TEACHER_WORDS "vocabulary.txt"
#define TEACHER_WORDS_HASH "vocabulary.hash" /* 32 hex digits: what the model was trained with */
#define TEACHER_WEIGHTS "model.safetensors"

/* New string: the directory of the training step of `step` (which may be another step of that teacher). */
status teacher_step_directory(const char *run, const run_step *step, char **out);

/* The same of its step of pretraining. */
status teacher_pretrain_directory(const char *run, const run_step *step, char **out);

/* Writes the vocabulary and its hash into the directory; with input tokens (`words` NULL) the hash alone. */
status teacher_words_write(const char *directory, const vocabulary *words, const char *hash);

/* Checks that `hash` is the one in the directory. Errors: ERR_MISSING; ERR_INPUT with both. */
status teacher_words_check(const char *directory, const char *hash);

#endif
