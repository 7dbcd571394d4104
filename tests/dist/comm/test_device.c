/* Sums over the memory of GPUs. The case is the argument; the exit status carries the verdict.
 *
 * `sums` and `shared` run on real GPUs (77: there is none) and, like all others, over stand-ins for the driver and NCCL
 * (fake/), which also fail as the real ones seldom do. `none` runs where there is no GPU. Inputs are exactly
 * representable, so results are compared with ==.
 */
#include "comm/comm.h"

#include <cuda.h>
#include <dlfcn.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "rank %d, line %d: %s does not hold; message: %s\n", rank, __LINE__, #condition,           \
                    fail_message());                                                                                   \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

enum { COUNT = 70001, SKIPPED = 77 };
#define TIMEOUT 12.0 /* which a busy machine does not need for the sums that go well */

static int rank, size;

/* ---- a GPU ------------------------------------------------------------------------------------------------------- */

static void *symbol(const char *library, int flags, const char *name)
{
    void *opened = dlopen(library, RTLD_NOW | flags);
    return opened ? dlsym(opened, name) : NULL;
}

#define DRIVER(name, type)                                                                                             \
    CUresult(*name) type = NULL;                                                                                       \
    do {                                                                                                               \
        void *found = symbol("libcuda.so.1", 0, #name);                                                                \
        memcpy(&name, &found, sizeof found);                                                                           \
    } while (0)

/* Makes a GPU the thread's: that of the rank's number where there are as many, or the first. Their number. */
static int use_gpu(int wanted)
{
    int count = 0;
    CUdevice device;
    CUcontext context;
    DRIVER(cuInit, (unsigned));
    DRIVER(cuDeviceGetCount, (int *));
    DRIVER(cuDeviceGet, (CUdevice *, int));
    DRIVER(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice));
    DRIVER(cuCtxSetCurrent, (CUcontext));
    if (!cuInit || cuInit(0) || cuDeviceGetCount(&count) || !count) return 0;
    if (cuDeviceGet(&device, wanted < count ? wanted : 0) || cuDevicePrimaryCtxRetain(&context, device) ||
        cuCtxSetCurrent(context))
        return 0;
    return count;
}

static float *gpu_alloc(size_t count)
{
    CUdeviceptr at = 0;
    DRIVER(cuMemAlloc_v2, (CUdeviceptr *, size_t));
    return cuMemAlloc_v2(&at, count * sizeof(float)) ? NULL : (float *)at;
}

static int gpu_write(float *to, const float *from, size_t count)
{
    DRIVER(cuMemcpyHtoD_v2, (CUdeviceptr, const void *, size_t));
    return cuMemcpyHtoD_v2((CUdeviceptr)to, from, count * sizeof *from) == CUDA_SUCCESS;
}

static int gpu_read(float *to, const float *from, size_t count)
{
    DRIVER(cuMemcpyDtoH_v2, (void *, CUdeviceptr, size_t));
    return cuMemcpyDtoH_v2(to, (CUdeviceptr)from, count * sizeof *to) == CUDA_SUCCESS;
}

/* ---- cases ------------------------------------------------------------------------------------------------------- */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int told(const char *words)
{
    return strstr(fail_message(), words) != NULL;
}

/* How often the stand-in for NCCL was aborted or ended in order; -1: it is not here. */
static int counted(const char *name)
{
    int (*of)(void) = NULL;
    void *found = symbol("libnccl.so.2", RTLD_NOLOAD, name);
    memcpy(&of, &found, sizeof found);
    return of ? of() : -1;
}

static int sum_is_right(comm *c, float *values, size_t count)
{
    static float host[COUNT];
    float times = (float)(size * (size + 1) / 2);
    for (size_t i = 0; i < count; i++) host[i] = (float)(i % 1000) * (float)(rank + 1);
    EXPECT(gpu_write(values, host, count));
    EXPECT(comm_sum_device(c, values, count) == OK);
    memset(host, 0, sizeof host);
    EXPECT(gpu_read(host, values, count));
    for (size_t i = 0; i < count; i++) EXPECT(host[i] == (float)(i % 1000) * times);
    return 0;
}

static int sums(comm *c)
{
    float *values = gpu_alloc(COUNT);
    EXPECT(values);
    EXPECT(!strncmp(comm_device_library(), "NCCL 2.", 7));
    EXPECT(comm_device_start(c) == OK);
    EXPECT(comm_device_start(c) == OK); /* once more: nothing to do */
    for (int round = 0; round < 5; round++) {
        if (sum_is_right(c, values, COUNT)) return 1;
        if (sum_is_right(c, values, 1)) return 1;
        EXPECT(comm_sum_device(c, values, 0) == OK);
        double count = 1;
        EXPECT(comm_sum_f64(c, &count, 1) == OK && count == size); /* other collectives in between */
    }
    return 0;
}

/* All go on after this one. */
static int refused(comm *c, const char *words)
{
    float value = 1;
    EXPECT(comm_device_start(c) == ERR_CONFIG);
    EXPECT(told(words));
    fail_clear();
    EXPECT(comm_sum_f32(c, &value, 1, false) == OK && value == (float)size);
    return 0;
}

static int none(comm *c)
{
    return refused(c, "GPU");
}

static int shared(comm *c)
{
    return refused(c, "ranks 0 and 1 (");
}

static int unused(comm *c)
{
    return refused(c, "no GPU is in use");
}

static int misused(comm *c)
{
    float *values = gpu_alloc(1);
    EXPECT(values && comm_sum_device(c, values, 1) == ERR_INTERNAL && told("comm_device_start"));
    return 0;
}

/* A first sum is right, the second fails for all; then the communicator is broken and NCCL's is gone. */
static int second_sum_fails(comm *c, const char *words, double least, double most)
{
    float *values = gpu_alloc(COUNT);
    EXPECT(values);
    EXPECT(comm_device_start(c) == OK);
    if (sum_is_right(c, values, COUNT)) return 1;
    double begun = now();
    EXPECT(comm_sum_device(c, values, COUNT) == ERR_RANK);
    EXPECT(told(words));
    EXPECT(now() - begun >= least && now() - begun < most);
    EXPECT(counted("fake_aborts") == 1);
    EXPECT(comm_barrier(c) == ERR_RANK && told(words));
    return 0;
}

static int stuck(comm *c)
{
    return second_sum_fails(c, "waited 12 s at the sum of gradients on GPUs", 0, TIMEOUT + 20);
}

static int broken(comm *c)
{
    return second_sum_fails(c, "rank 1 (", 0, TIMEOUT / 2);
}

static int mute(comm *c)
{
    float *values = gpu_alloc(1);
    status st = comm_device_start(c);
    if (st == OK) st = comm_sum_device(c, values, 1); /* where the start went well, the next meeting tells */
    EXPECT(st == ERR_RANK && told("rank 1 ("));
    EXPECT(counted("fake_aborts") == 1);
    return 0;
}

typedef struct {
    const char *name;
    int (*run)(comm *c);
    int gpus; /* needed: 0, 1 for all ranks together, or EACH rank its own */
} test_case;

enum { EACH = 2 };

static int run_case(const test_case *t)
{
    const char *ranks = getenv("OMPI_COMM_WORLD_SIZE"), *local = getenv("OMPI_COMM_WORLD_LOCAL_RANK");
    int promised = ranks ? atoi(ranks) : 1, needed = t->gpus == EACH ? promised : t->gpus, begun = 0, ended = 0;
    int there = t->gpus ? use_gpu(t->gpus == EACH && local ? atoi(local) : 0) : 0;
    comm *c = NULL;
    if (there < needed) {
        fprintf(stderr, "skipped: there are %d GPUs and %d are needed\n", there, needed);
        return SKIPPED;
    }
    if (comm_open(promised, TIMEOUT, &c) != OK) {
        fprintf(stderr, "%s\n", fail_message());
        return 1;
    }
    rank = comm_rank(c);
    size = comm_size(c);
    int verdict = t->run(c);
    comm_close(&c);
    /* A broken communicator leaves MPI open; all ranks are alive and can end it in order. */
    MPI_Initialized(&begun);
    MPI_Finalized(&ended);
    if (begun && !ended) MPI_Finalize();
    if (!verdict && t->run == sums && counted("fake_ends") == 0) {
        fprintf(stderr, "rank %d: NCCL's communicator was left open\n", rank);
        return 1;
    }
    return verdict;
}

int main(int count, char **arguments)
{
    static const test_case cases[] = {{"sums", sums, EACH},       {"shared", shared, 1},  {"unused", unused, EACH},
                                      {"misused", misused, EACH}, {"stuck", stuck, EACH}, {"broken", broken, EACH},
                                      {"mute", mute, EACH},       {"none", none, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (count == 2 && !strcmp(arguments[1], cases[i].name)) return run_case(&cases[i]);
    return 2;
}
