/* step_recipe - a run's recipe as one of its steps sees it. */
#ifndef MAGISTER_RANK_STEP_RECIPE_H
#define MAGISTER_RANK_STEP_RECIPE_H

#include "conf/recipe.h"
#include "conf/run.h"

/* Reads <run>/recipe.yaml. The caller frees it. Errors: those of recipe_read and recipe_for_step; ERR_MEMORY. */
status step_recipe(const char *run, const run_step *step, recipe **out);

#endif
