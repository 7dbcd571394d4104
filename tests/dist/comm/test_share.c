/* Read-only data of rank 0, on any number of ranks and nodes. */
#include "comm/comm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG = 3000001 };

static comm *world;
static int rank, size;

static void require(status st)
{
    if (st != OK) fail_msg("rank %d: %s", rank, fail_message());
}

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + i / 256);
}

static status fill_bytes(void *self, void *to, size_t count)
{
    int *calls = self;
    unsigned char *bytes = to;
    ++*calls;
    for (size_t i = 0; i < count; i++) bytes[i] = byte_at(i);
    return OK;
}

static void check_bytes(const shared_bytes *b, size_t count)
{
    const unsigned char *bytes = shared_bytes_at(b);
    assert_int_equal(shared_bytes_count(b), count);
    for (size_t i = 0; i < count; i++) assert_int_equal(bytes[i], byte_at(i));
}

/* What the kernel says of the memory at `at`. */
static void mapping_of(const void *at, char *out, int bytes)
{
    unsigned long first, end;
    FILE *maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(out, bytes, maps))
        if (sscanf(out, "%lx-%lx", &first, &end) == 2 && first <= (uintptr_t)at && (uintptr_t)at < end) break;
    fclose(maps);
}

static bool can_be_written(const void *at)
{
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    bool written = read(zero, (void *)(uintptr_t)at, 1) == 1;
    if (!written) assert_int_equal(errno, EFAULT);
    close(zero);
    return written;
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *at = opendir("/proc/self/fd");
    assert_non_null(at);
    while (readdir(at)) count++;
    closedir(at);
    return count;
}

static void share(comm *c, size_t count, shared_bytes **out)
{
    int calls = 0;
    bool mine = comm_rank(c) == 0;
    require(comm_share(c, mine ? count : 77, mine ? fill_bytes : NULL, mine ? &calls : NULL, out));
    assert_int_equal(calls, mine);
}

static void test_all_sizes(void **state)
{
    (void)state;
    const size_t counts[] = {0, 1, 4095, 4096, 4097, LONG};
    size_t before = open_descriptors();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        shared_bytes *first = NULL, *second = NULL;
        share(world, counts[i], &first);
        share(world, LONG - counts[i], &second);
        check_bytes(first, counts[i]);
        shared_bytes_free(&first);
        assert_null(first);
        check_bytes(second, LONG - counts[i]); /* that one is its owner's alone to free */
        shared_bytes_free(&second);
    }
    assert_int_equal(open_descriptors(), before);
}

static void test_nobody_can_write(void **state)
{
    (void)state;
    shared_bytes *b = NULL;
    int local = 1;
    assert_true(can_be_written(&local)); /* the question tells the two apart */
    share(world, 5000, &b);
    assert_false(can_be_written(shared_bytes_at(b)));
    assert_false(can_be_written((const char *)shared_bytes_at(b) + 4999));
    check_bytes(b, 5000);
    shared_bytes_free(&b);
}

static int neighbours(void)
{
    int count = 0;
    for (int r = 0; r < size; r++) count += comm_node_of(world, r) == comm_node_of(world, rank);
    return count;
}

/* Ranks of a node map one file, which has no name; other nodes have others. */
static void test_one_copy_a_node(void **state)
{
    (void)state;
    enum { LINE = 512 };
    shared_bytes *b = NULL;
    char mine[LINE] = "";
    void *all = NULL;
    long long numbers[64] = {0};
    share(world, LONG, &b);
    mapping_of(shared_bytes_at(b), mine, LINE);
    assert_int_equal(strstr(mine, "/memfd:magister (deleted)") != NULL, neighbours() > 1);
    assert_null(strstr(mine, "/dev/shm"));
    require(comm_gather(world, mine, LINE, 0, &all, NULL));
    for (int r = 0; r < size && rank == 0; r++)
        assert_int_equal(sscanf((char *)all + r * LINE, "%*s %*s %*s %*s %lld", &numbers[r]), 1);
    for (int r = 0; r < size && rank == 0; r++)
        for (int s = 0; s < r; s++)
            if (numbers[r])
                assert_int_equal(numbers[r] == numbers[s], comm_node_of(world, r) == comm_node_of(world, s));
    free(all);
    shared_bytes_free(&b);
}

static status fail_to_fill(void *self, void *to, size_t count)
{
    memset(to, 1, count / 2);
    return FAIL(ERR_INPUT, "%s: ends in the middle", (const char *)self);
}

static void test_failure_of_rank_0_is_everyones(void **state)
{
    (void)state;
    shared_bytes *b = NULL;
    assert_int_equal(comm_share(world, 100, fail_to_fill, "model.x", &b), ERR_INPUT);
    assert_null(b);
    assert_non_null(strstr(fail_message(), "model.x: ends in the middle"));
    if (size > 1) assert_non_null(strstr(fail_message(), "rank 0 ("));
    fail_clear();
    share(world, 100, &b); /* the communicator still works */
    check_bytes(b, 100);
    shared_bytes_free(&b);
}

static void test_too_much_for_memory(void **state)
{
    (void)state;
    shared_bytes *b = NULL;
    comm *part = NULL;
    int calls = 0;
    if (size == 1) skip();
    require(comm_split(world, 0, &part)); /* it breaks */
    assert_int_equal(comm_share(part, SIZE_MAX - 5000, fill_bytes, &calls, &b), ERR_MEMORY);
    assert_null(b);
    assert_int_equal(calls, 0);
    assert_non_null(strstr(fail_message(), "bytes of read-only data"));
    fail_clear();
    require(comm_barrier(world));
}

/* One rank of the last node has a limit that keeps it from its node's memory: all have a copy of their own then. */
static void check_apart(int limited, __rlimit_resource_t resource, rlim_t most)
{
    struct rlimit before, less;
    shared_bytes *b = NULL;
    char mine[512] = "";
    assert_int_equal(getrlimit(resource, &before), 0);
    less = before;
    less.rlim_cur = most;
    if (rank == limited) assert_int_equal(setrlimit(resource, &less), 0);
    share(world, LONG, &b);
    if (rank == limited) assert_int_equal(setrlimit(resource, &before), 0);
    check_bytes(b, LONG);
    assert_false(can_be_written(shared_bytes_at(b)));
    mapping_of(shared_bytes_at(b), mine, sizeof mine);
    bool last_has_neighbours = false;
    for (int r = 0; r < size - 1; r++)
        last_has_neighbours = last_has_neighbours || comm_node_of(world, r) == comm_node_of(world, size - 1);
    if (last_has_neighbours) assert_null(strstr(mine, "memfd"));
    shared_bytes_free(&b);
}

static void test_where_memory_cannot_be_shared(void **state)
{
    (void)state;
    int first = 0; /* of the last node: it makes the memory, the last rank joins */
    while (comm_node_of(world, first) != comm_node_of(world, size - 1)) first++;
    check_apart(size - 1, RLIMIT_NOFILE, 0);
    check_apart(first, RLIMIT_NOFILE, 0);
    check_apart(first, RLIMIT_FSIZE, LONG / 2); /* and no signal ends it */
}

static void test_parts(void **state)
{
    (void)state;
    comm *part = NULL;
    shared_bytes *b = NULL;
    if (size == 1) skip();
    require(comm_split(world, rank % 2, &part));
    for (int round = 0; round < 2 + 3 * (rank % 2); round++) { /* parts do not wait for each other */
        size_t count = (size_t)(1000 * (rank % 2) + round);
        shared_bytes_free(&b);
        share(part, count, &b);
        check_bytes(b, count);
    }
    size_t count = shared_bytes_count(b);
    comm_close(&part);
    check_bytes(b, count); /* it outlives the communicator */
    shared_bytes_free(&b);
    shared_bytes_free(&b); /* NULL is fine */
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
        cmocka_unit_test(test_all_sizes),
        cmocka_unit_test(test_nobody_can_write),
        cmocka_unit_test(test_one_copy_a_node),
        cmocka_unit_test(test_failure_of_rank_0_is_everyones),
        cmocka_unit_test(test_where_memory_cannot_be_shared),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_too_much_for_memory),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
