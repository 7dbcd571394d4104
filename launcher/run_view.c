#include "launcher/run_view.h"

#include "base/file.h"
#include "conf/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const CONDITIONS[] = {"unknown", "pending", "starting", "running", "silent",
                                         "died",    "stopped", "failed",   "done"};

const char *run_condition_name(run_condition condition)
{
    return CONDITIONS[condition];
}

bool run_view_goes_on(const run_view *view)
{
    return view->condition >= VIEW_PENDING && view->condition <= VIEW_SILENT;
}

void duration_write(char *out, size_t size, double seconds)
{
    if (seconds < 100) snprintf(out, size, "%.0f s", seconds < 0 ? 0 : seconds);
    else if (seconds < 100 * 60) snprintf(out, size, "%.0f min", seconds / 60);
    else if (seconds < 72 * 3600) snprintf(out, size, "%.0f h", seconds / 3600);
    else snprintf(out, size, "%.0f days", seconds / 86400);
}

static bool below_run(const char *run, const char *name)
{
    char *path = run_path(run, name);
    bool there = path && file_exists(path);
    free(path);
    return there;
}

status run_view_require(const char *run)
{
    if (!directory_exists(run)) return FAIL(ERR_MISSING, "%s: there is no such directory", run);
    if (below_run(run, "recipe.yaml") || below_run(run, "state.json") || below_run(run, "submitted.json")) return OK;
    return FAIL(ERR_MISSING, "%s: is no run: it has no recipe.yaml", run);
}

/* ---- the run's own files ----------------------------------------------------------------------------------------- */

/* What cannot be read is told; what is not there is not. */
static void note_failure(run_view *view, status st)
{
    if (st != OK && st != ERR_MISSING && !view->note[0]) snprintf(view->note, sizeof view->note, "%s", fail_message());
    if (st != OK) fail_clear();
}

static status read_files(const char *run, run_view *view)
{
    *view = (run_view){.run = strdup(run), .state.error.rank = -1, .when = time(NULL)};
    if (!view->run) return FAIL(ERR_MEMORY, "no memory to look at %s", run);
    note_failure(view, run_state_read(run, &view->state));
    note_failure(view, submitted_read(run, &view->jobs));
    if (!view->state.step[0]) return OK;
    status st = run_progress_read(run, view->state.step, &view->progress);
    view->progresses = st == OK;
    view->fresh = view->progresses && view->progress.updated >= view->state.step_begun;
    note_failure(view, st);
    return OK;
}

/* ---- Slurm ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char **at; /* borrowed strings */
    size_t count;
} id_list;

static status ids_add(id_list *ids, const char *id)
{
    for (size_t i = ids->count < 4 ? 0 : ids->count - 4; i < ids->count; i++)
        if (!strcmp(ids->at[i], id)) return OK; /* the launcher's own job is among those submitted, as a rule */
    if (ids->count >= SUBMITTED_MAX) return OK;
    const char **larger = realloc(ids->at, (ids->count + 1) * sizeof *larger);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for the ids of jobs");
    larger[ids->count++] = id;
    ids->at = larger;
    return OK;
}

static status ids_of(const run_view *view, id_list *ids)
{
    status st = OK;
    if (view->state.phase == RUN_DONE && view->jobs.count < 2) return OK; /* no other job is to go on after this one */
    for (size_t i = 0; i < view->jobs.count; i++) TRY(ids_add(ids, view->jobs.at[i].id));
    if (view->state.phase == RUN_RUNNING && view->state.job[0]) TRY(ids_add(ids, view->state.job));
done:
    return st;
}

/* An answer that is not old, and that no launcher has changed something since. */
static bool is_fresh(const slurm_memory *memory, const run_views *views, time_t now)
{
    time_t age = now - memory->asked;
    if (!memory->asked || age >= SLURM_ASK_SECONDS) return false;
    for (size_t i = 0; i < views->count; i++)
        if (views->at[i].state.changed >= memory->asked && age > 1) return false;
    return true;
}

/* A Slurm that cannot be asked is told, and is no failure. */
static status ask_slurm(const run_views *views, slurm_memory *memory)
{
    status st = OK;
    id_list ids = {0};
    time_t now = time(NULL);
    for (size_t i = 0; i < views->count; i++) TRY(ids_of(&views->at[i], &ids));
    if (!ids.count || is_fresh(memory, views, now)) goto done;
    slurm_memory_free(memory);
    memory->asked = now;
    st = slurm_jobs_ask(ids.at, ids.count, &memory->jobs);
    if (st == OK || st == ERR_MEMORY) goto done;
    snprintf(memory->trouble, sizeof memory->trouble, "%s", fail_message());
    fail_clear();
    st = OK;
done:
    free(ids.at);
    return st;
}

void slurm_memory_free(slurm_memory *memory)
{
    slurm_jobs_free(&memory->jobs);
    *memory = (slurm_memory){0};
}

static bool is_mine(const run_view *view, const char *shown)
{
    for (size_t i = 0; i < view->jobs.count; i++)
        if (slurm_is_job(shown, view->jobs.at[i].id)) return true;
    return view->state.job[0] && slurm_is_job(shown, view->state.job);
}

static status take_jobs(run_view *view, const slurm_memory *memory)
{
    if (!memory->jobs.count) return OK;
    view->slurm.at = calloc(memory->jobs.count, sizeof *view->slurm.at);
    if (!view->slurm.at) return FAIL(ERR_MEMORY, "no memory for the jobs of %s", view->run);
    for (size_t i = 0; i < memory->jobs.count; i++)
        if (is_mine(view, memory->jobs.at[i].id)) view->slurm.at[view->slurm.count++] = memory->jobs.at[i];
    return OK;
}

static const slurm_job *job_in(const run_view *view, slurm_phase phase)
{
    for (size_t i = 0; i < view->slurm.count; i++)
        if (slurm_phase_of(&view->slurm.at[i]) == phase) return &view->slurm.at[i];
    return NULL;
}

const slurm_job *run_view_job(const run_view *view)
{
    const slurm_job *runs = job_in(view, SLURM_RUNS);
    return runs ? runs : job_in(view, SLURM_WAITS);
}

/* ---- verdict ----------------------------------------------------------------------------------------------------- */

static void conclude(run_view *view, run_condition condition, const char *note)
{
    view->condition = condition;
    if (note && !view->note[0]) snprintf(view->note, sizeof view->note, "%s", note);
}

/* The job the launcher began in, as Slurm sees it; NULL when it does not know it. */
static const slurm_job *job_of_launcher(const run_view *view)
{
    for (size_t i = 0; view->state.job[0] && i < view->slurm.count; i++)
        if (slurm_is_job(view->slurm.at[i].id, view->state.job)) return &view->slurm.at[i];
    return NULL;
}

bool run_view_job_ended(const run_view *view)
{
    const slurm_job *job = job_of_launcher(view);
    return job && slurm_phase_of(job) == SLURM_ENDED;
}

static void conclude_pending(run_view *view, const slurm_job *job)
{
    char text[600];
    const char *words = slurm_reason_text(job->reason);
    snprintf(text, sizeof text, "job %s %s%s%s%s", job->id,
             words[0]         ? words
             : job->reason[0] ? "waits"
                              : "waits for Slurm",
             job->reason[0] ? " (" : "", job->reason, job->reason[0] ? ")" : "");
    conclude(view, VIEW_PENDING, text);
}

/* A launcher that says it runs and is not seen here: its job's word, or its last sign of life. */
static void conclude_unseen(run_view *view)
{
    char text[600], passed[32];
    const slurm_job *job = job_of_launcher(view), *waits = job_in(view, SLURM_WAITS);
    double silent = difftime(view->when, view->state.updated);
    duration_write(passed, sizeof passed, silent);
    snprintf(text, sizeof text, "no sign of life for %s", passed);
    bool is_silent = silent > RUN_SILENT_SECONDS;
    if (job && slurm_phase_of(job) == SLURM_RUNS) {
        conclude(view, VIEW_RUNNING, is_silent ? text : NULL);
    } else if (waits) {
        conclude_pending(view, waits);
    } else if (job && silent > LAST_WORD_SECONDS) { /* network file systems show what was written last with a delay */
        snprintf(text, sizeof text, "its job %s ended (%s) and its launcher left no word", job->id, job->state);
        conclude(view, VIEW_DIED, text);
    } else if (job) {
        snprintf(text, sizeof text, "its job %s ended (%s), its last word is awaited", job->id, job->state);
        conclude(view, VIEW_RUNNING, text);
    } else {
        conclude(view, is_silent ? VIEW_SILENT : VIEW_RUNNING, is_silent ? text : NULL);
    }
}

static void conclude_running(run_view *view)
{
    char text[200];
    const slurm_job *waits = job_in(view, SLURM_WAITS);
    process_life life = process_look(&view->state.launcher);
    snprintf(text, sizeof text, "ended without a word: its launcher (process %lld) is gone",
             (long long)view->state.launcher.pid);
    if (life == PROCESS_LIVES) conclude(view, VIEW_RUNNING, NULL);
    else if (life == PROCESS_UNSEEN) conclude_unseen(view);
    else if (waits) conclude_pending(view, waits);
    else conclude(view, VIEW_DIED, text);
}

/* A job that began after the last launcher had ended, and ended badly itself; of a run without any launcher, whichever.
 */
static const slurm_job *job_without_launcher(const run_view *view)
{
    for (size_t i = 0; i < view->slurm.count; i++) {
        const slurm_job *job = &view->slurm.at[i];
        bool ended = slurm_phase_of(job) == SLURM_ENDED, well = !strcmp(job->state, "COMPLETED");
        bool later = job->start >= view->state.changed && !well && strncmp(job->state, "CANCELLED", 9) != 0;
        if (ended && (later || view->state.phase == RUN_UNKNOWN)) return job;
    }
    return NULL;
}

/* A run of which no launcher works: by its jobs, if they are later than its last word. A run may have several, a stage
 * each. */
static void conclude_resting(run_view *view)
{
    static const run_condition CONDITION[] = {
        [RUN_UNKNOWN] = VIEW_UNKNOWN, [RUN_STOPPED] = VIEW_STOPPED, [RUN_FAILED] = VIEW_FAILED, [RUN_DONE] = VIEW_DONE};
    char text[600];
    const slurm_job *waits = job_in(view, SLURM_WAITS), *runs = job_in(view, SLURM_RUNS),
                    *ended = job_without_launcher(view);
    if (runs && runs->start >= view->state.changed && strcmp(runs->state, "COMPLETING") != 0) {
        snprintf(text, sizeof text, "job %s runs, and magister has not begun in it yet", runs->id);
        conclude(view, VIEW_STARTING, text);
    } else if (waits) {
        conclude_pending(view, waits);
    } else if (ended) {
        bool cancelled = !strncmp(ended->state, "CANCELLED", 9);
        snprintf(text, sizeof text, "job %s ended (%s%s%s) before magister began", ended->id, ended->state,
                 ended->reason[0] && !cancelled ? ", " : "", cancelled ? "" : ended->reason);
        conclude(view, cancelled ? VIEW_STOPPED : VIEW_DIED, text);
    } else {
        conclude(view, CONDITION[view->state.phase], NULL);
    }
}

status run_views_read(char *const runs[], size_t count, slurm_memory *memory, run_views *out)
{
    status st = OK;
    run_views views = {calloc(count ? count : 1, sizeof *views.at), 0};
    if (!views.at) TRY(FAIL(ERR_MEMORY, "no memory to look at %zu runs", count));
    for (size_t i = 0; i < count; i++) {
        views.count++;
        TRY(read_files(runs[i], &views.at[i]));
    }
    TRY(ask_slurm(&views, memory));
    for (size_t i = 0; i < count; i++) {
        TRY(take_jobs(&views.at[i], memory));
        if (views.at[i].state.phase == RUN_RUNNING) conclude_running(&views.at[i]);
        else conclude_resting(&views.at[i]);
    }
    *out = views;
    views = (run_views){0};
done:
    run_views_free(&views);
    return st;
}

void run_views_free(run_views *views)
{
    if (!views) return;
    for (size_t i = 0; i < views->count; i++) {
        free(views->at[i].run);
        submitted_free(&views->at[i].jobs);
        slurm_jobs_free(&views->at[i].slurm);
    }
    free(views->at);
    *views = (run_views){0};
}

/* ---- what to do next --------------------------------------------------------------------------------------------- */

static bool never_starts(const run_view *view)
{
    for (size_t i = 0; i < view->slurm.count; i++)
        if (!strcmp(view->slurm.at[i].reason, "DependencyNeverSatisfied")) return true;
    return false;
}

/* A run of jobs goes on with jobs. */
static void write_resume(const run_view *view, const char *before, char *out, size_t size)
{
    if (view->jobs.count) snprintf(out, size, "%smagister submit --resume %s", before, view->run);
    else if (below_run(view->run, "recipe.yaml"))
        snprintf(out, size, "%smagister run %s/recipe.yaml out=%s --resume", before, view->run, view->run);
}

void run_view_next(const run_view *view, char *out, size_t size)
{
    out[0] = '\0';
    switch (view->condition) {
    case VIEW_PENDING:
        if (never_starts(view)) snprintf(out, size, "magister cancel %s", view->run);
        break;
    case VIEW_SILENT:
        snprintf(out, size, "look whether process %lld still runs on %s", (long long)view->state.launcher.pid,
                 view->state.launcher.host);
        break;
    case VIEW_DIED:
    case VIEW_STOPPED: write_resume(view, "", out, size); break;
    case VIEW_FAILED: write_resume(view, "mend the cause, then: ", out, size); break;
    case VIEW_DONE:
        if (below_run(view->run, "report.html")) snprintf(out, size, "%s/report.html", view->run);
        break;
    case VIEW_UNKNOWN:
    case VIEW_STARTING:
    case VIEW_RUNNING: break;
    }
}
