#include "base/arena.h"
#include "base/direct.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/rng.h"
#include "base/status.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/magister-base-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

static int forget_failure(void **state)
{
    (void)state;
    fail_clear();
    return 0;
}

static void the_first_failure_is_kept(void **state)
{
    (void)state;
    assert_int_equal(FAIL(ERR_INPUT, "row %d", 7), ERR_INPUT);
    assert_int_equal(FAIL(ERR_IO, "consequence"), ERR_IO);
    assert_string_equal(fail_message(), "row 7");
    assert_non_null(strstr(fail_place(), "test_base.c:"));
    fail_clear();
    assert_string_equal(fail_message(), "");
}

static void every_status_has_its_exit_code(void **state)
{
    (void)state;
    assert_int_equal(status_exit_code(OK), 0);
    assert_int_equal(status_exit_code(ERR_USAGE), 64);
    assert_int_equal(status_exit_code(ERR_INPUT), 65);
    assert_int_equal(status_exit_code(ERR_MISSING), 66);
    assert_int_equal(status_exit_code(ERR_INTERNAL), 70);
    assert_int_equal(status_exit_code(ERR_CREATE), 73);
    assert_int_equal(status_exit_code(ERR_IO), 74);
    assert_int_equal(status_exit_code(ERR_RETRY), 75);
    assert_int_equal(status_exit_code(ERR_CONFIG), 78);
}

static void arena_memory_is_zeroed_aligned_and_stays(void **state)
{
    (void)state;
    arena *a = arena_new();
    char *first = arena_copy(a, "hello world", 5);
    for (size_t bytes = 1; bytes < 300000; bytes = bytes * 3 + 1) {
        unsigned char *at = arena_alloc(a, bytes);
        assert_int_equal((uintptr_t)at % 16, 0);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(at[i], 0);
        memset(at, 0xff, bytes);
    }
    assert_string_equal(first, "hello");
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(NULL, 1));
    arena_free(&a);
    assert_null(a);
}

static void a_file_is_written_whole_and_read_back(void **state)
{
    (void)state;
    char *path = path_join(folder, "x"), *bytes = NULL;
    size_t count = 0;
    assert_int_equal(file_write(path, "one\0two", 7), OK);
    assert_int_equal(file_read(path, 100, &bytes, &count), OK);
    assert_int_equal(count, 7);
    assert_memory_equal(bytes, "one\0two", 8);
    free(bytes);
    assert_int_equal(file_read(path, 6, &bytes, &count), ERR_INPUT);
    assert_non_null(strstr(fail_message(), path));
    free(path);
}

static void what_is_not_there_is_missing(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    char hash[HASH_TEXT];
    assert_int_equal(file_read("/nonexistent/file", 100, &bytes, &count), ERR_MISSING);
    fail_clear();
    assert_int_equal(hash_file("/nonexistent/file", hash), ERR_MISSING);
    fail_clear();
    assert_int_equal(file_write("/nonexistent/file", "x", 1), ERR_CREATE);
    assert_false(file_exists("/nonexistent/file"));
}

static void a_failed_write_keeps_the_old_file(void **state)
{
    (void)state;
    char *path = path_join(folder, "kept"), *bytes = NULL, *large = calloc(1, 1 << 20);
    size_t count = 0;
    struct rlimit old, tight = {4096, 4096};
    assert_int_equal(file_write(path, "old", 3), OK);
    getrlimit(RLIMIT_FSIZE, &old);
    tight.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    status st = file_write(path, large, 1 << 20);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(st, ERR_IO);
    assert_int_equal(file_read(path, 100, &bytes, &count), OK);
    assert_string_equal(bytes, "old");
    free(bytes);
    free(large);
    free(path);
}

static void write_and_compare(const char *path, const char *bytes, size_t count)
{
    char *back = NULL;
    size_t back_count = 0;
    assert_int_equal(file_write_direct(path, bytes, count), OK);
    assert_int_equal(file_read(path, count, &back, &back_count), OK);
    assert_int_equal(back_count, count);
    assert_memory_equal(back, bytes, count);
    free(back);
}

/* Sizes around blocks and pieces, memory that is aligned and not, on a disk and in memory, over what was there. */
static void large_files_are_written_past_the_cache(void **state)
{
    (void)state;
    static const size_t SIZES[] = {(8 << 20) + 4096, 0, 1, 4095, 4096, 4097, (20 << 20) + 3};
    const size_t room = 21 << 20;
    char *on_disk = path_join(folder, "large"), in_memory[64];
    snprintf(in_memory, sizeof in_memory, "/dev/shm/magister-large-%ld", (long)getpid());
    char *bytes = aligned_alloc(DIRECT_ALIGNMENT, room);
    assert_non_null(bytes);
    for (size_t i = 0; i < room; i++) bytes[i] = (char)(i * 2654435761u >> 13);
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        write_and_compare(on_disk, bytes, SIZES[i]);
        write_and_compare(on_disk, bytes + 1, SIZES[i]);
        write_and_compare(in_memory, bytes, SIZES[i]);
    }
    unlink(in_memory);
    struct rlimit old, tight;
    getrlimit(RLIMIT_FSIZE, &old);
    tight = (struct rlimit){6000, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    status st = file_write_direct(on_disk, bytes, 1 << 20);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(st, ERR_IO);
    fail_clear();
    assert_int_equal(file_write_direct("/nonexistent/file", bytes, 1), ERR_CREATE);
    free(bytes);
    free(on_disk);
}

static void directories_are_made_with_parents_and_removed(void **state)
{
    (void)state;
    char *deep = path_join(folder, "a/b/c"), *top = path_join(folder, "a"), *file = path_join(folder, "a/b/c/f");
    assert_int_equal(directory_make(deep), OK);
    assert_int_equal(directory_make(deep), OK);
    assert_int_equal(file_write(file, "x", 1), OK);
    assert_int_equal(directory_make(file), ERR_CREATE);
    fail_clear();
    assert_int_equal(directory_remove(top), OK);
    assert_false(directory_exists(top));
    assert_int_equal(directory_remove(top), OK);
    free(deep);
    free(top);
    free(file);
}

static void hashes_tell_bytes_apart(void **state)
{
    (void)state;
    char a[HASH_TEXT], b[HASH_TEXT];
    hash_bytes("abc", 3, a);
    hash_bytes("abd", 3, b);
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
    hash_bytes("abc", 3, b);
    assert_string_equal(a, b);
    assert_int_equal(crc32_bytes("123456789", 9), 0xcbf43926); /* the check value of CRC-32 */
}

static void a_file_has_the_hash_of_its_bytes(void **state)
{
    (void)state;
    static const size_t SIZES[] = {0, 1, 1 << 18, (1 << 20) + 17}; /* below, at and above what is read at once */
    char *path = path_join(folder, "hashed"), *bytes = malloc(SIZES[3]), of_file[HASH_TEXT], of_bytes[HASH_TEXT];
    for (size_t i = 0; i < SIZES[3]; i++) bytes[i] = (char)(i * i >> 7);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(file_write(path, bytes, SIZES[i]), OK);
        assert_int_equal(hash_file(path, of_file), OK);
        hash_bytes(bytes, SIZES[i], of_bytes);
        assert_string_equal(of_file, of_bytes);
    }
    free(bytes);
    free(path);
}

static void names_are_kept_inside(void **state)
{
    (void)state;
    static const char *const INSIDE[] = {"a", "a/b", "..a", "a..", "a/..b/c", ".hidden"};
    static const char *const OUTSIDE[] = {"/a", "..", "../a", "a/..", "a/../b"};
    for (size_t i = 0; i < sizeof INSIDE / sizeof *INSIDE; i++) assert_true(path_stays_inside(INSIDE[i]));
    for (size_t i = 0; i < sizeof OUTSIDE / sizeof *OUTSIDE; i++) assert_false(path_stays_inside(OUTSIDE[i]));
}

static void streams_are_resumed_by_their_counter(void **state)
{
    (void)state;
    rng a = rng_stream(1, 2, 3);
    for (int i = 0; i < 10; i++) (void)rng_u64(&a);
    rng b = rng_stream(1, 2, 3);
    b.counter = 10;
    assert_true(rng_u64(&a) == rng_u64(&b));
    rng other = rng_stream(1, 2, 4);
    b.counter = 0;
    assert_true(rng_u64(&other) != rng_u64(&b));
}

static void draws_have_the_right_moments(void **state)
{
    (void)state;
    rng r = rng_stream(5, 0, 0);
    enum { N = 200000 };
    double sum = 0, square = 0, uniform = 0;
    size_t counts[7] = {0};
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&r);
        sum += x;
        square += x * x;
        uniform += rng_uniform(&r);
        counts[rng_below(&r, 7)]++;
    }
    assert_true(fabs(sum / N) < 0.01);
    assert_true(fabs(square / N - 1) < 0.02);
    assert_true(fabs(uniform / N - 0.5) < 0.005);
    for (int i = 0; i < 7; i++) assert_true(fabs((double)counts[i] / N - 1.0 / 7) < 0.005);
}

static void a_shuffle_is_a_permutation(void **state)
{
    (void)state;
    size_t at[100], seen[100] = {0}, moved = 0;
    for (size_t i = 0; i < 100; i++) at[i] = i;
    rng r = rng_stream(9, 9, 9);
    rng_shuffle(&r, at, 100);
    for (size_t i = 0; i < 100; i++) {
        seen[at[i]]++;
        moved += at[i] != i;
    }
    for (size_t i = 0; i < 100; i++) assert_int_equal(seen[i], 1);
    assert_true(moved > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_first_failure_is_kept, forget_failure),
        cmocka_unit_test(every_status_has_its_exit_code),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_stays),
        cmocka_unit_test_teardown(a_file_is_written_whole_and_read_back, forget_failure),
        cmocka_unit_test_teardown(what_is_not_there_is_missing, forget_failure),
        cmocka_unit_test_teardown(a_failed_write_keeps_the_old_file, forget_failure),
        cmocka_unit_test_teardown(large_files_are_written_past_the_cache, forget_failure),
        cmocka_unit_test_teardown(directories_are_made_with_parents_and_removed, forget_failure),
        cmocka_unit_test(hashes_tell_bytes_apart),
        cmocka_unit_test(a_file_has_the_hash_of_its_bytes),
        cmocka_unit_test(names_are_kept_inside),
        cmocka_unit_test(streams_are_resumed_by_their_counter),
        cmocka_unit_test(draws_have_the_right_moments),
        cmocka_unit_test(a_shuffle_is_a_permutation),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
