#include "rank/cores.h"

#include "base/cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

status cores_bind(const char *wish, int local_rank)
{
    status st = OK;
    cpu_list usable;
    cpu_set_t own;
    size_t ranks, threads;
    char end;
    if (!wish || !*wish) return OK;
    if (sscanf(wish, "%zu:%zu%c", &ranks, &threads, &end) != 2 || local_rank < 0)
        TRY(FAIL(ERR_USAGE, "MAGISTER_BIND=%s: looks like 2:1, ranks of this machine and threads of each", wish));
    TRY(cpus_usable(&usable));
    const int *cpus = cpus_of_rank(&usable, (size_t)local_rank, ranks, threads);
    if (!cpus) return OK;
    CPU_ZERO(&own);
    for (size_t i = 0; i < threads; i++) CPU_SET((size_t)cpus[i], &own);
    if (sched_setaffinity(0, sizeof own, &own))
        TRY(FAIL(ERR_INTERNAL,
                 "cannot bind local rank %d to its CPUs (the first is %d): %s (launch.bind=none leaves it be)",
                 local_rank, cpus[0], strerror(errno)));
done:
    return st;
}
