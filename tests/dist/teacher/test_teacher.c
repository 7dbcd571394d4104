/* A teacher's training and prediction on any number of ranks: what they leave in the run directory and in the store. */
#include "base/hash.h"
#include "comm/comm.h"
#include "distill/metrics.h"
#include "distill/store.h"
#include "teacher/model.h"
#include "teacher/teacher.h"
#include "tests/unit/teacher/small_world.h"

#include <math.h>

enum { ALL = (WORLD_VIDEOS + WORLD_EVAL_VIDEOS) * WORLD_SEGMENTS, WIDTH = 32 };

static comm *ranks;

/* All ranks use the world that rank 0 makes, and the teacher that is trained here. */
static int open_all(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    bool failed = false;
    if (t_start(&options) != OK || comm_open(0, 60, &ranks) != OK) return -1;
    if (comm_rank(ranks) == 0) failed = world_open(state) != 0;
    if (comm_broadcast(ranks, scratch_directory, sizeof scratch_directory, 0) != OK || failed) return -1;
    return 0;
}

static int close_all(void **state)
{
    status st = comm_barrier(ranks);
    if (comm_rank(ranks) == 0 && scratch_close(state)) return -1;
    comm_close(&ranks);
    return st == OK && t_live_count() == 0 ? 0 : -1;
}

static status both_steps(const char *variant, const char *more)
{
    recipe *whole = WORLD_RECIPE(more), *r = NULL;
    run_step train = {.section = "teacher", .variant = variant}, predict = {.section = "predict", .variant = variant};
    assert_ok(recipe_for_step(whole, "teacher", variant, 0, &r));
    status st = teacher_train(ranks, r, scratch_directory, &train);
    if (st == OK) st = teacher_predict(ranks, r, scratch_directory, &predict, NULL);
    recipe_free(&r);
    recipe_free(&whole);
    return st;
}

static char *in_run(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", scratch_directory, name);
    return path;
}

static store *open_store(store_mode mode)
{
    store *s = NULL;
    assert_ok(store_open(in_run("store.sqlite"), mode, &s));
    return s;
}

static void expect_set(store *s, const char *name, const char *role, int64_t width, double least, double most)
{
    set_info info;
    set_metrics scores;
    int64_t set = 0;
    assert_ok(store_find_set(s, name, 0, &info, &set));
    assert_true(info.complete);
    assert_int_equal(info.count, ALL);
    assert_string_equal(info.role, role);
    assert_int_equal(info.feature_width, width);
    assert_ok(metrics_compute(s, set, "eval", NULL, &scores));
    assert_int_equal(scores.n, WORLD_EVAL_VIDEOS * WORLD_SEGMENTS);
    if (!(scores.action.top1 >= least && scores.action.top1 <= most))
        fail_msg("%s: top-1 is %g", name, scores.action.top1);
}

static void learns_and_stores(void **state)
{
    (void)state;
    assert_ok(both_steps(NULL, NULL));
    assert_true(file_exists(in_run("steps/teacher/model.safetensors")));
    assert_true(file_exists(in_run("steps/teacher/vocabulary.txt")));
    assert_true(file_exists(in_run("steps/teacher/stats.json")));
    store *s = open_store(STORE_READ);
    expect_set(s, "teacher", "teacher", WIDTH, 80, 100); /* all but the first of a video can be known: 8 of 9 */
    expect_set(s, "bigram", "baseline", 0, 80, 100);
    expect_set(s, "majority", "baseline", 0, 0, 30);
    assert_ok(store_check(s));
    store_close(&s);
}

/* The stored predictions are those of the stored weights, whoever made them. */
static void stores_what_the_model_says(void **state)
{
    (void)state;
    recipe *r = WORLD_RECIPE(NULL);
    dataset d = {0};
    teacher_model m = {0};
    char words[256];
    assert_ok(dataset_open(r, &d));
    snprintf(words, sizeof words, "%s", in_run("steps/teacher/vocabulary.txt"));
    assert_ok(teacher_model_open(r, &d, words, &m));
    assert_ok(module_load(encoder_module(m.net), in_run("steps/teacher/model.safetensors")));
    store *s = open_store(STORE_READ);
    set_info info;
    int64_t set = 0;
    assert_ok(store_find_set(s, "teacher", 0, &info, &set));
    for (list_name l = 0; l < LIST_COUNT; l++) {
        histories h = {0};
        example_list e = {0};
        const segment_list *list = list_of(&d, l);
        float *logits = calloc(list->count, WORLD_ACTIONS * sizeof *logits), got[WORLD_ACTIONS];
        float *features = calloc(list->count, WIDTH * sizeof *features), read[WIDTH];
        assert_ok(histories_of(&d, &m.history, l, &h));
        assert_ok(examples_add(&e, &h, list, WORLD_ACTIONS, false));
        size_t *queries = calloc(list->count, sizeof *queries);
        for (size_t i = 0; i < list->count; i++) queries[i] = i;
        assert_ok(teacher_model_predict(&m, &h, &e, queries, list->count, logits, features));
        free(queries);
        for (size_t i = 0; i < list->count; i++) {
            assert_ok(store_get(s, set, list->at[i].uid, 0, got, read));
            for (size_t c = 0; c < WORLD_ACTIONS; c++)
                assert_true(fabsf(got[c] - logits[i * WORLD_ACTIONS + c]) < 0.02f); /* 16 bits */
            for (size_t c = 0; c < WIDTH; c++) assert_true(fabsf(read[c] - features[i * WIDTH + c]) < 1e-4f);
        }
        free(logits);
        free(features);
        examples_free(&e);
        histories_free(&h);
    }
    store_close(&s);
    teacher_model_close(&m);
    dataset_free(&d);
    recipe_free(&r);
}

/* Rank 0 leaves a store in which the teacher's set has one record only, which says class 3. */
static void leave_unfinished(const char *uid)
{
    const float logits[WORLD_ACTIONS] = {[3] = 7}, features[WIDTH] = {0};
    class_list classes = {0};
    set_info info;
    int64_t set = 0;
    recipe *r = WORLD_RECIPE(NULL);
    dataset d = {0};
    store *s = open_store(STORE_READ);
    assert_ok(store_find_set(s, "teacher", 0, &info, &set));
    assert_ok(store_get_classes(s, &classes));
    store_close(&s);
    assert_ok(dataset_open(r, &d));
    assert_int_equal(remove(in_run("store.sqlite")), 0);
    s = open_store(STORE_WRITE);
    assert_ok(store_put_classes(s, &classes));
    for (list_name l = 0; l < LIST_COUNT; l++) assert_ok(store_put_segments(s, list_text(l), list_of(&d, l), NULL));
    assert_ok(store_begin_set(s, &info, &set));
    assert_ok(store_put(s, set, uid, logits, features));
    assert_ok(store_commit(s));
    store_close(&s);
    classes_free(&classes);
    dataset_free(&d);
    recipe_free(&r);
}

static void goes_on_where_it_was_left(void **state)
{
    (void)state;
    float got[WORLD_ACTIONS];
    set_info info;
    int64_t set = 0;
    assert_ok(comm_barrier(ranks)); /* nobody reads the store that is replaced */
    if (comm_rank(ranks) == 0) leave_unfinished("u21_4");
    assert_ok(comm_barrier(ranks));
    assert_ok(both_steps(NULL, NULL)); /* the training is finished and is not repeated */
    store *s = open_store(STORE_READ);
    assert_ok(store_find_set(s, "teacher", 0, &info, &set));
    assert_true(info.complete);
    assert_int_equal(info.count, ALL);
    assert_ok(store_get(s, set, "u21_4", 0, got, NULL));
    for (size_t c = 0; c < WORLD_ACTIONS; c++) assert_true(fabsf(got[c] - (c == 3 ? 7 : 0)) < 0.02f);
    assert_ok(store_get(s, set, "u21_5", 0, got, NULL));
    assert_true(got[world_action(21, 5)] > 1);
    store_close(&s);
}

static void variants_are_sets_of_their_own(void **state)
{
    (void)state;
    assert_ok(both_steps("teacher_tokens", NULL));
    assert_false(file_exists(in_run("steps/teacher_tokens/vocabulary.txt")));
    store *s = open_store(STORE_READ);
    expect_set(s, "teacher_tokens", "teacher", WIDTH, 80, 100);
    expect_set(s, "teacher", "teacher", WIDTH, 80, 100);
    store_close(&s);
}

/* Texts in which an action is done again and again: a masked word stands in the neighbours, too. And free text. */
static void write_corpus(void)
{
    static const char *const verbs[] = {"take", "put-down", "wash"}, *const nouns[] = {"pan", "cup", "cutting board",
                                                                                       "knife"};
    static char text[65536];
    char *at = text;
    for (int times = 2; times < 12; times++)
        for (int action = 0; action < WORLD_ACTIONS; action++) {
            for (int i = 0; i < times; i++)
                at += sprintf(at, "%s%s <v> %s", i ? " <a> " : "", verbs[action / WORLD_NOUNS],
                              nouns[action % WORLD_NOUNS]);
            at += sprintf(at, "\n");
        }
    sprintf(at, "In a kitchen, wash the cutting board!\n");
    scratch_file("corpus.txt", text);
}

static recipe *pretrained_recipe(void)
{
    char files[160];
    snprintf(files, sizeof files, "teacher.pretrain.corpus=[%.100s]", in_run("corpus.txt"));
    return WORLD_RECIPE(files, "teacher.pretrain.train.epochs=12", "teacher.variants.teacher_tokens.input=text",
                        "teacher.pretrain.train.batch=8", "teacher.train.max_steps=1", "data.development=0.25",
                        "teacher.pretrain.mask=0.2", "teacher.dropout=0");
}

static status pretrain(const recipe *whole, int64_t seed)
{
    recipe *r = NULL;
    run_step step = {.section = "pretrain", .seed = seed, .several_seeds = true};
    assert_ok(recipe_for_step(whole, "pretrain", NULL, seed, &r));
    status st = teacher_pretrain(ranks, r, scratch_directory, &step);
    recipe_free(&r);
    return st;
}

static double told_words(const char *step)
{
    char name[96], *bytes = NULL;
    size_t count = 0;
    snprintf(name, sizeof name, "steps/%s/stats.json", step);
    assert_ok(file_read(in_run(name), 1 << 16, &bytes, &count));
    const char *found = strstr(bytes, "\"best_metric\": ");
    assert_non_null(found);
    double value = strtod(found + strlen("\"best_metric\": "), NULL);
    free(bytes);
    return value;
}

/* A model that sees no neighbours tells about half of the words: parts of "put-down" and "cutting board", and by
 * chance. The teacher takes weights and vocabulary. */
static void pretraining_comes_first(void **state)
{
    (void)state;
    char words[256], theirs[33] = "", ours[33] = "";
    if (comm_rank(ranks) == 0) write_corpus();
    assert_ok(comm_barrier(ranks));
    recipe *whole = pretrained_recipe(), *r = NULL;
    run_step train = {.section = "teacher", .seed = 5, .several_seeds = true};
    assert_ok(recipe_for_step(whole, "teacher", NULL, 5, &r));
    assert_failed(teacher_train(ranks, r, scratch_directory, &train), ERR_MISSING, "has to be pretrained first");
    assert_ok(pretrain(whole, 5));
    double told = told_words("pretrain.teacher.5");
    if (told < 80) fail_msg("%g %% of the masked words are told", told);
    assert_ok(teacher_train(ranks, r, scratch_directory, &train));
    snprintf(words, sizeof words, "%s", in_run("steps/pretrain.teacher.5/vocabulary.txt"));
    assert_ok(hash_file(words, theirs));
    assert_ok(hash_file(in_run("steps/teacher.5/vocabulary.txt"), ours));
    assert_string_equal(theirs, ours);
    recipe_free(&r);
    recipe_free(&whole);
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pretraining_comes_first),        cmocka_unit_test(learns_and_stores),
        cmocka_unit_test(stores_what_the_model_says),     cmocka_unit_test(goes_on_where_it_was_left),
        cmocka_unit_test(variants_are_sets_of_their_own),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
