/* Sums of rows that few ranks touch: inside a node over memory all its ranks see, then between the nodes' leaders.
 *
 * Of several nodes each leader adds the rows whose number, divided by the number of nodes, leaves the node's own as the
 * remainder; so what passes a node's network are its rows once and the rows of the sum once, however many nodes there
 * are. What a node brings are its units: one sum a node, or with `tree` the rows of every rank, since a tree over ranks
 * need not be made of trees over nodes.
 */
#include "comm/mpi.h"
#include "comm/sums.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const WHAT = "the sum of embedding rows";

/* ---- memory of the node ------------------------------------------------------------------------------------------ */

static status memory_share(mpi_state *s, node_memory *m, size_t bytes)
{
    status st = OK;
    MPI_Aint part = s->local_rank == 0 ? (MPI_Aint)bytes : 0;
    int unit;
    TRY(mpi_check(MPI_Win_allocate_shared(part, 1, MPI_INFO_NULL, s->node, &m->at, &m->handle), "memory for rows"));
    TRY(mpi_check(MPI_Win_shared_query(m->handle, 0, &part, &unit, &m->at), "memory for rows"));
done:
    return st;
}

/* Makes `m` hold `bytes`, seen by all ranks of the node, which all come here with the same sizes. */
static status memory_reserve(comm *c, node_memory *m, size_t bytes)
{
    status st = OK;
    mpi_state *s = c->state;
    if (bytes <= m->capacity) return OK;
    TRY(node_sync(c, WHAT)); /* the blocking calls of MPI below find all ranks here */
    node_memory_free(m, true);
    if (s->local_size > 1) TRY(memory_share(s, m, 2 * bytes));
    else m->at = malloc(2 * bytes);
    if (!m->at) TRY(FAIL(ERR_MEMORY, "no memory for %zu bytes of embedding rows", 2 * bytes));
    m->capacity = 2 * bytes;
done:
    return st;
}

void node_memory_free(node_memory *m, bool in_order)
{
    if (m->handle == MPI_WIN_NULL) free(m->at);
    else if (in_order) MPI_Win_free(&m->handle);
    *m = (node_memory){.handle = MPI_WIN_NULL};
}

/* ---- rows of the node's ranks ------------------------------------------------------------------------------------ */

/* Lists of rows side by side, and room for their sum. */
typedef struct {
    size_t list_count, total, width; /* total: rows of all lists */
    comm_rows *lists;                /* (list_count) */
    size_t *cursors;                 /* (list_count) scratch */
    const float **parts;             /* (list_count) scratch */
    int64_t *rows;                   /* (total) of all lists, in their order */
    float *values;                   /* (total, width) */
    int64_t *sum_rows;               /* (total) */
    float *sums;                     /* (total, width) */
} row_table;

static void table_free(row_table *t)
{
    free(t->lists);
    free(t->cursors);
    free(t->parts);
    *t = (row_table){0};
}

/* Sets total by the lists' counts. */
static status table_count(row_table *t)
{
    for (size_t l = 0; l < t->list_count; l++) t->total += t->lists[l].count;
    if (t->width > INT_MAX / 8 || t->total > INT_MAX / 8 / (t->width ? t->width : 1))
        return FAIL(ERR_INTERNAL, "%zu rows of %zu values are too many for one sum of rows", t->total, t->width);
    return OK;
}

static status table_new(size_t list_count, size_t width, row_table *t)
{
    *t = (row_table){.list_count = list_count,
                     .width = width,
                     .lists = calloc(list_count, sizeof *t->lists),
                     .cursors = calloc(list_count, sizeof *t->cursors),
                     .parts = calloc(list_count, sizeof *t->parts)};
    if (!t->lists || !t->cursors || !t->parts) return FAIL(ERR_MEMORY, "no memory for %zu lists of rows", list_count);
    return OK;
}

static size_t table_bytes(const row_table *t)
{
    return 2 * t->total * (sizeof *t->rows + t->width * sizeof *t->values);
}

/* Lays the table out in memory of table_bytes. */
static void table_place(row_table *t, unsigned char *memory)
{
    t->rows = (int64_t *)(void *)memory;
    t->sum_rows = t->rows + t->total;
    t->values = (float *)(void *)(t->sum_rows + t->total);
    t->sums = t->values + t->total * t->width;
    for (size_t l = 0, start = 0; l < t->list_count; start += t->lists[l++].count) {
        t->lists[l].rows = t->rows + start;
        t->lists[l].values = t->values + start * t->width;
    }
}

/* The sum of rows first .. first + length of the union, which is in sum_rows. */
static void table_sum(row_table *t, size_t first, size_t length, bool tree)
{
    rows_sum(t->lists, t->list_count, t->width, t->sum_rows, first, length, tree, t->cursors, t->parts, t->sums);
}

/* The rows of all ranks of this node, in memory that they all see. */
static status share_rows(comm *c, const comm_rows *mine, size_t width, row_table *t)
{
    status st = OK;
    mpi_state *s = c->state;
    TRY(table_new((size_t)s->local_size, width, t));
    for (int l = 0; l < s->local_size; l++) {
        uint64_t count;
        memcpy(&count, c->payloads[s->local_ranks[l]], sizeof count);
        t->lists[l].count = (size_t)count;
    }
    TRY(table_count(t));
    TRY(memory_reserve(c, &s->rows_brought, table_bytes(t)));
    table_place(t, s->rows_brought.at);
    const comm_rows *place = &t->lists[s->local_rank];
    if (mine->count) {
        memcpy(t->rows + (place->rows - t->rows), mine->rows, mine->count * sizeof *mine->rows);
        memcpy(t->values + (place->values - t->values), mine->values, mine->count * width * sizeof *mine->values);
    }
    TRY(node_sync(c, WHAT));
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

/* Each rank of the node adds its share of the rows. Every rank makes the union for itself, which is cheaper than to
 * wait for one that does. */
static status sum_shared_rows(comm *c, row_table *t, bool tree, comm_rows *out)
{
    status st = OK;
    mpi_state *s = c->state;
    size_t first, length;
    TRY(union_reserve(s, t->total));
    t->sum_rows = s->rows_union;
    size_t count = rows_union(t->lists, t->list_count, t->cursors, t->sum_rows);
    node_share(s, count, 1, &first, &length);
    table_sum(t, first, length, tree);
    TRY(node_sync(c, WHAT));
    *out = (comm_rows){t->sum_rows, t->sums, count};
done:
    return st;
}

/* ---- between nodes: what leaders do ------------------------------------------------------------------------------ */

/* What leaders give each other: `counts` elements of one type to and from each node, one behind the other. */
typedef struct {
    int *sent, *sent_at, *received, *received_at; /* (nodes) */
} swap;

static void swap_free(swap *x)
{
    free(x->sent);
    *x = (swap){0};
}

static status swap_new(const comm *c, swap *x)
{
    size_t nodes = (size_t)((const mpi_state *)c->state)->node_count;
    int *tables = calloc(4 * nodes, sizeof *tables);
    if (!tables) return FAIL(ERR_MEMORY, "no memory for an exchange between %zu nodes", nodes);
    *x = (swap){tables, tables + nodes, tables + 2 * nodes, tables + 3 * nodes};
    return OK;
}

static status swap_elements(comm *c, swap *x, MPI_Datatype type, const void *from, void *to)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Request request;
    for (int n = 1; n < s->node_count; n++) {
        x->sent_at[n] = x->sent_at[n - 1] + x->sent[n - 1];
        x->received_at[n] = x->received_at[n - 1] + x->received[n - 1];
    }
    TRY(mpi_check(
        MPI_Ialltoallv(from, x->sent, x->sent_at, type, to, x->received, x->received_at, type, s->leaders, &request),
        WHAT));
    TRY(mpi_wait(c, &request, WHAT));
done:
    return st;
}

/* The units of this node and of all, and the rows of the latter that are this leader's to add. */
typedef struct {
    const comm_rows *own; /* (own_count) */
    int own_count;
    size_t all_count, width;
    int *unit_counts;           /* (nodes) units of each node */
    int *counts;                /* (nodes, own_count) rows of own units for each leader */
    int *received;              /* (all_count) rows of all units for this leader, node by node */
    int64_t *packed_rows;       /* of own units, leader by leader */
    float *packed_values;       /* (.., width) */
    int64_t *rows, *owned_rows; /* received; and the union of these */
    float *values, *owned_values;
    size_t owned;
} leader_rows;

static void leader_free(leader_rows *x)
{
    free(x->unit_counts);
    free(x->counts);
    free(x->received);
    free(x->packed_rows);
    free(x->packed_values);
    free(x->rows);
    free(x->values);
    free(x->owned_rows);
    free(x->owned_values);
    *x = (leader_rows){0};
}

static status leader_new(const comm *c, const comm_rows *own, size_t own_count, size_t width, bool tree, leader_rows *x)
{
    const mpi_state *s = c->state;
    size_t nodes = (size_t)s->node_count, rows = 0;
    *x = (leader_rows){.own = own, .own_count = (int)own_count, .width = width};
    for (size_t u = 0; u < own_count; u++) rows += own[u].count;
    x->all_count = tree ? (size_t)c->size : nodes;
    x->unit_counts = calloc(nodes, sizeof *x->unit_counts);
    x->counts = calloc(nodes * own_count, sizeof *x->counts);
    x->received = calloc(x->all_count, sizeof *x->received);
    x->packed_rows = malloc((rows + 1) * sizeof *x->packed_rows);
    x->packed_values = malloc((rows * width + 1) * sizeof *x->packed_values);
    if (!x->unit_counts || !x->counts || !x->received || !x->packed_rows || !x->packed_values)
        return FAIL(ERR_MEMORY, "no memory for %zu embedding rows", rows);
    for (int r = 0; r < c->size; r++)
        if (tree || !x->unit_counts[s->node_of[r]]) x->unit_counts[s->node_of[r]]++;
    return OK;
}

/* Sorts the rows of own units by the leader that adds them; in each they stay in order. */
static void pack(const comm *c, leader_rows *x)
{
    int nodes = ((const mpi_state *)c->state)->node_count;
    size_t at = 0;
    for (int n = 0; n < nodes; n++)
        for (int u = 0; u < x->own_count; u++) {
            const comm_rows *unit = &x->own[u];
            size_t before = at;
            for (size_t i = 0; i < unit->count; i++) {
                if (unit->rows[i] % nodes != n) continue;
                x->packed_rows[at] = unit->rows[i];
                memcpy(x->packed_values + at * x->width, unit->values + i * x->width, x->width * sizeof(float));
                at++;
            }
            x->counts[n * x->own_count + u] = (int)(at - before);
        }
}

static status swap_counts(comm *c, leader_rows *x, swap *of)
{
    int nodes = ((const mpi_state *)c->state)->node_count;
    for (int n = 0; n < nodes; n++) {
        of->sent[n] = x->own_count;
        of->received[n] = x->unit_counts[n];
    }
    return swap_elements(c, of, MPI_INT, x->counts, x->received);
}

/* Every leader gets the rows that it adds. */
static status swap_rows(comm *c, leader_rows *x, MPI_Datatype row)
{
    status st = OK;
    int nodes = ((const mpi_state *)c->state)->node_count;
    size_t total = 0;
    swap of = {0};
    TRY(swap_new(c, &of));
    pack(c, x);
    TRY(swap_counts(c, x, &of));
    for (int n = 0, unit = 0; n < nodes; n++) {
        of.sent[n] = of.received[n] = 0;
        for (int u = 0; u < x->own_count; u++) of.sent[n] += x->counts[n * x->own_count + u];
        for (int u = 0; u < x->unit_counts[n]; u++) of.received[n] += x->received[unit++];
        total += (size_t)of.received[n];
    }
    x->rows = malloc((total + 1) * sizeof *x->rows);
    x->owned_rows = malloc((total + 1) * sizeof *x->rows);
    x->values = malloc((total * x->width + 1) * sizeof *x->values);
    x->owned_values = malloc((total * x->width + 1) * sizeof *x->values);
    if (!x->rows || !x->owned_rows || !x->values || !x->owned_values)
        TRY(FAIL(ERR_MEMORY, "no memory for %zu embedding rows", total));
    TRY(swap_elements(c, &of, MPI_INT64_T, x->packed_rows, x->rows));
    TRY(swap_elements(c, &of, row, x->packed_values, x->values));
done:
    if (st == OK) swap_free(&of); /* otherwise MPI may still use it */
    return st;
}

/* The received units as lists, in the order of ranks (or nodes) instead of node by node. */
static status list_units(const comm *c, const leader_rows *x, comm_rows *lists)
{
    const mpi_state *s = c->state;
    size_t nodes = (size_t)s->node_count, count = 0;
    int *left = calloc(nodes, sizeof *left); /* units of each node that are not listed yet */
    comm_rows *next = calloc(nodes, sizeof *next);
    if (left && next)
        for (size_t n = 0, unit = 0, start = 0; n < nodes; n++) {
            next[n] = (comm_rows){x->rows + start, x->values + start * x->width, unit};
            left[n] = x->unit_counts[n];
            for (int u = 0; u < left[n]; u++) start += (size_t)x->received[unit++];
        }
    for (int r = 0; left && next && r < c->size; r++) {
        int node = s->node_of[r];
        if (left[node]-- <= 0) continue;
        size_t length = (size_t)x->received[next[node].count++];
        lists[count++] = (comm_rows){next[node].rows, next[node].values, length};
        next[node].rows += length;
        next[node].values += length * x->width;
    }
    free(left);
    free(next);
    return count == x->all_count ? OK : FAIL(ERR_MEMORY, "no memory for the rows of %zu nodes", nodes);
}

static status add_units(const comm *c, leader_rows *x, bool tree)
{
    status st = OK;
    row_table t = {0};
    TRY(table_new(x->all_count, x->width, &t));
    TRY(list_units(c, x, t.lists));
    t.sum_rows = x->owned_rows;
    t.sums = x->owned_values;
    x->owned = rows_union(t.lists, t.list_count, t.cursors, t.sum_rows);
    table_sum(&t, 0, x->owned, tree);
done:
    table_free(&t);
    return st;
}

/* All leaders get what each of them has added: *rows (*count) and *values (*count, width) are new, freed by the caller;
 * sorted leader by leader. */
static status gather_sums(comm *c, const leader_rows *x, MPI_Datatype row, int64_t **rows, float **values,
                          size_t *count)
{
    status st = OK;
    mpi_state *s = c->state;
    MPI_Request request;
    swap of = {0};
    int own = (int)x->owned;
    TRY(swap_new(c, &of));
    TRY(mpi_check(MPI_Iallgather(&own, 1, MPI_INT, of.received, 1, MPI_INT, s->leaders, &request), WHAT));
    TRY(mpi_wait(c, &request, WHAT));
    for (int n = 0; n < s->node_count; n++) {
        of.received_at[n] = (int)*count;
        *count += (size_t)of.received[n];
    }
    *rows = malloc((*count + 1) * sizeof **rows);
    *values = malloc((*count * x->width + 1) * sizeof **values);
    if (!*rows || !*values) TRY(FAIL(ERR_MEMORY, "no memory for %zu embedding rows", *count));
    TRY(mpi_check(MPI_Iallgatherv(x->owned_rows, own, MPI_INT64_T, *rows, of.received, of.received_at, MPI_INT64_T,
                                  s->leaders, &request),
                  WHAT));
    TRY(mpi_wait(c, &request, WHAT));
    TRY(mpi_check(
        MPI_Iallgatherv(x->owned_values, own, row, *values, of.received, of.received_at, row, s->leaders, &request),
        WHAT));
    TRY(mpi_wait(c, &request, WHAT));
done:
    if (st == OK) swap_free(&of); /* otherwise MPI may still use it */
    return st;
}

static status sum_over_nodes(comm *c, const comm_rows *own, size_t own_count, size_t width, bool tree, int64_t **rows,
                             float **values, size_t *count)
{
    status st = OK;
    leader_rows x = {0};
    MPI_Datatype row = MPI_DATATYPE_NULL;
    TRY(leader_new(c, own, own_count, width, tree, &x));
    TRY(mpi_check(MPI_Type_contiguous((int)width, MPI_FLOAT, &row), WHAT));
    TRY(mpi_check(MPI_Type_commit(&row), WHAT));
    TRY(swap_rows(c, &x, row));
    TRY(add_units(c, &x, tree));
    TRY(gather_sums(c, &x, row, rows, values, count));
done:
    if (st != OK) return st; /* MPI may still use all this */
    MPI_Type_free(&row);
    leader_free(&x);
    return st;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

typedef struct {
    int64_t row;
    size_t at;
} place;

static int by_row(const void *a, const void *b)
{
    int64_t x = ((const place *)a)->row, y = ((const place *)b)->row;
    return (x > y) - (x < y);
}

/* Copies rows and their values to `out` in ascending order. */
static status write_sorted(const int64_t *rows, const float *values, size_t count, size_t width, int64_t *rows_out,
                           float *values_out)
{
    place *order = malloc((count + 1) * sizeof *order);
    if (!order) return FAIL(ERR_MEMORY, "no memory for %zu embedding rows", count);
    for (size_t i = 0; i < count; i++) order[i] = (place){rows[i], i};
    qsort(order, count, sizeof *order, by_row);
    for (size_t i = 0; i < count; i++) {
        rows_out[i] = order[i].row;
        memcpy(values_out + i * width, values + order[i].at * width, width * sizeof *values);
    }
    free(order);
    return OK;
}

/* The leader's sums over all nodes, in memory that all ranks of the node see. */
static status share_sums(comm *c, const int64_t *rows, const float *values, size_t count, size_t width, comm_rows *out)
{
    status st = OK;
    mpi_state *s = c->state;
    if (s->local_rank == 0) s->slots[0]->row_count = count;
    TRY(node_sync(c, WHAT));
    count = (size_t)s->slots[0]->row_count;
    TRY(memory_reserve(c, &s->rows_summed, count * (sizeof *rows + width * sizeof *values)));
    int64_t *rows_out = (int64_t *)(void *)s->rows_summed.at;
    float *values_out = (float *)(void *)(rows_out + count);
    if (s->local_rank == 0) TRY(write_sorted(rows, values, count, width, rows_out, values_out));
    TRY(node_sync(c, WHAT));
    *out = (comm_rows){rows_out, values_out, count};
done:
    return st;
}

status mpi_sum_rows(comm *c, const comm_rows *mine, size_t width, bool tree, comm_rows *out)
{
    status st = OK;
    mpi_state *s = c->state;
    row_table t = {0};
    comm_rows node = {0};
    int64_t *rows = NULL;
    float *values = NULL;
    size_t count = 0;
    TRY(share_rows(c, mine, width, &t));
    if (s->node_count == 1 || !tree) TRY(sum_shared_rows(c, &t, tree, s->node_count == 1 ? out : &node));
    if (s->node_count == 1) goto done;
    if (s->local_rank == 0)
        TRY(sum_over_nodes(c, tree ? t.lists : &node, tree ? t.list_count : 1, width, tree, &rows, &values, &count));
    TRY(share_sums(c, rows, values, count, width, out));
done:
    if (st == OK) { /* otherwise MPI may still use them */
        free(rows);
        free(values);
    }
    table_free(&t);
    return st;
}
