/* A stand-in for libnccl.so.2: the calls that comm/nccl.c makes, over memory of the host, and the faults it must bear.
 *
 * As in NCCL nothing is over when a call returns: it is in progress for some polls, and a sum is there when all ranks
 * have brought their part (fake_stream_query). Ranks meet in a file of /dev/shm named after the unique id.
 * FAKE_NCCL="FAULT:RANK" makes that rank misbehave: `stuck` brings no part to the second sum, nor does `broken`, which
 * gets an error there, `mute` never starts.
 */
#include <fcntl.h>
#include <nccl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RANKS_MOST = 8, VALUES_MOST = 100000, POLLS = 3 };

typedef struct {
    atomic_int arrived[2], opened; /* parts brought to the sums of even and of odd number, ever */
    float parts[2][RANKS_MOST][VALUES_MOST];
} meeting;

struct ncclComm {
    meeting *shared;
    int rank, ranks, sums, polls;
    bool over;
    float *values;
    size_t count;
    char path[64];
};

static struct ncclComm *only; /* of this process */
static int aborts, ends;

/* For the test and the stand-in of the driver. */
int fake_aborts(void);
int fake_ends(void);
int fake_stream_query(void);

int fake_aborts(void)
{
    return aborts;
}

int fake_ends(void)
{
    return ends;
}

static bool faulty(const struct ncclComm *c, const char *fault)
{
    const char *wish = getenv("FAKE_NCCL");
    size_t length = strlen(fault);
    return wish && !strncmp(wish, fault, length) && wish[length] == ':' && atoi(wish + length + 1) == c->rank;
}

ncclResult_t ncclGetVersion(int *version)
{
    *version = NCCL_VERSION_CODE;
    return ncclSuccess;
}

ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
    memset(id, 0, sizeof *id);
    snprintf(id->internal, sizeof id->internal, "/magister-fake-nccl-%d", (int)getpid());
    return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t *out, int ranks, ncclUniqueId id, int rank, ncclConfig_t *config)
{
    struct ncclComm *c = calloc(1, sizeof *c);
    if (!c || ranks > RANKS_MOST || config->blocking != 0) return ncclInvalidArgument;
    snprintf(c->path, sizeof c->path, "%.60s", id.internal);
    int file = shm_open(c->path, O_CREAT | O_RDWR, 0600);
    if (file < 0 || ftruncate(file, sizeof(meeting))) return ncclSystemError;
    c->shared = mmap(NULL, sizeof(meeting), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (c->shared == MAP_FAILED) return ncclSystemError;
    c->rank = rank;
    c->ranks = ranks;
    c->polls = POLLS;
    c->over = true;
    if (atomic_fetch_add(&c->shared->opened, 1) + 1 == ranks) shm_unlink(c->path);
    *out = only = c;
    return ncclInProgress;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t c, ncclResult_t *state)
{
    *state = ncclSuccess;
    if (c->polls > 0) c->polls--;
    if (c->polls > 0 || faulty(c, "mute")) *state = ncclInProgress;
    else if (c->sums == 2 && faulty(c, "broken")) *state = ncclRemoteError;
    return ncclSuccess;
}

ncclResult_t ncclAllReduce(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t operation,
                           ncclComm_t c, cudaStream_t stream)
{
    if (from != to || count > VALUES_MOST || type != ncclFloat32 || operation != ncclSum || stream || !c->over)
        return ncclInvalidUsage;
    int turn = c->sums++ % 2;
    c->values = to;
    c->count = count;
    c->polls = POLLS;
    c->over = false;
    memcpy(c->shared->parts[turn][c->rank], from, count * sizeof(float));
    bool fails = faulty(c, "stuck") || faulty(c, "broken");
    if (c->sums != 2 || !fails) atomic_fetch_add(&c->shared->arrived[turn], 1);
    return ncclInProgress;
}

/* 0, or the driver's code for "not ready". */
int fake_stream_query(void)
{
    struct ncclComm *c = only;
    if (!c || c->over) return 0;
    int turn = (c->sums - 1) % 2, before = (c->sums - 1) / 2; /* sums of this turn that are over */
    if (atomic_load(&c->shared->arrived[turn]) < c->ranks * (before + 1)) return 600;
    for (size_t i = 0; i < c->count; i++) {
        float sum = 0;
        for (int r = 0; r < c->ranks; r++) sum += c->shared->parts[turn][r][i];
        c->values[i] = sum;
    }
    c->over = true;
    return 0;
}

static void release(ncclComm_t c)
{
    munmap(c->shared, sizeof *c->shared);
    free(c);
    only = NULL;
}

ncclResult_t ncclCommFinalize(ncclComm_t c)
{
    c->polls = POLLS;
    return ncclInProgress;
}

ncclResult_t ncclCommDestroy(ncclComm_t c)
{
    ends++;
    release(c);
    return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t c)
{
    aborts++;
    shm_unlink(c->path);
    release(c);
    return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t result)
{
    return result == ncclRemoteError ? "remote process exited or there was a network error" : "some error";
}

const char *ncclGetLastError(ncclComm_t c)
{
    (void)c;
    return "";
}
