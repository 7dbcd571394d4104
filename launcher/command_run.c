/* magister run */
#include "base/log.h"
#include "conf/recipe.h"
#include "conf/sweep.h"
#include "launcher/allocation.h"
#include "launcher/commands.h"
#include "launcher/plan.h"
#include "launcher/preflight.h"
#include "launcher/ranks.h"
#include "launcher/requeue.h"
#include "launcher/run_recipe.h"
#include "launcher/rundir.h"
#include "launcher/sweep_run.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEY_RESUME = 'r',
    KEY_FORCE = 'f',
    KEY_RANKS = 'n',
    KEY_RESTARTS = 'x',
    KEY_MEMBER = 'm',
    KEY_ONLY = 'o',
    KEY_REQUEUE = 'q',
    KEY_DOCTOR = 'd'
};

static const struct argp_option OPTIONS[] = {
    {"ranks", KEY_RANKS, "N", 0,
     "MPI ranks (the same as launch.ranks=N); in a Slurm job there are as many as it has tasks, unless this says fewer",
     0},
    {"max-restarts", KEY_RESTARTS, "N", 0, "Begin a step again when a rank dies or hangs (launch.max_restarts=N)", 0},
    {"resume", KEY_RESUME, NULL, 0, "Go on with a run that was stopped; finished steps are passed over", 0},
    {"force", KEY_FORCE, NULL, 0, "Move a run that is there aside (NAME.old-1 ...) and start anew", 0},
    {"member", KEY_MEMBER, "N", 0,
     "Of a sweep, run member N alone (from 0), or for \"array\" the one of SLURM_ARRAY_TASK_ID", 0},
    {"only", KEY_ONLY, "STAGE", 0, "Run this stage alone; those before it must be done", 0},
    {"doctor", KEY_DOCTOR, NULL, 0, "Begin with magister doctor, and do not run where it finds a failure", 0},
    {"requeue", KEY_REQUEUE, NULL, 0, "In a Slurm job that was stopped: put it back into the queue", 0},
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
    const char *only;             /* stage; NULL: all */
    bool requeue, doctor;
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
    if (key == KEY_ONLY) {
        o->only = value;
        return;
    }
    if (key == KEY_REQUEUE || key == KEY_DOCTOR) {
        *(key == KEY_REQUEUE ? &o->requeue : &o->doctor) = true;
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

/* In a Slurm job there are as many ranks as it has tasks. */
static status take_allocation(recipe *r, const options *o)
{
    status st = OK;
    allocation a;
    size_t ranks;
    char text[24];
    TRY(allocation_read(&a));
    if (!a.inside || (o->only && plan_is_alone(r, o->only))) goto done;
    TRY(allocation_ranks(&a, r, o->ranks[0] ? (size_t)recipe_int(r, "launch.ranks") : 0, &ranks));
    snprintf(text, sizeof text, "%zu", ranks);
    TRY(recipe_set(r, "launch.ranks", text));
    log_info("Slurm job %s: %zu node%s, %zu rank%s", a.job, a.nodes, a.nodes == 1 ? "" : "s", ranks,
             ranks == 1 ? "" : "s");
done:
    return st;
}

static status check_stage(const recipe *r, const char *stage)
{
    if (sweep_count(r)) return FAIL(ERR_USAGE, "--only is not for sweeps: their members are run whole");
    for (size_t i = 0; i < recipe_list_count(r, "stages"); i++)
        if (!strcmp(recipe_list_text(r, "stages", i), stage)) return OK;
    return FAIL(ERR_USAGE, "--only %s: the recipe has no such stage", stage);
}

/* The message that the run ended with stays the one that is told. */
static void requeue_after(recipe *r, const options *o)
{
    char message[1024];
    snprintf(message, sizeof message, "%s", fail_message());
    fail_clear();
    requeue_job(r, o->only, o->member);
    FAIL(ERR_RETRY, "%s", message);
}

status command_run(int argc, char **argv)
{
    status st = OK;
    options o = {.mode = RUN_NEW};
    recipe *r = NULL;
    command_line line = {OPTIONS, "RECIPE [key=value ...]", HELP, 1, 0, take_option, &o, {0}};
    TRY(arguments_parse(&line, argc, argv));
    TRY(read_recipe(&line.found, &o, &r));
    TRY(take_allocation(r, &o));
    if (!sweep_count(r) && o.member)
        TRY(FAIL(ERR_USAGE, "--member is for sweeps, and %s is none (magister recipe help sweep)", line.found.at[0]));
    if (o.only) TRY(check_stage(r, o.only));
    stop_install();
    if (o.doctor) TRY(preflight(line.found.at[0], o.only && plan_is_alone(r, o.only)));
    if (!sweep_count(r)) TRY(run_recipe(r, o.mode, o.only, true));
    else if (o.member) TRY(sweep_run_member(r, o.member, o.mode));
    else TRY(sweep_run(r, o.mode));
done:
    if (st == ERR_RETRY && r && o.requeue) requeue_after(r, &o);
    recipe_free(&r);
    free(line.found.at);
    return st;
}
