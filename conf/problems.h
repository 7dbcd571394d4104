/* problems - all that is wrong with one recipe, collected with places and told at once.
 *
 * A place is a line and column of a file, or an argument of the command line (no line). The list is sorted by source,
 * line and column, so that it reads like the file. At most PROBLEMS_MAX are kept; the rest are counted.
 */
#ifndef MAGISTER_CONF_PROBLEMS_H
#define MAGISTER_CONF_PROBLEMS_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROBLEMS_MAX = 64 };

typedef struct {
    const char *source;  /* path, or "command line, override 2"; borrowed */
    int order;           /* of sources: the file is 0, overrides follow */
    size_t line, column; /* from 1; 0: the whole source */
} place;

typedef struct {
    arena *strings; /* borrowed */
    struct problem {
        place at;
        const char *text;
    } list[PROBLEMS_MAX];
    size_t count; /* told, which may be more than are kept */
} problems;

/* The text and the name of the source are copied. The same text at the same place counts once. */
void problem_add(problems *p, place at, const char *message, ...) __attribute__((format(printf, 3, 4)));

/* OK when there is none; otherwise ERR_CONFIG, with "file:line:column: message" of each as lines of fail_message. */
status problems_end(problems *p);

#endif
