/* magister doctor */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/recipe.h"
#include "launcher/commands.h"
#include "launcher/doctor.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEY_RANKS = 'n',
    KEY_OUT = 'o',
    KEY_JSON = 'j',
    KEY_CLUSTER = 'c',
    KEY_PARTITION = 'p',
    KEY_PATIENCE = 'w',
    PATIENCE_MOST = 600
};
static const double PATIENCE = 8; /* seconds: all of it takes less than ten */

static const struct argp_option OPTIONS[] = {
    {"ranks", KEY_RANKS, "N", 0, "Ranks to start (else launch.ranks, one a node at least in a job, or 2)", 0},
    {"out", KEY_OUT, "DIR", 0, "Directory of the run (else the recipe's, or runs/)", 0},
    {"cluster", KEY_CLUSTER, NULL, 0, "What Slurm offers, from a login node; nothing is started", 0},
    {"partition", KEY_PARTITION, "NAME", 0, "With --cluster: try two ranks on two nodes there, for a minute at most",
     0},
    {"patience", KEY_PATIENCE, "SECONDS", 0, "Until ranks are given up (8)", 0},
    {"json", KEY_JSON, NULL, 0, "For programs", 0},
    {0},
};

static const char HELP[] =
    "Looks whether a run can work here, in less than ten seconds."
    "\vWithout RECIPE it tries two ranks on this machine; with one, the ranks and the directory it asks for; inside a "
    "Slurm job, ranks on all its nodes. Every line is ok, a note, a warning, or a failure with what to do about it. No "
    "Slurm and no GPU are notes.\n\nExit codes: 0 nothing failed, 66 a program or file is missing, 73 and 74 `out` "
    "cannot "
    "be written, 76 ranks cannot start or not meet, 78 wrong recipe.";

static const char SLOW[] = "see whether the file system that the programs are on is slow";
static const char DAEMON[] = "see whether slurmctld runs: scontrol ping";
static const char SYSTEM[] = "the system did not tell within 2 s";

/* Topic, seconds (with ranks: beside their patience), what is done; and what is told when it does not come back. */
static const doctor_check CHECKS[] = {
    {"magister", 8, doctor_programs, NULL, ERR_MISSING, "mpirun did not tell its version within 8 s", SLOW},
    {"Slurm", 8, doctor_slurm, NULL, ERR_RANK, "its commands did not answer within 8 s", DAEMON},
    {"host", 4, NULL, check_host, ERR_RANK, "the name of this machine was not resolved within 4 s",
     "put it into /etc/hosts, or see to the name server (/etc/resolv.conf)"},
    {"ports", 6, NULL, check_ports, ERR_RANK, "no port could be tried within 6 s", "see to name server and firewall"},
    {"cores", 2, NULL, check_cores, ERR_INTERNAL, SYSTEM, ""},
    {"memory", 2, NULL, check_memory, ERR_INTERNAL, SYSTEM, ""},
    {"shm", 2, NULL, check_shm, ERR_IO, "/dev/shm did not answer within 2 s", ""},
    {"GPU", 6, NULL, check_gpu, ERR_CONFIG, "its device files did not answer within 6 s",
     "see what the driver says: dmesg, nvidia-smi"},
    {"clock", 2, NULL, check_clock, ERR_INTERNAL, SYSTEM, ""},
    {"out", 6, NULL, check_out, ERR_IO, "its file system did not answer within 6 s",
     "see whether the file server runs, or take another place: out=DIR"},
    {"MPI", 1.5, doctor_ranks, NULL, ERR_RANK, "the ranks could not be ended", ""},
};

static const doctor_check CLUSTER_CHECKS[] = {
    {"magister", 8, doctor_programs, NULL, ERR_MISSING, "mpirun did not tell its version within 8 s", SLOW},
    {"Slurm", 9.4, doctor_cluster, NULL, ERR_RANK, "its commands did not answer within 9 s", DAEMON},
    {"job", 11, doctor_job, NULL, ERR_RANK, "the job could not be ended", ""},
};
enum {
    CHECK_COUNT = sizeof CHECKS / sizeof CHECKS[0],
    CLUSTER_COUNT = sizeof CLUSTER_CHECKS / sizeof CLUSTER_CHECKS[0],
};

typedef struct {
    bool json, cluster;
    double patience;
    const char *out, *partition;
    char ranks[48]; /* an override, "launch.ranks=2"; "" without */
} options;

static void take_option(int key, char *value, struct argp_state *state)
{
    options *o = ((command_line *)state->input)->self;
    if (key == KEY_RANKS) snprintf(o->ranks, sizeof o->ranks, "launch.ranks=%.30s", value);
    if (key == KEY_PATIENCE) o->patience = strtod(value, NULL);
    if (key == KEY_PATIENCE && !(o->patience >= 1 && o->patience <= PATIENCE_MOST))
        argp_error(state, "--patience takes 1 to %d seconds, and not %s", PATIENCE_MOST, value);
    if (key == KEY_OUT) o->out = value;
    if (key == KEY_PARTITION) o->partition = value;
    if (key == KEY_CLUSTER) o->cluster = true;
    if (key == KEY_JSON) o->json = true;
}

/* The recipe, or without one its defaults; `--ranks` is one more override, behind the last word. */
static status read_recipe(const words *found, options *o, recipe **out)
{
    size_t given = found->count, overrides = given > 1 ? given - 1 : 0;
    static char no_data[] = "stages=[generate]"; /* what needs no data set to be named */
    char **all = calloc(overrides + 3, sizeof *all);
    if (!all) return FAIL(ERR_MEMORY, "no memory for the command line");
    for (size_t i = 0; i < overrides; i++) all[i] = found->at[i + 1];
    if (!given) all[overrides++] = no_data;
    if (o->ranks[0]) all[overrides++] = o->ranks;
    status st = recipe_read(given ? found->at[0] : NULL, all, overrides, out);
    free(all);
    return st;
}

/* Where `magister run` would put the run. New string. */
static status choose_out(const recipe *r, const options *o, bool has_recipe, char **out)
{
    const char *given = o->out ? o->out : recipe_text(r, "out");
    *out = given ? realpath(given, NULL) : has_recipe ? path_join("runs", recipe_text(r, "name")) : strdup("runs");
    if (given && !*out) *out = strdup(given); /* it is not there yet */
    if (*out && (*out)[0] != '/') {           /* ranks elsewhere may begin in another directory */
        char *here = realpath(".", NULL), *full = here ? path_join(here, *out) : NULL;
        free(here);
        free(*out);
        *out = full;
    }
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the name of a directory");
}

/* A job for --partition is as small as one of several nodes can be. */
static status choose_job(const options *o, allocation *out)
{
    *out = (allocation){.inside = true, .nodes = 2, .tasks = 2, .node_tasks = 1};
    return o->partition ? OK : allocation_read(out);
}

static status choose_ranks(const recipe *r, const options *o, bool has_recipe, doctor_task *task)
{
    enum { ALONE = 2 };
    status st = OK;
    const allocation *job = &task->job;
    size_t asked = o->ranks[0] ? (size_t)recipe_int(r, "launch.ranks") : 0;
    task->ranks = asked ? asked : has_recipe ? (size_t)recipe_int(r, "launch.ranks") : job->inside ? job->tasks : ALONE;
    if (job->inside && has_recipe && !o->partition) TRY(allocation_ranks(job, r, asked, &task->ranks));
    else if (job->inside && !asked && task->ranks < job->nodes) task->ranks = job->nodes;
    if (o->partition) task->ranks = job->tasks;
    task->use.nodes = !job->inside ? 1 : job->nodes < task->ranks ? job->nodes : task->ranks;
    task->use.ranks = (task->ranks + task->use.nodes - 1) / task->use.nodes;
    task->use.threads = (size_t)recipe_int(r, "launch.threads");
done:
    return st;
}

static void run_checks(const options *o, const doctor_task *task, findings *found)
{
    doctor_check checks[CHECK_COUNT];
    size_t count = !o->cluster ? CHECK_COUNT : task->partition ? CLUSTER_COUNT : CLUSTER_COUNT - 1;
    memcpy(checks, o->cluster ? CLUSTER_CHECKS : CHECKS, count * sizeof *checks);
    for (size_t i = 0; i < count; i++)
        if (checks[i].run == doctor_ranks || checks[i].run == doctor_job) checks[i].seconds += task->patience;
    doctor_run(checks, count, task, found);
}

static status print_findings(const options *o, const findings *found, double seconds)
{
    if (o->json) return findings_print_json(found, seconds, stdout);
    findings_print(found, seconds, stdout);
    return OK;
}

status command_doctor(int argc, char **argv)
{
    status st = OK;
    options o = {.patience = PATIENCE};
    recipe *r = NULL;
    char *out = NULL;
    findings found = {0};
    command_line line = {OPTIONS, "[RECIPE [key=value ...]]", HELP, 0, 0, take_option, &o, {0}};
    double begun = monotonic_seconds();
    TRY(arguments_parse(&line, argc, argv));
    log_threshold(LOG_WARN); /* findings tell it */
    if (o.partition && !o.cluster) TRY(FAIL(ERR_USAGE, "--partition goes with --cluster"));
    TRY(read_recipe(&line.found, &o, &r));
    TRY(choose_out(r, &o, line.found.count > 0, &out));
    doctor_task task = {.use = {.out = out,
                                .device = recipe_text(r, "device"),
                                .gpus_shared = !strcmp(recipe_text(r, "launch.gpus"), "shared")},
                        .patience = o.patience,
                        .partition = o.partition};
    TRY(choose_job(&o, &task.job));
    TRY(choose_ranks(r, &o, line.found.count > 0, &task));
    TRY(recipe_mistakes(r));
    run_checks(&o, &task, &found);
    TRY(print_findings(&o, &found, monotonic_seconds() - begun));
    st = findings_code(&found);
done:
    findings_free(&found);
    free(out);
    recipe_free(&r);
    free(line.found.at);
    return st;
}
