/* Videos of many kinds, made here by ffmpeg: all frames are those of ffmpeg, in any order. */
#include "reference.h"

#include <sys/stat.h>

static void check_with_threads(const char *path, int threads)
{
    video *v = NULL;
    assert_ok(video_open(path, &(video_options){.stream = -1, .threads = threads, .timeout = 60}, &v));
    check_times(v, path);
    check_pictures(v, path);
    video_close(&v);
}

static void check_video(const char *path)
{
    check_with_threads(path, 1);
}

static void test_groups(void **state)
{
    (void)state;
    check_video(usual_video());
    check_with_threads(usual_video(), 2);
    check_video(make_video("open.mkv", "98x66", "-c:v libx264 -x264-params open-gop=1:bframes=5:b-adapt=0 -g 20"));
    check_video(make_video("pyramid.mp4", "98x66", "-c:v libx264 -x264-params bframes=8:b-pyramid=normal:b-adapt=0"));
    check_video(make_video("intra.avi", "98x66", "-c:v mjpeg"));
}

/* The frames behind the last key packet, which is one that frames before it refer to, when decoding begins there. */
static void test_last_group(void **state)
{
    (void)state;
    enum { FIRST = 48, COUNT = 2, BYTES = 96 * 64 * 3 };
    static uint8_t ours[COUNT * BYTES], theirs[BYTES];
    static const char COMMAND[] =
        "ffmpeg -v quiet -threads 1 -i '%1$s' -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -";
    video *v = NULL;
    const char *path = make_video("last.mkv", "96x64", "-c:v libx264 -bf 3 -g 12 -x264-params open-gop=1");
    assert_ok(video_open(path, NULL, &v));
    assert_int_equal(video_about(v)->frames, FIRST + COUNT);
    get_whole(v, (const int64_t[]){FIRST, FIRST + 1}, COUNT, &(picture_format){0}, ours);
    FILE *pipe = run_program(COMMAND, path, 0);
    for (size_t i = 0; i < FIRST + COUNT; i++) {
        assert_int_equal(fread(theirs, 1, BYTES, pipe), BYTES);
        if (i >= FIRST) assert_memory_equal(theirs, ours + (i - FIRST) * BYTES, BYTES);
    }
    pclose(pipe);
    video_close(&v);
}

static void test_clocks(void **state)
{
    (void)state;
    check_video(make_video("variable.mkv", "128x96", "-vf select='mod(n\\,3)' -fps_mode vfr -c:v libx264 -bf 2"));
    char cut[512];
    snprintf(cut, sizeof cut, "ffmpeg -v error -ss 0.9 -i '%s' -c copy '%s'", usual_video(), scratch_path("cut.mp4"));
    assert_int_equal(system(cut), 0); /* begins between key frames: an edit list hides what comes before */
    check_video(scratch_path("cut.mp4"));
    check_video(make_video("late.mkv", "128x96", "-c:v libx264 -bf 2 -output_ts_offset 7"));
}

static void test_containers(void **state)
{
    (void)state;
    check_video(make_video("packed.avi", "128x96", "-c:v mpeg4 -bf 2 -g 25"));
    check_video(make_video("transport.ts", "128x96", "-c:v libx264 -bf 2 -g 25"));
    check_video(make_video("fragments.mp4", "128x96", "-c:v libx264 -g 25 -movflags frag_keyframe+empty_moov"));
    check_video(make_video("two.flv", "128x96", "-c:v flv1"));
}

static void test_codecs(void **state)
{
    (void)state;
    check_video(make_video("hevc.mp4", "128x96", "-c:v libx265 -x265-params log-level=none:keyint=30"));
    check_video(make_video("vp8.webm", "128x96", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16 -b:v 200k"));
    check_video(make_video("vp9.webm", "128x96", "-c:v libvpx-vp9 -cpu-used 8 -b:v 200k"));
    check_video(make_video("fields.ts", "128x96", "-c:v libx264 -flags +ildct+ilme -x264-params tff=1"));
}

static void test_pixels(void **state)
{
    (void)state;
    check_video(make_video("ten.mp4", "128x96", "-c:v libx264 -pix_fmt yuv420p10le"));
    check_video(make_video("full.mp4", "128x96", "-c:v libx264 -pix_fmt yuvj420p"));
    check_video(make_video("wide.mp4", "128x96", "-c:v libx264 -pix_fmt yuv444p -colorspace bt709 -color_range tv"));
    check_video(make_video("odd.mp4", "97x65", "-c:v libx264 -pix_fmt yuv444p"));
}

static void test_rotation(void **state)
{
    (void)state;
    static const char *const TURNS[] = {"90", "180", "270"};
    for (int i = 0; i < 3; i++) {
        char command[512], name[32];
        video *v = NULL;
        snprintf(name, sizeof name, "turned%s.mov", TURNS[i]);
        const char *path = scratch_path(name);
        snprintf(command, sizeof command, "ffmpeg -v error -i '%s' -c copy -metadata:s:v rotate=%s '%s'", usual_video(),
                 TURNS[i], path);
        assert_int_equal(system(command), 0);
        assert_ok(video_open(path, NULL, &v));
        assert_int_equal(video_about(v)->rotation, 360 - atoi(TURNS[i])); /* the file tells anticlockwise */
        assert_int_equal(video_about(v)->width, i == 1 ? 128 : 96);
        check_pictures(v, path);
        video_close(&v);
    }
}

/* Too large to be kept in memory: read by seeking, an MP4 listed without its data. */
static void test_large(void **state)
{
    (void)state;
    char command[1024];
    struct stat info;
    need_programs();
    const char *mp4 = scratch_path("large.mp4"), *mkv = scratch_path("large.mkv");
    snprintf(command, sizeof command,
             "ffmpeg -v error -f lavfi -i testsrc2=size=640x480:rate=25:duration=3,noise=alls=100:allf=t -c:v libx264 "
             "-preset ultrafast -qp 0 -bf 2 -g 5 '%s' && ffmpeg -v error -i '%s' -c copy '%s'",
             mp4, mp4, mkv);
    assert_int_equal(system(command), 0);
    assert_int_equal(stat(mp4, &info), 0);
    assert_true(info.st_size > 33 << 20);
    for (int i = 0; i < 2; i++) {
        video *v = NULL;
        const char *path = i ? mkv : mp4;
        assert_ok(video_open(path, NULL, &v));
        check_times(v, path);
        check_pictures(v, path);
        video_close(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),     cmocka_unit_test(test_last_group), cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_containers), cmocka_unit_test(test_codecs),     cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_rotation),   cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
