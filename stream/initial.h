/* initial - a stage that begins with what another one has learned (stream.init).
 *
 * The file is a model.safetensors, or the directory of a step that holds one; the published model's weights, .pth, fit
 * as well. Its layers are all taken, so the learner has at least as many; those that are asked for beyond them
 * (stream.init_layers) begin anew, and more than stream.layers allows are refused. Tables of positions and levels may
 * have other lengths (stream.buffer, stream.layers): the rows that both have are taken. Weights are all that is taken:
 * moments, events and counts begin anew.
 */
#ifndef MAGISTER_STREAM_INITIAL_H
#define MAGISTER_STREAM_INITIAL_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "stream/learner.h"

/* Into a learner that has watched nothing; without stream.init nothing is done. Errors: ERR_MISSING; ERR_INPUT (no
 * weights of a streaming learner, or of one of other sizes: names the keys, or all tensors that do not fit); ERR_CONFIG
 * for more layers than may be. Collective. */
status initial_learner_load(comm *c, const recipe *r, learner *l);

#endif
