#include "launcher/submitted.h"

#include "base/log.h"
#include "conf/run.h"
#include "launcher/json_file.h"
#include "launcher/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 1200, LOCK_NAP_MS = 50 }; /* a minute: many may wait, and each writes to a disk that may be slow */

static const char NAME[] = "submitted.json", LOCK[] = "submitted.lock";

static json_t *job_json(const submitted_job *job)
{
    return json_pack("{s:s, s:o, s:o}", "id", job->id, "name", json_text_of(job->name), "steps",
                     json_text_of(job->steps));
}

static json_t *jobs_json(const submitted *jobs)
{
    json_t *list = json_array();
    for (size_t i = 0; i < jobs->count; i++) {
        if (json_array_append_new(list, job_json(&jobs->at[i]))) {
            json_decref(list);
            return NULL;
        }
    }
    return json_pack("{s:o, s:o, s:o}", "cluster", json_text_of(jobs->cluster), "submitted",
                     json_time_of(jobs->when ? jobs->when : time(NULL)), "jobs", list);
}

status submitted_write(const char *run, const submitted *jobs)
{
    status st = OK;
    char *path = run_path(run, NAME);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to note the jobs of %s", run));
    if (jobs->count > SUBMITTED_MAX) TRY(FAIL(ERR_USAGE, "%s: %zu jobs are too many", path, jobs->count));
    for (size_t i = 0; i < jobs->count; i++)
        if (!slurm_is_id(jobs->at[i].id)) TRY(FAIL(ERR_USAGE, "%s is no id of a Slurm job", jobs->at[i].id));
    TRY(json_file_write(path, jobs_json(jobs), true));
done:
    free(path);
    return st;
}

/* A descriptor to be closed; -1 where there is no lock to be had, which is told and stops nothing. */
static int lock_take(const char *run)
{
    char *path = run_path(run, LOCK);
    int lock = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1, failed = -1;
    for (int i = 0; lock >= 0 && failed && i < LOCK_TRIES; i++) {
        failed = flock(lock, LOCK_EX | LOCK_NB);
        if (failed && errno != EWOULDBLOCK && errno != EINTR) break;
        if (failed) nanosleep(&(struct timespec){.tv_nsec = LOCK_NAP_MS * 1000000L}, NULL);
    }
    if (failed) log_warn("%s/%s cannot be locked: jobs that are noted at the same moment may be lost", run, LOCK);
    free(path);
    return lock;
}

static bool is_of_same_member(const char *a, const char *b)
{
    const char *x = strchr(a, '_'), *y = strchr(b, '_');
    return x && y && !strcmp(x, y);
}

status submitted_add_member(const char *run, const submitted *job)
{
    status st = OK;
    submitted all = {0};
    submitted_job *larger;
    size_t kept = 0;
    int lock = lock_take(run);
    st = submitted_read(run, &all);
    if (st == ERR_MISSING) fail_clear(); /* the array was submitted by other hands */
    if (st != ERR_MISSING) TRY(st);
    st = OK;
    larger = realloc(all.at, (all.count + 1) * sizeof *larger);
    if (!larger) TRY(FAIL(ERR_MEMORY, "no memory to note the jobs of %s", run));
    all.at = larger;
    for (size_t i = 0; i < all.count; i++)
        if (!is_of_same_member(larger[i].id, job->at[0].id)) larger[kept++] = larger[i];
    larger[kept++] = job->at[0];
    all.count = kept;
    TRY(submitted_write(run, &all));
done:
    if (lock >= 0) close(lock);
    submitted_free(&all);
    return st;
}

static status read_jobs(const json_t *list, const char *path, submitted *out)
{
    status st = OK;
    size_t count = json_array_size(list); /* 0 for what is no list */
    if (!count || count > SUBMITTED_MAX)
        TRY(FAIL(ERR_INPUT, "%s: \"jobs\" is to be a list of 1 to %d jobs", path, SUBMITTED_MAX));
    out->at = calloc(count, sizeof *out->at);
    if (!out->at) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
    for (size_t i = 0; i < count; i++) {
        const json_t *job = json_array_get(list, i);
        submitted_job *at = &out->at[i];
        json_field_text(job, "id", at->id, sizeof at->id, false);
        json_field_text(job, "name", at->name, sizeof at->name, false);
        json_field_text(job, "steps", at->steps, sizeof at->steps, false);
        if (!slurm_is_id(at->id)) TRY(FAIL(ERR_INPUT, "%s: job %zu has no \"id\" of a Slurm job", path, i + 1));
    }
    out->count = count;
done:
    return st;
}

status submitted_read(const char *run, submitted *out)
{
    status st = OK;
    json_t *object = NULL;
    submitted jobs = {0};
    char *path = run_path(run, NAME);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read the jobs of %s", run));
    TRY(json_file_read(path, &object));
    TRY(read_jobs(json_object_get(object, "jobs"), path, &jobs));
    json_field_text(object, "cluster", jobs.cluster, sizeof jobs.cluster, false);
    jobs.when = json_field_time(object, "submitted");
    *out = jobs;
    jobs = (submitted){0};
done:
    submitted_free(&jobs);
    json_decref(object);
    free(path);
    return st;
}

void submitted_free(submitted *jobs)
{
    if (!jobs) return;
    free(jobs->at);
    *jobs = (submitted){0};
}
