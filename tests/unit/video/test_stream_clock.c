/* Time stamps of every kind, packet by packet, and boxes of an MP4, byte by byte. */
#include "tests/unit/data/scratch.h"
#include "video/box_order.h"
#include "video/stream_clock.h"

/* ---- the clock --------------------------------------------------------------------------------------------------- */

/* Ticks of a millisecond, 25 frames a second. */
static stream_clock usual_clock(void)
{
    stream_clock c;
    assert_ok(stream_clock_start(&c, 0.001, 25));
    return c;
}

static int64_t take(stream_clock *c, int64_t time, bool key)
{
    packet_entry entry = {.time = time, .decode_time = TIME_UNKNOWN, .shown = true};
    (void)stream_clock_take(c, &entry, key);
    return entry.time;
}

static void test_order(void **state)
{
    (void)state;
    stream_clock c = usual_clock();
    static const int64_t times[] = {0, 120, 40, 80, 240, 160, 200}; /* I P B B P B B */
    for (int64_t group = 0; group < 10000; group++)
        for (size_t i = 0; i < 7; i++)
            assert_int_equal(take(&c, 7000 + 280 * group + times[i], i == 0), 280 * group + times[i]);
    assert_int_equal(c.jumps, 0);
}

/* A key frame of an open group is followed by frames that are shown before it. */
static void test_open_groups(void **state)
{
    (void)state;
    stream_clock c = usual_clock();
    assert_int_equal(take(&c, 0, true), 0);
    for (int64_t at = 120; at < 12000; at += 120) {
        assert_int_equal(take(&c, at, at % 240 == 0), at);
        assert_int_equal(take(&c, at - 80, false), at - 80);
        assert_int_equal(take(&c, at - 40, false), at - 40);
    }
    assert_int_equal(c.jumps, 0);
}

static void test_forward(void **state)
{
    (void)state;
    stream_clock c = usual_clock();
    assert_int_equal(take(&c, 500, true), 0);
    assert_int_equal(take(&c, 10500, false), 10000); /* ten seconds are a gap */
    assert_int_equal(take(&c, 20501, false), 10040); /* more are a jump */
    assert_int_equal(c.leap, 10001);
    assert_int_equal(take(&c, 20541, false), 10080);
    assert_int_equal(take(&c, INT64_C(1) << 60, false), 10120);
    assert_int_equal(c.jumps, 2);
}

static void test_back(void **state)
{
    (void)state;
    stream_clock c = usual_clock();
    for (int64_t i = 0; i < 100; i++) assert_int_equal(take(&c, 1000 + 40 * i, i % 10 == 0), 40 * i);
    assert_int_equal(take(&c, 0, true), 4000); /* from the beginning again */
    assert_int_equal(take(&c, 40, false), 4040);
    for (int64_t i = 2; i < 40; i++) assert_int_equal(take(&c, 40 * i, false), 4000 + 40 * i);
    assert_int_equal(take(&c, -(INT64_C(1) << 60), false), 5600); /* not at a key frame */
    assert_int_equal(c.jumps, 2);
    assert_int_equal(take(&c, 90 - (INT64_C(1) << 60), true), 5690);
    assert_int_equal(take(&c, 10 - (INT64_C(1) << 60), true), 5610); /* cameras jitter */
    assert_int_equal(c.jumps, 2);
}

/* What one packet says about itself is not to make hours. */
static void test_lies(void **state)
{
    (void)state;
    stream_clock c = usual_clock();
    assert_int_equal(take(&c, 0, true), 0);
    assert_int_equal(take(&c, -10000, false), -10000);
    assert_int_equal(take(&c, -10001, false), 40); /* too few packets to be out of order */
    packet_entry entry = {.time = 80, .decode_time = TIME_UNKNOWN, .duration = 10001, .shown = true};
    (void)stream_clock_take(&c, &entry, false);
    assert_int_equal(entry.duration, 0);
    entry = (packet_entry){.time = 120, .decode_time = TIME_UNKNOWN, .duration = 10000, .shown = true};
    (void)stream_clock_take(&c, &entry, false);
    assert_int_equal(entry.duration, 10000);
}

/* Where there is no time of showing that of decoding counts; where there is neither nothing is known. */
static void test_unknown(void **state)
{
    (void)state;
    stream_clock c = usual_clock();
    packet_entry entry = {.time = TIME_UNKNOWN, .decode_time = TIME_UNKNOWN, .shown = true};
    assert_false(stream_clock_take(&c, &entry, true));
    assert_true(entry.time == TIME_UNKNOWN && entry.decode_time == TIME_UNKNOWN);
    entry.decode_time = 90000;
    assert_false(stream_clock_take(&c, &entry, true));
    assert_true(entry.time == TIME_UNKNOWN && entry.decode_time == 0);
    entry.decode_time = 30;
    assert_true(stream_clock_take(&c, &entry, true));
    assert_int_equal(entry.decode_time, 40);
}

static void test_ticks(void **state)
{
    (void)state;
    stream_clock c;
    assert_failed(stream_clock_start(&c, 0, 25), ERR_INPUT, "every 0 seconds");
    assert_failed(stream_clock_start(&c, -1, 25), ERR_INPUT, "every -1 seconds");
    assert_failed(stream_clock_start(&c, 11, 25), ERR_INPUT, "every 11 seconds");
    assert_ok(stream_clock_start(&c, 10, 0));
    assert_int_equal(take(&c, 5, true), 0);
    assert_int_equal(take(&c, 6, true), 1);
    assert_int_equal(take(&c, 8, true), 2);
    assert_ok(stream_clock_start(&c, 1e-300, 25)); /* no overflow */
    assert_int_equal(take(&c, -(INT64_C(1) << 60), true), 0);
    assert_true(take(&c, INT64_C(1) << 60, false) > 0);
}

/* ---- boxes ------------------------------------------------------------------------------------------------------- */

static bool is_late(const char *boxes, size_t bytes, size_t at_once)
{
    box_order b = {0};
    bool late = false;
    for (size_t at = 0; at < bytes; at += at_once) {
        size_t left = bytes - at;
        late |= box_order_is_late(&b, (const uint8_t *)boxes + at, left < at_once ? left : at_once);
    }
    return late;
}

#define CHECK_BOXES(boxes, expected)                                                                                   \
    for (size_t n = 1; n < 40; n++) assert_int_equal(is_late(boxes, sizeof boxes - 1, n), expected)

// clang-format off
static void test_boxes(void **state)
{
    (void)state;
    CHECK_BOXES("\0\0\0\x10" "ftypisom\0\0\0\0" "\0\0\0\x08" "free" "\0\0\xff\xff" "mdat....", true);
    CHECK_BOXES("\0\0\0\x10" "ftypisom\0\0\0\0" "\0\0\0\x1" "mdat" "\0\0\0\1\0\0\0\0", true);
    CHECK_BOXES("\0\0\0\0" "mdat....", true);
    CHECK_BOXES("\0\0\0\x10" "ftypisom\0\0\0\0" "\0\0\0\x0a" "moov.." "\0\0\xff\xff" "mdat....", false);
    CHECK_BOXES("\0\0\0\x08" "styp" "\0\0\0\x08" "moof" "\0\0\xff\xff" "mdat....", false);
    CHECK_BOXES("\0\0\0\x07" "ftyp" "\0\0\xff\xff" "mdat....", false); /* no size of a box */
    CHECK_BOXES("\0\0\0\x1" "free" "\0\0\0\0\0\0\0\x12" ".." "\0\0\xff\xff" "mdat....", true);
    CHECK_BOXES("\x1a\x45\xdf\xa3" "\x9f\x42\x86\x81" "mdatmdatmdat", false);
    CHECK_BOXES("", false);
}
// clang-format on

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_open_groups), cmocka_unit_test(test_forward),
        cmocka_unit_test(test_back),  cmocka_unit_test(test_lies),        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_ticks), cmocka_unit_test(test_boxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
