/* bench_allreduce [TURNS [MEBIBYTES]] - under mpirun: a gradient bucket summed by comm_sum_shared, and the same memory
 * by plain MPI_Allreduce, in turns.
 *
 * Both get the same numbers, freshly written before every turn, and must give the same sums: numbers are whole and
 * small, so the order of adding does not matter. A barrier before each turn keeps waiting for a late rank out of it; a
 * turn lasts until its slowest rank is done. Rank 0 prints both medians and their ratio, and what a meeting of the
 * ranks costs (comm_barrier) beside MPI_Barrier.
 */
#include "base/log.h"
#include "comm/comm.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_TURNS = 2, MEETINGS = 2000 };
typedef enum { SHARED, PLAIN, SIDES } side;

typedef struct {
    comm *c;
    float *values; /* (count) shared with the node's ranks */
    size_t count;
    int turns;
    double *seconds[SIDES]; /* (turns) of the slowest rank */
} bench;

static void fill(const bench *b)
{
    for (size_t i = 0; i < b->count; i++) b->values[i] = (float)(i % 1000) * (float)(comm_rank(b->c) + 1);
}

static status check(const bench *b, side s)
{
    int size = comm_size(b->c);
    float times = (float)(size * (size + 1) / 2);
    for (size_t i = 0; i < b->count; i++)
        if (b->values[i] != (float)(i % 1000) * times)
            return FAIL(ERR_INTERNAL, "%s: element %zu is %g and should be %g",
                        s == SHARED ? "comm_sum_shared" : "MPI_Allreduce", i, (double)b->values[i],
                        (double)((float)(i % 1000) * times));
    return OK;
}

static status sum(const bench *b, side s)
{
    if (s == SHARED) return comm_sum_shared(b->c, b->values, b->count, false);
    int code = MPI_Allreduce(MPI_IN_PLACE, b->values, (int)b->count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    return code == MPI_SUCCESS ? OK : FAIL(ERR_RANK, "MPI_Allreduce failed with code %d", code);
}

static status turn(const bench *b, side s, double *seconds)
{
    status st = OK;
    fill(b);
    TRY(comm_barrier(b->c));
    double begun = MPI_Wtime();
    TRY(sum(b, s));
    *seconds = MPI_Wtime() - begun;
    MPI_Allreduce(MPI_IN_PLACE, seconds, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    TRY(comm_agree(b->c, check(b, s)));
done:
    return st;
}

/* Microseconds of one, mean of many. */
static status meeting(const bench *b, side s, double *microseconds)
{
    status st = OK;
    double begun = MPI_Wtime();
    for (int i = 0; i < MEETINGS; i++)
        if (s == PLAIN) MPI_Barrier(MPI_COMM_WORLD);
        else TRY(comm_barrier(b->c));
    *microseconds = 1e6 * (MPI_Wtime() - begun) / MEETINGS;
done:
    return st;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

static status run(bench *b)
{
    status st = OK;
    double warm, meetings[SIDES];
    for (int t = 0; t < WARM_TURNS; t++)
        for (side s = SHARED; s < SIDES; s++) TRY(turn(b, s, &warm));
    for (int t = 0; t < b->turns; t++)
        for (side s = SHARED; s < SIDES; s++) TRY(turn(b, s, &b->seconds[s][t]));
    for (side s = SHARED; s < SIDES; s++) TRY(meeting(b, s, &meetings[s]));
    if (comm_rank(b->c) != 0) goto done;
    double shared = 1e3 * median(b->seconds[SHARED], b->turns), plain = 1e3 * median(b->seconds[PLAIN], b->turns);
    double mebibytes = (double)b->count * sizeof(float) / (1 << 20);
    printf("%.0f MiB on %d ranks, medians of %d turns\n", mebibytes, comm_size(b->c), b->turns);
    printf("comm_sum_shared   %7.2f ms\nMPI_Allreduce     %7.2f ms   %.2f times as long\n", shared, plain,
           plain / shared);
    printf("comm_barrier      %7.2f us\nMPI_Barrier       %7.2f us\n", meetings[SHARED], meetings[PLAIN]);
done:
    return st;
}

int main(int count, char **arguments)
{
    status st = OK;
    bench b = {.turns = count > 1 ? atoi(arguments[1]) : 51};
    long mebibytes = count > 2 ? atol(arguments[2]) : 25;
    const char *ranks = getenv("OMPI_COMM_WORLD_SIZE");
    if (b.turns < 1 || mebibytes < 1 || mebibytes > 4096) return 64;
    log_threshold(LOG_WARN);
    TRY(comm_open(ranks ? atoi(ranks) : 2, 120, &b.c)); /* two promised: alone there would be no MPI to compare with */
    b.count = (size_t)mebibytes * ((1 << 20) / sizeof(float));
    TRY(comm_shared_alloc(b.c, b.count, &b.values));
    for (side s = SHARED; s < SIDES; s++) b.seconds[s] = calloc((size_t)b.turns, sizeof *b.seconds[s]);
    bool full = !b.seconds[SHARED] || !b.seconds[PLAIN];
    TRY(comm_agree(b.c, full ? FAIL(ERR_MEMORY, "no memory for %d turns", b.turns) : OK));
    TRY(run(&b));
done:
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    for (side s = SHARED; s < SIDES; s++) free(b.seconds[s]);
    comm_close(&b.c);
    return status_exit_code(st);
}
