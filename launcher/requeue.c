#include "launcher/requeue.h"

#include "base/log.h"
#include "conf/sweep.h"
#include "launcher/allocation.h"
#include "launcher/run_state.h"
#include "launcher/slurm.h"
#include "launcher/submission.h"

#include <stdlib.h>
#include <string.h>

/* Of a job that is being cancelled the state is another one already; without squeue it counts as running. */
static bool still_runs(const allocation *a)
{
    const char *const ids[] = {a->job};
    slurm_jobs jobs = {0};
    bool known = slurm_jobs_ask(ids, 1, &jobs) == OK, runs = true;
    if (known) runs = jobs.count && !strcmp(jobs.at[0].state, "RUNNING");
    if (known && !runs)
        log_info("job %s is %s: it does not go back into the queue", a->job, jobs.count ? jobs.at[0].state : "gone");
    if (!known) log_warn("Slurm does not tell the state of job %s: %s", a->job, fail_message());
    fail_clear();
    slurm_jobs_free(&jobs);
    return runs;
}

static bool ask_scontrol(const allocation *a)
{
    const char *const words[] = {"scontrol", "requeue", a->job, NULL};
    char *answer = NULL;
    log_info("job %s goes back into the queue", a->job); /* before: Slurm ends this program at once */
    bool done = slurm_call(words, SLURM_SECONDS, &answer) == OK;
    if (!done) log_warn("%s", fail_message());
    fail_clear();
    free(answer);
    return done;
}

static size_t job_of_stage(const submission *s, const char *stage)
{
    for (size_t i = 0; stage && i < s->count; i++)
        if (!strcmp(s->jobs[i].stage, stage)) return i;
    return 0;
}

static status send_again(const allocation *a, recipe *r, const char *only, const char *member)
{
    status st = OK;
    submission s = {0};
    char dependency[80];
    TRY(submission_make(r, "magister run --requeue", &s));
    snprintf(dependency, sizeof dependency, "afterany:%s", a->job);
    TRY(submission_send(&s, job_of_stage(&s, only), dependency, member ? getenv("SLURM_ARRAY_TASK_ID") : NULL));
    log_info("submitted again, as job %s", s.jobs[job_of_stage(&s, only)].id);
done:
    submission_free(&s);
    return st;
}

/* The directory of the run that this job did; of a sweep its member's. New string; NULL when that cannot be told. */
static char *own_directory(const recipe *r, bool member)
{
    const char *number = getenv("SLURM_ARRAY_TASK_ID");
    recipe *own = NULL;
    if (!member) return run_directory(r);
    if (!number || sweep_member(r, strtoul(number, NULL, 10), &own) != OK) return NULL;
    char *directory = run_directory(own);
    recipe_free(&own);
    return directory;
}

void requeue_job(recipe *r, const char *only, const char *member)
{
    allocation a;
    char *directory = own_directory(r, member);
    bool cancelled = directory && run_cancel_asked(directory);
    fail_clear();
    if (cancelled) log_info("%s was cancelled: it does not go back into the queue", directory);
    if (cancelled || allocation_read(&a) != OK || !a.batch || !still_runs(&a) || ask_scontrol(&a)) goto done;
    if (send_again(&a, r, only, member) != OK)
        log_warn(
            "the job cannot be put back into the queue from here: %s. On a login node: magister submit --resume %s",
            fail_message(), directory ? directory : "RUN");
    fail_clear();
done:
    fail_clear();
    free(directory);
}
