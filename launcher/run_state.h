/* run_state - state.json of a run: what its launcher does, for `magister status` and its like (docs/formats.md).
 *
 * Written by the launcher that holds the run's lock whenever something changes, and every half minute while ranks or it
 * itself work, so that others can tell a launcher that lives from one that was lost with its machine. There is one run
 * in a process. A file that cannot be written is warned of once and stops nothing.
 */
#ifndef MAGISTER_LAUNCHER_RUN_STATE_H
#define MAGISTER_LAUNCHER_RUN_STATE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { RUN_SIGN_SECONDS = 30, RUN_MESSAGE_BYTES = 2048 };

typedef enum { RUN_UNKNOWN, RUN_RUNNING, RUN_STOPPED, RUN_FAILED, RUN_DONE } run_phase;

/* One launcher process, so that it is never taken for another one that got its number later. */
typedef struct {
    char host[65];      /* as the host calls itself */
    char boot[40];      /* the kernel's boot id: another one after a restart */
    char namespace[40]; /* of process numbers: containers of one host have their own */
    int64_t pid, begun; /* begun: clock ticks after the boot; 0 when not known */
} process_id;

typedef struct {
    run_phase phase;
    char step[96];        /* "student.1"; "" before the first */
    int64_t place, steps; /* step 3 of 16; place 0 before the first */
    int64_t ranks, nodes;
    int64_t restarts; /* how often the work was taken up again */
    time_t begun;     /* this launcher; 0 when not known, like all times here */
    time_t step_begun;
    time_t changed, updated; /* the last change, the last sign of life */
    process_id launcher;
    char job[32]; /* Slurm's id, "123" or "123_4"; "" outside of a job */
    struct {
        int64_t code; /* exit code; 0: none */
        int64_t rank; /* -1: of none alone */
        char message[RUN_MESSAGE_BYTES], log[512];
    } error;
} run_state;

/* ---- the launcher's side ----------------------------------------------------------------------------------------- */

/* The run's lock is held. `again`: it goes on with what an earlier launcher began. */
void run_state_begin(const char *run, size_t ranks, size_t nodes, size_t steps, bool again);

void run_state_step(size_t place, const char *step);

/* To be called while ranks work, as often as one likes. */
void run_state_alive(void);

/* While this process works itself, a thread gives a sign of life every `seconds` until run_state_beat_end: no other
 * function of the launcher's side may be called in between. A thread that cannot be started is warned of. */
void run_state_beat_begin(double seconds);
void run_state_beat_end(void);

/* The launcher itself has started the ranks anew. */
void run_state_restarted(void);

/* How the launcher ends: its status; the message is taken from fail_message. */
void run_state_end(status st);

/* ---- the others' side -------------------------------------------------------------------------------------------- */

/* Whatever is in the file; fields that are wrong are as if they were not there. Errors: ERR_MISSING, ERR_INPUT, ERR_IO,
 * ERR_MEMORY. */
status run_state_read(const char *run, run_state *out);
const char *run_phase_name(run_phase phase);

typedef enum {
    PROCESS_LIVES,
    PROCESS_ENDED,  /* it was on this machine, and is no more */
    PROCESS_UNSEEN, /* on another machine or in another container, or before a restart of this one */
} process_life;

process_life process_look(const process_id *id);

/* Whether `magister cancel` asked for the end of the run since its launcher began: it is then not to be requeued. The
 * mark is taken away by run_state_begin. */
bool run_cancel_asked(const char *run);
status run_cancel_ask(const char *run);

/* What rank 0 says of a step, steps/STEP/progress.json. Without a number: NAN, or -1. */
typedef struct {
    int64_t done, total, epoch; /* total 0: not known; epoch from 1 */
    char unit[24], metric[40];
    double loss, samples_per_s, seconds_left, best_metric;
    time_t updated;
} run_progress;

/* Errors as run_state_read. */
status run_progress_read(const char *run, const char *step, run_progress *out);

#endif
