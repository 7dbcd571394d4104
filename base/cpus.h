/* cpus - which CPUs this process may use, and which of them each rank of a machine is given.
 *
 * Ranks get disjoint lists of as many CPUs as they have threads, whole cores before second hardware threads. Every rank
 * works its list out for itself, from what its machine lets it use: nodes need not be alike.
 */
#ifndef MAGISTER_BASE_CPUS_H
#define MAGISTER_BASE_CPUS_H

#include "base/status.h"

#include <stddef.h>

typedef struct {
    int cpus[1024]; /* (count) first hardware threads of cores first */
    size_t count;
    size_t whole; /* how many of them are first hardware threads */
} cpu_list;

/* The CPUs this process may use. Errors: ERR_INTERNAL. */
status cpus_usable(cpu_list *out);

/* How many they are; 1 where the system does not say. */
size_t cpus_usable_count(void);

/* The CPUs of rank `local_rank` of `ranks` on this machine, of `threads` threads each: (threads) numbers, borrowed from
 * `from`; NULL when there are too few for disjoint lists. */
const int *cpus_of_rank(const cpu_list *from, size_t local_rank, size_t ranks, size_t threads);

#endif
