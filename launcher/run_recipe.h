/* run_recipe - one recipe, run from its first step to its report.
 *
 * The run goes into run_directory of the recipe. What it tells goes to stderr and to logs/launcher.log of the run; a
 * stop that is asked for (ranks.h) ends it with ERR_RETRY.
 */
#ifndef MAGISTER_LAUNCHER_RUN_RECIPE_H
#define MAGISTER_LAUNCHER_RUN_RECIPE_H

#include "conf/recipe.h"
#include "launcher/rundir.h"

#include <stdbool.h>

/* Fills in what a recipe leaves to its run: `out`, and the data that the stage generate makes. `*directory` is a new
 * string. Errors: ERR_CONFIG, ERR_MEMORY. */
status run_prepare(recipe *r, char **directory);

/* `r` is borrowed, and prepared; `only`: the one stage that is run, those before it must
 * be done; NULL: all. `results`: the scores are printed to stdout at the end. Errors: those of the recipe, of
 * rundir_open, and of the step that failed. */
status run_recipe(recipe *r, run_mode mode, const char *only, bool results);

#endif
