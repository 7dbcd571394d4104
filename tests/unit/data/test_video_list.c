/* Lists of videos in all their forms, and what is no list. */
#include "data/video_list.h"

#include "tests/unit/data/scratch.h"

#include <sys/stat.h>

static video_list read_text(const char *text, const char *folder)
{
    video_list list = {0};
    assert_ok(video_list_read(scratch_file("list", text), folder, &list));
    return list;
}

static void expect(const video_list *list, size_t place, const char *path, const char *gloss)
{
    assert_true(place < list->count);
    assert_string_equal(list->at[place].path, path);
    if (gloss) assert_string_equal(list->at[place].gloss, gloss);
    else assert_null(list->at[place].gloss);
}

static void refuse(const char *text, const char *folder, status code, const char *part)
{
    video_list list = {0};
    assert_failed(video_list_read(scratch_file("list", text), folder, &list), code, part);
    assert_null(list.at);
}

static void test_ids(void **state)
{
    (void)state;
    static const char LIST[] = "[{\"gloss\": \"book\", \"instances\": [{\"video_id\": \"2\"}, {\"video_id\": \"1\"}]},"
                               " {\"gloss\": \"dr\\u00e4nk\", \"instances\": [{\"video_id\": \"3\"}]}]";
    char there[128], missing[128];
    snprintf(there, sizeof there, "%s/1.mkv", scratch_directory);
    snprintf(missing, sizeof missing, "%s/2.mp4", scratch_directory);
    scratch_file("1.mkv", "x");
    video_list list = read_text(LIST, scratch_directory);
    assert_int_equal(list.count, 3);
    expect(&list, 0, missing, "book");
    expect(&list, 1, there, "book");
    assert_string_equal(list.at[2].gloss, "dr\xc3\xa4nk");
    video_list_free(&list);
    refuse(LIST, NULL, ERR_USAGE, "--videos FOLDER");
    refuse("[{\"gloss\": \"a\", \"instances\": [{\"video_id\": \"../1\"}]}]", scratch_directory, ERR_INPUT,
           "leads out of");
    refuse("[{\"gloss\": \"a\", \"instances\": [{\"video_id\": 1}]}]", "v", ERR_INPUT,
           "entry 0, instance 0 has no video_id");
    refuse("[{\"gloss\": \"a\"}]", "v", ERR_INPUT, "entry 0 has neither video_path nor a list");
}

static void test_classes(void **state)
{
    (void)state;
    static const char LIST[] = "{\"05237\": {\"subset\": \"train\", \"action\": [1, 1, 55]},\n"
                               " \"00001\": {\"subset\": \"val\", \"action\": [77, 1, 55]}}";
    video_list list = read_text(LIST, "/v");
    expect(&list, 0, "/v/05237.mp4", NULL);
    video_list_free(&list);
    scratch_file("wlasl_class_list.txt", "0\tbook\n1\tice cream\n");
    list = read_text(LIST, "/v");
    expect(&list, 0, "/v/05237.mp4", "ice cream");
    expect(&list, 1, "/v/00001.mp4", NULL);
    video_list_free(&list);
    scratch_file("wlasl_class_list.txt", "0\tbook\n100000000\tdrink\n");
    refuse(LIST, "/v", ERR_INPUT, "wlasl_class_list.txt:2");
    refuse("{\"a\": 1}", "/v", ERR_INPUT, "wlasl_class_list.txt");
    scratch_file("wlasl_class_list.txt", "");
    refuse("{\"a\": 1}", "/v", ERR_INPUT, "video a has no action");
}

static void test_paths(void **state)
{
    (void)state;
    video_list list = read_text(
        "[{\"video_path\": \"a.mp4\", \"gloss\": \"x\"}, {\"video_path\": \"/b.mp4\", \"gloss\": null}]", NULL);
    expect(&list, 0, "a.mp4", "x");
    expect(&list, 1, "/b.mp4", NULL);
    video_list_free(&list);
    list = read_text("gloss,Video_Path\n\"a, b\",c.mp4\n,\"d,e.mp4\"\n", "/v");
    expect(&list, 0, "/v/c.mp4", "a, b");
    expect(&list, 1, "/v/d,e.mp4", NULL);
    video_list_free(&list);
    list = read_text("\xef\xbb\xbf"
                     "b, c.mp4\r\n\n\"q\".mp4\n/abs.mp4",
                     "/v");
    assert_int_equal(list.count, 3);
    expect(&list, 0, "/v/b, c.mp4", NULL);
    expect(&list, 1, "/v/\"q\".mp4", NULL);
    expect(&list, 2, "/abs.mp4", NULL);
    video_list_free(&list);
}

static void test_no_lists(void **state)
{
    (void)state;
    video_list list = {0};
    refuse("", NULL, ERR_INPUT, "names no videos");
    refuse("[]", NULL, ERR_INPUT, "names no videos");
    refuse("video_path,gloss\n", NULL, ERR_INPUT, "names no videos");
    refuse("[{\"video_path\": \"a\"}", NULL, ERR_INPUT, "list:1:");
    refuse("a\1b\n", NULL, ERR_INPUT, "control character");
    refuse("\xff\xfe\n", NULL, ERR_INPUT, "not UTF-8");
    refuse("video_path,gloss\n,x\n", NULL, ERR_INPUT, "list:2");
    assert_failed(video_list_read("/nowhere/list", NULL, &list), ERR_MISSING, "/nowhere/list");
}

static void test_shared(void **state)
{
    (void)state;
    video_list list = {0};
    assert_ok(video_list_read(shared_file("wlasl/asl100.json"), "/v", &list));
    assert_int_equal(list.count, 2038);
    expect(&list, 0, "/v/69241.mp4", "book");
    video_list_free(&list);
    assert_ok(video_list_read(shared_file("wlasl/nslt_2000.json"), "/v", &list));
    assert_int_equal(list.count, 21095);
    size_t known = 0;
    for (size_t i = 0; i < list.count; i++) known += list.at[i].gloss != NULL;
    assert_int_equal(known, list.count);
    video_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),      cmocka_unit_test(test_classes), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_no_lists), cmocka_unit_test(test_shared),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
