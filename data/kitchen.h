/* kitchen - a small made-up kitchen, so that a run needs no outside data (conf/demo.yaml).
 *
 * Recipes are drawn from a grammar of 14 dishes with variants, phases, interleaved and optional steps and chores in
 * between, over 184 actions of 29 verbs and 57 nouns (kitchen_grammar.h, kitchen_dishes.c). Each video follows a
 * recipe: segments with times (pauses, overlaps) and a noisy feature track in which an action's features tell its verb
 * and noun apart only in part (kitchen_video.h). The parameters are fixed: nothing here was tuned on a student.
 *
 * Writes into `directory`:
 *   training.csv, validation.csv    the rulstm form, frames at 30 fps; uids are unique over both
 *   actions.csv                     id,action,verb,noun
 *   texts.txt                       more recipes as text only, `verb <v> noun <a> ...` a line
 *   tracks/                         index.tsv and <video>.f32 of all videos, 2 frames a second (tracks.h); not where
 *                                   generate.film is video
 *   videos/                         <video>.mp4 of all videos where it is: pictures by kitchen_render.h, encoded and
 *                                   written by magister-rank (rank/generate.h) before all other files; film.txt says
 *                                   with which options
 *   many_shot_verbs.csv, many_shot_nouns.csv   classes with more than 1 % of the training segments
 *   ceiling.f32, ceiling.tsv        for every validation segment, in the order of validation.csv, the logarithm of the
 *                                   grammar's own probability of each action given the complete true history and that
 *                                   another action comes (N, C), float32, little-endian, at least log 1e-12; the .tsv
 *                                   has the header uid, action and row i's uid and label. No model of histories can
 *                                   beat it on average.
 * The same options and seed give the same bytes.
 */
#ifndef MAGISTER_DATA_KITCHEN_H
#define MAGISTER_DATA_KITCHEN_H

#include "base/status.h"
#include "conf/recipe.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t videos, eval_videos, texts, width; /* see generate.* in conf/options.c */
    double noise;
    uint64_t seed;
    bool filmed; /* generate.film is video: no tracks are written */
} kitchen_options;

enum { KITCHEN_NAME = 32 };

/* What a recipe's generate.* and seed ask for. */
kitchen_options kitchen_options_read(const recipe *r);

/* "kitchen_000012", the name of video `number`: those of training come first, then those of validation. */
void kitchen_video_name(uint64_t number, char out[KITCHEN_NAME]);

/* Files that are there are replaced; each appears under its name when it is whole, tracks/index.tsv last; videos are
 * not made here. Makes `directory`. Errors: ERR_CONFIG (options out of bounds), ERR_CREATE, ERR_IO, ERR_MEMORY. */
status kitchen_generate(const kitchen_options *options, const char *directory);

#endif
