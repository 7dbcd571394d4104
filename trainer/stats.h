/* stats - how long steps take, and what the process has used.
 */
#ifndef MAGISTER_TRAINER_STATS_H
#define MAGISTER_TRAINER_STATS_H

#include <stddef.h>
#include <stdint.h>

enum { DURATION_BINS = 2400 };

/* Durations in bins of 1 %, from a microsecond up; constant in size for any number of steps. Starts as {0}. */
typedef struct {
    int64_t bins[DURATION_BINS], count;
    double seconds; /* all together */
} durations;

void durations_add(durations *d, double seconds);

/* The duration in seconds that `part` (0 .. 1) of them do not exceed, to 1 %; 0 without any. */
double durations_quantile(const durations *d, double part);

/* Most memory this process has had, in MB (10^6 bytes). */
double rss_peak_mb(void);

#endif
