#include "events/event_files.h"

#include "base/rng.h"
#include "tests/unit/data/scratch.h"

#include <math.h>

/* Two layers with what files may hold: a label with markup, an embedding, an error that is not known. */
static hierarchy sample(void)
{
    hierarchy h;
    const event base[] = {
        {0, 0.5, 0.25, "say \"<a> & b\"", NULL}, {0.5, 3.1, NAN, NULL, "a#0#1"}, {3.1, 4, 2, NULL, NULL}};
    event top = {0, 4, NAN, NULL, NULL};
    assert_ok(hierarchy_new("films/a.mp4", 4, 2, &h));
    for (size_t i = 0; i < 3; i++) assert_ok(hierarchy_add(&h, 0, &base[i]));
    assert_ok(hierarchy_add(&h, 1, &top));
    return h;
}

static char *text_of(const char *path)
{
    char *bytes = NULL;
    size_t count = 0;
    assert_ok(file_read(path, 1 << 20, &bytes, &count));
    return bytes;
}

static void assert_same_text(const char *a, const char *b)
{
    assert_true(!a == !b);
    if (a) assert_string_equal(a, b);
}

static void assert_same(const hierarchy *a, const hierarchy *b, bool errors)
{
    assert_string_equal(a->file, b->file);
    assert_true(a->duration == b->duration);
    assert_int_equal(a->layer_count, b->layer_count);
    for (size_t l = 0; l < a->layer_count; l++) {
        assert_int_equal(a->layers[l].count, b->layers[l].count);
        for (size_t i = 0; i < a->layers[l].count; i++) {
            const event *x = &a->layers[l].at[i], *y = &b->layers[l].at[i];
            assert_true(x->start == y->start && x->end == y->end);
            if (errors) assert_true(x->error == y->error || (isnan(x->error) && isnan(y->error)));
            assert_same_text(x->label, y->label);
            assert_same_text(x->embedding, y->embedding);
        }
    }
}

/* ---- published JSON ---------------------------------------------------------------------------------------------- */

static void test_published_is_as_published(void **state)
{
    (void)state;
    hierarchy h = sample();
    const char *path = scratch_path("a.json");
    unsigned char rgb[3];
    char expected[512];
    assert_ok(published_write(path, &h, 7));
    char *text = text_of(path);
    event_colour(7, 0, 1, rgb);
    snprintf(expected, sizeof expected,
             "{\"start\": 0.5, \"end\": 3.1, \"action\": \"N/A\", \"colour\": \"rgb(%d, %d, %d)\", \"representation\": "
             "\"a#0#1\"}",
             rgb[0], rgb[1], rgb[2]);
    assert_non_null(strstr(text, expected));
    const char *head =
        "{\"file\": \"films/a.mp4\", \"fileType\": \"video/mp4\", \"cursor\": 0, \"duration\": 4, \"zoom\": "
        "1, \"layers\": [\n {\"name\": \"layer 0\", \"order\": 0, \"annots\": [";
    assert_memory_equal(text, head, strlen(head));
    assert_non_null(strstr(text, "{\"name\": \"layer 1\", \"order\": 1, \"annots\": ["));
    free(text);
    hierarchy_free(&h);
}

static void test_published_comes_back(void **state)
{
    (void)state;
    hierarchy h = sample(), back;
    const char *path = scratch_path("a.json");
    assert_ok(published_write(path, &h, 7));
    assert_ok(published_read(path, &back));
    assert_same(&h, &back, false);
    assert_true(back.overrun == 0);
    hierarchy_free(&h);
    hierarchy_free(&back);
}

static void test_colours_follow_from_the_seed(void **state)
{
    (void)state;
    unsigned char a[3], b[3];
    size_t same = 0;
    for (size_t i = 0; i < 100; i++) {
        event_colour(1, 0, i, a);
        event_colour(1, 0, i, b);
        assert_memory_equal(a, b, 3);
        event_colour(1, 1, i, b);
        same += !memcmp(a, b, 3);
        event_colour(2, 0, i, b);
        same += !memcmp(a, b, 3);
        for (int c = 0; c < 3; c++) assert_in_range(a[c], 48, 239);
    }
    assert_int_equal(same, 0);
}

/* Files of others: layers out of order, events of no length, a duration that is too short or missing. */
static void test_files_of_others_are_read(void **state)
{
    (void)state;
    hierarchy h;
    const char *path = scratch_file(
        "other.json",
        "{\"file\":\"b.MP4\",\"duration\":5,\"layers\":["
        "{\"order\":1,\"annots\":[{\"start\":0,\"end\":6.5},{\"start\":6.5,\"end\":6.5}]},"
        "{\"order\":0,\"annots\":[{\"start\":0,\"end\":2,\"action\":\"cut\"},{\"start\":2,\"end\":6.5}]}]}");
    assert_ok(published_read(path, &h));
    assert_int_equal(h.layers[0].count, 2);
    assert_int_equal(h.layers[1].count, 1);
    assert_string_equal(h.layers[0].at[0].label, "cut");
    assert_true(h.duration == 6.5 && h.overrun == 1.5);
    hierarchy_free(&h);
    assert_ok(published_read(scratch_file("empty.json", "{\"file\":\"b\",\"layers\":[]}"), &h));
    assert_true(h.duration == 0 && h.layer_count == 0);
    hierarchy_free(&h);
}

static void assert_bad(const char *text, const char *part)
{
    hierarchy h;
    assert_failed(published_read(scratch_file("bad.json", text), &h), ERR_INPUT, part);
}

#define LAYERS(text) "{\"file\":\"b\",\"duration\":9,\"layers\":[" text "]}"

static void test_what_is_wrong_in_published_files_is_named(void **state)
{
    (void)state;
    assert_bad("{\n\n", "bad.json:3: is no JSON");
    assert_bad("[]", "it has no text file");
    assert_bad("{\"file\":\"b\",\"layers\":{}}", "it has no list layers");
    assert_bad(LAYERS("3"), "layer 0 is no object");
    assert_bad(LAYERS("{}"), "layer 0 has no list annots");
    assert_bad(LAYERS("{\"order\":1,\"annots\":[]}"), "order 1 where there are 1");
    assert_bad(LAYERS("{\"order\":0,\"annots\":[]},{\"order\":0,\"annots\":[]}"), "two layers of order 0");
    assert_bad(LAYERS("{\"annots\":[{\"start\":1,\"end\":2},{\"start\":\"2\",\"end\":3}]}"),
               "layer 0, event 1: start is missing or no number");
    assert_bad(LAYERS("{\"annots\":[{\"start\":1,\"end\":2},{\"start\":1,\"end\":3}]}"),
               "bad.json: event 1 of layer 0 begins at 1.000 s");
    assert_bad(LAYERS("{\"annots\":[{\"start\":1,\"end\":1e300}]}"),
               "bad.json: event 0 of layer 0 is not finite, or later than 1e+09 s");
    assert_bad("{\"file\":\"b\",\"duration\":-4,\"layers\":[]}", "a duration of -4 s");
    assert_bad("{\"file\":\"b\",\"file\":\"c\",\"layers\":[]}", "duplicate");
    hierarchy h;
    assert_failed(published_read(scratch_path("not-there.json"), &h), ERR_MISSING, "not-there.json");
}

/* ---- JSON lines -------------------------------------------------------------------------------------------------- */

static const char LINES[] =
    "{\"video\": \"a\", \"layer\": 0, \"event\": 0, \"start\": 0, \"end\": 1.5, \"error\": 0.25}\n"
    "{\"video\": \"b\", \"layer\": 0, \"event\": 0, \"start\": 0, \"end\": 2, \"error\": null, \"label\": \"cut\"}\n"
    "{\"video\": \"a\", \"layer\": 2, \"event\": 0, \"start\": 0, \"end\": 1.5, \"error\": null}\n"
    "{\"video\": \"a\", \"layer\": 0, \"event\": 1, \"start\": 1.5, \"end\": 3, \"error\": 1}\n"
    "{\"video\": \"a\", \"duration\": 4.5}\n";

static void test_lines_of_several_videos(void **state)
{
    (void)state;
    hierarchy_list list = {0};
    char cut[1024];
    snprintf(cut, sizeof cut, "%s%s", LINES, "{\"video\": \"a\", \"lay"); /* where a writer is */
    assert_ok(events_read(scratch_file("l.jsonl", cut), &list));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.at[0].file, "a");
    assert_int_equal(list.at[0].layer_count, 3);
    assert_int_equal(list.at[0].layers[0].count, 2);
    assert_int_equal(list.at[0].layers[1].count, 0);
    assert_int_equal(list.at[0].layers[2].count, 1);
    assert_true(list.at[0].layers[0].at[0].error == 0.25 && isnan(list.at[0].layers[2].at[0].error));
    assert_true(list.at[0].duration == 4.5 && list.at[1].duration == 2);
    assert_string_equal(list.at[1].layers[0].at[0].label, "cut");
    hierarchy_list_free(&list);
}

static void test_both_forms_are_told_apart(void **state)
{
    (void)state;
    hierarchy_list list = {0};
    hierarchy h = sample();
    const char *path = scratch_path("a.json");
    assert_ok(published_write(path, &h, 0));
    assert_ok(events_read(path, &list));
    assert_ok(events_read(scratch_file("l.jsonl", LINES), &list));
    assert_ok(events_read(scratch_file("begun.jsonl", ""), &list));
    assert_int_equal(list.count, 3);
    assert_same(&h, &list.at[0], false);
    hierarchy_list_free(&list);
    hierarchy_free(&h);
}

/* A video that has ended and begins with its first event again: the last time counts. */
static void test_a_video_watched_again_is_as_it_was_last(void **state)
{
    (void)state;
    hierarchy_list list = {0};
    const char *again = "{\"video\": \"v\", \"layer\": 0, \"event\": 0, \"start\": 0, \"end\": 2}\n"
                        "{\"video\": \"v\", \"layer\": 0, \"event\": 1, \"start\": 2, \"end\": 3}\n"
                        "{\"video\": \"v\", \"duration\": 3}\n"
                        "{\"video\": \"v\", \"layer\": 0, \"event\": 0, \"start\": 0, \"end\": 1}\n";
    assert_ok(event_lines_read(scratch_file("again.jsonl", again), &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.at[0].layers[0].count, 1);
    assert_true(list.at[0].layers[0].at[0].end == 1);
    assert_false(list.at[0].ended);
    hierarchy_list_free(&list);
}

static void assert_bad_line(const char *line, const char *part)
{
    char text[1024];
    hierarchy_list list = {0};
    snprintf(text, sizeof text, "%s%s\n", LINES, line);
    assert_failed(event_lines_read(scratch_file("l.jsonl", text), &list), ERR_INPUT, part);
    hierarchy_list_free(&list);
}

static void test_what_is_wrong_in_lines_is_named(void **state)
{
    (void)state;
    assert_bad_line("{\"video\"", "l.jsonl:6: is no JSON object");
    assert_bad_line("7", "l.jsonl:6: is no JSON object");
    assert_bad_line("{\"layer\": 0}", "l.jsonl:6: no text video");
    assert_bad_line("{\"video\": \"a\", \"layer\": 0, \"event\": 3, \"start\": 3, \"end\": 4}",
                    "l.jsonl:6: event 3 of layer 0 of a where number 2 is next");
    assert_bad_line("{\"video\": \"a\", \"layer\": 0, \"event\": 1, \"start\": 3, \"end\": 4}",
                    "where number 2 is next");
    assert_bad_line("{\"video\": \"a\", \"layer\": 0, \"event\": 2, \"start\": 3}", "l.jsonl:6: end is missing");
    assert_bad_line("{\"video\": \"a\", \"layer\": 64, \"event\": 0, \"start\": 3, \"end\": 4}",
                    "layer 64; there are at most");
    assert_bad_line("{\"video\": \"a\", \"layer\": -1, \"event\": 0, \"start\": 3, \"end\": 4}",
                    "layer is missing or no whole");
    assert_bad_line("{\"video\": \"a\", \"layer\": 0, \"event\": 2, \"start\": 3, \"end\": 5}",
                    "l.jsonl:6: event 2 of layer 0 ends at 5.000 s, past the video's end (4.500 s)");
    assert_bad_line("{\"video\": \"a\", \"duration\": 2}", "l.jsonl:6: an event ends at 3.000 s");
    assert_bad_line("{\"video\": \"b\", \"duration\": \"2\"}", "duration is missing or no number");
}

/* Whatever is cut off or changed, reading ends with a list or a message. */
static void test_damaged_files_do_no_harm(void **state)
{
    (void)state;
    hierarchy h = sample();
    const char *path = scratch_path("a.json");
    assert_ok(published_write(path, &h, 0));
    char *good[2] = {text_of(path), strdup(LINES)};
    rng r = rng_stream(1, 2, 3);
    size_t read = 0;
    for (size_t i = 0; i < 4000; i++) {
        char bytes[2048];
        size_t count = strlen(good[i % 2]);
        memcpy(bytes, good[i % 2], count);
        for (size_t n = rng_below(&r, 4); n-- > 0;) bytes[rng_below(&r, count)] = (char)rng_below(&r, 256);
        if (i % 3 == 0) count = rng_below(&r, count);
        hierarchy_list list = {0};
        status st = events_read(scratch_bytes("damaged", bytes, count), &list);
        if (st != OK) assert_true(fail_message()[0]);
        read += st == OK;
        fail_clear();
        hierarchy_list_free(&list);
    }
    assert_true(read > 100 && read < 3900);
    for (int i = 0; i < 2; i++) free(good[i]);
    hierarchy_free(&h);
}

/* ---- WebVTT ------------------------------------------------------------------------------------------------------ */

static void test_vtt_cues(void **state)
{
    (void)state;
    hierarchy h;
    const event events[] = {{0, 0.0004, 0.25, "say <a> & b\nc", NULL}, {59.9995, 3723.4567, NAN, NULL, NULL}};
    const char *path = scratch_path("a.vtt");
    assert_ok(hierarchy_new("a", 4000, 1, &h));
    for (size_t i = 0; i < 2; i++) assert_ok(hierarchy_add(&h, 0, &events[i]));
    assert_ok(vtt_write(path, &h, 0));
    char *text = text_of(path);
    assert_string_equal(text,
                        "WEBVTT\n"
                        "\n0\n00:00:00.000 --> 00:00:00.001\nlayer 0, event 0: say &lt;a&gt; &amp; b c (error 0.25)\n"
                        "\n1\n00:01:00.000 --> 01:02:03.457\nlayer 0, event 1\n");
    assert_failed(vtt_write(path, &h, 1), ERR_INPUT, "there is no layer 1");
    free(text);
    hierarchy_free(&h);
}

static void test_numbers_come_back(void **state)
{
    (void)state;
    rng r = rng_stream(5, 5, 5);
    char text[NUMBER_TEXT];
    number_text(0.1, text);
    assert_string_equal(text, "0.1");
    number_text(INFINITY, text);
    assert_string_equal(text, "null");
    for (int i = 0; i < 1000; i++) {
        double value = rng_normal(&r) * pow(10, (double)rng_below(&r, 12) - 6);
        number_text(value, text);
        assert_true(strtod(text, NULL) == value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_is_as_published),
        cmocka_unit_test(test_published_comes_back),
        cmocka_unit_test(test_colours_follow_from_the_seed),
        cmocka_unit_test(test_files_of_others_are_read),
        cmocka_unit_test(test_what_is_wrong_in_published_files_is_named),
        cmocka_unit_test(test_lines_of_several_videos),
        cmocka_unit_test(test_both_forms_are_told_apart),
        cmocka_unit_test(test_a_video_watched_again_is_as_it_was_last),
        cmocka_unit_test(test_what_is_wrong_in_lines_is_named),
        cmocka_unit_test(test_damaged_files_do_no_harm),
        cmocka_unit_test(test_vtt_cues),
        cmocka_unit_test(test_numbers_come_back),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
