#include "rank/step_recipe.h"

#include <stdlib.h>
#include <string.h>

status step_recipe(const char *run, const run_step *step, recipe **out)
{
    status st = OK;
    recipe *whole = NULL;
    char *path = run_path(run, "recipe.yaml");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of the recipe"));
    TRY(recipe_read(path, NULL, 0, &whole));
    const char *section = strcmp(step->section, "predict") ? step->section : "teacher"; /* predicts what it trained */
    TRY(recipe_for_step(whole, section, step->variant, step->seed, out));
done:
    recipe_free(&whole);
    free(path);
    return st;
}
