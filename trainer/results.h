/* results - what a finished training leaves in its directory: model.safetensors and stats.json.
 */
#ifndef MAGISTER_TRAINER_RESULTS_H
#define MAGISTER_TRAINER_RESULTS_H

#include "trainer/trainer.h"

/* Writes the model and then stats.json: {steps, epochs, metric, best_metric, samples_per_s, tokens_per_s, step_ms_p50,
 * step_ms_p99, time_to_first_step_s, rss_peak_mb, world_size, recipe_hash}. Errors: ERR_CREATE, ERR_IO. */
status results_write(const char *directory, const train_task *task, const train_options *o, const train_result *result,
                     int ranks);

/* *found: both files are there. Errors: ERR_INPUT when stats.json is damaged, ERR_CONFIG when it is of another recipe.
 */
status results_read(const char *directory, const train_options *o, bool *found, train_result *out);

/* Errors: those of module_load. Collective. */
status results_load_model(comm *c, const char *directory, module *m);

#endif
