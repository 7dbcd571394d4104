#include "trainer/stats.h"

#include "base/clock.h"
#include "trainer/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define LEAST 1e-6 /* seconds; the first bin */
#define RATIO 1.01 /* of a bin to the one before */

void durations_add(durations *d, double seconds)
{
    double bin = seconds > LEAST ? log(seconds / LEAST) / log(RATIO) : 0;
    d->bins[bin < DURATION_BINS - 1 ? (size_t)bin : DURATION_BINS - 1]++;
    d->count++;
    d->seconds += seconds;
}

double durations_quantile(const durations *d, double part)
{
    int64_t seen = 0, wanted = (int64_t)ceil(part * (double)d->count);
    for (size_t b = 0; d->count && b < DURATION_BINS; b++) {
        seen += d->bins[b];
        if (seen && seen >= wanted) return LEAST * pow(RATIO, (double)b + 0.5);
    }
    return 0;
}

double rss_peak_mb(void)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024e-6; /* Linux gives KiB */
}

/* Field 22 of /proc/self/stat: clock ticks between the system's start and the process'. */
static double start_of_process(void)
{
    char line[1024] = "";
    unsigned long long ticks = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file) return 0;
    size_t count = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[count] = '\0';
    const char *at = strrchr(line, ')'); /* the name before it may hold anything */
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    if (!at || sscanf(at, "%llu", &ticks) != 1) return 0;
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

double trainer_process_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - start_of_process();
}
