/* overlap - a teacher that predicts and the student that learns from it, at the same time in one world.
 *
 * The first ranks of the world are the student's, the last `teachers` the teacher's; each role has a communicator of
 * its own, and works as if it were alone in the world. The teacher's first rank writes the store, and posts what the
 * store holds to every rank of the student (comm_post): what is on its way takes memory at both ends, at most that of
 * the set's training part. The student opens the store when the teacher has closed it.
 *
 * Failure. A role that fails or is stopped says so in its last message, and the other ends with that cause. A student
 * waits for a silent teacher as long as launch.timeout says; any message is a sign of life. A teacher that is done
 * waits for the student without a limit: where the student hangs, it is the student's own ranks that miss each other.
 */
#ifndef MAGISTER_RANK_OVERLAP_H
#define MAGISTER_RANK_OVERLAP_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "distill/stream.h"
#include "rank/arguments.h"

/* The step `predict` of the teacher of recipe `r`, in the order in which a->learner asks, where there is one. `sink`:
 * the learner's, or NULL. Collective. */
status predict_for_learner(comm *c, const recipe *r, const rank_arguments *a, const prediction_sink *sink);

/* That step and the learner's. `r` is the recipe as the teacher sees it. Collective. */
status overlap_run(comm *world, const recipe *r, const rank_arguments *a);

#endif
