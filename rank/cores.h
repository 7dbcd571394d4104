/* cores - binds this rank to the CPUs the launcher chose for it. */
#ifndef MAGISTER_RANK_CORES_H
#define MAGISTER_RANK_CORES_H

#include "base/status.h"

/* `lists` is MAGISTER_CPUS: one list of CPU numbers a local rank, "0,1;2,3"; NULL or "" binds nothing.
 * Errors: ERR_USAGE (not such a list, none for `local_rank`, CPUs that are not there). */
status cores_bind(const char *lists, int local_rank);

#endif
