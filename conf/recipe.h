/* recipe - one YAML file that says everything about a run, checked against one table of options.
 *
 * The table (conf/options.c) names every key once, with type, default, bounds or choices and a line of help; parsing,
 * checking, defaults and `magister recipe help` are all made from it. A recipe read here has every key resolved, so
 * readers below ask by the full key ("teacher.layers") and get a value of the right type within its bounds; asking for
 * a key or type that the table does not have is a mistake of ours and ends in ERR_INTERNAL at recipe_mistakes.
 *
 * Sections `teacher.variants.NAME` and `student.variants.NAME` hold overrides of keys of their section; recipe_for_step
 * gives the recipe as one step of the plan sees it, with these and the seed in place.
 *
 * Errors of a recipe are collected: recipe_read reports all of them at once (each "file:line:column: what; did you mean
 * ...") in fail_message, ERR_CONFIG. Command line overrides "key=value" go through the same checks, with the place
 * "command line, override 2". Strings are borrowed from the recipe. Relative paths in a recipe are relative to the
 * working directory the program was started in.
 */
#ifndef MAGISTER_CONF_RECIPE_H
#define MAGISTER_CONF_RECIPE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct recipe recipe;

/* Reads and checks `path` with `overrides` ("key=value", count). Errors: ERR_MISSING, ERR_CONFIG (all at once),
 * ERR_MEMORY. `path` NULL: nothing but the overrides. The caller frees it. */
status recipe_read(const char *path, char *const *overrides, size_t count, recipe **out);
void recipe_free(recipe **r);

const char *recipe_text(const recipe *r, const char *key); /* NULL where the value is null */
bool recipe_bool(const recipe *r, const char *key);
int64_t recipe_int(const recipe *r, const char *key);
double recipe_real(const recipe *r, const char *key);
size_t recipe_list_count(const recipe *r, const char *key);
const char *recipe_list_text(const recipe *r, const char *key, size_t i);
double recipe_list_real(const recipe *r, const char *key, size_t i);
int64_t recipe_list_int(const recipe *r, const char *key, size_t i);
bool recipe_is_null(const recipe *r, const char *key);

/* True when the key was written in the file or on the command line, not taken from the defaults. The resolved recipe of
 * a run (recipe_write) gives every key. */
bool recipe_is_given(const recipe *r, const char *key);

/* OK, or ERR_INTERNAL naming the first wrong key or type that was asked for. */
status recipe_mistakes(const recipe *r);

/* Gives a key of text, path, choice or number another value (NULL: null), through the same checks as if it had been
 * written in the file, except those across keys. Errors: ERR_CONFIG, ERR_INTERNAL for other types. */
status recipe_set(recipe *r, const char *key, const char *text);

/* Names of the variants of a section ("teacher", "student"), in the file's order. */
size_t recipe_variant_count(const recipe *r, const char *section);
const char *recipe_variant_name(const recipe *r, const char *section, size_t i);

/* What a variant has different, as "distill.loss: none, blind: true"; nothing for one that is not there. */
void recipe_variant_write(const recipe *r, const char *section, const char *name, FILE *to);

/* The value of any key on one line, as YAML. */
void recipe_value_write(const recipe *r, const char *key, FILE *to);

/* The recipe as the step (section, variant, seed) sees it: the variant's overrides replace keys of its section, `seed`
 * replaces the seed. `variant` NULL is the section itself. The caller frees it. */
status recipe_for_step(const recipe *r, const char *section, const char *variant, int64_t seed, recipe **out);

/* Writes the resolved recipe as YAML (with every default) to `to`; reading it again gives the same recipe. */
status recipe_write(const recipe *r, FILE *to);

/* 32 hex digits that change when any value that can change a result changes (out, name and some of launch.* do not). Of
 * a step's recipe only what that step can depend on counts: a change of the student leaves the teacher's hash as it
 * was. */
void recipe_hash(const recipe *r, char out[33]);

/* The option table as help: all keys, or those that start with `prefix` (NULL: all). False, and nothing is
 * printed, when there is none. */
bool recipe_help(FILE *to, const char *prefix);

#endif
