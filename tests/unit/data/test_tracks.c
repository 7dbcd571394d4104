#include "data/tracks.h"

#include "scratch.h"

#include <math.h>

static const float VALUES[] = {0, 1, 2, 3, 4, 5};

/* A folder with `index` and one file a.f32 of `count` values; its path. */
static const char *folder(const char *index, const float *values, size_t count)
{
    scratch_file("index.tsv", index);
    scratch_bytes("a.f32", values, count * sizeof *values);
    return scratch_directory;
}

static void assert_bad_csv(const char *text, const char *part)
{
    tracks *t = NULL;
    assert_failed(tracks_open(scratch_file("t.csv", text), &t), ERR_INPUT, part);
    assert_null(t);
}

static void assert_bad_folder(const char *index, const char *part)
{
    tracks *t = NULL;
    assert_failed(tracks_open(folder(index, VALUES, 6), &t), ERR_INPUT, part);
    assert_null(t);
}

static void test_csv(void **state)
{
    (void)state;
    tracks *t = NULL;
    assert_ok(tracks_open(scratch_file("t.csv", "video,frame,x,y\n98,0,1,-2\n98,1,3,4.5\n7,0,5,6\n"), &t));
    assert_int_equal(tracks_width(t), 2);
    assert_true(tracks_fps(t) == 0);
    assert_int_equal(tracks_frames(t, "98"), 2);
    assert_int_equal(tracks_frames(t, "7"), 1);
    assert_int_equal(tracks_frames(t, "8"), 0);
    assert_true(tracks_frame(t, "98", 1)[1] == 4.5f);
    assert_true(tracks_frame(t, "7", 0)[0] == 5);
    assert_null(tracks_frame(t, "98", 2));
    assert_null(tracks_frame(t, "8", 0));
    assert_ok(tracks_check(t));
    tracks_close(&t);
    assert_null(t);
    tracks_close(&t);
}

static void test_bad_csv(void **state)
{
    (void)state;
    assert_bad_csv("", "t.csv:");
    assert_bad_csv("video,frame\n1,0\n", "t.csv:1: expected a header video,frame");
    assert_bad_csv("1,0,5\n", "t.csv:1: expected a header");
    assert_bad_csv("video,frame,x\n", "no frames below the header");
    assert_bad_csv("video,frame,x\n1,0,5\n1,1\n", "t.csv:3: 2 columns where the header has 3");
    assert_bad_csv("video,frame,x\n1,0,5\n1,2,6\n", "t.csv:3: frame 2 of video 1 where frame 1 comes next");
    assert_bad_csv("video,frame,x\n1,1,5\n", "t.csv:2: frame 1 of video 1 where frame 0");
    assert_bad_csv("video,frame,x\n1,0,5\n2,0,5\n1,1,5\n", "t.csv:4: video 1 stands further above");
    assert_bad_csv("video,frame,x\n1,0,nan\n", "t.csv:2: a value \"nan\" is not a finite number");
    assert_bad_csv("video,frame,x\n1,0,1e39\n", "t.csv:2: 1e+39 is too large");
    tracks *t = NULL;
    assert_failed(tracks_open("/nowhere/t.csv", &t), ERR_MISSING, "/nowhere/t.csv");
}

static void test_folder(void **state)
{
    (void)state;
    tracks *t = NULL;
    assert_ok(tracks_open(folder("video\tframes\twidth\tfps\na\t3\t2\t2.5\n", VALUES, 6), &t));
    assert_int_equal(tracks_width(t), 2);
    assert_true(tracks_fps(t) == 2.5);
    assert_int_equal(tracks_frames(t, "a"), 3);
    assert_true(tracks_frame(t, "a", 2)[0] == 4);
    assert_null(tracks_frame(t, "a", 3));
    assert_ok(tracks_check(t));
    tracks_close(&t);
    assert_ok(tracks_open(folder("video\tframes\twidth\na\t2\t3\n", VALUES, 6), &t));
    assert_true(tracks_fps(t) == 0);
    tracks_close(&t);
}

static void test_bad_folder(void **state)
{
    (void)state;
    assert_bad_folder("", "index.tsv:1: expected a header");
    assert_bad_folder("video\tframes\na\t3\n", "index.tsv:1: expected a header");
    assert_bad_folder("video\tframes\twidth\n", "no videos");
    assert_bad_folder("video\tframes\twidth\na\t4\t2\n", "a.f32: 24 bytes, but 4 frames of 2 values are 32 bytes");
    assert_bad_folder("video\tframes\twidth\na\t3\t1\n", "a.f32: 24 bytes, but 3 frames");
    assert_bad_folder("video\tframes\twidth\na\t0\t2\n", "index.tsv:2: frames 0 is out of bounds");
    assert_bad_folder("video\tframes\twidth\na\t3\t99999999999\n", "index.tsv:2: width 99999999999 is out of bounds");
    assert_bad_folder("video\tframes\twidth\na\t3\t2\na\t3\t2\n", "index.tsv:3: video a stands further above");
    assert_bad_folder("video\tframes\twidth\na\t3\t2\na\t2\t3\n", "index.tsv:3: width 3, but 2 above");
    assert_bad_folder("video\tframes\twidth\tfps\na\t3\t2\t0\n", "index.tsv:2: fps 0");
    assert_bad_folder("video\tframes\twidth\n../a\t3\t2\n", "leads out of the folder");
    assert_bad_folder("video\tframes\twidth\nx/..\t3\t2\n", "leads out of the folder");
    assert_bad_folder("video\tframes\twidth\n/etc/a\t3\t2\n", "leads out of the folder");
    tracks *t = NULL;
    assert_failed(tracks_open(folder("video\tframes\twidth\nb\t3\t2\n", VALUES, 6), &t), ERR_MISSING, "b.f32");
}

static void test_mapped_values_that_are_not_numbers(void **state)
{
    (void)state;
    const float values[] = {0, 1, 2, NAN, 4, 5};
    tracks *t = NULL;
    assert_ok(tracks_open(folder("video\tframes\twidth\na\t3\t2\n", values, 6), &t));
    assert_failed(tracks_check(t), ERR_INPUT, "video a, frame 1: value 1 is not a finite number");
    tracks_close(&t);
}

static const char CSV[] = "video,frame,x,y,z\n98,0,1,-2,0\n98,1,3,4.5,0\nseven,0,5,6,7\n";

static void test_packed(void **state)
{
    (void)state;
    tracks *read = NULL, *t = NULL;
    const char *path = scratch_file("t.csv", CSV);
    assert_ok(tracks_open(path, &read));
    size_t count = tracks_packed_bytes(read);
    void *bytes = malloc(count);
    tracks_pack(read, bytes);
    tracks_close(&read);
    assert_ok(tracks_open_packed(path, bytes, count, &t));
    assert_int_equal(tracks_width(t), 3);
    assert_true(tracks_fps(t) == 0);
    assert_int_equal(tracks_frames(t, "98"), 2);
    assert_int_equal(tracks_frames(t, "seven"), 1);
    assert_int_equal(tracks_frames(t, "8"), 0);
    assert_true(tracks_frame(t, "98", 1)[1] == 4.5f);
    assert_true(tracks_frame(t, "seven", 0)[2] == 7);
    assert_null(tracks_frame(t, "seven", 1));
    const char *first = (const char *)tracks_frame(t, "98", 0); /* it is looked into, not copied */
    assert_true(first > (char *)bytes && first < (char *)bytes + count);
    assert_ok(tracks_check(t));
    void *again = malloc(count);
    assert_int_equal(tracks_packed_bytes(t), count);
    tracks_pack(t, again);
    assert_memory_equal(again, bytes, count);
    tracks_close(&t);
    free(bytes);
    free(again);
    assert_ok(tracks_open(folder("video\tframes\twidth\na\t3\t2\n", VALUES, 6), &t));
    assert_int_equal(tracks_packed_bytes(t), 0);
    tracks_close(&t);
}

/* Cut anywhere they are refused; with any byte changed they are refused or stay inside. */
static void test_packed_of_something_else(void **state)
{
    (void)state;
    tracks *read = NULL, *t = NULL;
    assert_ok(tracks_open(scratch_file("t.csv", CSV), &read));
    size_t count = tracks_packed_bytes(read);
    unsigned char *bytes = malloc(count);
    tracks_pack(read, bytes);
    tracks_close(&read);
    for (size_t length = 0; length < count; length++) {
        unsigned char *cut = malloc(length + 1);
        memcpy(cut, bytes, length);
        assert_failed(tracks_open_packed("t.csv", cut, length, &t), ERR_INTERNAL, "t.csv: ");
        free(cut);
    }
    for (size_t i = 0; i < count * 8; i++) {
        bytes[i / 8] = (unsigned char)(bytes[i / 8] ^ 1u << i % 8);
        if (tracks_open_packed("t.csv", bytes, count, &t) == OK) tracks_check(t);
        fail_clear();
        tracks_close(&t);
        bytes[i / 8] = (unsigned char)(bytes[i / 8] ^ 1u << i % 8);
    }
    free(bytes);
}

static void test_hands_of_boston104(void **state)
{
    (void)state;
    tracks *t = NULL;
    assert_ok(tracks_open(shared_file("boston104_hands/hands.csv"), &t));
    assert_int_equal(tracks_width(t), 6);
    assert_true(tracks_frame(t, "98", 11)[2] == 169);
    tracks_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_csv, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_bad_csv, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_folder, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_bad_folder, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_mapped_values_that_are_not_numbers, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_packed, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(test_packed_of_something_else, scratch_open, scratch_close),
        cmocka_unit_test(test_hands_of_boston104),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
