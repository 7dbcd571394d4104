#include "launcher/run_recipe.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "distill/metrics.h"
#include "launcher/allocation.h"
#include "launcher/evaluate.h"
#include "launcher/generated.h"
#include "launcher/inputs.h"
#include "launcher/ranks.h"
#include "launcher/restarts.h"
#include "launcher/run_state.h"
#include "launcher/seen_features.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    recipe *recipe;   /* borrowed */
    const char *only; /* stage; NULL: all */
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
    if (j->only && recipe_int(j->recipe, "launch.overlap"))
        TRY(FAIL(ERR_CONFIG, "launch.overlap runs two stages together, and only %s is asked for: set it to 0",
                 j->only));
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

/* Where salloc left the launcher on another machine than its ranks, it cannot say what these will find. */
static status look_for_inputs(const job *j)
{
    allocation a;
    status st = allocation_read(&a);
    if (st != OK || (a.inside && !getenv("SLURMD_NODENAME"))) return st;
    return inputs_check(j->recipe, &j->plan, j->done, j->only, j->directory);
}

static status generate(const job *j)
{
    char *data = path_join(j->directory, "data");
    if (!data) return FAIL(ERR_MEMORY, "no memory to generate data");
    status st = generated_make(j->recipe, data);
    free(data);
    return st;
}

static status run_inside(const job *j, const plan_step *step)
{
    run_state_beat_begin(RUN_SIGN_SECONDS);
    status st = step->kind == PLAN_EVALUATE ? evaluate_run(j->directory, j->recipe, &j->plan) : generate(j);
    run_state_beat_end();
    return st;
}

/* Stages before the one that is asked for must be done, and those behind it are left for others. */
static status pass_over(const job *j, size_t i, bool *passed)
{
    const plan_step *step = &j->plan.at[i];
    *passed = j->only && strcmp(plan_stage(step), j->only) != 0;
    for (size_t next = i; *passed && !j->done[i] && next < j->plan.count; next++)
        if (!strcmp(plan_stage(&j->plan.at[next]), j->only))
            return FAIL(ERR_MISSING, "%s: the stage %s comes after %s, which is not done", j->directory, j->only,
                        step->name);
    return OK;
}

static bool is_over(const job *j, size_t i)
{
    return j->done[i] && !plan_looks_itself(&j->plan.at[i]);
}

static status run_step_of(job *j, size_t i)
{
    status st = OK;
    bool passed;
    double begun = monotonic_seconds();
    const plan_step *step = &j->plan.at[i], *with = step->teachers ? step + 1 : NULL; /* runs at the same time */
    TRY(pass_over(j, i, &passed));
    if (passed || (i && step[-1].teachers)) goto done; /* the latter ran with the one before */
    TRY(seen_features_check(j->directory, step, &j->done[i]));
    if (is_over(j, i) && (!with || is_over(j, i + 1))) {
        log_info("[%zu/%zu] %s: done before", i + 1, j->plan.count, step->logs);
        goto done;
    }
    if (stop_requested()) TRY(FAIL(ERR_RETRY, "stopped before %s; --resume goes on with it", step->logs));
    log_info("[%zu/%zu] %s", i + 1, j->plan.count, step->logs);
    run_state_step(i + (with ? 2 : 1), with ? with->name : step->name);
    if (step->kind != PLAN_EVALUATE) TRY(step_make_directory(j->directory, step));
    if (with) TRY(step_make_directory(j->directory, with));
    TRY(step->kind == PLAN_RANKS ? restarts_run(j->recipe, j->directory, step, &j->restarts) : run_inside(j, step));
    if (step->kind != PLAN_EVALUATE) TRY(step_mark_done(j->directory, step, monotonic_seconds() - begun));
    if (with) TRY(step_mark_done(j->directory, with, monotonic_seconds() - begun));
done:
    return st;
}

static status print_results(const job *j)
{
    status st = OK;
    store *s = NULL;
    char *path = run_path(j->directory, "store.sqlite");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to print results"));
    if (file_exists(path)) { /* a stream makes none */
        TRY(store_open(path, STORE_READ, &s));
        TRY(metrics_print(s, NULL, stdout));
        putchar('\n');
    }
    printf("report: %s/report.html\n", j->directory);
done:
    store_close(&s);
    free(path);
    return st;
}

status run_recipe(recipe *r, run_mode mode, const char *only, bool results)
{
    status st = OK;
    job j = {.recipe = r, .only = only, .lock = -1};
    double begun = monotonic_seconds();
    TRY(job_prepare(&j));
    TRY(job_open(&j, mode));
    log_info("%s: run in %s", recipe_text(r, "name"), j.directory);
    plan_print(&j.plan, stderr);
    TRY(look_for_inputs(&j));
    for (size_t i = 0; i < j.plan.count; i++) TRY(run_step_of(&j, i));
    TRY(recipe_mistakes(r));
    log_info("done in %.0f s", monotonic_seconds() - begun);
    bool evaluated = j.plan.count && j.plan.at[j.plan.count - 1].kind == PLAN_EVALUATE;
    if (only && strcmp(only, "evaluate")) evaluated = false;
    if (evaluated && results) TRY(print_results(&j));
done:
    run_state_end(st);
    job_end(&j);
    return st;
}
