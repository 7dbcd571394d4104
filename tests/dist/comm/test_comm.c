/* Every collective on any number of ranks. Inputs are exactly representable, so results are compared with ==. */
#include "comm/comm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LONG = 1100003 }; /* more than is staged, or exchanged between nodes, at once, and no multiple of anything */

static comm *world;
static int rank, size;

static void require(status st)
{
    if (st != OK) fail_msg("rank %d: %s", rank, fail_message());
}

static void test_rank_and_size(void **state)
{
    (void)state;
    const char *promised = getenv("OMPI_COMM_WORLD_SIZE");
    if (promised) assert_int_equal(size, atoi(promised));
    assert_in_range(rank, 0, size - 1);
    assert_true(comm_host(world)[0]);
}

/* The wish for node `r` in MAGISTER_TEST_NODES; all are on one node without. */
static int wished_node(int r)
{
    const char *list = getenv("MAGISTER_TEST_NODES");
    for (int i = 0; list && i < r; i++) list = strchr(list, ',') + 1;
    return list ? atoi(list) : 0;
}

static void test_nodes(void **state)
{
    (void)state;
    int seen[64] = {0}, count = 0;
    for (int r = 0; r < size; r++) {
        int node = 0;
        while (node < count && seen[node] != wished_node(r)) node++;
        if (node == count) seen[count++] = wished_node(r);
        assert_int_equal(comm_node_of(world, r), node);
    }
    assert_int_equal(comm_node_count(world), count);
}

/* First ranks of nodes exchange messages with each other, the rest only comes along. */
static void test_probe(void **state)
{
    (void)state;
    comm_link link = {.latency = -1};
    bool first = true;
    for (int r = 0; r < rank; r++) first = first && comm_node_of(world, r) != comm_node_of(world, rank);
    require(comm_probe(world, 0, &link));
    require(comm_probe(world, 100000, &link));
    if (!first || comm_node_count(world) == 1) {
        assert_true(link.latency == 0 && link.bandwidth == 0);
        return;
    }
    assert_true(link.latency > 0 && link.latency < 10);
    assert_true(link.bandwidth > 0);
    assert_int_not_equal(comm_node_of(world, link.latency_rank), comm_node_of(world, rank));
    assert_int_not_equal(comm_node_of(world, link.bandwidth_rank), comm_node_of(world, rank));
}

static void test_small_sums(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) { /* many in a row: a buffer used again too early would show */
        double d[3] = {rank + round, 0.25 * rank, -1};
        int64_t i[2] = {rank, (int64_t)1 << (40 + rank)};
        require(comm_sum_f64(world, d, 3));
        require(comm_sum_i64(world, i, 2));
        assert_true(d[0] == size * (size - 1) / 2 + round * size);
        assert_true(d[1] == 0.25 * size * (size - 1) / 2);
        assert_true(d[2] == -size);
        assert_true(i[0] == size * (size - 1) / 2);
        assert_true(i[1] == ((int64_t)1 << (40 + size)) - ((int64_t)1 << 40));
    }
}

static void test_long_sum_of_f64(void **state)
{
    (void)state;
    enum { COUNT = 5000 }; /* several meetings */
    double *values = malloc(COUNT * sizeof *values);
    for (int i = 0; i < COUNT; i++) values[i] = i + rank;
    require(comm_sum_f64(world, values, COUNT));
    for (int i = 0; i < COUNT; i++) assert_true(values[i] == (double)i * size + size * (size - 1) / 2);
    free(values);
}

static void test_any(void **state)
{
    (void)state;
    for (int who = 0; who <= size; who++) {
        bool flag = rank == who;
        require(comm_any(world, &flag));
        assert_int_equal(flag, who < size);
    }
}

static void test_broadcast(void **state)
{
    (void)state;
    for (int root = 0; root < size; root++) {
        int *numbers = malloc(LONG * sizeof *numbers);
        for (int i = 0; i < LONG; i++) numbers[i] = rank == root ? i * 7 + root : -1;
        require(comm_broadcast(world, numbers, LONG * sizeof *numbers, root));
        for (int i = 0; i < LONG; i++) assert_int_equal(numbers[i], i * 7 + root);
        free(numbers);
    }
}

static void test_gather(void **state)
{
    (void)state;
    for (int root = 0; root < size; root++) {
        size_t count = (size_t)rank * 100000, *offsets = calloc((size_t)size + 1, sizeof *offsets);
        unsigned char *mine = malloc(count + 1);
        void *all = NULL;
        memset(mine, 'a' + rank, count);
        require(comm_gather(world, mine, count, root, &all, offsets));
        assert_int_equal(all != NULL, rank == root);
        for (int r = 0; r < size && rank == root; r++) {
            assert_int_equal(offsets[r + 1] - offsets[r], (size_t)r * 100000);
            for (size_t i = offsets[r]; i < offsets[r + 1]; i++) assert_int_equal(((unsigned char *)all)[i], 'a' + r);
        }
        free(all);
        free(mine);
        free(offsets);
    }
}

/* Sums that are right in any order: whole numbers below 2^24. */
static void check_whole_numbers(float *values, size_t count, bool shared, bool tree)
{
    for (size_t i = 0; i < count; i++) values[i] = (float)(i % 1000) * (float)(rank + 1);
    require(shared ? comm_sum_shared(world, values, count, tree) : comm_sum_f32(world, values, count, tree));
    float times = (float)(size * (size + 1) / 2);
    for (size_t i = 0; i < count; i++) assert_true(values[i] == (float)(i % 1000) * times);
}

static void test_sum_of_f32(void **state)
{
    (void)state;
    float *values = malloc(LONG * sizeof *values);
    for (int tree = 0; tree < 2; tree++) {
        check_whole_numbers(values, LONG, false, tree);
        check_whole_numbers(values, 1, false, tree);
        check_whole_numbers(values, 0, false, tree);
    }
    free(values);
}

static void test_sum_of_shared(void **state)
{
    (void)state;
    float *first = NULL, *second = NULL;
    require(comm_shared_alloc(world, LONG, &first));
    require(comm_shared_alloc(world, 10, &second));
    for (int i = 0; i < LONG; i++) assert_true(first[i] == 0);
    assert_true((uintptr_t)first % 64 == 0 && (uintptr_t)second % 64 == 0);
    for (int round = 0; round < 4; round++) {
        check_whole_numbers(first, LONG, true, round % 2);
        check_whole_numbers(second, 10, true, round % 2);
        check_whole_numbers(first, 3, true, round % 2);
    }
}

/* Inputs whose sum depends on the order: 2^24 + 1 is not a float. */
static void test_order_of_sums(void **state)
{
    (void)state;
    const float big = 16777216.0f, of_rank[4] = {big, 0, 1, 1};
    float in_order = 0, *shared = NULL;
    for (int r = 0; r < size; r++) in_order += of_rank[r];
    float in_tree = size == 4 ? big + 2 : in_order;
    require(comm_shared_alloc(world, 1, &shared));
    const char *nodes = getenv("MAGISTER_TEST_NODES"); /* over nodes rank order is order inside a node, then of nodes */
    for (int tree = nodes ? 1 : 0; tree < 2; tree++) {
        float value = of_rank[rank];
        shared[0] = value;
        require(comm_sum_f32(world, &value, 1, tree));
        require(comm_sum_shared(world, shared, 1, tree));
        assert_true(value == (tree ? in_tree : in_order));
        assert_true(shared[0] == value);
        const int64_t row = 7, *rows_out;
        const float *sums;
        size_t count_out;
        require(comm_sum_rows(world, &row, 1, &of_rank[rank], 1, tree, &rows_out, &sums, &count_out));
        assert_true(count_out == 1 && rows_out[0] == 7 && sums[0] == value);
    }
}

/* Rank r touches the rows r, r + 1, ... of `count`, and all touch row 10^6. */
static void check_rows(size_t count, size_t width, bool tree)
{
    size_t own = count + 1;
    int64_t *rows = malloc(own * sizeof *rows);
    const int64_t *rows_out;
    float *values = malloc((own * width + 1) * sizeof *values);
    const float *sums;
    size_t count_out;
    for (size_t i = 0; i < own; i++) {
        rows[i] = i < count ? (int64_t)i + rank : 1000000;
        for (size_t w = 0; w < width; w++) values[i * width + w] = (float)rows[i] + (float)w;
    }
    require(comm_sum_rows(world, rows, own, values, width, tree, &rows_out, &sums, &count_out));
    assert_int_equal(count_out, count ? count + (size_t)size : 1);
    for (size_t u = 0; u < count_out; u++) {
        int64_t row = u + 1 < count_out ? (int64_t)u : 1000000, touching = 0;
        for (int r = 0; r < size; r++) touching += row == 1000000 || (row >= r && row < r + (int64_t)count);
        assert_int_equal(rows_out[u], row);
        for (size_t w = 0; w < width; w++)
            assert_true(sums[u * width + w] == (float)touching * ((float)row + (float)w));
    }
    free(rows);
    free(values);
}

static void test_rows(void **state)
{
    (void)state;
    const size_t counts[] = {3, 0, 500, 40, 2000}; /* grows, shrinks, grows */
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (int tree = 0; tree < 2; tree++) check_rows(counts[i], 1 + i * 16, tree);
}

static void test_rows_of_some_ranks_only(void **state)
{
    (void)state;
    const int64_t row = 42, *rows_out;
    const float value[2] = {1, 2}, *sums;
    size_t count_out, mine = rank == size - 1;
    require(
        comm_sum_rows(world, mine ? &row : NULL, mine, mine ? value : NULL, 2, false, &rows_out, &sums, &count_out));
    assert_int_equal(count_out, 1);
    assert_true(rows_out[0] == 42 && sums[0] == 1 && sums[1] == 2);
    require(comm_sum_rows(world, NULL, 0, NULL, 2, false, &rows_out, &sums, &count_out));
    assert_int_equal(count_out, 0);
}

static void test_agreement(void **state)
{
    (void)state;
    assert_int_equal(comm_agree(world, OK), OK);
    for (int who = 0; who < size; who++) {
        status mine = OK;
        if (rank == who) mine = FAIL(ERR_INPUT, "sample %d is wrong", who);
        if (rank == who - 1) mine = FAIL(ERR_RETRY, "asked to stop"); /* less bad: not what is told */
        assert_int_equal(comm_agree(world, mine), ERR_INPUT);
        char expected[64], place[64];
        snprintf(expected, sizeof expected, "sample %d is wrong", who);
        assert_non_null(strstr(fail_message(), expected));
        snprintf(expected, sizeof expected, "rank %d (", who);
        if (size > 1) assert_non_null(strstr(fail_message(), expected));
        snprintf(place, sizeof place, "%.11s", fail_place());
        assert_string_equal(place, "test_comm.c");
        char first[512];
        snprintf(first, sizeof first, "%s", fail_message());
        assert_int_equal(comm_agree(world, ERR_INPUT), ERR_INPUT); /* again, further out: the same words */
        assert_string_equal(fail_message(), first);
        fail_clear();
    }
    assert_int_equal(comm_agree(world, FAIL(ERR_RETRY, "asked to stop")), ERR_RETRY);
    assert_string_equal(fail_message(), "asked to stop"); /* all ranks alike: none is named */
    fail_clear();
    require(comm_barrier(world)); /* the communicator still works */
}

/* Ranks of a part, told by colours that alternate. */
static int members(int colour)
{
    int count = 0;
    for (int r = 0; r < size; r++) count += r % 2 == colour;
    return count;
}

static void check_part(comm *part)
{
    int mine = rank % 2, count = members(mine);
    float *shared = NULL;
    assert_int_equal(comm_size(part), count);
    assert_int_equal(comm_rank(part), rank / 2);
    for (int round = 0; round < 20 + 30 * mine; round++) { /* parts do not wait for each other */
        double sum = rank;
        require(comm_sum_f64(part, &sum, 1));
        assert_true(sum == count * (count - 1) + mine * count);
    }
    require(comm_shared_alloc(part, 1000, &shared));
    for (int i = 0; i < 1000; i++) shared[i] = (float)(i + rank);
    require(comm_sum_shared(part, shared, 1000, false));
    for (int i = 0; i < 1000; i++) assert_true(shared[i] == (float)(i * count + count * (count - 1) + mine * count));
}

static void test_parts(void **state)
{
    (void)state;
    comm *part = NULL;
    for (int again = 0; again < 2; again++) {
        require(comm_split(world, rank % 2, &part));
        check_part(part);
        double sum = 1;
        require(comm_sum_f64(world, &sum, 1)); /* all of them, in between */
        assert_true(sum == size);
        check_part(part);
        comm_close(&part);
        assert_null(part);
    }
}

/* A failure inside a part is the part's alone, and names ranks by their numbers in the world. */
static void test_failure_of_a_part(void **state)
{
    (void)state;
    comm *part = NULL;
    char expected[64];
    require(comm_split(world, rank % 2, &part));
    if (rank % 2 == 0) {
        int last = (size - 1) / 2 * 2;
        assert_int_equal(comm_agree(part, rank == last ? FAIL(ERR_INPUT, "bad sample") : OK), ERR_INPUT);
        snprintf(expected, sizeof expected, "rank %d (", last);
        if (members(0) > 1) assert_non_null(strstr(fail_message(), expected));
        fail_clear();
        status mine = rank == 0 ? FAIL(ERR_INPUT, "told by rank 9: bad") : OK;
        if (rank == 0) comm_names_rank(part);
        assert_int_equal(comm_agree(part, mine), ERR_INPUT);
        assert_string_equal(fail_message(), "told by rank 9: bad");
        fail_clear();
    }
    require(comm_agree(world, OK));
    comm_close(&part);
}

enum { LETTERS = 300, LONG_LETTER = 3000000 };

static size_t letter_length(int number)
{
    return number % 100 == 50 ? LONG_LETTER : 8 + (size_t)(number * 37 % MAIL_BYTES);
}

static void fill_letter(unsigned char *bytes, int from, int number)
{
    for (size_t i = 0; i < letter_length(number); i++) bytes[i] = (unsigned char)(i * 7 + (size_t)(from * 31 + number));
}

static void check_letter(const unsigned char *bytes, size_t length, int from, int number)
{
    unsigned char *expected = malloc(LONG_LETTER);
    assert_int_equal(length, letter_length(number));
    fill_letter(expected, from, number);
    assert_memory_equal(bytes, expected, length);
    free(expected);
}

/* Every rank posts to all (itself too), while the others are somewhere else. */
static void test_mail(void **state)
{
    (void)state;
    comm *part = NULL;
    void *bytes = NULL;
    size_t length;
    int from, next[8] = {0};
    unsigned char *letter = malloc(LONG_LETTER);
    require(comm_split(world, rank % 2, &part));
    for (int i = 0; i < LETTERS; i++) {
        fill_letter(letter, rank, i);
        require(comm_post(world, 0, size, letter, letter_length(i)));
        if (i % 50 == 0) require(comm_barrier(part));
    }
    for (int i = 0; i < LETTERS * size; i++) {
        require(comm_await(world, "a letter", i % 2, &bytes, &length, &from));
        assert_in_range(from, 0, size - 1);
        check_letter(bytes, length, from, next[from]++);
        free(bytes);
    }
    require(comm_flush(world, 10));
    require(comm_barrier(world));
    require(comm_take(world, &bytes, &length, &from));
    assert_null(bytes);
    require(comm_post(world, (rank + 1) % size, 1, letter, LONG_LETTER)); /* nobody takes it: the end is in order */
    comm_close(&part);
    free(letter);
}

static int open_world(void **state)
{
    (void)state;
    const char *promised = getenv("OMPI_COMM_WORLD_SIZE");
    if (comm_open(promised ? atoi(promised) : 1, 30, &world) != OK) {
        fprintf(stderr, "%s\n", fail_message());
        return -1;
    }
    rank = comm_rank(world);
    size = comm_size(world);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    comm_close(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rank_and_size),
        cmocka_unit_test(test_small_sums),
        cmocka_unit_test(test_long_sum_of_f64),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_sum_of_f32),
        cmocka_unit_test(test_sum_of_shared),
        cmocka_unit_test(test_order_of_sums),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_rows_of_some_ranks_only),
        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_failure_of_a_part),
        cmocka_unit_test(test_mail),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
