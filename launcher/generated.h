/* generated - the kitchen world as data of a run. */
#ifndef MAGISTER_LAUNCHER_GENERATED_H
#define MAGISTER_LAUNCHER_GENERATED_H

#include "conf/recipe.h"

/* Points data.* of a recipe with the stage `generate`, and teacher.extra_text unless it was given, to the files that
 * will be in <run>/data. Errors: ERR_CONFIG when the recipe names other data, ERR_MEMORY. */
status generated_fill(recipe *r, const char *run);

/* Writes the world that generate.* and the seed describe into `directory`, without videos (those are made by ranks). */
status generated_make(const recipe *r, const char *directory);

#endif
