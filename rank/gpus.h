/* gpus - which GPU a rank takes, and that no two ranks take one without being told to.
 *
 * The place on the machine is all a rank knows before MPI is there, which is when the device is decided. So the choice
 * is a rule, and whether it was right is looked at when the ranks can talk.
 */
#ifndef MAGISTER_RANK_GPUS_H
#define MAGISTER_RANK_GPUS_H

#include "comm/comm.h"

/* The number of the GPU for the rank at place `local_rank` of its machine, of `count` that this process sees: its own
 * of many; the only one, which is its own where each task sees one (--gpus-per-task=1); `shared`: taken in turn.
 * Where there are fewer than places this is a number that does not exist, which the start of tensors refuses. */
int gpu_for_rank(int local_rank, int count, bool shared);

/* Each rank brings the UUID of the GPU it uses, "" for the CPU. ERR_CONFIG on all ranks when some have a GPU and some
 * have none, and, unless `shared`, when two have the same; names them and says what to do. Collective. */
status gpus_check(comm *c, const char *uuid, bool shared);

#endif
