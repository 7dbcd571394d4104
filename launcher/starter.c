#include "launcher/starter.h"

#include "base/cpus.h"
#include "base/log.h"
#include "launcher/slurm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_SECONDS 10.0

void starter_add(starter *s, const char *text)
{
    if (s->count + 1 < STARTER_WORDS_MAX)
        s->words[s->count++] = (char *)(uintptr_t)text; /* execvp takes char *; it reads only */
}

void starter_addf(starter *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(s->text + s->used, sizeof s->text - s->used, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof s->text - s->used) return;
    starter_add(s, s->text + s->used);
    s->used += (size_t)length + 1;
}

/* A kind of MPI stands alone on a line of the list, or behind "versions available:". */
static bool names_pmix(const char *list)
{
    for (const char *at = strstr(list, "pmix"); at; at = strstr(at + 4, "pmix")) {
        bool begins = at == list || strchr(" \t\n,", at[-1]);
        if (begins && (!at[4] || strchr(" \t\r\n,_", at[4]))) return true;
    }
    return false;
}

/* Slurm without PMIx would start as many worlds of one rank. */
static bool srun_has_pmix(void)
{
    static const char *const ASK[] = {"srun", "--mpi=list", NULL};
    static int known = -1;
    char *list = NULL;
    if (known >= 0) return known;
    known = slurm_call(ASK, LIST_SECONDS, &list) == OK && names_pmix(list);
    if (!known && list) log_info("srun has no PMIx here: mpirun starts the ranks");
    if (!list) log_info("mpirun starts the ranks: %s", fail_message());
    fail_clear();
    free(list);
    return known;
}

/* -K1: one rank's end is the end of all. Slurm 22.05 and later take CPUs of a task from srun's own words alone.
 * Fence: Slurm carries MPI's barriers from node to node as a tree unless told otherwise, and that of 22.05 lets each
 * node pass by itself: a rank that is late in MPI_Init dies of the first message that it gets. Its ring waits for all.
 */
static void add_srun(starter *s, const allocation *a, size_t ranks, const char *step_name)
{
    starter_add(s, "srun");
    starter_add(s, "--mpi=pmix");
    starter_add(s, "--kill-on-bad-exit=1");
    starter_add(s, "--wait=60");
    starter_add(s, getenv("SLURM_PMIX_FENCE") ? "--export=ALL" : "--export=ALL,SLURM_PMIX_FENCE=ring");
    starter_addf(s, "--job-name=%.60s", step_name);
    starter_addf(s, "--nodes=%zu", a->nodes < ranks ? a->nodes : ranks);
    starter_addf(s, "--ntasks=%zu", ranks);
    starter_addf(s, "--ntasks-per-node=%zu", allocation_node_ranks(a, ranks));
    if (a->task_cpus) starter_addf(s, "--cpus-per-task=%zu", a->task_cpus);
    starter_add(s, "--distribution=block");
}

static status add_mpirun(starter *s, const allocation *a, size_t ranks)
{
    static const char *const VARIABLES[] = {"MAGISTER_BIND", "MAGISTER_TERMINAL", "OMP_NUM_THREADS", "OMP_WAIT_POLICY"};
    status st = OK;
    cpu_list cpus;
    TRY(cpus_usable(&cpus));
    starter_add(s, "mpirun");
    starter_add(s, "-n");
    starter_addf(s, "%zu", ranks);
    starter_add(s, "--bind-to"); /* ranks bind themselves, see base/cpus.h */
    starter_add(s, "none");
    starter_add(s, "--quiet");
    if (geteuid() == 0) starter_add(s, "--allow-run-as-root");
    if (a->inside) {
        starter_add(s, "--map-by");
        starter_addf(s, "ppr:%zu:node", allocation_node_ranks(a, ranks));
        for (size_t i = 0; i < sizeof VARIABLES / sizeof VARIABLES[0]; i++) {
            starter_add(s, "-x");
            starter_add(s, VARIABLES[i]);
        }
    }
    if (a->inside || ranks > cpus.whole) starter_add(s, "--oversubscribe"); /* how many fit a job, Slurm has decided */
done:
    return st;
}

status starter_begin(const allocation *a, size_t ranks, const char *name, starter *out)
{
    *out = (starter){.kind = START_RANK};
    if (a->inside && (ranks > 1 || a->nodes > 1) && srun_has_pmix()) out->kind = START_SRUN;
    else if (ranks > 1) out->kind = START_MPIRUN;
    if (out->kind == START_SRUN) add_srun(out, a, ranks, name);
    return out->kind == START_MPIRUN ? add_mpirun(out, a, ranks) : OK;
}
