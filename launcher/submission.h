/* submission - the Slurm jobs of a run or sweep: which there are, their scripts, and sending them.
 *
 *   launch.slurm.jobs: one       one job for all stages; of a sweep one array, a member each
 *   launch.slurm.jobs: stages    one job a stage, each when the one before it has succeeded (afterok); when one fails,
 *                                Slurm takes away those that wait for it
 *
 * Scripts lie in <run>/jobs/NAME.sbatch, and are exactly what a dry run shows.
 */
#ifndef MAGISTER_LAUNCHER_SUBMISSION_H
#define MAGISTER_LAUNCHER_SUBMISSION_H

#include "base/status.h"
#include "conf/recipe.h"
#include "launcher/rundir.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { SUBMISSION_JOBS_MAX = 8 };

typedef struct {
    char name[128];    /* of the job: the run's, or the run's and the stage's */
    const char *stage; /* borrowed from the recipe; NULL: all */
    char *path;        /* of its script */
    char *script;
    char id[24]; /* "" before it was sent */
} submission_job;

typedef struct {
    const recipe *recipe; /* borrowed */
    char *directory;      /* of the run or sweep */
    size_t members;       /* of a sweep; 0: a run */
    submission_job jobs[SUBMISSION_JOBS_MAX];
    size_t count;
    bool made;   /* submission_write began the directory: there was none, an empty one, or one that was moved aside */
    bool placed; /* an empty one, which is not ours to remove */
    bool unsure; /* sbatch gave no clear answer: there may be a job */
} submission;

/* Plans the jobs of `r` (borrowed, `out` is filled in) and writes their scripts in memory. `said`: the command line,
 * for the scripts' first lines. Errors: ERR_CONFIG for what cannot stand in a job; ERR_MEMORY. */
status submission_make(recipe *r, const char *said, submission *out);
void submission_free(submission *s);

/* The scripts, and how sbatch would be called for each. */
void submission_print(const submission *s, FILE *to);

/* Makes the directory as `mode` says (rundir.h) and writes recipe and scripts into it. Errors: ERR_CREATE, also when
 * jobs that were submitted before still wait or run; ERR_IO, ERR_MEMORY. */
status submission_write(submission *s, run_mode mode);

/* Sends the jobs from number `first` on, the first of them with `dependency` ("afterany:12"; NULL: none), and notes
 * their ids in submitted.json. When one is refused, those sent before it are taken back. `member`: of a sweep, that
 * member alone; NULL: all. Errors: ERR_MISSING without sbatch, ERR_INPUT with what Slurm said. */
status submission_send(submission *s, size_t first, const char *dependency, const char *member);

/* After a failed submission_write or submission_send: removes what these have made, so that the next try begins anew.
 * What was there before stays, and so does all when anything else lies in the directory, another magister works in it,
 * or there may be a job. A failure that is waiting to be told stays. */
void submission_undo(const submission *s);

#endif
