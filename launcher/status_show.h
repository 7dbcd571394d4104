/* status_show - how runs are, as a table, in words, as one line, and as JSON (docs/formats.md). */
#ifndef MAGISTER_LAUNCHER_STATUS_SHOW_H
#define MAGISTER_LAUNCHER_STATUS_SHOW_H

#include "launcher/run_view.h"

#include <jansson.h>
#include <stdio.h>

/* A row a run, and why Slurm could not be asked. Errors: ERR_MEMORY. */
status status_print_table(const run_views *views, const slurm_memory *memory, FILE *to);

/* The rows of a sweep's members, by their directories' names; under each that has one its reason. Errors: ERR_MEMORY.
 */
status status_print_members(const run_views *members, FILE *to);

/* All of one run; of a sweep what there is beside its members. */
void status_print_one(const run_view *view, const slurm_memory *memory, FILE *to);

/* "2026-11-26T01:43:59Z runs/demo: running, 3/16 student.1 ..." without a line end, for following what changes: equal
 * texts but for the time where nothing of note has changed. New string; NULL when out of memory. */
char *status_line(const run_view *view);

/* New object; NULL when out of memory. */
json_t *status_json(const run_view *view);

#endif
