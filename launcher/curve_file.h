/* curve_file - a step's curve.jsonl, read to be shown. docs/formats.md says what is in it.
 *
 * Numbers that are not there, or are none, are NAN. A line without a step is left out; a last line that is cut off was
 * being written when the program ended, and is passed over.
 */
#ifndef MAGISTER_LAUNCHER_CURVE_FILE_H
#define MAGISTER_LAUNCHER_CURVE_FILE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    double step, epoch; /* finished steps; from 1 */
    double loss, rate;  /* mean since the line before; learning rate */
} curve_loss;

typedef struct {
    double step, epoch;
    double metric, top5, samples;     /* of the development part: percent, and how many were scored */
    double development_loss, learned; /* learned: the metric over what was learned from */
    bool better;                      /* than all before: the weights that are kept */
} curve_score;

/* Of a stream: the mean error of each of its layers, NAN where there was none. */
enum { CURVE_LAYERS_MAX = 8 };
typedef struct {
    double step, epoch;              /* frames of all ranks; from 1 */
    double errors[CURVE_LAYERS_MAX]; /* (layers) */
    size_t layers;
    double optimizer_steps; /* so far; of lines of learning */
} curve_errors;

typedef struct {
    curve_loss *losses;     /* (loss_count) in the order of the file; owned */
    curve_score *scores;    /* (score_count) */
    curve_errors *errors;   /* (error_count) of what was learned from since the line before */
    curve_errors *held_out; /* (held_out_count) of held-out videos */
    size_t loss_count, score_count, error_count, held_out_count;
} curve_file;

/* A step that has none (a baseline, a prediction) leaves it empty. Errors: ERR_INPUT naming path and line of what is no
 * JSON object, or for a file over 256 MiB; ERR_IO, ERR_MEMORY. The caller frees it. */
status curve_file_read(const char *run, const char *step, curve_file *out);
void curve_file_free(curve_file *c);

/* The evaluation whose weights were kept: the last that was better; NULL without one. Borrowed. */
const curve_score *curve_file_best(const curve_file *c);

#endif
