/* distillation - what the page of bench/distillation is made of: its worlds, the sets it sets side by side, and their
 * numbers. */
#ifndef MAGISTER_BENCH_DISTILLATION_H
#define MAGISTER_BENCH_DISTILLATION_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { FACTORS = 3, ROWS_MAX = 12, MORE_MAX = 4, SEEDS_MAX = 64 };

/* ---- what is compared (distillation_worlds.c) -------------------------------------------------------------------- */

/* A set of the store, and the one its gain is measured against (NULL: none). */
typedef struct {
    const char *label, *set, *plain;
    const char *source; /* the set it learns from or sees through; NULL: not shown */
    double share;       /* of the labels, percent; 0: not what the factor is about */
} row_plan;

typedef struct {
    const char *name, *title, *about;
    const char *source;      /* title of the column with the top-1 of the rows' sources; NULL: there is none */
    row_plan rows[ROWS_MAX]; /* up to the first without a set */
} factor_plan;

/* Two sets whose difference answers a question of its own. */
typedef struct {
    const char *a, *b, *question;
} more_plan;

typedef struct {
    const char *name, *title, *about;
    factor_plan factors[FACTORS];
    more_plan more[MORE_MAX];
} world_plan;

/* NULL when there is no such world. */
const world_plan *world_find(const char *name, size_t length);

/* ---- numbers (distillation.c) ------------------------------------------------------------------------------------ */

enum { TOP_1, TOP_5, TOPS };

typedef enum { GAIN_NONE, GAIN_HELPS, GAIN_HURTS, GAIN_UNCLEAR } verdict;

/* NAN: not known. Percent. */
typedef struct {
    double mean, low, high, seed_sd;
} score;

typedef struct {
    double difference, low, high; /* percent points */
    double p, holm;               /* of the permutation test, and corrected within the family */
} gain;

typedef struct {
    const row_plan *plan;
    score top[TOPS];
    gain gain[TOPS];
    double source;         /* top-1 of the source's own set */
    double samples, steps; /* of the first seed's training */
    size_t seeds, n;       /* n: segments scored */
} row;

typedef struct {
    const factor_plan *plan;
    row rows[ROWS_MAX]; /* (count) */
    size_t count;
} factor;

typedef struct {
    const world_plan *plan;
    char *run;
    char hash[40];
    double level, resamples, segments, videos, batch;
    double least_steps, most_steps; /* of all students that are compared */
    size_t least_seeds, most_seeds;
    factor factors[FACTORS];
    gain more[MORE_MAX][TOPS]; /* corrected as one family */
} world;

/* What may be concluded at 5 %: interval and corrected test have to agree. */
verdict gain_verdict(const gain *g);

/* ---- the page (distillation_page.c) ------------------------------------------------------------------------------ */

/* Writes the page to `to` and its pictures into the folder `pictures` as PNG too. Errors: ERR_MISSING without cairo;
 * ERR_CREATE, ERR_IO, ERR_MEMORY. */
status page_write(FILE *to, const char *pictures, const world *worlds, size_t count, bool quick);

#endif
