/* Tracks in files of other programs: NumPy's, and LMDB in RULSTM's form (tests/fixtures/rulstm_lmdb.py made the
 * fixtures with LMDB itself). Damaged files must be answered, never followed out of their bounds. */
#include "base/rng.h"
#include "data/tracks.h"
#include "scratch.h"

#include <math.h>

static const char LMDB[] = "tests/fixtures/rulstm.mdb", WIDE[] = "tests/fixtures/rulstm_wide.mdb";
static char long_name[310] = "long_";

/* ---- NumPy --------------------------------------------------------------------------------------------------------
 */

/* A .npy file of version 1 with this dictionary and `count` values 0, 1, 2 ... */
static void write_npy(const char *name, const char *dictionary, size_t count)
{
    unsigned char bytes[1024] = "\x93NUMPY\x01";
    size_t length = strlen(dictionary);
    bytes[8] = (unsigned char)length;
    memcpy(bytes + 10, dictionary, length);
    for (size_t i = 0; i < count; i++) {
        float value = (float)i;
        memcpy(bytes + 10 + length + 4 * i, &value, 4);
    }
    scratch_bytes(name, bytes, 10 + length + 4 * count);
}

static void numpy_folders_are_tracks(void **state)
{
    (void)state;
    tracks *t = NULL;
    write_npy("a.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }   \n", 6);
    write_npy("b.npy", "{'shape': (2, 2), 'fortran_order': False, 'descr': '<f4'}\n", 4); /* aligned to nothing */
    scratch_file("notes.txt", "x");
    assert_ok(tracks_open(scratch_directory, &t));
    assert_int_equal(tracks_width(t), 2);
    assert_int_equal(tracks_frames(t, "a"), 3);
    assert_int_equal(tracks_frames(t, "b"), 2);
    assert_int_equal(tracks_frames(t, "notes"), 0);
    assert_true(tracks_frame(t, "a", 2)[1] == 5 && tracks_frame(t, "b", 1)[0] == 2);
    assert_null(tracks_frame(t, "a", 3));
    assert_true(tracks_fps(t) == 0);
    assert_ok(tracks_check(t));
    tracks_close(&t);
}

static void assert_bad_npy(const char *dictionary, size_t count, const char *part)
{
    tracks *t = NULL;
    write_npy("a.npy", dictionary, count);
    assert_failed(tracks_open(scratch_directory, &t), ERR_INPUT, part);
}

static void other_numpy_files_are_refused(void **state)
{
    (void)state;
#define DICTIONARY(type, order, shape) "{'descr': '" type "', 'fortran_order': " order ", 'shape': " shape ", }\n"
    assert_bad_npy(DICTIONARY("<f8", "False", "(3, 2)"), 12, "a.npy: not float32 in C order");
    assert_bad_npy(DICTIONARY("<f4", "True", "(3, 2)"), 6, "a.npy: not float32 in C order");
    assert_bad_npy(DICTIONARY("|O", "False", "(3, 2)"), 6, "not float32");
    assert_bad_npy(DICTIONARY("<f4", "False", "(6,)"), 6, "its shape is not (frames, width)");
    assert_bad_npy(DICTIONARY("<f4", "False", "(1, 3, 2)"), 6, "its shape is not (frames, width)");
    assert_bad_npy(DICTIONARY("<f4", "False", "(-3, 2)"), 6, "its shape is not (frames, width)");
    assert_bad_npy(DICTIONARY("<f4", "False", "(0, 2)"), 0, "a shape of 0 frames");
    assert_bad_npy(DICTIONARY("<f4", "False", "(9999999999, 2)"), 6, "a shape of 9999999999 frames");
    assert_bad_npy(DICTIONARY("<f4", "False", "(4, 2)"), 6, "24 bytes of values where 4 frames of 2 numbers");
    assert_bad_npy("{'descr': '<f4'}\n", 6, "without descr, fortran_order or shape");
#undef DICTIONARY
    tracks *t = NULL;
    scratch_file("a.npy", "\x93NUMPY\x01");
    assert_failed(tracks_open(scratch_directory, &t), ERR_INPUT, "too short");
    scratch_bytes("a.npy", "\x93NUMPY\x03\0\xff\xff\xff\xff", 12);
    assert_failed(tracks_open(scratch_directory, &t), ERR_INPUT, "a NumPy header of 4294967295 bytes");
    write_npy("a.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }\n", 6);
    write_npy("b.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 6);
    assert_failed(tracks_open(scratch_directory, &t), ERR_INPUT, "all videos must have the same");
    char empty[128];
    snprintf(empty, sizeof empty, "%s/none", scratch_directory);
    assert_ok(directory_make(empty));
    assert_failed(tracks_open(empty, &t), ERR_MISSING, "neither index.tsv nor data.mdb nor a .npy file");
}

/* ---- LMDB ---------------------------------------------------------------------------------------------------------
 */

static bool is_there(const char *video, size_t frame)
{
    if (!strcmp(video, "P01")) return frame >= 1 && frame <= 300 && (frame < 100 || frame > 130);
    if (!strcmp(video, "P02")) return frame >= 5 && frame <= 9;
    return frame >= 1 && frame <= 100 && (frame < 40 || frame > 51);
}

/* Every frame of a video by the rule of tracks.h. */
static void check_video(const tracks *t, const char *video, int number, size_t frames)
{
    assert_int_equal(tracks_frames(t, video), frames);
    for (size_t f = 0; f < frames; f++) {
        const track_value *values = tracks_frame(t, video, f);
        size_t found = f ? f : 1, back = 0;
        assert_non_null(values);
        while (back <= LMDB_BACK && found > 0 && !is_there(video, found)) back++, found--;
        bool zeros = back > LMDB_BACK || found == 0;
        for (size_t i = 0; i < 3; i++) {
            float wanted = zeros ? 0 : (float)(1000 * number) + (float)found + (float)i / 8;
            if (values[i] != wanted) fail_msg("%s, frame %zu: %g where %g should be", video, f, values[i], wanted);
        }
    }
    assert_null(tracks_frame(t, video, frames));
}

static void lmdb_files_are_tracks(void **state)
{
    (void)state;
    tracks *t = NULL;
    assert_ok(tracks_open(LMDB, &t));
    assert_int_equal(tracks_width(t), 3);
    assert_true(tracks_fps(t) == 30);
    check_video(t, "P01", 1, 301);
    check_video(t, "P02", 2, 10);
    check_video(t, long_name, 3, 101);
    assert_int_equal(tracks_frames(t, "P0"), 0);
    assert_int_equal(tracks_frames(t, "P03"), 0);
    assert_int_equal(tracks_frames(t, ""), 0);
    assert_int_equal(tracks_frames(t, "A"), 0); /* before all keys */
    assert_null(tracks_frame(t, "P03", 1));
    tracks_close(&t);
}

static void large_records_are_read(void **state)
{
    (void)state;
    tracks *t = NULL;
    assert_ok(tracks_open(WIDE, &t));
    assert_int_equal(tracks_width(t), 1100);
    for (size_t f = 1; f <= 3; f++)
        for (size_t i = 0; i < 1100; i++) assert_true(tracks_frame(t, "P01", f)[i] == 1000 + (float)f + (float)i / 8);
    tracks_close(&t);
}

static void read_all(const tracks *t, const char *video)
{
    size_t width = tracks_width(t), frames = tracks_frames(t, video);
    volatile float sum = 0;
    for (size_t f = 0; f < frames && f < 400; f++) {
        const track_value *values = tracks_frame(t, video, f);
        for (size_t i = 0; values && i < width; i++) sum = sum + values[i];
    }
}

static void try_damaged(const char *path, uint64_t stream, size_t rounds)
{
    char *bytes = NULL, where[128];
    size_t count = 0, opened = 0, refused = 0;
    assert_ok(file_read(path, 1 << 24, &bytes, &count));
    char *copy = malloc(count);
    assert_non_null(copy);
    snprintf(where, sizeof where, "%s/t.mdb", scratch_directory);
    for (uint64_t i = 0; i < rounds; i++) {
        rng r = rng_stream(1, stream, i);
        tracks *t = NULL;
        size_t length = rng_below(&r, 10) ? count : rng_below(&r, count);
        memcpy(copy, bytes, count);
        for (size_t change = rng_below(&r, 40); change > 0; change--) {
            size_t page = rng_below(&r, count / 4096) * 4096; /* headers and tables of nodes are worth most */
            size_t at = page + rng_below(&r, rng_below(&r, 2) ? 64 : 4096);
            copy[at] = (char)(rng_below(&r, 3) ? rng_below(&r, 256) : rng_below(&r, 2) ? 0xff : 0);
        }
        scratch_bytes("t.mdb", copy, length);
        status got = tracks_open(where, &t);
        if (got == OK) {
            opened++;
            read_all(t, "P01");
            read_all(t, "P02");
            read_all(t, long_name);
        } else {
            refused++;
            assert_true(got == ERR_INPUT);
            assert_non_null(strstr(fail_message(), "t.mdb"));
            fail_clear();
        }
        tracks_close(&t);
    }
    assert_true(opened > rounds / 10 && refused > rounds / 20);
    free(copy);
    free(bytes);
}

static void damaged_files_stay_inside(void **state)
{
    (void)state;
    try_damaged(LMDB, 1, 600);
    try_damaged(WIDE, 2, 300);
}

/* A record of another width is no number, not another's memory. */
static void damaged_records_are_no_numbers(void **state)
{
    (void)state;
    char *bytes = NULL, where[128];
    size_t count = 0;
    tracks *t = NULL;
    assert_ok(file_read(WIDE, 1 << 24, &bytes, &count));
    for (size_t at = 0; at + 24 < count; at++)
        if (!memcmp(bytes + at, "P01_frame_0000000002.jpg", 24)) bytes[at - 8] ^= 4; /* its size */
    scratch_bytes("t.mdb", bytes, count);
    snprintf(where, sizeof where, "%s/t.mdb", scratch_directory);
    assert_ok(tracks_open(where, &t));
    assert_true(isnan(tracks_frame(t, "P01", 2)[5]));
    assert_true(tracks_frame(t, "P01", 3)[0] == 1003);
    tracks_close(&t);
    free(bytes);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    tracks *t = NULL;
    char where[128];
    snprintf(where, sizeof where, "%s/t.mdb", scratch_directory);
    assert_failed(tracks_open(where, &t), ERR_MISSING, "t.mdb");
    scratch_file("t.mdb", "no");
    assert_failed(tracks_open(where, &t), ERR_INPUT, "too short");
    static char zeros[8192];
    scratch_bytes("t.mdb", zeros, sizeof zeros);
    assert_failed(tracks_open(where, &t), ERR_INPUT, "no LMDB file");
    char *bytes = NULL;
    size_t count = 0;
    assert_ok(file_read(LMDB, 1 << 24, &bytes, &count));
    scratch_bytes("t.mdb", bytes, count - 4096);
    assert_failed(tracks_open(where, &t), ERR_INPUT, "it was cut off");
    bytes[20] = bytes[4096 + 20] = 9;
    scratch_bytes("t.mdb", bytes, count);
    assert_failed(tracks_open(where, &t), ERR_INPUT, "version 9; version 1 is understood");
    free(bytes);
}

int main(void)
{
    memset(long_name + 5, 'x', 300);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numpy_folders_are_tracks, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(other_numpy_files_are_refused, scratch_open, scratch_close),
        cmocka_unit_test(lmdb_files_are_tracks),
        cmocka_unit_test(large_records_are_read),
        cmocka_unit_test_setup_teardown(damaged_files_stay_inside, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(damaged_records_are_no_numbers, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(other_files_are_refused, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
