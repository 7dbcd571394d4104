/* report_curves - inside this room: what the pictures of training share. */
#ifndef MAGISTER_LAUNCHER_REPORT_CURVES_H
#define MAGISTER_LAUNCHER_REPORT_CURVES_H

#include "launcher/curve_file.h"
#include "launcher/report.h"

enum { CURVE_POINTS_MAX = 300, CURVE_SEEDS_MAX = 32 };

/* Means of neighbours, so that long curves stay small: at most CURVE_POINTS_MAX points are left. */
void curve_thin(chart_point *list, size_t *count);

/* ---- history: losses and accuracies by epoch (report_history.c) -------------------------------------------------- */

/* Whether there is more to show than one loss and one metric: a loss on the development part, or a metric in training.
 */
bool history_is_known(const curve_file *curves, size_t count);

/* Two charts of up to CURVE_SEEDS_MAX seeds: losses on the left, with the learning rate, and accuracies on the right;
 * the evaluation whose weights were kept is marked. PNG: training-NAME-loss and training-NAME-accuracy. `metric` is the
 * title of the right one's axis. */
status history_draw(const report *p, const char *name, const char *metric, const curve_file *curves, size_t count);

#endif
