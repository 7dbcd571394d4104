/* The progress file: what is in it, how often it is written, and that it never stands in a training's way. */
#include "base/clock.h"
#include "base/file.h"
#include "trainer/progress.h"
#include "trainer/stats.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/magister-progress-XXXXXX", path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/progress.json", folder);
    return setenv("MAGISTER_TERMINAL", "0", 1);
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

static json_t *read_file(void)
{
    json_error_t error;
    json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!object) fail_msg("%s:%d: %s", path, error.line, error.text);
    return object;
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void nap(double seconds)
{
    nanosleep(&(struct timespec){(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))}, NULL);
}

static void a_training_is_told(void **state)
{
    progress p;
    (void)state;
    unlink(path);
    progress_file(path);
    progress_begin(&p, true, 40, 100);
    assert_false(file_exists(path));
    nap(0.2);
    progress_step(&p, 41, 2, NAN, 64);
    json_t *object = read_file();
    assert_int_equal(number(object, "done"), 41);
    assert_int_equal(number(object, "total"), 100);
    assert_int_equal(number(object, "epoch"), 3);
    assert_true(json_is_null(json_object_get(object, "loss")));
    assert_true(json_is_null(json_object_get(object, "best_metric")));
    assert_true(number(object, "samples_per_s") > 0 && number(object, "samples_per_s") <= 64 / 0.2);
    assert_true(number(object, "seconds_left") >= 59 * 0.2);
    json_decref(object);
    nap(1.1);
    progress_metric(&p, "top1", 31.5);
    progress_step(&p, 42, 2, 0.25, 64);
    object = read_file();
    assert_true(number(object, "loss") == 0.25 && number(object, "best_metric") == 31.5);
    assert_string_equal(json_string_value(json_object_get(object, "metric")), "top1");
    json_decref(object);
}

static void it_is_written_once_a_second_and_at_the_end(void **state)
{
    progress p;
    (void)state;
    progress_file(path);
    progress_begin(&p, true, 0, 100000);
    double begun = monotonic_seconds();
    int written = 0;
    ino_t before = 0;
    int64_t step = 0;
    for (; monotonic_seconds() - begun < 2.5; step++) {
        struct stat info;
        progress_step(&p, step + 1, 0, 1, 1);
        if (stat(path, &info) == 0 && info.st_ino != before) written++;
        if (stat(path, &info) == 0) before = info.st_ino;
        nap(0.001);
    }
    assert_in_range(written, 2, 4); /* at 0, 1 and 2 seconds; a late machine may miss one */
    progress_step(&p, 100000, 0, 1, 1);
    json_t *object = read_file();
    assert_int_equal(number(object, "done"), 100000);
    assert_true(number(object, "seconds_left") == 0);
    json_decref(object);
}

/* A stream's end is not known: it is written as often, and nothing is said of the time that is left. */
static void what_has_no_known_end_says_nothing_of_it(void **state)
{
    progress p;
    (void)state;
    double begun;
    progress_file(path);
    do { /* within a second, also on a busy machine */
        begun = monotonic_seconds();
        progress_begin(&p, true, 0, 0);
        progress_step(&p, 800, 0, 0.5, 800);
        progress_step(&p, 1600, 0, 0.25, 800);
    } while (monotonic_seconds() - begun > 0.9);
    json_t *object = read_file();
    assert_int_equal(number(object, "done"), 800);
    assert_true(json_is_null(json_object_get(object, "seconds_left")));
    json_decref(object);
}

static void counted_work_is_told(void **state)
{
    progress p;
    (void)state;
    progress_file(path);
    progress_begin(&p, true, 0, 12);
    progress_count(&p, 12, "videos");
    json_t *object = read_file();
    assert_string_equal(json_string_value(json_object_get(object, "unit")), "videos");
    assert_true(json_is_null(json_object_get(object, "samples_per_s")));
    json_decref(object);
}

static void only_the_rank_that_tells_writes(void **state)
{
    progress p;
    (void)state;
    unlink(path);
    progress_file(path);
    progress_begin(&p, false, 0, 1);
    progress_step(&p, 1, 0, 1, 1);
    assert_false(file_exists(path));
    progress_file(NULL);
    progress_begin(&p, true, 0, 1);
    progress_step(&p, 1, 0, 1, 1);
    assert_false(file_exists(path));
}

static void a_file_that_cannot_be_written_is_no_failure(void **state)
{
    progress p;
    (void)state;
    progress_file("/nowhere/progress.json");
    progress_begin(&p, true, 0, 1);
    progress_step(&p, 1, 0, 1, 1);
    assert_string_equal(fail_message(), "");
    FAIL(ERR_INPUT, "a failure that waits to be told");
    progress_step(&p, 1, 0, 1, 1);
    assert_string_equal(fail_message(), "a failure that waits to be told");
    fail_clear();
    progress_file(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_is_told),
        cmocka_unit_test(it_is_written_once_a_second_and_at_the_end),
        cmocka_unit_test(what_has_no_known_end_says_nothing_of_it),
        cmocka_unit_test(counted_work_is_told),
        cmocka_unit_test(only_the_rank_that_tells_writes),
        cmocka_unit_test(a_file_that_cannot_be_written_is_no_failure),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
