/* kitchen - a small made-up kitchen, so that a run needs no outside data (conf/demo.yaml).
 *
 * Recipes are drawn from a grammar of dishes, phases and optional or swappable steps over at least 100 verb-noun actions.
 * Each video follows a recipe: segments with times (pauses, overlaps), and a noisy feature track in which an action's
 * features tell its verb and noun apart only in part. The parameters are fixed: nothing here was tuned on a student.
 *
 * Writes into `directory`: training.csv, validation.csv (the rulstm form), actions.csv, texts.txt (more recipes as text
 * only, `verb <v> noun <a> ...` a line), tracks/ (index.tsv, <video>.f32), many_shot_verbs.csv, many_shot_nouns.csv, and
 * ceiling.f32 + ceiling.tsv: for every validation segment the grammar's own probability of each action (log, float32,
 * (N, C)) given the complete true history, which no model of histories can beat on average.
 * The same options and seed give the same bytes.
 */
#ifndef MAGISTER_DATA_KITCHEN_H
#define MAGISTER_DATA_KITCHEN_H

#include "base/status.h"

#include <stdint.h>

typedef struct {
    int64_t videos, eval_videos, texts, width; /* see generate.* in conf/options.c */
    double noise;
    uint64_t seed;
} kitchen_options;

/* Errors: ERR_CREATE, ERR_IO, ERR_MEMORY. */
status kitchen_generate(const kitchen_options *options, const char *directory);

#endif
