/* sweep_rows - what a sweep's table is made of; private to sweep_table.c and sweep_print.c. */
#ifndef MAGISTER_LAUNCHER_SWEEP_ROWS_H
#define MAGISTER_LAUNCHER_SWEEP_ROWS_H

#include "base/arena.h"
#include "launcher/run_view.h"
#include "launcher/sweep_table.h"

#include <stdbool.h>
#include <stddef.h>

enum { SCORES_MAX = 16, SCORE_NAME_MAX = 96, NONE = -1 };

typedef struct {
    double mean, deviation; /* NAN: there is none */
} measure;

typedef struct {
    size_t index;
    const char *name;
    const char **values; /* (keys), as shown */
    run_condition condition;
    int code;          /* exit code of a failure; 0 otherwise */
    char message[512]; /* one line: why it failed, or waits; "" */
    measure scores[SCORES_MAX];
} sweep_row;

/* Rows that differ in their seed alone. */
typedef struct {
    const char **values; /* (keys), of one of them */
    size_t count, done;
    measure scores[SCORES_MAX]; /* over those that are done */
} seed_group;

struct sweep_table {
    arena *strings;
    const json_t *sweep; /* borrowed */
    size_t key_count, score_count, count, group_count;
    const char **keys, **labels;                  /* (key_count) */
    char score_names[SCORES_MAX][SCORE_NAME_MAX]; /* (score_count) */
    sweep_row *rows;                              /* (count) */
    seed_group *groups;                           /* (group_count), in the order of the members */
    int seed_key;                                 /* NONE: the seed is not swept */
    int main_score;                               /* that the best is told by; NONE: there are no scores */
    slurm_memory memory;                          /* what Slurm said of the members' jobs */
};

/* The best row or group by the main score; NONE without. */
int sweep_best_row(const sweep_table *t);
int sweep_best_group(const sweep_table *t);

#endif
