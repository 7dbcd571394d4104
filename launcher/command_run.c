/* magister run */
#include "base/file.h"
#include "base/log.h"
#include "conf/recipe.h"
#include "distill/metrics.h"
#include "launcher/commands.h"
#include "launcher/evaluate.h"
#include "launcher/generated.h"
#include "launcher/ranks.h"
#include "launcher/rundir.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEY_RESUME = 'r', KEY_FORCE = 'f', KEY_RANKS = 'n' };

static const struct argp_option OPTIONS[] = {
    {"ranks", KEY_RANKS, "N", 0, "MPI ranks on this machine (the same as launch.ranks=N)", 0},
    {"resume", KEY_RESUME, NULL, 0, "Go on with a run that was stopped; finished steps are passed over", 0},
    {"force", KEY_FORCE, NULL, 0, "Move a run that is there aside (NAME.old-1 ...) and start anew", 0},
    {0},
};

static const char HELP[] =
    "Runs a recipe: trains teachers, stores their predictions, trains students, and makes a report."
    "\vRECIPE is a YAML file; key=value changes one of its keys (magister recipe help lists them). The run goes into "
    "the "
    "directory `out` (runs/NAME unless the recipe says otherwise): resolved recipe, store of predictions, checkpoints, "
    "logs, metrics.json, report.html.\n\nCtrl-C saves and ends all ranks (exit code 75; --resume goes on), a second "
    "one kills "
    "them.\n\nExamples:\n  magister run conf/demo.yaml --ranks 2\n  magister run conf/demo.yaml out=/tmp/try "
    "student.train.epochs=3\n\nExit codes: 64 wrong command line, 65 wrong data, 66 missing input, 73 output cannot be "
    "created, 74 input or output failed, 75 stopped and saved, 76 a rank died or hung, 78 wrong recipe.";

typedef struct {
    run_mode mode;
    char ranks[48]; /* an override, "launch.ranks=2"; "" without */
} options;

static void take_option(int key, char *value, struct argp_state *state)
{
    options *o = ((command_line *)state->input)->self;
    if (key == KEY_RANKS) {
        snprintf(o->ranks, sizeof o->ranks, "launch.ranks=%.30s", value);
        return;
    }
    run_mode mode = key == KEY_RESUME ? RUN_RESUME : RUN_FORCE;
    if (o->mode != RUN_NEW && o->mode != mode)
        argp_error(state, "--resume goes on and --force starts anew: say one of them");
    o->mode = mode;
}

typedef struct {
    recipe *recipe;
    char *directory;
    plan plan;
    bool *done; /* (plan.count) steps that an earlier start has finished */
    int lock;
} job;

static void job_end(job *j)
{
    log_close();
    if (j->lock >= 0) close(j->lock);
    free(j->done);
    free(j->directory);
    plan_free(&j->plan);
    recipe_free(&j->recipe);
}

static status read_recipe(const words *found, const char *ranks, recipe **out)
{
    /* the place behind the last word is free for one more override */
    size_t overrides = found->count - 1;
    char ranks_text[48];
    snprintf(ranks_text, sizeof ranks_text, "%s", ranks);
    if (ranks_text[0]) found->at[1 + overrides++] = ranks_text;
    status st = recipe_read(found->at[0], found->at + 1, overrides, out);
    found->at[found->count] = NULL;
    return st;
}

/* Everything that can be wrong before something is written. */
static status job_prepare(job *j, const words *found, const char *ranks)
{
    status st = OK;
    TRY(read_recipe(found, ranks, &j->recipe));
    const char *out = recipe_text(j->recipe, "out");
    j->directory = out ? strdup(out) : path_join("runs", recipe_text(j->recipe, "name"));
    if (!j->directory) TRY(FAIL(ERR_MEMORY, "no memory to start a run"));
    size_t length = strlen(j->directory);
    while (length > 1 && j->directory[length - 1] == '/') j->directory[--length] = '\0';
    TRY(recipe_set(j->recipe, "out", j->directory));
    bool generates = !strcmp(recipe_list_text(j->recipe, "stages", 0), "generate");
    if (generates) TRY(generated_fill(j->recipe, j->directory));
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

static status run_step_of(const job *j, size_t i)
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
    clock_gettime(CLOCK_MONOTONIC, &start);
    if (step->kind != PLAN_EVALUATE) TRY(step_make_directory(j->directory, step));
    if (with) TRY(step_make_directory(j->directory, with));
    TRY(step->kind == PLAN_RANKS ? ranks_run(j->recipe, j->directory, step) : run_inside(j, step));
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

status command_run(int argc, char **argv)
{
    status st = OK;
    options o = {RUN_NEW, ""};
    job j = {.lock = -1};
    command_line line = {OPTIONS, "RECIPE [key=value ...]", HELP, 1, 0, take_option, &o, {0}};
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    TRY(arguments_parse(&line, argc, argv));
    TRY(job_prepare(&j, &line.found, o.ranks));
    stop_install();
    TRY(job_open(&j, o.mode));
    log_info("%s: run in %s", recipe_text(j.recipe, "name"), j.directory);
    plan_print(&j.plan, stderr);
    for (size_t i = 0; i < j.plan.count; i++) TRY(run_step_of(&j, i));
    TRY(recipe_mistakes(j.recipe));
    log_info("done in %.0f s", seconds_since(&start));
    bool evaluated = j.plan.count && j.plan.at[j.plan.count - 1].kind == PLAN_EVALUATE;
    if (evaluated) TRY(print_results(&j));
done:
    job_end(&j);
    free(line.found.at);
    return st;
}
