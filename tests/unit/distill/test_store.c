/* What goes into a store comes out of it: predictions in every encoding, sets, labels; one writer, many readers. */
#include "tests/unit/distill/sample_store.h"

#include <sys/wait.h>

/* ---- records ------------------------------------------------------------------------------------------------------
 */

/* Puts one prediction of `classes` logits and `width` features as uid P01_0000. */
static store *store_of_one(const set_info *info, const float *logits, const float *features, int64_t *set)
{
    store *s = sample_store(sample_path("one"));
    assert_ok(store_begin_set(s, info, set));
    assert_ok(store_put(s, *set, sample_uid(0), logits, features));
    return s;
}

static void close_and_remove(store **s, const char *name)
{
    store_close(s);
    assert_null(*s);
    remove_store(sample_path(name));
}

static void dense_logits_and_features_are_exact(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS], features[SAMPLE_WIDTH], back[SAMPLE_ACTIONS], features_back[SAMPLE_WIDTH];
    int64_t set = 0;
    set_info info = sample_set("teacher", 0, ENCODE_DENSE, 0, FEATURES_F32);
    sample_values(1, 0, logits, SAMPLE_ACTIONS);
    sample_values(2, 0, features, SAMPLE_WIDTH);
    store *s = store_of_one(&info, logits, features, &set);
    assert_ok(store_get(s, set, sample_uid(0), -1e9f, back, features_back));
    assert_memory_equal(logits, back, sizeof back);
    assert_memory_equal(features, features_back, sizeof features_back);
    assert_ok(store_get(s, set, sample_uid(0), 0, back, NULL));
    close_and_remove(&s, "one");
}

static float most_of(const float *x, size_t count)
{
    float most = x[0];
    for (size_t i = 1; i < count; i++) most = fmaxf(most, x[i]);
    return most;
}

/* Half precision of the distance to the largest, and a float32 rounding of the sum. */
static void assert_close(float stored, float original, float largest)
{
    double allowed = ldexp(fabs((double)largest - (double)original), -11) + 1e-6 * fabs((double)largest) + 1e-7;
    assert_true(fabs((double)stored - (double)original) <= allowed);
}

static void topk_keeps_the_largest_and_marks_the_rest(void **state)
{
    (void)state;
    enum { K = 5 };
    float logits[SAMPLE_ACTIONS], features[SAMPLE_WIDTH], back[SAMPLE_ACTIONS], top[K], features_back[SAMPLE_WIDTH];
    int32_t classes[K];
    size_t count = 0, absent = 0;
    int64_t set = 0;
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, K, FEATURES_F16);
    sample_values(3, 0, logits, SAMPLE_ACTIONS);
    sample_values(4, 0, features, SAMPLE_WIDTH);
    store *s = store_of_one(&info, logits, features, &set);
    assert_ok(store_get_topk(s, set, sample_uid(0), classes, top, &count, features_back));
    assert_int_equal(count, K);
    float largest = most_of(logits, SAMPLE_ACTIONS);
    assert_true(top[0] == largest);
    for (size_t i = 0; i < K; i++) assert_close(top[i], logits[classes[i]], largest);
    for (size_t i = 1; i < K; i++) assert_true(logits[classes[i]] <= logits[classes[i - 1]]);
    for (size_t i = 0; i < SAMPLE_WIDTH; i++)
        assert_true(fabsf(features_back[i] - features[i]) <= ldexpf(fabsf(features[i]), -11));

    assert_ok(store_get(s, set, sample_uid(0), -1e9f, back, NULL));
    for (size_t i = 0; i < K; i++) assert_true(back[classes[i]] == top[i]);
    for (size_t i = 0; i < SAMPLE_ACTIONS; i++) {
        absent += back[i] == -1e9f;
        if (back[i] == -1e9f) assert_true(logits[i] <= logits[classes[K - 1]]);
    }
    assert_int_equal(absent, SAMPLE_ACTIONS - K);
    close_and_remove(&s, "one");
}

/* Which five of many equal logits are kept, and in which order, must not depend on chance. */
static void ties_go_to_the_lower_class(void **state)
{
    (void)state;
    const float logits[SAMPLE_ACTIONS] = {1, 2, 2, 1, 2, 2, 0, 2, 3, 2, 2, 2};
    const int32_t expected[] = {8, 1, 2, 4, 5};
    float top[5];
    int32_t classes[5];
    size_t count = 0;
    int64_t set = 0;
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_NONE);
    store *s = store_of_one(&info, logits, NULL, &set);
    assert_ok(store_get_topk(s, set, sample_uid(0), classes, top, &count, NULL));
    assert_memory_equal(classes, expected, sizeof expected);
    close_and_remove(&s, "one");
}

/* Logits that half precision cannot tell apart keep their order, and near the largest they can be told apart. */
static void topk_keeps_the_order_of_the_exact_logits(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS], top[6];
    const int32_t expected[] = {3, 9, 0, 7, 6, 1};
    int32_t classes[6];
    size_t count = 0;
    int64_t set = 0;
    for (int i = 0; i < SAMPLE_ACTIONS; i++) logits[i] = -100;
    logits[3] = 20, logits[9] = 19.99999f, logits[0] = 19.9999f, logits[7] = 4.00002f, logits[6] = 4.00001f,
    logits[1] = 4;
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 6, FEATURES_NONE);
    store *s = store_of_one(&info, logits, NULL, &set);
    assert_ok(store_get_topk(s, set, sample_uid(0), classes, top, &count, NULL));
    assert_memory_equal(classes, expected, sizeof expected);
    assert_true(top[0] > top[1] && top[1] > top[2]);
    close_and_remove(&s, "one");
}

static void with_k_of_all_classes_all_are_kept(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS], back[SAMPLE_ACTIONS], top[SAMPLE_ACTIONS];
    int32_t classes[SAMPLE_ACTIONS];
    size_t count = 0;
    int64_t set = 0;
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 50, FEATURES_NONE), read = {0};
    sample_values(5, 0, logits, SAMPLE_ACTIONS);
    store *s = store_of_one(&info, logits, NULL, &set);
    assert_ok(store_find_set(s, "teacher", -1, &read, &set));
    assert_int_equal(read.k, SAMPLE_ACTIONS);
    assert_ok(store_get(s, set, sample_uid(0), -1e9f, back, NULL));
    for (size_t i = 0; i < SAMPLE_ACTIONS; i++) assert_close(back[i], logits[i], most_of(logits, SAMPLE_ACTIONS));
    assert_ok(store_get_topk(s, set, sample_uid(0), classes, top, &count, NULL));
    assert_int_equal(count, SAMPLE_ACTIONS);
    for (size_t i = 1; i < count; i++) assert_true(top[i] <= top[i - 1] && top[i] == back[classes[i]]);
    close_and_remove(&s, "one");
}

static void many_classes_need_wide_ids(void **state)
{
    (void)state;
    enum { MANY = 70000 };
    float *logits = calloc(MANY, sizeof *logits), top[3];
    int32_t classes[3];
    size_t count = 0;
    int64_t set = 0;
    logits[69999] = 3, logits[65536] = 2, logits[1] = 1;
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 3, FEATURES_NONE);
    info.classes = MANY;
    store *s = store_of_one(&info, logits, NULL, &set);
    assert_ok(store_get_topk(s, set, sample_uid(0), classes, top, &count, NULL));
    assert_int_equal(classes[0], 69999);
    assert_int_equal(classes[1], 65536);
    assert_int_equal(classes[2], 1);
    free(logits);
    close_and_remove(&s, "one");
}

static void classes_ruled_out_stay_far_below(void **state)
{
    (void)state;
    const store_encoding encodings[] = {ENCODE_DENSE, ENCODE_TOPK};
    for (int i = 0; i < 2; i++) {
        float logits[SAMPLE_ACTIONS] = {[4] = 10}, back[SAMPLE_ACTIONS];
        int64_t set = 0;
        logits[2] = -INFINITY;
        set_info info = sample_set("teacher", 0, encodings[i], SAMPLE_ACTIONS, FEATURES_NONE);
        store *s = store_of_one(&info, logits, NULL, &set);
        assert_ok(store_get(s, set, sample_uid(0), 0, back, NULL));
        assert_true(back[2] == 10.0f - 65504.0f && back[4] == 10 && back[0] == 0);
        close_and_remove(&s, "one");
    }
}

static void numbers_that_cannot_be_kept_are_refused(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS] = {0}, features[SAMPLE_WIDTH] = {0};
    int64_t half = 0, full = 0;
    set_info info = sample_set("half", 0, ENCODE_TOPK, 5, FEATURES_F16);
    store *s = store_of_one(&info, logits, features, &half);
    info = sample_set("full", 0, ENCODE_DENSE, 0, FEATURES_F32);
    assert_ok(store_begin_set(s, &info, &full));

    logits[7] = NAN;
    assert_fails(ERR_INPUT, "uid P01_0003: logit 7 is ", store_put(s, half, sample_uid(3), logits, features));
    logits[7] = INFINITY;
    assert_fails(ERR_INPUT, "logit 7 is inf", store_put(s, full, sample_uid(3), logits, features));
    for (int i = 0; i < SAMPLE_ACTIONS; i++) logits[i] = -INFINITY;
    assert_fails(ERR_INPUT, "every logit", store_put(s, full, sample_uid(3), logits, features));
    for (int i = 0; i < SAMPLE_ACTIONS; i++) logits[i] = 0;
    features[9] = -70000;
    assert_fails(ERR_INPUT, "feature 9 is -70000: too large for float16",
                 store_put(s, half, sample_uid(3), logits, features));
    assert_ok(store_put(s, full, sample_uid(3), logits, features));
    features[9] = NAN;
    assert_fails(ERR_INPUT, "feature 9", store_put(s, full, sample_uid(4), logits, features));
    assert_fails(ERR_INPUT, "20 features are missing", store_put(s, full, sample_uid(4), logits, NULL));
    assert_fails(ERR_INPUT, "no segment has the uid P99_01",
                 store_put(s, half, "P99_01", logits, (float[SAMPLE_WIDTH]){0}));
    assert_false(store_has(s, half, sample_uid(3)));
    assert_true(store_has(s, full, sample_uid(3)));
    close_and_remove(&s, "one");
}

static void a_missing_prediction_is_named(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS] = {0};
    int64_t set = 0;
    set_info info = sample_set("teacher", 4, ENCODE_TOPK, 5, FEATURES_NONE);
    store *s = store_of_one(&info, logits, NULL, &set);
    assert_fails(ERR_MISSING, "set teacher (seed 4) has no prediction for uid P01_0001",
                 store_get(s, set, sample_uid(1), 0, logits, NULL));
    assert_fails(ERR_MISSING, "has no prediction for uid nobody", store_get(s, set, "nobody", 0, logits, NULL));
    assert_fails(ERR_MISSING, "no prediction set number 99", store_get(s, 99, sample_uid(0), 0, logits, NULL));
    close_and_remove(&s, "one");
}

/* ---- packed records -----------------------------------------------------------------------------------------------
 */

static void packed_records_arrive_as_if_put(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS], features[SAMPLE_WIDTH], a[SAMPLE_ACTIONS], b[SAMPLE_ACTIONS], fa[SAMPLE_WIDTH],
        fb[SAMPLE_WIDTH];
    void *packed = NULL;
    size_t bytes = 0;
    int64_t put = 0, sent = 0;
    set_info info = sample_set("put", 0, ENCODE_TOPK, 5, FEATURES_F16);
    sample_values(6, 0, logits, SAMPLE_ACTIONS);
    sample_values(7, 0, features, SAMPLE_WIDTH);
    store *s = store_of_one(&info, logits, features, &put);
    assert_ok(store_pack(&info, sample_uid(0), logits, features, &packed, &bytes));
    memcpy(info.name, "sent", 5);
    assert_ok(store_begin_set(s, &info, &sent));
    assert_ok(store_put_packed(s, sent, packed, bytes));
    assert_ok(store_get(s, put, sample_uid(0), 0, a, fa));
    assert_ok(store_get(s, sent, sample_uid(0), 0, b, fb));
    assert_memory_equal(a, b, sizeof a);
    assert_memory_equal(fa, fb, sizeof fa);
    free(packed);
    close_and_remove(&s, "one");
}

static void packed_records_that_are_cut_off_or_changed_are_refused(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS] = {1, 2, 3}, features[SAMPLE_WIDTH] = {4};
    void *packed = NULL;
    size_t bytes = 0;
    int64_t set = 0;
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16);
    store *s = store_of_one(&info, logits, features, &set);
    assert_ok(store_pack(&info, sample_uid(1), logits, features, &packed, &bytes));
    for (size_t length = 0; length < bytes; length++) { /* exactly as long as it says, for the sanitizer to see */
        void *cut = malloc(length ? length : 1);
        memcpy(cut, packed, length);
        assert_int_equal(store_put_packed(s, set, cut, length), ERR_INPUT);
        fail_clear();
        free(cut);
    }
    for (size_t i = 0; i < 8 * bytes; i++) {
        ((unsigned char *)packed)[i / 8] ^= (unsigned char)(1 << i % 8);
        assert_int_equal(store_put_packed(s, set, packed, bytes), ERR_INPUT);
        fail_clear();
        ((unsigned char *)packed)[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    assert_ok(store_put_packed(s, set, packed, bytes));
    free(packed);
    close_and_remove(&s, "one");
}

/* The bytes of docs/formats.md, which stores of today and of tomorrow share. */
static void a_record_has_the_documented_bytes(void **state)
{
    (void)state;
    const unsigned char expected[] = {0x02, 0x00, 0x75, 0x37, 0xb4, 0x39, 0xfb, 0x8b, 0x01, 0x12,
                                      0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x40,
                                      0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0xbc, 0x00, 0x38};
    set_info info = {
        .name = "x", .encoding = ENCODE_TOPK, .features = FEATURES_F16, .classes = 3, .k = 2, .feature_width = 1};
    void *packed = NULL;
    size_t bytes = 0;
    assert_ok(store_pack(&info, "u7", (float[]){1, 3, 2}, (float[]){0.5f}, &packed, &bytes));
    assert_int_equal(bytes, sizeof expected);
    assert_memory_equal(packed, expected, bytes);
    free(packed);
}

/* ---- sets ---------------------------------------------------------------------------------------------------------
 */

static void an_incomplete_set_goes_on_and_a_complete_one_is_reused(void **state)
{
    (void)state;
    const char *path = sample_path("sets");
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16), read = {0};
    int64_t first = 0, again = 0;
    store *s = sample_store(path);
    assert_ok(store_begin_set(s, &info, &first));
    put_samples(s, first, 1, 0, 10);
    assert_ok(store_commit(s));
    store_close(&s);

    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_begin_set(s, &info, &again));
    assert_int_equal(again, first);
    assert_true(store_has(s, again, sample_uid(9)));
    assert_false(store_has(s, again, sample_uid(10)));
    assert_fails(ERR_INPUT, "set teacher (seed 0) has 10 records, but 40 were expected",
                 store_complete_set(s, again, 40));
    put_samples(s, again, 1, 5, 35); /* five of them for the second time */
    assert_ok(store_complete_set(s, again, 40));
    assert_ok(store_commit(s));
    assert_ok(store_begin_set(s, &info, &again));
    assert_int_equal(again, first);
    assert_ok(store_find_set(s, "teacher", 0, &read, &again));
    assert_true(read.complete);
    assert_int_equal(read.count, 40);
    put_samples(s, again, 1, 3, 1);
    assert_ok(store_find_set(s, "teacher", 0, &read, &again));
    assert_false(read.complete); /* somebody is at work on it */
    assert_int_equal(read.count, 40);
    close_and_remove(&s, "sets");
}

static void a_set_of_another_model_is_replaced(void **state)
{
    (void)state;
    const char *path = sample_path("sets");
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16), read = {0};
    int64_t old = 0, other = 0, new = 0, again = 0;
    store *s = sample_store(path);
    assert_ok(store_begin_set(s, &info, &old));
    put_samples(s, old, 1, 0, 10);
    assert_ok(store_complete_set(s, old, 10));
    info.seed = 1;
    assert_ok(store_begin_set(s, &info, &other));
    put_samples(s, other, 1, 0, 3);
    assert_ok(store_commit(s));

    info.seed = 0;
    info.model_hash[0] = 'f';
    assert_ok(store_begin_set(s, &info, &new));
    assert_false(store_has(s, new, sample_uid(0)));
    assert_ok(store_find_set(s, "teacher", 0, &read, &again));
    assert_int_equal(again, new);
    assert_int_equal(read.count, 0);
    assert_false(read.complete);
    assert_true(store_has(s, other, sample_uid(2)));
    info.features = FEATURES_F32; /* the same model, kept in another form */
    assert_ok(store_begin_set(s, &info, &new));
    put_samples(s, new, 1, 0, 2);
    assert_ok(store_commit(s));
    assert_int_equal(store_set_count(s), 2);
    assert_ok(store_check(s));
    close_and_remove(&s, "sets");
}

static void sets_are_found_by_name_and_seed(void **state)
{
    (void)state;
    const int64_t seeds[] = {7, 2, 5};
    int64_t set = 0;
    set_info read = {0};
    store *s = sample_store(sample_path("sets"));
    assert_fails(ERR_MISSING, "no prediction set teacher (it holds no sets)",
                 store_find_set(s, "teacher", -1, &read, &set));
    for (int i = 0; i < 3; i++) {
        set_info info = sample_set("student", seeds[i], ENCODE_DENSE, 0, FEATURES_NONE);
        assert_ok(store_begin_set(s, &info, &set));
    }
    assert_ok(store_find_set(s, "student", -1, &read, &set));
    assert_int_equal(read.seed, 2);
    assert_ok(store_find_set(s, "student", 5, &read, &set));
    assert_int_equal(read.seed, 5);
    assert_int_equal(read.classes, SAMPLE_ACTIONS);
    assert_int_equal(read.encoding, ENCODE_DENSE);
    assert_string_equal(read.role, "teacher");
    assert_fails(ERR_MISSING, "no prediction set student of seed 3 (it holds student (seed 7), student (seed 2)",
                 store_find_set(s, "student", 3, &read, &set));
    assert_int_equal(store_set_count(s), 3);
    assert_ok(store_set_at(s, 1, &read, &set));
    assert_int_equal(read.seed, 2);
    assert_fails(ERR_INTERNAL, "4 sets", store_set_at(s, 3, &read, &set));
    close_and_remove(&s, "sets");
}

static void sets_of_another_teacher_or_vocabulary_are_refused(void **state)
{
    (void)state;
    set_info info = sample_set("teacher", 0, ENCODE_DENSE, 0, FEATURES_NONE);
    const char *other = "ffffffffffffffffffffffffffffffff";
    assert_ok(set_require(&info, info.model_hash, info.vocabulary_hash));
    assert_ok(set_require(&info, NULL, ""));
    assert_fails(ERR_INPUT, "another teacher: its hash is 0123456789abcdef0123456789abcdef, not ffffffff",
                 set_require(&info, other, NULL));
    assert_fails(ERR_INPUT, "another vocabulary", set_require(&info, "", other));
}

static void sets_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    int64_t set = 0;
    store *s = sample_store(sample_path("sets"));
    set_info info = sample_set("", 0, ENCODE_DENSE, 0, FEATURES_NONE);
    assert_fails(ERR_INPUT, "name", store_begin_set(s, &info, &set));
    info = sample_set("x", -1, ENCODE_DENSE, 0, FEATURES_NONE);
    assert_fails(ERR_INPUT, "seed -1", store_begin_set(s, &info, &set));
    info = sample_set("x", 0, ENCODE_TOPK, 0, FEATURES_NONE);
    assert_fails(ERR_INPUT, "k is 0", store_begin_set(s, &info, &set));
    info = sample_set("x", 0, ENCODE_TOPK, 5, FEATURES_F16);
    info.feature_width = 0;
    assert_fails(ERR_INPUT, "feature width 0", store_begin_set(s, &info, &set));
    info = sample_set("x", 0, ENCODE_TOPK, 5, FEATURES_NONE);
    info.classes = INT64_MAX;
    assert_fails(ERR_INPUT, "classes", store_begin_set(s, &info, &set));
    memset(info.recipe_hash, 'a', sizeof info.recipe_hash);
    assert_fails(ERR_INPUT, "too long", store_begin_set(s, &info, &set));
    close_and_remove(&s, "sets");
}

/* ---- labels -------------------------------------------------------------------------------------------------------
 */

static void classes_come_back_and_cannot_change(void **state)
{
    (void)state;
    class_list classes = sample_classes(), back = {0};
    store *s = sample_store(sample_path("labels"));
    assert_ok(store_get_classes(s, &back));
    assert_int_equal(back.action_count, SAMPLE_ACTIONS);
    assert_int_equal(back.verb_count, SAMPLE_VERBS);
    assert_int_equal(back.noun_count, SAMPLE_NOUNS);
    for (size_t i = 0; i < SAMPLE_ACTIONS; i++) {
        assert_string_equal(back.actions[i].name, classes.actions[i].name);
        assert_string_equal(back.actions[i].text, classes.actions[i].text);
        assert_int_equal(back.actions[i].verb, classes.actions[i].verb);
        assert_int_equal(back.actions[i].noun, classes.actions[i].noun);
    }
    assert_string_equal(back.verbs[1], "put");
    assert_null(back.verbs[2]);
    classes_free(&back);

    assert_ok(store_put_classes(s, &classes));
    classes.actions[7].noun = 0;
    assert_fails(ERR_INPUT, "action 7 is v1_n3", store_put_classes(s, &classes));
    classes.actions[7].noun = 9;
    assert_fails(ERR_INPUT, "noun 9 of 4", store_put_classes(s, &classes));
    classes.action_count = 5;
    assert_fails(ERR_INPUT, "holds 12 actions", store_put_classes(s, &classes));
    close_and_remove(&s, "labels");
}

static void segments_cannot_change_but_may_be_put_again(void **state)
{
    (void)state;
    segment_list list = sample_segments(0, SAMPLE_SEGMENTS);
    const char *groups[SAMPLE_SEGMENTS];
    char **found = NULL;
    size_t count = 0;
    int64_t n = 0;
    store *s = sample_store(sample_path("labels"));
    for (size_t i = 0; i < SAMPLE_SEGMENTS; i++) groups[i] = i % 4 ? "seen" : "new";
    assert_ok(store_put_segments(s, "eval", &list, NULL));
    assert_ok(store_get_groups(s, "eval", &found, &count));
    assert_int_equal(count, 0);
    assert_ok(store_put_segments(s, "eval", &list, groups));
    assert_ok(store_put_segments(s, "eval", &list, NULL)); /* groups stay */
    assert_ok(store_get_groups(s, "eval", &found, &count));
    assert_int_equal(count, 2);
    assert_string_equal(found[0], "new");
    assert_string_equal(found[1], "seen");
    free(found);
    assert_ok(store_count_segments(s, "eval", "new", &n));
    assert_int_equal(n, 10);
    assert_ok(store_count_segments(s, NULL, NULL, &n));
    assert_int_equal(n, SAMPLE_SEGMENTS);

    groups[3] = "new";
    assert_fails(ERR_INPUT, "P01_0003 belongs to group seen there, to new here",
                 store_put_segments(s, "eval", &list, groups));
    assert_fails(ERR_INPUT, "P01_0000 belongs to split eval there, to train here",
                 store_put_segments(s, "train", &list, NULL));
    list.at[2].action = 5;
    assert_fails(ERR_INPUT, "segment P01_0002", store_put_segments(s, "eval", &list, NULL));
    list.at[2].action = SAMPLE_ACTIONS;
    assert_fails(ERR_INPUT, "action 12 of 12", store_put_segments(s, "eval", &list, NULL));
    list.at[0].uid = "";
    assert_fails(ERR_INPUT, "uid is empty", store_put_segments(s, "eval", &list, NULL));
    free(list.at);
    close_and_remove(&s, "labels");
}

static void many_shot_sets_come_back_sorted(void **state)
{
    (void)state;
    const int64_t verbs[] = {2, 0, 2}, other[] = {0, 1};
    int64_t *ids = NULL;
    size_t count = 9;
    store *s = sample_store(sample_path("labels"));
    assert_ok(store_get_many_shot(s, "verb", &ids, &count));
    assert_null(ids);
    assert_int_equal(count, 0);
    assert_ok(store_put_many_shot(s, "verb", verbs, 3));
    assert_ok(store_put_many_shot(s, "verb", verbs, 2));
    assert_ok(store_get_many_shot(s, "verb", &ids, &count));
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 0);
    assert_int_equal(ids[1], 2);
    free(ids);
    assert_fails(ERR_INPUT, "many-shot verbs", store_put_many_shot(s, "verb", other, 2));
    assert_fails(ERR_INPUT, "many-shot noun 4 is no class", store_put_many_shot(s, "noun", (int64_t[]){4}, 1));
    assert_fails(ERR_INTERNAL, "gloss", store_put_many_shot(s, "gloss", other, 2));
    close_and_remove(&s, "labels");
}

/* ---- scanning -----------------------------------------------------------------------------------------------------
 */

typedef struct {
    size_t visited, predicted, stop_at;
    int sparse;
} tour;

static status visit(void *self, const stored_segment *at)
{
    tour *t = self;
    size_t i = t->visited++;
    float logits[SAMPLE_ACTIONS];
    assert_string_equal(at->uid, sample_uid(i));
    assert_int_equal(at->action, i * 7 % SAMPLE_ACTIONS);
    assert_string_equal(at->sequence, "P01_01");
    assert_true(at->start == (double)i + 0.25 && at->end == (double)i + 1.5);
    if (t->visited == t->stop_at) return FAIL(ERR_RETRY, "far enough");
    if (!at->predicted) return OK;
    t->predicted++;
    sample_values(1, i, logits, SAMPLE_ACTIONS);
    assert_true((at->classes != NULL) == t->sparse);
    for (size_t j = 0; j < at->count; j++)
        assert_close(at->logits[j], logits[at->classes ? at->classes[j] : (int32_t)j], most_of(logits, SAMPLE_ACTIONS));
    return OK;
}

static void a_scan_visits_every_segment_in_order(void **state)
{
    (void)state;
    int64_t sets[3];
    set_info infos[] = {sample_set("a", 0, ENCODE_DENSE, 0, FEATURES_F32),
                        sample_set("b", 0, ENCODE_TOPK, 5, FEATURES_F16),
                        sample_set("c", 0, ENCODE_TOPK, 12, FEATURES_F16)};
    store *s = sample_store(sample_path("scan"));
    for (int i = 0; i < 3; i++) {
        tour t = {.sparse = i == 1};
        assert_ok(store_begin_set(s, &infos[i], &sets[i]));
        put_samples(s, sets[i], 1, 10, 20);
        assert_ok(store_scan(s, sets[i], "eval", NULL, visit, &t));
        assert_int_equal(t.visited, SAMPLE_SEGMENTS);
        assert_int_equal(t.predicted, 20);
    }
    tour t = {.stop_at = 5};
    assert_fails(ERR_RETRY, "far enough", store_scan(s, sets[0], "eval", NULL, visit, &t));
    t = (tour){0};
    assert_ok(store_scan(s, sets[0], "train", NULL, visit, &t));
    assert_int_equal(t.visited, 0);
    assert_ok(store_scan(s, STORE_NO_SET, "eval", NULL, visit, &t));
    assert_int_equal(t.visited, SAMPLE_SEGMENTS);
    assert_int_equal(t.predicted, 0);
    close_and_remove(&s, "scan");
}

/* ---- transactions, readers and writers ----------------------------------------------------------------------------
 */

static void what_was_not_committed_is_gone(void **state)
{
    (void)state;
    const char *path = sample_path("rollback");
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16), read = {0};
    int64_t set = 0;
    store *s = sample_store(path);
    assert_ok(store_begin_set(s, &info, &set));
    put_samples(s, set, 1, 0, 10);
    assert_ok(store_commit(s));
    put_samples(s, set, 1, 10, 10);
    store_close(&s);
    assert_ok(store_open(path, STORE_READ, &s));
    assert_ok(store_find_set(s, "teacher", 0, &read, &set));
    assert_int_equal(read.count, 10);
    assert_true(store_has(s, set, sample_uid(9)));
    assert_false(store_has(s, set, sample_uid(10)));
    assert_ok(store_check(s));
    assert_fails(ERR_INTERNAL, "opened for reading",
                 store_put(s, set, sample_uid(0), (float[SAMPLE_ACTIONS]){0}, NULL));
    close_and_remove(&s, "rollback");
}

static void a_reader_sees_what_was_committed_when_it_began(void **state)
{
    (void)state;
    const char *path = sample_path("reader");
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16), read = {0};
    int64_t set = 0;
    store *writer = sample_store(path), *reader = NULL;
    assert_ok(store_begin_set(writer, &info, &set));
    put_samples(writer, set, 1, 0, 10);
    assert_ok(store_commit(writer));
    assert_ok(store_open(path, STORE_READ, &reader));
    put_samples(writer, set, 1, 10, 10);
    assert_true(store_has(reader, set, sample_uid(9)));
    assert_false(store_has(reader, set, sample_uid(10)));
    assert_ok(store_commit(writer));
    assert_false(store_has(reader, set, sample_uid(10)));
    store_release(reader);
    assert_true(store_has(reader, set, sample_uid(10)));
    assert_ok(store_find_set(reader, "teacher", 0, &read, &set));
    assert_int_equal(read.count, 20);
    put_samples(writer, set, 1, 20, 1);
    assert_ok(store_commit(writer));
    for (int i = 0; i < 1100; i++) assert_true(store_has(reader, set, sample_uid(0)));
    assert_true(store_has(reader, set, sample_uid(20))); /* a reader that reads on catches up by itself */
    store_close(&reader);
    close_and_remove(&writer, "reader");
}

static void only_one_process_writes(void **state)
{
    (void)state;
    const char *path = sample_path("writers");
    store *s = sample_store(path), *second = NULL;
    assert_ok(store_commit(s));
    assert_fails(ERR_CREATE, "only one may write", store_open(path, STORE_WRITE, &second));
    pid_t child = fork();
    if (child == 0) _exit(store_open(path, STORE_WRITE, &second) == ERR_CREATE ? 0 : 1);
    int how = -1;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    store_close(&s);
    assert_ok(store_open(path, STORE_WRITE, &second));
    close_and_remove(&second, "writers");
}

static void a_killed_writer_leaves_what_it_had_committed(void **state)
{
    (void)state;
    const char *path = sample_path("killed");
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16);
    int64_t set = 0;
    remove_store(path);
    pid_t child = fork();
    if (child == 0) {
        store *s = sample_store(path);
        assert_ok(store_begin_set(s, &info, &set));
        put_samples(s, set, 1, 0, 10);
        assert_ok(store_commit(s));
        put_samples(s, set, 1, 10, 10);
        _exit(0); /* without closing */
    }
    int how = -1;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    store *reader = NULL;
    set_info read = {0};
    assert_ok(store_open(path, STORE_READ, &reader));
    assert_ok(store_find_set(reader, "teacher", 0, &read, &set));
    assert_int_equal(read.count, 10);
    assert_ok(store_check(reader));
    close_and_remove(&reader, "killed");
}

/* A file that was closed needs nothing beside it: it may be copied, and no journal is left lying about. */
static void a_closed_store_is_one_file(void **state)
{
    (void)state;
    const char *path = sample_path("closed");
    static const char *const ENDINGS[] = {"-wal", "-shm", "-journal"};
    store *s = sample_store(path);
    assert_ok(store_commit(s));
    store_close(&s);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++) {
            char name[300];
            snprintf(name, sizeof name, "%s%s", path, ENDINGS[i]);
            assert_int_equal(access(name, F_OK), -1);
        }
        assert_ok(store_open(path, STORE_READ, &s));
        store_close(&s);
    }
    remove_store(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_logits_and_features_are_exact),
        cmocka_unit_test(topk_keeps_the_largest_and_marks_the_rest),
        cmocka_unit_test(ties_go_to_the_lower_class),
        cmocka_unit_test(topk_keeps_the_order_of_the_exact_logits),
        cmocka_unit_test(with_k_of_all_classes_all_are_kept),
        cmocka_unit_test(many_classes_need_wide_ids),
        cmocka_unit_test(classes_ruled_out_stay_far_below),
        cmocka_unit_test(numbers_that_cannot_be_kept_are_refused),
        cmocka_unit_test(a_missing_prediction_is_named),
        cmocka_unit_test(a_record_has_the_documented_bytes),
        cmocka_unit_test(packed_records_arrive_as_if_put),
        cmocka_unit_test(packed_records_that_are_cut_off_or_changed_are_refused),
        cmocka_unit_test(an_incomplete_set_goes_on_and_a_complete_one_is_reused),
        cmocka_unit_test(a_set_of_another_model_is_replaced),
        cmocka_unit_test(sets_are_found_by_name_and_seed),
        cmocka_unit_test(sets_of_another_teacher_or_vocabulary_are_refused),
        cmocka_unit_test(sets_that_make_no_sense_are_refused),
        cmocka_unit_test(classes_come_back_and_cannot_change),
        cmocka_unit_test(segments_cannot_change_but_may_be_put_again),
        cmocka_unit_test(many_shot_sets_come_back_sorted),
        cmocka_unit_test(a_scan_visits_every_segment_in_order),
        cmocka_unit_test(what_was_not_committed_is_gone),
        cmocka_unit_test(a_reader_sees_what_was_committed_when_it_began),
        cmocka_unit_test(only_one_process_writes),
        cmocka_unit_test(a_killed_writer_leaves_what_it_had_committed),
        cmocka_unit_test(a_closed_store_is_one_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
