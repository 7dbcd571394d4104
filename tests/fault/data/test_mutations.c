/* Small good files with bytes changed, dropped, doubled and cut off, by a fixed seed: every reader must answer OK or
 * with a message that names the file, and leave nothing behind (the sanitizer build looks for leaks). */
#include "base/rng.h"
#include "data/annotations.h"
#include "data/instances.h"
#include "data/tracks.h"

#include "tests/unit/data/scratch.h"

enum { ROUNDS = 1500, TEXT_MOST = 2048 };

static const char ACTIONS[] = "id,action,verb,noun\n0, take_pan,0,1\n1, take_fridge,0,0\n2, \"get_pan:sauce\",0,3\n";
static const char PAIRS[] = "0, 0_0, Inspect/Read_recipe\n1, 1_5, Open_fridge\n2, 2_2, Take_eating:utensil\n";
static const char RULSTM[] =
    "1, v, 0000000152, 0000000205, 000, 001, 0000\n2, v, 0000000258, 278, 0, 0, 1\n3, w, 3, 9, 0, 3, 2\n";
static const char EPIC[] =
    "uid,video_id,narration,start_timestamp,stop_timestamp,start_frame,stop_frame,verb,verb_class,noun,noun_class\n"
    "7,P01,\"take pan, "
    "\"\"x\"\"\",00:01:01.50,01:00:02.25,1,2,take,0,pan,1\n8,P01,,00:00:03,00:00:04,1,2,take,0,pan,3\n";
static const char PHOENIX[] = "\xef\xbb\xbfname|signer|gloss|text\r\na|S|JETZT \xc3\x9c"
                              "BER WETTER|x\r\nb|S|WETTER|y\r\n";
static const char BOSTON[] = "video,speaker,word,startframe,endframe\n1,w,JOHN,0,29\n1,w,WRITE,30,59\n3,w,JOHN,0,5\n";
static const char HANDS[] = "video,frame,x,y\n98,0,1,-2\n98,1,3,4.5\n7,0,5,6e3\n";
static const char INDEX[] = "video\tframes\twidth\tfps\na\t3\t2\t2.5\n";

static size_t mutate(rng *r, const char *text, char *out)
{
    size_t count = strlen(text);
    memcpy(out, text, count);
    for (size_t change = rng_below(r, 4) + 1; change > 0 && count > 0; change--) {
        static const char SPICE[] = ",\"|\t\n\r -.:e0987654321\x80\xff";
        size_t at = rng_below(r, count), kind = rng_below(r, 6), length = rng_below(r, count - at) % 16 + 1;
        if (kind == 0) out[at] = (char)rng_below(r, 256);
        else if (kind <= 2) out[at] = SPICE[rng_below(r, sizeof SPICE - 1)];
        else if (kind == 3 && count + length <= TEXT_MOST) {
            memmove(out + at + length, out + at, count - at);
            count += length;
        } else if (kind == 4) {
            memmove(out + at, out + at + length, count - at - length);
            count -= length;
        } else if (rng_below(r, 8) == 0) count = at;
    }
    return count;
}

static void check(status got, const char *name, size_t good[2])
{
    good[got == OK]++;
    if (got != OK && !strstr(fail_message(), name)) fail_msg("\"%s\" does not name %s", fail_message(), name);
    assert_true(got == OK || got == ERR_INPUT || got == ERR_MISSING);
    fail_clear();
}

/* Both answers must have been seen, or the mutations try nothing. */
static void check_both(const size_t good[2])
{
    assert_true(good[0] > ROUNDS / 10 && good[1] > ROUNDS / 100);
}

static void try_classes(const char *text, uint64_t stream)
{
    static char bytes[TEXT_MOST];
    size_t good[2] = {0};
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rng r = rng_stream(1, stream, i);
        class_list c = {0};
        size_t count = mutate(&r, text, bytes);
        check(classes_read(scratch_bytes("t.csv", bytes, count), &c), "t.csv", good);
        classes_free(&c);
    }
    check_both(good);
}

static void test_classes(void **state)
{
    (void)state;
    try_classes(ACTIONS, 1);
    try_classes(PAIRS, 2);
}

static void try_segments(const char *text, const char *format, uint64_t stream, const class_list *classes)
{
    static char bytes[TEXT_MOST];
    size_t good[2] = {0};
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rng r = rng_stream(1, stream, i);
        segment_list list = {0};
        class_list collected = {0};
        size_t count = mutate(&r, text, bytes);
        const char *path = scratch_bytes("t.csv", bytes, count);
        check(segments_read(path, format, 30, classes, &list), "t.csv", good);
        segments_free(&list);
        if (i % 4 == 0) (void)classes_collect(path, format, &collected);
        fail_clear();
        classes_free(&collected);
    }
    check_both(good);
}

static void test_segments(void **state)
{
    (void)state;
    class_list actions = {0}, words = {0};
    assert_ok(classes_read(scratch_file("actions.csv", ACTIONS), &actions));
    assert_ok(classes_collect(scratch_file("words.csv", BOSTON), "auto", &words));
    try_segments(RULSTM, "auto", 3, &actions);
    try_segments(EPIC, "auto", 4, &actions);
    try_segments(PHOENIX, "auto", 5, &words);
    try_segments(BOSTON, "boston104", 6, &words);
    try_segments(BOSTON, "lines", 7, &words);
    classes_free(&actions);
    classes_free(&words);
}

/* Every promised value can be read. */
static void read_everything(const tracks *t, const char *video)
{
    float *copy = malloc(tracks_width(t) * sizeof *copy);
    assert_non_null(copy);
    for (size_t f = 0; f < tracks_frames(t, video); f++)
        memcpy(copy, tracks_frame(t, video, f), tracks_width(t) * sizeof *copy);
    free(copy);
}

static void test_tracks(void **state)
{
    (void)state;
    static char bytes[TEXT_MOST];
    static const float values[6] = {0};
    size_t good[2] = {0}, good_folder[2] = {0};
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rng r = rng_stream(1, 8, i);
        tracks *t = NULL;
        size_t count = mutate(&r, HANDS, bytes);
        check(tracks_open(scratch_bytes("t.csv", bytes, count), &t), "t.csv", good);
        if (t) read_everything(t, "98");
        tracks_close(&t);
        count = mutate(&r, INDEX, bytes);
        scratch_bytes("index.tsv", bytes, count);
        scratch_bytes("a.f32", values, rng_below(&r, 4) ? sizeof values : rng_below(&r, sizeof values));
        check(tracks_open(scratch_directory, &t), scratch_directory, good_folder);
        if (t) read_everything(t, "a");
        tracks_close(&t);
    }
    check_both(good);
    check_both(good_folder);
}

static void test_lists_of_ids(void **state)
{
    (void)state;
    static char bytes[TEXT_MOST];
    size_t good[2] = {0};
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rng r = rng_stream(1, 9, i);
        int64_t *ids = NULL;
        size_t ids_count = 0, count = mutate(&r, "verb_class,verb\n1,put\n0,take\n4,wash\n", bytes);
        check(ids_read(scratch_bytes("t.csv", bytes, count), &ids, &ids_count), "t.csv", good);
        free(ids);
    }
    check_both(good);
}

static const char WLASL[] =
    "[{\"gloss\": \"book\", \"instances\": [{\"bbox\": [1, 2, 30, 40], \"fps\": 25, \"frame_end\": -1, "
    "\"frame_start\": 1, \"signer_id\": 7, \"split\": \"train\", \"video_id\": \"1\"}, {\"split\": \"val\", "
    "\"video_id\": \"2\"}]}, {\"gloss\": \"go\", \"instances\": [{\"split\": \"test\", \"video_id\": \"3\"}]}]";
static const char RECORDS[] = "video_path,gloss\na/1.mp4,go\n\"b/2.mp4\",book\n";

static void try_instances(const char *text, const char *name, uint64_t stream, const char *details)
{
    static char bytes[TEXT_MOST], format[] = "data.format=wlasl", stages[] = "stages=[evaluate]";
    char train[128], range[64], box[64], *overrides[] = {format, stages, train, range, box};
    size_t good[2] = {0};
    recipe *r = NULL;
    snprintf(train, sizeof train, "data.train=%s/%s", scratch_directory, name);
    snprintf(range, sizeof range, "data.use_range=%s", details);
    snprintf(box, sizeof box, "data.use_box=%s", details);
    assert_ok(recipe_read(NULL, overrides, sizeof overrides / sizeof overrides[0], &r));
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rng random = rng_stream(1, stream, i);
        instance_list list = {0};
        scratch_bytes(name, bytes, mutate(&random, text, bytes));
        check(instances_read(r, &list), name, good);
        instances_free(&list);
    }
    recipe_free(&r);
    check_both(good);
}

static void test_instances(void **state)
{
    (void)state;
    try_instances(WLASL, "t.json", 11, "true");
    try_instances(RECORDS, "t.csv", 12, "false");
}

/* Bytes that were never a table. */
static void test_noise(void **state)
{
    (void)state;
    unsigned char bytes[512];
    class_list c = {0};
    assert_ok(classes_read(scratch_file("actions.csv", ACTIONS), &c));
    for (uint64_t i = 0; i < ROUNDS; i++) {
        rng r = rng_stream(1, 10, i);
        segment_list list = {0};
        size_t count = rng_below(&r, sizeof bytes);
        for (size_t b = 0; b < count; b++)
            bytes[b] = (unsigned char)(i % 2 ? rng_below(&r, 256) : 32 + rng_below(&r, 95));
        status got = segments_read(scratch_bytes("t.csv", bytes, count), "auto", 30, &c, &list);
        assert_failed(got, ERR_INPUT, "t.csv");
    }
    classes_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),      cmocka_unit_test(test_segments), cmocka_unit_test(test_tracks),
        cmocka_unit_test(test_lists_of_ids), cmocka_unit_test(test_noise),    cmocka_unit_test(test_instances),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
