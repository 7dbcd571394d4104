/* cores - binds this rank to cores of its own. */
#ifndef MAGISTER_RANK_CORES_H
#define MAGISTER_RANK_CORES_H

#include "base/status.h"

/* `wish` is MAGISTER_BIND, "RANKS:THREADS" of this machine; NULL or "" binds nothing. Where there are too few CPUs for
 * all, nothing is bound either: then the ranks share them, or Slurm has given this rank its own already.
 * Errors: ERR_USAGE (not such a wish), ERR_INTERNAL. */
status cores_bind(const char *wish, int local_rank);

#endif
