/* names - a table from names to numbers, for uids, videos and classes of one file. */
#ifndef MAGISTER_DATA_NAMES_H
#define MAGISTER_DATA_NAMES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    const char **keys; /* (room) borrowed; NULL where free */
    size_t *values;    /* (room) */
    size_t room, count;
} name_table;

/* Adds `key` (borrowed; must outlive the table) unless it is there. `*kept` is the value that stands in the table now:
 * `value`, or the older one. Errors: ERR_MEMORY. */
status names_add(name_table *table, const char *key, size_t value, size_t *kept);

bool names_find(const name_table *table, const char *key, size_t *value);

void names_free(name_table *table);

#endif
