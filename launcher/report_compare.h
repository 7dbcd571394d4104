/* report_compare - a page that sets runs side by side: scores, paired tests of sets of the same name, and in what the
 * recipes differ.
 *
 * Everything is computed from the runs' stores and recipes. The first run is what the others are compared with. Sets of
 * the same name are compared on the segments both runs predict; where they share none, the page says so.
 */
#ifndef MAGISTER_LAUNCHER_REPORT_COMPARE_H
#define MAGISTER_LAUNCHER_REPORT_COMPARE_H

#include "base/status.h"

#include <stddef.h>

enum { COMPARED_RUNS_MAX = 12 };

/* Writes the page to `path`. `runs`: (count) directories, 2 to COMPARED_RUNS_MAX. Errors: ERR_USAGE for another number;
 * ERR_MISSING for what is no run, or has no store yet; those of recipes and stores; ERR_CREATE, ERR_IO, ERR_MEMORY. */
status report_compare(char *const *runs, size_t count, const char *path);

#endif
