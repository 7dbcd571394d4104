/* restarts - a step that ended because a rank died or hung is begun again, and goes on from its last complete
 * checkpoint.
 *
 * Up to launch.max_restarts times a start of the launcher, with a pause that grows (1, 2, 4 ... 60 s). Each time the
 * cause is told and logged, and the run's state counts it (run_state.h). What is wrong with recipe, data or disk is not
 * tried again, and a stop that was asked for ends it all.
 */
#ifndef MAGISTER_LAUNCHER_RESTARTS_H
#define MAGISTER_LAUNCHER_RESTARTS_H

#include "conf/recipe.h"
#include "launcher/plan.h"

/* ranks_run (ranks.h), again where that may help. `*restarts` counts those of this launcher. Errors: as ranks_run. */
status restarts_run(const recipe *r, const char *run, const plan_step *step, int64_t *restarts);

#endif
