/* curve - curve.jsonl: one JSON object a line for every logged step and every evaluation.
 *
 *   {"step": 120, "epoch": 2, "loss": 3.21, "lr": 0.0005}       loss: mean since the line before
 *   {"step": 400, "epoch": 3, "metric": 38.7, "better": true}
 *
 * An evaluation that knows them also has "development_loss", "learned", "top5" and "samples" (train_score).
 * A stream's lines have the error of each of its layers, null where there was none:
 *
 *   {"step": 4000, "epoch": 1, "loss": 0.31, "lr": 0.0001, "errors": [0.31, 0.52], "optimizer_steps": 40}
 *   {"step": 9000, "epoch": 1, "eval_errors": [0.33, 0.55], "eval_videos": 4}
 *
 * `step` counts finished steps, `epoch` starts at 1. A training that goes on from a checkpoint takes back the lines
 * that came after it, so the file is that of a training without a stop.
 */
#ifndef MAGISTER_TRAINER_CURVE_H
#define MAGISTER_TRAINER_CURVE_H

#include "base/line_log.h"
#include "trainer/trainer.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct curve curve;

/* Opens `path` to go on after `step`; `scored`: behind the evaluation there, if there was one, not before it. Errors:
 * ERR_CREATE, ERR_IO. */
status curve_open(const char *path, int64_t step, bool scored, curve **out);
void curve_close(curve **c);

/* The file, base/line_log.h: lines that a full disk takes wait there. Borrowed. */
line_log *curve_lines(curve *c);

/* Errors: ERR_IO. */
status curve_step(curve *c, int64_t step, int64_t epoch, double loss, double rate);
status curve_score(curve *c, int64_t step, int64_t epoch, const train_score *score, bool better);

/* Of a stream: mean errors (layers) since the line before, NAN where none; optimiser steps so far. */
status curve_stream(curve *c, int64_t step, int64_t epoch, double rate, const double *errors, size_t layers,
                    int64_t optimizer_steps);
/* Mean errors (layers) over so many held-out videos. */
status curve_held_out(curve *c, int64_t step, int64_t epoch, const double *errors, size_t layers, int64_t videos);

#endif
