/* The network on trial: first ranks of all nodes exchange messages, each with each. What fails names the pair. */
#include "base/clock.h"
#include "comm/mpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_PROBE = 2, SMALL_BYTES = 8, SMALL_ROUNDS = 8, ALL_PAIRS_MOST = 64 };

int mpi_node_of(const comm *c, int rank)
{
    return ((const mpi_state *)c->state)->node_of[rank];
}

static int first_rank(const comm *c, int node)
{
    int rank = 0;
    while (mpi_node_of(c, rank) != node) rank++;
    return rank;
}

/* Sends `count` bytes to one rank and receives as many from another. Sending may wait until they are received. */
static status exchange(comm *c, int to, int from, const char *sent, char *got, int count)
{
    status st = OK;
    MPI_Request sending, receiving;
    const mpi_state *s = c->state;
    char what[160];
    snprintf(what, sizeof what, "a message from rank %d (%s)", from, c->hosts[from]);
    TRY(mpi_check(MPI_Irecv(got, count, MPI_BYTE, from, TAG_PROBE, s->all, &receiving), what));
    TRY(mpi_check(MPI_Isend(sent, count, MPI_BYTE, to, TAG_PROBE, s->all, &sending), what));
    TRY(mpi_wait(c, &receiving, what));
    snprintf(what, sizeof what, "a message to rank %d (%s)", to, c->hosts[to]);
    TRY(mpi_wait(c, &sending, what));
    if (memcmp(sent, got, (size_t)count))
        TRY(FAIL(ERR_RANK, "rank %d (%s) got another message from rank %d (%s) than it sent", c->rank,
                 c->hosts[c->rank], from, c->hosts[from]));
done:
    return st;
}

/* The first message opens the connection and is not timed. */
static status try_neighbours(comm *c, int to, int from, const char *sent, char *got, int bytes, comm_link *out)
{
    status st = OK;
    TRY(exchange(c, to, from, sent, got, SMALL_BYTES));
    double begun = monotonic_seconds();
    for (int i = 0; i < SMALL_ROUNDS; i++) TRY(exchange(c, to, from, sent, got, SMALL_BYTES));
    double small = (monotonic_seconds() - begun) / SMALL_ROUNDS;
    begun = monotonic_seconds();
    TRY(exchange(c, to, from, sent, got, bytes));
    double rate = bytes / (monotonic_seconds() - begun + 1e-9);
    if (small > out->latency) {
        out->latency = small;
        out->latency_rank = from;
    }
    if (out->bandwidth <= 0 || rate < out->bandwidth) {
        out->bandwidth = rate;
        out->bandwidth_rank = from;
    }
done:
    return st;
}

/* Node i sends to node i + offset, for every offset, so that all pairs have met in both directions. */
status mpi_probe(comm *c, size_t size, comm_link *out)
{
    status st = OK;
    mpi_state *s = c->state;
    int nodes = s->node_count, mine = s->node_of[c->rank], bytes = size > 1 << 28 ? 1 << 28 : (int)size;
    char *sent = NULL, *got = NULL;
    if (s->local_rank || nodes == 1) goto done;
    if (bytes < SMALL_BYTES) bytes = SMALL_BYTES;
    sent = malloc((size_t)bytes);
    got = malloc((size_t)bytes);
    if (!sent || !got) TRY(FAIL(ERR_MEMORY, "no memory for messages of %d bytes", bytes));
    for (int i = 0; i < bytes; i++) sent[i] = (char)(i * 31);
    for (int offset = 1; offset<nodes; offset += nodes> ALL_PAIRS_MOST ? offset : 1) {
        int to = first_rank(c, (mine + offset) % nodes), from = first_rank(c, (mine + nodes - offset) % nodes);
        TRY(try_neighbours(c, to, from, sent, got, bytes, out));
    }
done:
    if (st == OK) { /* otherwise MPI may still use them */
        free(sent);
        free(got);
    }
    return st;
}

const char *comm_library(void)
{
    static char name[64];
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(text, &length);
    const char *version = strstr(text, "Open MPI v");
    if (version) snprintf(name, sizeof name, "Open MPI %.*s", (int)strcspn(version + 10, ", "), version + 10);
    else snprintf(name, sizeof name, "%.*s", (int)strcspn(text, ",\n"), text);
    return name;
}
