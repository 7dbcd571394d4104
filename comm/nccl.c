/* Sums over the memory of GPUs by NCCL, one GPU a rank.
 *
 * The communicator is non-blocking: calls return at once, and this file asks for their outcome until it is there, an
 * error of NCCL has come up, another rank of this node has left, or the time-out is over. Only then is the
 * communicator aborted, which also frees the GPU of a kernel that waits for a rank that will not come.
 *
 * Sums go to the legacy default stream, libtorch's own: they start when the backward before them is done, and the
 * optimiser behind them starts when they are.
 */
#include "comm/backend.h"
#include "comm/device.h"
#include "comm/patience.h"

#include <cuda.h>
#include <dlfcn.h>
#include <nccl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION_LEAST = NCCL_VERSION(2, 14, 0) }; /* the first with communicators that do not block */

#define ABORT_PATIENCE 10.0 /* seconds for NCCL to clear up */

struct device_sums {
    void *driver, *library; /* dlopen */
    CUresult (*current_device)(CUdevice *device);
    CUresult (*device_uuid)(CUuuid *uuid, CUdevice device);
    CUresult (*stream_query)(CUstream stream);
    ncclResult_t (*version)(int *version);
    ncclResult_t (*unique_id)(ncclUniqueId *id);
    ncclResult_t (*init)(ncclComm_t *comm, int ranks, ncclUniqueId id, int rank, ncclConfig_t *config);
    ncclResult_t (*async_error)(ncclComm_t comm, ncclResult_t *error);
    ncclResult_t (*all_reduce)(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                               ncclComm_t comm, cudaStream_t stream);
    ncclResult_t (*finalize)(ncclComm_t comm);
    ncclResult_t (*destroy)(ncclComm_t comm);
    ncclResult_t (*abort)(ncclComm_t comm);
    const char *(*error_string)(ncclResult_t result);
    const char *(*last_error)(ncclComm_t comm);
    ncclComm_t nccl;
};

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) "NCCL " TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *comm_device_library(void)
{
    return VERSION_TEXT(NCCL_MAJOR, NCCL_MINOR, NCCL_PATCH);
}

/* ---- the libraries ----------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    void *to; /* a pointer to a function */
} symbol;

static status find_symbols(void *library, const char *path, const symbol *symbols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(library, symbols[i].name);
        if (!found) return FAIL(ERR_CONFIG, "%s has no %s: it is too old", path, symbols[i].name);
        memcpy(symbols[i].to, &found, sizeof found); /* C has no cast from an object's pointer to a function's */
    }
    return OK;
}

static status open_driver(device_sums *d)
{
    const symbol symbols[] = {{"cuCtxGetDevice", &d->current_device},
                              {"cuDeviceGetUuid_v2", &d->device_uuid},
                              {"cuStreamQuery", &d->stream_query}};
    d->driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!d->driver) return FAIL(ERR_CONFIG, "there is no GPU's driver: %s", dlerror());
    return find_symbols(d->driver, "the driver (libcuda.so.1)", symbols, sizeof symbols / sizeof *symbols);
}

static status open_nccl(device_sums *d)
{
    status st = OK;
    int version = 0;
    const symbol symbols[] = {
        {"ncclGetVersion", &d->version},          {"ncclGetUniqueId", &d->unique_id},
        {"ncclCommInitRankConfig", &d->init},     {"ncclCommGetAsyncError", &d->async_error},
        {"ncclAllReduce", &d->all_reduce},        {"ncclCommFinalize", &d->finalize},
        {"ncclCommDestroy", &d->destroy},         {"ncclCommAbort", &d->abort},
        {"ncclGetErrorString", &d->error_string}, {"ncclGetLastError", &d->last_error},
    };
    d->library = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!d->library) TRY(FAIL(ERR_CONFIG, "NCCL cannot be opened: %s", dlerror()));
    TRY(find_symbols(d->library, "NCCL (libnccl.so.2)", symbols, sizeof symbols / sizeof *symbols));
    if (d->version(&version) != ncclSuccess || version < VERSION_LEAST)
        TRY(FAIL(ERR_CONFIG, "NCCL (libnccl.so.2) has version code %d and %d is needed at least", version,
                 VERSION_LEAST));
done:
    return st;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static status nccl_failed(const comm *c, const device_sums *d, ncclResult_t result, const char *what)
{
    const char *more = d->last_error(d->nccl);
    return FAIL(ERR_RANK, "rank %d (%s): NCCL failed at %s: %s%s%s; NCCL_DEBUG=WARN tells more", c->rank, comm_host(c),
                what, d->error_string(result), more && more[0] ? ": " : "", more ? more : "");
}

/* Fails for an error of NCCL; otherwise *over tells whether the last call has been carried out. */
static status poll_call(const comm *c, const device_sums *d, const char *what, bool *over)
{
    ncclResult_t state = ncclSuccess, result = d->async_error(d->nccl, &state);
    if (result != ncclSuccess) return nccl_failed(c, d, result, what);
    if (state != ncclSuccess && state != ncclInProgress) return nccl_failed(c, d, state, what);
    *over = state == ncclSuccess;
    return OK;
}

static status poll_stream(const comm *c, const device_sums *d, const char *what, bool *over)
{
    CUresult result = d->stream_query(NULL);
    if (result != CUDA_SUCCESS && result != CUDA_ERROR_NOT_READY)
        return FAIL(ERR_RANK, "rank %d (%s): the GPU failed at %s, with the driver's code %d", c->rank, comm_host(c),
                    what, (int)result);
    *over = result == CUDA_SUCCESS;
    return OK;
}

typedef enum { THE_CALL, THE_STREAM } awaited;

static status wait_for(comm *c, const device_sums *d, awaited for_what, const char *what)
{
    status st = OK;
    patience p = patience_start(c->timeout);
    for (;;) {
        bool over = false;
        TRY(poll_call(c, d, what, &over));
        if (over && for_what == THE_STREAM) TRY(poll_stream(c, d, what, &over));
        if (over) break;
        TRY(c->backend->listen(c));
        if (!patience_wait(&p))
            TRY(FAIL(ERR_RANK,
                     "rank %d (%s) waited %g s at %s: some rank's GPU or the network between them does not answer; see "
                     "the logs of the others (launch.timeout sets the limit)",
                     c->rank, comm_host(c), c->timeout, what));
    }
done:
    return st;
}

/* The outcome of a call that returned `result`, and then of what it has put on the stream. */
static status carry_out(comm *c, const device_sums *d, ncclResult_t result, awaited for_what, const char *what)
{
    if (result != ncclSuccess && result != ncclInProgress) return nccl_failed(c, d, result, what);
    return wait_for(c, d, for_what, what);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static status own_uuid(const device_sums *d, CUuuid *uuid)
{
    CUdevice device;
    if (d->current_device(&device) != CUDA_SUCCESS || d->device_uuid(uuid, device) != CUDA_SUCCESS)
        return FAIL(ERR_CONFIG, "no GPU is in use");
    return OK;
}

static status compare_uuids(const comm *c, const CUuuid *uuids)
{
    for (int r = 1; r < c->size; r++)
        for (int q = 0; q < r; q++)
            if (!memcmp(&uuids[q], &uuids[r], sizeof *uuids))
                return FAIL(ERR_CONFIG, "ranks %d and %d (%s) share one GPU, which NCCL does not allow", q, r,
                            c->hosts[r]);
    return OK;
}

/* Two ranks on one GPU may hang NCCL: nobody starts then. Collective. */
static status check_gpus(comm *c, const CUuuid *mine)
{
    status st = OK;
    void *uuids = NULL;
    TRY(comm_gather(c, mine, sizeof *mine, 0, &uuids, NULL));
    TRY(comm_agree(c, uuids ? compare_uuids(c, uuids) : OK));
done:
    free(uuids);
    return st;
}

/* The id of a new communicator, made by rank 0. Collective. */
static status share_id(comm *c, const device_sums *d, ncclUniqueId *id)
{
    status st = OK;
    ncclResult_t made = c->rank == 0 ? d->unique_id(id) : ncclSuccess;
    TRY(comm_agree(c, made == ncclSuccess ? OK
                                          : FAIL(ERR_CONFIG,
                                                 "NCCL makes no id: %s (%s); NCCL_SOCKET_IFNAME names "
                                                 "the network to use",
                                                 d->error_string(made), d->last_error(NULL))));
    TRY(comm_broadcast(c, id, sizeof *id, 0));
done:
    return st;
}

static status connect(comm *c, device_sums *d, const ncclUniqueId *id)
{
    status st = OK;
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    ncclResult_t result = d->init(&d->nccl, c->size, *id, c->rank, &config);
    if (!d->nccl) TRY(nccl_failed(c, d, result, "its start"));
    TRY(carry_out(c, d, result, THE_CALL, "the start of NCCL"));
done:
    return st;
}

static status open_libraries(device_sums *d, CUuuid *uuid)
{
    status st = OK;
    if (!d) TRY(FAIL(ERR_MEMORY, "no memory for the sums of GPUs"));
    TRY(open_driver(d));
    TRY(own_uuid(d, uuid));
    TRY(open_nccl(d));
done:
    return st;
}

status device_sums_start(comm *c, device_sums **out)
{
    status st = OK;
    CUuuid uuid = {0};
    ncclUniqueId id = {0};
    device_sums *d = calloc(1, sizeof *d);
    TRY(comm_agree(c, open_libraries(d, &uuid)));
    TRY(check_gpus(c, &uuid));
    TRY(share_id(c, d, &id));
    TRY(connect(c, d, &id));
    *out = d;
    d = NULL;
done:
    device_sums_end(&d, false);
    return st;
}

/* ---- summing and ending ------------------------------------------------------------------------------------------ */

status device_sums_run(comm *c, device_sums *d, float *values, size_t count)
{
    const char *what = "the sum of gradients on GPUs";
    if (!count) return OK;
    ncclResult_t result = d->all_reduce(values, values, count, ncclFloat32, ncclSum, d->nccl, NULL);
    return carry_out(c, d, result, THE_STREAM, what);
}

/* Asks until the call is carried out or has failed; not for long. */
static bool settled(const device_sums *d, ncclResult_t result)
{
    ncclResult_t state = result;
    patience p = patience_start(ABORT_PATIENCE);
    while (state == ncclInProgress && patience_wait(&p))
        if (d->async_error(d->nccl, &state) != ncclSuccess) return false;
    return state == ncclSuccess;
}

/* The libraries stay open: NCCL leaves threads and handlers at exit behind. */
void device_sums_end(device_sums **at, bool in_order)
{
    if (!at || !*at) return;
    device_sums *d = *at;
    if (d->nccl && in_order && settled(d, d->finalize(d->nccl))) d->destroy(d->nccl);
    else if (d->nccl) d->abort(d->nccl);
    free(d);
    *at = NULL;
}
