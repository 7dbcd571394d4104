#include "events/matching.h"

#include "events/boundaries.h"
#include "made_events.h"

/* ---- assignment -------------------------------------------------------------------------------------------------- */

typedef struct {
    double cost[8][8];
    size_t rows, columns;
} table;

static double cell(const void *self, size_t row, size_t column)
{
    return ((const table *)self)->cost[row][column];
}

/* The least sum over all ways to give rows from `row` on a column that is free. */
static double least_sum(const table *t, size_t row, unsigned taken)
{
    double least = INFINITY;
    if (row == t->rows) return 0;
    for (size_t j = 0; j < t->columns; j++)
        if (!(taken >> j & 1)) least = fmin(least, t->cost[row][j] + least_sum(t, row + 1, taken | 1u << j));
    return least;
}

static void test_assignments_against_all_orders(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        rng r = rng_stream(21, 1, i);
        table t = {.columns = 1 + rng_below(&r, 6)};
        t.rows = rng_below(&r, t.columns + 1);
        bool whole = rng_below(&r, 2); /* many ties */
        for (size_t a = 0; a < t.rows; a++)
            for (size_t b = 0; b < t.columns; b++) t.cost[a][b] = whole ? (double)rng_below(&r, 4) - 2 : rng_normal(&r);
        size_t column_of[8];
        unsigned taken = 0;
        double sum = 0;
        assert_ok(assignment_solve(t.rows, t.columns, cell, &t, column_of));
        for (size_t a = 0; a < t.rows; a++) {
            assert_in_range(column_of[a], 0, t.columns - 1);
            assert_false(taken >> column_of[a] & 1);
            taken |= 1u << column_of[a];
            sum += t.cost[a][column_of[a]];
        }
        assert_close(sum, least_sum(&t, 0, 0));
    }
    assert_failed(assignment_solve(2, 1, cell, NULL, NULL), ERR_INTERNAL, "2 rows");
}

/* ---- events and segments ----------------------------------------------------------------------------------------- */

static double seconds_in_common(const event *a, const event *b)
{
    double both = 0;
    for (int t = 0; t < 100; t++) both += a->start <= t && t < a->end && b->start <= t && t < b->end;
    return both;
}

/* The most seconds that pairs of segments from `at` on with free events can have. */
static double most_common(const event_list *events, const event_list *truth, size_t at, unsigned taken)
{
    if (at == truth->count) return 0;
    double most = most_common(events, truth, at + 1, taken); /* this one stays alone */
    for (size_t i = 0; i < events->count; i++)
        if (!(taken >> i & 1))
            most = fmax(most, seconds_in_common(&events->at[i], &truth->at[at]) +
                                  most_common(events, truth, at + 1, taken | 1u << i));
    return most;
}

static void test_matching_by_hand(void **state)
{
    (void)state;
    event_list events = {0}, truth = {0}, none = {0};
    matching m;
    made_add(&events, 0, 4);
    made_add(&events, 4, 10);
    made_add(&truth, 0, 2);
    made_add(&truth, 2, 5);
    made_add(&truth, 5, 10);
    /* 0-4 with 0-2 or 2-5 (2 each), 4-10 with 5-10 (5). */
    assert_ok(matching_make(&events, &truth, &m));
    assert_close(m.mof, 7.0 / 10);
    assert_true(fabs(m.iou - (2.0 / 4 + 5.0 / 6) / 3) < 1e-9 || fabs(m.iou - (2.0 / 5 + 5.0 / 6) / 3) < 1e-9);
    assert_ok(matching_make(&truth, &truth, &m));
    assert_close(m.mof, 1);
    assert_close(m.iou, 1);
    assert_ok(matching_make(&none, &truth, &m));
    assert_close(m.mof, 0);
    assert_close(m.iou, 0);
    assert_ok(matching_make(&events, &none, &m));
    assert_true(isnan(m.mof) && isnan(m.iou));
    event_list_free(&events);
    event_list_free(&truth);
}

static void test_matching_against_all_pairs(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        rng r = rng_stream(22, 1, i);
        event_list events = made_layer(&r, 30, rng_below(&r, 7)), truth = made_truth(&r, 30, 1 + rng_below(&r, 5));
        double seconds = 0;
        matching m;
        for (size_t s = 0; s < truth.count; s++) seconds += truth.at[s].end - truth.at[s].start;
        assert_ok(matching_make(&events, &truth, &m));
        assert_close(m.mof, most_common(&events, &truth, 0, 0) / seconds);
        assert_true(m.iou >= 0 && m.iou <= 1);
        event_list_free(&events);
        event_list_free(&truth);
    }
}

/* ---- boundaries -------------------------------------------------------------------------------------------------- */

static void test_boundaries_are_inside_and_once(void **state)
{
    (void)state;
    event_list list = {0};
    double *at = NULL;
    size_t count;
    made_add(&list, 0, 2);
    made_add(&list, 1, 2);
    made_add(&list, 2.0000001, 5);
    made_add(&list, 4, 10);
    made_add(&list, 7, 12); /* a segment that ends after the video */
    assert_ok(boundaries_of(&list, 10, &at, &count));
    const double expected[] = {1, 2, 4, 5, 7};
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) assert_close(at[i], expected[i]);
    free(at);
    event_list_free(&list);
}

static void test_boundary_scores_by_hand(void **state)
{
    (void)state;
    const double found[] = {1, 2, 8}, wanted[] = {2, 3, 5, 9};
    boundary_score s = boundaries_score(found, 3, wanted, 4, 1);
    assert_close(s.precision, 1); /* 1-2, 2-3, 8-9 */
    assert_close(s.recall, 0.75);
    assert_close(s.f1, 6.0 / 7);
    s = boundaries_score(found, 3, wanted, 4, 0.5);
    assert_close(s.precision, 1.0 / 3);
    assert_close(s.recall, 0.25);
    s = boundaries_score(found, 3, wanted, 0, 1);
    assert_true(s.precision == 0 && s.recall == 0 && s.f1 == 0);
    s = boundaries_score(found, 0, wanted, 4, 1);
    assert_true(s.precision == 0 && s.recall == 0 && s.f1 == 0);
    s = boundaries_score(found, 0, wanted, 0, 1);
    assert_true(s.precision == 1 && s.recall == 1 && s.f1 == 1);
}

static size_t most_pairs(const double *a, size_t a_count, const double *b, size_t b_count, double tolerance,
                         unsigned taken)
{
    if (!a_count) return 0;
    size_t most = most_pairs(a + 1, a_count - 1, b, b_count, tolerance, taken);
    for (size_t j = 0; j < b_count; j++) {
        if (taken >> j & 1 || fabs(*a - b[j]) > tolerance) continue;
        size_t with = 1 + most_pairs(a + 1, a_count - 1, b, b_count, tolerance, taken | 1u << j);
        if (with > most) most = with;
    }
    return most;
}

static void test_boundary_pairs_against_all_pairs(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        rng r = rng_stream(23, 1, i);
        double a[6], b[6], tolerance = (double)rng_below(&r, 4);
        size_t a_count = 1 + rng_below(&r, 6), b_count = 1 + rng_below(&r, 6);
        for (size_t n = 0; n < a_count; n++) a[n] = (n ? a[n - 1] : 0) + (double)rng_below(&r, 4);
        for (size_t n = 0; n < b_count; n++) b[n] = (n ? b[n - 1] : 0) + (double)rng_below(&r, 4);
        size_t pairs = most_pairs(a, a_count, b, b_count, tolerance, 0);
        boundary_score s = boundaries_score(a, a_count, b, b_count, tolerance);
        assert_close(s.precision, (double)pairs / (double)a_count);
        assert_close(s.recall, (double)pairs / (double)b_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assignments_against_all_orders), cmocka_unit_test(test_matching_by_hand),
        cmocka_unit_test(test_matching_against_all_pairs),     cmocka_unit_test(test_boundaries_are_inside_and_once),
        cmocka_unit_test(test_boundary_scores_by_hand),        cmocka_unit_test(test_boundary_pairs_against_all_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
