/* slurm - Slurm's own commands, called without a shell, and what they say of jobs.
 *
 * States come from squeue, which asks slurmctld: no accounting (sacct) is needed. A job that has ended is still known
 * there for a while (MinJobAge, 300 s unless the cluster says otherwise); later it is simply not found.
 *
 * Answers are bounded in bytes and in time, and what cannot be read in them is an error that shows it. Variables that
 * change the form of an answer (SQUEUE_*, SLURM_TIME_FORMAT) are kept from the commands.
 */
#ifndef MAGISTER_LAUNCHER_SLURM_H
#define MAGISTER_LAUNCHER_SLURM_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SLURM_SECONDS 20.0 /* a patient time limit: a busy slurmctld answers late */

/* Runs argv[0], found in PATH, with argv (ended by NULL), nothing to read, and a process group of its own; waits at
 * most `seconds`, then kills the group. `*output` is what it wrote to stdout, at most 4 MB, ended by NUL; the caller
 * frees it. What it wrote to stderr becomes part of the message. Errors: ERR_MISSING (there is no such program),
 * ERR_INPUT (it ended with another exit code than 0 or by a signal), ERR_IO (no answer in time, or too long a one),
 * ERR_MEMORY. `*output` is then untouched. */
status slurm_call(const char *const argv[], double seconds, char **output);

/* One job, or of an array one member, or the members that still wait together. */
typedef struct {
    char id[64];      /* "123"; of an array "123_4" or "123_[5-9%2]" */
    char state[32];   /* Slurm's word: "PENDING", "RUNNING", "COMPLETED", ... */
    char reason[200]; /* Slurm's word for why it waits or failed, "Resources"; "" for none */
    char nodes[200];  /* "n[1-4]"; "" without; a list that does not fit ends with "..." */
    time_t start;     /* when it began, or is expected to; 0 when Slurm does not say */
} slurm_job;

typedef struct {
    slurm_job *at; /* (count), owned */
    size_t count;
} slurm_jobs;

/* What slurmctld knows of the jobs `ids` (count), in its order; those it no longer knows are left out. An id of an
 * array gives all its members. Errors: ERR_USAGE for what is no id; as slurm_call; ERR_INPUT for an answer that cannot
 * be read. The caller frees it with slurm_jobs_free. */
status slurm_jobs_ask(const char *const ids[], size_t count, slurm_jobs *out);
void slurm_jobs_free(slurm_jobs *jobs);

/* Whether `text` is a job's id as a command line takes it: "123" or "123_4". */
bool slurm_is_id(const char *text);

/* Whether what squeue shows as `shown` ("123", "123_4", "123_[5-9]") is, or holds, or belongs to, the job `id` ("123",
 * "123_4"). */
bool slurm_is_job(const char *shown, const char *id);

typedef enum {
    SLURM_WAITS, /* not begun, or to begin again */
    SLURM_RUNS,  /* begun and not ended: running, suspended, completing */
    SLURM_ENDED,
} slurm_phase;

slurm_phase slurm_phase_of(const slurm_job *job);

/* Slurm's word for a reason in plain words, "waits until enough nodes are free"; "" for words this does not know. */
const char *slurm_reason_text(const char *reason);

#endif
