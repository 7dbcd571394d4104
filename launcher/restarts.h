/* restarts - a step that ended because a rank died or hung is begun again, and goes on from its last complete
 * checkpoint.
 *
 * Up to launch.max_restarts times a start of the launcher, with a pause that grows (1, 2, 4 ... 60 s), each time
 * telling the cause. What is wrong with recipe, data or disk is not tried again, and a stop that was asked for ends it
 * all. Every restart leaves a line in <run>/logs/restarts.jsonl: time, step, which restart of how many, cause.
 */
#ifndef MAGISTER_LAUNCHER_RESTARTS_H
#define MAGISTER_LAUNCHER_RESTARTS_H

#include "conf/recipe.h"
#include "launcher/plan.h"

/* ranks_run (ranks.h), again where that may help. `*restarts` counts those of this run. Errors: as ranks_run. */
status restarts_run(const recipe *r, const char *run, const plan_step *step, int64_t *restarts);

#endif
