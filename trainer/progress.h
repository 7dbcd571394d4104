/* progress - what a person sees of a training: one line that is updated on a terminal, plain lines now and then
 * elsewhere.
 */
#ifndef MAGISTER_TRAINER_PROGRESS_H
#define MAGISTER_TRAINER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool shown, terminal;
    int64_t total;      /* steps */
    int64_t first;      /* the step this process began with */
    double begun, next; /* seconds of monotonic_seconds */
    int64_t samples;    /* since begun */
    char line[256];
} progress;

/* `shown`: this rank is the one that tells. MAGISTER_TERMINAL=1 says that stderr ends in a terminal though it is a
 * pipe. */
void progress_begin(progress *p, bool shown, int64_t step, int64_t total);

/* After a step; prints when it is time to. `samples`: of this step, all ranks. */
void progress_step(progress *p, int64_t step, int64_t epoch, double loss, int64_t samples);

/* The same for work that is only counted: "12/360 videos  0:20 left". `what` is in the plural. */
void progress_count(progress *p, int64_t done, const char *what);

/* Ends the updated line, so that other lines can follow. */
void progress_pause(progress *p);

#endif
