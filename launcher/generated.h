/* generated - the kitchen world as data of a run. */
#ifndef MAGISTER_LAUNCHER_GENERATED_H
#define MAGISTER_LAUNCHER_GENERATED_H

#include "conf/recipe.h"

/* Whether what generate.* asks for has videos, which ranks make. */
bool generated_films(const recipe *r);

/* The file of a generated world that comes last: with it the world is whole. */
const char *generated_last_file(const recipe *r);

/* Points data.* of a recipe with the stage `generate`, and teacher.extra_text unless it was given, to the files that
 * will be in <run>/data. Errors: ERR_CONFIG when the recipe names other data, ERR_MEMORY. */
status generated_fill(recipe *r, const char *run);

/* Writes the world that generate.* and the seed describe into `directory`, without videos (those are made by ranks). */
status generated_make(const recipe *r, const char *directory);

#endif
