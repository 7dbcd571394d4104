/* stage - the stage `stream`: a recipe's streaming learner, over the ranks of a world.
 *
 * Every rank watches videos of its own (dealing.h), and all meet after `average_every` frames of each stream:
 * parameters are averaged over those that have watched (or, with sync gradients, gradients are summed and one step is
 * taken), layers grow, videos are dealt out, and what is to be saved is saved. Between meetings nobody waits for
 * anybody.
 *
 * A stop that was asked for is heard after a turn: the ranks come to a meeting at once, each saves where it is, and the
 * step ends with ERR_RETRY. What goes on from there is bitwise what would have been.
 *
 * Held-out videos (data.eval) are watched without learning whenever an epoch is over, and at the end.
 *
 * steps/NAME gets checkpoints, curve.jsonl (step: frames of all ranks; loss: error of layer 0), events/ (TensorBoard),
 * events.rankNNNN.jsonl, errors.rankNNNN.jsonl, videos/, the same three of held-out videos in eval/, stats.json and
 * model.safetensors, which says of itself what it is (stream_card.h).
 */
#ifndef MAGISTER_STREAM_STAGE_H
#define MAGISTER_STREAM_STAGE_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "conf/run.h"

/* Collective. */
status stream_train(comm *c, const recipe *r, const char *run, const run_step *step);

#endif
