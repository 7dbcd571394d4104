#include "events/event_log.h"

#include "events/event_files.h"
#include "tests/unit/data/scratch.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>

static event number(size_t i)
{
    return (event){.start = (double)i, .end = (double)i + 1, .error = 0.5};
}

static void append(line_log *log, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        event e = number(i);
        assert_ok(event_log_append(log, "a \"b\"", 0, i, &e));
    }
}

static char *text_of(const char *path, size_t *count)
{
    char *bytes = NULL;
    assert_ok(file_read(path, 1 << 20, &bytes, count));
    return bytes;
}

static void assert_holds(const char *path, const char *expected)
{
    size_t count;
    char *text = text_of(path, &count);
    assert_string_equal(text, expected);
    free(text);
}

static void test_lines_are_whole_and_read_back(void **state)
{
    (void)state;
    line_log *log = NULL;
    const char *path = scratch_path("a.jsonl");
    hierarchy_list list = {0};
    event labelled = {.start = 3, .end = 4, .error = NAN, .label = "cut", .embedding = "a#1#0"};
    assert_ok(line_log_open(path, NULL, &log));
    append(log, 0, 2);
    assert_ok(event_log_append(log, "a \"b\"", 1, 0, &labelled));
    assert_ok(event_log_end(log, "a \"b\"", 4.5));
    assert_ok(line_log_sync(log));
    assert_int_equal(line_log_position(log).lines, 4);
    assert_holds(path,
                 "{\"video\": \"a \\\"b\\\"\", \"layer\": 0, \"event\": 0, \"start\": 0, \"end\": 1, \"error\": 0.5}\n"
                 "{\"video\": \"a \\\"b\\\"\", \"layer\": 0, \"event\": 1, \"start\": 1, \"end\": 2, \"error\": 0.5}\n"
                 "{\"video\": \"a \\\"b\\\"\", \"layer\": 1, \"event\": 0, \"start\": 3, \"end\": 4, \"error\": null, "
                 "\"label\": \"cut\", \"embedding\": \"a#1#0\"}\n"
                 "{\"video\": \"a \\\"b\\\"\", \"duration\": 4.5}\n");
    line_log_close(&log);
    assert_null(log);
    assert_ok(event_lines_read(path, &list));
    assert_true(list.count == 1 && list.at[0].duration == 4.5 && list.at[0].layers[0].count == 2);
    assert_string_equal(list.at[0].layers[1].at[0].embedding, "a#1#0");
    hierarchy_list_free(&list);
    assert_ok(line_log_open(path, NULL, &log));
    assert_failed(event_log_append(log, "a\xff", 0, 2, &labelled), ERR_INPUT, "not UTF-8");
    assert_int_equal(line_log_position(log).lines, 4);
    line_log_close(&log);
}

static void test_going_on_gives_the_same_bytes(void **state)
{
    (void)state;
    line_log *log = NULL;
    const char *path = scratch_path("b.jsonl");
    size_t whole_count, count;
    unlink(path);
    assert_ok(line_log_open(path, NULL, &log));
    append(log, 0, 3);
    log_position saved = line_log_position(log);
    append(log, 3, 7); /* after the state was saved, before the process was killed */
    line_log_close(&log);
    char *whole = text_of(path, &whole_count);

    assert_ok(line_log_open(path, &saved, &log));
    assert_int_equal(line_log_position(log).lines, 3);
    append(log, 3, 7);
    line_log_close(&log);
    char *again = text_of(path, &count);
    assert_int_equal(count, whole_count);
    assert_memory_equal(again, whole, count);
    free(whole);
    free(again);
}

static void test_half_a_line_is_taken_off(void **state)
{
    (void)state;
    line_log *log = NULL;
    const char *path = scratch_file("c.jsonl", "{\"one\": 1}\n{\"two\": 2}\n{\"thr");
    assert_ok(line_log_open(path, NULL, &log));
    assert_true(line_log_position(log).lines == 2 && line_log_position(log).bytes == 22);
    line_log_close(&log);
    assert_holds(path, "{\"one\": 1}\n{\"two\": 2}\n");
}

static void test_a_file_that_is_another_one_is_refused(void **state)
{
    (void)state;
    line_log *log = NULL;
    const char *text = "{\"one\": 1}\n{\"two\": 2}\n";
    const char *path = scratch_file("d.jsonl", text);
    const struct {
        log_position from;
        const char *part;
    } wrong[] = {{{2, 23}, "has 22 bytes, but 23"},
                 {{1, 12}, "first 12 bytes are not the 1 whole lines"},
                 {{1, 22}, "first 22 bytes are not the 1 whole lines"}};
    for (size_t i = 0; i < 3; i++) {
        assert_failed(line_log_open(path, &wrong[i].from, &log), ERR_INPUT, wrong[i].part);
        assert_null(log);
        assert_holds(path, text);
    }
    assert_failed(line_log_open(scratch_path("no/such/folder"), NULL, &log), ERR_CREATE, "no/such/folder");
    assert_failed(line_log_open("/dev/null", NULL, &log), ERR_CREATE, "no regular file");
}

/* The disk is full in the middle of a line, then has room again: lines stay whole, and in order. */
static void test_a_full_disk_keeps_lines_waiting(void **state)
{
    (void)state;
    line_log *log = NULL;
    const char *path = scratch_path("e.jsonl");
    struct rlimit old, full;
    event e = number(2);
    size_t before, after;
    unlink(path);
    assert_ok(line_log_open(path, NULL, &log));
    append(log, 0, 2);
    char *whole = text_of(path, &before);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    full = (struct rlimit){before + 20, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    status st = event_log_append(log, "a \"b\"", 0, 2, &e), ended = event_log_end(log, "another", 7);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    assert_failed(st, ERR_IO, "e.jsonl: cannot write line 3: File too large (the lines before it are safe)");
    assert_int_equal(ended, ERR_IO);
    assert_holds(path, whole);
    assert_true(line_log_waiting(log) > 0);
    append(log, 3, 4);
    assert_int_equal(line_log_waiting(log), 0);
    assert_int_equal(line_log_position(log).lines, 5);
    line_log_close(&log);
    char *text = text_of(path, &after);
    assert_memory_equal(text, whole, before);
    assert_string_equal(
        text + before,
        "{\"video\": \"a \\\"b\\\"\", \"layer\": 0, \"event\": 2, \"start\": 2, \"end\": 3, \"error\": 0.5}\n"
        "{\"video\": \"another\", \"duration\": 7}\n"
        "{\"video\": \"a \\\"b\\\"\", \"layer\": 0, \"event\": 3, \"start\": 3, \"end\": 4, \"error\": 0.5}\n");
    free(whole);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_whole_and_read_back),
        cmocka_unit_test(test_going_on_gives_the_same_bytes),
        cmocka_unit_test(test_half_a_line_is_taken_off),
        cmocka_unit_test(test_a_file_that_is_another_one_is_refused),
        cmocka_unit_test(test_a_full_disk_keeps_lines_waiting),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
