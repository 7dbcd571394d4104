/* The two orders of addition, sums of rows, and the world of one. Inputs that tell orders apart are compared with ==.
 */
#include "comm/sums.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LONG = 5000 }; /* more than one block, and no multiple of it */

/* 2^24 + 1 is not a float: (2^24 + 1) + 1 = 2^24, 2^24 + (1 + 1) = 2^24 + 2. */
static const float BIG = 16777216.0f;

static void test_orders(void **state)
{
    (void)state;
    float a[1] = {BIG}, b[1] = {0}, d[1] = {1}, e[1] = {1}, out[1];
    const float *parts[4] = {a, b, d, e};
    sum_parts(parts, 4, &(float *){out}, 1, 0, 1, false);
    assert_true(out[0] == BIG);
    sum_parts(parts, 4, &(float *){out}, 1, 0, 1, true);
    assert_true(out[0] == BIG + 2);
}

static void test_absent_parts_are_passed_over(void **state)
{
    (void)state;
    float a[2] = {1, 2}, b[2] = {10, 20}, out[2] = {-1, -1};
    const float *parts[5] = {NULL, a, NULL, NULL, b};
    for (int tree = 0; tree < 2; tree++) {
        sum_parts(parts, 5, &(float *){out}, 1, 0, 2, tree);
        assert_true(out[0] == 11 && out[1] == 22);
    }
    const float *none[3] = {NULL, NULL, NULL};
    sum_parts(none, 3, &(float *){out}, 1, 0, 2, true);
    assert_true(out[0] == 0 && out[1] == 0);
}

static void test_only_the_share_is_written_and_to_all(void **state)
{
    (void)state;
    float *at[3];
    for (int p = 0; p < 3; p++) {
        at[p] = malloc(LONG * sizeof(float));
        for (int i = 0; i < LONG; i++) at[p][i] = (float)(i * (p + 1));
    }
    sum_parts((const float *const *)at, 3, at, 3, 100, LONG - 200, false);
    for (int p = 0; p < 3; p++)
        for (int i = 0; i < LONG; i++)
            assert_true(at[p][i] == (float)(i >= 100 && i < LONG - 100 ? i * 6 : i * (p + 1)));
    for (int p = 0; p < 3; p++) free(at[p]);
}

/* Sums over 8 leaves, made by 1, 2, 4 and 8 ranks of aligned leaves each, are bitwise the same. */
static void test_trees_of_subtrees(void **state)
{
    (void)state;
    float leaf[8], whole, part[8], joined;
    const float *leaves[8], *parts[8];
    for (int i = 0; i < 8; i++) {
        leaf[i] = 1.0f / (float)(3 + i * i) * (i % 3 ? 1e4f : -1.0f);
        leaves[i] = &leaf[i];
        parts[i] = &part[i];
    }
    for (size_t used = 1; used <= 8; used++) {
        sum_parts(leaves, used, &(float *){&whole}, 1, 0, 1, true);
        for (size_t each = 1; each <= 8; each *= 2) {
            size_t ranks = (used + each - 1) / each;
            for (size_t r = 0; r < ranks; r++) {
                size_t own = used - r * each < each ? used - r * each : each;
                sum_parts(leaves + r * each, own, &(float *){&part[r]}, 1, 0, 1, true);
            }
            sum_parts(parts, ranks, &(float *){&joined}, 1, 0, 1, true);
            assert_memory_equal(&joined, &whole, sizeof whole);
        }
    }
}

static void test_rows(void **state)
{
    (void)state;
    const int64_t first[] = {1, 5, 9}, second[] = {0, 5}, fourth[] = {5, 9, 100};
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {10, 20, 30, 40}, d[] = {100, 200, 300, 400, 500, 600};
    const comm_rows lists[4] = {{first, a, 3}, {second, b, 2}, {NULL, NULL, 0}, {fourth, d, 3}};
    size_t cursors[4];
    const float *parts[4];
    int64_t rows[8];
    float sums[16];
    size_t count = rows_union(lists, 4, cursors, rows);
    const int64_t expected[] = {0, 1, 5, 9, 100};
    const float expected_sums[] = {10, 20, 1, 2, 133, 244, 305, 406, 500, 600};
    assert_int_equal(count, 5);
    assert_memory_equal(rows, expected, sizeof expected);
    for (int tree = 0; tree < 2; tree++) {
        memset(sums, 0, sizeof sums);
        rows_sum(lists, 4, 2, rows, 0, 2, tree, cursors, parts, sums); /* in two shares, as two ranks would */
        rows_sum(lists, 4, 2, rows, 2, 3, tree, cursors, parts, sums);
        assert_memory_equal(sums, expected_sums, sizeof expected_sums);
    }
    assert_int_equal(rows_find(&lists[0], 6), 2);
    assert_int_equal(rows_find(&lists[0], 10), 3);
}

static void test_world_of_one(void **state)
{
    (void)state;
    comm *c = NULL;
    double d[2] = {1.5, -2};
    int64_t i[1] = {INT64_MAX};
    float f[3] = {1, 2, 3}, *shared = NULL;
    bool flag = false;
    const int64_t rows[] = {3}, *rows_out;
    const float *values_out;
    size_t count_out, offsets[2];
    void *gathered = NULL;
    assert_int_equal(comm_open(1, 5, &c), OK);
    assert_int_equal(comm_size(c), 1);
    assert_int_equal(comm_rank(c), 0);
    assert_int_equal(comm_barrier(c), OK);
    assert_int_equal(comm_any(c, &flag), OK);
    assert_false(flag);
    assert_int_equal(comm_sum_f64(c, d, 2), OK);
    assert_true(d[0] == 1.5 && d[1] == -2);
    assert_int_equal(comm_sum_i64(c, i, 1), OK);
    assert_true(i[0] == INT64_MAX);
    assert_int_equal(comm_shared_alloc(c, 3, &shared), OK);
    assert_true(shared[0] == 0 && shared[2] == 0);
    memcpy(shared, f, sizeof f);
    assert_int_equal(comm_sum_shared(c, shared, 3, true), OK);
    assert_memory_equal(shared, f, sizeof f);
    assert_int_equal(comm_sum_rows(c, rows, 1, f, 3, false, &rows_out, &values_out, &count_out), OK);
    assert_true(count_out == 1 && rows_out[0] == 3 && values_out[2] == 3);
    assert_int_equal(comm_gather(c, f, sizeof f, 0, &gathered, offsets), OK);
    assert_memory_equal(gathered, f, sizeof f);
    assert_int_equal(offsets[1], sizeof f);
    free(gathered);
    comm_close(&c);
    assert_null(c);
}

static void test_failure_of_the_only_rank_keeps_its_words(void **state)
{
    (void)state;
    comm *c = NULL;
    assert_int_equal(comm_open(0, 5, &c), OK);
    status st = FAIL(ERR_INPUT, "row 7 is wrong");
    char place[64];
    strcpy(place, fail_place());
    assert_int_equal(comm_agree(c, st), ERR_INPUT);
    assert_string_equal(fail_message(), "row 7 is wrong");
    assert_string_equal(fail_place(), place);
    fail_clear();
    assert_int_equal(comm_agree(c, OK), OK); /* an agreement breaks nothing */
    comm_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_absent_parts_are_passed_over),
        cmocka_unit_test(test_only_the_share_is_written_and_to_all),
        cmocka_unit_test(test_trees_of_subtrees),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_world_of_one),
        cmocka_unit_test(test_failure_of_the_only_rank_keeps_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
