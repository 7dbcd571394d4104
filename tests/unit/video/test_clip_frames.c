/* Which frames of a range make a clip. */
#include "tests/unit/data/scratch.h"
#include "video/clip_frames.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subsample),
        cmocka_unit_test(test_short_clips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
