/* The analysis against make_analysis.py, which draws, averages and exchanges segment by segment. */
#include "tests/unit/distill/sample_store.h"

#include "distill/analysis.h"

enum { MOST = 128 };

static const json_t *part(const json_t *from, const char *key)
{
    const json_t *found = json_object_get(from, key);
    if (!found) fail_msg("there is no %s", key);
    return found;
}

static int64_t integer_at(const json_t *array, size_t i)
{
    return json_integer_value(json_array_get(array, i));
}

/* Every number of `wanted` is in `found`, and every object and list of it likewise. */
static void assert_holds(const json_t *found, const json_t *wanted, const char *where)
{
    const char *key;
    json_t *value;
    if (json_is_number(wanted)) {
        if (!json_is_number(found)) fail_msg("%s is no number", where);
        if (fabs(json_number_value(found) - json_number_value(wanted)) > 1e-9)
            fail_msg("%s is %.12f, not %.12f", where, json_number_value(found), json_number_value(wanted));
    } else if (json_is_array(wanted)) {
        if (json_array_size(found) != json_array_size(wanted)) fail_msg("%s has another size", where);
        for (size_t i = 0; i < json_array_size(wanted); i++)
            assert_holds(json_array_get(found, i), json_array_get(wanted, i), where);
    } else if (json_is_object(wanted)) {
        json_object_foreach((json_t *)wanted, key, value)
        {
            char place[200];
            snprintf(place, sizeof place, "%.120s.%.60s", where, key);
            assert_holds(part(found, key), value, place);
        }
    } else if (!json_equal((json_t *)found, (json_t *)wanted)) fail_msg("%s differs", where);
}

static void put_labels(store *s, const json_t *c, char uids[MOST][24])
{
    static action_class actions[MOST];
    static segment segments[MOST];
    static char videos[MOST][24];
    const json_t *video = part(c, "video"), *label = part(c, "label");
    size_t classes = (size_t)json_integer_value(part(c, "classes")), count = json_array_size(video);
    assert_true(classes <= MOST && count <= MOST);
    for (size_t i = 0; i < classes; i++) actions[i] = (action_class){"a", "a", -1, -1};
    for (size_t i = 0; i < count; i++) {
        snprintf(uids[i], sizeof uids[i], "u%zu", i);
        snprintf(videos[i], sizeof videos[i], "v%d", (int)integer_at(video, i));
        segments[i] = (segment){uids[i], videos[i], (double)i, (double)i + 1, integer_at(label, i), -1, -1, i, NULL};
    }
    const class_list list = {NULL, actions, NULL, NULL, classes, 0, 0};
    const segment_list eval = {NULL, segments, count};
    assert_ok(store_put_classes(s, &list));
    assert_ok(store_put_segments(s, "eval", &eval, NULL));
}

static void put_seed(store *s, const char *name, size_t seed, const json_t *rows, char uids[MOST][24], size_t classes)
{
    int64_t set = 0;
    set_info info = {.role = "student", .seed = (int64_t)seed, .encoding = ENCODE_DENSE, .classes = (int64_t)classes};
    snprintf(info.name, sizeof info.name, "%s", name);
    assert_ok(store_begin_set(s, &info, &set));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        float logits[MOST];
        const json_t *row = json_array_get(rows, i);
        if (json_is_null(row)) continue;
        for (size_t k = 0; k < classes; k++) logits[k] = (float)json_number_value(json_array_get(row, k));
        assert_ok(store_put(s, set, uids[i], logits, NULL));
    }
}

static store *store_of(const json_t *c)
{
    static char uids[MOST][24];
    const char *path = sample_path("golden-analysis"), *name;
    store *s = NULL;
    json_t *seeds;
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    put_labels(s, c, uids);
    json_object_foreach((json_t *)part(c, "sets"), name, seeds)
    {
        for (size_t i = 0; i < json_array_size(seeds); i++)
            put_seed(s, name, i, json_array_get(seeds, i), uids, (size_t)json_integer_value(part(c, "classes")));
    }
    return s;
}

static analysis_options options_of(const json_t *c)
{
    return (analysis_options){.resamples = json_integer_value(part(c, "resamples")),
                              .level = json_number_value(part(c, "level")),
                              .bins = json_integer_value(part(c, "bins")),
                              .examples = 4,
                              .seed = (uint64_t)json_integer_value(part(c, "seed"))};
}

static void the_analysis_is_that_of_the_definitions(void **state)
{
    (void)state;
    json_t *c = json_load_file("tests/golden/distill/analysis.json", 0, NULL), *found = NULL;
    assert_non_null(c);
    store *s = store_of(c);
    analysis_options options = options_of(c);
    const json_t *wanted = part(c, "expected");
    assert_ok(analysis_json(s, &options, &found));
    assert_int_equal(json_object_size(part(found, "sets")), 3);
    assert_holds(part(found, "sets"), part(wanted, "sets"), "sets");
    assert_holds(part(found, "pairs"), part(wanted, "pairs"), "pairs");
    json_decref(found);
    json_decref(c);
    store_close(&s);
    remove_store(sample_path("golden-analysis"));
}

static void comparing_two_sets_gives_the_same_numbers(void **state)
{
    (void)state;
    json_t *c = json_load_file("tests/golden/distill/analysis.json", 0, NULL), *found = NULL;
    assert_non_null(c);
    store *s = store_of(c);
    analysis_options options = options_of(c);
    const json_t *pairs = part(part(c, "expected"), "pairs");
    for (size_t i = 0; i < json_array_size(pairs); i += 2) {
        const json_t *top1 = json_array_get(pairs, i), *top5 = json_array_get(pairs, i + 1);
        const char *a = json_string_value(part(top1, "a")), *b = json_string_value(part(top1, "b"));
        assert_ok(analysis_compare(s, a, s, b, &options, &found));
        assert_holds(json_array_get(part(found, "pairs"), 0), top1, "top1");
        assert_holds(json_array_get(part(found, "pairs"), 1), top5, "top5");
        json_decref(found);
    }
    json_decref(c);
    store_close(&s);
    remove_store(sample_path("golden-analysis"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_analysis_is_that_of_the_definitions),
        cmocka_unit_test(comparing_two_sets_gives_the_same_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
