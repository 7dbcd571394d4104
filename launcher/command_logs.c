/* magister logs */
#include "conf/suggest.h"
#include "launcher/commands.h"
#include "launcher/log_files.h"
#include "launcher/run_view.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_RANK = 'r', KEY_STEP = 's', KEY_FOLLOW = 'f', KEY_LINES = 'n', LINES = 40, NAMES_SHOWN = 64 };
enum { LOOKS_A_SECOND = 4 };

typedef struct {
    int rank; /* or LOG_ANY_RANK */
    const char *step;
    bool follow;
    int64_t lines;
} logs_options;

static const struct argp_option OPTIONS[] = {
    {"rank", KEY_RANK, "R", 0, "Logs of rank R, or of all (0 unless said otherwise)", 0},
    {"step", KEY_STEP, "STEP", 0, "Logs of this step; launcher and slurm stand for what those print", 0},
    {"follow", KEY_FOLLOW, NULL, 0, "Go on as the logs grow, over steps, until the run ends", 0},
    {"lines", KEY_LINES, "N", 0, "Begin with the last N lines of each log (40)", 0},
    {0},
};

static const char HELP[] =
    "Shows the logs of a run: of the step it is in, or was in last."
    "\vRUN is a run's directory; its logs lie in RUN/logs. While a run has no logs of its own, what its Slurm job "
    "printed "
    "is shown.\n\n"
    "Examples:\n  magister logs runs/demo --follow\n  magister logs runs/demo --rank all --lines 5\n"
    "  magister logs runs/demo --step student.1\n\n"
    "Exit codes: 64 wrong command line, 66 there is no such run or log.";

static int64_t whole_number(const char *option, const char *text, int64_t most, struct argp_state *state)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || *end || end == text || number < 0 || number > most)
        argp_error(state, "%s is a whole number from 0 to %lld, not %s", option, (long long)most, text);
    return number;
}

static void take_option(int key, char *value, struct argp_state *state)
{
    logs_options *options = ((command_line *)state->input)->self;
    if (key == KEY_FOLLOW) options->follow = true;
    if (key == KEY_STEP) options->step = value;
    if (key == KEY_LINES) options->lines = whole_number("--lines", value, 1000000000, state);
    if (key != KEY_RANK) return;
    options->rank = !strcmp(value, "all") ? LOG_ANY_RANK : (int)whole_number("--rank", value, 9999999, state);
}

/* ---- which ------------------------------------------------------------------------------------------------------- */

static bool has_step(const log_files *files, const char *step)
{
    for (size_t i = 0; i < files->count; i++)
        if (!strcmp(files->at[i].step, step)) return true;
    return false;
}

/* The step whose log changed last; NULL without any. */
static const char *newest_step(const log_files *files)
{
    const log_file *newest = NULL;
    for (size_t i = 0; i < files->count; i++) {
        const log_file *each = &files->at[i];
        bool newer =
            !newest || each->changed.tv_sec > newest->changed.tv_sec ||
            (each->changed.tv_sec == newest->changed.tv_sec && each->changed.tv_nsec > newest->changed.tv_nsec);
        if (newer) newest = each;
    }
    return newest ? newest->step : NULL;
}

static status no_such_step(const char *run, const logs_options *o, const log_files *files)
{
    const char *names[NAMES_SHOWN];
    size_t count = 0;
    for (size_t i = 0; i < files->count && count < NAMES_SHOWN; i++)
        if (!count || strcmp(names[count - 1], files->at[i].step) != 0) names[count++] = files->at[i].step;
    const char *near = suggest_word(o->step, names, count);
    char rank[32] = "";
    if (o->rank >= 0) snprintf(rank, sizeof rank, " of rank %d", o->rank);
    return FAIL(ERR_MISSING, "%s: there is no log%s of a step %s%s%s%s (they lie in %s/logs)", run, rank, o->step,
                near ? ": did you mean " : "", near ? near : "", near ? "?" : "", run);
}

/* The logs that are wanted and the step to begin with, borrowed from them or from `o`. Errors: ERR_MISSING when a step
 * was said that has none. */
static status choose(const char *run, const logs_options *o, const char *now, log_files *files, const char **step)
{
    status st = OK;
    bool launcher = o->step && !strcmp(o->step, "launcher"), slurm = o->step && !strcmp(o->step, "slurm");
    TRY(log_files_find(run, launcher ? LOG_OF_LAUNCHER : slurm ? LOG_OF_SLURM : o->rank, files));
    *step = o->step ? o->step : has_step(files, now) ? now : newest_step(files);
    if (o->step && !has_step(files, o->step) && !o->follow) TRY(no_such_step(run, o, files));
    if (*step || o->rank > 0) goto done;
    TRY(log_files_find(run, LOG_OF_SLURM, files)); /* nothing of ours has begun */
    if (!files->count) TRY(log_files_find(run, LOG_OF_LAUNCHER, files));
    *step = newest_step(files);
done:
    return st;
}

static status show_ends(log_files *files, const char *step, int64_t lines)
{
    status st = OK;
    for (size_t i = 0; i < files->count; i++) {
        if (step && !strcmp(files->at[i].step, step)) TRY(log_file_show_end(files, i, lines));
        else log_file_pass(&files->at[i]);
    }
done:
    return st;
}

/* ---- following --------------------------------------------------------------------------------------------------- */

/* Everything new in the logs that are followed, of new steps too. */
static status show_new(const logs_options *o, log_files *files, bool *any)
{
    status st = OK;
    for (size_t i = 0; i < files->count; i++) {
        bool wanted = !o->step || !strcmp(o->step, files->at[i].step);
        if (wanted) TRY(log_file_show_new(files, i, any));
    }
    if (fflush(stdout)) TRY(FAIL(ERR_IO, "cannot write to stdout: %s", strerror(errno)));
done:
    return st;
}

/* Logs that have come. Once a rank has begun, what Slurm's job prints says the same again. */
static status find_new(const char *run, const logs_options *o, log_files *files)
{
    bool launcher = o->step && !strcmp(o->step, "launcher"), slurm = o->step && !strcmp(o->step, "slurm");
    status st = log_files_find(run, launcher ? LOG_OF_LAUNCHER : slurm ? LOG_OF_SLURM : o->rank, files);
    if (st == OK && !files->count && !o->step) st = log_files_find(run, LOG_OF_SLURM, files);
    return st;
}

/* Tells how the run is when that changes. */
static void tell_condition(const run_view *view, run_condition *before)
{
    if (view->condition == *before) return;
    *before = view->condition;
    if (view->condition != VIEW_RUNNING)
        fprintf(stderr, "%s: %s%s%s\n", view->run, run_condition_name(view->condition), view->note[0] ? ", " : "",
                view->note);
}

static status follow(char *run, const logs_options *o, log_files *files, slurm_memory *memory)
{
    status st = OK;
    run_views views = {0};
    run_condition condition = VIEW_RUNNING;
    bool goes_on = true, any = true;
    for (int look = 0; goes_on || any; look++) {
        any = false;
        if (look % LOOKS_A_SECOND == 0 || !goes_on) {
            run_views_free(&views);
            TRY(run_views_read(&run, 1, memory, &views));
            goes_on = run_view_goes_on(&views.at[0]);
            TRY(find_new(run, o, files));
        }
        TRY(show_new(o, files, &any)); /* after the look at the run: what it wrote last is shown */
        if (goes_on || !any) tell_condition(&views.at[0], &condition);
        if (goes_on) nanosleep(&(struct timespec){.tv_nsec = 1000000000L / LOOKS_A_SECOND}, NULL);
    }
done:
    run_views_free(&views);
    return st;
}

static status show_logs(char *run, const logs_options *o)
{
    status st = OK;
    log_files files = {0};
    slurm_memory memory = {0};
    run_state state;
    const char *step = NULL;
    TRY(run_view_require(run));
    if (run_state_read(run, &state) != OK) {
        state = (run_state){0};
        fail_clear();
    }
    TRY(choose(run, o, state.step, &files, &step));
    if (!step && !o->follow)
        TRY(FAIL(ERR_MISSING, "%s: has no logs%s yet: magister status %s says how it is", run,
                 o->rank > 0 ? " of this rank" : "", run));
    TRY(show_ends(&files, step, o->lines));
    if (o->follow) TRY(follow(run, o, &files, &memory));
done:
    slurm_memory_free(&memory);
    log_files_free(&files);
    return st;
}

status command_logs(int argc, char **argv)
{
    status st = OK;
    logs_options options = {.lines = LINES};
    command_line line = {OPTIONS, "RUN", HELP, 1, 1, take_option, &options, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(show_logs(line.found.at[0], &options));
done:
    free(line.found.at);
    return st;
}
