#include "launcher/allocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT_MOST = 1000000 };

/* The number in variable `name`; 0 where it is not set. */
static status number(const char *name, size_t *out)
{
    const char *text = getenv(name);
    char *end = NULL;
    *out = 0;
    if (!text || !*text) return OK;
    unsigned long value = strtoul(text, &end, 10);
    if (*end || end == text || value > COUNT_MOST)
        return FAIL(ERR_INPUT, "%s is %.60s: Slurm sets it to a number; unset it, or run outside of the job", name,
                    text);
    *out = value;
    return OK;
}

static status refuse_many_launchers(void)
{
    status st = OK;
    size_t tasks;
    TRY(number("SLURM_STEP_NUM_TASKS", &tasks));
    if (getenv("SLURM_STEP_ID") && tasks > 1)
        TRY(FAIL(ERR_USAGE,
                 "srun started magister as %zu tasks, and each would start ranks of its own: write it without srun, it "
                 "starts the ranks itself",
                 tasks));
done:
    return st;
}

static void job_name(allocation *a, const char *job)
{
    const char *array = getenv("SLURM_ARRAY_JOB_ID"), *member = getenv("SLURM_ARRAY_TASK_ID");
    if (array && member) snprintf(a->job, sizeof a->job, "%.30s_%.30s", array, member);
    else snprintf(a->job, sizeof a->job, "%.60s", job);
}

status allocation_read(allocation *out)
{
    status st = OK;
    const char *job = getenv("SLURM_JOB_ID");
    *out = (allocation){0};
    if (!job || !*job) return OK;
    TRY(refuse_many_launchers());
    out->inside = true;
    job_name(out, job);
    TRY(number("SLURM_JOB_NUM_NODES", &out->nodes));
    TRY(number("SLURM_NTASKS", &out->tasks));
    TRY(number("SLURM_NTASKS_PER_NODE", &out->node_tasks));
    TRY(number("SLURM_CPUS_PER_TASK", &out->task_cpus));
    if (!out->nodes) out->nodes = 1;
    if (!out->tasks) out->tasks = out->nodes * out->node_tasks;
    out->batch = getenv("SLURM_SUBMIT_DIR") && !getenv("SLURM_STEP_ID") && getenv("SLURM_TASK_PID");
done:
    return st;
}

size_t slurm_nodes_asked(const recipe *r)
{
    size_t nodes = (size_t)recipe_int(r, "launch.slurm.nodes");
    return nodes ? nodes : 1;
}

size_t slurm_ranks_asked(const recipe *r)
{
    size_t ranks = (size_t)recipe_int(r, "launch.slurm.ranks_per_node");
    size_t gpus = (size_t)recipe_int(r, "launch.slurm.gpus_per_node");
    return ranks ? ranks : gpus ? gpus : 1;
}

static status compare(const allocation *a, const recipe *r, size_t tasks)
{
    bool said = recipe_int(r, "launch.slurm.nodes") || recipe_int(r, "launch.slurm.ranks_per_node");
    size_t nodes = slurm_nodes_asked(r), ranks = nodes * slurm_ranks_asked(r);
    if (!said || (nodes == a->nodes && ranks == tasks)) return OK;
    return FAIL(ERR_CONFIG,
                "launch.slurm asks for %zu rank%s on %zu node%s, and job %s has %zu task%s on %zu: submit it with "
                "magister submit, or say --ranks N",
                ranks, ranks == 1 ? "" : "s", nodes, nodes == 1 ? "" : "s", a->job, tasks, tasks == 1 ? "" : "s",
                a->nodes);
}

status allocation_ranks(const allocation *a, const recipe *r, size_t asked, size_t *ranks)
{
    status st = OK;
    size_t tasks = a->tasks ? a->tasks : a->nodes * slurm_ranks_asked(r);
    size_t teachers = (size_t)recipe_int(r, "launch.overlap");
    if (tasks < (asked ? asked : 1) + teachers && teachers)
        TRY(FAIL(
            ERR_CONFIG,
            "launch.overlap wants %zu ranks beside at least %zu, and job %s has room for %zu: ask Slurm for as many "
            "tasks (-n %zu)",
            teachers, asked ? asked : 1, a->job, tasks, (asked ? asked : 1) + teachers));
    if (a->tasks && asked > a->tasks)
        TRY(FAIL(ERR_CONFIG, "--ranks %zu, and job %s has room for %zu: ask Slurm for as many tasks (-n %zu)", asked,
                 a->job, a->tasks, asked));
    if (!asked) TRY(compare(a, r, tasks));
    *ranks = asked ? asked : tasks - teachers;
done:
    return st;
}

size_t allocation_node_ranks(const allocation *a, size_t ranks)
{
    return a->inside ? (ranks + a->nodes - 1) / a->nodes : ranks;
}
