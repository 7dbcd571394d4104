#include "launcher/cancel.h"

#include "base/clock.h"
#include "conf/run.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AGAIN_SECONDS 0.5 /* between the signals that kill: closer ones could be taken for one */
#define KILL_SECONDS 15.0

/* ---- a launcher on this machine ---------------------------------------------------------------------------------- */

/* Whether the process has the run's lock open: its number, taken from a file, could be anybody's. */
static bool holds_lock(int64_t pid, const char *run)
{
    struct stat lock, each;
    char folder[64], path[400];
    bool found = false;
    char *name = run_path(run, "lock");
    snprintf(folder, sizeof folder, "/proc/%lld/fd", (long long)pid);
    DIR *list = name && stat(name, &lock) == 0 ? opendir(folder) : NULL;
    for (const struct dirent *entry; list && !found && (entry = readdir(list));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        found = stat(path, &each) == 0 && each.st_dev == lock.st_dev && each.st_ino == lock.st_ino;
    }
    if (list) closedir(list);
    free(name);
    return found;
}

/* The descriptor keeps the number from being taken for another process between looking and signalling. */
static status signal_launcher(const char *run, const process_id *id, int number)
{
    status st = OK;
    int process = (int)syscall(SYS_pidfd_open, (pid_t)id->pid, 0);
    if (process < 0 && errno == ESRCH) goto done; /* it has just ended */
    if (process < 0) TRY(FAIL(ERR_RANK, "%s: process %lld: %s", run, (long long)id->pid, strerror(errno)));
    if (process_look(id) != PROCESS_LIVES) goto done;
    if (!holds_lock(id->pid, run))
        TRY(FAIL(
            ERR_RANK,
            "%s: process %lld does not hold the run's lock, or is another user's: it is left alone (it is said to be "
            "the run's launcher by state.json)",
            run, (long long)id->pid));
    if (syscall(SYS_pidfd_send_signal, process, number, NULL, 0) && errno != ESRCH)
        TRY(FAIL(ERR_RANK, "%s: process %lld cannot be signalled: %s", run, (long long)id->pid, strerror(errno)));
done:
    if (process >= 0) close(process);
    return st;
}

/* One signal asks, a second one kills the ranks, and in the end the launcher itself goes. */
static status stop_launcher(cancellation *c, const run_view *view)
{
    status st = OK;
    const process_id *id = &view->state.launcher;
    double passed = monotonic_seconds() - c->first_signal;
    bool again = c->now && c->signals > 0 && passed > c->signals * AGAIN_SECONDS;
    if (c->signals && !again) goto done;
    TRY(signal_launcher(c->run, id, again && passed > KILL_SECONDS ? SIGKILL : SIGTERM));
    if (!c->signals) c->first_signal = monotonic_seconds();
    if (!c->signals)
        printf("%s: asked its launcher (process %lld) to stop: the ranks %s\n", c->run, (long long)id->pid,
               c->now ? "are killed" : "save and end");
    c->signals++;
done:
    return st;
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

static bool is_submitted(const run_view *view, const slurm_job *job)
{
    for (size_t i = 0; i < view->jobs.count; i++)
        if (slurm_is_job(job->id, view->jobs.at[i].id)) return true;
    return false;
}

/* Whether a complaint says that the job has ended in the meantime, or is just changing its state: it is met again at
 * the next look. */
static bool is_passing(const char *complaint)
{
    static const char *const WORDS[] = {"already complet", "Invalid job id", "try again", "not active",
                                        "Job is pending"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (strstr(complaint, WORDS[i])) return true;
    return false;
}

/* `first` and `second` are options; without them the job is ended. `*done`: Slurm has taken it. */
static status scancel(const char *first, const char *second, const char *id, bool *done)
{
    char *answer = NULL;
    const char *const argv[] = {"scancel", first, second, id, NULL}, *const plain[] = {"scancel", id, NULL};
    status st = slurm_call(first ? argv : plain, SLURM_SECONDS, &answer);
    free(answer);
    *done = st == OK;
    if (st != ERR_INPUT || !is_passing(fail_message())) return st;
    fail_clear();
    return OK;
}

/* Members of an array that wait together are shown as "123_[5-9]", which is no id. */
static status cancel_waiting(const cancellation *c, const slurm_job *job)
{
    char id[64];
    bool several = strpbrk(job->id, "[+") != NULL;
    snprintf(id, sizeof id, "%.*s", (int)(several ? strspn(job->id, "0123456789") : strlen(job->id)), job->id);
    bool done;
    status st = scancel("--state=PENDING", "--quiet", id, &done);
    if (done) printf("%s: job %s: taken out of the queue\n", c->run, job->id);
    return st;
}

static status stop_running(cancellation *c, const slurm_job *job)
{
    status st = OK;
    bool heard;
    if (!strcmp(job->state, "COMPLETING")) goto done;
    for (size_t i = 0; i < c->asked_count; i++)
        if (!strcmp(c->asked[i].id, job->id) && c->asked[i].start == job->start) goto done;
    void *larger = realloc(c->asked, (c->asked_count + 1) * sizeof *c->asked);
    if (!larger) TRY(FAIL(ERR_MEMORY, "no memory to cancel %s", c->run));
    c->asked = larger;
    TRY(c->now ? scancel(NULL, NULL, job->id, &heard) : scancel("--batch", "--signal=TERM", job->id, &heard));
    if (!heard) goto done;
    snprintf(c->asked[c->asked_count].id, sizeof c->asked[0].id, "%s", job->id);
    c->asked[c->asked_count++].start = job->start;
    printf("%s: job %s%s%s: %s\n", c->run, job->id, job->nodes[0] ? " on " : "", job->nodes,
           c->now ? "cancelled, its ranks are killed" : "asked to stop: the ranks save and end");
    if (!strcmp(job->state, "SUSPENDED"))
        printf("%s: job %s is suspended: it hears of it when it goes on\n", c->run, job->id);
done:
    return st;
}

/* `*works`: jobs of ours that run or wait. */
static status cancel_jobs(cancellation *c, const run_view *view, bool *works)
{
    status st = OK;
    bool fresh = c->memory.asked != c->acted;
    c->acted = c->memory.asked;
    for (size_t i = 0; i < view->slurm.count; i++) {
        const slurm_job *job = &view->slurm.at[i];
        slurm_phase phase = slurm_phase_of(job);
        if (phase == SLURM_ENDED || !is_submitted(view, job)) continue;
        *works = true;
        if (!fresh) continue;
        TRY(phase == SLURM_WAITS ? cancel_waiting(c, job) : stop_running(c, job));
    }
done:
    return st;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

static bool in_submitted_job(const run_view *view)
{
    for (size_t i = 0; view->state.job[0] && i < view->slurm.count; i++)
        if (is_submitted(view, &view->slurm.at[i]) && slurm_phase_of(&view->slurm.at[i]) == SLURM_RUNS) return true;
    return false;
}

static status tell_where(const run_view *view)
{
    const run_state *s = &view->state;
    const char *host = s->launcher.host[0] ? s->launcher.host : "another machine";
    if (s->job[0])
        return FAIL(ERR_RANK,
                    "%s: runs on %s in job %s, which magister did not submit or Slurm does not know: srun --jobid=%s "
                    "--overlap -n1 -w %s magister cancel %s stops it, scancel %s ends the job",
                    view->run, host, s->job, s->job, host, view->run, s->job);
    return FAIL(ERR_RANK, "%s: runs on %s (process %lld), not here: log in there and say magister cancel %s", view->run,
                host, (long long)s->launcher.pid, view->run);
}

/* A launcher outside of the jobs that were submitted. */
static status cancel_launcher(cancellation *c, const run_view *view, bool *works)
{
    if (view->state.phase != RUN_RUNNING || in_submitted_job(view)) return OK;
    if (view->condition == VIEW_DIED || view->condition == VIEW_PENDING || run_view_job_ended(view)) return OK;
    if (c->asked_count && view->state.job[0]) return OK; /* it heard, ended, and Slurm has forgotten it */
    *works = true;
    return process_look(&view->state.launcher) == PROCESS_LIVES ? stop_launcher(c, view) : tell_where(view);
}

static status look(cancellation *c, const run_view *view)
{
    status st = OK;
    bool works = false;
    bool here = view->state.phase == RUN_RUNNING && process_look(&view->state.launcher) == PROCESS_LIVES;
    if (c->memory.trouble[0] && !here)
        TRY(FAIL(ERR_IO, "%s: its jobs cannot be reached: %s", c->run, c->memory.trouble));
    TRY(cancel_jobs(c, view, &works));
    TRY(cancel_launcher(c, view, &works));
    c->ended = !works;
    if (c->ended && c->memory.trouble[0])
        TRY(FAIL(ERR_IO, "%s: jobs of it may still wait, Slurm does not answer: %s", c->run, c->memory.trouble));
done:
    fflush(stdout);
    return st;
}

status cancel_go_on(cancellation *c)
{
    status st = OK;
    run_views views = {0};
    if (time(NULL) - c->memory.asked >= 3) c->memory.asked = 0; /* more often than for looking on */
    TRY(run_views_read(&c->run, 1, &c->memory, &views));
    TRY(look(c, &views.at[0]));
done:
    run_views_free(&views);
    return st;
}

void cancel_free(cancellation *c)
{
    slurm_memory_free(&c->memory);
    free(c->asked);
    c->asked = NULL;
    c->asked_count = 0;
}
