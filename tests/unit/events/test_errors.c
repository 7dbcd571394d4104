#include "events/errors.h"

#include "events/event_log.h"
#include "tests/unit/data/scratch.h"

#include <math.h>

static void test_what_is_logged_comes_back(void **state)
{
    (void)state;
    line_log *log = NULL;
    error_curves curves;
    const char *path = scratch_path("errors.jsonl");
    assert_ok(line_log_open(path, NULL, &log));
    assert_ok(event_log_error(log, "x/a.mp4", 0, 0.5, NAN, NAN, false));
    assert_ok(event_log_error(log, "x/a.mp4", 0, 1, 0.25, NAN, false));
    assert_ok(event_log_error(log, "b", 0, 0.5, 9, 9, true));
    assert_ok(event_log_error(log, "x/a.mp4", 0, 1.5, 0.75, 0.5, true));
    assert_ok(event_log_error(log, "x/a.mp4", 2, 1.5, -0.125, 0.1, false));
    line_log_close(&log);
    assert_ok(errors_read(path, "a.mkv", &curves));
    assert_int_equal(curves.layer_count, 3);
    const error_curve *base = &curves.layers[0];
    assert_int_equal(base->count, 3);
    assert_true(base->at[0].time == 0.5 && isnan(base->at[0].error) && isnan(base->at[0].threshold));
    assert_true(base->at[2].error == 0.75 && base->at[2].threshold == 0.5 && base->at[2].boundary);
    assert_false(base->at[1].boundary);
    assert_int_equal(curves.layers[1].count, 0);
    assert_true(curves.layers[2].count == 1 && curves.layers[2].at[0].error == -0.125);
    errors_free(&curves);
    assert_ok(errors_read(path, "c", &curves));
    assert_int_equal(curves.layer_count, 0);
    errors_free(&curves);
}

static void test_a_video_watched_again_has_the_last_errors(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"video\": \"a\", \"layer\": 0, \"time\": 1, \"error\": 1}\n"
                               "{\"video\": \"a\", \"layer\": 0, \"time\": 2, \"error\": 1}\n"
                               "{\"video\": \"a\", \"layer\": 1, \"time\": 2, \"error\": 1}\n"
                               "{\"video\": \"a\", \"layer\": 0, \"time\": 1, \"error\": 7}\n";
    error_curves curves;
    assert_ok(errors_read(scratch_file("again.jsonl", TEXT), "a", &curves));
    assert_int_equal(curves.layers[0].count, 1);
    assert_true(curves.layers[0].at[0].error == 7);
    assert_int_equal(curves.layers[1].count, 0);
    errors_free(&curves);
}

/* Names with and without escapes, and longer than any: none is taken for another, or passed over. */
static void test_names_are_found_however_they_are_written(void **state)
{
    (void)state;
    static const char REST[] = ", \"layer\": 0, \"time\": 1, \"error\": 1}\n";
    static const char *const WRITTEN[] = {"{\"video\": \"x/caf\\u00e9.mp4\"", "{\"video\": \"say \\\"a\\\".mp4\"",
                                          "{\"video\" : \"d\"", "{\"video\": \"dd\"",
                                          "{\"layer\": 0, \"video\": \"e\""};
    static const char *const NAMES[] = {"caf\u00e9", "say \"a\"", "d", "dd", "e"};
    char text[2048] = "", long_name[1200];
    error_curves curves;
    for (size_t i = 0; i < 5; i++) {
        strcat(text, WRITTEN[i]);
        strcat(text, i == 4 ? REST + sizeof ", \"layer\": 0" - 1 : REST);
    }
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    snprintf(text + strlen(text), sizeof text - strlen(text), "{\"video\": \"%s\"%s", long_name, REST);
    scratch_file("names.jsonl", text);
    for (size_t i = 0; i <= 5; i++) {
        assert_ok(errors_read(scratch_path("names.jsonl"), i < 5 ? NAMES[i] : long_name, &curves));
        assert_int_equal(curves.layers[0].count, 1);
        errors_free(&curves);
    }
    assert_ok(errors_read(scratch_path("names.jsonl"), "a", &curves));
    assert_int_equal(curves.layer_count, 0);
    errors_free(&curves);
}

static void assert_bad(const char *line, const char *part)
{
    error_curves curves;
    char text[512];
    snprintf(text, sizeof text, "{\"video\": \"a\", \"layer\": 0, \"time\": 1, \"error\": 2}\n%s\n", line);
    assert_failed(errors_read(scratch_file("bad.jsonl", text), "a", &curves), ERR_INPUT, part);
}

static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    assert_bad("7", "bad.jsonl:2: is no JSON object");
    assert_bad("{\"layer\": 0}", "bad.jsonl:2: no text video");
    assert_bad("{\"video\": \"a\", \"layer\": 64, \"time\": 2}", "layer is missing, or out");
    assert_bad("{\"video\": \"a\", \"layer\": 1, \"time\": 2}\n{\"video\": \"a\", \"layer\": 1, \"time\": 2}",
               "bad.jsonl:3: time is not after");
    assert_bad("{\"video\": \"a\", \"layer\": 0, \"time\": 1e300}", "time is missing, or out");
    assert_bad("{\"video\": \"a\", \"layer\": 0}", "time is missing");
    error_curves curves;
    assert_failed(errors_read(scratch_path("not-there"), "a", &curves), ERR_MISSING, "not-there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_logged_comes_back),
        cmocka_unit_test(test_a_video_watched_again_has_the_last_errors),
        cmocka_unit_test(test_names_are_found_however_they_are_written),
        cmocka_unit_test(test_what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
