/* follow_jobs - waiting for submitted jobs to end (magister submit --wait). */
#ifndef MAGISTER_LAUNCHER_FOLLOW_JOBS_H
#define MAGISTER_LAUNCHER_FOLLOW_JOBS_H

#include "launcher/submission.h"

/* Tells what becomes of the jobs until all have ended, and submits them again when a run was stopped and could not go
 * back into the queue by itself. Of a sweep it prints the table of members. Errors: what the run failed with, of a
 * sweep the first member's; ERR_RETRY when it was cancelled; ERR_RANK when a job was lost without a word; those of
 * slurm.h. */
status follow_jobs(submission *s);

#endif
