/* ranks - one step of the plan on local ranks: starting magister-rank, stopping it, and telling why it failed.
 *
 * One rank is started directly, several by mpirun or srun (starter.h) in a process group of its own. While they run,
 * the first SIGINT, SIGTERM, SIGUSR1 or SIGHUP that the launcher gets is passed on as SIGUSR1 (ranks save, agree and
 * leave with exit code 75), again every second so that a rank that was still starting hears it; the second kills all of
 * them. Ranks die with the launcher.
 *
 * A rank that fails leaves `<run>/logs/STEP.rankN.error`: its exit code in the first line, then the message, and
 * the place in the source in the last line. What is told is the cause: a failure of a rank's own before the complaints
 * of others that it did not come.
 */
#ifndef MAGISTER_LAUNCHER_RANKS_H
#define MAGISTER_LAUNCHER_RANKS_H

#include "conf/recipe.h"
#include "launcher/plan.h"

/* From here on these signals ask for a stop; a second one while nothing but the launcher runs ends it. In a batch
 * job all of them together ask once. */
void stop_install(void);
bool stop_requested(void);

/* Runs one step, one with ranks of its own together with the step after it (plan.h), and waits for it. Errors:
 * ERR_RETRY when it was stopped and has saved; ERR_MISSING without mpirun or magister-rank; otherwise what the failing
 * rank said. */
status ranks_run(const recipe *r, const char *run, const plan_step *step);

/* Becomes magister-rank, to do `word` with `words` (count) and without a run. Returns only when it cannot: ERR_MISSING,
 * ERR_MEMORY. */
status ranks_become(const char *word, char *const *words, size_t count);

/* Path of magister-rank: $MAGISTER_RANK, or beside this program. New string; NULL when out of memory. */
char *ranks_program(void);

#endif
