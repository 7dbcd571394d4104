/* Frames of files, read from front to back, are those that the decoder finds by time; going on in the middle gives what
 * reading from the start gives. */
#include "streams.h"

static const double SNIPPETS[] = {1001.0 / 30000, 0.0173};
enum { SNIPPET_COUNT = sizeof SNIPPETS / sizeof SNIPPETS[0] };

/* Containers and codecs with what makes each hard. */
static const struct {
    const char *name, *options;
} MADE[] = {
    {"b_frames.mp4", "-c:v libx264 -bf 3 -g 15 -pix_fmt yuv420p"},
    {"open.mkv", "-c:v libx264 -bf 3 -g 12 -x264-params open-gop=1:b-pyramid=normal"},
    {"open.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none:open-gop=1:keyint=12:bframes=4"},
    {"closed.ts", "-c:v libx264 -bf 2 -g 10"},
    {"fragments.mp4", "-c:v libx264 -bf 2 -g 10 -movflags frag_keyframe+empty_moov"},
    {"hidden.webm", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 8 -g 20"},
    {"vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 20"},
    {"mpeg4.avi", "-c:v mpeg4 -bf 2 -g 12"},
    {"mpeg2.mpg", "-c:v mpeg2video -bf 2 -g 12"},
    {"flash.flv", "-c:v flv1 -g 12"},
    {"ten_bit.mkv", "-c:v libx264 -pix_fmt yuv420p10le -g 12"},
    {"ntsc.mp4", "-r 30000/1001 -c:v libx264 -bf 2 -g 12"},
    {"uneven.mp4",
     "-vf settb=1/90000,setpts='N*N*N/40000/TB+N*0.001/TB' -enc_time_base 1:90000 -fps_mode passthrough -c:v libx264 "
     "-bf 2 -g 9"},
    {"uneven.mkv", "-vf setpts='(N+5*floor(N/7))/25/TB' -fps_mode passthrough -c:v libx264 -bf 2 -g 9"},
    {"intra.mov", "-c:v mjpeg"},
    {"late.mp4", "-c:v libx264 -bf 2 -g 10 -output_ts_offset 1000"},
};
enum { MADE_COUNT = sizeof MADE / sizeof MADE[0] };

static void test_made_videos(void **state)
{
    (void)state;
    for (size_t i = 0; i < MADE_COUNT; i++) {
        for (size_t k = 0; k < SNIPPET_COUNT; k++)
            stream_check(make_video(MADE[i].name, "96x64", MADE[i].options), SNIPPETS[k]);
    }
}

static void test_made_videos_from_the_middle(void **state)
{
    (void)state;
    for (size_t i = 0; i < MADE_COUNT; i++)
        stream_check_middle(make_video(MADE[i].name, "96x64", MADE[i].options), 0.07);
}

/* Turned, and begun between key frames: an edit list hides what comes before. */
static void test_turned_and_cut(void **state)
{
    (void)state;
    static const char *const TURNS[] = {"0", "90", "180", "270"};
    for (int i = 0; i < 4; i++) {
        char command[512], name[32];
        snprintf(name, sizeof name, "turned%s.mp4", TURNS[i]);
        const char *path = scratch_path(name);
        snprintf(command, sizeof command, "ffmpeg -v error -ss 0.9 -i '%s' -c copy -metadata:s:v rotate=%s '%s'",
                 usual_video(), TURNS[i], path);
        assert_int_equal(system(command), 0);
        stream_check(path, 0.06);
        stream_check_middle(path, 0.06);
    }
}

static void test_threads(void **state)
{
    (void)state;
    stream_content one, four;
    frame_stream_options o = stream_usual(0.05);
    assert_ok(stream_get(usual_video(), &o, &one));
    o.threads = 4;
    o.ahead = 1;
    assert_ok(stream_get(usual_video(), &o, &four));
    stream_compare("four threads", &one, &four, 0);
    stream_free(&one);
    stream_free(&four);
}

static void test_one_frame(void **state)
{
    (void)state;
    stream_check(make_video("one.mp4", "96x64", "-c:v libx264 -frames:v 1"), 0.03);
    stream_check(make_video("one.mkv", "96x64", "-c:v libx264 -frames:v 1"), 0.03);
    stream_check(make_video("two.ts", "96x64", "-c:v libx264 -frames:v 2"), 0.03);
}

/* 29.97 frames a second are not thirty: ten minutes of frames every half second are as long as the ten minutes, and
 * every frame is the one at its time. */
static void test_no_drift(void **state)
{
    (void)state;
    const char *path = make_video("long.mkv", "16x16",
                                  "-f lavfi -i testsrc2=size=16x16:rate=30000/1001:duration=600 -map 1 -c:v libx264 "
                                  "-preset ultrafast -g 300");
    stream_content expected, got;
    frame_stream_options o = stream_usual(0.5);
    assert_ok(stream_get(path, &o, &got));
    assert_int_equal(got.count, 1201); /* its last picture is shown until 600.03 s */
    assert_true(fabs(got.account.seconds - 17983 * 1001.0 / 30000) < 0.002);
    stream_expected(path, 0.5, &expected);
    stream_compare(path, &expected, &got, 0);
    stream_free(&expected);
    stream_free(&got);
}

/* An MP4 whose index promises more than is there. */
static void test_cut_off(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    stream_content got;
    frame_stream_options o = stream_usual(0.1);
    assert_ok(file_read(make_video("front.mp4", "128x96", "-c:v libx264 -g 20 -movflags +faststart"), 1 << 24, &bytes,
                        &count));
    assert_ok(stream_get(scratch_bytes("half.mp4", bytes, count / 2), &o, &got));
    assert_true(got.count > 1 && got.count < 18);
    assert_false(got.account.whole);
    assert_true(got.account.reason[0]);
    stream_free(&got);
    free(bytes);
}

static void test_no_videos(void **state)
{
    (void)state;
    stream_content got;
    frame_stream_options o = stream_usual(0.1);
    assert_failed(stream_get(scratch_path("nothing.mp4"), &o, &got), ERR_MISSING, "nothing.mp4: cannot open");
    assert_failed(stream_get(scratch_file("text.mp4", "not a video\n"), &o, &got), ERR_INPUT, "text.mp4");
    stream_free(&got);
    assert_failed(stream_get(scratch_file("empty.mp4", ""), &o, &got), ERR_INPUT, "empty.mp4");
    stream_free(&got);
    char list[512];
    snprintf(list, sizeof list, "ffconcat version 1.0\nfile '%s'\n", usual_video());
    assert_failed(stream_get(scratch_file("list.mp4", list), &o, &got), ERR_INPUT, "list.mp4");
    stream_free(&got);
}

static void test_wrong_options(void **state)
{
    (void)state;
    frame_stream *s = NULL;
    frame_stream_options o = stream_usual(0);
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "every 0 seconds");
    o = stream_usual(NAN);
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "seconds");
    o = stream_usual(1);
    o.format.width = 0;
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "0 x 48");
    o = stream_usual(1);
    o.ahead = 0;
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "0 frames");
    o = stream_usual(1);
    o.threads = 65;
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "not 65");
    o = stream_usual(1);
    o.first = -1;
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "frame -1");
    o = stream_usual(1);
    o.raw.width = 64;
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "64 x 0");
    o.raw.height = 64;
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "at 0 a second");
    o.raw.fps = 25;
    assert_failed(frame_stream_open("-", &o, &s), ERR_CONFIG, "such as rgb24");
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_videos),    cmocka_unit_test(test_made_videos_from_the_middle),
        cmocka_unit_test(test_turned_and_cut), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_one_frame),      cmocka_unit_test(test_no_drift),
        cmocka_unit_test(test_cut_off),        cmocka_unit_test(test_no_videos),
        cmocka_unit_test(test_wrong_options),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
