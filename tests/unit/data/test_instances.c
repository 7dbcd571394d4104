/* Sets of single clips: WLASL's two forms, folders, what is missing. Counts of the published files are their own. */
#include "data/dataset.h"
#include "data/stratify.h"
#include "scratch.h"

#include <jansson.h>

/* ---- making -------------------------------------------------------------------------------------------------------
 */

static void make_folder(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", scratch_directory, name);
    assert_ok(directory_make(path));
}

static void make_video(const char *name)
{
    scratch_bytes(name,
                  "\0\0\0\x1c"
                  "ftypisom",
                  12);
}

static status open_recipe(const char *text, recipe **r, dataset *d)
{
    char stages[] = "stages=[student]", task[] = "student.task=recognise", loss[] = "student.distill.loss=none",
         tracks[] = "data.tracks=none", *overrides[] = {stages, task, loss, tracks};
    status st = recipe_read(scratch_file("recipe.yaml", text), overrides, 4, r);
    return st == OK ? dataset_open(*r, d) : st;
}

/* `more`: further keys of data, with a comma in front. */
static status open_set(const char *format, const char *train, const char *more, recipe **r, dataset *d)
{
    char text[1024];
    snprintf(text, sizeof text, "data: {format: %s, train: %s%s%s%s}\n", format,
             train[0] == '/' || train[0] == '.' ? "" : scratch_directory, train[0] == '/' || train[0] == '.' ? "" : "/",
             train, more);
    return open_recipe(text, r, d);
}

static void assert_refused(const char *format, const char *train, const char *more, status code, const char *part)
{
    recipe *r = NULL;
    dataset d = {0};
    assert_failed(open_set(format, train, more, &r, &d), code, part);
    recipe_free(&r);
}

typedef struct {
    recipe *r;
    dataset d;
} opened;

static opened open_good(const char *format, const char *train, const char *more)
{
    opened o = {0};
    assert_ok(open_set(format, train, more, &o.r, &o.d));
    return o;
}

static void opened_close(opened *o)
{
    dataset_free(&o->d);
    recipe_free(&o->r);
}

static void assert_counts(const char *format, const char *train, const char *more, size_t classes, size_t learn,
                          size_t choose, size_t score)
{
    opened o = open_good(format, train, more);
    assert_int_equal(o.d.classes.action_count, classes);
    assert_int_equal(o.d.train.count, learn);
    assert_int_equal(o.d.development.count, choose);
    assert_int_equal(o.d.eval.count, score);
    opened_close(&o);
}

static const char SMALL[] =
    "[{\"gloss\": \"book\", \"instances\": ["
    " {\"video_id\": \"a1\", \"split\": \"train\", \"signer_id\": 7, \"fps\": 25, \"frame_start\": 11, \"frame_end\": "
    "60, \"bbox\": [10, 20, 110, 220]},"
    " {\"video_id\": \"a2\", \"split\": \"val\", \"signer_id\": 8, \"fps\": 25, \"frame_start\": 1, \"frame_end\": -1},"
    " {\"video_id\": \"a3\", \"split\": \"test\"}, {\"video_id\": \"a4\", \"split\": \"other\"}]},"
    " {\"gloss\": \"Ice cream\", \"instances\": [{\"video_id\": \"b1\", \"split\": \"train\"},"
    " {\"video_id\": \"b2\", \"split\": \"val\"}, {\"video_id\": \"b3\", \"split\": \"test\"}]},"
    " {\"gloss\": \"go\", \"instances\": [{\"video_id\": \"c1\", \"split\": \"train\"},"
    " {\"video_id\": \"c2\", \"split\": \"val\"}, {\"video_id\": \"c3\", \"split\": \"test\"}]}]";

static const segment *find(const segment_list *list, const char *uid)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->at[i].uid, uid)) return &list->at[i];
    fail_msg("%s is not in the list", uid);
    return NULL;
}

/* ---- wlasl --------------------------------------------------------------------------------------------------------
 */

static void classes_follow_the_file(void **state)
{
    (void)state;
    scratch_file("s.json", SMALL);
    opened o = open_good("wlasl", "s.json", "");
    assert_int_equal(o.d.classes.action_count, 3);
    assert_string_equal(o.d.classes.actions[1].name, "Ice cream");
    assert_int_equal(o.d.train.count, 3);
    assert_int_equal(o.d.instances.count, 10); /* the one of another split was read, and is in no list */
    const segment *a1 = find(&o.d.train, "a1"), *c3 = find(&o.d.eval, "c3");
    assert_int_equal(a1->action, 0);
    assert_int_equal(c3->action, 2);
    assert_string_equal(a1->instance->signer, "7");
    assert_string_equal(a1->instance->split, "train");
    assert_int_equal(a1->instance->first_frame, 0); /* all of the video unless data.use_range */
    assert_int_equal(a1->instance->last_frame, -1);
    assert_false(a1->instance->boxed);
    assert_true(a1->end == a1->start);
    assert_true(o.d.glosses && !o.d.eval_group);
    opened_close(&o);
}

static void ranges_and_boxes_are_used_when_asked(void **state)
{
    (void)state;
    scratch_file("s.json", SMALL);
    opened o = open_good("wlasl", "s.json", ", use_range: true, use_box: true");
    const segment *a1 = find(&o.d.train, "a1"), *a2 = find(&o.d.development, "a2");
    assert_int_equal(a1->instance->first_frame, 10);
    assert_int_equal(a1->instance->last_frame, 59);
    assert_true(a1->start == 10 / 25.0 && a1->end == 60 / 25.0);
    assert_true(a1->instance->boxed);
    assert_int_equal(a1->instance->box[0], 10);
    assert_int_equal(a1->instance->box[3], 220);
    assert_int_equal(a2->instance->last_frame, -1);
    assert_false(a2->instance->boxed);
    opened_close(&o);
}

static void classes_are_chosen(void **state)
{
    (void)state;
    scratch_file("s.json", SMALL);
    scratch_file("words.txt", "GO\nbook\n\nbook\nhouse\n");
    assert_counts("wlasl", "s.json", ", max_classes: 2", 2, 2, 2, 2);
    opened o = open_good("wlasl", "s.json", ", glosses: [GO, ice cream]");
    assert_int_equal(o.d.classes.action_count, 2);
    assert_string_equal(o.d.classes.actions[0].name, "Ice cream"); /* the file's order, not the list's */
    assert_int_equal(find(&o.d.train, "c1")->action, 1);
    opened_close(&o);
    char more[300];
    snprintf(more, sizeof more, ", glossary: %s/words.txt", scratch_directory);
    o = open_good("wlasl", "s.json", more);
    assert_int_equal(o.d.classes.action_count, 2);
    assert_int_equal(o.d.instances.glossary, 3);
    assert_int_equal(o.d.instances.glossary_met, 2);
    opened_close(&o);
    strcat(more, ", max_classes: 1");
    assert_counts("wlasl", "s.json", more, 1, 1, 1, 1);
    assert_refused("wlasl", "s.json", ", glosses: [go, bok]", ERR_CONFIG, "\"bok\"");
}

static void splits_have_names(void **state)
{
    (void)state;
    scratch_file("s.json", SMALL);
    assert_counts("wlasl", "s.json", ", splits: [test, val, train]", 3, 3, 3, 3);
    assert_refused("wlasl", "s.json", ", splits: [train, none, test]", ERR_INPUT, "0 to choose on (none)");
    assert_refused("wlasl", "s.json", ", splits: [train, val]", ERR_CONFIG, "data.splits has 2 names");
    assert_refused("wlasl", "s.json", ", splits: [x, y, z]", ERR_INPUT, "none may be empty");
}

static void check_json(const char *json, const char *part)
{
    scratch_file("bad.json", json);
    assert_refused("wlasl", "bad.json", ", use_box: true, use_range: true", ERR_INPUT, part);
}

static void malformed_files_are_named(void **state)
{
    (void)state;
#define ONE(fields) "[{\"gloss\": \"book\", \"instances\": [{\"video_id\": \"a\", \"split\": \"train\"" fields "}]}]"
    check_json("[{\"gloss\": \"book\"", "bad.json:1:17: not JSON");
    check_json("[]", "no class is left");
    check_json("[3]", "entry 1 is not an object");
    check_json("[{\"gloss\": \"\", \"instances\": []}]", "gloss is empty");
    check_json("[{\"gloss\": \"a\\u001bb\", \"instances\": []}]", "control character, byte 2");
    check_json("[{\"gloss\": \"book\"}]", "(\"book\") has no list of instances");
    check_json("[{\"gloss\": \"book\", \"instances\": []}]", "have no clips");
    check_json("[{\"gloss\": \"book\", \"instances\": []}, {\"gloss\": \"book\", \"instances\": []}]",
               "is the gloss of entry 1 already");
    check_json("[{\"gloss\": \"book\", \"instances\": [{\"video_id\": 5}]}]", "instance 1: video_id is missing");
    check_json("[{\"gloss\": \"book\", \"instances\": [{\"video_id\": \"../x\", \"split\": \"train\"}]}]",
               "it leads out of the folder");
    check_json(ONE(", \"frame_start\": 0"), "frame_start is not a whole number from 1");
    check_json(ONE(", \"frame_start\": 1.5"), "frame_start is not a whole number");
    check_json(ONE(", \"frame_start\": 9, \"frame_end\": 8"), "from frame 9 to 8");
    check_json(ONE(", \"frame_end\": 0"), "from frame 1 to 0");
    check_json(ONE(", \"frame_end\": 99999999999"), "frame_end is not a whole number");
    check_json(ONE(", \"fps\": 0"), "fps is not a number");
    check_json(ONE(", \"bbox\": [1, 2, 3]"), "list of 4 numbers");
    check_json(ONE(", \"bbox\": [1, 2, \"x\", 3]"), "list of 4 numbers");
    check_json(ONE(", \"bbox\": [5, 2, 5, 3]"), "bbox [5, 2, 5, 3] is empty");
    check_json(ONE(", \"signer_id\": []"), "signer_id is neither");
    check_json("[{\"gloss\": \"book\", \"instances\": [{\"video_id\": \"a\", \"split\": \"train\"}, {\"video_id\": "
               "\"a\", \"split\": \"val\"}]}]",
               "the clip a is there twice");
#undef ONE
    assert_refused("wlasl", "none.json", "", ERR_MISSING, "none.json");
}

static void numbered_classes_need_names(void **state)
{
    (void)state;
    scratch_file("nslt.json", "{\"a\": {\"subset\": \"train\", \"action\": [4, 1, 50]}, \"b\": {\"subset\": \"val\", "
                              "\"action\": [4, 5, 60]}, \"c\": {\"subset\": \"test\", \"action\": [1, 1, 50]}}");
    assert_refused("wlasl", "nslt.json", "", ERR_MISSING, "wlasl_class_list.txt");
    scratch_file("wlasl_class_list.txt", "0\tbook\n1\tice cream\n2\tgo\n4\thouse\n");
    opened o = open_good("wlasl", "nslt.json", ", use_range: true");
    assert_int_equal(o.d.classes.action_count, 2); /* those that occur, by number */
    assert_string_equal(o.d.classes.actions[0].name, "ice cream");
    const segment *b = find(&o.d.development, "b");
    assert_int_equal(b->action, 1);
    assert_string_equal(b->instance->gloss, "house");
    assert_int_equal(b->instance->first_frame, 4);
    assert_int_equal(b->instance->last_frame, 59);
    opened_close(&o);
    scratch_file("wlasl_class_list.txt", "0\tbook\n1\tice cream\n2\tgo\n");
    assert_refused("wlasl", "nslt.json", "", ERR_INPUT, "\"a\": class 4 is not in the list");
    scratch_file("wlasl_class_list.txt", "0\tbook\n0\tice cream\n");
    assert_refused("wlasl", "nslt.json", "", ERR_INPUT, "wlasl_class_list.txt:2: class id 0 stands there twice");
    assert_refused("wlasl", "nslt.json", ", use_box: true", ERR_CONFIG, "has no boxes");
    unlink(scratch_file("wlasl_class_list.txt", ""));
}

/* ---- folders ------------------------------------------------------------------------------------------------------
 */

static void make_classes(const char *below, const char *const *names, size_t count, int videos)
{
    char path[128];
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", below, names[i]);
        make_folder(path);
        for (int v = 0; v < videos; v++) {
            snprintf(path, sizeof path, "%s/%s/%d.mp4", below, names[i], v);
            make_video(path);
        }
    }
}

static void folders_are_classes(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"wave", "book", "ice cream"};
    make_classes("set", NAMES, 3, 10);
    scratch_file("set/readme.txt", "x");
    scratch_file("set/book/notes.txt", "x");
    opened o = open_good("folder", "set", "");
    assert_int_equal(o.d.classes.action_count, 3);
    assert_string_equal(o.d.classes.actions[0].name, "book");
    assert_string_equal(o.d.classes.actions[2].name, "wave");
    assert_int_equal(o.d.train.count + o.d.development.count + o.d.eval.count, 30);
    assert_int_equal(o.d.eval.count, 6); /* data.eval_part .2 of each class */
    assert_in_range(o.d.development.count, 3, 3);
    for (size_t i = 0; i < o.d.train.count; i++) assert_non_null(o.d.train.at[i].instance->path);
    const segment *first = &o.d.train.at[0];
    assert_memory_equal(first->uid, "book/", 5);
    assert_string_equal(instances_videos(o.r), recipe_text(o.r, "data.train"));
    opened_close(&o);
    assert_refused("folder", "empty", "", ERR_MISSING, "empty");
    make_folder("bare");
    assert_refused("folder", "bare", "", ERR_INPUT, "no folder in it holds videos");
}

static void folders_may_be_split(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a", "b"};
    make_classes("parted/train", NAMES, 2, 5);
    make_classes("parted/val", NAMES, 2, 2);
    make_classes("parted/test", NAMES, 1, 3);
    assert_counts("folder", "parted", "", 2, 10, 4, 3);
    opened o = open_good("folder", "parted", ", splits: [train, validation, test]"); /* val is left out */
    assert_int_equal(o.d.development.count, 2);                                      /* at least one a class */
    assert_int_equal(o.d.train.count, 8);
    assert_string_equal(o.d.eval.at[0].uid, "test/a/0");
    opened_close(&o);
}

/* ---- missing ------------------------------------------------------------------------------------------------------
 */

static const char *with_videos(const char *more)
{
    static char text[400];
    snprintf(text, sizeof text, ", videos: %s/v%s", scratch_directory, more);
    return text;
}

static void make_small_videos(void)
{
    static const char *const IDS[] = {"a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3"};
    char name[32];
    make_folder("v");
    for (size_t i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "v/%s.mp4", IDS[i]);
        make_video(name);
    }
    scratch_file("s.json", SMALL);
}

static void remove_video(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/v/%s.mp4", scratch_directory, name);
    assert_int_equal(unlink(path), 0);
}

static void missing_videos_are_named(void **state)
{
    (void)state;
    make_small_videos();
    opened o = open_good("wlasl", "s.json", with_videos(""));
    assert_int_equal(o.d.missing.count, 0);
    assert_int_equal(o.d.missing.wanted, 9);
    opened_close(&o);
    remove_video("c1");
    scratch_file("v/a1.mp4", "\n <!DOCTYPE html><html>404</html>");
    scratch_file("v/b1.mp4", "");
    scratch_file("v/b2.mp4", "{\"error\": 404}");
    assert_refused("wlasl", "s.json", with_videos(""), ERR_INPUT, "0 clips to learn from");
    make_video("v/b1.mp4");
    o = open_good("wlasl", "s.json", with_videos(""));
    assert_int_equal(o.d.missing.count, 3);
    assert_int_equal(o.d.train.count, 1);
    assert_int_equal(o.d.development.count, 2);
    char path[256];
    snprintf(path, sizeof path, "%s/missing.json", scratch_directory);
    assert_ok(missing_write(&o.d.missing, path));
    json_t *root = json_load_file(path, 0, NULL), *clips = json_object_get(root, "clips");
    assert_int_equal(json_integer_value(json_object_get(root, "wanted")), 9);
    assert_int_equal(json_integer_value(json_object_get(root, "missing")), 3);
    assert_int_equal(json_array_size(clips), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(clips, 0), "uid")), "a1");
    assert_string_equal(json_string_value(json_object_get(json_array_get(clips, 0), "reason")),
                        "a page of HTML or XML, not a video");
    assert_string_equal(json_string_value(json_object_get(json_array_get(clips, 1), "reason")), "JSON, not a video");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(root, "reasons"), "there is no such file")), 1);
    json_decref(root);
    opened_close(&o);
}

static void too_little_is_refused(void **state)
{
    (void)state;
    make_small_videos();
    remove_video("b1");
    assert_refused("wlasl", "s.json", with_videos(", on_missing: error"), ERR_MISSING, "1 of 9 clips are missing");
    assert_refused("wlasl", "s.json", with_videos(", least: 0.9"), ERR_MISSING, "data.least is 0.9");
    opened o = open_good("wlasl", "s.json", with_videos(", least: 0.88"));
    opened_close(&o);
    make_folder("nothing");
    char more[300];
    snprintf(more, sizeof more, ", least: 0, videos: %s/nothing", scratch_directory);
    assert_refused("wlasl", "s.json", more, ERR_MISSING, "9 of 9 clips are missing");
    snprintf(more, sizeof more, ", videos: %s/nowhere", scratch_directory);
    assert_refused("wlasl", "s.json", more, ERR_MISSING, "data.videos is no folder");
}

static void known_broken_videos_are_missing(void **state)
{
    (void)state;
    char more[512];
    make_small_videos();
    scratch_file("broken.json",
                 "[{\"video_path\": \"/elsewhere/v/a3.mp4\", \"reason\": \"no\\tmoov\"}, {\"video_path\": "
                 "\"b2.mp4\"}, {\"video_path\": \"other/c2.mp4\"}, {\"video_path\": \"xc1.mp4\"}]");
    snprintf(more, sizeof more, "%s, broken: %s/broken.json", with_videos(""), scratch_directory);
    opened o = open_good("wlasl", "s.json", more);
    assert_int_equal(o.d.missing.count, 3); /* told by the end of their paths: c2 is one, c1 is not */
    assert_string_equal(o.d.missing.at[0].of->uid, "a3");
    assert_string_equal(o.d.missing.at[0].reason, "no moov");
    opened_close(&o);
    scratch_file("broken.json", "[{\"path\": 3}]");
    assert_refused("wlasl", "s.json", more, ERR_INPUT, "entry 1 has no video_path");
}

/* What is not there changes nothing of where the others lie. */
static void clips_stay_in_their_part(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"x", "y"};
    make_classes("stay", NAMES, 2, 20);
    opened before = open_good("folder", "stay", "");
    scratch_file("stay/x/3.mp4", "");
    scratch_file("stay/y/7.mp4", "");
    opened after = open_good("folder", "stay", "");
    assert_int_equal(after.d.missing.count, 2);
    for (size_t i = 0; i < after.d.eval.count; i++) find(&before.d.eval, after.d.eval.at[i].uid);
    for (size_t i = 0; i < after.d.train.count; i++) find(&before.d.train, after.d.train.at[i].uid);
    opened_close(&before);
    opened_close(&after);
}

/* ---- recipes ------------------------------------------------------------------------------------------------------
 */

static void assert_recipe_refused(const char *text, const char *part)
{
    recipe *r = NULL;
    assert_failed(recipe_read(scratch_file("recipe.yaml", text), NULL, 0, &r), ERR_CONFIG, part);
}

static void recipes_are_checked(void **state)
{
    (void)state;
#define STUDENT "student: {task: recognise, input: frames, distill: {loss: none}}\n"
    assert_recipe_refused("stages: [teacher, student]\n" STUDENT "data: {format: wlasl, train: s.json, videos: v}\n",
                          "Take teacher out of stages");
    assert_recipe_refused("stages: [student]\n" STUDENT "data: {format: wlasl, train: s.json, videos: v, eval: e}\n",
                          "data.splits instead of data.eval");
    assert_recipe_refused("stages: [student]\n" STUDENT "data: {format: folder, train: s, use_box: true}\n",
                          "data.use_box needs annotations");
    assert_recipe_refused("stages: [student]\nstudent: {input: frames, distill: {loss: none}}\n"
                          "data: {format: wlasl, train: s.json, videos: v}\n",
                          "student.task anticipate needs");
    recipe *r = NULL;
    assert_ok(recipe_read(
        scratch_file("recipe.yaml", "stages: [student]\n" STUDENT "data: {format: folder, train: s}\n"), NULL, 0, &r));
    recipe_free(&r);
#undef STUDENT
}

/* ---- dealing ------------------------------------------------------------------------------------------------------
 */

static void count_parts(size_t n, const double parts[3], uint64_t seed, size_t out[3])
{
    int64_t class_of[64] = {0};
    const char *uids[64];
    char names[64][24];
    unsigned char part_of[64];
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "u%zu", i);
        uids[i] = names[i];
    }
    assert_ok(stratify(class_of, uids, n, parts, seed, part_of));
    memset(out, 0, 3 * sizeof *out);
    for (size_t i = 0; i < n; i++) out[part_of[i]]++;
}

static void every_part_has_every_class(void **state)
{
    (void)state;
    static const double USUAL[] = {.7, .15, .15}, NO_EVAL[] = {.9, .1, 0};
    size_t out[3], second = 0;
    for (size_t n = 3; n < 64; n++)
        for (uint64_t seed = 0; seed < 8; seed++) {
            count_parts(n, USUAL, seed, out);
            assert_int_equal(out[0] + out[1] + out[2], n);
            for (size_t p = 0; p < 3; p++) {
                double off = (double)out[p] - (double)n * USUAL[p];
                assert_true(out[p] >= 1 && (off < 1.0001 || out[p] == 1) && (off > -1.0001 || n == 3));
            }
            if (n == 10) second += out[1];
        }
    assert_in_range(second, 9, 15); /* of 1.5 each, not all are rounded the same way */
    count_parts(20, USUAL, 0, out);
    assert_int_equal(out[0], 14);
    count_parts(2, USUAL, 0, out);
    assert_true(out[0] == 1 && out[1] == 0 && out[2] == 1);
    count_parts(1, USUAL, 0, out);
    assert_int_equal(out[0], 1);
    count_parts(2, NO_EVAL, 0, out);
    assert_true(out[0] == 1 && out[1] == 1);
    count_parts(30, NO_EVAL, 0, out);
    assert_true(out[0] == 27 && out[1] == 3);
}

/* ---- published files ----------------------------------------------------------------------------------------------
 */

static void published_counts(void **state)
{
    (void)state;
    assert_counts("wlasl", shared_file("wlasl/asl100.json"), ", max_classes: 10", 10, 200, 45, 35);
    assert_counts("wlasl", shared_file("wlasl/asl100.json"), ", use_range: true, use_box: true", 100, 1442, 338, 258);
    assert_counts("wlasl", shared_file("wlasl/nslt_100.json"), "", 100, 1442, 338, 258);
    assert_counts("wlasl", shared_file("wlasl/nslt_300.json"), "", 300, 3549, 901, 668);
    assert_counts("wlasl", shared_file("wlasl/nslt_1000.json"), ", use_range: true", 1000, 8978, 2320, 1876);
    assert_counts("wlasl", shared_file("wlasl/nslt_2000.json"), "", 2000, 14296, 3920, 2879);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_follow_the_file),
        cmocka_unit_test(ranges_and_boxes_are_used_when_asked),
        cmocka_unit_test(classes_are_chosen),
        cmocka_unit_test(splits_have_names),
        cmocka_unit_test(malformed_files_are_named),
        cmocka_unit_test(numbered_classes_need_names),
        cmocka_unit_test(folders_are_classes),
        cmocka_unit_test(folders_may_be_split),
        cmocka_unit_test(missing_videos_are_named),
        cmocka_unit_test(too_little_is_refused),
        cmocka_unit_test(known_broken_videos_are_missing),
        cmocka_unit_test(clips_stay_in_their_part),
        cmocka_unit_test(recipes_are_checked),
        cmocka_unit_test(every_part_has_every_class),
        cmocka_unit_test(published_counts),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
