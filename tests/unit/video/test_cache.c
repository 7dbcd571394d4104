/* Frame caches: made of real files that the encoder writes, opened, compared, resumed. */
#include "video/cache.h"
#include "video/encoder.h"
#include "video/loader.h"

#include "tests/unit/data/scratch.h"

#include <dirent.h>
#include <sys/stat.h>
#include <utime.h>

enum { SIDE = 32, FRAMES = 25, PICTURE = SIDE * SIDE * 3 };

static char videos[128], cache[128];
static size_t told;

static const cache_form FOUR_FPS = {.fps = 4, .format = {SIDE, SIDE, FIT_CROP}};
static const cache_form EIGHT_FRAMES = {.uniform = 8, .format = {SIDE, SIDE, FIT_CROP}};

static const char *in(const char *folder, const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* 2.5 seconds at 10 frames a second, every frame of another grey. */
static void write_video(const char *name, int base)
{
    encoder_file *e = NULL;
    uint8_t rgb[64 * 48 * 3];
    const encode_options options = {.width = 64, .height = 48, .fps = 10, .quality = 10, .keyframe = 10};
    assert_ok(encoder_open(in(videos, name), &options, &e));
    for (int i = 0; i < FRAMES; i++) {
        memset(rgb, base + i * 4, sizeof rgb);
        assert_ok(encoder_add(e, rgb));
    }
    assert_ok(encoder_finish(e));
    encoder_close(&e);
}

static void write_text(const char *path, const char *text)
{
    assert_ok(file_write(path, text, strlen(text)));
}

static int fresh(void **state)
{
    (void)state;
    snprintf(videos, sizeof videos, "%s/videos", scratch_directory);
    snprintf(cache, sizeof cache, "%s/cache", scratch_directory);
    assert_ok(directory_remove(videos));
    assert_ok(directory_remove(cache));
    assert_ok(directory_make(in(videos, "part")));
    write_video("b.mp4", 20);
    write_video("part/a.MP4", 60);
    told = 0;
    return 0;
}

static void tell(void *self, const cached_video *about, size_t done, size_t of)
{
    (void)self, (void)about;
    assert_true(done <= of);
    told++;
}

static status make(const cache_form *form, int threads, bool resume, cache_result *out)
{
    const cache_making making = {
        .videos = videos, .out = cache, .form = *form, .threads = threads, .resume = resume, .tell = tell};
    return frame_cache_make(&making, out);
}

static frame_cache *opened(const cache_form *want)
{
    frame_cache *c = NULL;
    assert_ok(frame_cache_open(cache, want, videos, 0, &c));
    return c;
}

static void assert_same_as_decoder(const frame_cache *c, const char *name, const char *file, double seconds)
{
    video *v = NULL;
    uint8_t direct[PICTURE];
    video_account account;
    bool replaced = true;
    const cached_video *cached = frame_cache_find(c, name);
    assert_non_null(cached);
    assert_ok(video_open(in(videos, file), NULL, &v));
    assert_ok(video_frames_by_time(v, &seconds, 1, &FOUR_FPS.format, direct, &account));
    const uint8_t *got = frame_cache_picture(c, cached, frame_cache_at(c, cached, seconds), &replaced);
    assert_memory_equal(got, direct, PICTURE);
    assert_false(replaced);
    video_close(&v);
}

static void test_frames_a_second(void **state)
{
    (void)state;
    cache_result made;
    assert_ok(make(&FOUR_FPS, 2, false, &made));
    assert_int_equal(made.videos, 2);
    assert_int_equal(made.frames, 20); /* 2.5 s: at 0, .25 ... 2.25 */
    assert_int_equal(made.bytes, 20 * PICTURE);
    assert_int_equal(made.damaged + made.empty + made.kept, 0);
    assert_int_equal(told, 2);
    frame_cache *c = opened(&FOUR_FPS);
    assert_int_equal(frame_cache_count(c), 2);
    assert_string_equal(frame_cache_video(c, 0)->name, "b");
    assert_string_equal(frame_cache_video(c, 1)->name, "part/a");
    assert_null(frame_cache_video(c, 2));
    assert_null(frame_cache_find(c, "a"));
    for (int i = 0; i < 10; i++) {
        assert_same_as_decoder(c, "b", "b.mp4", i / 4.);
        assert_same_as_decoder(c, "part/a", "part/a.MP4", i / 4.);
    }
    const cached_video *b = frame_cache_find(c, "b");
    assert_int_equal(frame_cache_at(c, b, -1), 0);
    assert_int_equal(frame_cache_at(c, b, .249), 0);
    assert_int_equal(frame_cache_at(c, b, .25), 1);
    assert_int_equal(frame_cache_at(c, b, 1e30), 9);
    assert_null(frame_cache_picture(c, b, 10, NULL));
    frame_cache_close(&c);
    assert_null(c);
}

static void test_uniform_frames(void **state)
{
    (void)state;
    cache_result made;
    int64_t index[8];
    assert_ok(make(&EIGHT_FRAMES, 1, false, &made));
    assert_int_equal(made.frames, 16);
    frame_cache *c = opened(&EIGHT_FRAMES);
    const cached_video *b = frame_cache_find(c, "b");
    frames_uniform(FRAMES, 8, index);
    for (size_t i = 0; i < 8; i++) {
        double seconds = (double)index[i] / 10;
        assert_int_equal(frame_cache_at(c, b, seconds), i);
        assert_int_equal(frame_cache_at(c, b, seconds + .05), i);
        assert_same_as_decoder(c, "b", "b.mp4", seconds);
    }
    assert_int_equal(frame_cache_at(c, b, 0), 0);
    frame_cache_close(&c);
}

/* The same bytes whatever the number of threads. */
static void test_threads_make_no_difference(void **state)
{
    (void)state;
    cache_result made;
    char *one = NULL, *four = NULL;
    size_t count[2];
    assert_ok(make(&FOUR_FPS, 1, false, &made));
    assert_ok(file_read(in(cache, "part/a.u8"), 1 << 20, &one, &count[0]));
    assert_ok(directory_remove(cache));
    assert_ok(make(&FOUR_FPS, 4, false, &made));
    assert_ok(file_read(in(cache, "part/a.u8"), 1 << 20, &four, &count[1]));
    assert_int_equal(count[0], 10 * PICTURE);
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(one, four, count[0]);
    free(one);
    free(four);
}

static void test_broken_videos_are_recorded(void **state)
{
    (void)state;
    cache_result made;
    write_text(in(videos, "c.mp4"), "this is no video");
    assert_ok(make(&FOUR_FPS, 2, false, &made));
    assert_int_equal(made.videos, 3);
    assert_int_equal(made.empty, 1);
    frame_cache *c = opened(&FOUR_FPS);
    const cached_video *broken = frame_cache_find(c, "c");
    assert_int_equal(broken->frames, 0);
    assert_non_null(strstr(broken->reason, "c.mp4"));
    assert_null(frame_cache_picture(c, broken, 0, NULL));
    frame_cache_close(&c);
}

static void test_what_is_wanted_is_compared(void **state)
{
    (void)state;
    cache_result made;
    frame_cache *c = NULL;
    cache_form other = FOUR_FPS;
    assert_ok(make(&FOUR_FPS, 1, false, &made));
    assert_failed(frame_cache_open(cache, &EIGHT_FRAMES, NULL, 0, &c), ERR_INPUT,
                  "holds 4 frames a second of 32 x 32 (crop), but wanted are 8 uniform frames a video");
    other.format.fit = FIT_STRETCH;
    assert_failed(frame_cache_open(cache, &other, NULL, 0, &c), ERR_INPUT, "(stretch)");
    assert_null(c);
    c = opened(NULL);
    assert_true(frame_cache_made_as(c)->fps == 4);
    frame_cache_close(&c);
}

static void test_changed_sources(void **state)
{
    (void)state;
    cache_result made;
    frame_cache *c = NULL;
    assert_ok(make(&FOUR_FPS, 1, false, &made));
    utime(in(videos, "b.mp4"), &(struct utimbuf){1000, 1000}); /* another time, the same bytes */
    c = opened(&FOUR_FPS);
    frame_cache_close(&c);
    write_video("b.mp4", 90);
    assert_failed(frame_cache_open(cache, &FOUR_FPS, videos, 0, &c), ERR_INPUT, "b.mp4 has changed");
    assert_ok(frame_cache_open(cache, &FOUR_FPS, NULL, 0, &c)); /* not asked to look */
    frame_cache_close(&c);
    write_video("new.mp4", 10);
    assert_failed(frame_cache_open(cache, &FOUR_FPS, videos, 0, &c), ERR_INPUT,
                  "--fps 4 --size 32 --fit crop --resume");
    assert_failed(make(&FOUR_FPS, 1, false, &made), ERR_CREATE, "is not empty");
    assert_failed(make(&EIGHT_FRAMES, 1, true, &made), ERR_INPUT, "wanted are 8 uniform frames");
    told = 0;
    assert_ok(make(&FOUR_FPS, 2, true, &made));
    assert_int_equal(made.videos, 3);
    assert_int_equal(made.kept, 1);
    assert_int_equal(told, 2);
    c = opened(&FOUR_FPS);
    assert_same_as_decoder(c, "b", "b.mp4", 1);
    assert_same_as_decoder(c, "new", "new.mp4", 1);
    frame_cache_close(&c);
    unlink(in(videos, "new.mp4"));
    assert_ok(make(&FOUR_FPS, 2, true, &made));
    assert_int_equal(made.kept, 2);
    assert_false(file_exists(in(cache, "new.u8")));
}

/* Interrupted: a journal whose last line is cut off, half a file, no manifest. */
static void test_resume(void **state)
{
    (void)state;
    cache_result made;
    frame_cache *c = NULL;
    assert_ok(make(&FOUR_FPS, 1, false, &made));
    assert_false(file_exists(in(cache, "making.jsonl")));
    unlink(in(cache, "manifest.json"));
    assert_failed(frame_cache_open(cache, NULL, NULL, 0, &c), ERR_MISSING, "no frame cache");
    write_text(in(cache, "making.jsonl"),
               "{\"sampling\":{\"fps\":4.0},\"width\":32,\"height\":32,\"fit\":\"crop\"}\n{\"name\":\"b\",\"sou");
    write_text(in(cache, "part/a.u8.part"), "half");
    assert_ok(make(&FOUR_FPS, 1, true, &made));
    assert_int_equal(made.kept, 0);
    c = opened(&FOUR_FPS);
    frame_cache_close(&c);
    assert_ok(truncate(in(cache, "b.u8"), 10) == 0 ? OK : ERR_IO);
    assert_failed(frame_cache_open(cache, NULL, NULL, 0, &c), ERR_INPUT, "b.u8: 10 bytes, but 10 pictures");
    assert_ok(make(&FOUR_FPS, 1, true, &made));
    assert_int_equal(made.kept, 1);
    c = opened(&FOUR_FPS);
    assert_same_as_decoder(c, "b", "b.mp4", .5);
    frame_cache_close(&c);
}

/* Stops when `told` has got this far, within a video where it asks in between. */
static size_t stop_after;

static bool stop(void *self)
{
    (void)self;
    return told >= stop_after;
}

static void test_stopped(void **state)
{
    (void)state;
    cache_result made;
    frame_cache *c = NULL;
    cache_making making = {
        .videos = videos, .out = cache, .form = FOUR_FPS, .threads = 1, .tell = tell, .stopped = stop};
    stop_after = 1;
    assert_failed(frame_cache_make(&making, &made), ERR_RETRY, "stopped when 1 of 2 videos were done: --resume");
    assert_failed(frame_cache_open(cache, NULL, NULL, 0, &c), ERR_MISSING, "is not finished");
    assert_true(file_exists(in(cache, "b.u8")));
    assert_false(file_exists(in(cache, "part/a.u8.part")));
    stop_after = SIZE_MAX;
    making.resume = true;
    assert_ok(frame_cache_make(&making, &made));
    assert_int_equal(made.kept, 1);
    assert_int_equal(told, 2);
    stop_after = 0; /* nothing is left to be done: nothing to stop */
    assert_ok(frame_cache_make(&making, &made));
    c = opened(&FOUR_FPS);
    assert_same_as_decoder(c, "part/a", "part/a.MP4", .5);
    frame_cache_close(&c);
}

/* Inside a video: by a thread that has begun before it is asked to stop. */
static bool stop_at_second_question(void *self)
{
    size_t *asked = self;
    return (*asked)++ > 0;
}

static void count_nothing(void *self, const cached_video *about, size_t done, size_t of)
{
    (void)self, (void)about, (void)done, (void)of;
}

static void test_stopped_within_a_video(void **state)
{
    (void)state;
    cache_result made;
    size_t asked = 0;
    const cache_making making = {.videos = videos,
                                 .out = cache,
                                 .form = FOUR_FPS,
                                 .threads = 1,
                                 .tell = count_nothing,
                                 .stopped = stop_at_second_question,
                                 .self = &asked};
    assert_failed(frame_cache_make(&making, &made), ERR_RETRY, "stopped when 0 of 2 videos");
    assert_false(file_exists(in(cache, "b.u8")));
    assert_false(file_exists(in(cache, "b.u8.part")));
}

static void test_hash_and_spacing(void **state)
{
    (void)state;
    cache_result made;
    char first[HASH_TEXT], again[HASH_TEXT], other[HASH_TEXT];
    assert_ok(make(&FOUR_FPS, 1, false, &made));
    frame_cache *c = opened(NULL);
    assert_ok(frame_cache_hash(c, first));
    assert_float_equal(frame_cache_spacing(c), 0.25, 1e-12);
    frame_cache_close(&c);
    utime(in(videos, "b.mp4"), &(struct utimbuf){1000, 1000}); /* another time, the same bytes */
    assert_ok(make(&FOUR_FPS, 1, true, &made));
    c = opened(NULL);
    assert_ok(frame_cache_hash(c, again));
    assert_string_equal(first, again);
    frame_cache_close(&c);
    write_video("b.mp4", 90);
    assert_ok(make(&FOUR_FPS, 1, true, &made));
    c = opened(NULL);
    assert_ok(frame_cache_hash(c, other));
    assert_string_not_equal(first, other);
    frame_cache_close(&c);
    assert_ok(directory_remove(cache));
    assert_ok(make(&EIGHT_FRAMES, 1, false, &made));
    c = opened(NULL);
    assert_ok(frame_cache_hash(c, again));
    assert_string_not_equal(again, other);
    assert_float_equal(frame_cache_spacing(c), 2.5 / 8, 1e-9);
    frame_cache_close(&c);
}

static void test_wrong_wishes(void **state)
{
    (void)state;
    cache_result made;
    cache_form both = FOUR_FPS, none = FOUR_FPS;
    both.uniform = 3;
    none.format.width = 0;
    assert_failed(make(&both, 1, false, &made), ERR_CONFIG, "either");
    assert_failed(make(&none, 1, false, &made), ERR_CONFIG, "0 x 32");
    assert_failed(make(&FOUR_FPS, 0, false, &made), ERR_CONFIG, "threads");
    assert_ok(directory_make(in(cache, "mine")));
    assert_failed(make(&FOUR_FPS, 1, true, &made), ERR_CREATE, "no cache to go on with");
    write_video("b.mkv.mp4", 3);
    assert_ok(rename(in(videos, "b.mkv.mp4"), in(videos, "b.mkv")) == 0 ? OK : ERR_IO);
    assert_failed(make(&FOUR_FPS, 1, false, &made), ERR_INPUT, "two videos of one name");
}

static size_t descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

/* Clips of the cache and of the files are the same, with any number of threads; nothing stays open. */
static void test_loader_on_both(void **state)
{
    (void)state;
    cache_result made;
    const double times[3] = {.25, 1, 2.25};
    write_text(in(videos, "c.mp4"), "this is no video");
    assert_ok(make(&FOUR_FPS, 2, false, &made));
    frame_cache *c = opened(&FOUR_FPS);
    size_t before = descriptors();
    for (int threads = 1; threads <= 4; threads *= 2) {
        loader *from_files = NULL, *from_cache = NULL;
        loader_options options = {.threads = threads, .memory = 4 * 3 * PICTURE, .format = FOUR_FPS.format};
        assert_ok(loader_open(&options, &from_files));
        options.cache = c;
        assert_ok(loader_open(&options, &from_cache));
        static const char *const FILES[] = {"b.mp4", "c.mp4", "part/a.MP4"}, *const NAMES[] = {"b", "c", "part/a"};
        for (int i = 0; i < 30; i++) {
            clip_request request = {in(videos, FILES[i % 3]), NAMES[i % 3], {.seconds = times, .count = 3}, {0}};
            assert_ok(loader_ask(from_files, &request));
            assert_ok(loader_ask(from_cache, &request));
        }
        for (int i = 0; i < 30; i++) {
            loaded_clip a, b;
            assert_ok(loader_take(from_files, &a));
            assert_ok(loader_take(from_cache, &b));
            assert_memory_equal(a.pictures, b.pictures, 3 * PICTURE);
            assert_int_equal(a.account.decoded, i % 3 == 1 ? 0 : 3);
            assert_int_equal(b.account.decoded, a.account.decoded);
            assert_int_equal(b.account.reason[0] == '\0', i % 3 != 1);
            loader_return(from_files, &a);
            loader_return(from_cache, &b);
        }
        loader_close(&from_files);
        loader_close(&from_cache);
        assert_int_equal(descriptors(), before);
    }
    loader *l = NULL;
    loader_options other = {.threads = 1, .memory = 1, .format = {16, 16, FIT_CROP}, .cache = c};
    assert_failed(loader_open(&other, &l), ERR_CONFIG, "holds 32 x 32");
    frame_cache_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_frames_a_second, fresh),
        cmocka_unit_test_setup(test_uniform_frames, fresh),
        cmocka_unit_test_setup(test_threads_make_no_difference, fresh),
        cmocka_unit_test_setup(test_broken_videos_are_recorded, fresh),
        cmocka_unit_test_setup(test_what_is_wanted_is_compared, fresh),
        cmocka_unit_test_setup(test_changed_sources, fresh),
        cmocka_unit_test_setup(test_resume, fresh),
        cmocka_unit_test_setup(test_stopped, fresh),
        cmocka_unit_test_setup(test_stopped_within_a_video, fresh),
        cmocka_unit_test_setup(test_hash_and_spacing, fresh),
        cmocka_unit_test_setup(test_wrong_wishes, fresh),
        cmocka_unit_test_setup(test_loader_on_both, fresh),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
