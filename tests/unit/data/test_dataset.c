#include "data/dataset.h"
#include "scratch.h"

#include <math.h>

/* The recipe of `text`, opened; the caller frees both. */
static status open_text(const char *text, recipe **r, dataset *d)
{
    char stages[] = "stages=[teacher]", *overrides[] = {stages};
    assert_ok(recipe_read(scratch_file("recipe.yaml", text), overrides, 1, r));
    return dataset_open(*r, d);
}

static void assert_opened(const char *text, recipe **r, dataset *d)
{
    assert_ok(open_text(text, r, d));
}

static void assert_refused(const char *text, status code, const char *part)
{
    recipe *r = NULL;
    dataset d = {0};
    assert_failed(open_text(text, &r, &d), code, part);
    recipe_free(&r);
}

/* `videos` of three segments each, written in the order of `step` (which shares no divisor with `videos`). */
static const char *write_videos(const char *name, size_t first, size_t videos, size_t step)
{
    static char text[65536];
    char *at = text;
    for (size_t i = 0; i < videos; i++) {
        size_t v = first + i * step % videos;
        for (size_t k = 0; k < 3; k++)
            at += sprintf(at, "%05zu, V%03zu, %06zu, %06zu, %zu, %zu, %zu\n", v * 3 + k, v, 30 * k + 1, 30 * k + 20,
                          (v + k) % 2, (v + k) / 2 % 2, (v + k) % 4);
    }
    return scratch_file(name, text);
}

static char recipe_text_of_videos[2048];

static const char *videos_recipe(const char *extra)
{
    scratch_file("actions.csv", "id,action,verb,noun\n0,take_pan,0,0\n1,put_pan,1,0\n2,take_cup,0,1\n3,put_cup,1,1\n");
    snprintf(recipe_text_of_videos, sizeof recipe_text_of_videos,
             "data: {train: %s/train.csv, actions: %s/actions.csv%s}\n", scratch_directory, scratch_directory, extra);
    return recipe_text_of_videos;
}

static const char *found_in(const segment_list *list, const char *uid)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->at[i].uid, uid)) return list->at[i].sequence;
    return NULL;
}

static void splits_whole_videos_whatever_the_order(void **state)
{
    (void)state;
    recipe *r = NULL, *again = NULL;
    dataset d = {0}, e = {0};
    write_videos("train.csv", 0, 50, 1);
    assert_opened(videos_recipe(""), &r, &d);
    assert_int_equal(d.train.count + d.development.count + d.eval.count, 150);
    assert_in_range(d.development.count, 3 * 2, 3 * 8);
    assert_in_range(d.eval.count, 3 * 5, 3 * 16);
    assert_null(d.eval_group);
    for (size_t i = 0; i < d.development.count; i++)
        for (size_t k = 0; k < d.train.count; k++)
            assert_string_not_equal(d.development.at[i].sequence, d.train.at[k].sequence);

    write_videos("train.csv", 0, 50, 7);
    assert_opened(videos_recipe(""), &again, &e);
    assert_int_equal(d.train.count, e.train.count);
    for (size_t i = 0; i < d.eval.count; i++) assert_non_null(found_in(&e.eval, d.eval.at[i].uid));
    for (size_t i = 0; i < d.development.count; i++) assert_non_null(found_in(&e.development, d.development.at[i].uid));
    dataset_free(&d);
    dataset_free(&e);
    recipe_free(&r);
    recipe_free(&again);
}

static void the_split_has_a_seed_of_its_own(void **state)
{
    (void)state;
    recipe *r = NULL, *other = NULL, *step = NULL;
    dataset d = {0}, e = {0};
    write_videos("train.csv", 0, 50, 1);
    assert_opened(videos_recipe(""), &r, &d);
    assert_ok(recipe_for_step(r, "student", NULL, 7, &step));
    assert_ok(dataset_open(step, &e));
    for (size_t i = 0; i < d.eval.count; i++) assert_non_null(found_in(&e.eval, d.eval.at[i].uid));
    dataset_free(&e);
    recipe_free(&step);
    assert_opened(videos_recipe(", split_seed: 1"), &other, &e);
    size_t same = 0;
    for (size_t i = 0; i < d.eval.count; i++) same += found_in(&e.eval, d.eval.at[i].uid) != NULL;
    assert_true(same < d.eval.count);
    dataset_free(&d);
    dataset_free(&e);
    recipe_free(&r);
    recipe_free(&other);
}

/* The training part's share; the caller frees its `at`. */
static segment_list share_of(const recipe *r, const dataset *d, double share)
{
    segment_list list = {.at = malloc(d->train.count * sizeof *list.at), .count = d->train.count};
    assert_non_null(list.at);
    memcpy(list.at, d->train.at, d->train.count * sizeof *list.at);
    assert_ok(dataset_share(r, share, &list));
    return list;
}

static void shares_are_whole_videos_nested_and_told_by_the_split_seed(void **state)
{
    (void)state;
    static const double shares[] = {0.01, 0.1, 0.25, 0.5, 1};
    enum { SHARES = sizeof shares / sizeof shares[0] };
    recipe *r = NULL, *again = NULL, *step = NULL, *other = NULL;
    dataset d = {0}, turned = {0};
    segment_list larger = {0};
    write_videos("train.csv", 0, 50, 1);
    assert_opened(videos_recipe(""), &r, &d);
    write_videos("train.csv", 0, 50, 7);
    assert_opened(videos_recipe(""), &again, &turned);
    assert_ok(recipe_for_step(r, "student", NULL, 7, &step));
    double videos = (double)d.train.count / 3;
    for (size_t i = SHARES; i-- > 0;) {
        segment_list list = share_of(r, &d, shares[i]), same = share_of(step, &turned, shares[i]);
        double wanted = round(shares[i] * videos);
        assert_int_equal(list.count, 3 * (wanted >= 1 ? wanted : 1)); /* all segments of a video */
        assert_int_equal(same.count, list.count);
        for (size_t k = 0; k < list.count; k++) {
            assert_non_null(found_in(&same, list.at[k].uid));
            if (larger.at) assert_non_null(found_in(&larger, list.at[k].uid));
            if (k) assert_true(strcmp(list.at[k - 1].sequence, list.at[k].sequence) <= 0);
        }
        free(same.at);
        free(larger.at);
        larger = list;
    }
    free(larger.at);

    dataset_free(&turned);
    assert_opened(videos_recipe(", split_seed: 1"), &other, &turned);
    segment_list half = share_of(r, &d, 0.5), otherwise = share_of(other, &d, 0.5);
    size_t common = 0;
    for (size_t k = 0; k < half.count; k++) common += found_in(&otherwise, half.at[k].uid) != NULL;
    assert_true(common < half.count);
    free(half.at);
    free(otherwise.at);
    dataset_free(&d);
    dataset_free(&turned);
    recipe_free(&r);
    recipe_free(&again);
    recipe_free(&step);
    recipe_free(&other);
}

static void scores_a_given_file_as_it_is(void **state)
{
    (void)state;
    recipe *r = NULL;
    dataset d = {0};
    char extra[512];
    write_videos("train.csv", 0, 20, 1);
    write_videos("eval.csv", 20, 5, 1);
    snprintf(extra, sizeof extra, ", eval: %s/eval.csv", scratch_directory);
    assert_opened(videos_recipe(extra), &r, &d);
    assert_int_equal(d.eval.count, 15);
    assert_int_equal(d.train.count + d.development.count, 60);
    dataset_free(&d);
    recipe_free(&r);
    write_videos("eval.csv", 19, 5, 1);
    assert_refused(videos_recipe(extra), ERR_INPUT, "uid 00057 is in ");
}

/* 40 sentences of two words, most of them signed twice, each word pair its own gloss string. */
static void a_folder_holds_files_of_the_same_names(void **state)
{
    (void)state;
    char folder[256], extra[300], *path = NULL;
    recipe *r = NULL;
    dataset d = {0};
    snprintf(folder, sizeof folder, "%s/held_out", scratch_directory);
    assert_ok(directory_make(folder));
    write_videos("train.csv", 0, 20, 7);
    write_videos("held_out/train.csv", 100, 4, 1);
    snprintf(extra, sizeof extra, ", eval: %s, tracks: elsewhere/hands.csv", folder);
    assert_opened(videos_recipe(extra), &r, &d);
    assert_int_equal(d.eval.count, 12);
    assert_ok(dataset_eval_tracks(r, &path));
    assert_non_null(strstr(path, "held_out/hands.csv"));
    free(path);
    dataset_free(&d);
    recipe_free(&r);
}

static void write_sentences(void)
{
    static char text[65536];
    char *at = text + sprintf(text, "video,speaker,word,startframe,endframe\n");
    for (int v = 0; v < 70; v++) {
        int s = v % 40;
        at += sprintf(at, "%d,w,A%d,1,5\n%d,w,B%d,7,9\n", v, s % 7, v, s);
    }
    scratch_file("words.csv", text);
}

static void glosses_go_by_string_and_recording(void **state)
{
    (void)state;
    recipe *r = NULL;
    dataset d = {0};
    char text[512];
    size_t seen = 0, fresh = 0;
    write_sentences();
    snprintf(text, sizeof text, "data: {train: %s/words.csv, eval_part: 0.3}\n", scratch_directory);
    assert_opened(text, &r, &d);
    assert_true(d.glosses);
    assert_int_equal(d.train.count + d.development.count + d.eval.count, 140);
    for (size_t i = 0; i < d.eval.count; i++) {
        bool in_train = false;
        for (size_t k = 0; k < d.train.count; k++) {
            assert_string_not_equal(d.train.at[k].sequence, d.eval.at[i].sequence);
            in_train = in_train || d.train.at[k].action == d.eval.at[i].action;
        }
        bool second_word = d.eval.at[i].place % 2; /* it names the sentence */
        if (second_word) assert_int_equal(!strcmp(d.eval_group[i], "seen"), in_train);
        seen += !strcmp(d.eval_group[i], "seen");
        fresh += !strcmp(d.eval_group[i], "new");
    }
    assert_true(seen > 0 && fresh > 0);
    assert_int_equal(seen + fresh, d.eval.count);
    for (size_t i = 0; i < d.development.count; i++) /* no sentence of development is in train */
        for (size_t k = 0; k < d.train.count; k++)
            if (d.development.at[i].place % 2) assert_int_not_equal(d.development.at[i].action, d.train.at[k].action);
    dataset_free(&d);
    recipe_free(&r);
}

static void refuses_what_cannot_be_split(void **state)
{
    (void)state;
    assert_refused("data: {train: nowhere.csv}\n", ERR_MISSING, "nowhere.csv");
    write_videos("train.csv", 0, 1, 1);
    assert_refused(videos_recipe(""), ERR_INPUT, "all of one video");
}

static void deals_out_the_real_annotations(void **state)
{
    (void)state;
    recipe *r = NULL;
    dataset d = {0};
    char text[1024];
    snprintf(text, sizeof text, "data: {train: %s, eval: %s, actions: %s}\n",
             shared_file("ek55_rulstm_split/training.csv"), shared_file("ek55_rulstm_split/validation.csv"),
             shared_file("ek55_rulstm_split/actions.csv"));
    assert_opened(text, &r, &d);
    assert_int_equal(d.eval.count, 4979);
    assert_int_equal(d.train.count + d.development.count, 23493);
    assert_in_range(d.development.count, 1200, 4700);
    assert_int_equal(d.unlabelled, 0);
    assert_false(d.glosses);
    dataset_free(&d);
    recipe_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_whole_videos_whatever_the_order),
        cmocka_unit_test(the_split_has_a_seed_of_its_own),
        cmocka_unit_test(shares_are_whole_videos_nested_and_told_by_the_split_seed),
        cmocka_unit_test(scores_a_given_file_as_it_is),
        cmocka_unit_test(a_folder_holds_files_of_the_same_names),
        cmocka_unit_test(glosses_go_by_string_and_recording),
        cmocka_unit_test(refuses_what_cannot_be_split),
        cmocka_unit_test(deals_out_the_real_annotations),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
