/* Copies of good videos, and of pictures in folders, with bytes changed, moved, doubled, dropped and cut off, by a
 * fixed seed: for each there are frames or a reason, within the time-out, and neither descriptors nor memory grow. The
 * argument says how many copies (150). */
#include "video/decoder.h"

#include "tests/fault/video/hostile.h"

enum { SAMPLES = 8, SIDE = 48, BYTES = SIDE * SIDE * 3 };
#define TIMEOUT 5.0 /* seconds; a machine under load and sanitizers is slow */
#define SLACK 5.0   /* what one packet may take beyond it */

static size_t copies = 150;

/* OK, or a reason that names the file. */
static status try_video(const char *path)
{
    status st = OK;
    static uint8_t out[SAMPLES * BYTES];
    const picture_format format = {SIDE, SIDE, FIT_CROP};
    const video_options options = {.stream = -1, .threads = 1, .timeout = TIMEOUT};
    int64_t index[SAMPLES];
    video_account account = {0};
    video *v = NULL;
    TRY(video_open(path, &options, &v));
    assert_true(video_about(v)->frames > 0);
    frames_uniform(video_about(v)->frames, SAMPLES, index);
    TRY(video_frames(v, index, SAMPLES, &format, out, &account));
    assert_int_equal(account.asked, SAMPLES);
    assert_true(account.decoded == SAMPLES || account.reason[0]);
done:
    video_close(&v);
    if (st != OK) {
        if (st != ERR_INPUT || !strstr(fail_message(), path)) fail_msg("status %d: %s", (int)st, fail_message());
        fail_clear();
    }
    return st;
}

static status try_copy(rng *r, size_t i, const char *bytes, size_t count)
{
    (void)r;
    (void)i;
    return try_video(scratch_bytes("copy", bytes, count));
}

static void test_mutations(void **state)
{
    (void)state;
    /* opening and frames have the time-out once each */
    assert_true(try_mutations(11, copies, try_copy) < 2 * TIMEOUT + SLACK);
}

/* A folder of pictures of which one is whole: whatever became of the others, it is a video. */
static void test_pictures(void **state)
{
    (void)state;
    static const char *const KINDS[][2] = {{"jpg", ""}, {"png", ""}, {"webp", "-c:v libwebp"}, {"bmp", ""}};
    size_t whole = 0;
    char command[512], name[32], *bytes = malloc(FILE_BYTES_MOST);
    assert_non_null(bytes);
    snprintf(command, sizeof command, "mkdir '%s/pictures'", scratch_directory);
    assert_int_equal(system(command), 0);
    for (size_t kind = 0; kind < sizeof KINDS / sizeof KINDS[0]; kind++) {
        size_t before = file_count;
        snprintf(name, sizeof name, "pictures/p_3.%s", KINDS[kind][0]);
        snprintf(command, sizeof command, "-frames:v 1 %s", KINDS[kind][1]);
        make_file(name, command);
        for (size_t i = 0; file_count > before && i < copies / 4; i++) {
            rng r = rng_stream(12, kind, i);
            for (int number = 1; number < 6; number += number == 2 ? 2 : 1) {
                snprintf(name, sizeof name, "pictures/p_%d.%s", number, KINDS[kind][0]);
                scratch_bytes(name, bytes, mutate(&r, files[before].bytes, files[before].count, bytes));
            }
            double start = seconds_now();
            if (try_video(scratch_path("pictures")) != OK) fail_msg("picture %zu of %s", i, KINDS[kind][0]);
            assert_true(seconds_now() - start < 2 * TIMEOUT + SLACK);
            whole++;
        }
        snprintf(command, sizeof command, "rm -f '%s'/pictures/*", scratch_directory);
        assert_int_equal(system(command), 0);
    }
    free(bytes);
    print_message("%zu folders of damaged pictures\n", whole);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations), cmocka_unit_test(test_pictures)};
    if (count > 1) copies = (size_t)atoi(arguments[1]);
    return cmocka_run_group_tests(tests, find_files, drop_files);
}
