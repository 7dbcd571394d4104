/* inputs - the files and folders that the steps of a run will read, looked for before the first of them begins: what is
 * missing is told with the key that names it, all at once, and not by a step hours later. What a stage of the run makes
 * itself is left out.
 */
#ifndef MAGISTER_LAUNCHER_INPUTS_H
#define MAGISTER_LAUNCHER_INPUTS_H

#include "launcher/plan.h"

/* Of the steps of `p` that are not in `done` (p->count) and belong to the stage `only` (NULL: any). `run` is the run's
 * directory. Errors: ERR_MISSING with a line for each, "data.actions: PATH: No such file or directory"; ERR_MEMORY. */
status inputs_check(const recipe *r, const plan *p, const bool *done, const char *only, const char *run);

#endif
