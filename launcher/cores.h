/* cores - which CPUs each rank of this machine is bound to.
 *
 * CPUs are those the launcher itself may use. Ranks get disjoint lists of as many CPUs as they have threads, whole
 * cores before second hardware threads. The ranks do the binding (magister-rank reads MAGISTER_CPUS), because mpirun
 * would bind each rank to one core whatever its threads.
 */
#ifndef MAGISTER_LAUNCHER_CORES_H
#define MAGISTER_LAUNCHER_CORES_H

#include "base/status.h"

#include <stddef.h>

typedef struct {
    int cpus[1024]; /* (count) first hardware threads of cores first */
    size_t count;
    size_t whole; /* how many of them are first hardware threads */
} cpu_list;

/* The CPUs this process may use. Errors: ERR_INTERNAL. */
status cpus_usable(cpu_list *out);

/* "0,1;2,3" for 2 ranks of 2 threads; "" when there are too few for disjoint lists. New string, freed by the caller;
 * NULL when out of memory. */
char *cpus_for_ranks(const cpu_list *from, size_t ranks, size_t threads);

#endif
