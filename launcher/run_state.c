#include "launcher/run_state.h"

#include "base/file.h"
#include "base/log.h"
#include "conf/run.h"
#include "launcher/failures.h"
#include "launcher/json_file.h"
#include "launcher/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char STATE[] = "state.json", CANCEL[] = "cancel";
static const char *const PHASES[] = {"unknown", "running", "stopped", "failed", "done"};
enum { PHASE_COUNT = sizeof PHASES / sizeof PHASES[0] };

const char *run_phase_name(run_phase phase)
{
    return PHASES[phase];
}

/* ---- processes --------------------------------------------------------------------------------------------------- */

static void first_line(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    out[0] = '\0';
    if (file && !fgets(out, (int)size, file)) out[0] = '\0';
    if (file) fclose(file);
    out[strcspn(out, "\n")] = '\0';
}

/* Field 22 of /proc/PID/stat; 0 when there is no such process (a zombie is none). */
static int64_t begun_of(int64_t pid)
{
    char path[64], line[1024], state = 'Z';
    long long ticks = 0;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    first_line(path, line, sizeof line);
    const char *at = strrchr(line, ')'); /* the name before it may hold anything */
    if (!at || sscanf(at + 1, " %c", &state) != 1 || state == 'Z' || state == 'X') return 0;
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at && sscanf(at, "%lld", &ticks) == 1 ? ticks : 0;
}

static void look_at_machine(process_id *out)
{
    *out = (process_id){0};
    if (gethostname(out->host, sizeof out->host - 1)) out->host[0] = '\0';
    first_line("/proc/sys/kernel/random/boot_id", out->boot, sizeof out->boot);
    ssize_t length = readlink("/proc/self/ns/pid", out->namespace, sizeof out->namespace - 1);
    out->namespace[length > 0 ? length : 0] = '\0';
}

process_life process_look(const process_id *id)
{
    process_id here;
    look_at_machine(&here);
    bool same = here.boot[0] && !strcmp(here.boot, id->boot) && !strcmp(here.namespace, id->namespace);
    if (!same || id->pid <= 0 || id->begun <= 0) return PROCESS_UNSEEN;
    return begun_of(id->pid) == id->begun ? PROCESS_LIVES : PROCESS_ENDED;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static json_t *error_json(const run_state *s)
{
    if (!s->error.code) return json_null();
    return json_pack("{s:I, s:o, s:o, s:o}", "code", (json_int_t)s->error.code, "message",
                     json_text_of(s->error.message), "rank",
                     s->error.rank < 0 ? json_null() : json_integer(s->error.rank), "log",
                     s->error.log[0] ? json_text_of(s->error.log) : json_null());
}

static json_t *process_json(const process_id *p)
{
    return json_pack("{s:o, s:I, s:I, s:s, s:s}", "host", json_text_of(p->host), "pid", (json_int_t)p->pid, "begun",
                     (json_int_t)p->begun, "boot", p->boot, "namespace", p->namespace);
}

static json_t *state_json(const run_state *s)
{
    return json_pack("{s:i, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version", 1,
                     "state", PHASES[s->phase], "step", s->step[0] ? json_text_of(s->step) : json_null(), "place",
                     (json_int_t)s->place, "steps", (json_int_t)s->steps, "ranks", (json_int_t)s->ranks, "nodes",
                     (json_int_t)s->nodes, "restarts", (json_int_t)s->restarts, "begun", json_time_of(s->begun),
                     "step_begun", json_time_of(s->step_begun), "changed", json_time_of(s->changed), "updated",
                     json_time_of(s->updated), "launcher", process_json(&s->launcher), "job",
                     s->job[0] ? json_text_of(s->job) : json_null(), "error", error_json(s));
}

static void read_error(const json_t *error, run_state *s)
{
    s->error.code = json_field_int(error, "code", 1, 255, 0);
    s->error.rank = json_field_int(error, "rank", 0, INT_MAX, -1);
    json_field_text(error, "message", s->error.message, sizeof s->error.message, true);
    json_field_text(error, "log", s->error.log, sizeof s->error.log, false);
}

static void read_process(const json_t *process, process_id *p)
{
    json_field_text(process, "host", p->host, sizeof p->host, false);
    json_field_text(process, "boot", p->boot, sizeof p->boot, false);
    json_field_text(process, "namespace", p->namespace, sizeof p->namespace, false);
    p->pid = json_field_int(process, "pid", 1, INT_MAX, 0);
    p->begun = json_field_int(process, "begun", 1, INT64_MAX, 0);
}

static void read_state(const json_t *object, run_state *s)
{
    char phase[16];
    json_field_text(object, "state", phase, sizeof phase, false);
    for (int i = 0; i < PHASE_COUNT; i++)
        if (!strcmp(phase, PHASES[i])) s->phase = (run_phase)i;
    json_field_text(object, "step", s->step, sizeof s->step, false);
    if (strchr(s->step, '/')) s->step[0] = '\0'; /* it becomes part of paths */
    s->place = json_field_int(object, "place", 0, 1000000, 0);
    s->steps = json_field_int(object, "steps", 0, 1000000, 0);
    s->ranks = json_field_int(object, "ranks", 1, 10000000, 1);
    s->nodes = json_field_int(object, "nodes", 1, 10000000, 1);
    s->restarts = json_field_int(object, "restarts", 0, INT_MAX, 0);
    s->begun = json_field_time(object, "begun");
    s->step_begun = json_field_time(object, "step_begun");
    s->changed = json_field_time(object, "changed");
    s->updated = json_field_time(object, "updated");
    json_field_text(object, "job", s->job, sizeof s->job, false);
    if (!slurm_is_id(s->job)) s->job[0] = '\0';
    read_process(json_object_get(object, "launcher"), &s->launcher);
    read_error(json_object_get(object, "error"), s);
}

status run_state_read(const char *run, run_state *out)
{
    status st = OK;
    json_t *object = NULL;
    run_state s = {.error.rank = -1};
    char *path = run_path(run, STATE);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read the state of %s", run));
    TRY(json_file_read(path, &object));
    read_state(object, &s);
    *out = s;
done:
    json_decref(object);
    free(path);
    return st;
}

status run_progress_read(const char *run, const char *step, run_progress *out)
{
    status st = OK;
    json_t *object = NULL;
    run_progress p = {0};
    char *path = NULL;
    if (asprintf(&path, "%s/steps/%s/progress.json", run, step) < 0) {
        path = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory to read the progress of %s", run));
    }
    TRY(json_file_read(path, &object));
    p.done = json_field_int(object, "done", 0, INT64_MAX, -1);
    p.total = json_field_int(object, "total", 0, INT64_MAX, -1);
    p.epoch = json_field_int(object, "epoch", 1, INT64_MAX, -1);
    json_field_text(object, "unit", p.unit, sizeof p.unit, false);
    json_field_text(object, "metric", p.metric, sizeof p.metric, false);
    p.loss = json_field_real(object, "loss");
    p.samples_per_s = json_field_real(object, "samples_per_s");
    p.seconds_left = json_field_real(object, "seconds_left");
    p.best_metric = json_field_real(object, "best_metric");
    p.updated = json_field_time(object, "updated");
    if (p.done < 0 || p.total < 0) TRY(FAIL(ERR_INPUT, "%s: says nothing of how far it is", path));
    *out = p;
done:
    json_decref(object);
    free(path);
    return st;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static run_state now; /* of this process' run */
static char *now_run; /* its directory; NULL: there is no run */
static bool warned;

/* Leaves a failure that is waiting to be told as it is. */
static void state_write(bool to_disk)
{
    if (!now_run) return;
    bool clean = !fail_message()[0];
    now.updated = time(NULL);
    if (to_disk) now.changed = now.updated;
    char *path = run_path(now_run, STATE);
    bool kept = path && json_file_write(path, state_json(&now), to_disk) == OK;
    free(path);
    if (kept) return;
    if (!warned) log_warn("%s/%s cannot be written: magister status will not know how this run is", now_run, STATE);
    warned = true;
    if (clean) fail_clear();
}

/* "123" or "123_4" inside of a job; "" outside. */
static void job_of_environment(char *out, size_t size)
{
    const char *job = getenv("SLURM_JOB_ID"), *array = getenv("SLURM_ARRAY_JOB_ID"),
               *member = getenv("SLURM_ARRAY_TASK_ID");
    out[0] = '\0';
    if (array && member) snprintf(out, size, "%.12s_%.12s", array, member);
    else if (job) snprintf(out, size, "%.12s", job);
    if (!slurm_is_id(out)) out[0] = '\0';
}

static void remove_cancel_mark(const char *run)
{
    char *path = run_path(run, CANCEL);
    if (path) unlink(path);
    free(path);
}

void run_state_begin(const char *run, size_t ranks, size_t nodes, size_t steps, bool again)
{
    run_state before = {0};
    bool clean = !fail_message()[0];
    if (run_state_read(run, &before) != OK && clean) fail_clear();
    free(now_run);
    now_run = strdup(run);
    warned = false;
    now = (run_state){.phase = RUN_RUNNING,
                      .steps = (int64_t)steps,
                      .ranks = (int64_t)ranks,
                      .nodes = (int64_t)nodes,
                      .restarts = again && before.phase != RUN_UNKNOWN ? before.restarts + 1 : 0,
                      .begun = time(NULL),
                      .error.rank = -1};
    look_at_machine(&now.launcher);
    now.launcher.pid = getpid();
    now.launcher.begun = begun_of(now.launcher.pid);
    job_of_environment(now.job, sizeof now.job);
    remove_cancel_mark(run);
    state_write(true);
}

void run_state_step(size_t place, const char *step)
{
    now.place = (int64_t)place;
    snprintf(now.step, sizeof now.step, "%s", step);
    now.step_begun = time(NULL);
    state_write(true);
}

void run_state_alive(void)
{
    if (now_run && time(NULL) - now.updated >= RUN_SIGN_SECONDS) state_write(false);
}

/* ---- the heartbeat ----------------------------------------------------------------------------------------------- */

static struct {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ends;
    bool runs, ended;
    double every; /* seconds */
} heart = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct timespec after(double seconds)
{
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += (time_t)seconds;
    when.tv_nsec += (long)(1e9 * (seconds - (double)(time_t)seconds));
    if (when.tv_nsec >= 1000000000) when.tv_sec++, when.tv_nsec -= 1000000000;
    return when;
}

static void *beat(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&heart.mutex);
    while (!heart.ended) {
        struct timespec next = after(heart.every);
        while (!heart.ended && pthread_cond_timedwait(&heart.ends, &heart.mutex, &next) != ETIMEDOUT) {}
        if (!heart.ended) state_write(false);
    }
    pthread_mutex_unlock(&heart.mutex);
    return NULL;
}

/* Signals stay with the thread that has always had them. */
static bool heart_start(void)
{
    pthread_condattr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&heart.ends, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&heart.thread, NULL, beat, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) pthread_cond_destroy(&heart.ends);
    return started;
}

void run_state_beat_begin(double seconds)
{
    heart.every = seconds;
    heart.ended = false;
    heart.runs = heart_start();
    if (!heart.runs)
        log_warn("no thread for signs of life: magister status on other machines may call this run silent");
}

void run_state_beat_end(void)
{
    if (!heart.runs) return;
    pthread_mutex_lock(&heart.mutex);
    heart.ended = true;
    pthread_cond_signal(&heart.ends);
    pthread_mutex_unlock(&heart.mutex);
    pthread_join(heart.thread, NULL);
    pthread_cond_destroy(&heart.ends);
    heart.runs = false;
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

void run_state_restarted(void)
{
    now.restarts++;
    state_write(true);
}

static void note_error(status st)
{
    size_t rank;
    now.error.code = status_exit_code(st);
    text_copy_printable(now.error.message, sizeof now.error.message, fail_message(), strlen(fail_message()), true);
    if (!now.step[0] || !failures_rank(now_run, now.step, (size_t)now.ranks, &rank)) return;
    char *log = run_log(now_run, now.step, (int)rank);
    now.error.rank = (int64_t)rank;
    snprintf(now.error.log, sizeof now.error.log, "%s", log ? log : "");
    free(log);
}

void run_state_end(status st)
{
    if (!now_run) return;
    now.phase = st == OK ? RUN_DONE : st == ERR_RETRY ? RUN_STOPPED : RUN_FAILED;
    if (now.phase == RUN_FAILED) note_error(st);
    state_write(true);
    free(now_run);
    now_run = NULL;
}

/* ---- cancelling -------------------------------------------------------------------------------------------------- */

bool run_cancel_asked(const char *run)
{
    char *path = run_path(run, CANCEL);
    bool asked = path && file_exists(path);
    free(path);
    return asked;
}

status run_cancel_ask(const char *run)
{
    char *path = run_path(run, CANCEL);
    if (!path) return FAIL(ERR_MEMORY, "no memory to cancel %s", run);
    status st = file_put(path, "", 0);
    free(path);
    return st;
}
