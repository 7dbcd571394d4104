/* cancel - asking for the end of a run: of its launcher on this machine, or of its jobs in Slurm.
 *
 * A launcher that is asked passes it on to its ranks, which save and end. In a job that `magister submit` made, it is
 * the batch script's own process, so Slurm is to signal that one alone (--batch): its ranks, signalled by Slurm as
 * well, would be killed by mpirun before they have saved. Jobs that wait are taken out of the queue.
 */
#ifndef MAGISTER_LAUNCHER_CANCEL_H
#define MAGISTER_LAUNCHER_CANCEL_H

#include "launcher/run_view.h"

/* What has been done so far about one run. Starts as {.run = ...}. */
typedef struct {
    char *run;
    bool now;            /* kill, do not save */
    slurm_memory memory; /* owned */
    time_t acted;        /* the answer of Slurm's that was acted on */
    struct {
        char id[64];
        time_t start;
    } * asked; /* (asked_count) running jobs that were signalled: twice would kill */
    size_t asked_count;
    int signals;         /* sent to a launcher here */
    double first_signal; /* when; seconds of the monotonic clock */
    bool ended;          /* nothing of it runs or waits */
} cancellation;

/* Does what is to be done as the run is now, telling it on stdout; to be called again until `ended`, since a job may
 * come back into the queue. Errors: ERR_RANK when its launcher cannot be reached from here (says where to go);
 * ERR_MISSING, ERR_IO, ERR_INPUT of Slurm; ERR_MEMORY. */
status cancel_go_on(cancellation *c);
void cancel_free(cancellation *c);

#endif
