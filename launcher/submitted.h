/* submitted - submitted.json of a run: the Slurm jobs that are to work on it, as `magister submit` left them. */
#ifndef MAGISTER_LAUNCHER_SUBMITTED_H
#define MAGISTER_LAUNCHER_SUBMITTED_H

#include "base/status.h"

#include <stddef.h>
#include <time.h>

enum { SUBMITTED_MAX = 10000 };

typedef struct {
    char id[24];     /* "123" or "123_4", fit for slurm_jobs_ask */
    char name[128];  /* of the job */
    char steps[256]; /* what it does, in words: "teacher, predict.teacher"; "" for all */
} submitted_job;

typedef struct {
    char cluster[64];  /* "" when not known */
    time_t when;       /* 0 when not known */
    submitted_job *at; /* (count), owned */
    size_t count;
} submitted;

/* Replaces the file. `when` of 0 is now. Errors: ERR_USAGE for an id that is none, ERR_CREATE, ERR_IO, ERR_MEMORY. */
status submitted_write(const char *run, const submitted *jobs);

/* Adds the job of one member of a sweep that was sent alone, `job->at[0]` ("123_4"), and takes out an earlier one of
 * the same member; those of the array stay. Members may do so at the same moment, on several machines: a file beside it
 * is the lock. Errors: as submitted_write. */
status submitted_add_member(const char *run, const submitted *job);

/* Errors: ERR_MISSING (the run was not submitted), ERR_INPUT (names the file and what is wrong), ERR_IO, ERR_MEMORY.
 * The caller frees it with submitted_free. */
status submitted_read(const char *run, submitted *out);
void submitted_free(submitted *jobs);

#endif
