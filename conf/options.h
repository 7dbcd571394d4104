/* options - the one table of every key a recipe may hold.
 *
 * Parsing, checking, defaults, `magister recipe help` and the resolved recipe are all made from it; a key that is not
 * here cannot be read by the program either (recipe.h). Rows are in the order help shows them.
 */
#ifndef MAGISTER_CONF_OPTIONS_H
#define MAGISTER_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    OPTION_TEXT,
    OPTION_PATH,
    OPTION_CHOICE,
    OPTION_BOOL,
    OPTION_INT,
    OPTION_REAL,
    OPTION_TEXTS, /* lists from here on */
    OPTION_CHOICES,
    OPTION_INTS,
    OPTION_SIZES, /* whole numbers that may repeat; entries of the lists above may not */
    OPTION_REALS, /* numbers that may repeat */
} option_type;

typedef struct {
    const char *key; /* full, with dots */
    option_type type;
    const char *standard; /* default as YAML text; "null" where the value may be absent */
    double least, most;   /* bounds of numbers, and of each number of a list */
    const char *choices;  /* "a|b|c" for OPTION_CHOICE and OPTION_CHOICES */
    const char *inherits; /* key that gives the default when that one was given; NULL otherwise */
    bool result;          /* a change can change results (part of the recipe's hash) */
    const char *help;
} option;

const option *options_all(size_t *count);
const option *option_find(const char *key); /* NULL when there is none */

#endif
