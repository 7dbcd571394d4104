#include "rank/cores.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *list_of(const char *lists, int local_rank)
{
    for (; lists && local_rank > 0; local_rank--) {
        lists = strchr(lists, ';');
        if (lists) lists++;
    }
    return lists;
}

static bool list_read(const char *list, cpu_set_t *out)
{
    CPU_ZERO(out);
    for (;;) {
        char *end = NULL;
        long cpu = strtol(list, &end, 10);
        if (end == list || cpu < 0 || cpu >= CPU_SETSIZE) return false;
        CPU_SET((size_t)cpu, out);
        if (*end == '\0' || *end == ';') return true;
        if (*end != ',') return false;
        list = end + 1;
    }
}

status cores_bind(const char *lists, int local_rank)
{
    cpu_set_t cpus;
    if (!lists || !*lists) return OK;
    const char *list = list_of(lists, local_rank);
    if (!list) return FAIL(ERR_USAGE, "MAGISTER_CPUS=%s has no list for local rank %d", lists, local_rank);
    if (!list_read(list, &cpus))
        return FAIL(ERR_USAGE, "MAGISTER_CPUS=%s: lists of CPU numbers look like 0,1;2,3", lists);
    if (sched_setaffinity(0, sizeof cpus, &cpus))
        return FAIL(ERR_USAGE, "cannot bind local rank %d to CPUs %s: %s", local_rank, list, strerror(errno));
    return OK;
}
