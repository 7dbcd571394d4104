/* Large memory that is used again. Sizes differ from test to test: blocks wait for the next one of theirs. */
#include "fixture.h"
#include "tensor/blocks.h"

#include <sys/resource.h>
#include <unistd.h>

static const size_t MIB = 1 << 20;

static long faults(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt;
}

/* MiB */
static size_t resident(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*u %zu", &pages), 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / MIB;
}

static void *take_and_touch(size_t mib)
{
    void *at = block_take(mib * MIB);
    assert_non_null(at);
    memset(at, 1, mib * MIB);
    return at;
}

static void a_block_is_used_again(void **state)
{
    (void)state;
    char *first = take_and_touch(40);
    assert_int_equal((uintptr_t)first % (2 * MIB), 0);
    char *beside = take_and_touch(40);
    assert_true(beside >= first + 40 * MIB || first >= beside + 40 * MIB);
    assert_true(block_give(first));
    long before = faults();
    char *again = take_and_touch(39); /* an eighth may be wasted */
    assert_ptr_equal(again, first);
    assert_true(faults() - before < 100); /* 40 MiB are 10,240 small pages */
    assert_true(block_give(again));
    assert_true(block_give(beside));
}

static void nothing_else_is_given_back(void **state)
{
    (void)state;
    char *at = take_and_touch(48);
    assert_false(block_give(at + 2 * MIB));
    assert_false(block_give(NULL));
    assert_true(block_give(at));
    assert_false(block_give(at)); /* it waits */
}

/* As activations of one size are followed by those of another: together no more than was in use at once. */
static void what_waits_leaves_for_another_size(void **state)
{
    (void)state;
    enum { SIZES = 8 };
    size_t before = resident(), most = 0;
    for (size_t i = 0; i < SIZES; i++) {
        size_t mib = 300 - 34 * i; /* 300 to 62, each too large for the next */
        assert_true(block_give(take_and_touch(mib)));
        if (resident() > most) most = resident();
    }
    assert_true(most <= before + 310);
}

static void what_cannot_be_had_is_null(void **state)
{
    (void)state;
    assert_null(block_take(SIZE_MAX));
    assert_null(block_take(SIZE_MAX / 4));
    void *at = take_and_touch(56); /* and what can be had still is */
    assert_true(block_give(at));
}

static void large_tensors_are_blocks(void **state)
{
    (void)state;
    const int64_t count = 72 * (int64_t)MIB / 4;
    long taken[2];
    for (int i = 0; i < 2; i++) {
        long before = faults();
        scope *sc = scope_open();
        tensor *x = t_shift(t_zeros(T_F32, SHAPE(count)), i + 1);
        assert_true(element(x, count - 1) == i + 1);
        scope_close(&sc);
        taken[i] = faults() - before;
    }
    if (t_device_used() == T_CPU) assert_true(taken[1] < 200); /* 144 MiB are 36,864 small pages */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(a_block_is_used_again),
        IN_SCOPE(nothing_else_is_given_back),
        IN_SCOPE(what_waits_leaves_for_another_size),
        IN_SCOPE(what_cannot_be_had_is_null),
        IN_SCOPE(large_tensors_are_blocks),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
