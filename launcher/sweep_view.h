/* sweep_view - how a sweep is: each of its members as run_view.h has it, and all of them in one word. */
#ifndef MAGISTER_LAUNCHER_SWEEP_VIEW_H
#define MAGISTER_LAUNCHER_SWEEP_VIEW_H

#include "launcher/run_view.h"

#include <jansson.h>

/* Looks at the members of `sweep` (sweep_dir.h), in its order. Errors: ERR_MEMORY. The caller frees it with
 * run_views_free. */
status sweep_members_read(const json_t *sweep, const char *directory, slurm_memory *memory, run_views *out);

/* "6 members, 2 done, 1 failed, 3 waiting" of how many there are in each condition, into `out` (size). */
void sweep_counts_write(const size_t counts[RUN_CONDITIONS], char *out, size_t size);

/* Makes of the view of a directory that of the sweep in it: its condition (running when any member is, else starting,
 * pending, silent, died, failed, stopped, unknown, waiting, the first that any is; done when all are), the counts as
 * its note, as its progress how many members are done. `*members`: these, to be freed with run_views_free. A directory
 * that holds no sweep is left alone, and has none; a sweep.json that cannot be read is told in the note. Errors:
 * ERR_MEMORY. */
status sweep_look(run_view *view, slurm_memory *memory, run_views *members);

#endif
