#include "rank/gpus.h"

#include "rank/doctor.h"

#include <string.h>

int gpu_for_rank(int local_rank, int count, bool shared)
{
    if (count == 1) return 0;
    return shared && count > 0 ? local_rank % count : local_rank;
}

static status compare(char **uuids, char **hosts, int size, bool shared)
{
    for (int r = 1; r < size; r++) {
        if (!uuids[r][0] != !uuids[0][0])
            return FAIL(ERR_CONFIG,
                        "rank 0 (%s) uses %s and rank %d (%s) %s: give every rank a GPU (Slurm: --gpus-per-node), or "
                        "set device: cpu",
                        hosts[0], uuids[0][0] ? "a GPU" : "the CPU", r, hosts[r], uuids[r][0] ? "a GPU" : "the CPU");
        for (int q = 0; q < r && uuids[r][0] && !shared; q++)
            if (!strcmp(uuids[q], uuids[r]))
                return FAIL(ERR_CONFIG,
                            "ranks %d and %d (%s) have the same GPU: take as many ranks a node as it has GPUs, or set "
                            "launch.gpus: shared",
                            q, r, hosts[r]);
    }
    return OK;
}

status gpus_check(comm *c, const char *uuid, bool shared)
{
    status st = OK;
    char **uuids = NULL, **hosts = NULL;
    if (comm_size(c) == 1) return OK;
    TRY(answers_gather(c, uuid, &uuids));
    TRY(answers_gather(c, comm_host(c), &hosts));
    TRY(comm_agree(c, uuids ? compare(uuids, hosts, comm_size(c), shared) : OK));
done:
    answers_free(&uuids, comm_size(c));
    answers_free(&hosts, comm_size(c));
    return st;
}
