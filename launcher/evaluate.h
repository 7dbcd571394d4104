/* evaluate - metrics.json, analysis.json and report.html of a run, from its store and from what its steps have
 * measured. */
#ifndef MAGISTER_LAUNCHER_EVALUATE_H
#define MAGISTER_LAUNCHER_EVALUATE_H

#include "conf/recipe.h"
#include "launcher/plan.h"

/* Writes the three files of a run. analysis.json is distill/analysis.h's, with its defaults. metrics.json holds one
 * object a prediction set (distill/metrics.h) and, beside them: throughput           step -> samples_per_s,
 * tokens_per_s, step_ms_p50, step_ms_p99, ... (its stats.json) time_to_first_step_s of the first step that trained;
 * null when none did rss_peak_mb          the largest of all steps; null when none did world_size, run, recipe_hash
 * Errors: ERR_MISSING without a store; those of the store; ERR_IO, ERR_CREATE, ERR_MEMORY. */
status evaluate_run(const char *run, const recipe *r, const plan *p);

#endif
