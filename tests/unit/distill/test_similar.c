/* Sets of features alone, as those of events are, and what is found near to what. */
#include "distill/similar.h"

#include "distill/metrics.h"
#include "tests/unit/distill/sample_store.h"

enum { EVENTS = 200, WIDTH = 6 };

static set_info event_set(store_features type)
{
    set_info info = {
        .name = "events", .role = "events", .encoding = ENCODE_DENSE, .features = type, .feature_width = WIDTH};
    return info;
}

static const char *uid_of(size_t i)
{
    static char uids[4][32];
    static size_t next;
    char *uid = uids[next++ % 4];
    snprintf(uid, sizeof uids[0], "v#%zu#%zu", i % 2, i / 2);
    return uid;
}

static store *event_store(const char *path, store_features type, int64_t *set)
{
    store *s = NULL;
    set_info info = event_set(type);
    float features[WIDTH];
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_begin_set(s, &info, set));
    for (size_t i = 0; i < EVENTS; i++) {
        sample_values(9, i, features, WIDTH);
        assert_ok(store_put_event(s, *set, uid_of(i), "v", (double)i, (double)i + 1, features));
    }
    assert_ok(store_complete_set(s, *set, EVENTS));
    assert_ok(store_commit(s));
    return s;
}

static store *reopen(store **s, const char *path, set_info *info, int64_t *set)
{
    store_close(s);
    assert_ok(store_open(path, STORE_READ, s));
    assert_ok(store_find_set(*s, "events", -1, info, set));
    return *s;
}

static void features_alone_are_kept(void **state)
{
    (void)state;
    const store_features types[] = {FEATURES_F16, FEATURES_F32};
    for (int t = 0; t < 2; t++) {
        int64_t set, segments;
        set_info info;
        float features[WIDTH], back[WIDTH];
        const char *path = sample_path("events");
        store *s = event_store(path, types[t], &set);
        reopen(&s, path, &info, &set);
        assert_true(info.classes == 0 && info.k == 0 && info.count == EVENTS && info.complete);
        assert_ok(store_check(s));
        for (size_t i = 0; i < EVENTS; i++) {
            sample_values(9, i, features, WIDTH);
            assert_ok(store_get(s, set, uid_of(i), 0, NULL, back));
            for (size_t j = 0; j < WIDTH; j++)
                assert_true(fabsf(features[j] - back[j]) <= (t ? 0 : ldexpf(fabsf(features[j]), -11)));
        }
        assert_ok(store_count_segments(s, "eval", NULL, &segments));
        assert_int_equal(segments, 0);
        store_close(&s);
        remove_store(path);
    }
}

static void events_are_not_scored(void **state)
{
    (void)state;
    int64_t set;
    const char *path = sample_path("scored");
    set_info events = event_set(FEATURES_F16), teacher = sample_set("teacher", 0, ENCODE_DENSE, 0, FEATURES_NONE);
    float logits[SAMPLE_ACTIONS], features[WIDTH] = {1};
    json_t *all = NULL;
    store *s = sample_store(path);
    assert_ok(store_begin_set(s, &events, &set));
    assert_ok(store_put_event(s, set, "v#0#0", "v", 0, 1, features));
    assert_ok(store_begin_set(s, &teacher, &set));
    for (size_t i = 0; i < SAMPLE_SEGMENTS; i++) {
        sample_values(1, i, logits, SAMPLE_ACTIONS);
        assert_ok(store_put(s, set, sample_uid(i), logits, NULL));
    }
    assert_ok(store_commit(s));
    assert_ok(metrics_json(s, &all));
    assert_int_equal(json_object_size(all), 1);
    assert_non_null(json_object_get(all, "teacher"));
    json_decref(all);
    store_close(&s);
    remove_store(path);
}

static void wrong_sets_and_events_are_refused(void **state)
{
    (void)state;
    int64_t set, teacher_set;
    float features[WIDTH] = {1};
    const char *path = sample_path("wrong");
    store *s = event_store(path, FEATURES_F32, &set);
    set_info info = event_set(FEATURES_NONE);
    info.feature_width = 0;
    assert_fails(ERR_INPUT, "without classes it is dense and has features", store_begin_set(s, &info, &teacher_set));
    info = event_set(FEATURES_F32);
    info.encoding = ENCODE_TOPK;
    info.k = 1;
    assert_fails(ERR_INPUT, "without classes it is dense and has features", store_begin_set(s, &info, &teacher_set));
    info.classes = -1;
    assert_fails(ERR_INPUT, "-1 classes", store_begin_set(s, &info, &teacher_set));
    assert_fails(ERR_INPUT, "features are missing", store_put_event(s, set, "v#9#9", "v", 0, 1, NULL));
    assert_fails(ERR_INPUT, "v#0#0", store_put_event(s, set, "v#0#0", "v", 0, 2, features));
    store_close(&s);
    remove_store(path);
}

/* ---- similar ----------------------------------------------------------------------------------------------------- */

static double cosine(const float *a, const float *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < WIDTH; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

static void the_nearest_are_found(void **state)
{
    (void)state;
    int64_t set;
    set_info info;
    const char *path = sample_path("similar");
    store *s = event_store(path, FEATURES_F32, &set);
    reopen(&s, path, &info, &set);
    for (size_t of = 0; of < EVENTS; of += 37) {
        similar_list list;
        float wanted[WIDTH], other[WIDTH];
        sample_values(9, of, wanted, WIDTH);
        bool taken[EVENTS] = {0};
        taken[of] = true;
        assert_ok(similar_find(s, &info, set, uid_of(of), 10, &list));
        assert_int_equal(list.count, 10);
        assert_string_equal(list.of.uid, uid_of(of));
        for (size_t n = 0; n < 10; n++) { /* again and again the nearest that is left */
            size_t best = SIZE_MAX;
            double most = -2;
            for (size_t i = 0; i < EVENTS; i++) {
                sample_values(9, i, other, WIDTH);
                if (taken[i] || cosine(wanted, other) <= most) continue;
                most = cosine(wanted, other);
                best = i;
            }
            taken[best] = true;
            assert_string_equal(list.at[n].uid, uid_of(best));
            assert_true(fabs(list.at[n].similarity - most) < 1e-9);
            assert_true(list.at[n].start == (double)best && !strcmp(list.at[n].sequence, "v"));
        }
        similar_free(&list);
    }
    store_close(&s);
    remove_store(path);
}

static void a_beginning_stands_for_one_alone(void **state)
{
    (void)state;
    int64_t set;
    set_info info;
    similar_list list;
    const char *path = sample_path("prefix");
    store *s = event_store(path, FEATURES_F16, &set);
    reopen(&s, path, &info, &set);
    assert_ok(similar_find(s, &info, set, "v#1#99", 3, &list));
    assert_string_equal(list.of.uid, "v#1#99");
    similar_free(&list);
    assert_ok(similar_find(s, &info, set, "v#0#7", 1000, &list)); /* exact, though v#0#70 begins so */
    assert_string_equal(list.of.uid, "v#0#7");
    assert_int_equal(list.count, EVENTS - 1);
    similar_free(&list);
    assert_fails(ERR_INPUT, "several uids that begin with v#0#, among them v#0#0 and v#0#1",
                 similar_find(s, &info, set, "v#0#", 3, &list));
    assert_fails(ERR_MISSING, "no uid that begins with w", similar_find(s, &info, set, "w", 3, &list));
    store_close(&s);
    remove_store(path);
}

static void what_has_no_direction_is_refused(void **state)
{
    (void)state;
    int64_t set, bare_set;
    similar_list list;
    float zero[WIDTH] = {0};
    const char *path = sample_path("zero");
    store *s = event_store(path, FEATURES_F16, &set);
    set_info bare = sample_set("teacher", 0, ENCODE_DENSE, 0, FEATURES_NONE), info;
    assert_ok(store_put_event(s, set, "zero", "v", 0, 1, zero));
    assert_ok(store_begin_set(s, &bare, &bare_set));
    assert_ok(store_commit(s));
    reopen(&s, path, &info, &set);
    assert_fails(ERR_INPUT, "uid zero: its features are all 0", similar_find(s, &info, set, "zero", 3, &list));
    assert_ok(similar_find(s, &info, set, "v#0#0", 1000, &list));
    assert_int_equal(list.count, EVENTS);
    for (size_t i = 0; i < list.count; i++)
        if (!strcmp(list.at[i].uid, "zero")) assert_true(list.at[i].similarity == 0);
    similar_free(&list);
    assert_ok(store_find_set(s, "teacher", -1, &info, &bare_set));
    assert_fails(ERR_INPUT, "set teacher has no features", similar_find(s, &info, bare_set, "v", 3, &list));
    store_close(&s);
    remove_store(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_alone_are_kept),           cmocka_unit_test(events_are_not_scored),
        cmocka_unit_test(wrong_sets_and_events_are_refused), cmocka_unit_test(the_nearest_are_found),
        cmocka_unit_test(a_beginning_stands_for_one_alone),  cmocka_unit_test(what_has_no_direction_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
