/* Which frames make a clip, and that the loader delivers exactly those. */
#include "reference.h"

#include "video/clip_frames.h"
#include "video/loader.h"

static void expect_frames(frame_range range, size_t count, short_clip when_short, const int64_t *wanted)
{
    int64_t index[16];
    frames_subsample(range, count, when_short, index);
    for (size_t i = 0; i < count; i++) assert_int_equal(index[i], wanted[i]);
}

static void test_subsample(void **state)
{
    (void)state;
    expect_frames((frame_range){0, 10}, 4, SHORT_REPEAT, (const int64_t[]){0, 3, 6, 9});
    expect_frames((frame_range){100, 110}, 4, SHORT_REPEAT, (const int64_t[]){100, 103, 106, 109});
    expect_frames((frame_range){0, 8}, 3, SHORT_REPEAT, (const int64_t[]){0, 3, 7});
    expect_frames((frame_range){5, 50}, 1, SHORT_REPEAT, (const int64_t[]){5});
    expect_frames((frame_range){0, 4}, 4, SHORT_REPEAT, (const int64_t[]){0, 1, 2, 3});
}

static void test_short_clips(void **state)
{
    (void)state;
    expect_frames((frame_range){7, 8}, 3, SHORT_REPEAT, (const int64_t[]){7, 7, 7});
    expect_frames((frame_range){7, 8}, 3, SHORT_STRETCH, (const int64_t[]){7, 7, 7});
    expect_frames((frame_range){2, 4}, 4, SHORT_REPEAT, (const int64_t[]){2, 3, 2, 3});
    expect_frames((frame_range){2, 4}, 4, SHORT_STRETCH, (const int64_t[]){2, 2, 2, 3});
    /* three frames twice, of which five are taken: 0, 1.25, 2.5, 3.75, 5 */
    expect_frames((frame_range){0, 3}, 5, SHORT_REPEAT, (const int64_t[]){0, 1, 2, 0, 2});
}

static void expect_range(int64_t start, int64_t end, int64_t frames, int64_t first, int64_t after)
{
    frame_range range;
    assert_ok(frame_range_of(start, end, frames, &range));
    assert_int_equal(range.first, first);
    assert_int_equal(range.end, after);
}

static void test_ranges(void **state)
{
    (void)state;
    frame_range range = {-7, -7};
    expect_range(1, -1, 30, 0, 30);
    expect_range(5, 10, 30, 4, 10);
    expect_range(5, 5, 30, 4, 5);
    expect_range(0, 0, 30, 0, 30);
    expect_range(20, 90, 30, 19, 30);
    expect_range(INT64_MIN, INT64_MAX, 30, 0, 30);
    assert_int_equal(frame_range_of(31, -1, 30, &range), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "frames 31 to -1 of a video of 30 frames"));
    fail_clear();
    assert_int_equal(frame_range_of(10, 5, 30, &range), ERR_INPUT);
    fail_clear();
    assert_int_equal(range.first, -7);
}

/* A video whose frames are shown for different times: the loader, asked by seconds, gives the frames that were counted.
 */
static void test_frames_of_variable_rate(void **state)
{
    (void)state;
    enum { WIDTH = 40, HEIGHT = 30, BYTES = WIDTH * HEIGHT * 3, COUNT = 12 };
    static uint8_t counted[COUNT * BYTES];
    static int64_t index[COUNT];
    static double seconds[COUNT];
    const char *path = make_video("uneven.mkv", "128x96", "-vf select='mod(n\\,3)' -fps_mode vfr -c:v libx264 -bf 2");
    const loader_options options = {.threads = 1, .memory = 1 << 24, .format = {WIDTH, HEIGHT, FIT_STRETCH}};
    video *v = NULL;
    loader *l = NULL;
    loaded_clip clip;

    assert_ok(video_open(path, NULL, &v));
    frames_subsample((frame_range){1, video_about(v)->frames}, COUNT, SHORT_REPEAT, index);
    get_whole(v, index, COUNT, &options.format, counted);
    assert_ok(video_frame_seconds_at(v, index, COUNT, seconds));
    bool even = true;
    for (size_t i = 2; i < COUNT; i++) even = even && fabs(seconds[i] - 2 * seconds[i - 1] + seconds[i - 2]) < 1e-3;
    assert_false(even);
    assert_ok(loader_open(&options, &l));
    assert_ok(loader_ask(l, &(clip_request){.path = path, .frames = {.seconds = seconds, .count = COUNT}}));
    assert_ok(loader_take(l, &clip));
    assert_int_equal(clip.account.decoded, COUNT);
    assert_memory_equal(clip.pictures, counted, COUNT * BYTES);
    loader_close(&l);

    index[3] = video_about(v)->frames;
    assert_int_equal(video_frame_seconds_at(v, index, COUNT, seconds), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "has frames 0 to"));
    fail_clear();
    video_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subsample),
        cmocka_unit_test(test_short_clips),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_frames_of_variable_rate),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
