/* Tables written by hand: order of decoding on the left, order of showing by time. */
#include "video/frame_table.h"

#include "tests/unit/data/scratch.h"

/* I P B B, then an open group: its key frame is followed by two frames that are shown before it. */
static const int64_t TIMES[] = {100, 130, 110, 120, 160, 140, 150, 170};
static const bool KEYS[] = {true, false, false, false, true, false, false, false};
enum { COUNT = sizeof TIMES / sizeof TIMES[0] };

static void make_table(frame_table *t)
{
    for (size_t i = 0; i < COUNT; i++) {
        packet_entry entry = {.time = TIMES[i], .decode_time = (int64_t)i, .duration = 7, .shown = true};
        assert_ok(frame_table_add(t, &entry, KEYS[i]));
    }
    assert_true(frame_table_knows_times(t));
    assert_ok(frame_table_order(t));
}

static void test_order(void **state)
{
    (void)state;
    static const int64_t packets[] = {0, 2, 3, 1, 5, 6, 4, 7};
    frame_table t = {0};
    make_table(&t);
    assert_int_equal(t.frame_count, COUNT);
    for (int64_t i = 0; i < COUNT; i++) {
        assert_int_equal(t.frames[i].time, 100 + 10 * i);
        assert_int_equal(t.frames[i].packet, packets[i]);
        assert_int_equal(t.packets[packets[i]].frame, i);
    }
    assert_int_equal(frame_table_delay(&t), 1);
    frame_table_free(&t);
    assert_null(t.packets);
}

/* What is shown before a key frame may need the group before it. */
static void test_start(void **state)
{
    (void)state;
    static const int64_t starts[] = {0, 0, 0, 0, 0, 0, 4, 4};
    frame_table t = {0};
    make_table(&t);
    for (int64_t i = 0; i < COUNT; i++) assert_int_equal(frame_table_start(&t, i), starts[i]);
    frame_table_free(&t);
}

static void test_times(void **state)
{
    (void)state;
    frame_table t = {0};
    make_table(&t);
    assert_int_equal(frame_table_at(&t, INT64_MIN / 2), 0);
    assert_int_equal(frame_table_at(&t, 109), 0);
    assert_int_equal(frame_table_at(&t, 110), 1);
    assert_int_equal(frame_table_at(&t, INT64_MAX / 2), COUNT - 1);
    assert_int_equal(frame_table_ticks(&t, 0), 10);
    assert_int_equal(frame_table_ticks(&t, COUNT - 1), 7);
    assert_int_equal(frame_table_end(&t), 177);
    frame_table_free(&t);
}

/* Frames cut away by an edit list are decoded, and not counted. */
static void test_hidden(void **state)
{
    (void)state;
    frame_table t = {0};
    for (int64_t i = 0; i < 4; i++) {
        packet_entry entry = {.time = i * 10, .shown = i >= 2};
        assert_ok(frame_table_add(&t, &entry, i == 0));
    }
    assert_ok(frame_table_order(&t));
    assert_int_equal(t.frame_count, 2);
    assert_int_equal(t.frames[0].packet, 2);
    assert_int_equal(t.packets[0].frame, -1);
    assert_int_equal(frame_table_start(&t, 0), 0);
    frame_table_free(&t);
}

static void test_counted(void **state)
{
    (void)state;
    frame_table t = {0};
    for (int64_t i = 0; i < 4; i++)
        assert_ok(frame_table_add(&t, &(packet_entry){.time = TIME_UNKNOWN, .shown = true}, i == 1));
    assert_false(frame_table_knows_times(&t));
    assert_ok(frame_table_add_frame(&t, 1, 50));
    assert_ok(frame_table_add_frame(&t, 1, 60)); /* a packet is one frame */
    assert_ok(frame_table_add_frame(&t, 9, 60)); /* there is none */
    assert_ok(frame_table_add_frame(&t, 3, 40)); /* time does not run backwards */
    assert_int_equal(t.frame_count, 2);
    assert_int_equal(t.frames[1].packet, 3);
    assert_int_equal(t.frames[1].time, 50);
    assert_int_equal(frame_table_start(&t, 1), 1);
    frame_table_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),  cmocka_unit_test(test_start),   cmocka_unit_test(test_times),
        cmocka_unit_test(test_hidden), cmocka_unit_test(test_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
