/* Frames of videos through a magister-rank that is a script: it writes pictures, junk, nothing, or fails. And what a
 * report shows of each. */
#include "launcher/frames.h"
#include "tests/unit/launcher/made_run.h"

#include <math.h>
#include <sys/stat.h>

static char folder[] = "/tmp/magister-frames-XXXXXX";

/* `magister-rank video frames VIDEO --times A,B --size N -o FOLDER --frame-rate R`. It notes its words, one a line. */
static const char SCRIPT[] = "#!/bin/sh\n"
                             "here=$(dirname \"$0\")\n"
                             "printf '%s\\n' \"$@\" >\"$here/words\"\n"
                             "out=$9\n"
                             "case $FAKE in\n"
                             "fail) exit 65;;\n"
                             "die) kill -9 $$;;\n"
                             "nothing) exit 0;;\n"
                             "esac\n"
                             "[ -e \"$out/old.png\" ] && exit 3\n"
                             "number=0\n"
                             "for time in $(echo \"$5\" | tr , ' '); do\n"
                             "    name=$(printf '%s/%03d.png' \"$out\" $number)\n"
                             "    printf '\\211PNG\\r\\n\\032\\nframe at %s' \"$time\" >\"$name\"\n"
                             "    number=$((number + 1))\n"
                             "done\n"
                             "[ \"$FAKE\" = junk ] && printf 'GIF89a, and more of it' >\"$out/001.png\"\n"
                             "[ \"$FAKE\" = empty ] && : >\"$out/001.png\"\n"
                             "[ \"$FAKE\" = few ] && rm \"$out/001.png\"\n"
                             "[ \"$FAKE\" = large ] && dd if=/dev/zero of=\"$out/001.png\" bs=1M count=5 2>/dev/null\n"
                             "echo noise; echo noise >&2\n"
                             "exit 0\n";

static char *inside(const char *name)
{
    char *path = path_join(folder, name);
    assert_non_null(path);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    char *program = inside("rank");
    assert_ok(file_write(program, SCRIPT, sizeof SCRIPT - 1));
    assert_int_equal(chmod(program, 0755), 0);
    setenv("MAGISTER_RANK", program, 1);
    free(program);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

static status read_three(const char *how, frame_list *out)
{
    static const double SECONDS[] = {0.25, 7, 123456.7891};
    char *scratch = inside("scratch");
    setenv("FAKE", how, 1);
    status st = frames_read("a video.mp4", 30, SECONDS, 3, 96, scratch, out);
    free(scratch);
    return st;
}

static void frames_are_read_in_order(void **state)
{
    (void)state;
    frame_list frames = {0};
    char *old = inside("scratch/old.png"), *scratch = inside("scratch"), *words = inside("words"), *said = NULL;
    char expected[256];
    size_t count;
    assert_ok(directory_make(scratch));
    assert_ok(file_write(old, "old", 3)); /* of an earlier report */
    assert_ok(read_three("good", &frames));
    assert_int_equal(frames.count, 3);
    assert_int_equal(frames.sizes[1], 8 + strlen("frame at 7.000"));
    assert_memory_equal(frames.bytes[1] + 8, "frame at 7.000", strlen("frame at 7.000"));
    assert_memory_equal(frames.bytes[2] + 8, "frame at 123456.789", strlen("frame at 123456.789"));
    assert_false(file_exists(old));
    assert_ok(file_read(words, 4096, &said, &count));
    snprintf(expected, sizeof expected,
             "video\nframes\na video.mp4\n--times\n0.250,7.000,123456.789\n--size\n96\n-o\n%s\n--frame-rate\n30\n",
             scratch);
    assert_string_equal(said, expected);
    frames_free(&frames);
    assert_int_equal(frames.count, 0);
    free(said);
    free(old);
    free(words);
    free(scratch);
}

static void only_so_many_are_asked_for(void **state)
{
    (void)state;
    double seconds[FRAMES_MAX + 5];
    frame_list frames = {0};
    char *scratch = inside("scratch");
    setenv("FAKE", "good", 1);
    for (size_t i = 0; i < FRAMES_MAX + 5; i++) seconds[i] = (double)i;
    assert_ok(frames_read("v", 30, seconds, FRAMES_MAX + 5, 96, scratch, &frames));
    assert_int_equal(frames.count, FRAMES_MAX);
    frames_free(&frames);
    free(scratch);
}

static void times_that_are_none_are_refused(void **state)
{
    static const double WRONG[] = {-1, 1e10, 1e300, NAN, INFINITY};
    (void)state;
    char *scratch = inside("scratch");
    setenv("FAKE", "good", 1);
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        double seconds[FRAMES_MAX] = {0};
        frame_list frames = {0};
        for (size_t k = i % 2; k < FRAMES_MAX; k++) seconds[k] = WRONG[i];
        assert_int_equal(frames_read("a video.mp4", 30, seconds, FRAMES_MAX, 96, scratch, &frames), ERR_INPUT);
        assert_has(fail_message(), "a video.mp4: has no frame at ");
        fail_clear();
    }
    free(scratch);
}

static void what_goes_wrong_is_told(void **state)
{
    static const struct {
        const char *how, *message;
        status code;
    } CASES[] = {
        {"fail", "a video.mp4: its frames cannot be read", ERR_INPUT},
        {"die", "a video.mp4: its frames cannot be read", ERR_INPUT},
        {"nothing", "scratch/000.png", ERR_MISSING},
        {"few", "scratch/001.png", ERR_MISSING},
        {"junk", "scratch/001.png: is no PNG", ERR_INPUT},
        {"empty", "scratch/001.png: is no PNG", ERR_INPUT},
        {"large", "scratch/001.png", ERR_INPUT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        frame_list frames = {0};
        status st = read_three(CASES[i].how, &frames);
        if (st != CASES[i].code) fail_msg("%s: status %d: %s", CASES[i].how, (int)st, fail_message());
        assert_has(fail_message(), CASES[i].message);
        assert_int_equal(frames.count, 0); /* nothing half read */
        fail_clear();
    }
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    frame_list frames = {0};
    char *program = inside("rank");
    setenv("MAGISTER_RANK", "/nowhere/rank", 1);
    assert_int_equal(read_three("good", &frames), ERR_MISSING);
    assert_has(fail_message(), "/nowhere/rank: cannot run");
    fail_clear();
    setenv("MAGISTER_RANK", program, 1);
    free(program);
}

/* ---- strips of a report ------------------------------------------------------------------------------------------ */

enum { EXAMPLES = 8, FRAMES_OF_ONE = 6 };

/* A run with a teacher whose three videos of 12 segments lie in data.videos, except the last one. */
static char *strips_report(const char *how)
{
    char videos[128], *names[] = {inside("videos/v0.mp4"), inside("videos/v1.webm")}, *directory = inside("videos");
    snprintf(videos, sizeof videos, "data.videos=%s", directory);
    char *overrides[] = {"stages=[teacher, predict, student, evaluate]", "data.train=x", "data.tracks=x", videos,
                         "student.task=recognise"};
    assert_ok(directory_make(directory));
    for (size_t i = 0; i < 2; i++) assert_ok(file_write(names[i], "film", 4));
    made_run run = run_make(overrides, 5);
    run_put_labels(&run, "u", 36, 12, false, false);
    run_put_set(&run, "u", (made_set){"teacher", "teacher", 0, 5, 10, 0});
    setenv("FAKE", how, 1);
    char *text = run_report(&run);
    assert_page(text);
    run_remove(&run);
    for (size_t i = 0; i < 2; i++) free(names[i]);
    free(directory);
    return text;
}

/* Spread over videos, so that some of the eight examples are of each. */
static void a_strip_is_shown_for_every_video_that_is_there(void **state)
{
    (void)state;
    char *text = strips_report("good");
    size_t strips = count_of(text, "<div class=strip>"), missing = count_of(text, "<p class=note>No frames: ");
    assert_int_equal(count_of(text, "<div class=card>"), EXAMPLES);
    assert_int_equal(strips + missing, EXAMPLES);
    assert_true(strips >= 4 && missing >= 2);
    assert_int_equal(count_of(text, "src=\"data:image/png;base64,"), FRAMES_OF_ONE * strips);
    assert_int_equal(count_of(text, "alt=\"frame at "), FRAMES_OF_ONE * strips);
    free(text);
}

static void frames_that_cannot_be_read_are_told_and_the_rest_is_there(void **state)
{
    static const char *const HOW[] = {"fail", "junk", "few"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char *text = strips_report(HOW[i]);
        assert_int_equal(count_of(text, "<div class=card>"), EXAMPLES);
        assert_int_equal(count_of(text, "<p class=note>No frames: "), EXAMPLES);
        assert_has_not(text, "data:image/png");
        assert_has(text, "<h2>Where the numbers come from</h2>");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read_in_order),
        cmocka_unit_test(only_so_many_are_asked_for),
        cmocka_unit_test(times_that_are_none_are_refused),
        cmocka_unit_test(what_goes_wrong_is_told),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(a_strip_is_shown_for_every_video_that_is_there),
        cmocka_unit_test(frames_that_cannot_be_read_are_told_and_the_rest_is_there),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
