/* What is written down of videos: through a disk that is full for a while, and over a stop. */
#include "stream/watched.h"

#include "base/file.h"
#include "events/event_files.h"
#include "tests/unit/data/scratch.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SNIPPET 0.5

static watched_options some_options(void)
{
    return (watched_options){.directory = scratch_directory, .streams = 2, .layers = 2, .snippet = SNIPPET};
}

static void end_event(watched *w, size_t stream, size_t layer, int64_t frame)
{
    const stream_input input = {
        .stream = stream, .layer = layer, .frame = frame, .predicted = true, .boundary = true, .error = .25};
    assert_int_equal(watched_input(w, &input), OK);
}

static const char *lines_path(void)
{
    return scratch_path("events.rank0000.jsonl");
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t size_of_lines(void)
{
    struct stat about;
    assert_int_equal(stat(lines_path(), &about), 0);
    return (rlim_t)about.st_size;
}

/* Lines and the file of a video, over its end and the next time it is watched: nothing is left out, all is in order,
 * and nothing is to be saved before it is written. */
static void test_what_a_full_disk_keeps_waiting_is_written_later(void **state)
{
    (void)state;
    const watched_options o = some_options();
    watched *w = NULL;
    watched_place place = {0};
    hierarchy_list list = {0};
    assert_int_equal(watched_new(&o, NULL, &w), OK);
    assert_int_equal(watched_begin(w, 0, "films/a.mp4", "a", false), OK);
    end_event(w, 0, 0, 3);
    signal(SIGXFSZ, SIG_IGN);
    limit_files(size_of_lines() + 5);
    end_event(w, 0, 0, 6);
    assert_int_equal(watched_end(w, 0, 7, 1), OK);
    assert_int_equal(watched_begin(w, 0, "films/a.mp4", "a", false), OK);
    end_event(w, 0, 0, 4);
    assert_true(watched_late(w) > 0);
    assert_int_equal(watched_position(w, &place), ERR_IO);
    assert_non_null(strstr(fail_message(), "events.rank0000.jsonl: cannot write line 2"));
    fail_clear();
    limit_files(RLIM_INFINITY);
    end_event(w, 0, 0, 8);
    assert_int_equal(watched_end(w, 0, 9, 1), OK);
    assert_int_equal(watched_position(w, &place), OK);
    assert_int_equal(place.events.lines, 8);
    assert_int_equal(watched_events(w), 6);
    watched_free(&w);
    if (event_lines_read(lines_path(), &list) != OK) fail_msg("%s", fail_message());
    assert_true(list.at[list.count - 1].ended && list.at[list.count - 1].duration == 9);
    assert_int_equal(list.at[list.count - 1].layers[0].count, 3);
    for (size_t i = 0; i < 2; i++) assert_true(list.at[list.count - 1].layers[0].at[i].end == 2. * (double)(i + 1));
    assert_true(file_exists(scratch_path("videos/a.json")));
    hierarchy_list_free(&list);
}

/* A disk without room for files at all: the video's own comes later. */
static void test_a_video_waits_for_its_file(void **state)
{
    (void)state;
    const watched_options o = some_options();
    watched *w = NULL;
    assert_int_equal(watched_new(&o, NULL, &w), OK);
    assert_int_equal(watched_begin(w, 0, "films/a.mp4", "a", false), OK);
    end_event(w, 0, 0, 3);
    for (int64_t frame = 4; frame < 40; frame++) end_event(w, 0, 0, frame);
    signal(SIGXFSZ, SIG_IGN);
    limit_files(100);
    assert_int_equal(watched_end(w, 0, 20, 1), OK);
    assert_false(file_exists(scratch_path("videos/a.json")));
    assert_int_equal(watched_settle(w), ERR_IO);
    fail_clear();
    limit_files(RLIM_INFINITY);
    assert_int_equal(watched_settle(w), OK);
    assert_true(file_exists(scratch_path("videos/a.json")));
    watched_free(&w);
}

static void go_on(watched *w)
{
    end_event(w, 1, 0, 8);
    end_event(w, 0, 0, 6);
    assert_int_equal(watched_end(w, 0, 4, 1), OK);
    end_event(w, 1, 1, 10);
    assert_int_equal(watched_end(w, 1, 9, 2), OK);
}

static void test_a_stop_changes_no_byte(void **state)
{
    (void)state;
    const watched_options o = some_options();
    watched *w = NULL;
    watched_place place;
    char *whole = NULL, *resumed = NULL;
    size_t count = 0, count_resumed = 0;
    assert_int_equal(watched_new(&o, NULL, &w), OK);
    assert_int_equal(watched_begin(w, 0, "films/a.mp4", "a", false), OK);
    end_event(w, 0, 0, 2);
    assert_int_equal(watched_end(w, 0, 2, 1), OK); /* watched before, and now again */
    assert_int_equal(watched_begin(w, 0, "films/a.mp4", "a", false), OK);
    assert_int_equal(watched_begin(w, 1, "films/b.mp4", "b", false), OK);
    end_event(w, 0, 0, 3);
    end_event(w, 1, 0, 5);
    end_event(w, 1, 1, 5);
    assert_int_equal(watched_position(w, &place), OK);
    go_on(w);
    watched_free(&w);
    assert_int_equal(file_read(lines_path(), 1 << 20, &whole, &count), OK);

    assert_int_equal(watched_new(&o, &place, &w), OK);
    assert_int_equal(watched_begin(w, 0, "films/a.mp4", "a", false), OK);
    assert_int_equal(watched_begin(w, 1, "films/b.mp4", "b", false), OK);
    if (watched_take_up(w) != OK) fail_msg("%s", fail_message());
    go_on(w);
    watched_free(&w);
    assert_int_equal(file_read(lines_path(), 1 << 20, &resumed, &count_resumed), OK);
    assert_int_equal(count, count_resumed);
    assert_memory_equal(whole, resumed, count);
    free(whole);
    free(resumed);
}

/* Lines that are not of this run's learner: what they hold of a layer above its own is an event like any other. */
static void test_layers_that_the_lines_have_stay(void **state)
{
    (void)state;
    static const char LINES[] =
        "{\"video\": \"films/a.mp4\", \"layer\": 0, \"event\": 0, \"start\": 0, \"end\": 1, \"error\": 0.25}\n"
        "{\"video\": \"films/a.mp4\", \"layer\": 1, \"event\": 0, \"start\": 0, \"end\": 1, \"error\": 0.25}\n";
    const watched_options o = some_options();
    const watched_place place = {.events = {2, sizeof LINES - 1}};
    watched *w = NULL;
    hierarchy_list list = {0};
    scratch_file("events.rank0000.jsonl", LINES);
    assert_ok(watched_new(&o, &place, &w));
    assert_ok(watched_begin(w, 0, "films/a.mp4", "a", false));
    assert_ok(watched_take_up(w));
    assert_ok(watched_end(w, 0, 3, 1)); /* of a learner of one layer */
    watched_free(&w);
    assert_ok(events_read(scratch_path("videos/a.json"), &list));
    assert_int_equal(list.at[0].layer_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(list.at[0].layers[i].count, 2);
        assert_true(list.at[0].layers[i].at[1].end == 3);
    }
    hierarchy_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_a_full_disk_keeps_waiting_is_written_later, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(test_a_video_waits_for_its_file, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_a_stop_changes_no_byte, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_layers_that_the_lines_have_stay, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
