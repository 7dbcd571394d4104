/* Splits by gloss: the same bytes for the same seed, every part of every gloss, and read back as data. */
#include "data/dataset.h"
#include "data/split.h"
#include "scratch.h"

static const char *in_scratch(const char *name)
{
    static char paths[8][200];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_directory, name);
    return path;
}

static split_order order_of(const char *source, const char *out)
{
    return (split_order){.source = in_scratch(source), .out = in_scratch(out), .parts = {.7, .15, .15}};
}

static void make_glosses(const char *folder, int glosses, int clips)
{
    char name[100];
    for (int g = 0; g < glosses; g++) {
        snprintf(name, sizeof name, "%s/%s/gloss%02d", scratch_directory, folder, g);
        assert_ok(directory_make(name));
        for (int c = 0; c < clips; c++) {
            snprintf(name, sizeof name, "%s/gloss%02d/%d.mp4", folder, g, c);
            scratch_bytes(name, "\0\0\0\x1c", 4);
        }
    }
}

static void assert_same_files(const char *a, const char *b, bool same)
{
    char *x = NULL, *y = NULL;
    size_t m = 0, n = 0;
    assert_ok(file_read(in_scratch(a), 1 << 24, &x, &m));
    assert_ok(file_read(in_scratch(b), 1 << 24, &y, &n));
    assert_int_equal(m == n && !memcmp(x, y, m), same);
    free(x);
    free(y);
}

static void open_data(const char *text, recipe **r, dataset *d)
{
    char stages[] = "stages=[evaluate]", *overrides[] = {stages};
    assert_ok(recipe_read(scratch_file("recipe.yaml", text), overrides, 1, r));
    assert_ok(dataset_open(*r, d));
}

static void splits_are_read_back(void **state)
{
    (void)state;
    split_result result;
    char text[512];
    recipe *r = NULL;
    dataset d = {0};
    make_glosses("v", 12, 10);
    split_order o = order_of("v", "one");
    assert_ok(split_make(&o, &result));
    assert_int_equal(result.glosses, 12);
    assert_int_equal(result.clips[0], 84);
    assert_int_equal(result.clips[0] + result.clips[1] + result.clips[2], 120);
    assert_in_range(result.clips[1], 12, 24);
    assert_int_equal(result.scarce, 0);
    snprintf(text, sizeof text, "data: {format: wlasl, train: %s/one/clips.json, videos: %s/v}\n", scratch_directory,
             scratch_directory);
    open_data(text, &r, &d);
    assert_int_equal(d.train.count, result.clips[0]);
    assert_int_equal(d.development.count, result.clips[1]);
    assert_int_equal(d.eval.count, result.clips[2]);
    assert_int_equal(d.missing.count, 0);
    size_t of_class[3][12] = {{0}};
    const segment_list *lists[] = {&d.train, &d.development, &d.eval};
    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l]->count; i++) of_class[l][lists[l]->at[i].action]++;
    for (size_t l = 0; l < 3; l++)
        for (size_t c = 0; c < 12; c++) assert_true(of_class[l][c] >= 1);
    dataset_free(&d);
    recipe_free(&r);
    assert_failed(split_make(&o, &result), ERR_CREATE, "is there already");
}

static void seeds_decide(void **state)
{
    (void)state;
    split_result result;
    make_glosses("w", 8, 20);
    split_order a = order_of("w", "a"), b = order_of("w", "b"), c = order_of("w", "c");
    c.seed = 1;
    assert_ok(split_make(&a, &result));
    assert_ok(split_make(&b, &result));
    assert_ok(split_make(&c, &result));
    assert_same_files("a/clips.json", "b/clips.json", true);
    assert_same_files("a/clips.json", "c/clips.json", false);
}

static void few_clips_are_told(void **state)
{
    (void)state;
    split_result result;
    scratch_file("few.csv",
                 "video_path,gloss\na/1.mp4,one\na/2.mp4,two\na/3.mp4,two\n\"b/4.mp4\",three\n./b/5.mkv,three\n"
                 "b/6,three\n");
    split_order o = order_of("few.csv", "few");
    assert_ok(split_make(&o, &result));
    assert_int_equal(result.glosses, 3);
    assert_int_equal(result.scarce, 2);
    assert_string_equal(result.scarce_names, "one, two");
    assert_int_equal(result.clips[0], 3);
    assert_int_equal(result.clips[1], 1);
    assert_int_equal(result.clips[2], 2);
}

static void paths_are_taken_below_the_videos(void **state)
{
    (void)state;
    split_result result;
    char text[512];
    recipe *r = NULL;
    dataset d = {0};
    scratch_file("list.json",
                 "[{\"prompt\": \"?\", \"video_path\": \"/data/v/x/1.mp4\", \"gloss\": \"go\"}, {\"video_path\": "
                 "\"/data/v/2.mp4\", \"gloss\": \"go\"}, {\"video_path\": \"/data/v/3.mp4\", \"gloss\": \"go\"}]");
    split_order o = order_of("list.json", "listed");
    assert_failed(split_make(&o, &result), ERR_INPUT, "entry 1: /data/v/x/1.mp4 does not lie below");
    o.videos = "/data/v";
    assert_ok(split_make(&o, &result));
    snprintf(text, sizeof text, "data: {format: wlasl, train: %s/listed/clips.json}\n", scratch_directory);
    open_data(text, &r, &d);
    bool found = false;
    for (size_t i = 0; i < d.instances.count; i++) found |= !strcmp(d.instances.at[i].video, "x/1");
    assert_true(found);
    dataset_free(&d);
    recipe_free(&r);
    scratch_file("list.json", "[{\"video_path\": 3, \"gloss\": \"go\"}]");
    o = order_of("list.json", "other");
    assert_failed(split_make(&o, &result), ERR_INPUT, "entry 1 has no text video_path");
    scratch_file("bad.csv", "video,gloss\na,b\n");
    o = order_of("bad.csv", "other");
    assert_failed(split_make(&o, &result), ERR_INPUT, "bad.csv:1: expected a header");
}

static void details_stay(void **state)
{
    (void)state;
    split_result result;
    char text[512];
    recipe *r = NULL;
    dataset d = {0};
    scratch_file("w.json",
                 "[{\"gloss\": \"go\", \"instances\": [{\"video_id\": \"1\", \"split\": \"train\", \"fps\": 29.97, "
                 "\"frame_start\": 5, \"frame_end\": 20, \"bbox\": [1, 2, 30, 40], \"signer_id\": 9}, "
                 "{\"video_id\": \"2\", \"split\": \"train\"}, {\"video_id\": \"3\", \"split\": \"train\"}]}]");
    split_order o = order_of("w.json", "details");
    assert_ok(split_make(&o, &result));
    assert_true(result.clips[0] == 1 && result.clips[1] == 1 && result.clips[2] == 1);
    snprintf(text, sizeof text, "data: {format: wlasl, train: %s/details/clips.json, use_range: true, use_box: true}\n",
             scratch_directory);
    open_data(text, &r, &d);
    const instance *first = &d.instances.at[0];
    assert_string_equal(first->video, "1");
    assert_true(first->first_frame == 4 && first->last_frame == 19 && first->fps == 29.97);
    assert_true(first->boxed && first->box[2] == 30);
    assert_string_equal(first->signer, "9");
    assert_int_equal(d.instances.at[1].last_frame, -1);
    dataset_free(&d);
    recipe_free(&r);
    o.parts[1] = 0;
    assert_failed(split_make(&o, &result), ERR_CONFIG, "above 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_are_read_back), cmocka_unit_test(seeds_decide),
        cmocka_unit_test(few_clips_are_told),   cmocka_unit_test(paths_are_taken_below_the_videos),
        cmocka_unit_test(details_stay),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
