/* values - one value of the option table: from YAML, and back to YAML.
 *
 * Every type is a list of items (one for a single value). An item keeps its canonical text, which is what is written
 * and hashed, and the number it stands for.
 */
#ifndef MAGISTER_CONF_VALUES_H
#define MAGISTER_CONF_VALUES_H

#include "conf/options.h"
#include "conf/tree.h"

#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *text; /* canonical */
    int64_t whole;    /* of whole numbers, and 0 or 1 of booleans */
    double real;
} item;

typedef struct {
    bool set;   /* holds a value (or null) */
    bool given; /* written in the recipe or on the command line */
    bool wrong; /* was given and could not be read: the standard value stands in for it */
    bool null;
    size_t count;
    item *at;   /* (count), from the recipe's arena */
    place from; /* where it was written; the recipe itself for defaults */
} value;

/* Reads `n` as a value of `o`. What is wrong goes to `p`, and `*out` is left alone. Errors: ERR_MEMORY. */
status value_parse(arena *strings, problems *p, const option *o, const node *n, value *out);

bool option_is_list(const option *o);
bool option_is_number(const option *o);

/* "a whole number from 1 to 96", "one of a, b, c". */
void option_describe(const option *o, char *out, size_t size);

/* What is allowed in few words: "1 to 96", "a, b, c"; "" where everything is. */
void option_bounds(const option *o, char *out, size_t size);

/* The value as YAML on one line: text is quoted where it has to be. */
void value_write(const option *o, const value *v, FILE *to);

bool value_equal(const value *a, const value *b);

#endif
