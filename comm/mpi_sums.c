/* Sums over the ranks: inside a node each rank adds a share of the elements, over memory all of them see. */
#include "comm/mpi.h"
#include "comm/sums.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHARE_UNIT = 1024,              /* elements: shares start on cache lines of their own */
    EXCHANGE_MOST = 64 * 1024,      /* elements of each unit the leaders exchange at once */
    EXCHANGE_ALL = 4 * 1024 * 1024, /* elements of all units at once */
};

/* ---- over nodes -------------------------------------------------------------------------------------------------- */

/* What leaders exchange: one sum a node, or with `tree` the values of every rank, since a tree over ranks need not be
 * made of trees over nodes. */
typedef struct {
    int *unit_counts, *counts, *starts; /* (node_count) units; elements of this round and where they begin */
    const float **parts;                /* (units) in the order they are added */
    size_t units, length;               /* length: elements of a unit in one round */
} exchange;

static void exchange_free(exchange *x)
{
    free(x->unit_counts);
    free(x->counts);
    free(x->starts);
    free(x->parts);
    *x = (exchange){0};
}

static status exchange_new(comm *c, bool tree, exchange *x)
{
    mpi_state *s = c->state;
    size_t nodes = (size_t)s->node_count;
    *x = (exchange){.unit_counts = calloc(nodes, sizeof(int)),
                    .counts = calloc(nodes, sizeof(int)),
                    .starts = calloc(nodes, sizeof(int)),
                    .parts = calloc((size_t)c->size, sizeof(float *))};
    x->units = tree ? (size_t)c->size : nodes;
    x->length = EXCHANGE_ALL / x->units < EXCHANGE_MOST ? EXCHANGE_ALL / x->units : EXCHANGE_MOST;
    if (!s->exchange) s->exchange = malloc(((size_t)c->size + (size_t)s->local_size) * EXCHANGE_MOST * sizeof(float));
    if (!x->unit_counts || !x->counts || !x->starts || !x->parts || !s->exchange)
        return FAIL(ERR_MEMORY, "no memory for the exchange between nodes");
    for (int r = 0; r < c->size; r++)
        if (tree || !x->unit_counts[s->node_of[r]]) x->unit_counts[s->node_of[r]]++;
    return OK;
}

/* Where each unit of this round lies in `received`, in the order of ranks (tree) or nodes. */
static void place_units(const comm *c, exchange *x, bool tree, const float *received, size_t length)
{
    const mpi_state *s = c->state;
    int start = 0;
    for (int n = 0; n < s->node_count; n++) {
        x->counts[n] = x->unit_counts[n] * (int)length;
        x->starts[n] = start;
        if (!tree) x->parts[n] = received + start;
        start += x->counts[n];
    }
    for (int r = 0; tree && r < c->size; r++) {
        int before = 0; /* ranks of the same node before this one */
        for (int q = 0; q < r; q++) before += s->node_of[q] == s->node_of[r];
        x->parts[r] = received + x->starts[s->node_of[r]] + (size_t)before * length;
    }
}

static status exchange_round(comm *c, exchange *x, float *const *parts, size_t at, size_t length, bool tree)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Request request;
    int own_units = x->unit_counts[s->node_of[c->rank]];
    float *sent = s->exchange + (size_t)c->size * EXCHANGE_MOST;
    for (int u = 0; u < own_units; u++) memcpy(sent + (size_t)u * length, parts[u] + at, length * sizeof *sent);
    place_units(c, x, tree, s->exchange, length);
    TRY(mpi_check(MPI_Iallgatherv(sent, own_units * (int)length, MPI_FLOAT, s->exchange, x->counts, x->starts,
                                  MPI_FLOAT, s->leaders, &request),
                  "the sum over nodes"));
    TRY(mpi_wait(c, &request, "the sum over nodes"));
    for (int l = 0; l < s->local_size; l++)
        sum_parts(x->parts, x->units, &(float *){parts[l] + at}, 1, 0, length, tree);
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
    exchange_free(&x);
    return st;
}

/* ---- inside a node ----------------------------------------------------------------------------------------------- */

/* The part of `count` elements (in whole units) that is this rank's work. */
static void own_share(const mpi_state *s, size_t count, size_t unit, size_t *first, size_t *length)
{
    size_t units = (count + unit - 1) / unit, size = (size_t)s->local_size, mine = (size_t)s->local_rank;
    size_t start = units * mine / size * unit, end = units * (mine + 1) / size * unit;
    *first = start < count ? start : count;
    *length = (end < count ? end : count) - *first;
}

/* `parts` (local_size) are in place and seen by all ranks of the node; all get the sum over all ranks. */
static status sum_in_place(comm *c, float *const *parts, size_t count, bool tree)
{
    status st = OK;
    mpi_state *s = c->state;
    size_t first, length, local = (size_t)s->local_size;
    if (s->node_count == 1 || !tree) {
        own_share(s, count, SHARE_UNIT, &first, &length);
        sum_parts((const float *const *)parts, local, parts, local, first, length, tree);
        TRY(node_sync(c, "the sum of gradients"));
    }
    if (s->node_count == 1) goto done;
    if (s->local_rank == 0) TRY(sum_over_nodes(c, parts, count, tree));
    TRY(node_sync(c, "the sum of gradients"));
done:
    return st;
}

status mpi_sum_f32(comm *c, float *values, size_t count, bool tree)
{
    status st = OK;
    mpi_state *s = c->state;
    if (s->local_size == 1) return sum_in_place(c, &values, count, tree);
    for (size_t at = 0; at < count; at += s->stage->count) {
        size_t length = count - at < s->stage->count ? count - at : s->stage->count;
        memcpy(s->stage->mine, values + at, length * sizeof *values);
        TRY(node_sync(c, "a sum of float32"));
        TRY(sum_in_place(c, s->stage->parts, length, tree));
        memcpy(values + at, s->stage->mine, length * sizeof *values);
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

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* All ranks' rows side by side, and room for the sums. */
typedef struct {
    comm_rows *lists;    /* (size) */
    size_t *cursors;     /* (size) scratch */
    const float **parts; /* (size) scratch */
    size_t total, own_start, width;
    int64_t *rows; /* (total) of all ranks, in rank order */
    float *values; /* (total, width) */
    float *sums;   /* (total, width) */
} row_table;

static void table_free(row_table *t)
{
    free(t->lists);
    free(t->cursors);
    free(t->parts);
    *t = (row_table){0};
}

/* Reads the counts from the meeting. */
static status table_new(const comm *c, size_t width, row_table *t)
{
    size_t size = (size_t)c->size;
    *t = (row_table){.lists = calloc(size, sizeof *t->lists),
                     .cursors = calloc(size, sizeof *t->cursors),
                     .parts = calloc(size, sizeof *t->parts),
                     .width = width};
    if (!t->lists || !t->cursors || !t->parts) return FAIL(ERR_MEMORY, "no memory for the rows of %d ranks", c->size);
    for (size_t r = 0; r < size; r++) {
        uint64_t count;
        memcpy(&count, c->payloads[r], sizeof count);
        if ((int)r == c->rank) t->own_start = t->total;
        t->lists[r].count = (size_t)count;
        t->total += (size_t)count;
    }
    if (width > INT_MAX / 8 || t->total > INT_MAX / 8 / (width ? width : 1))
        return FAIL(ERR_INTERNAL, "%zu rows of %zu values are too many for one sum of rows", t->total, width);
    return OK;
}

static size_t table_bytes(const row_table *t)
{
    return t->total * sizeof(int64_t) + 2 * t->total * t->width * sizeof(float);
}

/* Lays the table out in `memory` of table_bytes. */
static void table_place(row_table *t, size_t size, unsigned char *memory)
{
    t->rows = (int64_t *)memory;
    t->values = (float *)(memory + t->total * sizeof *t->rows);
    t->sums = t->values + t->total * t->width;
    for (size_t r = 0, start = 0; r < size; start += t->lists[r++].count) {
        t->lists[r].rows = t->rows + start;
        t->lists[r].values = t->values + start * t->width;
    }
}

/* Makes rows_memory hold `bytes`: shared where all ranks are on one node. All ranks come to the same sizes. */
static status rows_reserve(comm *c, size_t bytes)
{
    status st = OK;
    mpi_state *s = c->state;
    bool all = false, shared = s->node_count == 1 && s->local_size > 1;
    if (bytes <= s->rows_capacity) return OK;
    bytes *= 2;
    s->rows_capacity = 0;
    if (s->rows_window != MPI_WIN_NULL) MPI_Win_free(&s->rows_window);
    free(s->rows_plain);
    s->rows_memory = s->rows_plain = NULL;
    if (shared) {
        TRY(mpi_all(c, true, &all)); /* the blocking calls below find all ranks here */
        MPI_Aint part = s->local_rank == 0 ? (MPI_Aint)bytes : 0, size;
        int unit;
        TRY(mpi_check(MPI_Win_allocate_shared(part, 1, MPI_INFO_NULL, s->node, &s->rows_memory, &s->rows_window),
                      "shared memory for rows"));
        TRY(mpi_check(MPI_Win_shared_query(s->rows_window, 0, &size, &unit, &s->rows_memory),
                      "shared memory for rows"));
    } else {
        s->rows_memory = s->rows_plain = malloc(bytes);
        if (!s->rows_memory) TRY(FAIL(ERR_MEMORY, "no memory for %zu bytes of rows", bytes));
    }
    s->rows_capacity = bytes;
done:
    return st;
}

static status union_reserve(mpi_state *s, size_t count)
{
    if (count <= s->rows_union_capacity) return OK;
    int64_t *larger = realloc(s->rows_union, 2 * count * sizeof *larger);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu row numbers", count);
    s->rows_union = larger;
    s->rows_union_capacity = 2 * count;
    return OK;
}

static status share_rows(comm *c, const comm_rows *mine, const row_table *t)
{
    if (mine->count) {
        memcpy(t->rows + t->own_start, mine->rows, mine->count * sizeof *t->rows);
        memcpy(t->values + t->own_start * t->width, mine->values, mine->count * t->width * sizeof *t->values);
    }
    return node_sync(c, "the sum of embedding rows");
}

static status gather_rows(comm *c, const comm_rows *mine, const row_table *t)
{
    status st = OK;
    const mpi_state *s = c->state;
    MPI_Request request;
    int *counts = calloc(2 * (size_t)c->size, sizeof *counts), *starts = counts ? counts + c->size : NULL;
    const char *what = "the sum of embedding rows";
    if (!counts) TRY(FAIL(ERR_MEMORY, "no memory for the rows of %d ranks", c->size));
    for (int r = 0; r < c->size; r++) {
        counts[r] = (int)t->lists[r].count;
        starts[r] = r ? starts[r - 1] + counts[r - 1] : 0;
    }
    TRY(mpi_check(MPI_Iallgatherv(mine->rows, counts[c->rank], MPI_INT64_T, t->rows, counts, starts, MPI_INT64_T,
                                  s->all, &request),
                  what));
    TRY(mpi_wait(c, &request, what));
    for (int r = 0; r < c->size; r++) {
        counts[r] *= (int)t->width;
        starts[r] *= (int)t->width;
    }
    TRY(mpi_check(MPI_Iallgatherv(mine->values, counts[c->rank], MPI_FLOAT, t->values, counts, starts, MPI_FLOAT,
                                  s->all, &request),
                  what));
    TRY(mpi_wait(c, &request, what));
done:
    free(counts);
    return st;
}

status mpi_sum_rows(comm *c, const comm_rows *mine, size_t width, bool tree, comm_rows *out)
{
    status st = OK;
    mpi_state *s = c->state;
    row_table t = {0};
    size_t size = (size_t)c->size, first = 0, length;
    bool shared = s->node_count == 1 && s->local_size > 1;
    TRY(table_new(c, width, &t));
    TRY(rows_reserve(c, table_bytes(&t)));
    TRY(union_reserve(s, t.total));
    table_place(&t, size, s->rows_memory);
    TRY(shared ? share_rows(c, mine, &t) : gather_rows(c, mine, &t));
    size_t count = rows_union(t.lists, size, t.cursors, s->rows_union);
    length = count;
    if (shared) own_share(s, count, 1, &first, &length);
    rows_sum(t.lists, size, width, s->rows_union, first, length, tree, t.cursors, t.parts, t.sums);
    if (shared) TRY(node_sync(c, "the sum of embedding rows"));
    *out = (comm_rows){s->rows_union, t.sums, count};
done:
    table_free(&t);
    return st;
}
