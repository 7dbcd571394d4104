/* Cores, memory, and memory shared by ranks: what there is against what ranks take. */
#include "doctor/machine.h"

#include "base/filesystem.h"

#include <dirent.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    RANK_MIB = 150, /* what a rank holds before it has data or a model: 143 measured */
    SHARED_MIB = 2, /* what a rank takes of /dev/shm before gradients: 8 of four measured */
    SHARED_GOOD_MIB = 64
};
static const double MIB = 1 << 20, GIB = 1 << 30;

/* ---- control groups ---------------------------------------------------------------------------------------------- */

static bool read_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    bool got = file && fgets(out, (int)size, file);
    if (file) fclose(file);
    if (got) out[strcspn(out, "\n")] = '\0';
    return got;
}

/* This process's control group (version 2), "/a/b"; "" without one. */
static void own_group(char *out, size_t size)
{
    char line[4096];
    FILE *file = fopen("/proc/self/cgroup", "re");
    out[0] = '\0';
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, "0::", 3)) snprintf(out, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    if (file) fclose(file);
    if (!strcmp(out, "/")) out[0] = '\0';
}

/* The smallest value that `read` gives for the group and those around it. */
static double smallest_in_groups(double (*read)(const char *group))
{
    char group[4000], folder[4096];
    double smallest = -1;
    own_group(group, sizeof group);
    for (;;) {
        snprintf(folder, sizeof folder, "/sys/fs/cgroup%s", group);
        double value = read(folder);
        if (value >= 0 && (smallest < 0 || value < smallest)) smallest = value;
        char *slash = strrchr(group, '/');
        if (!slash) return smallest;
        *slash = '\0';
    }
}

static double cpus_of_group(const char *group)
{
    char path[4200], line[128];
    double most, period;
    snprintf(path, sizeof path, "%s/cpu.max", group);
    bool limited = read_line(path, line, sizeof line) && sscanf(line, "%lf %lf", &most, &period) == 2 && period > 0;
    return limited ? most / period : -1;
}

static double memory_left_of_group(const char *group)
{
    char path[4200], most[64], now[64];
    snprintf(path, sizeof path, "%s/memory.max", group);
    if (!read_line(path, most, sizeof most) || !strcmp(most, "max")) return -1;
    snprintf(path, sizeof path, "%s/memory.current", group);
    if (!read_line(path, now, sizeof now)) return -1;
    double left = strtod(most, NULL) - strtod(now, NULL);
    return left > 0 ? left : 0;
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

void check_cores(const machine_use *use, findings *to)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set)) {
        finding_warn(to, "cores", "", "the system does not say which CPUs may be used");
        return;
    }
    double cpus = CPU_COUNT(&set), quota = smallest_in_groups(cpus_of_group);
    double usable = quota >= 0 && quota < cpus ? quota : cpus;
    size_t wanted = use->ranks * use->threads;
    if ((double)wanted > usable)
        finding_warn(to, "cores", "take fewer ranks or threads, or ask for more CPUs (Slurm: --cpus-per-task)",
                     "%g CPU%s may be used%s, %zu rank%s of %zu thread%s want %zu: they share them, which is slow",
                     usable, usable == 1 ? "" : "s", usable < cpus ? " (limit of the control group)" : "", use->ranks,
                     use->ranks == 1 ? "" : "s", use->threads, use->threads == 1 ? "" : "s", wanted);
    else
        finding_ok(to, "cores", "%g CPU%s may be used, %zu rank%s of %zu thread%s", usable, usable == 1 ? "" : "s",
                   use->ranks, use->ranks == 1 ? "" : "s", use->threads, use->threads == 1 ? "" : "s");
}

static double memory_available(void)
{
    char line[256];
    double kib = -1;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %lf", &kib) == 1) break;
    if (file) fclose(file);
    return kib < 0 ? -1 : kib * 1024;
}

static bool has_infiniband(void)
{
    DIR *folder = opendir("/sys/class/infiniband");
    bool found = false;
    for (struct dirent *entry; folder && (entry = readdir(folder));) found |= entry->d_name[0] != '.';
    if (folder) closedir(folder);
    return found;
}

static void check_locked(findings *to)
{
    struct rlimit limit;
    if (!has_infiniband() || getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY) return;
    finding_warn(to, "memory",
                 "raise it to unlimited (limits.conf; in Slurm also PropagateResourceLimitsExcept=MEMLOCK)",
                 "there is InfiniBand, which needs locked memory, and its limit is %" PRIu64 " KiB",
                 (uint64_t)limit.rlim_cur / 1024);
}

void check_memory(const machine_use *use, findings *to)
{
    double available = memory_available(), group = smallest_in_groups(memory_left_of_group);
    bool limited = group >= 0 && (available < 0 || group < available);
    if (limited) available = group;
    double needed = (double)use->ranks * RANK_MIB * MIB;
    if (available < 0) finding_note(to, "memory", "", "the system does not say how much there is");
    else if (available < needed)
        finding_fail(to, "memory", ERR_MEMORY, "take fewer ranks, or ask for more (Slurm: --mem)",
                     "%.1f GiB are free%s, %zu rank%s alone take %.1f before any data", available / GIB,
                     limited ? " (limit of the control group)" : "", use->ranks, use->ranks == 1 ? "" : "s",
                     needed / GIB);
    else finding_ok(to, "memory", "%.1f GiB free%s", available / GIB, limited ? " (limit of the control group)" : "");
    check_locked(to);
}

void check_shm(const machine_use *use, findings *to)
{
    static const char ADVICE[] = "make it larger (mount -o remount,size=1G /dev/shm; containers: --shm-size=1g), or "
                                 "remove what ended programs have left in it";
    filesystem shm;
    if (filesystem_of("/dev/shm", &shm) != OK) {
        finding_fail_told(to, "shm", ERR_RANK, "ranks of one machine meet there: mount a tmpfs");
        return;
    }
    double free_mib = (double)shm.bytes_free / MIB, ranks = (double)use->ranks;
    if (shm.read_only || free_mib < SHARED_MIB * ranks)
        finding_fail(to, "shm", ERR_RANK, ADVICE, "/dev/shm has %.0f MiB free%s, %zu rank%s need %.0f to start",
                     free_mib, shm.read_only ? " and cannot be written" : "", use->ranks, use->ranks == 1 ? "" : "s",
                     SHARED_MIB * ranks);
    else if (free_mib < SHARED_GOOD_MIB * ranks)
        finding_warn(to, "shm", ADVICE,
                     "/dev/shm has %.0f MiB free: the gradients of %zu rank%s with a larger model do "
                     "not fit",
                     free_mib, use->ranks, use->ranks == 1 ? "" : "s");
    else
        finding_ok(to, "shm", "/dev/shm has %.1f GiB free of %.1f", (double)shm.bytes_free / GIB,
                   (double)shm.bytes / GIB);
}
