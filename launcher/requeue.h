/* requeue - a job that was stopped and has saved goes back into Slurm's queue, to go on in its next turn.
 *
 * Jobs of `magister submit` ask for it (run --requeue). Nothing goes back that was cancelled. Where compute nodes have
 * no scontrol, the job's script is submitted again, to begin when this job has ended; where there is no sbatch either,
 * it is told what to do, and `magister submit --wait` does it.
 */
#ifndef MAGISTER_LAUNCHER_REQUEUE_H
#define MAGISTER_LAUNCHER_REQUEUE_H

#include "base/status.h"
#include "conf/recipe.h"

/* `r` is the recipe of the run or sweep, `only` the stage of this job and `member` the one of its sweep, or NULL. What
 * cannot be done is told and is no failure: the run itself has saved. To be called at the very end: Slurm then ends
 * this program. */
void requeue_job(recipe *r, const char *only, const char *member);

#endif
