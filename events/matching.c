#include "events/matching.h"

#include "events/overlap.h"

#include <math.h>
#include <stdlib.h>

/* ---- assignment -------------------------------------------------------------------------------------------------- */

/* Shortest augmenting paths (Kuhn and Munkres in the form of Jonker and Volgenant). Prices of rows and columns keep
 * every reduced cost, cost - row_price - column_price, at or above 0, and at 0 for pairs. */
typedef struct {
    size_t rows, columns;
    pair_cost cost;
    const void *self;
    double *row_price, *column_price; /* (rows), (columns) */
    size_t *row_of;                   /* (columns) paired row; SIZE_MAX: free */
    double *distance;                 /* (columns) of the shortest path to the column */
    size_t *from_row;                 /* (columns) last row on that path */
    bool *done;                       /* (columns) the path is final */
} solver;

static status solver_new(size_t rows, size_t columns, pair_cost cost, const void *self, solver *out)
{
    *out = (solver){rows, columns, cost, self, .row_price = calloc(rows + 1, sizeof(double))};
    out->column_price = calloc(columns + 1, sizeof(double));
    out->distance = calloc(columns + 1, sizeof(double));
    out->row_of = malloc((columns + 1) * sizeof(size_t));
    out->from_row = calloc(columns + 1, sizeof(size_t));
    out->done = calloc(columns + 1, sizeof(bool));
    if (!out->row_price || !out->column_price || !out->distance || !out->row_of || !out->from_row || !out->done)
        return FAIL(ERR_MEMORY, "no memory to match %zu with %zu events", rows, columns);
    for (size_t j = 0; j < columns; j++) out->row_of[j] = SIZE_MAX;
    return OK;
}

static void solver_free(solver *s)
{
    free(s->row_price);
    free(s->column_price);
    free(s->distance);
    free(s->row_of);
    free(s->from_row);
    free(s->done);
}

/* Paths through `row`, which is `base` away, to all columns that are not done; the nearest of those. */
static size_t relax(solver *s, size_t row, double base)
{
    size_t nearest = SIZE_MAX;
    for (size_t j = 0; j < s->columns; j++) {
        if (s->done[j]) continue;
        double through = base + s->cost(s->self, row, j) - s->row_price[row] - s->column_price[j];
        if (through < s->distance[j]) {
            s->distance[j] = through;
            s->from_row[j] = row;
        }
        if (nearest == SIZE_MAX || s->distance[j] < s->distance[nearest]) nearest = j;
    }
    return nearest;
}

/* Changes pairs along the path that ends in the free column `end`, up to `start`, which gets its first. */
static void augment(solver *s, size_t end, size_t start, size_t *column_of)
{
    for (size_t j = end;;) {
        size_t row = s->from_row[j], before = column_of[row];
        s->row_of[j] = row;
        column_of[row] = j;
        if (row == start) return;
        j = before;
    }
}

static void add_row(solver *s, size_t start, size_t *column_of)
{
    for (size_t j = 0; j < s->columns; j++) {
        s->distance[j] = INFINITY;
        s->done[j] = false;
    }
    size_t end = relax(s, start, 0);
    while (s->row_of[end] != SIZE_MAX) {
        s->done[end] = true;
        end = relax(s, s->row_of[end], s->distance[end]);
    }
    double length = s->distance[end];
    s->row_price[start] += length;
    for (size_t j = 0; j < s->columns; j++) {
        if (!s->done[j]) continue;
        s->row_price[s->row_of[j]] += length - s->distance[j];
        s->column_price[j] -= length - s->distance[j];
    }
    augment(s, end, start, column_of);
}

status assignment_solve(size_t rows, size_t columns, pair_cost cost, const void *self, size_t *column_of)
{
    status st = OK;
    solver s = {0};
    if (rows > columns) TRY(FAIL(ERR_INTERNAL, "%zu rows cannot be matched with %zu columns", rows, columns));
    TRY(solver_new(rows, columns, cost, self, &s));
    for (size_t i = 0; i < rows; i++) column_of[i] = SIZE_MAX;
    for (size_t i = 0; i < rows; i++) add_row(&s, i, column_of);
done:
    solver_free(&s);
    return st;
}

/* ---- events and segments ----------------------------------------------------------------------------------------- */

typedef struct {
    const event_list *rows, *columns;
} two_lists;

static double negative_overlap(const void *self, size_t row, size_t column)
{
    const two_lists *lists = self;
    return -event_overlap(&lists->rows->at[row], &lists->columns->at[column]);
}

static double total_seconds(const event_list *list)
{
    double seconds = 0;
    for (size_t i = 0; i < list->count; i++) seconds += list->at[i].end - list->at[i].start;
    return seconds;
}

status matching_make(const event_list *events, const event_list *truth, matching *out)
{
    status st = OK;
    bool more_events = events->count > truth->count;
    two_lists lists = {more_events ? truth : events, more_events ? events : truth};
    double rows = (double)lists.rows->count, columns = (double)lists.columns->count, common = 0, iou = 0;
    size_t *column_of = NULL;
    *out = (matching){NAN, NAN};
    if (!truth->count || rows * rows * columns > MATCHING_STEPS_MAX) return OK;
    column_of = malloc((lists.rows->count + 1) * sizeof *column_of);
    if (!column_of) TRY(FAIL(ERR_MEMORY, "no memory to match %zu segments", truth->count));
    TRY(assignment_solve(lists.rows->count, lists.columns->count, negative_overlap, &lists, column_of));
    for (size_t i = 0; i < lists.rows->count; i++) {
        const event *a = &lists.rows->at[i], *b = &lists.columns->at[column_of[i]];
        common += event_overlap(a, b);
        iou += event_iou(a, b);
    }
    *out = (matching){common / total_seconds(truth), iou / (double)truth->count};
done:
    free(column_of);
    return st;
}
