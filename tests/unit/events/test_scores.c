#include "events/scores.h"

#include "made_events.h"

static hierarchy layers_of(const double (*times)[6], const size_t *counts, size_t layers)
{
    hierarchy h;
    assert_ok(hierarchy_new("a.mp4", 10, layers, &h));
    for (size_t l = 0; l < layers; l++)
        for (size_t i = 0; i + 1 < counts[l]; i++) {
            event e = {.start = times[l][i], .end = times[l][i + 1], .error = NAN};
            assert_ok(hierarchy_add(&h, l, &e));
        }
    return h;
}

static void test_a_video_by_hand(void **state)
{
    (void)state;
    hierarchy h = layers_of((const double[][6]){{0, 2, 4, 10}, {0, 4, 10}}, (const size_t[]){4, 3}, 2);
    event_list truth = {0};
    video_score s;
    made_add(&truth, 0, 4);
    made_add(&truth, 4.75, 10);
    assert_ok(video_score_make(&h, &truth, &SCORE_DEFAULTS, &s));
    assert_int_equal(s.layer_count, 2);
    assert_close(s.at[SCORE_SEGMENTS], 2);
    assert_close(s.at[SCORE_DURATION], 10);
    assert_close(s.at[SCORE_TRUE_BOUNDARIES], 2); /* 4 and 4.75 */
    assert_close(s.at[SCORE_IOU], (1 + 5.25 / 6) / 2);
    assert_close(s.at[SCORE_MOF], 0.925);
    assert_close(s.layers[1].at[LAYER_IOU], (1 + 5.25 / 6) / 2);
    assert_close(s.layers[0].at[LAYER_IOU], (0.5 + 5.25 / 6) / 2); /* 0-4 with 0-2 */
    assert_close(s.layers[0].at[LAYER_MOF], 0.725);
    assert_close(s.layers[0].at[LAYER_EVENTS], 3);
    assert_close(s.layers[0].at[LAYER_BOUNDARIES], 2);
    assert_close(s.layers[1].at[LAYER_MATCHED_MOF], 1);
    assert_close(s.layers[1].at[LAYER_MATCHED_IOU], (1 + 5.25 / 6) / 2);
    assert_close(s.layers[1].at[LAYER_PRECISION], 1);
    assert_close(s.layers[1].at[LAYER_RECALL], 0.5);
    assert_close(s.layers[0].at[LAYER_PRECISION], 0.5);   /* at 0.5 s: 4 */
    assert_close(s.layers[0].at[LAYER_PRECISION + 2], 1); /* at 2 s: 2-4, and 4-4.75 */
    video_score_free(&s);
    event_list_free(&truth);
    hierarchy_free(&h);
}

static video_score made_score(double iou, const double *layers, size_t count)
{
    video_score s = {.videos = 1, .layers = calloc(count + 1, sizeof *s.layers), .layer_count = count};
    s.at[SCORE_IOU] = iou;
    for (size_t i = 0; i < count; i++) {
        s.layers[i].videos = 1;
        s.layers[i].at[LAYER_IOU] = layers[i];
    }
    return s;
}

static void test_means_count_every_video_once(void **state)
{
    (void)state;
    video_score all[3] = {made_score(0.2, (const double[]){0.1, 0.4}, 2), made_score(NAN, (const double[]){NAN}, 1),
                          made_score(0.6, (const double[]){0.3, 0.5, 1}, 3)};
    video_score mean;
    assert_ok(scores_mean(all, 3, &mean));
    assert_int_equal(mean.videos, 3);
    assert_close(mean.at[SCORE_IOU], 0.4);
    assert_int_equal(mean.layer_count, 3);
    assert_close(mean.layers[0].at[LAYER_IOU], 0.2);
    assert_close(mean.layers[1].at[LAYER_IOU], 0.45);
    assert_close(mean.layers[2].at[LAYER_IOU], 1);
    assert_int_equal(mean.layers[2].videos, 1);
    assert_int_equal(scores_best_layer(&mean), 0); /* the only one that all have */
    video_score_free(&mean);
    assert_ok(scores_mean(&all[2], 1, &mean));
    assert_int_equal(scores_best_layer(&mean), 2);
    video_score_free(&mean);
    assert_ok(scores_mean(NULL, 0, &mean));
    assert_true(isnan(mean.at[SCORE_IOU]) && scores_best_layer(&mean) == -1);
    video_score_free(&mean);
    for (int i = 0; i < 3; i++) video_score_free(&all[i]);
}

static double percent_in(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void test_json_is_in_percent(void **state)
{
    (void)state;
    video_score s = made_score(NAN, (const double[]){0.25}, 1);
    s.layers[0].at[LAYER_F1 + 1] = 0.5;
    json_t *object = score_json(&s, &SCORE_DEFAULTS);
    assert_non_null(object);
    assert_true(json_is_null(json_object_get(object, "iou")));
    json_t *layer = json_array_get(json_object_get(object, "layers"), 0);
    assert_close(percent_in(layer, "iou"), 25);
    json_t *boundary = json_object_get(layer, "boundary");
    assert_int_equal(json_array_size(boundary), 5);
    assert_close(percent_in(json_array_get(boundary, 1), "tolerance"), 1);
    assert_close(percent_in(json_array_get(boundary, 1), "f1"), 50);
    assert_close(percent_in(json_array_get(boundary, 0), "f1"), 0);
    json_decref(object);
    video_score_free(&s);
}

/* A hierarchy that is the ground truth gets everything. */
static void test_truth_scores_full(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        rng r = rng_stream(31, 1, i);
        hierarchy h = made_hierarchy(&r, 40, 1);
        video_score s;
        assert_ok(video_score_make(&h, &h.layers[0], &SCORE_DEFAULTS, &s));
        assert_close(s.at[SCORE_IOU], h.layers[0].count ? 1 : NAN);
        assert_close(s.at[SCORE_MOF], 1);
        assert_close(s.layers[0].at[LAYER_F1], 1);
        assert_close(s.layers[0].at[LAYER_MATCHED_IOU], h.layers[0].count ? 1 : NAN);
        video_score_free(&s);
        hierarchy_free(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_video_by_hand),
        cmocka_unit_test(test_means_count_every_video_once),
        cmocka_unit_test(test_json_is_in_percent),
        cmocka_unit_test(test_truth_scores_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
