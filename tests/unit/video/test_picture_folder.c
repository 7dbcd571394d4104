/* Folders of numbered pictures as videos: whole, with gaps, damaged, and such as are none. */
#include "reference.h"

#include "base/picture_folder.h"
#include "video/cache.h"
#include "video/check.h"
#include "video/video_files.h"

#include <sys/stat.h>

enum { WIDTH = 96, HEIGHT = 64, BYTES = WIDTH * HEIGHT * 3 };

__attribute__((format(printf, 1, 2))) static void sh(const char *format, ...)
{
    char command[2048];
    va_list values;
    va_start(values, format);
    vsnprintf(command, sizeof command, format, values);
    va_end(values);
    if (system(command)) fail_msg("%s", command);
}

/* A new folder `name` of 40 pictures whose names ffmpeg makes of `pattern`. Valid as scratch_path's. */
static const char *make_pictures(const char *name, const char *pattern, const char *options)
{
    need_programs();
    const char *folder = scratch_path(name);
    sh("rm -rf '%s' && mkdir '%s' && ffmpeg -v error -f lavfi -i testsrc2=size=%dx%d:rate=25 -frames:v 40 %s '%s/%s'",
       folder, folder, WIDTH, HEIGHT, options, folder, pattern);
    return folder;
}

static video *open_at(const char *folder, double rate)
{
    video *v = NULL;
    assert_ok(video_open(folder, &(video_options){.stream = -1, .threads = 2, .timeout = 30, .frame_rate = rate}, &v));
    return v;
}

/* What ffmpeg makes of one picture. */
static void check_picture(const char *folder, const char *name, const uint8_t *ours)
{
    static uint8_t theirs[BYTES];
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *pipe = run_program("ffmpeg -v quiet -i '%s' -f rawvideo -pix_fmt rgb24 -", path, 0);
    assert_int_equal(fread(theirs, 1, BYTES, pipe), BYTES);
    pclose(pipe);
    if (memcmp(ours, theirs, BYTES)) fail_msg("%s: differs from ffmpeg's", path);
}

static void test_as_a_file(void **state)
{
    (void)state;
    static uint8_t mixed[4 * BYTES], single[BYTES];
    static const int64_t index[] = {31, 2, 39, 2};
    const char *folder = make_pictures("P01_01", "frame_%010d.jpg", "");
    video *v = open_at(folder, 25);
    const video_info *info = video_about(v);
    video_account account;
    assert_int_equal(info->frames, 40);
    assert_int_equal(info->gaps, 0);
    assert_int_equal(info->width, WIDTH);
    assert_int_equal(info->height, HEIGHT);
    assert_float_equal(info->fps, 25, 1e-9);
    assert_float_equal(info->seconds, 1.6, 1e-9);
    assert_string_equal(info->codec, "mjpeg");
    for (int64_t i = 0; i < 40; i++) {
        assert_float_equal(video_frame_time(v, i), (double)i / 25, 1e-9);
        assert_int_equal(video_frame_at(v, video_frame_time(v, i)), i);
        assert_float_equal(video_frame_seconds(v, i), .04, 1e-9);
    }
    get_whole(v, index, 4, &(picture_format){0}, mixed);
    check_picture(folder, "frame_0000000032.jpg", mixed);
    check_picture(folder, "frame_0000000003.jpg", mixed + BYTES);
    check_picture(folder, "frame_0000000040.jpg", mixed + 2 * BYTES);
    assert_memory_equal(mixed + BYTES, mixed + 3 * BYTES, BYTES);
    assert_ok(video_frames_by_time(v, &(double){31.5 / 25}, 1, &(picture_format){0}, single, &account));
    assert_memory_equal(single, mixed, BYTES);
    video_close(&v);
    v = open_at(folder, 59.94);
    assert_true(fabs(video_frame_time(v, 30) - 30 / 59.94) < 1e-6);
    video_close(&v);
    v = open_at(folder, 0);
    assert_float_equal(video_about(v)->fps, 30, 1e-9);
    video_close(&v);
}

static void test_kinds(void **state)
{
    (void)state;
    static const char *const KINDS[][4] = {{"png", "img_%05d.png", "", "img_00008.png"},
                                           {"bmp", "%d.BMP", "-c:v bmp -f image2", "8.BMP"},
                                           {"webp", "P01_x_%03d.webp", "-c:v libwebp", "P01_x_008.webp"},
                                           {"mjpeg", "a_%d.JPEG", "-c:v mjpeg -f image2", "a_8.JPEG"}};
    static uint8_t out[40 * BYTES];
    int64_t index[40];
    frames_uniform(40, 40, index);
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        const char *folder = make_pictures(KINDS[i][0], KINDS[i][1], KINDS[i][2]);
        video *v = open_at(folder, 30);
        assert_string_equal(video_about(v)->codec, KINDS[i][0]);
        get_whole(v, index, 40, &(picture_format){0}, out);
        check_picture(folder, KINDS[i][3], out + 7 * BYTES);
        video_close(&v);
    }
}

/* Numbers begin at 0 as well; and what else lies about is passed over. */
static void test_numbering(void **state)
{
    (void)state;
    static uint8_t out[BYTES];
    const char *folder = make_pictures("zero", "img_%05d.jpg", "-start_number 0");
    sh("cd '%s' && cp img_00003.jpg cover.jpg && cp img_00003.jpg .img_00099.jpg && touch notes.txt 00041.txt && "
       "mkdir more && mv img_00039.jpg img_000000000000000000000039.jpg",
       folder);
    video *v = open_at(folder, 30);
    assert_int_equal(video_about(v)->frames, 40);
    assert_int_equal(video_about(v)->gaps, 0);
    get_whole(v, &(int64_t){3}, 1, &(picture_format){0}, out);
    check_picture(folder, "img_00003.jpg", out);
    video_close(&v);
}

/* Frames `first` .. `first` + count - 1 are as `of` (count) says, numbers of frames; `whole` of them are their own. */
static void check_stand_ins(video *v, int64_t first, size_t count, const int64_t *of, size_t whole, const char *reason)
{
    static uint8_t out[16 * BYTES], one[BYTES];
    int64_t index[16];
    video_account account;
    for (size_t i = 0; i < count; i++) index[i] = first + (int64_t)i;
    assert_ok(video_frames(v, index, count, &(picture_format){0}, out, &account));
    assert_int_equal(account.decoded, whole);
    if (!strstr(account.reason, reason)) fail_msg("\"%s\" is not in: %s", reason, account.reason);
    for (size_t i = 0; i < count; i++) {
        get_whole(v, &of[i], 1, &(picture_format){0}, one);
        if (memcmp(one, out + i * BYTES, BYTES))
            fail_msg("frame %lld is not as frame %lld", (long long)index[i], (long long)of[i]);
    }
}

static void test_gaps(void **state)
{
    (void)state;
    const char *folder = make_pictures("gaps", "frame_%010d.jpg", "");
    sh("cd '%s' && rm frame_000000001[78].jpg frame_000000000[123].jpg", folder);
    video *v = open_at(folder, 30);
    assert_int_equal(video_about(v)->frames, 40);
    assert_int_equal(video_about(v)->gaps, 5);
    assert_int_equal(video_about(v)->first_gap, 1);
    check_stand_ins(v, 14, 6, (const int64_t[]){14, 15, 15, 15, 18, 19}, 4,
                    "frame 16 (0.533 s): picture 17: there is no picture of this number");
    check_stand_ins(v, 17, 1, (const int64_t[]){15}, 0, "picture 18");
    check_stand_ins(v, 0, 4, (const int64_t[]){3, 3, 3, 3}, 1, "picture 1:"); /* nothing is before them */
    video_close(&v);
}

static void cut_file(const char *folder, const char *name, size_t bytes)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(truncate(path, (off_t)bytes), 0);
}

static void test_broken_pictures(void **state)
{
    (void)state;
    const char *folder = make_pictures("broken", "frame_%010d.jpg", ""), *pngs = make_pictures("pngs", "%d.png", "");
    cut_file(folder, "frame_0000000005.jpg", 1700);
    cut_file(folder, "frame_0000000007.jpg", 0);
    sh("cd '%s' && echo '<html><h1>404 Not Found</h1></html>' >frame_0000000009.jpg && cp '%s/11.png' "
       "frame_0000000011.jpg && rm frame_000000001[3579].jpg && ln -s nowhere frame_0000000013.jpg && mkdir "
       "frame_0000000015.jpg && mkfifo frame_0000000017.jpg && ln -s /dev/zero frame_0000000019.jpg && "
       "head -c 900 frame_0000000021.jpg >cut && printf '\\377\\331' >>cut && mv cut frame_0000000021.jpg",
       folder, pngs);
    static const char *const REASONS[] = {"05.jpg: ends early",
                                          "07.jpg: a file of 0 bytes",
                                          "09.jpg: is no picture, whatever its name says",
                                          "11.jpg: is png, where the first picture is JPEG",
                                          "13.jpg: cannot open: No such file",
                                          "15.jpg: is no file",
                                          "17.jpg: is no file",
                                          "19.jpg: is no file",
                                          "21.jpg: "};
    video *v = open_at(folder, 30);
    assert_int_equal(video_about(v)->gaps, 0);
    for (int64_t i = 0; i < 9; i++) {
        int64_t broken = 4 + 2 * i;
        check_stand_ins(v, broken - 1, 3, (const int64_t[]){broken - 1, broken - 1, broken + 1}, 2, REASONS[i]);
        check_stand_ins(v, broken, 1, (const int64_t[]){broken - 1}, 0, REASONS[i]);
    }
    video_close(&v);
    cut_file(pngs, "20.png", 900);
    sh("cd '%s' && printf '\\0\\0\\0\\0IEND\\256B\\140\\202' >>20.png", pngs); /* cut, and with an end */
    v = open_at(pngs, 30);
    check_stand_ins(v, 18, 3, (const int64_t[]){18, 18, 20}, 2, "20.png: ");
    video_close(&v);
}

static void test_another_size(void **state)
{
    (void)state;
    enum { SIDE = 32, SMALL = SIDE * SIDE * 3 };
    static uint8_t out[3 * BYTES], small[SMALL];
    static const int64_t index[] = {9, 10, 11};
    video_account account;
    const char *folder = make_pictures("sizes", "frame_%04d.jpg", "");
    sh("cd '%s' && ffmpeg -v error -f lavfi -i color=red:size=48x32 -frames:v 1 -y frame_0011.jpg", folder);
    video *v = open_at(folder, 30);
    assert_ok(video_frames(v, index, 3, &(picture_format){0}, out, &account));
    assert_int_equal(account.decoded, 3);
    assert_int_equal(account.resized, 1);
    assert_true(out[BYTES] > 240 && out[BYTES + 1] < 20 && out[2 * BYTES - 3] > 240); /* red in all corners */
    assert_ok(video_frames(v, index, 1, &(picture_format){SIDE, SIDE, FIT_CROP}, small, &account));
    assert_int_equal(account.resized, 0); /* the first picture's size is what counts, not the one asked for */
    video_close(&v);
}

static void refuse(const char *name, const char *make, const char *part)
{
    video *v = NULL;
    const char *folder = scratch_path(name);
    sh("mkdir '%s' && cd '%s' && %s", folder, folder, make);
    assert_failed(video_open(folder, NULL, &v), ERR_INPUT, part);
    assert_failed(video_open(folder, NULL, &v), ERR_INPUT, name);
}

static void test_refused(void **state)
{
    (void)state;
    video *v = NULL;
    refuse("none", "touch notes.txt picture.jpg", "without numbered pictures");
    refuse("kinds", "touch flow_x_1.jpg flow_x_2.jpg img_1.jpg img_2.jpg", "pictures of several kinds of names");
    refuse("twice", "touch f_1.jpg f_2.jpg f_01.jpg", "have one number");
    refuse("large", "touch f_1.jpg f_2097153.jpg", "f_2097153.jpg would be frame 2097153");
    refuse("digits", "touch f_1.jpg f_999999999999999999.jpg", "numbers begin at 0 or 1");
    refuse("pages", "for i in 1 2 3; do echo '<html>a page of an error</html>' >f_$i.jpg; done",
           "f_1.jpg: is no picture");
    refuse("heads", "for i in 1 2 3; do printf '\\377\\330\\377\\340 and then text \\377\\331' >f_$i.jpg; done",
           "nothing in it can be decoded");
    const char *folder = make_pictures("rates", "%d.png", "");
    assert_failed(video_open(folder, &(video_options){.stream = -1, .frame_rate = 1e9}, &v), ERR_INPUT,
                  "at 1e+09 frames a second");
    assert_failed(video_open(folder, &(video_options){.stream = 1}, &v), ERR_INPUT, "has no stream 1");
    assert_failed(video_open(folder, &(video_options){.stream = -1, .timeout = 1e-9}, &v), ERR_INPUT,
                  "longer than the time-out");
    assert_null(v);
}

/* All that can be wrong with numbers costs memory for the frames alone; and what was bad is not tried again and again.
 */
static void test_far_apart(void **state)
{
    (void)state;
    static uint8_t out[BYTES];
    video_account account;
    const char *folder = make_pictures("far", "%d.png", "");
    sh("cd '%s' && mv 40.png 2097152.png", folder);
    video *v = open_at(folder, 30);
    assert_int_equal(video_about(v)->frames, 2097152);
    assert_int_equal(video_about(v)->gaps, 2097152 - 40);
    assert_int_equal(video_about(v)->first_gap, 40);
    assert_ok(video_frames(v, &(int64_t){1000000}, 1, &(picture_format){0}, out, &account));
    check_picture(folder, "39.png", out);
    video_close(&v);
}

static void test_listed(void **state)
{
    (void)state;
    video_file_list list = {0};
    const char *root = scratch_path("root"), *one = make_pictures("one", "frame_%04d.jpg", "");
    sh("mkdir -p '%s/P01' '%s/films' && cp -r '%s' '%s/P01/P01_01' && cp -r '%s' '%s/P02' && touch '%s/films/a.mp4' "
       "'%s/films/cover_1.jpg' && ln -s .. '%s/P01/loop' && mkdir '%s/P02/more' && touch '%s/P02/more/b.mp4'",
       root, root, one, root, one, root, root, root, root, root, root);
    assert_ok(video_files_read(root, &list));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.at[0].name, "P01/P01_01");
    assert_string_equal(list.at[0].source, "P01/P01_01");
    assert_string_equal(list.at[1].name, "P02");
    assert_string_equal(list.at[2].name, "films/a");
    assert_true(list.at[0].folder && list.at[1].folder && !list.at[2].folder);
    video_files_free(&list);
    assert_failed(video_files_read(one, &list), ERR_INPUT, "is itself one video");
    sh("touch '%s/P02.mp4'", root);
    assert_failed(video_files_read(root, &list), ERR_INPUT, "two videos of one name");
}

static void expect(const char *folder, video_kind kind, const char *reason)
{
    video_verdict v;
    assert_ok(video_check(folder, 30, &v));
    if (v.kind != kind || !strstr(v.kind == VIDEO_GOOD ? v.remark : v.reason, reason))
        fail_msg("%s: %s: %s%s", folder, video_kind_name(v.kind), v.reason, v.remark);
}

static void test_checked(void **state)
{
    (void)state;
    video_verdict v;
    const char *folder = make_pictures("checked", "frame_%04d.jpg", "");
    assert_ok(video_check(folder, 30, &v));
    assert_int_equal(v.kind, VIDEO_GOOD);
    assert_int_equal(v.frames, 40);
    assert_int_equal(v.width, WIDTH);
    assert_true(v.bytes > 10000 && v.fps < 0 && v.seconds < 0);
    assert_string_equal(v.remark, "");
    sh("cd '%s' && ffmpeg -v error -f lavfi -i color=red:size=48x32 -frames:v 1 -y frame_0040.jpg", folder);
    expect(folder, VIDEO_GOOD, "1 pictures have another size than the first, as frame_0040.jpg");
    sh("rm '%s/frame_0017.jpg'", folder);
    expect(folder, VIDEO_TRUNCATED, "1 of 40 pictures are missing, the first is number 17");
    cut_file(folder, "frame_0020.jpg", 1000);
    expect(folder, VIDEO_DAMAGED, "1 of 39 pictures cannot be decoded, the first is frame_0020.jpg: ends early");
    expect(scratch_path("."), VIDEO_UNREADABLE, "a folder");
}

static status make_cache(const char *videos, double rate, cache_result *made)
{
    const cache_making making = {.videos = videos,
                                 .out = scratch_path("frames.cache"),
                                 .frame_rate = rate,
                                 .form = {.fps = 5, .format = {32, 32, FIT_CROP}},
                                 .threads = 2,
                                 .timeout = 30,
                                 .resume = true};
    return frame_cache_make(&making, made);
}

static void test_cached(void **state)
{
    (void)state;
    static uint8_t out[32 * 32 * 3];
    cache_result made;
    frame_cache *c = NULL;
    char cache[256], videos[256];
    snprintf(cache, sizeof cache, "%s", scratch_path("frames.cache"));
    snprintf(videos, sizeof videos, "%s", scratch_path("videos"));
    sh("mkdir '%s'", videos);
    make_pictures("videos/a", "frame_%04d.jpg", "");
    assert_ok(make_cache(videos, 20, &made));
    assert_int_equal(made.frames, 10); /* 2 s */
    assert_ok(make_cache(videos, 20, &made));
    assert_int_equal(made.kept, 1);
    assert_ok(frame_cache_open(cache, NULL, videos, 20, &c));
    const cached_video *a = frame_cache_find(c, "a");
    assert_non_null(a);
    video *v = open_at(scratch_path("videos/a"), 20);
    get_whole(v, &(int64_t){12}, 1, &(picture_format){32, 32, FIT_CROP}, out);
    assert_memory_equal(frame_cache_picture(c, a, 3, NULL), out, sizeof out);
    video_close(&v);
    frame_cache_close(&c);
    assert_failed(frame_cache_open(cache, NULL, videos, 25, &c), ERR_INPUT,
                  "--resume --frame-rate 25 brings it up to date");
    sh("touch -d 2001-01-01 '%s/a'", videos); /* another time alone is no change */
    assert_ok(frame_cache_open(cache, NULL, videos, 20, &c));
    frame_cache_close(&c);
    sh("rm '%s/a/frame_0040.jpg'", videos);
    assert_failed(frame_cache_open(cache, NULL, videos, 20, &c), ERR_INPUT, "videos/a has changed");
    assert_ok(make_cache(videos, 25, &made));
    assert_int_equal(made.kept, 0);
    assert_int_equal(made.frames, 8); /* 1.56 s */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_a_file), cmocka_unit_test(test_kinds),           cmocka_unit_test(test_numbering),
        cmocka_unit_test(test_gaps),      cmocka_unit_test(test_broken_pictures), cmocka_unit_test(test_another_size),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_far_apart),       cmocka_unit_test(test_listed),
        cmocka_unit_test(test_checked),   cmocka_unit_test(test_cached),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
