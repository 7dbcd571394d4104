/* state - where a training is: everything that is not a tensor, and the part of a checkpoint that is JSON.
 */
#ifndef MAGISTER_TRAINER_STATE_H
#define MAGISTER_TRAINER_STATE_H

#include "trainer/schedule.h"

#include <jansson.h>

enum { STATE_TEXT = 64 };

typedef struct {
    int64_t step;       /* optimiser steps done */
    int64_t epoch;      /* from 0 */
    int64_t position;   /* steps done in the epoch; all of them: its evaluation comes next */
    double best_metric; /* NAN before the first evaluation */
    int64_t best_step;  /* -1 before the first evaluation */
    int64_t worse;      /* evaluations since the best one */
    plateau plateau;
    double loss_sum; /* since the last line of the curve */
    int64_t loss_steps;
    char recipe_hash[33];
    /* Results are bitwise equal only where these are; a difference is warned of. */
    int64_t ranks;
    char library[STATE_TEXT], capability[STATE_TEXT], device[STATE_TEXT];
} train_state;

/* The state before the first step, here and now. */
train_state state_start(const train_options *o, int ranks);

/* New JSON object; NULL when out of memory. */
json_t *state_to_json(const train_state *s);

/* Errors: ERR_INPUT names `path` and the field that is missing or wrong. */
status state_from_json(const json_t *object, const char *path, train_state *out);

/* Logs a warning for each thing of the environment that differs. With `exact` the number of ranks may. */
void state_compare(const train_state *before, const train_state *now, bool exact);

#endif
