/* Sums over the ranks: inside a node each rank adds a share of the elements, over memory all of them see. */
#include "comm/mpi.h"
#include "comm/sums.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARE_UNIT = 1024,           /* elements: shares start on cache lines of their own */
    EXCHANGE_MOST = 1024 * 1024, /* elements that a leader sends at once */
};

/* ---- over nodes -------------------------------------------------------------------------------------------------- */

/* Leaders cut a round into one slice a node. Each gets its slice from all nodes, adds, and gives the sum to all, so
 * that the elements pass a node's network twice however many nodes there are. What a node sends of a slice are its
 * units: one sum a node, or with `tree` the values of every rank, since a tree over ranks need not be made of trees
 * over nodes.
 */
typedef struct {
    int *units;                  /* (nodes) units of each node */
    int *slices, *starts;        /* (nodes) elements of the slices of this round, and where they begin */
    int *sent, *sent_at;         /* (nodes) elements for each node, and where they begin */
    int *received, *received_at; /* (nodes) elements of own slice from each node, and where they begin */
    int *seen;                   /* (nodes) scratch */
    const float **parts;         /* (size) own slice of all units, in the order they are added */
    size_t length;               /* elements of a round */
} exchange;

static void exchange_free(exchange *x)
{
    free(x->units);
    free(x->parts);
    *x = (exchange){0};
}

static status exchange_new(comm *c, bool tree, exchange *x)
{
    mpi_state *s = c->state;
    size_t nodes = (size_t)s->node_count, room = EXCHANGE_MOST + (size_t)c->size;
    int *tables = calloc(8 * nodes, sizeof *tables), most = 1;
    *x = (exchange){.units = tables, .parts = calloc((size_t)c->size, sizeof(float *))};
    if (!s->exchange) s->exchange = malloc(2 * room * sizeof *s->exchange);
    if (!tables || !x->parts || !s->exchange) return FAIL(ERR_MEMORY, "no memory for the exchange between nodes");
    int **const others[] = {&x->slices, &x->starts, &x->sent, &x->sent_at, &x->received, &x->received_at, &x->seen};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) *others[i] = tables + (i + 1) * nodes;
    for (int r = 0; r < c->size; r++)
        if (tree || !x->units[s->node_of[r]]) x->units[s->node_of[r]]++;
    for (size_t n = 0; n < nodes; n++) most = x->units[n] > most ? x->units[n] : most;
    x->length = EXCHANGE_MOST / (size_t)most;
    return OK;
}

static void place_slices(const mpi_state *s, exchange *x, int own, size_t length)
{
    size_t nodes = (size_t)s->node_count;
    for (size_t n = 0; n < nodes; n++) {
        x->starts[n] = (int)(length * n / nodes);
        x->slices[n] = (int)(length * (n + 1) / nodes) - x->starts[n];
        x->sent[n] = x->units[own] * x->slices[n];
        x->sent_at[n] = x->units[own] * x->starts[n];
    }
    for (size_t n = 0; n < nodes; n++) {
        x->received[n] = x->units[n] * x->slices[own];
        x->received_at[n] = n ? x->received_at[n - 1] + x->received[n - 1] : 0;
    }
}

/* This node's units, slice by slice. */
static const float *pack_units(const mpi_state *s, const exchange *x, int own, float *const *parts, size_t at,
                               float *packed)
{
    if (x->units[own] == 1) return parts[0] + at;
    for (int n = 0; n < s->node_count; n++)
        for (int u = 0; u < x->units[own]; u++)
            memcpy(packed + x->sent_at[n] + u * x->slices[n], parts[u] + at + x->starts[n],
                   (size_t)x->slices[n] * sizeof *packed);
    return packed;
}

static size_t order_units(const comm *c, exchange *x, const float *received, int slice, bool tree)
{
    const mpi_state *s = c->state;
    size_t count = 0;
    memset(x->seen, 0, (size_t)s->node_count * sizeof *x->seen);
    for (int r = 0; r < c->size; r++) {
        int node = s->node_of[r], before = x->seen[node]++;
        if (tree || before == 0) x->parts[count++] = received + x->received_at[node] + before * slice;
    }
    return count;
}

/* The sum of `length` elements from `at` on over all nodes, to parts[0]. */
static status exchange_round(comm *c, exchange *x, float *const *parts, size_t at, size_t length, bool tree)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Request request;
    int own = s->node_of[c->rank];
    float *received = s->exchange, *packed = received + EXCHANGE_MOST + c->size, *sum = parts[0] + at;
    place_slices(s, x, own, length);
    TRY(mpi_check(MPI_Ialltoallv(pack_units(s, x, own, parts, at, packed), x->sent, x->sent_at, MPI_FLOAT, received,
                                 x->received, x->received_at, MPI_FLOAT, s->leaders, &request),
                  "the sum over nodes"));
    TRY(mpi_wait(c, &request, "the sum over nodes"));
    size_t units = order_units(c, x, received, x->slices[own], tree);
    sum_parts(x->parts, units, &(float *){sum + x->starts[own]}, 1, 0, (size_t)x->slices[own], tree);
    TRY(mpi_check(
        MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, sum, x->slices, x->starts, MPI_FLOAT, s->leaders, &request),
        "the sum over nodes"));
    TRY(mpi_wait(c, &request, "the sum over nodes"));
done:
    return st;
}

static status sum_over_nodes(comm *c, float *const *parts, size_t count, bool tree)
{
    status st = OK;
    exchange x = {0};
    TRY(exchange_new(c, tree, &x));
    for (size_t at = 0; at < count; at += x.length)
        TRY(exchange_round(c, &x, parts, at, count - at < x.length ? count - at : x.length, tree));
done:
    if (st == OK) exchange_free(&x); /* otherwise MPI may still use it */
    return st;
}

/* ---- inside a node ----------------------------------------------------------------------------------------------- */

void node_share(const mpi_state *s, size_t count, size_t unit, size_t *first, size_t *length)
{
    size_t units = (count + unit - 1) / unit, size = (size_t)s->local_size, mine = (size_t)s->local_rank;
    size_t start = units * mine / size * unit, end = units * (mine + 1) / size * unit;
    *first = start < count ? start : count;
    *length = (end < count ? end : count) - *first;
}

/* `parts` (local_size) are in place and seen by all ranks of the node; all get the sum over all ranks. Over nodes it is
 * made in the leader's part, of which the others take copies: reading is all they do to it. */
static status sum_in_place(comm *c, float *const *parts, size_t count, bool tree)
{
    status st = OK;
    mpi_state *s = c->state;
    size_t first, length, local = (size_t)s->local_size, outs = s->node_count == 1 ? local : 1;
    const char *what = "the sum of gradients";
    if (s->node_count == 1 || !tree) {
        node_share(s, count, SHARE_UNIT, &first, &length);
        sum_parts((const float *const *)parts, local, parts, outs, first, length, tree);
        TRY(node_sync(c, what));
    }
    if (s->node_count == 1) goto done;
    if (s->local_rank == 0) TRY(sum_over_nodes(c, parts, count, tree));
    TRY(node_sync(c, what));
    if (s->local_rank != 0 && count) memcpy(parts[s->local_rank], parts[0], count * sizeof *parts[0]);
    TRY(node_sync(c, what));
done:
    return st;
}

/* Pieces are as long where a rank is alone on its node and needs no stage: leaders of all nodes exchange the same. */
status mpi_sum_f32(comm *c, float *values, size_t count, bool tree)
{
    status st = OK;
    mpi_state *s = c->state;
    for (size_t at = 0; at < count; at += s->stage->count) {
        size_t length = count - at < s->stage->count ? count - at : s->stage->count;
        float *piece = values + at;
        if (s->local_size == 1) {
            TRY(sum_in_place(c, &piece, length, tree));
            continue;
        }
        memcpy(s->stage->mine, piece, length * sizeof *piece);
        TRY(node_sync(c, "a sum of float32"));
        TRY(sum_in_place(c, s->stage->parts, length, tree));
        memcpy(piece, s->stage->mine, length * sizeof *piece);
    }
done:
    return st;
}

status mpi_sum_shared(comm *c, float *values, size_t count, bool tree)
{
    mpi_state *s = c->state;
    window *w = s->windows;
    while (w && w->mine != values) w = w->next;
    if (!w || count > w->count)
        return FAIL(ERR_INTERNAL, "these %zu values are not the start of memory of comm_shared_alloc", count);
    if (w->handle == MPI_WIN_NULL) return mpi_sum_f32(c, values, count, tree);
    return sum_in_place(c, w->parts, count, tree);
}
