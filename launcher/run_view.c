#include "launcher/run_view.h"

#include "base/file.h"
#include "conf/run.h"
#include "launcher/json_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const CONDITIONS[] = {"unknown", "waiting", "pending", "starting", "running",
                                         "silent",  "died",    "stopped", "failed",   "done"};

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

static void view_free(run_view *view)
{
    free(view->run);
    submitted_free(&view->jobs);
    slurm_jobs_free(&view->slurm);
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

static bool is_asked(const slurm_memory *memory, const char *id)
{
    for (size_t i = 0; i < memory->id_count; i++)
        if (!strcmp(memory->ids[i], id)) return true;
    return false;
}

/* Jobs that were asked about once are asked about again: one answer serves all who look. */
static status ids_add(slurm_memory *memory, const char *id, bool *added)
{
    if (is_asked(memory, id) || memory->id_count >= SUBMITTED_MAX) return OK;
    void *larger = realloc(memory->ids, (memory->id_count + 1) * sizeof *memory->ids);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for the ids of jobs");
    memory->ids = larger;
    snprintf(memory->ids[memory->id_count++], sizeof *memory->ids, "%s", id);
    *added = true;
    return OK;
}

typedef struct {
    slurm_memory *memory;
    bool any, added; /* there is one to be asked about; one that was not before */
} question;

static status ask_about(question *q, const submitted *jobs)
{
    status st = OK;
    for (size_t i = 0; i < jobs->count; i++) TRY(ids_add(q->memory, jobs->at[i].id, &q->added));
    q->any = q->any || jobs->count;
done:
    return st;
}

static status ask_about_run(question *q, const run_view *view)
{
    status st = OK;
    if (view->state.phase == RUN_DONE && view->jobs.count < 2) return OK; /* no other job is to go on after this one */
    TRY(ask_about(q, &view->jobs));
    if (view->state.phase != RUN_RUNNING || !view->state.job[0]) goto done;
    TRY(ids_add(q->memory, view->state.job, &q->added));
    q->any = true;
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

static status memory_renew(slurm_memory *memory, time_t now)
{
    slurm_jobs_free(&memory->jobs);
    memory->trouble[0] = '\0';
    memory->asked = now;
    const char **ids = calloc(memory->id_count, sizeof *ids);
    if (!ids) return FAIL(ERR_MEMORY, "no memory for the ids of jobs");
    for (size_t i = 0; i < memory->id_count; i++) ids[i] = memory->ids[i];
    status st = slurm_jobs_ask(ids, memory->id_count, &memory->jobs);
    free(ids);
    return st;
}

/* What a job wrote while Slurm was asked: seen without it, a job that has ended would have left no word. */
static status views_read_again(run_views *views)
{
    status st = OK;
    for (size_t i = 0; i < views->count; i++) {
        run_view *view = &views->at[i], now;
        TRY(read_files(view->run, &now));
        view_free(view);
        *view = now;
    }
done:
    return st;
}

/* About the jobs of the runs, and `more` (NULL: no more). A Slurm that cannot be asked is told, and is no failure. */
static status ask_slurm(run_views *views, const submitted *more, slurm_memory *memory)
{
    status st = OK;
    question q = {.memory = memory};
    time_t now = time(NULL);
    for (size_t i = 0; i < views->count; i++) TRY(ask_about_run(&q, &views->at[i]));
    if (more) TRY(ask_about(&q, more));
    if (!q.any || (!q.added && is_fresh(memory, views, now))) goto done;
    st = memory_renew(memory, now);
    if (st == OK) TRY(views_read_again(views));
    if (st == OK || st == ERR_MEMORY) goto done;
    snprintf(memory->trouble, sizeof memory->trouble, "%s", fail_message());
    fail_clear();
    st = OK;
done:
    return st;
}

void slurm_memory_free(slurm_memory *memory)
{
    slurm_jobs_free(&memory->jobs);
    free(memory->ids);
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
    size_t count = 0;
    for (size_t i = 0; i < memory->jobs.count; i++) count += is_mine(view, memory->jobs.at[i].id);
    if (!count) return OK;
    view->slurm.at = calloc(count, sizeof *view->slurm.at);
    if (!view->slurm.at) return FAIL(ERR_MEMORY, "no memory for the jobs of %s", view->run);
    for (size_t i = 0; i < memory->jobs.count; i++)
        if (is_mine(view, memory->jobs.at[i].id)) view->slurm.at[view->slurm.count++] = memory->jobs.at[i];
    return OK;
}

/* The members' jobs by the sweep's: the array "123", or one member of it sent alone, "123_4". A member that is done has
 * nothing to expect of a job. */
static status give_jobs(const submitted *array, size_t i, run_view *member)
{
    char id[48];
    if (member->state.phase == RUN_DONE || member->jobs.count || !array->count) return OK;
    member->jobs.at = calloc(array->count, sizeof *member->jobs.at);
    if (!member->jobs.at) return FAIL(ERR_MEMORY, "no memory for the jobs of %s", member->run);
    for (size_t j = 0; j < array->count; j++) {
        const submitted_job *job = &array->at[j];
        bool whole = !strchr(job->id, '_');
        snprintf(id, sizeof id, whole ? "%s_%zu" : "%s", job->id, i);
        if (strlen(id) >= sizeof job->id) continue;
        submitted_job *own = &member->jobs.at[member->jobs.count];
        *own = *job;
        memcpy(own->id, id, strlen(id) + 1);
        const char *number = strchr(own->id, '_');
        member->jobs.count += whole || strtoul(number + 1, NULL, 10) == i;
    }
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

/* Whether a job began after the launcher's last word. Of both only the second is known: in one and the same, the
 * launcher's own job came first. */
static bool is_later(const run_view *view, const slurm_job *job)
{
    bool own = view->state.job[0] && slurm_is_job(job->id, view->state.job);
    return own ? job->start > view->state.changed : job->start >= view->state.changed;
}

/* A job that began after the last launcher had ended, and ended badly itself; of a run without any launcher, whichever.
 */
static const slurm_job *job_without_launcher(const run_view *view)
{
    for (size_t i = 0; i < view->slurm.count; i++) {
        const slurm_job *job = &view->slurm.at[i];
        bool ended = slurm_phase_of(job) == SLURM_ENDED, well = !strcmp(job->state, "COMPLETED");
        bool later = is_later(view, job) && !well && strncmp(job->state, "CANCELLED", 9) != 0;
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
    if (runs && is_later(view, runs) && strcmp(runs->state, "COMPLETING") != 0) {
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

static status views_read(char *const runs[], size_t count, run_views *views)
{
    views->at = calloc(count ? count : 1, sizeof *views->at);
    if (!views->at) return FAIL(ERR_MEMORY, "no memory to look at %zu runs", count);
    for (size_t i = 0; i < count; i++) {
        views->count++;
        status st = read_files(runs[i], &views->at[i]);
        if (st != OK) return st;
    }
    return OK;
}

static status view_conclude(run_view *view, const slurm_memory *memory)
{
    status st = take_jobs(view, memory);
    if (st != OK) return st;
    if (view->state.phase == RUN_RUNNING) conclude_running(view);
    else conclude_resting(view);
    return OK;
}

status run_views_read(char *const runs[], size_t count, slurm_memory *memory, run_views *out)
{
    status st = OK;
    run_views views = {0};
    TRY(views_read(runs, count, &views));
    TRY(ask_slurm(&views, NULL, memory));
    for (size_t i = 0; i < count; i++) TRY(view_conclude(&views.at[i], memory));
    *out = views;
    views = (run_views){0};
done:
    run_views_free(&views);
    return st;
}

static bool are_all_done(const run_views *views)
{
    for (size_t i = 0; i < views->count; i++)
        if (views->at[i].state.phase != RUN_DONE) return false;
    return true;
}

status run_views_of_members(const char *sweep, char *const runs[], size_t count, slurm_memory *memory, run_views *out)
{
    status st = OK;
    run_views views = {0};
    submitted array = {0};
    TRY(views_read(runs, count, &views));
    if (submitted_read(sweep, &array) != OK) fail_clear(); /* what is wrong with it is the sweep's to tell */
    TRY(ask_slurm(&views, are_all_done(&views) ? NULL : &array, memory));
    for (size_t i = 0; i < count; i++) {
        run_view *member = &views.at[i];
        TRY(give_jobs(&array, i, member));
        TRY(view_conclude(member, memory));
        bool begun = member->condition != VIEW_UNKNOWN || below_run(member->run, "recipe.yaml");
        if (!begun) member->condition = VIEW_WAITING;
    }
    *out = views;
    views = (run_views){0};
done:
    submitted_free(&array);
    run_views_free(&views);
    return st;
}

void run_views_free(run_views *views)
{
    if (!views) return;
    for (size_t i = 0; i < views->count; i++) view_free(&views->at[i]);
    free(views->at);
    *views = (run_views){0};
}

void run_view_reason(const run_view *view, char *out, size_t size)
{
    bool failed = view->condition == VIEW_FAILED && view->state.error.message[0];
    const char *text = failed ? view->state.error.message : view->note;
    text_copy_printable(out, size, text, strcspn(text, "\n"), false);
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
        if (view->members) break; /* magister status of the sweep tells it of each */
        snprintf(out, size, "look whether process %lld still runs on %s", (long long)view->state.launcher.pid,
                 view->state.launcher.host);
        break;
    case VIEW_DIED:
    case VIEW_STOPPED: write_resume(view, "", out, size); break;
    case VIEW_FAILED: write_resume(view, "mend the cause, then: ", out, size); break;
    case VIEW_DONE:
        if (view->members) snprintf(out, size, "magister sweep %s", view->run);
        if (below_run(view->run, "report.html")) snprintf(out, size, "%s/report.html", view->run);
        break;
    case VIEW_UNKNOWN:
    case VIEW_WAITING:
    case VIEW_STARTING:
    case VIEW_RUNNING: break;
    }
}
