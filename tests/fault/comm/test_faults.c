/* Ranks that do not come, fail elsewhere or take another way: the others end with an error that names them. The case is
 * the argument; the exit status carries the verdict. */
#include "comm/comm.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "rank %d, line %d: %s does not hold; message: %s\n", rank, __LINE__, #condition,           \
                    fail_message());                                                                                   \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

/* Seconds: long enough for a rank that a busy machine runs late, but where the time-out itself is what is waited for.
 */
enum { LONG_TIMEOUT = 30, SHORT_TIMEOUT = 4 };

static int rank;

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

/* Rank 1 sleeps through a collective: after the time-out the others name it, and so does it itself when it comes. */
static int missing(comm *c)
{
    double value = 1, start = now();
    const char *nodes = getenv("MAGISTER_TEST_NODES");
    if (rank == 1) sleep(2 * SHORT_TIMEOUT + 1);
    status st = comm_sum_f64(c, &value, 1);
    EXPECT(st == ERR_RANK);
    if (rank == 2 && nodes && nodes[0]) EXPECT(told("cannot see the ranks of"));
    else EXPECT(told("rank 1 (") && told("did not come"));
    EXPECT(now() - start < 2 * SHORT_TIMEOUT + 20);
    char first[4096];
    snprintf(first, sizeof first, "%s", fail_message());
    fail_clear();
    start = now();
    EXPECT(comm_barrier(c) == ERR_RANK); /* every further collective fails at once with the same cause */
    EXPECT(now() - start < 0.9 * SHORT_TIMEOUT);
    EXPECT(!strcmp(first, fail_message()));
    return 0;
}

/* Rank 2 fails where the others sum gradients: they hear of it without waiting for the time-out. */
static int failing(comm *c)
{
    float values[4] = {0};
    double start = now();
    status st =
        rank == 2 ? comm_agree(c, FAIL(ERR_MISSING, "labels.csv: not there")) : comm_sum_f32(c, values, 4, false);
    EXPECT(st == ERR_MISSING);
    EXPECT(told("rank 2 (") && told("labels.csv: not there"));
    EXPECT(now() - start < 0.9 * LONG_TIMEOUT);
    return 0;
}

static int ways(comm *c)
{
    double values[2] = {0};
    status st = rank == 1 ? comm_barrier(c) : comm_sum_f64(c, values, 2);
    EXPECT(st == ERR_INTERNAL);
    EXPECT(told("different ways") && told("rank 1 (") && told("a barrier"));
    return 0;
}

/* Rank 1 closes while rank 0 goes on. */
static int leaving(comm *c)
{
    double value = 1;
    if (rank == 1) return 0;
    EXPECT(comm_sum_f64(c, &value, 1) == ERR_INTERNAL);
    EXPECT(told("the end"));
    return 0;
}

/* Rank 1 is silent: a rank that waits for its mail ends after the time-out, and each letter begins it anew. */
static int silent(comm *c)
{
    comm *part = NULL;
    void *bytes = NULL;
    size_t length;
    int from;
    double start = now();
    EXPECT(comm_split(c, rank, &part) == OK);
    for (int i = 0; rank == 1 && i < 3; i++) {
        sleep(SHORT_TIMEOUT / 2);
        EXPECT(comm_post(c, 0, 1, "life", 4) == OK);
    }
    for (int i = 0; rank == 0 && i < 3; i++) {
        EXPECT(comm_await(c, "news of rank 1", false, &bytes, &length, &from) == OK);
        EXPECT(length == 4 && !memcmp(bytes, "life", 4) && from == 1);
        free(bytes);
    }
    if (rank == 0) {
        EXPECT(comm_await(c, "news of rank 1", false, &bytes, &length, &from) == ERR_RANK);
        EXPECT(told("rank 0 (") && told("waited 4 s for news of rank 1"));
        EXPECT(now() - start > 2.5 * SHORT_TIMEOUT - 0.2 && now() - start < 2.5 * SHORT_TIMEOUT + 20);
    } else {
        sleep(2 * SHORT_TIMEOUT);
    }
    comm_close(&part);
    return 0;
}

static int promise(void)
{
    comm *c = NULL;
    EXPECT(comm_open(3, 5, &c) == ERR_RANK);
    EXPECT(c == NULL && told("3 ranks were promised") && told("the world has 2"));
    return 0;
}

static int run_case(const char *name, comm *c)
{
    if (!strcmp(name, "missing")) return missing(c);
    if (!strcmp(name, "failing")) return failing(c);
    if (!strcmp(name, "ways")) return ways(c);
    if (!strcmp(name, "silent")) return silent(c);
    return leaving(c);
}

int main(int count, char **arguments)
{
    comm *c = NULL;
    int ended = 0;
    if (count != 2) return 64;
    if (!strcmp(arguments[1], "promise")) return promise();
    bool waits = !strcmp(arguments[1], "missing") || !strcmp(arguments[1], "silent");
    if (comm_open(0, waits ? SHORT_TIMEOUT : LONG_TIMEOUT, &c) != OK) {
        fprintf(stderr, "%s\n", fail_message());
        return 1;
    }
    rank = comm_rank(c);
    int verdict = run_case(arguments[1], c);
    comm_close(&c);
    /* A broken communicator leaves MPI open; all ranks of these cases are alive and can end it in order. */
    MPI_Finalized(&ended);
    if (!ended) MPI_Finalize();
    return verdict;
}
