/* allocation - the Slurm job that this program runs in, if any, and the ranks it has room for.
 *
 * What is asked of a job stands under launch.slurm; what it got, Slurm says in the environment. Ranks are as many as
 * the job has tasks, unless --ranks asks for fewer: so a job that was given another shape than the recipe's is told,
 * and no world is smaller than thought.
 */
#ifndef MAGISTER_LAUNCHER_ALLOCATION_H
#define MAGISTER_LAUNCHER_ALLOCATION_H

#include "base/status.h"
#include "conf/recipe.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    bool inside;       /* of a Slurm job; all else is empty when not */
    bool batch;        /* sbatch started it: nobody sits before it, and it can be put back into the queue */
    char job[64];      /* as Slurm's commands take it: "123", of an array "123_4" */
    size_t nodes;      /* >= 1 */
    size_t tasks;      /* 0: the job does not say */
    size_t node_tasks; /* of each node; 0: the job does not say */
    size_t task_cpus;  /* 0: the job does not say */
} allocation;

/* Errors: ERR_USAGE when srun started this program as one of several tasks, ERR_INPUT for variables that make no sense.
 */
status allocation_read(allocation *out);

/* How many ranks a run of `r` has in it besides those of launch.overlap, into `*ranks`. `asked`: those of --ranks, 0
 * without. Errors: ERR_CONFIG when
 * the job is not what launch.slurm says, or is too small for `asked`. */
status allocation_ranks(const allocation *a, const recipe *r, size_t asked, size_t *ranks);

/* Ranks on each node, of `ranks` in all. */
size_t allocation_node_ranks(const allocation *a, size_t ranks);

/* What launch.slurm asks for: nodes, and ranks on each. */
size_t slurm_nodes_asked(const recipe *r);
size_t slurm_ranks_asked(const recipe *r);

#endif
