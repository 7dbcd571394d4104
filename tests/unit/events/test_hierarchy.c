#include "events/hierarchy.h"

#include "tests/unit/data/scratch.h"

#include <math.h>

static event at(double start, double end)
{
    return (event){.start = start, .end = end, .error = NAN};
}

static event labelled(double start, double end, const char *label)
{
    return (event){.start = start, .end = end, .error = start, .label = label};
}

static hierarchy with_layers(double duration, size_t layers)
{
    hierarchy h;
    assert_ok(hierarchy_new("films/a.mp4", duration, layers, &h));
    return h;
}

static void assert_refused(hierarchy *h, size_t layer, event e, const char *part)
{
    size_t before = layer < h->layer_count ? h->layers[layer].count : 0;
    assert_failed(hierarchy_add(h, layer, &e), ERR_INPUT, part);
    if (layer < h->layer_count) assert_int_equal(h->layers[layer].count, before);
}

static void test_only_events_in_order_are_taken(void **state)
{
    (void)state;
    hierarchy h = with_layers(10, 1);
    event first = at(0, 2);
    assert_ok(hierarchy_add(&h, 0, &first));
    assert_refused(&h, 0, at(1.5, 3), "event 1 of layer 0 begins at 1.500 s, before the last one ends (2.000 s)");
    assert_refused(&h, 0, at(3, 3), "ends (3.000 s) before it has begun");
    assert_refused(&h, 0, at(4, 3), "ends (3.000 s) before it has begun");
    assert_refused(&h, 0, at(NAN, 3), "not finite");
    assert_refused(&h, 0, at(3, INFINITY), "not finite");
    assert_refused(&h, 0, at(3, 10.5), "past the video's end (10.000 s)");
    assert_refused(&h, 2, at(3, 4), "event of layer 2, but there are 1 layers");
    assert_refused(&h, 1, at(-1, 4), "event 0 of layer 1 begins at -1.000 s, before the video");
    assert_int_equal(h.layer_count, 1);
    event above = at(2, 10);
    assert_ok(hierarchy_add(&h, 1, &above));
    assert_int_equal(h.layer_count, 2);
    hierarchy_free(&h);
    assert_failed(hierarchy_new("a", -1, 1, &h), ERR_INPUT, "-1 seconds long");
    assert_failed(hierarchy_new("a\xff", 1, 1, &h), ERR_INPUT, "not UTF-8");
    assert_failed(hierarchy_new("a", 1, 65, &h), ERR_INPUT, "65 layers");
}

static void test_text_is_the_hierarchys_own(void **state)
{
    (void)state;
    hierarchy h = with_layers(10, 1);
    char label[] = "open", uid[] = "a#0#0";
    event e = {.start = 0, .end = 1, .error = 0.5, .label = label, .embedding = uid};
    assert_ok(hierarchy_add(&h, 0, &e));
    label[0] = uid[0] = 'X';
    assert_string_equal(h.layers[0].at[0].label, "open");
    assert_string_equal(h.layers[0].at[0].embedding, "a#0#0");
    hierarchy_free(&h);
}

/* Layer 0 has boundaries at 2 and 6, layer 1 at 2, layer 2 none. */
static hierarchy three_layers(void)
{
    hierarchy h = with_layers(10, 3);
    event a = at(0, 2), b = at(2, 6);
    assert_ok(hierarchy_add(&h, 0, &a));
    assert_ok(hierarchy_add(&h, 0, &b));
    assert_ok(hierarchy_add(&h, 1, &a));
    return h;
}

static void assert_last(const hierarchy *h, size_t layer, size_t count, double start, double end)
{
    assert_int_equal(h->layers[layer].count, count);
    assert_true(h->layers[layer].at[count - 1].start == start);
    assert_true(h->layers[layer].at[count - 1].end == end);
}

static void test_every_layer_ends_with_the_video(void **state)
{
    (void)state;
    hierarchy h = three_layers();
    assert_ok(hierarchy_close(&h, CLOSE_AT_END));
    assert_last(&h, 0, 3, 6, 10);
    assert_last(&h, 1, 2, 2, 10);
    assert_last(&h, 2, 1, 0, 10);
    assert_ok(hierarchy_close(&h, CLOSE_AT_END)); /* nothing follows any more */
    assert_last(&h, 0, 3, 6, 10);
    assert_true(isnan(h.layers[0].at[2].error));
    hierarchy_free(&h);
}

static void test_published_closing_leaves_layer_0_open(void **state)
{
    (void)state;
    hierarchy h = three_layers();
    assert_ok(hierarchy_close(&h, CLOSE_PUBLISHED));
    assert_last(&h, 0, 2, 2, 6);
    assert_last(&h, 1, 2, 2, 6);
    assert_last(&h, 2, 1, 0, 6);
    hierarchy_free(&h);
    h = with_layers(NAN, 1);
    assert_failed(hierarchy_close(&h, CLOSE_AT_END), ERR_INTERNAL, "before its duration is known");
    hierarchy_free(&h);
}

static void test_a_duration_may_come_late(void **state)
{
    (void)state;
    hierarchy h = with_layers(NAN, 1);
    event e = at(0, 7);
    assert_ok(hierarchy_add(&h, 0, &e));
    assert_failed(hierarchy_set_duration(&h, 6), ERR_INPUT, "an event ends at 7.000 s, past the video's end (6.000 s)");
    assert_ok(hierarchy_set_duration(&h, 7));
    hierarchy_free(&h);
}

static void test_equal_neighbours_become_one(void **state)
{
    (void)state;
    const event given[] = {
        labelled(0, 1, "a"), labelled(1, 2, "a"), labelled(5, 6, "a"), labelled(6, 7, "b"), at(7, 8), at(8, 9),
        labelled(9, 10, "b")};
    for (int far = 0; far < 2; far++) {
        event_list list = {0};
        for (size_t i = 0; i < 7; i++) assert_ok(event_list_add(&list, &given[i]));
        event_list_merge(&list, far ? INFINITY : 0.5);
        assert_int_equal(list.count, far ? 5 : 6);
        assert_true(list.at[0].start == 0 && list.at[0].end == (far ? 6 : 2) && list.at[0].error == (far ? 5 : 1));
        assert_true(list.at[list.count - 1].start == 9);
        event_list_free(&list);
    }
}

/* Segments of a ground truth may overlap: the longer one stays as long as it was. */
static void test_merging_keeps_the_later_end(void **state)
{
    (void)state;
    event_list list = {0};
    event later = labelled(2, 3, "a"), earlier = labelled(0, 9, "a");
    assert_ok(event_list_add(&list, &later));
    assert_ok(event_list_add(&list, &earlier));
    event_list_sort(&list);
    assert_true(list.at[0].start == 0);
    event_list_merge(&list, 0);
    assert_int_equal(list.count, 1);
    assert_true(list.at[0].end == 9);
    event_list_free(&list);
}

static void test_base_names(void **state)
{
    (void)state;
    const char *const files[][2] = {{"/data/P01/P01_01.MP4", "P01_01"},
                                    {"P01_01", "P01_01"},
                                    {"a/b.v2", "b.v2"},
                                    {"b.v2.mkv", "b.v2"},
                                    {".mp4", ".mp4"},
                                    {"x.jpeg2000000000000", "x.jpeg2000000000000"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        size_t length;
        const char *base = video_base_name(files[i][0], &length);
        assert_int_equal(length, strlen(files[i][1]));
        assert_memory_equal(base, files[i][1], length);
    }
    char *uid = event_uid("/data/P01_01.MP4", 2, 17);
    assert_string_equal(uid, "P01_01#2#17");
    free(uid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_events_in_order_are_taken),
        cmocka_unit_test(test_text_is_the_hierarchys_own),
        cmocka_unit_test(test_every_layer_ends_with_the_video),
        cmocka_unit_test(test_published_closing_leaves_layer_0_open),
        cmocka_unit_test(test_a_duration_may_come_late),
        cmocka_unit_test(test_equal_neighbours_become_one),
        cmocka_unit_test(test_merging_keeps_the_later_end),
        cmocka_unit_test(test_base_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
