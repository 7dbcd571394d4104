/* What a caller asks for, rightly and wrongly. */
#include "reference.h"

static void test_information(void **state)
{
    (void)state;
    video *v = NULL;
    assert_ok(video_open(usual_video(), NULL, &v));
    const video_info *info = video_about(v);
    assert_int_equal(info->frames, 50);
    assert_int_equal(info->missing, 0);
    assert_int_equal(info->width, 128);
    assert_int_equal(info->height, 96);
    assert_int_equal(info->rotation, 0);
    assert_float_equal(info->fps, 25, 1e-6);
    assert_float_equal(info->seconds, 2, 1e-6);
    assert_string_equal(info->codec, "h264");
    assert_string_equal(info->pixels, "yuv420p");
    assert_float_equal(video_frame_time(v, 10), 0.4, 1e-9);
    assert_float_equal(video_frame_seconds(v, 49), 0.04, 1e-9);
    assert_true(isnan(video_frame_time(v, -1)) && isnan(video_frame_time(v, 50)));
    assert_int_equal(video_frame_at(v, 0.439), 10);
    assert_int_equal(video_frame_at(v, -1), 0);
    assert_int_equal(video_frame_at(v, NAN), 0);
    assert_int_equal(video_frame_at(v, INFINITY), 49);
    video_close(&v);
}

static void test_order_and_repeats(void **state)
{
    (void)state;
    enum { COUNT = 6, BYTES = 40 * 30 * 3 };
    static uint8_t mixed[COUNT * BYTES], single[BYTES];
    static const int64_t index[COUNT] = {37, 3, 37, 49, 0, 3};
    static const double seconds[COUNT] = {37 * .04 + .01, .12, 1.51, 4.5, -2, .159};
    const picture_format format = {40, 30, FIT_STRETCH};
    video *v = NULL;
    video_account account;
    assert_ok(video_open(usual_video(), NULL, &v));
    get_whole(v, index, COUNT, &format, mixed);
    for (size_t i = 0; i < COUNT; i++) {
        get_whole(v, index + i, 1, &format, single);
        assert_memory_equal(single, mixed + i * BYTES, BYTES);
        assert_ok(video_frames_by_time(v, seconds + i, 1, &format, single, &account));
        assert_memory_equal(single, mixed + i * BYTES, BYTES);
    }
    assert_ok(video_frames(v, index, 0, &format, single, &account));
    assert_int_equal(account.asked, 0);
    video_close(&v);
}

/* Where ffmpeg scales until the picture is covered and crops, so do we; and widths that are not a multiple of anything
 * do not write beside their picture. */
static void test_crop(void **state)
{
    (void)state;
    enum { WIDTH = 45, HEIGHT = 45, BYTES = WIDTH * HEIGHT * 3 };
    static uint8_t ours[BYTES + 64], theirs[BYTES];
    static const char COMMAND[] = "ffmpeg -v quiet -i '%1$s' -vf crop=96:96:16:0,scale=45:45:flags=area -frames:v 1 "
                                  "-f rawvideo -pix_fmt rgb24 -";
    const picture_format format = {WIDTH, HEIGHT, FIT_CROP};
    video *v = NULL;
    memset(ours, 77, sizeof ours);
    assert_ok(video_open(usual_video(), NULL, &v));
    get_whole(v, &(int64_t){0}, 1, &format, ours);
    for (size_t i = BYTES; i < sizeof ours; i++) assert_int_equal(ours[i], 77);
    FILE *pipe = run_program(COMMAND, usual_video(), 0);
    assert_int_equal(fread(theirs, 1, BYTES, pipe), BYTES);
    pclose(pipe);
    double difference = 0;
    for (size_t i = 0; i < BYTES; i++) difference += abs(ours[i] - theirs[i]);
    assert_true(difference / BYTES < 2);
    video_close(&v);
}

static void test_wrong_calls(void **state)
{
    (void)state;
    uint8_t out[3];
    video_account account;
    video *v = NULL;
    const picture_format one = {1, 1, FIT_STRETCH}, none = {0, 5, FIT_STRETCH}, large = {16385, 1, FIT_STRETCH};
    assert_ok(video_open(usual_video(), NULL, &v));
    assert_failed(video_frames(v, &(int64_t){50}, 1, &one, out, &account), ERR_INPUT, "frames 0 to 49");
    assert_failed(video_frames(v, &(int64_t){-1}, 1, &one, out, &account), ERR_INPUT, "frame -1");
    assert_failed(video_frames(v, &(int64_t){0}, 1, &none, out, &account), ERR_INPUT, "0 x 5");
    assert_failed(video_frames(v, &(int64_t){0}, 1, &large, out, &account), ERR_INPUT, "16385 x 1");
    get_whole(v, &(int64_t){0}, 1, &one, out);
    assert_int_equal(picture_bytes(&(picture_format){0}, video_about(v)), 128 * 96 * 3);
    video_close(&v);
}

static void test_no_videos(void **state)
{
    (void)state;
    video *v = NULL;
    assert_failed(video_open(scratch_path("nothing.mp4"), NULL, &v), ERR_MISSING, "nothing.mp4: cannot open");
    assert_failed(video_open(scratch_directory, NULL, &v), ERR_INPUT, "without numbered pictures");
    assert_failed(video_open(scratch_file("text.mp4", "not a video\n"), NULL, &v), ERR_INPUT, "text.mp4");
    assert_failed(video_open(scratch_file("empty.mp4", ""), NULL, &v), ERR_INPUT, "empty.mp4");
    /* a list that names another file must not be followed */
    char list[512];
    snprintf(list, sizeof list, "ffconcat version 1.0\nfile '%s'\n", usual_video());
    assert_failed(video_open(scratch_file("list.mp4", list), NULL, &v), ERR_INPUT, "list.mp4");
    snprintf(list, sizeof list, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n%s\n#EXT-X-ENDLIST\n", usual_video());
    assert_failed(video_open(scratch_file("list.m3u8", list), NULL, &v), ERR_INPUT, "list.m3u8");
    char sound[512];
    snprintf(sound, sizeof sound, "ffmpeg -v error -f lavfi -i sine=duration=1 '%s'", scratch_path("sound.mkv"));
    assert_int_equal(system(sound), 0);
    assert_failed(video_open(scratch_path("sound.mkv"), NULL, &v), ERR_INPUT, "no video stream");
    assert_null(v);
}

/* Half of a file: an MP4 whose index stands in front has its first frames, and says how many are missing. */
static void test_cut_off(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    video *v = NULL;
    int64_t index[8];
    static uint8_t out[8 * 32 * 32 * 3];
    const picture_format small = {32, 32, FIT_STRETCH};
    assert_ok(file_read(make_video("front.mp4", "128x96", "-c:v libx264 -g 20 -movflags +faststart"), 1 << 24, &bytes,
                        &count));
    assert_ok(video_open(scratch_bytes("half.mp4", bytes, count / 2), NULL, &v));
    const int64_t frames = video_about(v)->frames;
    assert_true(frames > 5 && frames < 45);
    assert_int_equal(frames + video_about(v)->missing, 50);
    frames_uniform(frames - 4, 8, index);
    get_whole(v, index, 8, &small, out);
    video_close(&v);
    free(bytes);
}

/* A time-out that has passed before anything could be done. */
static void test_too_late(void **state)
{
    (void)state;
    video *v = NULL;
    const video_options hasty = {.stream = -1, .threads = 1, .timeout = 1e-9};
    assert_failed(video_open(usual_video(), &hasty, &v), ERR_INPUT, "took longer than the time-out");
    assert_null(v);
}

static void test_uniform(void **state)
{
    (void)state;
    int64_t index[4];
    frames_uniform(100, 4, index);
    assert_int_equal(index[0], 12);
    assert_int_equal(index[3], 87);
    frames_uniform(2, 4, index);
    assert_int_equal(index[0], 0);
    assert_int_equal(index[1], 0);
    assert_int_equal(index[2], 1);
    assert_int_equal(index[3], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_information), cmocka_unit_test(test_order_and_repeats), cmocka_unit_test(test_crop),
        cmocka_unit_test(test_wrong_calls), cmocka_unit_test(test_no_videos),         cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_too_late),    cmocka_unit_test(test_uniform),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
