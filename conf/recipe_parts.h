/* recipe_parts - what a recipe is made of; private to the room. */
#ifndef MAGISTER_CONF_RECIPE_PARTS_H
#define MAGISTER_CONF_RECIPE_PARTS_H

#include "conf/problems.h"
#include "conf/recipe.h"
#include "conf/sweep.h"
#include "conf/values.h"

enum { VARIANTS_MAX = 64, VARIANT_NAME_MAX = 40, MISTAKE_MAX = 256, KEY_MAX = 256 };

typedef struct {
    const char *section; /* "teacher" or "student" */
    const char *name;
    place from;
    value *overrides; /* (option count) */
} variant;

/* What a full key stands for: an option of the recipe, or of one of its variants. */
typedef struct {
    char key[KEY_MAX]; /* in the option table: "student.distill.loss" */
    char section[16];  /* of a variant; "" otherwise */
    char name[KEY_MAX];
} target;

/* A key of the sweep. */
typedef struct {
    const char *key; /* in full */
    const option *option;
    const char *section, *variant; /* whose key it is; NULL for the recipe's own */
    place from;
    value *values; /* (count); one that could not be read is `wrong` */
    size_t count;
} swept;

struct recipe {
    arena *strings;
    value *values;                  /* (option count), in the table's order */
    variant variants[VARIANTS_MAX]; /* in the file's order */
    size_t variant_count;
    swept sweep[SWEEP_KEYS_MAX]; /* in the file's order */
    size_t swept_count;
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

/* A copy in memory of its own. Errors: ERR_MEMORY. */
status value_copy(arena *strings, const value *from, value *to);

/* The variant of that name; NULL when there is none. */
const variant *recipe_variant(const recipe *r, const char *section, const char *name);

/* Values of the tree under `root` go into the recipe (reader.c). Errors: ERR_MEMORY. */
status recipe_take(recipe *r, problems *p, const node *root);

/* Checks of several keys against each other (check.c). Errors: ERR_MEMORY. */
status recipe_check(const recipe *r, problems *p);

/* Takes the list of values `n` of the full key `full`, which is the option `o` (sweep_read.c). Errors: ERR_MEMORY. */
status sweep_take(recipe *r, problems *p, const char *full, const target *t, const option *o, const node *n);

/* Checks the sweep, and every member as recipe_check does. Errors: ERR_MEMORY. */
status sweep_check(const recipe *r, problems *p);

/* The recipe of a member, without a directory of its own (sweep.c). Errors: ERR_MEMORY. */
status member_make(const recipe *r, size_t i, recipe **out);

/* Whether that key of the recipe itself, not of a variant, is swept. */
bool sweep_has(const recipe *r, const char *key);

/* The lines of the sweep, as YAML. */
void sweep_write(const recipe *r, FILE *to);

/* "key is given twice, first in line 3" */
void tell_twice(problems *p, const char *full, place at, place first);

#endif
