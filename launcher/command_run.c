/* magister run */
#include "base/file.h"
#include "base/log.h"
#include "conf/recipe.h"
#include "conf/sweep.h"
#include "distill/metrics.h"
#include "launcher/allocation.h"
#include "launcher/commands.h"
#include "launcher/evaluate.h"
#include "launcher/generated.h"
#include "launcher/member.h"
#include "launcher/ranks.h"
#include "launcher/restarts.h"
#include "launcher/run_recipe.h"
#include "launcher/run_state.h"
#include "launcher/rundir.h"
#include "launcher/sweep_run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEY_RESUME = 'r', KEY_FORCE = 'f', KEY_RANKS = 'n', KEY_RESTARTS = 'x', KEY_MEMBER = 'm' };

static const struct argp_option OPTIONS[] = {
    {"ranks", KEY_RANKS, "N", 0,
     "MPI ranks (the same as launch.ranks=N); in a Slurm job there are as many as it has tasks, unless this says fewer",
     0},
    {"max-restarts", KEY_RESTARTS, "N", 0, "Begin a step again when a rank dies or hangs (launch.max_restarts=N)", 0},
    {"resume", KEY_RESUME, NULL, 0, "Go on with a run that was stopped; finished steps are passed over", 0},
    {"force", KEY_FORCE, NULL, 0, "Move a run that is there aside (NAME.old-1 ...) and start anew", 0},
    {"member", KEY_MEMBER, "N", 0,
     "Of a sweep, run member N alone (from 0), or for \"array\" the one of SLURM_ARRAY_TASK_ID", 0},
    {0},
};

static const char HELP[] =
    "Runs a recipe: trains teachers, stores their predictions, trains students, and makes a report."
    "\vRECIPE is a YAML file; key=value changes one of its keys (magister recipe help lists them). The run goes into "
    "the "
    "directory `out` (runs/NAME unless the recipe says otherwise): resolved recipe, store of predictions, checkpoints, "
    "logs, metrics.json, report.html.\n\nA recipe with a sweep stands for many runs, each in a directory of its own "
    "below "
    "`out`: they run one after another, one that fails does not hold up the others, and a table of all comes last "
    "(magister sweep shows it at any time). The exit code is that of the first failure.\n\nCtrl-C saves and ends all "
    "ranks (exit code 75; --resume goes on), a second "
    "one kills "
    "them.\n\nExamples:\n  magister run conf/demo.yaml --ranks 2\n  magister run conf/demo.yaml out=/tmp/try "
    "student.train.epochs=3\n\nExit codes: 64 wrong command line, 65 wrong data, 66 missing input, 73 output cannot be "
    "created, 74 input or output failed, 75 stopped and saved, 76 a rank died or hung, 78 wrong recipe.";

typedef struct {
    run_mode mode;
    char ranks[48], restarts[48]; /* overrides, "launch.ranks=2"; "" without */
    const char *member;           /* of a sweep; NULL: all */
} options;

static void take_option(int key, char *value, struct argp_state *state)
{
    options *o = ((command_line *)state->input)->self;
    if (key == KEY_RANKS) {
        snprintf(o->ranks, sizeof o->ranks, "launch.ranks=%.30s", value);
        return;
    }
    if (key == KEY_RESTARTS) {
        snprintf(o->restarts, sizeof o->restarts, "launch.max_restarts=%.24s", value);
        return;
    }
    if (key == KEY_MEMBER) {
        o->member = value;
        return;
    }
    run_mode mode = key == KEY_RESUME ? RUN_RESUME : RUN_FORCE;
    if (o->mode != RUN_NEW && o->mode != mode)
        argp_error(state, "--resume goes on and --force starts anew: say one of them");
    o->mode = mode;
}

typedef struct {
    recipe *recipe; /* borrowed */
    char *directory;
    plan plan;
    bool *done; /* (plan.count) steps that an earlier start has finished */
    int lock;
    int64_t restarts; /* so far */
} job;

static void job_end(job *j)
{
    log_close();
    if (j->lock >= 0) close(j->lock);
    free(j->done);
    free(j->directory);
    plan_free(&j->plan);
}

static status read_recipe(const words *found, options *o, recipe **out)
{
    /* behind the last word there is a place for an override of each option */
    size_t overrides = found->count - 1;
    if (o->ranks[0]) found->at[1 + overrides++] = o->ranks;
    if (o->restarts[0]) found->at[1 + overrides++] = o->restarts;
    status st = recipe_read(found->at[0], found->at + 1, overrides, out);
    found->at[found->count] = NULL;
    return st;
}

status run_prepare(recipe *r, char **directory)
{
    status st = OK;
    char *path = run_directory(r);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to start a run"));
    TRY(recipe_set(r, "out", path));
    bool generates = !strcmp(recipe_list_text(r, "stages", 0), "generate");
    if (generates) TRY(generated_fill(r, path));
    *directory = path;
    path = NULL;
done:
    free(path);
    return st;
}

/* Everything that can be wrong before something is written. */
static status job_prepare(job *j)
{
    status st = OK;
    TRY(run_prepare(j->recipe, &j->directory));
    TRY(plan_make(j->recipe, &j->plan));
    j->done = calloc(j->plan.count + 1, sizeof *j->done);
    if (!j->done) TRY(FAIL(ERR_MEMORY, "no memory to start a run"));
done:
    return st;
}

static status job_open(job *j, run_mode mode)
{
    status st = OK;
    char *log = NULL;
    allocation a;
    TRY(allocation_read(&a));
    TRY(rundir_open(j->directory, mode, &j->lock));
    for (size_t i = 0; i < j->plan.count; i++) /* before the recipe that made them is replaced */
        if (j->plan.at[i].kind != PLAN_EVALUATE) TRY(step_is_done(j->directory, &j->plan.at[i], &j->done[i]));
    for (size_t i = 0; i < j->plan.count; i++) /* looks itself whether its features are still right */
        if (!strcmp(j->plan.at[i].step.section, "cache")) j->done[i] = false;
    TRY(rundir_write_recipe(j->directory, j->recipe));
    log = path_join(j->directory, "logs/launcher.log");
    if (!log) TRY(FAIL(ERR_MEMORY, "no memory to start a run"));
    TRY(log_open(log, -1, 1));
    run_register(j->directory);
    run_state_begin(j->directory, (size_t)recipe_int(j->recipe, "launch.ranks"), a.inside ? a.nodes : 1, j->plan.count,
                    mode == RUN_RESUME);
done:
    free(log);
    return st;
}

static status run_inside(const job *j, const plan_step *step)
{
    if (step->kind == PLAN_EVALUATE) return evaluate_run(j->directory, j->recipe, &j->plan);
    char *data = path_join(j->directory, "data");
    if (!data) return FAIL(ERR_MEMORY, "no memory to generate data");
    status st = generated_make(j->recipe, data);
    free(data);
    return st;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + 1e-9 * (double)(now.tv_nsec - start->tv_nsec);
}

static status run_step_of(job *j, size_t i)
{
    status st = OK;
    struct timespec start;
    const plan_step *step = &j->plan.at[i], *with = step->teachers ? step + 1 : NULL; /* runs at the same time */
    if (i && step[-1].teachers) goto done;                                            /* it ran with the one before */
    if (j->done[i] && (!with || j->done[i + 1])) {
        log_info("[%zu/%zu] %s: done before", i + 1, j->plan.count, step->logs);
        goto done;
    }
    if (stop_requested()) TRY(FAIL(ERR_RETRY, "stopped before %s; --resume goes on with it", step->logs));
    log_info("[%zu/%zu] %s", i + 1, j->plan.count, step->logs);
    run_state_step(i + (with ? 2 : 1), with ? with->name : step->name);
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (step->kind != PLAN_EVALUATE) TRY(step_make_directory(j->directory, step));
    if (with) TRY(step_make_directory(j->directory, with));
    TRY(step->kind == PLAN_RANKS ? restarts_run(j->recipe, j->directory, step, &j->restarts) : run_inside(j, step));
    if (step->kind != PLAN_EVALUATE) TRY(step_mark_done(j->directory, step, seconds_since(&start)));
    if (with) TRY(step_mark_done(j->directory, with, seconds_since(&start)));
done:
    return st;
}

static status print_results(const job *j)
{
    status st = OK;
    store *s = NULL;
    char *path = run_path(j->directory, "store.sqlite");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to print results"));
    TRY(store_open(path, STORE_READ, &s));
    TRY(metrics_print(s, NULL, stdout));
    printf("\nreport: %s/report.html\n", j->directory);
done:
    store_close(&s);
    free(path);
    return st;
}

status run_recipe(recipe *r, run_mode mode, bool results)
{
    status st = OK;
    job j = {.recipe = r, .lock = -1};
    bool opened = false;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    TRY(job_prepare(&j));
    stop_install();
    TRY(job_open(&j, mode));
    opened = true;
    log_info("%s: run in %s", recipe_text(r, "name"), j.directory);
    plan_print(&j.plan, stderr);
    for (size_t i = 0; i < j.plan.count; i++) TRY(run_step_of(&j, i));
    TRY(recipe_mistakes(r));
    log_info("done in %.0f s", seconds_since(&start));
    bool evaluated = j.plan.count && j.plan.at[j.plan.count - 1].kind == PLAN_EVALUATE;
    if (evaluated && results) TRY(print_results(&j));
done:
    if (opened) member_note(j.directory, st);
    if (opened) run_state_end(st);
    job_end(&j);
    return st;
}

/* In a Slurm job there are as many ranks as it has tasks. */
static status take_allocation(recipe *r, bool ranks_given)
{
    status st = OK;
    allocation a;
    size_t ranks;
    char text[24];
    TRY(allocation_read(&a));
    if (!a.inside) goto done;
    TRY(allocation_ranks(&a, r, ranks_given ? (size_t)recipe_int(r, "launch.ranks") : 0, &ranks));
    snprintf(text, sizeof text, "%zu", ranks);
    TRY(recipe_set(r, "launch.ranks", text));
    log_info("Slurm job %s: %zu node%s, %zu rank%s", a.job, a.nodes, a.nodes == 1 ? "" : "s", ranks,
             ranks == 1 ? "" : "s");
done:
    return st;
}

status command_run(int argc, char **argv)
{
    status st = OK;
    options o = {.mode = RUN_NEW};
    recipe *r = NULL;
    command_line line = {OPTIONS, "RECIPE [key=value ...]", HELP, 1, 0, take_option, &o, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(read_recipe(&line.found, &o, &r));
    TRY(take_allocation(r, o.ranks[0]));
    if (!sweep_count(r) && o.member)
        TRY(FAIL(ERR_USAGE, "--member is for sweeps, and %s is none (magister recipe help sweep)", line.found.at[0]));
    if (!sweep_count(r)) TRY(run_recipe(r, o.mode, true));
    else if (o.member) TRY(sweep_run_member(r, o.member, o.mode));
    else TRY(sweep_run(r, o.mode));
done:
    recipe_free(&r);
    free(line.found.at);
    return st;
}
