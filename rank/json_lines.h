/* json_lines - what commands that look at files print for programs: a JSON object a line. */
#ifndef MAGISTER_RANK_JSON_LINES_H
#define MAGISTER_RANK_JSON_LINES_H

#include "base/status.h"

#include <jansson.h>
#include <stdbool.h>

/* Prints `line`, which it takes, to stdout; numbers with `precision` digits. NULL: a name in it, `name`, was no UTF-8.
 * Errors: ERR_INPUT for that, ERR_IO. */
status json_line_print(const char *name, json_t *line, size_t precision);

/* Logs the failure at hand, which is why the file `name` could not be read, and forgets it; with `json` a line {KEY:
 * name, "error": reason} says it too, where both are UTF-8. Errors: ERR_IO. */
status json_line_unreadable(const char *key, const char *name, bool json);

#endif
