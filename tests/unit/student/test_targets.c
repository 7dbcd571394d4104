/* What a student gets from a teacher's predictions, and what is refused. */
#include "small_world.h"
#include "student/targets.h"

static dataset data;

static int open_all(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    if (t_start(&options) != OK || world_open(state)) return -1;
    recipe *r = world_recipe(NULL);
    status st = dataset_open(r, &data);
    recipe_free(&r);
    if (st != OK) return -1;
    world_store(&data, "dense", ENCODE_DENSE, NULL, true);
    world_store(&data, "teacher", ENCODE_TOPK, NULL, true);
    world_store(&data, "holes", ENCODE_TOPK, data.train.at[3].uid, true);
    world_store(&data, "half", ENCODE_TOPK, NULL, false);
    return 0;
}

static int close_all(void **state)
{
    dataset_free(&data);
    return scratch_close(state);
}

static status open_targets(recipe *r, targets **out)
{
    status st = targets_open(r, scratch_directory, &data.classes, data.train.at, data.train.count, NULL, out);
    recipe_free(&r);
    return st;
}

static void without_distillation_there_are_none(void **state)
{
    (void)state;
    targets *t = NULL;
    assert_ok(open_targets(WORLD_RECIPE("student.distill.loss=none"), &t));
    assert_null(t);
}

static void top_classes_and_logits_are_those_of_the_store(void **state)
{
    (void)state;
    targets *t = NULL;
    target_batch batch;
    const size_t samples[] = {4, 0};
    int64_t classes[2 * 3];
    float logits[2 * 3], wanted[WORLD_ACTIONS], features[WORLD_FEATURES];
    assert_ok(open_targets(WORLD_RECIPE("student.distill.loss=topk_kl", "student.distill.k=3"), &t));
    assert_true(targets_coverage(t) == 1);
    scope *sc = scope_open();
    assert_ok(targets_batch(t, samples, 2, &batch));
    assert_null(batch.present);
    assert_null(batch.features);
    assert_ok(t_to_i64(batch.classes, classes, 6));
    assert_ok(t_to_f32(batch.logits, logits, 6));
    for (size_t i = 0; i < 6; i++) {
        world_prediction(data.train.at[samples[i / 3]].uid, wanted, features);
        assert_float_equal(logits[i], wanted[classes[i]], 4e-3); /* 16 bits are kept */
        assert_true(i % 3 == 0 || logits[i] <= logits[i - 1]);
    }
    scope_close(&sc);
    targets_close(&t);
    assert_int_equal(t_live_count(), 0);
}

static void all_logits_and_features(void **state)
{
    (void)state;
    targets *t = NULL;
    target_batch batch;
    float logits[WORLD_ACTIONS], features[WORLD_FEATURES], wanted[WORLD_ACTIONS], wanted_features[WORLD_FEATURES];
    assert_ok(open_targets(
        WORLD_RECIPE("student.distill.from=dense", "student.distill.loss=kl", "student.distill.features=cosine"), &t));
    assert_int_equal(targets_feature_width(t), WORLD_FEATURES);
    scope *sc = scope_open();
    assert_ok(targets_batch(t, &(size_t){7}, 1, &batch));
    assert_null(batch.classes);
    assert_ok(t_to_f32(batch.logits, logits, WORLD_ACTIONS));
    assert_ok(t_to_f32(batch.features, features, WORLD_FEATURES));
    world_prediction(data.train.at[7].uid, wanted, wanted_features);
    for (size_t i = 0; i < WORLD_ACTIONS; i++) assert_float_equal(logits[i], wanted[i], 4e-3);
    for (size_t i = 0; i < WORLD_FEATURES; i++) assert_float_equal(features[i], wanted_features[i], 1e-6);
    scope_close(&sc);
    targets_close(&t);
    assert_int_equal(t_live_count(), 0);
}

static void another_store_is_named_with_its_set(void **state)
{
    (void)state;
    char from[192];
    targets *t = NULL;
    snprintf(from, sizeof from, "student.distill.from=%s/store.sqlite:dense", scratch_directory);
    assert_ok(open_targets(WORLD_RECIPE(from, "student.distill.loss=kl"), &t));
    assert_non_null(t);
    targets_close(&t);
    assert_failed(open_targets(WORLD_RECIPE("student.distill.from=nowhere.sqlite:dense"), &t), ERR_MISSING,
                  "nowhere.sqlite");
    snprintf(from, sizeof from, "student.distill.from=%s/store.sqlite:nobody", scratch_directory);
    assert_failed(open_targets(WORLD_RECIPE(from), &t), ERR_MISSING, "nobody");
}

static void the_first_missing_uid_is_named(void **state)
{
    (void)state;
    char part[128];
    targets *t = NULL;
    snprintf(part, sizeof part, "segment %s has no prediction by holes (nor have 0 others of %zu)",
             data.train.at[3].uid, data.train.count);
    assert_failed(open_targets(WORLD_RECIPE("student.distill.from=holes"), &t), ERR_MISSING, part);
    assert_null(t);
}

static void missing_ones_are_skipped_and_counted(void **state)
{
    (void)state;
    targets *t = NULL;
    target_batch batch;
    float present[2], logits[2 * WORLD_K];
    assert_ok(open_targets(WORLD_RECIPE("student.distill.from=holes", "student.distill.on_missing=skip"), &t));
    assert_true(fabs(targets_coverage(t) - (1 - 1 / (double)data.train.count)) < 1e-12);
    scope *sc = scope_open();
    assert_ok(targets_batch(t, (const size_t[]){3, 4}, 2, &batch));
    assert_ok(t_to_f32(batch.present, present, 2));
    assert_true(present[0] == 0 && present[1] == 1);
    assert_ok(t_to_f32(batch.logits, logits, 2 * WORLD_K));
    assert_true(logits[0] == 0 && logits[WORLD_K] != 0);
    scope_close(&sc);
    targets_close(&t);
}

/* The first logit of every training segment's target. */
static void first_logits(const char *shuffle, const char *seed, float *out)
{
    targets *t = NULL;
    target_batch batch;
    assert_ok(open_targets(WORLD_RECIPE("student.distill.from=dense", "student.distill.loss=kl", shuffle, seed), &t));
    for (size_t i = 0; i < data.train.count; i++) {
        scope *sc = scope_open();
        assert_ok(targets_batch(t, &i, 1, &batch));
        assert_ok(t_item_f32(t_select(t_select(batch.logits, 0, 0), 0, 0), &out[i]));
        scope_close(&sc);
    }
    targets_close(&t);
}

static int by_value(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void shuffled_predictions_are_dealt_to_other_segments(void **state)
{
    (void)state;
    float own[256], dealt[256], again[256], other[256];
    size_t count = data.train.count, bytes = count * sizeof *own, stayed = 0;
    assert_true(count <= 256);
    first_logits("student.distill.shuffle=false", "seed=1", own);
    first_logits("student.distill.shuffle=true", "seed=1", dealt);
    first_logits("student.distill.shuffle=true", "seed=1", again);
    first_logits("student.distill.shuffle=true", "seed=2", other);
    assert_memory_equal(dealt, again, bytes);
    assert_memory_not_equal(dealt, other, bytes);
    for (size_t i = 0; i < count; i++) stayed += own[i] == dealt[i];
    assert_true(stayed < count / 10);
    qsort(own, count, sizeof *own, by_value);
    qsort(dealt, count, sizeof *dealt, by_value);
    assert_memory_equal(own, dealt, bytes); /* every prediction is dealt once */
}

static void what_cannot_teach_is_refused(void **state)
{
    (void)state;
    targets *t = NULL;
    assert_failed(open_targets(WORLD_RECIPE("student.distill.loss=kl"), &t), ERR_CONFIG,
                  "kl wants all 12 logits and teacher keeps the top 5");
    assert_failed(open_targets(WORLD_RECIPE("student.distill.from=half"), &t), ERR_INPUT, "are not complete");
    class_list fewer = data.classes, renamed = data.classes;
    action_class actions[WORLD_ACTIONS];
    recipe *r = world_recipe(NULL);
    fewer.action_count--;
    assert_failed(targets_open(r, scratch_directory, &fewer, data.train.at, data.train.count, NULL, &t), ERR_INPUT,
                  "are over 12 action classes, this run has 11");
    memcpy(actions, data.classes.actions, sizeof actions);
    actions[2].name = "fly_kite";
    renamed.actions = actions;
    assert_failed(targets_open(r, scratch_directory, &renamed, data.train.at, data.train.count, NULL, &t), ERR_INPUT,
                  "action class 2 is v0_n2 for the teacher teacher and fly_kite here");
    recipe_free(&r);
    assert_null(t);
}

/* A teacher was trained again after it had predicted. */
static void predictions_of_another_model_are_refused(void **state)
{
    (void)state;
    char path[128];
    targets *t = NULL;
    store *s = NULL;
    int64_t set = 0;
    set_info info = {.name = "retrained", .role = "teacher", .encoding = ENCODE_DENSE, .classes = WORLD_ACTIONS};
    info.k = WORLD_ACTIONS;
    memset(info.model_hash, 'a', sizeof info.model_hash - 1);
    snprintf(path, sizeof path, "%s/store.sqlite", scratch_directory);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_begin_set(s, &info, &set));
    assert_ok(store_complete_set(s, set, 0));
    assert_ok(store_commit(s));
    store_close(&s);
    snprintf(path, sizeof path, "%s/steps/retrained", scratch_directory);
    assert_ok(directory_make(path));
    scratch_file("steps/retrained/model.safetensors", "another model");
    assert_failed(open_targets(WORLD_RECIPE("student.distill.from=retrained"), &t), ERR_INPUT, info.model_hash);
}

/* ---- from a source ----------------------------------------------------------------------------------------------- */

/* Tells of the set "teacher", then a record a piece, the last segment first; nothing comes that is not waited for. */
typedef struct {
    store *from;
    int64_t set;
    size_t told;  /* records */
    size_t fails; /* after so many */
    bool begun;
    unsigned char *piece;
} fake_source;

static status fake_next(void *self, bool wait, prediction_news *out)
{
    status st = OK;
    fake_source *f = self;
    void *packed = NULL;
    size_t bytes = 0;
    *out = (prediction_news){.kind = NEWS_NONE};
    if (!wait) goto done;
    if (!f->begun) {
        f->begun = true;
        TRY(store_find_set(f->from, "teacher", -1, &out->info, &f->set));
        out->kind = NEWS_SET;
        goto done;
    }
    if (f->told == f->fails) TRY(FAIL(ERR_MEMORY, "the teacher failed: rank 7: no memory"));
    if (f->told == data.train.count) {
        out->kind = NEWS_COMPLETE;
        goto done;
    }
    TRY(store_get_packed(f->from, f->set, data.train.at[data.train.count - ++f->told].uid, &packed, &bytes));
    free(f->piece);
    f->piece = malloc(sizeof bytes + bytes);
    memcpy(f->piece, &bytes, sizeof bytes);
    memcpy(f->piece + sizeof bytes, packed, bytes);
    *out = (prediction_news){.kind = NEWS_RECORDS, .records = f->piece, .bytes = sizeof bytes + bytes};
done:
    free(packed);
    return st;
}

static void fake_open(fake_source *f, size_t fails)
{
    char path[256];
    *f = (fake_source){.fails = fails};
    snprintf(path, sizeof path, "%s/store.sqlite", scratch_directory);
    assert_ok(store_open(path, STORE_READ, &f->from));
}

static void fake_close(fake_source *f)
{
    store_close(&f->from);
    free(f->piece);
}

enum { TOP_OF_SOURCE = 5 };

static status open_streamed(const prediction_source *from, char *shuffle, targets **out)
{
    recipe *r = WORLD_RECIPE("student.distill.k=5", shuffle);
    status st = targets_open(r, scratch_directory, &data.classes, data.train.at, data.train.count, from, out);
    recipe_free(&r);
    return st;
}

static void read_batch(targets *t, const size_t samples[2], int64_t *classes, float *logits)
{
    target_batch batch;
    scope *sc = scope_open();
    assert_ok(targets_batch(t, samples, 2, &batch));
    assert_null(batch.present);
    assert_ok(t_to_i64(batch.classes, classes, 2 * TOP_OF_SOURCE));
    assert_ok(t_to_f32(batch.logits, logits, 2 * TOP_OF_SOURCE));
    scope_close(&sc);
}

static void check_streamed(char *shuffle)
{
    fake_source fake;
    fake_open(&fake, SIZE_MAX);
    const prediction_source source = {&fake, fake_next};
    targets *streamed = NULL, *stored = NULL;
    int64_t classes[2][2 * TOP_OF_SOURCE];
    float logits[2][2 * TOP_OF_SOURCE];
    const size_t count = data.train.count, samples[] = {count - 3, count - 5};
    size_t *from = NULL, last = 0;
    recipe *r = WORLD_RECIPE(shuffle);
    assert_ok(targets_sources(r, count, &from));
    recipe_free(&r);
    for (size_t i = 0; i < 2; i++) last = count - from[samples[i]] > last ? count - from[samples[i]] : last;
    assert_ok(open_streamed(&source, shuffle, &streamed));
    assert_ok(open_streamed(NULL, shuffle, &stored));
    assert_int_equal(fake.told, 0);
    assert_true(targets_coverage(streamed) == 1);
    for (int settled = 0; settled < 2; settled++) {
        read_batch(streamed, samples, classes[0], logits[0]);
        read_batch(stored, samples, classes[1], logits[1]);
        assert_memory_equal(classes[0], classes[1], sizeof classes[0]);
        assert_memory_equal(logits[0], logits[1], sizeof logits[0]);
        assert_int_equal(fake.told, settled ? count : last); /* waits for what it needs and for no more */
        for (bool done = false; !done;) assert_ok(targets_settle(streamed, &done));
    }
    free(from);
    targets_close(&streamed);
    targets_close(&stored);
    fake_close(&fake);
}

static void what_comes_from_a_source_is_what_the_store_holds(void **state)
{
    (void)state;
    check_streamed("student.distill.shuffle=false");
    check_streamed("student.distill.shuffle=true");
    assert_int_equal(t_live_count(), 0);
}

static void a_source_that_fails_is_the_failure(void **state)
{
    (void)state;
    fake_source fake;
    targets *t = NULL;
    target_batch batch;
    fake_open(&fake, 2);
    const prediction_source source = {&fake, fake_next};
    assert_ok(open_streamed(&source, "student.distill.shuffle=false", &t));
    assert_failed(targets_batch(t, &(size_t){0}, 1, &batch), ERR_MEMORY, "the teacher failed: rank 7: no memory");
    bool settled = true;
    assert_failed(targets_settle(t, &settled), ERR_MEMORY, "the teacher failed: rank 7: no memory");
    assert_false(settled);
    targets_close(&t);
    fake_close(&fake);
    fake_open(&fake, 0);
    fake.begun = true; /* nothing is ever said of the set */
    assert_failed(open_streamed(&source, "student.distill.shuffle=false", &t), ERR_MEMORY, "the teacher failed");
    assert_null(t);
    fake_close(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_distillation_there_are_none),
        cmocka_unit_test(top_classes_and_logits_are_those_of_the_store),
        cmocka_unit_test(all_logits_and_features),
        cmocka_unit_test(another_store_is_named_with_its_set),
        cmocka_unit_test(the_first_missing_uid_is_named),
        cmocka_unit_test(missing_ones_are_skipped_and_counted),
        cmocka_unit_test(shuffled_predictions_are_dealt_to_other_segments),
        cmocka_unit_test(what_cannot_teach_is_refused),
        cmocka_unit_test(predictions_of_another_model_are_refused),
        cmocka_unit_test(what_comes_from_a_source_is_what_the_store_holds),
        cmocka_unit_test(a_source_that_fails_is_the_failure),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
