/* sweep_run - the members of a sweep, run one after another or one alone.
 *
 * Every member is a run in a directory of its own. One that fails is told and the next goes on; a stop (ranks.h) ends
 * all. Several launchers, on one machine or many, may work in one sweep: a member that another one runs is passed over.
 */
#ifndef MAGISTER_LAUNCHER_SWEEP_RUN_H
#define MAGISTER_LAUNCHER_SWEEP_RUN_H

#include "conf/recipe.h"
#include "launcher/rundir.h"

/* Runs all members of `r`, in order, and prints the table of all to stdout. With RUN_RESUME those that are done are
 * passed over; their recipes must not have changed. Errors: of the first member that failed, with all of them counted
 * in the message; ERR_RETRY when it was stopped; those of sweep_dir_open. */
status sweep_run(const recipe *r, run_mode mode);

/* Runs the member of that number, from 0, or, for "array", of the number that Slurm gives a job of an array
 * (SLURM_ARRAY_TASK_ID). `mode` is the member's: the sweep's directory is made when it is not there. Errors: ERR_USAGE
 * for what is no member; those of run_recipe and sweep_dir_open. */
status sweep_run_member(const recipe *r, const char *number, run_mode mode);

#endif
