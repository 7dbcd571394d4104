/* Students that take their frames from a frame cache: the same predictions as from the files, and what is told of
 * caches that do not fit. Videos are real ones, which the encoder writes. */
#include "base/log.h"
#include "small_world.h"
#include "student/scoring.h"
#include "video/cache.h"
#include "video/encoder.h"

enum { SIDE = 32, SEEN_SIDE = 16, VIDEO_FRAMES = 170, VIDEO_FPS = 10, VIDEOS = WORLD_VIDEOS + WORLD_EVAL_VIDEOS };

static dataset data;
static char folder[128], videos_key[160], cache_key[200];

/* A picture of every tenth second: coarse squares, so that it is still told apart when it is smaller. */
static void write_video(size_t number, uint64_t world)
{
    char path[160];
    uint8_t rgb[SIDE * SIDE * 3];
    encoder_file *e = NULL;
    const encode_options options = {.width = SIDE, .height = SIDE, .fps = VIDEO_FPS, .quality = 20, .keyframe = 10};
    snprintf(path, sizeof path, "%s/v%zu.mp4", folder, number);
    assert_ok(encoder_open(path, &options, &e));
    for (size_t frame = 0; frame < VIDEO_FRAMES; frame++) {
        uint64_t key = hash_mix(world + number, frame);
        for (size_t i = 0; i < SIDE * SIDE; i++)
            for (size_t c = 0; c < 3; c++)
                rgb[i * 3 + c] = (uint8_t)hash_mix(key, (i / SIDE / 8 * 4 + i % SIDE / 8) * 3 + c);
        assert_ok(encoder_add(e, rgb));
    }
    assert_ok(encoder_finish(e));
    encoder_close(&e);
}

static int open_all(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    if (t_start(&options) != OK || world_open(state)) return -1;
    snprintf(folder, sizeof folder, "%s/videos", scratch_directory);
    snprintf(videos_key, sizeof videos_key, "data.videos=%s", folder);
    recipe *r = world_recipe(NULL);
    status st = dataset_open(r, &data);
    recipe_free(&r);
    if (st != OK || directory_make(folder) != OK) return -1;
    if (!strcmp(video_library(), "no FFmpeg")) return 0;
    for (size_t v = 0; v < VIDEOS; v++) write_video(v, 7);
    return 0;
}

static int close_all(void **state)
{
    dataset_free(&data);
    return t_live_count() ? -1 : scratch_close(state);
}

/* <scratch>/NAME. */
static void make_cache(const char *name, double fps, int side)
{
    char path[160];
    cache_result made;
    snprintf(path, sizeof path, "%s/%s", scratch_directory, name);
    const cache_making making = {
        .videos = folder, .out = path, .form = {.fps = fps, .format = {side, side, FIT_CROP}}, .threads = 2};
    assert_ok(frame_cache_make(&making, &made));
    assert_int_equal(made.videos, VIDEOS);
    assert_int_equal(made.damaged + made.empty, 0);
}

/* Moments fall on fifths of a second. `cache` NULL: files are decoded. */
static recipe *frames_recipe(const char *cache)
{
    if (cache) snprintf(cache_key, sizeof cache_key, "video.cache=%s/%s", scratch_directory, cache);
    else snprintf(cache_key, sizeof cache_key, "video.cache=null");
    return WORLD_RECIPE(videos_key, cache_key, "data.tracks=null", "student.input=frames", "student.encoder=0",
                        "student.fps=2.5", "student.cnn.stack_seconds=0.2", "video.size=16",
                        "student.cnn.channels=[8, 8]", "student.cnn.width=6", "student.distill.loss=none", "seed=4");
}

/* Logits of all segments to score, freed by the caller. */
static float *predictions(const char *cache, char hash[HASH_TEXT])
{
    student s = {0};
    float *out = calloc(data.eval.count * WORLD_ACTIONS, sizeof *out);
    recipe *r = frames_recipe(cache);
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    memcpy(hash, s.sight.cache_hash, HASH_TEXT);
    grad_pause();
    assert_ok(student_predict(&s, &s.sight.eval_clips, data.eval.at, data.eval.count, out));
    grad_resume();
    student_free(&s);
    recipe_free(&r);
    return out;
}

static void cached_frames_give_the_same_bits(void **state)
{
    (void)state;
    if (!strcmp(video_library(), "no FFmpeg")) skip();
    char path[200], hash[HASH_TEXT], other[HASH_TEXT];
    size_t bytes = data.eval.count * WORLD_ACTIONS * sizeof(float);
    make_cache("fifths", 5, SEEN_SIDE);
    float *from_files = predictions(NULL, hash), *from_cache = predictions("fifths", other);
    assert_memory_equal(from_files, from_cache, bytes);
    assert_string_equal(hash, "");
    assert_int_equal(strlen(other), HASH_TEXT - 1);

    make_cache("halves", 2, SEEN_SIDE); /* not all moments fall on its frames */
    float *coarse = predictions("halves", hash);
    assert_memory_not_equal(from_files, coarse, bytes);
    assert_string_not_equal(hash, other);

    snprintf(path, sizeof path, "%s/fifths/v%d.u8", scratch_directory, WORLD_VIDEOS); /* it is the cache that is read */
    size_t size = 5 * VIDEO_FRAMES / VIDEO_FPS * SEEN_SIDE * SEEN_SIDE * 3;
    uint8_t *black = calloc(size, 1);
    assert_ok(file_write(path, black, size));
    float *blackened = predictions("fifths", hash);
    assert_memory_not_equal(from_cache, blackened, bytes);
    assert_string_equal(hash, other);
    free(black);
    free(blackened);
    free(coarse);
    free(from_cache);
    free(from_files);
}

/* What is logged when a student opens the cache; freed by the caller. */
static char *told_of(const char *cache)
{
    char path[160], *text = NULL;
    size_t count = 0;
    student s = {0};
    recipe *r = frames_recipe(cache);
    snprintf(path, sizeof path, "%s/log", scratch_directory);
    (void)unlink(path);
    assert_ok(log_open(path, 0, 0));
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    log_close();
    assert_ok(file_read(path, 1 << 20, &text, &count));
    student_free(&s);
    recipe_free(&r);
    return text;
}

static void coarse_caches_are_warned_of(void **state)
{
    (void)state;
    if (!strcmp(video_library(), "no FFmpeg")) skip();
    make_cache("fine", 5, SEEN_SIDE);
    make_cache("coarse", 4, SEEN_SIDE); /* enough for 2.5 sub-clips a second, not for frames 0.2 s apart */
    char *fine = told_of("fine"), *coarse = told_of("coarse");
    assert_null(strstr(fine, "video.cache"));
    assert_non_null(strstr(coarse, "frames are 0.25 s apart, and student.cnn.stack_seconds asks for one every 0.2 s"));
    assert_non_null(strstr(coarse, "--fps 5"));
    assert_null(strstr(coarse, "student.fps asks"));
    free(fine);
    free(coarse);
}

static void caches_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    if (!strcmp(video_library(), "no FFmpeg")) skip();
    student s = {0};
    char text[400];
    make_cache("large", 5, 2 * SEEN_SIDE);
    recipe *r = frames_recipe("large");
    snprintf(text, sizeof text, "magister video cache %s -o ANOTHER --fps 5 --size 16 --fit crop", folder);
    assert_failed(student_open(r, scratch_directory, &data, NULL, &s), ERR_CONFIG,
                  "holds pictures of 32 x 32 (crop), and video.size asks for 16 x 16 (crop)");
    assert_failed(student_open(r, scratch_directory, &data, NULL, &s), ERR_CONFIG, text);
    recipe_free(&r);
    r = frames_recipe("nowhere");
    assert_failed(student_open(r, scratch_directory, &data, NULL, &s), ERR_MISSING, "no frame cache");
    recipe_free(&r);
    make_cache("right", 5, SEEN_SIDE);
    write_video(3, 8);
    r = frames_recipe("right");
    snprintf(text, sizeof text,
             "v3.mp4 has changed since this cache was made: magister video cache %s -o %s/right --fps 5 --size 16 "
             "--fit crop --resume brings it up to date",
             folder, scratch_directory);
    assert_failed(student_open(r, scratch_directory, &data, NULL, &s), ERR_INPUT, text);
    recipe_free(&r);
    write_video(3, 7);
}

static void a_blind_student_opens_no_cache(void **state)
{
    (void)state;
    student s = {0};
    recipe *r = WORLD_RECIPE("data.videos=/nowhere", "video.cache=/nowhere", "data.tracks=null", "student.input=frames",
                             "student.blind=true", "student.encoder=0", "student.distill.loss=none");
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    assert_string_equal(s.sight.cache_hash, "");
    student_free(&s);
    recipe_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cached_frames_give_the_same_bits),
        cmocka_unit_test(coarse_caches_are_warned_of),
        cmocka_unit_test(caches_that_do_not_fit_are_refused),
        cmocka_unit_test(a_blind_student_opens_no_cache),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
