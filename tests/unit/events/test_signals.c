#include "events/signals.h"

#include "tests/unit/data/scratch.h"

static void test_series_by_video(void **state)
{
    (void)state;
    signal_list list;
    assert_ok(signals_read(scratch_file("s.csv", "value,video,time\n1,x/a.mp4,0.5\n9,b,3\n-2,a,1.5\n"), &list));
    assert_int_equal(list.count, 2);
    const signal_series *a = signals_find(&list, "/films/a.MKV");
    assert_non_null(a);
    assert_int_equal(a->count, 2);
    assert_true(a->at[0].time == 0.5 && a->at[0].value == 1 && a->at[1].time == 1.5 && a->at[1].value == -2);
    assert_non_null(signals_find(&list, "b"));
    assert_null(signals_find(&list, "c"));
    signals_free(&list);
}

static void assert_bad(const char *text, const char *part)
{
    signal_list list;
    assert_failed(signals_read(scratch_file("s.csv", text), &list), ERR_INPUT, part);
}

static void test_what_is_wrong_is_named_by_line(void **state)
{
    (void)state;
    assert_bad("video,time\na,1\n", "s.csv: no signals: its header has no columns video, time and value");
    assert_bad("", "no signals");
    assert_bad("video,time,value\na,1,2\na,1,3\n", "s.csv:3: time 1 of a is not after the one before, 1");
    assert_bad("video,time,value\na,1,nan\n", "s.csv:2: value \"nan\" is not a finite number");
    assert_bad("video,time,value\na,1\n", "s.csv:2: value is missing");
    signal_list list;
    assert_failed(signals_read(scratch_path("not-there.csv"), &list), ERR_MISSING, "not-there.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series_by_video),
        cmocka_unit_test(test_what_is_wrong_is_named_by_line),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
