/* progress - what a person sees of a training: one line that is updated on a terminal, plain lines now and then
 * elsewhere; and a file for `magister status` (docs/formats.md), written at most once a second.
 */
#ifndef MAGISTER_TRAINER_PROGRESS_H
#define MAGISTER_TRAINER_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool shown, terminal;
    int64_t total;      /* steps; 0: without an end that is known */
    int64_t first;      /* the step this process began with */
    double begun, next; /* seconds of monotonic_seconds */
    int64_t samples;    /* since begun */
    char line[256];
    double record_next;
    struct {
        double when;
        int64_t samples;
    } marks[2];         /* some 10 and 20 seconds back: what the recent rate is taken from */
    const char *metric; /* borrowed; NULL before one was measured */
    double best_metric;
} progress;

/* From here on what this process tells of its progress is also written to `path`; NULL: no longer. A file that cannot
 * be written is no failure. */
void progress_file(const char *path);

/* `shown`: this rank is the one that tells. MAGISTER_TERMINAL=1 says that stderr ends in a terminal though it is a
 * pipe. */
void progress_begin(progress *p, bool shown, int64_t step, int64_t total);

/* After a step; prints when it is time to. `samples`: of this step, all ranks. */
void progress_step(progress *p, int64_t step, int64_t epoch, double loss, int64_t samples);

/* The best metric so far, for the file. `name` is borrowed. */
void progress_metric(progress *p, const char *name, double best);

/* As progress_step, for work that is only counted: "12/360 videos  0:20 left". `what` is in the plural. */
void progress_count(progress *p, int64_t done, const char *what);

/* Ends the updated line, so that other lines can follow. */
void progress_pause(progress *p);

#endif
