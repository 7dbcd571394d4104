/* Curves, events, durations, sums of rows and the search for numbers that are not finite. */
#include "base/file.h"
#include "trainer/curve.h"
#include "trainer/events.h"
#include "trainer/finite.h"
#include "trainer/row_sums.h"
#include "trainer/stats.h"
#include "trainer/trainer.h"

#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/magister-records-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

static void path_in_folder(const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", folder, name);
}

static void test_curve_takes_back_what_came_after(void **state)
{
    (void)state;
    char path[128], *text = NULL;
    size_t count;
    curve *c = NULL;
    path_in_folder("curve.jsonl", path, sizeof path);
    assert_int_equal(curve_open(path, 0, true, &c), OK);
    for (int step = 1; step <= 5; step++) assert_int_equal(curve_step(c, step, 0, 1.0 / step, 0.5), OK);
    assert_int_equal(curve_score(c, 5, 0, &(train_score){12.5, NAN, NAN, NAN, NAN}, true), OK);
    curve_close(&c);
    FILE *cut_short = fopen(path, "a"); /* as a killed process may leave it */
    fputs("{\"step\": 6, \"lo", cut_short);
    fclose(cut_short);
    assert_int_equal(curve_open(path, 3, true, &c), OK);
    assert_int_equal(curve_step(c, 4, 0, 0.25, 0.5), OK);
    assert_int_equal(curve_score(c, 4, 0, &(train_score){12.5, 0.5, 25.0, 37.5, 80}, true), OK);
    assert_int_equal(curve_score(c, 4, 0, &(train_score){10, NAN, NAN, NAN, NAN}, false), OK);
    curve_close(&c);
    assert_int_equal(file_read(path, 10000, &text, &count), OK);
    assert_string_equal(text, "{\"step\": 1, \"epoch\": 1, \"loss\": 1.0, \"lr\": 0.5}\n"
                              "{\"step\": 2, \"epoch\": 1, \"loss\": 0.5, \"lr\": 0.5}\n"
                              "{\"step\": 3, \"epoch\": 1, \"loss\": 0.333333333, \"lr\": 0.5}\n"
                              "{\"step\": 4, \"epoch\": 1, \"loss\": 0.25, \"lr\": 0.5}\n"
                              "{\"step\": 4, \"epoch\": 1, \"metric\": 12.5, \"better\": true, "
                              "\"development_loss\": 0.5, \"learned\": 25.0, \"top5\": 37.5, \"samples\": 80}\n"
                              "{\"step\": 4, \"epoch\": 1, \"metric\": 10.0, \"better\": false}\n");
    free(text);
}

/* An evaluation that is still to come when a training goes on is not there twice. */
static void test_curve_of_a_stream(void **state)
{
    (void)state;
    static const char LEARNED[] = "{\"step\": 8, \"epoch\": 1, \"loss\": 0.5, \"lr\": 0.25, \"errors\": [0.5, null], "
                                  "\"optimizer_steps\": 3}\n";
    static const char HELD_OUT[] = "{\"step\": 8, \"epoch\": 1, \"eval_errors\": [0.75, 0.125], \"eval_videos\": 2}\n";
    const double learned[] = {0.5, NAN}, held_out[] = {0.75, 0.125};
    char path[128], *text = NULL;
    size_t count;
    curve *c = NULL;
    path_in_folder("stream.jsonl", path, sizeof path);
    assert_int_equal(curve_open(path, 0, true, &c), OK);
    assert_int_equal(curve_stream(c, 8, 0, 0.25, learned, 2, 3), OK);
    assert_int_equal(curve_held_out(c, 8, 0, held_out, 2, 2), OK);
    curve_close(&c);
    for (int scored = 1; scored >= 0; scored--) {
        assert_int_equal(curve_open(path, 8, scored, &c), OK);
        curve_close(&c);
        assert_int_equal(file_read(path, 10000, &text, &count), OK);
        assert_int_equal(strncmp(text, LEARNED, strlen(LEARNED)), 0);
        assert_string_equal(text + strlen(LEARNED), scored ? HELD_OUT : "");
        free(text);
    }
}

static void test_check_sums(void **state)
{
    (void)state;
    const unsigned char zeros[32] = {0};
    assert_int_equal(crc32c("123456789", 9), 0xe3069283); /* the usual check value */
    assert_int_equal(crc32c(zeros, 32), 0x8a9136aa);      /* RFC 3720, B.4 */
    assert_int_equal(crc32c("", 0), 0);
}

static uint64_t little_endian(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* The next record's bytes; checks both sums. */
static const unsigned char *record(const unsigned char **at, size_t *length)
{
    *length = (size_t)little_endian(*at, 8);
    assert_int_equal(little_endian(*at + 8, 4), crc32c_masked(*at, 8));
    const unsigned char *bytes = *at + 12;
    assert_int_equal(little_endian(bytes + *length, 4), crc32c_masked(bytes, *length));
    *at = bytes + *length + 4;
    return bytes;
}

static void test_events_are_records_of_tensorboard(void **state)
{
    (void)state;
    char path[128], *text = NULL;
    size_t count, length;
    events *e = NULL;
    glob_t found;
    path_in_folder("events", path, sizeof path);
    assert_int_equal(events_open(path, &e), OK);
    assert_int_equal(events_write(e, 300, &(event_scalar){"loss", 0.5}, 1), OK);
    events_close(&e);
    strcat(path, "/events.out.tfevents.*");
    assert_int_equal(glob(path, 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    assert_int_equal(file_read(found.gl_pathv[0], 10000, &text, &count), OK);
    globfree(&found);
    const unsigned char *at = (const unsigned char *)text, *bytes = record(&at, &length);
    assert_int_equal(bytes[0], 0x09); /* wall_time: field 1, 64 bits */
    assert_memory_equal(bytes + 9,
                        "\x1a\x0d"
                        "brain.Event:2",
                        15); /* file_version: field 3, 13 bytes */
    assert_int_equal(length, 24);
    bytes = record(&at, &length);
    const unsigned char expected[] = {0x10, 0xac, 0x02,                 /* step 300 */
                                      0x2a, 0x0d, 0x0a, 0x0b,           /* summary, one value */
                                      0x0a, 0x04, 'l',  'o',  's', 's', /* its tag */
                                      0x15, 0x00, 0x00, 0x00, 0x3f};    /* 0.5f */
    assert_int_equal(length, 9 + sizeof expected);
    assert_memory_equal(bytes + 9, expected, sizeof expected);
    assert_ptr_equal(at, (const unsigned char *)text + count);
    free(text);
}

static void test_quantiles(void **state)
{
    (void)state;
    durations d = {0};
    assert_true(durations_quantile(&d, 0.5) == 0);
    for (int i = 1; i <= 1000; i++) durations_add(&d, 0.001 * i);
    assert_true(fabs(durations_quantile(&d, 0.5) - 0.5) < 0.01);
    assert_true(fabs(durations_quantile(&d, 0.99) - 0.99) < 0.02);
    assert_true(fabs(d.seconds - 500.5) < 1e-6);
    durations_add(&d, 0);
    durations_add(&d, 1e12); /* beyond the last bin */
    assert_int_equal(d.count, 1002);
}

static void test_process(void **state)
{
    (void)state;
    double before = trainer_process_seconds();
    assert_true(before >= 0 && before < 600);
    usleep(30000);
    double passed = trainer_process_seconds() - before;
    assert_true(passed > 0.02 && passed < 30);
    assert_true(rss_peak_mb() > 1);
}

static void test_sums_of_rows(void **state)
{
    (void)state;
    const float table[] = {0, 0, 1, 2, 3, 4, 5, 6};
    const int64_t first[] = {1, 3}, second[] = {0, 1};
    row_sums a = {0}, b = {0}, sum = {0};
    assert_int_equal(row_sums_take(&a, first, 2, 2, table), OK);
    assert_int_equal(row_sums_take(&b, second, 2, 2, table), OK);
    assert_int_equal(row_sums_add(&sum, &a, &b, 2), OK);
    const int64_t rows[] = {0, 1, 3};
    const float values[] = {0, 0, 2, 4, 5, 6};
    assert_int_equal(sum.count, 3);
    assert_memory_equal(sum.rows, rows, sizeof rows);
    assert_memory_equal(sum.values, values, sizeof values);
    assert_int_equal(row_sums_take(&a, NULL, 0, 2, table), OK);
    assert_int_equal(row_sums_add(&sum, &a, &b, 2), OK);
    assert_int_equal(sum.count, 2);
    row_sums_free(&a);
    row_sums_free(&b);
    row_sums_free(&sum);
}

static void test_finite(void **state)
{
    (void)state;
    enum { LONG = 3000 };
    float *values = calloc(LONG, sizeof *values);
    const size_t places[] = {0, 1023, 1024, 2999};
    values[7] = -3.4e38f;
    assert_true(finite_f32(values, LONG));
    for (size_t i = 0; i < 4; i++) {
        values[places[i]] = i % 2 ? NAN : -INFINITY;
        assert_false(finite_f32(values, LONG));
        values[places[i]] = 0;
    }
    free(values);
    char names[64];
    finding f = {.names = names, .size = sizeof names};
    const char *const all[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++) finding_add(&f, all[i]);
    finding_end(&f);
    assert_string_equal(names, "a, b, c and 2 more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve_takes_back_what_came_after),
        cmocka_unit_test(test_curve_of_a_stream),
        cmocka_unit_test(test_check_sums),
        cmocka_unit_test(test_events_are_records_of_tensorboard),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_process),
        cmocka_unit_test(test_sums_of_rows),
        cmocka_unit_test(test_finite),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
