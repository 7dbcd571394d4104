/* The videos beside the repository as streams: the same frames as the decoder's, from the start and from the middle. */
#include "shared.h"
#include "streams.h"

static void test_shared_videos(void **state)
{
    (void)state;
    for (size_t i = 0; i < WHOLE_COUNT; i++) stream_check(shared_video(WHOLE[i]), 0.1);
}

static void test_from_the_middle(void **state)
{
    (void)state;
    for (size_t i = 0; i < WHOLE_COUNT; i++) stream_check_middle(shared_video(WHOLE[i]), 0.25);
}

/* Its frame 30 is the one before it, and counts as replaced; so does one with guessed parts. */
static void test_damaged(void **state)
{
    (void)state;
    stream_content got;
    frame_stream_options o = stream_usual(0.1);
    assert_ok(stream_get(shared_file("videos/decord_corrupted.mp4"), &o, &got));
    assert_int_equal(got.count, 50);
    assert_int_equal(got.account.replaced, 2);
    assert_memory_equal(got.pictures + 30 * STREAM_BYTES, got.pictures + 29 * STREAM_BYTES, STREAM_BYTES);
    if (!strstr(got.account.reason, "Invalid NAL unit size")) fail_msg("%s", got.account.reason);
    assert_true(got.account.whole);
    stream_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_videos),
        cmocka_unit_test(test_from_the_middle),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
