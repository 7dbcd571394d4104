#include "launcher/status_show.h"

#include "conf/run.h"
#include "launcher/json_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 8, CELL = 320 };

static const char *const HEADS[COLUMNS] = {"run",       "state", "step",  "progress",
                                           "samples/s", "left",  "where", "restarts"};

/* ---- pieces ------------------------------------------------------------------------------------------------------ */

/* "1:02:03", "2:03"; "" for what is no time. */
static void write_clock(char *out, size_t size, double seconds)
{
    out[0] = '\0';
    if (!(seconds >= 0 && seconds < 1e12)) return;
    long long s = (long long)(seconds + 0.5);
    if (s >= 3600) snprintf(out, size, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else snprintf(out, size, "%lld:%02lld", s / 60, s % 60);
}

static bool moves(const run_view *view)
{
    return view->condition == VIEW_RUNNING && view->fresh;
}

/* A path below the present directory without what leads there. */
static const char *short_path(const char *run)
{
    static char here[4096];
    if (!here[0] && !getcwd(here, sizeof here)) return run;
    size_t length = strlen(here);
    return length > 1 && !strncmp(run, here, length) && run[length] == '/' ? run + length + 1 : run;
}

static void write_step(const run_view *view, char *out, size_t size)
{
    const run_state *s = &view->state;
    out[0] = '\0';
    if (s->place) snprintf(out, size, "%lld/%lld %s", (long long)s->place, (long long)s->steps, s->step);
    else if (s->steps) snprintf(out, size, "0/%lld", (long long)s->steps);
}

static void write_where(const run_view *view, char *out, size_t size)
{
    const run_state *s = &view->state;
    const slurm_job *job = run_view_job(view);
    out[0] = '\0';
    if (job) snprintf(out, size, "job %s%s%s", job->id, job->nodes[0] ? " on " : "", job->nodes);
    else if (s->job[0]) snprintf(out, size, "job %s on %s", s->job, s->launcher.host);
    else if (s->nodes > 1) snprintf(out, size, "%s, %lld nodes", s->launcher.host, (long long)s->nodes);
    else snprintf(out, size, "%s", s->launcher.host);
}

static void note_trouble(const slurm_memory *memory, FILE *to)
{
    if (memory->trouble[0]) fprintf(to, "Slurm does not answer: %s\n", memory->trouble);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

typedef struct {
    char cells[COLUMNS][CELL];
} row;

/* "12/360"; "12" where no end is known. */
static void write_done(const run_progress *p, char out[CELL])
{
    if (p->total) snprintf(out, CELL, "%lld/%lld", (long long)p->done, (long long)p->total);
    else snprintf(out, CELL, "%lld", (long long)p->done);
}

static row row_of(const run_view *view, bool member)
{
    row r = {0};
    const run_progress *p = &view->progress;
    const char *slash = member ? strrchr(view->run, '/') : NULL;
    snprintf(r.cells[0], CELL, "%s", slash ? slash + 1 : short_path(view->run));
    snprintf(r.cells[1], CELL, "%s", run_condition_name(view->condition));
    write_step(view, r.cells[2], CELL);
    if (view->progresses && view->condition != VIEW_DONE) write_done(p, r.cells[3]);
    if (moves(view) && isfinite(p->samples_per_s)) snprintf(r.cells[4], CELL, "%.1f", p->samples_per_s);
    if (moves(view)) write_clock(r.cells[5], CELL, p->seconds_left);
    write_where(view, r.cells[6], CELL);
    if (view->state.restarts) snprintf(r.cells[7], CELL, "%lld", (long long)view->state.restarts);
    return r;
}

/* Characters, not bytes. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_row(const char *const cells[COLUMNS], const int widths[COLUMNS], FILE *to)
{
    int last = COLUMNS - 1;
    while (last > 0 && !cells[last][0]) last--;
    for (int c = 0; c <= last; c++) {
        bool number = c == 3 || c == 4 || c == 5 || c == 7;
        int padding = widths[c] - width_of(cells[c]);
        if (c) fputs("  ", to);
        if (number) fprintf(to, "%*s", padding, "");
        fputs(cells[c], to);
        if (!number && c < last) fprintf(to, "%*s", padding, "");
    }
    fputc('\n', to);
}

static void print_row_of(const row *r, const int widths[COLUMNS], FILE *to)
{
    const char *cells[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) cells[c] = r->cells[c];
    print_row(cells, widths, to);
}

static status print_rows(const run_views *views, bool members, FILE *to)
{
    int widths[COLUMNS];
    char reason[600];
    const char *heads[COLUMNS];
    row *rows = calloc(views->count ? views->count : 1, sizeof *rows);
    if (!rows) return FAIL(ERR_MEMORY, "no memory to show %zu runs", views->count);
    memcpy(heads, HEADS, sizeof heads);
    if (members) heads[0] = "member";
    for (int c = 0; c < COLUMNS; c++) widths[c] = width_of(heads[c]);
    for (size_t i = 0; i < views->count; i++) {
        rows[i] = row_of(&views->at[i], members);
        for (int c = 0; c < COLUMNS; c++) {
            int width = width_of(rows[i].cells[c]);
            if (width > widths[c]) widths[c] = width;
        }
    }
    print_row(heads, widths, to);
    for (size_t i = 0; i < views->count; i++) {
        print_row_of(&rows[i], widths, to);
        snprintf(reason, sizeof reason, "%s", views->at[i].note);
        if (members) run_view_reason(&views->at[i], reason, sizeof reason);
        if (reason[0]) fprintf(to, "    %s\n", reason);
    }
    free(rows);
    return OK;
}

status status_print_table(const run_views *views, const slurm_memory *memory, FILE *to)
{
    status st = print_rows(views, false, to);
    if (st == OK) note_trouble(memory, to);
    return st;
}

status status_print_members(const run_views *members, FILE *to)
{
    fputc('\n', to);
    return print_rows(members, true, to);
}

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static void print_label(const char *label, FILE *to)
{
    fprintf(to, "  %-9s ", label);
}

/* Later lines of a text stand under the first. */
static void print_text(const char *text, FILE *to)
{
    for (; *text; text++) {
        fputc(*text, to);
        if (*text == '\n') fprintf(to, "%12s", "");
    }
    fputc('\n', to);
}

static void print_step(const run_view *view, FILE *to)
{
    char step[CELL], passed[32];
    write_step(view, step, sizeof step);
    if (!step[0]) return;
    print_label("step", to);
    write_clock(passed, sizeof passed, difftime(view->when, view->state.step_begun));
    bool runs = view->condition == VIEW_RUNNING && view->state.step_begun;
    fprintf(to, "%s%s%s\n", step, runs ? ", for " : "", runs ? passed : "");
}

static void print_progress(const run_view *view, FILE *to)
{
    const run_progress *p = &view->progress;
    char left[32], passed[32], done[CELL];
    if (!view->progresses) return;
    print_label("progress", to);
    write_done(p, done);
    fprintf(to, "%s %s", done, p->unit);
    if (p->epoch > 0) fprintf(to, ", epoch %lld", (long long)p->epoch);
    if (isfinite(p->loss)) fprintf(to, ", loss %.4g", p->loss);
    if (moves(view) && isfinite(p->samples_per_s)) fprintf(to, ", %.1f samples/s", p->samples_per_s);
    write_clock(left, sizeof left, moves(view) ? p->seconds_left : NAN);
    if (left[0] && p->done < p->total) fprintf(to, ", %s left in this step", left);
    double since = difftime(view->when, p->updated);
    duration_write(passed, sizeof passed, since);
    if (moves(view) && (!p->total || p->done < p->total) && since > 10) fprintf(to, " (%s ago)", passed);
    fputc('\n', to);
    if (p->metric[0] && isfinite(p->best_metric)) {
        print_label("best", to);
        fprintf(to, "%s %.4g\n", p->metric, p->best_metric);
    }
}

static void print_launcher(const run_view *view, FILE *to)
{
    const run_state *s = &view->state;
    char passed[32], sign[32];
    if (!s->launcher.pid) return;
    print_label("launcher", to);
    write_clock(passed, sizeof passed, difftime(view->when, s->begun));
    duration_write(sign, sizeof sign, difftime(view->when, s->updated));
    fprintf(to, "process %lld on %s", (long long)s->launcher.pid, s->launcher.host);
    if (s->job[0]) fprintf(to, ", in job %s", s->job);
    if (view->condition == VIEW_RUNNING) fprintf(to, ", for %s", passed);
    fprintf(to, ", %s %s ago\n", s->phase == RUN_RUNNING ? "last sign of life" : "ended", sign);
    print_label("ranks", to);
    fprintf(to, "%lld on %lld node%s, started anew %lld time%s\n", (long long)s->ranks, (long long)s->nodes,
            s->nodes == 1 ? "" : "s", (long long)s->restarts, s->restarts == 1 ? "" : "s");
}

static const submitted_job *submitted_as(const run_view *view, const slurm_job *job)
{
    for (size_t i = 0; i < view->jobs.count; i++) {
        size_t length = strlen(view->jobs.at[i].id);
        if (!strncmp(view->jobs.at[i].id, job->id, length) && !strchr("0123456789", job->id[length]))
            return &view->jobs.at[i];
        if (!strcmp(view->jobs.at[i].id, job->id)) return &view->jobs.at[i];
    }
    return NULL;
}

static void print_job(const run_view *view, const slurm_job *job, FILE *to)
{
    const submitted_job *as = submitted_as(view, job);
    bool ended = slurm_phase_of(job) == SLURM_ENDED;
    const char *words = slurm_reason_text(job->reason);
    char start[32];
    time_write(start, sizeof start, job->start);
    print_label("job", to);
    fprintf(to, "%s%s%s%s: %s", job->id, as && as->name[0] ? " (" : "", as ? as->name : "",
            as && as->name[0] ? ")" : "", job->state);
    if (job->nodes[0]) fprintf(to, " on %s", job->nodes);
    bool waited = ended && (!strncmp(words, "waits", 5) || !strncmp(words, "never", 5)); /* it does so no longer */
    if (job->reason[0] && !waited) fprintf(to, ", %s", job->reason);
    if (words[0] && !waited) fprintf(to, ": %s", words);
    if (start[0] && !waited)
        fprintf(to, slurm_phase_of(job) == SLURM_WAITS ? ", expected to begin at %s" : ", begun at %s", start);
    fputc('\n', to);
}

/* Jobs that Slurm does not know, or was not asked about, are there by their ids. */
static void print_jobs(const run_view *view, FILE *to)
{
    enum { SHOWN = 12 };
    for (size_t i = 0; i < view->slurm.count && i < SHOWN; i++) print_job(view, &view->slurm.at[i], to);
    if (view->slurm.count > SHOWN) fprintf(to, "  %-9s and %zu more\n", "", view->slurm.count - SHOWN);
    if (view->slurm.count || !view->jobs.count || view->condition == VIEW_DONE) return;
    print_label("jobs", to);
    for (size_t i = 0; i < view->jobs.count && i < SHOWN; i++) fprintf(to, "%s%s", i ? ", " : "", view->jobs.at[i].id);
    fputs(": Slurm does not know them any longer\n", to);
}

static void print_error(const run_view *view, FILE *to)
{
    const run_state *s = &view->state;
    if (!s->error.code || view->condition == VIEW_RUNNING) return;
    print_label("error", to);
    if (s->error.rank >= 0) fprintf(to, "rank %lld, ", (long long)s->error.rank);
    fprintf(to, "exit code %lld: ", (long long)s->error.code);
    print_text(s->error.message, to);
}

void status_print_one(const run_view *view, const slurm_memory *memory, FILE *to)
{
    char next[4600];
    fprintf(to, "%s: %s%s%s\n", short_path(view->run), run_condition_name(view->condition), view->note[0] ? ", " : "",
            view->note);
    print_step(view, to);
    print_progress(view, to);
    print_launcher(view, to);
    print_jobs(view, to);
    print_error(view, to);
    if (!view->members) print_label("logs", to);
    if (!view->members) fprintf(to, "%s/logs (magister logs %s)\n", short_path(view->run), short_path(view->run));
    run_view_next(view, next, sizeof next);
    if (next[0]) {
        print_label("next", to);
        fprintf(to, "%s\n", next);
    }
    note_trouble(memory, to);
}

char *status_line(const run_view *view)
{
    char stamp[32], step[CELL], *text = NULL;
    time_write(stamp, sizeof stamp, view->when);
    write_step(view, step, sizeof step);
    int length = asprintf(&text, "%s %s: %s%s%s%s%s", stamp, short_path(view->run), run_condition_name(view->condition),
                          step[0] ? ", " : "", step, view->note[0] ? ", " : "", view->note);
    return length < 0 ? NULL : text;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_text_of(text) : json_null();
}

static json_t *number_or_null(int64_t number, int64_t least)
{
    return number < least ? json_null() : json_integer(number);
}

static json_t *progress_json(const run_view *view)
{
    const run_progress *p = &view->progress;
    if (!view->progresses) return json_null();
    bool now = moves(view);
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "done", (json_int_t)p->done, "total",
                     (json_int_t)p->total, "unit", json_text_of(p->unit), "epoch", number_or_null(p->epoch, 1), "loss",
                     json_real_of(p->loss), "samples_per_s", json_real_of(now ? p->samples_per_s : NAN), "seconds_left",
                     json_real_of(now ? p->seconds_left : NAN), "metric", text_or_null(p->metric), "best_metric",
                     json_real_of(p->best_metric), "updated", json_time_of(p->updated));
}

static json_t *error_json(const run_state *s)
{
    if (!s->error.code) return json_null();
    return json_pack("{s:I, s:o, s:o, s:o}", "code", (json_int_t)s->error.code, "message",
                     json_text_of(s->error.message), "rank", number_or_null(s->error.rank, 0), "log",
                     text_or_null(s->error.log));
}

static json_t *job_json(const run_view *view, const slurm_job *job)
{
    const submitted_job *as = submitted_as(view, job);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", json_text_of(job->id), "name",
                     text_or_null(as ? as->name : ""), "steps", text_or_null(as ? as->steps : ""), "state",
                     json_text_of(job->state), "reason", text_or_null(job->reason), "reason_text",
                     text_or_null(slurm_reason_text(job->reason)), "nodes", text_or_null(job->nodes), "start",
                     json_time_of(job->start));
}

static json_t *jobs_json(const run_view *view)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < view->slurm.count; i++)
        if (json_array_append_new(list, job_json(view, &view->slurm.at[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

json_t *status_json(const run_view *view)
{
    char next[4600];
    const run_state *s = &view->state;
    run_view_next(view, next, sizeof next);
    return json_pack(
        "{s:o, s:s, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "run",
        json_text_of(view->run), "state", run_condition_name(view->condition), "note", text_or_null(view->note), "step",
        text_or_null(s->step), "place", (json_int_t)s->place, "steps", (json_int_t)s->steps, "progress",
        progress_json(view), "begun", json_time_of(s->begun), "step_begun", json_time_of(s->step_begun), "changed",
        json_time_of(s->changed), "updated", json_time_of(s->updated), "host", text_or_null(s->launcher.host), "pid",
        number_or_null(s->launcher.pid, 1), "ranks", (json_int_t)s->ranks, "nodes", (json_int_t)s->nodes, "restarts",
        (json_int_t)s->restarts, "job", text_or_null(s->job), "jobs", jobs_json(view), "error", error_json(s), "next",
        text_or_null(next));
}
