/* libraries - the program and the libraries in this process, told by what they hold and not by their names. */
#ifndef MAGISTER_RANK_LIBRARIES_H
#define MAGISTER_RANK_LIBRARIES_H

#include <stdbool.h>
#include <stddef.h>

/* A line each, sorted: "libtorch_cpu.so ID", where ID is the build id, or the file's size where it has none. New
 * string, freed by the caller; NULL when out of memory. */
char *libraries_list(void);

/* The name of a library that two lists tell differently, or that one alone has; "" when they are equal. The first for
 * which `matters` is true, else the first. `*out` has room for `size` bytes. */
void libraries_compare(const char *a, const char *b, bool (*matters)(const char *name), char *out, size_t size);

#endif
