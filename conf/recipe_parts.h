/* recipe_parts - what a recipe is made of; private to the room. */
#ifndef MAGISTER_CONF_RECIPE_PARTS_H
#define MAGISTER_CONF_RECIPE_PARTS_H

#include "conf/problems.h"
#include "conf/recipe.h"
#include "conf/values.h"

enum { VARIANTS_MAX = 64, VARIANT_NAME_MAX = 40, MISTAKE_MAX = 256, KEY_MAX = 256 };

typedef struct {
    const char *section; /* "teacher" or "student" */
    const char *name;
    place from;
    value *overrides; /* (option count) */
} variant;

struct recipe {
    arena *strings;
    value *values;                  /* (option count), in the table's order */
    variant variants[VARIANTS_MAX]; /* in the file's order */
    size_t variant_count;
    const char *step_section; /* of recipe_for_step; NULL for a whole recipe */
    place file;
    char *mistake; /* (MISTAKE_MAX) the first wrong key or type asked for */
};

/* A recipe without any value; NULL when out of memory. */
recipe *recipe_new(const char *path);

size_t option_index(const option *o);

/* The value's or the default's; the option must exist. */
const value *recipe_value(const recipe *r, const char *key);

/* Gives every key that was not given its inherited or standard value. Errors: ERR_MEMORY. */
status recipe_resolve(recipe *r, problems *p);

/* Values of the tree under `root` go into the recipe (reader.c). Errors: ERR_MEMORY. */
status recipe_take(recipe *r, problems *p, const node *root);

/* Checks of several keys against each other (check.c). Errors: ERR_MEMORY. */
status recipe_check(const recipe *r, problems *p);

#endif
