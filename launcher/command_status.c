/* magister status */
#include "launcher/commands.h"
#include "launcher/json_file.h"
#include "launcher/rundir.h"
#include "launcher/status_show.h"
#include "launcher/sweep_view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_JSON = 'j', KEY_WATCH = 'w', KEY_ALL = 'a', SHOWN = 20 };

typedef struct {
    bool json, watch, all;
    double every; /* seconds between looks */
} status_options;

static const struct argp_option OPTIONS[] = {
    {"json", KEY_JSON, NULL, 0, "Print JSON: {\"runs\": [...]}, with RUN its object alone", 0},
    {"watch", KEY_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
     "Look again every 2 (or SECONDS) seconds; into a pipe, a line for each change", 0},
    {"all", KEY_ALL, NULL, 0, "All runs of the list, not the 20 that changed last", 0},
    {0},
};

static const char HELP[] =
    "Shows how runs are: state, step, progress, where they run, and why they do not."
    "\vWithout RUN: all runs of this user, the one that changed last first. With RUN, a run's directory: all that is "
    "known of it, its last error and rank, and what to do next. With the directory of a sweep: a line for each member, "
    "and how many are how; magister sweep has their scores.\n\n"
    "States: waiting (a member of a sweep that was not begun), pending (a job waits; with Slurm's reason), starting "
    "(its job runs, magister has not begun), running, "
    "silent (no sign of life for three minutes, and it cannot be looked at from here), died (launcher or job ended "
    "without a word), stopped (and saved), failed, done, unknown.\n\n"
    "Slurm is asked with squeue alone, and only about runs that have jobs. --watch ends when RUN has.\n\n"
    "Examples:\n  magister status\n  magister status runs/demo --watch\n  magister status runs/demo --json\n\n"
    "Exit codes: 64 wrong command line, 66 there is no such run.";

static void take_option(int key, char *value, struct argp_state *state)
{
    status_options *options = ((command_line *)state->input)->self;
    if (key == KEY_JSON) options->json = true;
    if (key == KEY_ALL) options->all = true;
    if (key == KEY_WATCH) options->watch = true;
    if (key != KEY_WATCH || !value) return;
    char *end;
    options->every = strtod(value, &end);
    if (*end || end == value || !(options->every >= 0.1 && options->every <= 86400))
        argp_error(state, "--watch is a number of seconds from 0.1 to 86400, not %s", value);
}

/* ---- one look ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const status_options *options;
    char *run; /* NULL: the list */
    slurm_memory memory;
    run_list list;
    run_views views;
    run_views members; /* of the run, when it is a sweep */
    int resting;       /* looks in a row that saw nothing go on */
} look;

static void look_forget(look *l)
{
    run_views_free(&l->views);
    run_views_free(&l->members);
    runs_free(&l->list);
}

static status look_take(look *l)
{
    status st = OK;
    look_forget(l);
    if (l->run) {
        TRY(run_view_require(l->run));
        TRY(run_views_read(&l->run, 1, &l->memory, &l->views));
        TRY(sweep_look(&l->views.at[0], &l->memory, &l->members));
        goto done;
    }
    TRY(runs_listed(&l->list));
    size_t count = l->options->all || l->list.count < SHOWN ? l->list.count : SHOWN;
    TRY(run_views_read(l->list.at, count, &l->memory, &l->views));
    for (size_t i = 0; i < count; i++) {
        run_views members;
        TRY(sweep_look(&l->views.at[i], &l->memory, &members));
        run_views_free(&members);
    }
done:
    return st;
}

static json_t *views_json(const run_views *views)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < views->count; i++)
        if (json_array_append_new(list, status_json(&views->at[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *run_json(const look *l)
{
    json_t *object = status_json(&l->views.at[0]);
    if (!l->members.count || !json_object_set_new(object, "members", views_json(&l->members))) return object;
    json_decref(object);
    return NULL;
}

static json_t *list_json(const look *l)
{
    return json_pack("{s:o, s:o}", "runs", views_json(&l->views), "slurm_error",
                     l->memory.trouble[0] ? json_text_of(l->memory.trouble) : json_null());
}

static status print_json(const look *l, FILE *to)
{
    json_t *object = l->run ? run_json(l) : list_json(l);
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(object);
    if (!text) return FAIL(ERR_MEMORY, "no memory to show runs as JSON");
    fprintf(to, "%s\n", text);
    free(text);
    return OK;
}

static status look_print(const look *l, FILE *to)
{
    if (l->options->json) return print_json(l, to);
    if (l->run) {
        status_print_one(&l->views.at[0], &l->memory, to);
        return l->members.count ? status_print_members(&l->members, to) : OK;
    }
    if (!l->views.count) {
        fputs("no runs yet: magister run conf/demo.yaml makes one\n", to);
        return OK;
    }
    status st = status_print_table(&l->views, &l->memory, to);
    size_t hidden = l->list.count - l->views.count;
    if (hidden) fprintf(to, "and %zu older (--all)\n", hidden);
    return st;
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static void wait_seconds(double seconds)
{
    usleep((useconds_t)(1e6 * (seconds < 1 ? seconds : 0)));
    if (seconds >= 1) sleep((unsigned)(seconds + 0.5));
}

/* From the upper left; what was there before is overwritten, so that nothing flickers. */
static status redraw(const look *l)
{
    status st = OK;
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to) TRY(FAIL(ERR_MEMORY, "no memory to show runs"));
    TRY(look_print(l, to));
    fclose(to);
    to = NULL;
    fputs("\033[H", stdout);
    for (const char *at = text; *at; at++) {
        if (*at == '\n') fputs("\033[K", stdout);
        putchar(*at);
    }
    fputs("\033[J", stdout);
    fflush(stdout);
done:
    if (to) fclose(to);
    free(text);
    return st;
}

/* Lines that were told last, by run. */
typedef struct {
    char **runs, **lines; /* (count) */
    size_t count;
} told;

static void told_free(told *t)
{
    for (size_t i = 0; i < t->count; i++) free(t->runs[i]), free(t->lines[i]);
    free(t->runs);
    free(t->lines);
}

static status told_place(told *t, const char *run, size_t *place)
{
    for (*place = 0; *place < t->count; (*place)++)
        if (!strcmp(t->runs[*place], run)) return OK;
    char **runs = realloc(t->runs, (t->count + 1) * sizeof *runs);
    if (runs) t->runs = runs;
    char **lines = realloc(t->lines, (t->count + 1) * sizeof *lines);
    if (lines) t->lines = lines;
    char *copy = runs && lines ? strdup(run) : NULL;
    if (!copy) return FAIL(ERR_MEMORY, "no memory to watch runs");
    runs[t->count] = copy;
    lines[t->count++] = NULL;
    return OK;
}

/* What stands behind the time. */
static const char *behind_time(const char *line)
{
    const char *space = strchr(line, ' ');
    return space ? space : line;
}

static status print_changes(const look *l, told *t)
{
    for (size_t i = 0; i < l->views.count; i++) {
        size_t place;
        char *line = status_line(&l->views.at[i]);
        if (!line) return FAIL(ERR_MEMORY, "no memory to watch runs");
        status st = told_place(t, l->views.at[i].run, &place);
        bool same = st == OK && t->lines[place] && !strcmp(behind_time(t->lines[place]), behind_time(line));
        if (st == OK && !same) puts(line);
        if (st == OK && !same) free(t->lines[place]), t->lines[place] = line;
        else free(line);
        if (st != OK) return st;
    }
    return fflush(stdout) ? FAIL(ERR_IO, "cannot write to stdout") : OK;
}

/* Between two members of a sweep there is a moment in which none goes on: it is over when it is seen twice. */
static bool is_over(look *l)
{
    l->resting = run_view_goes_on(&l->views.at[0]) ? 0 : l->resting + 1;
    return l->resting > (l->members.count && l->views.at[0].condition != VIEW_DONE);
}

/* JSON is for programs: an object a look. */
static status watch(look *l)
{
    status st = OK;
    told t = {0};
    bool terminal = isatty(STDOUT_FILENO) && !l->options->json;
    if (terminal) fputs("\033[2J", stdout);
    for (;;) {
        TRY(look_take(l));
        if (terminal) TRY(redraw(l));
        else TRY(l->options->json ? print_json(l, stdout) : print_changes(l, &t));
        if (l->run && is_over(l)) break;
        fflush(stdout);
        wait_seconds(l->options->every);
    }
done:
    told_free(&t);
    return st;
}

status command_status(int argc, char **argv)
{
    status st = OK;
    status_options options = {.every = 2};
    command_line line = {OPTIONS, "[RUN]", HELP, 0, 1, take_option, &options, {0}};
    look l = {.options = &options};
    TRY(arguments_parse(&line, argc, argv));
    if (line.found.count) l.run = line.found.at[0];
    if (options.watch) TRY(watch(&l));
    else TRY(look_take(&l));
    if (!options.watch) TRY(look_print(&l, stdout));
done:
    look_forget(&l);
    slurm_memory_free(&l.memory);
    free(line.found.at);
    return st;
}
