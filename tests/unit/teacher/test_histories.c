#include "teacher/histories.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Two videos, not in order of time: v has actions 0 1 2 3 at 0, 2, 3, 4 s; w has action 9. */
static segment video_segments[] = {
    {.uid = "d", .sequence = "v", .start = 4, .end = 6, .action = 3, .place = 0},
    {.uid = "a", .sequence = "v", .start = 0, .end = 3.5, .action = 0, .place = 1},
    {.uid = "x", .sequence = "w", .start = 1, .end = 2, .action = 9, .place = 2},
    {.uid = "b", .sequence = "v", .start = 2, .end = 2.5, .action = 1, .place = 3},
    {.uid = "c", .sequence = "v", .start = 3, .end = 4.5, .action = 2, .place = 4},
};
static const segment_list VIDEO = {NULL, video_segments, 5};

static const history_options PLAIN = {.hist_len = 5, .tau_a = 1, .gappy = true, .sort_segments = true};

static histories build(const segment_list *list, const history_options *options)
{
    histories h = {0};
    const segment_list *const lists[] = {list};
    if (histories_build(lists, 1, 0, options, &h) != OK) fail_msg("%s", fail_message());
    return h;
}

/* History h as digits, "-" for unknown. */
static const char *text_of(const histories *h, size_t history)
{
    static char text[64];
    size_t length = 0;
    const int64_t *actions = history_at(h, history, &length);
    assert_true(length < sizeof text);
    for (size_t i = 0; i < length; i++) text[i] = actions[i] < 0 ? '-' : (char)('0' + actions[i]);
    text[length] = '\0';
    return text;
}

static void assert_histories(const histories *h, const char *const *expected)
{
    for (size_t i = 0; i < h->query_count; i++) {
        assert_int_equal(h->query_first[i + 1] - h->query_first[i], 1);
        assert_int_equal(h->query_of[h->query_first[i]], i);
        assert_string_equal(text_of(h, h->query_first[i]), expected[i]);
    }
}

static void test_order(void **state)
{
    (void)state;
    histories h = build(&VIDEO, &PLAIN);
    assert_int_equal(h.query_count, 5);
    assert_histories(&h, (const char *[]){"012", "", "", "0", "01"});
    histories_free(&h);
    histories_free(&h);
}

static void test_the_files_order_without_sorting(void **state)
{
    (void)state;
    history_options options = PLAIN;
    options.sort_segments = false;
    histories h = build(&VIDEO, &options);
    assert_histories(&h, (const char *[]){"", "3", "", "30", "301"});
    histories_free(&h);
}

static void test_cutoffs(void **state)
{
    (void)state;
    history_options options = PLAIN;
    options.cutoff = CUTOFF_STARTED; /* d at 4 s sees what started by 3 s */
    histories h = build(&VIDEO, &options);
    assert_histories(&h, (const char *[]){"012", "", "", "0", "01"});
    histories_free(&h);
    options.tau_a = 1.5;
    h = build(&VIDEO, &options);
    assert_histories(&h, (const char *[]){"01", "", "", "0", "0"});
    histories_free(&h);
    options.cutoff = CUTOFF_FINISHED;
    options.tau_a = 0.5;
    h = build(&VIDEO, &options);
    assert_histories(&h, (const char *[]){"01", "", "", "", "1"});
    histories_free(&h);
}

static void test_cutoff_is_inclusive_for_times_made_from_frames(void **state)
{
    (void)state;
    segment at[] = {{.uid = "a", .sequence = "v", .start = 0, .end = 23 / 30.0, .action = 1},
                    {.uid = "b", .sequence = "v", .start = 53 / 30.0, .end = 5, .action = 2, .place = 1}};
    const segment_list list = {NULL, at, 2};
    history_options options = PLAIN;
    options.cutoff = CUTOFF_FINISHED;
    histories h = build(&list, &options);
    assert_histories(&h, (const char *[]){"", "1"});
    histories_free(&h);
}

static void test_length_is_bounded_from_the_far_end(void **state)
{
    (void)state;
    history_options options = PLAIN;
    options.hist_len = 2;
    histories h = build(&VIDEO, &options);
    assert_histories(&h, (const char *[]){"12", "", "", "0", "01"});
    size_t length = 0;
    assert_int_equal(history_of_query(&h, 0, &length)[0], 1);
    assert_int_equal(length, 2);
    histories_free(&h);
}

static void test_cutoff_looks_past_what_it_leaves_out(void **state)
{
    (void)state;
    history_options options = PLAIN;
    options.hist_len = 1;
    options.cutoff = CUTOFF_FINISHED;
    histories h = build(&VIDEO, &options); /* of d: c ends at 4.5 and a at 3.5, b at 2.5 s */
    assert_histories(&h, (const char *[]){"1", "", "", "", ""});
    histories_free(&h);
}

static void test_one_history_of_each_length(void **state)
{
    (void)state;
    history_options options = PLAIN;
    options.lengths = true;
    options.hist_len = 2;
    histories h = build(&VIDEO, &options);
    const size_t counts[] = {2, 1, 1, 1, 2}; /* the first of a video has one, the empty one */
    for (size_t i = 0; i < 5; i++) assert_int_equal(h.query_first[i + 1] - h.query_first[i], counts[i]);
    assert_int_equal(h.history_count, 7);
    assert_string_equal(text_of(&h, 0), "2");
    assert_string_equal(text_of(&h, 1), "12");
    assert_string_equal(text_of(&h, 2), "");
    assert_int_equal(h.query_of[1], 0);
    size_t length = 0;
    history_of_query(&h, 0, &length);
    assert_int_equal(length, 2);
    histories_free(&h);
}

static void test_complete_history_takes_in_the_other_lists(void **state)
{
    (void)state;
    segment context[] = {{.uid = "p", .sequence = "v", .start = 2.5, .end = 2.6, .action = 7, .place = 0},
                         {.uid = "q", .sequence = "v", .start = 3, .end = 3.1, .action = 8, .place = 1}};
    const segment_list other = {NULL, context, 2};
    const segment_list *const lists[] = {&other, &VIDEO};
    histories h = {0};
    history_options options = PLAIN;
    assert_int_equal(histories_build(lists, 2, 1, &options, &h), OK);
    assert_histories(&h, (const char *[]){"012", "", "", "0", "01"});
    histories_free(&h);
    options.gappy = false;
    assert_int_equal(histories_build(lists, 2, 1, &options, &h), OK);
    assert_histories(&h, (const char *[]){"01782", "", "", "0", "0178"});
    histories_free(&h);
    assert_int_equal(histories_build(lists, 2, 0, &options, &h), OK);
    assert_histories(&h, (const char *[]){"01", "017"});
    histories_free(&h);
}

static void test_sentences(void **state)
{
    (void)state;
    segment at[] = {{.uid = "1/0", .sequence = "1", .start = 0, .end = 1, .action = 4, .place = 0},
                    {.uid = "1/1", .sequence = "1", .start = 1, .end = 2, .action = -1, .place = 1},
                    {.uid = "1/2", .sequence = "1", .start = 2, .end = 3, .action = 5, .place = 2},
                    {.uid = "2/0", .sequence = "2", .start = 0, .end = 1, .action = 6, .place = 3}};
    const segment_list list = {NULL, at, 4};
    histories h = build(&list, &PLAIN);
    assert_histories(&h, (const char *[]){"", "4", "4-", ""});
    histories_free(&h);
}

static void test_no_segments(void **state)
{
    (void)state;
    const segment_list list = {0};
    histories h = build(&list, &PLAIN);
    assert_int_equal(h.query_count, 0);
    assert_int_equal(h.history_count, 0);
    assert_int_equal(h.query_first[0], 0);
    histories_free(&h);
}

static void test_wrong_options(void **state)
{
    (void)state;
    const segment_list *const lists[] = {&VIDEO};
    histories h = {0};
    history_options options = PLAIN;
    options.hist_len = 0;
    assert_int_equal(histories_build(lists, 1, 0, &options, &h), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "hist_len"));
    fail_clear();
    options = PLAIN;
    options.tau_a = -1;
    assert_int_equal(histories_build(lists, 1, 0, &options, &h), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "tau_a"));
    fail_clear();
}

static void test_options_come_from_the_recipe(void **state)
{
    (void)state;
    char path[] = "/tmp/magister-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    const char *text = "teacher: {hist_len: 7, history_cutoff: finished, histories: lengths, sort_seg: false}\n"
                       "stages: [teacher]\ndata: {train: t.csv, tau_a: 0.5}\n";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    recipe *r = NULL;
    history_options options = {0};
    if (recipe_read(path, NULL, 0, &r) != OK) fail_msg("%s", fail_message());
    assert_int_equal(history_options_read(r, &options), OK);
    assert_int_equal(recipe_mistakes(r), OK);
    assert_int_equal(options.hist_len, 7);
    assert_int_equal(options.cutoff, CUTOFF_FINISHED);
    assert_true(options.lengths && options.gappy && !options.sort_segments);
    assert_true(options.tau_a == 0.5);
    recipe_free(&r);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_the_files_order_without_sorting),
        cmocka_unit_test(test_cutoffs),
        cmocka_unit_test(test_cutoff_is_inclusive_for_times_made_from_frames),
        cmocka_unit_test(test_length_is_bounded_from_the_far_end),
        cmocka_unit_test(test_cutoff_looks_past_what_it_leaves_out),
        cmocka_unit_test(test_one_history_of_each_length),
        cmocka_unit_test(test_complete_history_takes_in_the_other_lists),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_no_segments),
        cmocka_unit_test(test_wrong_options),
        cmocka_unit_test(test_options_come_from_the_recipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
