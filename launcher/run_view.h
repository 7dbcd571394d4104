/* run_view - how a run is, from its own files, from the machine, and from Slurm where it has jobs there.
 *
 * Nothing is guessed: a launcher on this machine is looked at by its process, one in a job by Slurm's word; of any
 * other there is only its last sign of life (run_state.h), which is told as such.
 */
#ifndef MAGISTER_LAUNCHER_RUN_VIEW_H
#define MAGISTER_LAUNCHER_RUN_VIEW_H

#include "launcher/run_state.h"
#include "launcher/slurm.h"
#include "launcher/submitted.h"

enum { RUN_SILENT_SECONDS = 6 * RUN_SIGN_SECONDS, SLURM_ASK_SECONDS = 15, LAST_WORD_SECONDS = 60 };

typedef enum {
    VIEW_UNKNOWN,  /* no launcher has left word */
    VIEW_WAITING,  /* a member of a sweep that was not begun */
    VIEW_PENDING,  /* a job of it waits */
    VIEW_STARTING, /* a job of it runs, and no launcher has begun in it yet */
    VIEW_RUNNING,
    VIEW_SILENT, /* should be running, gives no sign of life, and cannot be looked at from here */
    VIEW_DIED,   /* its launcher or its job ended without a word */
    VIEW_STOPPED,
    VIEW_FAILED,
    VIEW_DONE,
} run_condition;

enum { RUN_CONDITIONS = VIEW_DONE + 1 };

typedef struct {
    char *run;       /* as it was given; owned */
    run_state state; /* phase RUN_UNKNOWN without a file */
    bool progresses; /* whether there is `progress` */
    run_progress progress;
    bool fresh;       /* whether it is of this launcher's try */
    submitted jobs;   /* count 0: it was not submitted */
    size_t members;   /* of a sweep (sweep_view.h); 0: a run */
    slurm_jobs slurm; /* what Slurm knows of them */
    run_condition condition;
    char note[600]; /* why, where the condition alone does not say it; "" */
    time_t when;    /* of all this */
} run_view;

/* Slurm's last answer, kept so that it is not asked all the time. Starts as {0}. */
typedef struct {
    slurm_jobs jobs;
    char (*ids)[24]; /* (id_count) it was asked about */
    size_t id_count;
    time_t asked;
    char trouble[600]; /* why there is no answer; "" */
} slurm_memory;

typedef struct {
    run_view *at; /* (count) */
    size_t count;
} run_views;

/* Looks at all `runs` (count); Slurm is asked once for all, and only where runs have jobs. A file that cannot be read
 * is told in the run's note. Errors: ERR_MEMORY. The caller frees it with run_views_free. */
status run_views_read(char *const runs[], size_t count, slurm_memory *memory, run_views *out);

/* The same of the members of the sweep in `sweep`: where it was submitted, member i has the job i of its array. */
status run_views_of_members(const char *sweep, char *const runs[], size_t count, slurm_memory *memory, run_views *out);
void run_views_free(run_views *views);
void slurm_memory_free(slurm_memory *memory);

/* ERR_MISSING unless `run` is a directory with a recipe, a state or jobs. */
status run_view_require(const char *run);

/* "running" and so on. */
const char *run_condition_name(run_condition condition);

/* Whether something is to be expected of it without anybody doing anything. */
bool run_view_goes_on(const run_view *view);

/* The job that tells most: one that waits or runs; NULL without. Borrowed. */
const slurm_job *run_view_job(const run_view *view);

/* Whether Slurm says that the job its launcher began in has ended. */
bool run_view_job_ended(const run_view *view);

/* Why it is as it is, on one line: what a failed run failed with, of others the note; "" for nothing. Into `out`
 * (size).
 */
void run_view_reason(const run_view *view, char *out, size_t size);

/* What to do next, as a line for a shell or in words; "" for nothing. Into `out` (size). */
void run_view_next(const run_view *view, char *out, size_t size);

/* "45 s", "12 min", "3 h", "2 days". */
void duration_write(char *out, size_t size, double seconds);

#endif
