#include "base/cpus.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

/* A CPU is its core's first hardware thread when the kernel lists it first; without a list, each is a core. */
static bool is_first_thread(int cpu)
{
    char path[96];
    int first = cpu;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "re");
    if (!file) return true;
    if (fscanf(file, "%d", &first) != 1) first = cpu;
    fclose(file);
    return first == cpu;
}

status cpus_usable(cpu_list *out)
{
    cpu_set_t set;
    *out = (cpu_list){0};
    if (sched_getaffinity(0, sizeof set, &set))
        return FAIL(ERR_INTERNAL, "the system does not say which CPUs may be used");
    for (int pass = 0; pass < 2; pass++)
        for (size_t cpu = 0; cpu < CPU_SETSIZE && out->count < 1024; cpu++) {
            if (!CPU_ISSET(cpu, &set) || is_first_thread((int)cpu) != (pass == 0)) continue;
            out->cpus[out->count++] = (int)cpu;
            if (pass == 0) out->whole++;
        }
    return OK;
}

size_t cpus_usable_count(void)
{
    cpu_list usable;
    if (cpus_usable(&usable) == OK && usable.count) return usable.count;
    fail_clear();
    return 1;
}

const int *cpus_of_rank(const cpu_list *from, size_t local_rank, size_t ranks, size_t threads)
{
    bool enough = threads && local_rank < ranks && ranks <= from->count / threads;
    return enough ? from->cpus + local_rank * threads : NULL;
}
