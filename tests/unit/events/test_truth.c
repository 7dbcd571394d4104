#include "events/truth.h"

#include "tests/unit/data/scratch.h"

#include <math.h>

static truth_list read_text(const char *text, double fps)
{
    truth_list t;
    assert_ok(truth_read(scratch_file("truth.csv", text), fps, &t));
    return t;
}

static void assert_segment(const truth_list *t, const char *video, size_t i, double start, double end,
                           const char *label)
{
    const truth_video *found = truth_find(t, video);
    assert_non_null(found);
    assert_in_range(i, 0, found->segments.count - 1);
    const event *e = &found->segments.at[i];
    assert_true(fabs(e->start - start) < 1e-12 && fabs(e->end - end) < 1e-12);
    assert_true(!e->label == !label);
    if (label) assert_string_equal(e->label, label);
}

static void test_epic(void **state)
{
    (void)state;
    truth_list t =
        read_text("narration_id,video_id,start_timestamp,stop_timestamp,start_frame,stop_frame,verb_class,noun_class\n"
                  "x,P01_01,00:00:10.14,01:00:03.37,8,202,2,8\n"
                  "y,P01_01,00:00:01.00,00:00:02.00,8,202,,8\n"
                  "z,P01_02,00:00:01.00,00:00:01.00,8,8,1,8\n"
                  "w,P01_03,00:00:00.00,00:00:01.00,8,8,1,8\n",
                  0);
    assert_int_equal(t.count, 2); /* what has no length begins no video */
    assert_int_equal(t.empty, 1);
    assert_segment(&t, "P01_01", 0, 1, 2, NULL);
    assert_segment(&t, "videos/P01/P01_01.MP4", 1, 10.14, 3603.37, "2:8");
    assert_null(truth_find(&t, "P01_02"));
    assert_null(truth_find(&t, "P01_0"));
    truth_free(&t);
}

static void test_lists(void **state)
{
    (void)state;
    truth_list t = read_text("video,start,end,label\na/b.mp4,1.5,2,cut\nb,0,1,\"a, b\"\n", 0);
    assert_int_equal(t.count, 1);
    assert_segment(&t, "b.mkv", 0, 0, 1, "a, b");
    assert_segment(&t, "b", 1, 1.5, 2, "cut");
    truth_free(&t);
    t = read_text("video,start,end\nb,0,1\n", 0);
    assert_segment(&t, "b", 0, 0, 1, NULL);
    truth_free(&t);
    t = read_text("video,start_frame,end_frame,fps\nb,10,30,10\nc,10,30,20\n", 7);
    assert_segment(&t, "b", 0, 1, 3, NULL);
    assert_segment(&t, "c", 0, 0.5, 1.5, NULL);
    truth_free(&t);
    t = read_text("start_frame,stop_frame,video_id\n10,30,b\n", 5);
    assert_segment(&t, "b", 0, 2, 6, NULL);
    truth_free(&t);
}

/* What `magister generate` writes. */
static void test_kitchen(void **state)
{
    (void)state;
    truth_list t = read_text(
        "000000, K01, 0000000030, 0000000060, 001, 002, 0007\n000001, K01, 0000000060, 0000000090, 1, 2, 0007\n", 30);
    assert_int_equal(t.count, 1);
    assert_segment(&t, "K01", 0, 1, 2, "0007");
    assert_segment(&t, "K01", 1, 2, 3, "0007");
    truth_merge(&t, 0);
    assert_segment(&t, "K01", 0, 1, 3, "0007");
    assert_int_equal(t.at[0].segments.count, 1);
    truth_free(&t);
}

static void assert_bad(const char *text, const char *part)
{
    truth_list t;
    assert_failed(truth_read(scratch_file("truth.csv", text), 0, &t), ERR_INPUT, part);
}

static void assert_told(const char *text, bool expected)
{
    bool there = !expected;
    assert_ok(truth_is_there(scratch_file("told", text), &there));
    assert_int_equal(there, expected);
}

static void test_a_ground_truth_is_told_from_lists(void **state)
{
    (void)state;
    bool there;
    assert_told("video_id,start_timestamp,stop_timestamp\nP01,00:00:01.00,00:00:02.00\n", true);
    assert_told("video,start,end\n", true);
    assert_told("0,kitchen_000000,10,20,1,2,3\n", true);
    assert_told("films/a.mp4\nfilms/b.mp4\n", false);
    assert_told("video_path,gloss\na.mp4,BOOK\n", false);
    assert_told("[{\"video_path\": \"a.mp4\"}]", false);
    assert_told("", false);
    assert_failed(truth_is_there(scratch_path("no-such"), &there), ERR_MISSING, "no-such");
}

static void test_what_is_wrong_is_named_by_line(void **state)
{
    (void)state;
    assert_bad("", "a file without segments");
    assert_bad("video,start,end\n", "a file without segments");
    assert_bad("a,b,c\n1,2,3\n", "truth.csv:1: no known form");
    assert_bad("video,start,end\nb,0,1\nb,2,1\n", "truth.csv:3: a segment from 2.000 to 1.000 s");
    assert_bad("video,start,end\nb,-1,1\n", "truth.csv:2: a segment from -1.000");
    assert_bad("video,start,end\nb,1,1e300\n", "truth.csv:2: a segment from 1.000");
    assert_bad("video,start,end\nb,x,1\n", "truth.csv:2: start \"x\" is not a finite number");
    assert_bad("video,start,end\n,0,1\n", "truth.csv:2: video is empty");
    assert_bad("video,start,end\nb,0\n", "truth.csv:2: end is missing");
    assert_bad("video_id,start_timestamp,stop_timestamp\nb,00:00:01,1:99:00\n",
               "truth.csv:2: stop_timestamp \"1:99:00\"");
    assert_bad("0, K01, 30, 60, 1, 2, 7\n", "truth.csv:1: times are frames, and their rate is not known");
    assert_bad("video,start_frame,end_frame,fps\nb,1,2,0\n", "truth.csv:2: fps 0 is no rate");
    truth_list t;
    assert_failed(truth_read(scratch_path("not-there.csv"), 0, &t), ERR_MISSING, "not-there.csv");
}

static void test_epic_kitchens_as_published(void **state)
{
    (void)state;
    truth_list t;
    assert_ok(truth_read(shared_file("ek55/EPIC_train_action_labels.csv"), 0, &t));
    assert_segment(&t, "P01_01.MP4", 0, 0.14, 3.37, "2:8");
    assert_true(t.count > 200);
    truth_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epic),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_kitchen),
        cmocka_unit_test(test_a_ground_truth_is_told_from_lists),
        cmocka_unit_test(test_what_is_wrong_is_named_by_line),
        cmocka_unit_test(test_epic_kitchens_as_published),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
