/* Predictions that arrived by message are bit by bit those of the store. */
#include "distill/arrivals.h"
#include "sample_store.h"

enum { KEPT = 10 };

/* Numbers of one segment, from the store and from what arrived. */
static void compare(store *s, int64_t set, arrivals *a, size_t i)
{
    float logits[2][SAMPLE_ACTIONS], features[2][SAMPLE_WIDTH] = {{0}};
    int32_t classes[2][SAMPLE_ACTIONS] = {{0}};
    size_t count[2] = {0};
    assert_ok(store_get(s, set, sample_uid(i), -9, logits[0], features[0]));
    arrivals_get(a, i, -9, logits[1], features[1]);
    assert_memory_equal(logits[0], logits[1], sizeof logits[0]);
    assert_memory_equal(features[0], features[1], sizeof features[0]);
    memset(logits, 0, sizeof logits);
    assert_ok(store_get_topk(s, set, sample_uid(i), classes[0], logits[0], &count[0], features[0]));
    arrivals_get_topk(a, i, classes[1], logits[1], &count[1], features[1]);
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(classes[0], classes[1], sizeof classes[0]);
    assert_memory_equal(logits[0], logits[1], sizeof logits[0]);
}

static void send(store *s, int64_t set, arrivals *a, size_t i)
{
    void *packed = NULL;
    size_t bytes = 0;
    assert_ok(store_get_packed(s, set, sample_uid(i), &packed, &bytes));
    assert_ok(arrivals_put(a, packed, bytes));
    free(packed);
}

static void check_form(store_encoding encoding, int64_t k, store_features features)
{
    const char *path = sample_path("arrivals");
    set_info info = sample_set("teacher", 0, encoding, k, features);
    segment_list list = sample_segments(0, KEPT);
    int64_t set = 0;
    arrivals *a = NULL;
    store *s = sample_store(path);
    assert_ok(store_begin_set(s, &info, &set));
    put_samples(s, set, 3, 0, SAMPLE_SEGMENTS);
    assert_ok(arrivals_new(&info, list.at, KEPT, &a));
    assert_int_equal(info.k, encoding == ENCODE_TOPK && k < SAMPLE_ACTIONS ? k : SAMPLE_ACTIONS);
    for (size_t i = SAMPLE_SEGMENTS; i-- > 0;) { /* those that nobody asked for as well */
        if (i < KEPT) assert_false(arrivals_have(a, i));
        send(s, set, a, i);
        if (i < KEPT) assert_true(arrivals_have(a, i));
    }
    for (size_t i = 0; i < KEPT; i++) compare(s, set, a, i);
    send(s, set, a, 4); /* again */
    compare(s, set, a, 4);
    assert_false(arrivals_have(a, KEPT));
    arrivals_free(&a);
    assert_null(a);
    free(list.at);
    store_close(&s);
    remove_store(path);
}

static void arrivals_are_what_the_store_holds(void **state)
{
    (void)state;
    check_form(ENCODE_TOPK, 5, FEATURES_F16);
    check_form(ENCODE_TOPK, 50, FEATURES_F16);
    check_form(ENCODE_DENSE, 5, FEATURES_F32);
    check_form(ENCODE_TOPK, 1, FEATURES_NONE);
}

static void damaged_and_foreign_records_are_refused(void **state)
{
    (void)state;
    float logits[SAMPLE_ACTIONS] = {1, 2, 3}, features[SAMPLE_WIDTH] = {4};
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16), other = info;
    segment_list list = sample_segments(0, 2);
    void *packed = NULL;
    size_t bytes = 0;
    arrivals *a = NULL;
    assert_ok(arrivals_new(&info, list.at, 2, &a));
    assert_ok(store_pack(&info, sample_uid(1), logits, features, &packed, &bytes));
    for (size_t length = 0; length < bytes; length++) {
        void *cut = malloc(length ? length : 1);
        memcpy(cut, packed, length);
        assert_int_equal(arrivals_put(a, cut, length), ERR_INPUT);
        fail_clear();
        free(cut);
    }
    for (size_t i = 0; i < bytes; i++) {
        ((unsigned char *)packed)[i] ^= 4;
        assert_int_equal(arrivals_put(a, packed, bytes), ERR_INPUT);
        fail_clear();
        ((unsigned char *)packed)[i] ^= 4;
    }
    free(packed);
    other.k = 4;
    assert_ok(store_pack(&other, sample_uid(1), logits, features, &packed, &bytes));
    assert_int_equal(arrivals_put(a, packed, bytes), ERR_INPUT);
    fail_clear();
    assert_false(arrivals_have(a, 1));
    free(packed);
    arrivals_free(&a);
    other.classes = 0;
    assert_int_equal(arrivals_new(&other, list.at, 2, &a), ERR_INPUT);
    fail_clear();
    assert_null(a);
    free(list.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrivals_are_what_the_store_holds),
        cmocka_unit_test(damaged_and_foreign_records_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
