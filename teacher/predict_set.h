/* predict_set - a prediction set made by all ranks and written by rank 0.
 *
 * Queries are dealt out in blocks, round by round: each rank predicts its block and packs the records, rank 0 gathers,
 * writes and commits them before the next round, so what was committed is never lost, and never predicted again.
 *
 * A block goes through the model as a whole, so its make-up decides the last bits of its predictions. It is a function
 * of the lists and of what a learner asks for alone, and not of ranks, of what is there already, or of whether the
 * learner waits: a set is the same, bit by bit, however it came about.
 */
#ifndef MAGISTER_TEACHER_PREDICT_SET_H
#define MAGISTER_TEACHER_PREDICT_SET_H

#include "base/status.h"
#include "comm/comm.h"
#include "distill/store.h"
#include "teacher/model.h"
#include "teacher/teacher.h"

#include <stdbool.h>
#include <stddef.h>

/* What predicts. Logits and features of `queries` (count) of a list: (count, C) and (count, feature_width), the latter
 * NULL for a set without features. */
typedef struct {
    void *self;
    status (*predict)(void *self, list_name which, const size_t *queries, size_t count, float *logits, float *features);
} predictor;

/* Makes the set `info` says in `s` (rank 0's; NULL on the others) of the lists named in `lists`. A set that is complete
 * is left as it is. A stop that was asked for (trainer_stop) ends it between two rounds with ERR_RETRY on all ranks;
 * what was predicted is kept, and the next call goes on. With a sink it is the learner's end that ends it. A learner
 * that asks for nothing (count 0) is only told that the ranks are alive. `learner` may be NULL. Collective. */
status predict_set(comm *c, store *s, const set_info *info, const dataset *d, const bool lists[LIST_COUNT],
                   const predictor *who, const predict_learner *learner);

#endif
