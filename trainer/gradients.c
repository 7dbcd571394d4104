#include "trainer/gradients.h"

#include "base/log.h"
#include "trainer/finite.h"
#include "trainer/row_sums.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 48, SHARED_ALIGNMENT = 16 /* floats: a cache line */ };

/* One parameter that is trained. */
typedef struct {
    size_t index; /* in the module */
    size_t size, width;
    float *at; /* its gradient: the module's own memory, or in the bucket */
    bool sparse;
    row_sums *levels; /* (LEVELS) of a sparse one, with exact */
} entry;

struct gradients {
    comm *c;
    module *m;
    bool exact, on_device; /* on_device: gradients are joined, or pass through the bucket */
    size_t count;
    entry *entries; /* (count) */
    size_t bucket_count;
    float *bucket; /* owned by the communicator; NULL when a rank alone has no use for it */
    float *joined; /* (joined_count) all gradients, on a GPU; NULL when NCCL does not sum them there */
    size_t joined_count;
    bool used[LEVELS];
    float *levels[LEVELS]; /* (bucket_count) each, made when needed */
    row_sums carry, spare;
};

/* ---- making ------------------------------------------------------------------------------------------------------ */

static bool trained(module *m, size_t i, bool on_device)
{
    if (!on_device) return module_grad_data(m, i) != NULL;
    scope *sc = scope_open();
    bool has = t_grad(module_parameter_at(m, i)) != NULL;
    scope_close(&sc);
    return has;
}

static size_t padded(size_t size)
{
    return (size + SHARED_ALIGNMENT - 1) / SHARED_ALIGNMENT * SHARED_ALIGNMENT;
}

static status list_entries(gradients *g)
{
    status st = OK;
    size_t parameters = module_parameter_count(g->m);
    g->entries = calloc(parameters + 1, sizeof *g->entries);
    if (!g->entries) TRY(FAIL(ERR_MEMORY, "no memory for the gradients of %zu parameters", parameters));
    for (size_t i = 0; i < parameters; i++) {
        if (!trained(g->m, i, g->on_device)) continue;
        tensor *x = module_parameter_at(g->m, i);
        entry *e = &g->entries[g->count++];
        *e = (entry){.index = i, .size = (size_t)t_count(x), .at = module_grad_data(g->m, i)};
        e->sparse = !g->on_device && module_is_sparse(g->m, i);
        e->width = e->sparse && t_size(x, 0) ? e->size / (size_t)t_size(x, 0) : e->size;
        if (!e->sparse) g->bucket_count += padded(e->size);
        if (!e->sparse || !g->exact) continue;
        e->levels = calloc(LEVELS, sizeof *e->levels);
        if (!e->levels) TRY(FAIL(ERR_MEMORY, "no memory for the gradients of %zu parameters", parameters));
    }
done:
    return st;
}

static status fill_bucket(gradients *g)
{
    status st = OK;
    float *at = g->bucket;
    for (entry *e = g->entries; e < g->entries + g->count; e++) {
        if (e->sparse) continue;
        if (!g->on_device) TRY(module_set_grad_storage(g->m, e->index, at));
        e->at = at;
        at += padded(e->size);
    }
done:
    return st;
}

/* Leaves `joined` NULL when there is no NCCL. Collective. */
static status join_on_device(gradients *g)
{
    status st = comm_device_start(g->c);
    if (st == ERR_CONFIG) { /* of all ranks */
        if (comm_rank(g->c) == 0) log_warn("gradients pass through the host: %s", fail_message());
        fail_clear();
        return OK;
    }
    if (st == OK) st = module_join_grads(g->m, &g->joined, &g->joined_count);
    return comm_agree(g->c, st);
}

status gradients_new(comm *c, module *m, bool exact, gradients **out)
{
    status st = OK;
    gradients *g = calloc(1, sizeof *g);
    if (g) {
        *g = (gradients){.c = c, .m = m, .exact = exact, .on_device = t_device_used() != T_CPU};
        st = list_entries(g);
    }
    TRY(comm_agree(c, g ? st : FAIL(ERR_MEMORY, "no memory for the gradients")));
    if (comm_size(c) > 1 && g->on_device && !exact) TRY(join_on_device(g));
    if (!g->joined && (comm_size(c) > 1 || exact)) {
        TRY(comm_shared_alloc(c, g->bucket_count, &g->bucket));
        TRY(fill_bucket(g));
    }
    *out = g;
    g = NULL;
done:
    gradients_free(&g);
    return st;
}

void gradients_free(gradients **at)
{
    if (!at || !*at) return;
    gradients *g = *at;
    for (entry *e = g->entries; e && e < g->entries + g->count; e++) {
        if (g->bucket && !e->sparse && !g->on_device) module_set_grad_storage(g->m, e->index, NULL);
        for (int l = 0; e->levels && l < LEVELS; l++) row_sums_free(&e->levels[l]);
        free(e->levels);
    }
    for (int l = 0; l < LEVELS; l++) free(g->levels[l]);
    row_sums_free(&g->carry);
    row_sums_free(&g->spare);
    free(g->entries);
    free(g);
    *at = NULL;
}

/* ---- between device and host ------------------------------------------------------------------------------------- */

static status fetch(gradients *g)
{
    status st = OK;
    scope *sc = scope_open();
    for (entry *e = g->entries; e < g->entries + g->count; e++)
        TRY(t_to_f32(t_grad(module_parameter_at(g->m, e->index)), e->at, e->size));
done:
    scope_close(&sc);
    return st;
}

static status put(gradients *g)
{
    status st = OK;
    scope *sc = scope_open();
    for (entry *e = g->entries; e < g->entries + g->count; e++) {
        tensor *grad = t_grad(module_parameter_at(g->m, e->index));
        int64_t shape[T_DIM_MAX];
        for (int d = 0; d < t_dims(grad); d++) shape[d] = t_size(grad, d);
        TRY(t_assign(grad, t_from_f32(e->at, shape, t_dims(grad))));
    }
done:
    scope_close(&sc);
    return st;
}

/* ---- the tree inside a rank -------------------------------------------------------------------------------------- */

void gradients_leaves(size_t leaves, size_t rank, size_t ranks, size_t *first, size_t *count)
{
    size_t each = (leaves + ranks - 1) / ranks, block = 1;
    while (block < each) block *= 2;
    *first = rank * block < leaves ? rank * block : leaves;
    *count = leaves - *first < block ? leaves - *first : block;
}

void gradients_begin(gradients *g)
{
    module_zero_grad(g->m);
    memset(g->used, 0, sizeof g->used);
}

static void swap_rows(row_sums *a, row_sums *b)
{
    row_sums kept = *a;
    *a = *b;
    *b = kept;
}

/* to = level + to */
static void add_level(float *restrict to, const float *restrict level, size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] += level[i];
}

/* The rows of a leaf, joined with the sums of the levels below `level`, which are used up, are left at `level`. */
static status carry_rows(gradients *g, entry *e, int level)
{
    status st = OK;
    const int64_t *rows;
    size_t count = module_touched_rows(g->m, e->index, &rows);
    TRY(row_sums_take(&g->carry, rows, count, e->width, e->at));
    for (int l = 0; l < level; l++) {
        TRY(row_sums_add(&g->spare, &e->levels[l], &g->carry, e->width));
        swap_rows(&g->spare, &g->carry);
    }
    swap_rows(&g->carry, &e->levels[level]);
done:
    return st;
}

static status carry_bucket(gradients *g, int level)
{
    if (!g->levels[level]) g->levels[level] = calloc(g->bucket_count + 1, sizeof *g->bucket);
    if (!g->levels[level]) return FAIL(ERR_MEMORY, "no memory for the sums of exact training");
    for (int l = 0; l < level; l++) add_level(g->bucket, g->levels[l], g->bucket_count);
    memcpy(g->levels[level], g->bucket, g->bucket_count * sizeof *g->bucket);
    return OK;
}

status gradients_leaf(gradients *g)
{
    status st = OK;
    if (!g->exact) return OK;
    int level = 0;
    while (level < LEVELS - 1 && g->used[level]) level++;
    if (g->on_device) TRY(fetch(g));
    TRY(carry_bucket(g, level));
    for (entry *e = g->entries; e < g->entries + g->count; e++)
        if (e->sparse) TRY(carry_rows(g, e, level));
    for (int l = 0; l < level; l++) g->used[l] = false;
    g->used[level] = true;
    module_zero_grad(g->m);
done:
    return st;
}

static status write_rows(gradients *g, entry *e, const int64_t *rows, const float *values, size_t count)
{
    for (size_t r = 0; r < count; r++)
        memcpy(e->at + (size_t)rows[r] * e->width, values + r * e->width, e->width * sizeof *values);
    return module_touch_rows(g->m, e->index, rows, count);
}

static status fold_rows(gradients *g, entry *e)
{
    status st = OK;
    bool any = false;
    for (int l = 0; l < LEVELS; l++) {
        if (!g->used[l]) continue;
        if (any) TRY(row_sums_add(&g->spare, &e->levels[l], &g->carry, e->width));
        swap_rows(any ? &g->spare : &e->levels[l], &g->carry);
        any = true;
    }
    if (any) TRY(write_rows(g, e, g->carry.rows, g->carry.values, g->carry.count));
done:
    return st;
}

/* Joins what is left on the levels, smallest first, into the gradients. */
static status fold(gradients *g)
{
    status st = OK;
    if (g->bucket_count) memset(g->bucket, 0, g->bucket_count * sizeof *g->bucket);
    for (int l = 0; l < LEVELS; l++)
        if (g->used[l]) add_level(g->bucket, g->levels[l], g->bucket_count);
    for (entry *e = g->entries; e < g->entries + g->count; e++)
        if (e->sparse) TRY(fold_rows(g, e));
done:
    return st;
}

/* ---- over ranks -------------------------------------------------------------------------------------------------- */

static status sum_rows(gradients *g, entry *e)
{
    status st = OK;
    const int64_t *rows;
    const float *values;
    size_t count = module_touched_rows(g->m, e->index, &rows);
    TRY(row_sums_take(&g->carry, rows, count, e->width, e->at));
    TRY(comm_sum_rows(g->c, g->carry.rows, count, g->carry.values, e->width, g->exact, &rows, &values, &count));
    TRY(write_rows(g, e, rows, values, count));
done:
    return st;
}

status gradients_sum(gradients *g)
{
    status st = OK;
    if (g->joined) return comm_sum_device(g->c, g->joined, g->joined_count);
    if (!g->bucket) return OK;
    if (g->exact) TRY(fold(g));
    else if (g->on_device) TRY(fetch(g));
    TRY(comm_sum_shared(g->c, g->bucket, g->bucket_count, g->exact));
    for (entry *e = g->entries; comm_size(g->c) > 1 && e < g->entries + g->count; e++)
        if (e->sparse) TRY(sum_rows(g, e));
    if (g->on_device) TRY(put(g));
done:
    return st;
}

/* ---- looking for what is not finite ------------------------------------------------------------------------------ */

static bool entry_finite(const gradients *g, const entry *e)
{
    if (!e->sparse) return finite_f32(e->at, e->size);
    const int64_t *rows;
    size_t count = module_touched_rows(g->m, e->index, &rows);
    for (size_t r = 0; r < count; r++)
        if (!finite_f32(e->at + (size_t)rows[r] * e->width, e->width)) return false;
    return true;
}

status gradients_finite(gradients *g, bool *finite, char *names, size_t size)
{
    status st = OK;
    finding found = {.names = names, .size = size};
    names[0] = '\0';
    for (entry *e = g->entries; e < g->entries + g->count; e++) {
        bool good = true;
        if (e->at) good = entry_finite(g, e);
        else TRY(finite_gradient(module_parameter_at(g->m, e->index), &good));
        if (!good) finding_add(&found, module_parameter_name(g->m, e->index));
    }
    *finite = found.count == 0;
    finding_end(&found);
done:
    return st;
}
