/* Intervals and p-values against what is known without drawing anything. */
#include "base/rng.h"
#include "distill/reliability.h"
#include "distill/resampling.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_near(double value, double wanted, double most)
{
    if (!(fabs(value - wanted) <= most)) fail_msg("%.9f is not within %g of %.9f", value, most, wanted);
}

static video_sums sums_of(size_t videos, size_t columns)
{
    video_sums sums = {0};
    assert_int_equal(video_sums_new(videos, columns, &sums), OK);
    return sums;
}

static interval bootstrap_one(const video_sums *sums, int64_t draws)
{
    interval out = {0};
    assert_int_equal(sums->columns, 1);
    assert_int_equal(bootstrap_videos(sums, draws, 0.95, 1, &out), OK);
    return out;
}

static double permute_one(const video_sums *sums, int64_t draws)
{
    double p = 0;
    assert_int_equal(sums->columns, 1);
    assert_int_equal(permute_videos(sums, draws, 1, &p), OK);
    return p;
}

/* ---- intervals ----------------------------------------------------------------------------------------------------
 */

static void what_never_varies_has_no_width(void **state)
{
    (void)state;
    video_sums sums = sums_of(30, 1);
    for (size_t v = 0; v < 30; v++)
        for (size_t i = 0; i <= v; i++) video_sums_add(&sums, v, 0, 0.25);
    interval found = bootstrap_one(&sums, 500);
    assert_true(found.mean == 0.25 && found.low == 0.25 && found.high == 0.25);
    video_sums_free(&sums);
}

/* Means of two videos, 0 and 1: a draw gives 0, 1/2 or 1 with 1/4, 1/2, 1/4. */
static void two_videos_give_three_means(void **state)
{
    (void)state;
    video_sums sums = sums_of(2, 1);
    interval found = {0};
    video_sums_add(&sums, 0, 0, 0);
    video_sums_add(&sums, 1, 0, 1);
    assert_int_equal(bootstrap_videos(&sums, 2000, 0.9, 1, &found), OK);
    assert_true(found.low == 0 && found.mean == 0.5 && found.high == 1);
    assert_int_equal(bootstrap_videos(&sums, 2000, 0.3, 1, &found), OK); /* from the 35 % on to the 65 % quantile */
    assert_true(found.low == 0.5 && found.high == 0.5);
    video_sums_free(&sums);
}

/* Independent hits: the interval is nearly the normal one, mean +- 1.96 sqrt(p (1 - p) / n). */
static void independent_segments_have_the_known_width(void **state)
{
    (void)state;
    enum { COUNT = 400, RIGHT = 120 };
    video_sums sums = sums_of(COUNT, 1);
    for (size_t v = 0; v < COUNT; v++) video_sums_add(&sums, v, 0, v < RIGHT);
    interval found = bootstrap_one(&sums, 8000);
    double half = 1.96 * sqrt(0.3 * 0.7 / COUNT);
    assert_near(found.mean, 0.3, 1e-12);
    assert_near(found.high - found.mean, half, 0.08 * half);
    assert_near(found.mean - found.low, half, 0.08 * half);
    video_sums_free(&sums);
}

/* 40 videos of 10 segments that are all right or all wrong are worth 40 segments, not 400. */
static void videos_of_like_segments_are_less_sure(void **state)
{
    (void)state;
    video_sums whole = sums_of(40, 1), parts = sums_of(400, 1);
    for (size_t v = 0; v < 40; v++)
        for (size_t i = 0; i < 10; i++) {
            video_sums_add(&whole, v, 0, v % 2 ? 1.0 : 0.0);
            video_sums_add(&parts, 10 * v + i, 0, v % 2 ? 1.0 : 0.0);
        }
    interval by_video = bootstrap_one(&whole, 4000), by_segment = bootstrap_one(&parts, 4000);
    assert_true(by_video.mean == by_segment.mean);
    assert_near((by_video.high - by_video.low) / (by_segment.high - by_segment.low), sqrt(10), 0.25);
    video_sums_free(&whole);
    video_sums_free(&parts);
}

static void nothing_and_one_video_have_no_interval(void **state)
{
    (void)state;
    video_sums sums = sums_of(5, 2);
    interval found[2];
    double p[2];
    for (int i = 0; i < 9; i++) video_sums_add(&sums, 3, 0, i % 3);
    video_sums_add(&sums, 2, 1, NAN);
    assert_int_equal(bootstrap_videos(&sums, 100, 0.95, 1, found), OK);
    assert_int_equal(permute_videos(&sums, 100, 1, p), OK);
    assert_true(found[0].mean == 1 && isnan(found[0].low) && isnan(found[0].high));
    assert_true(isnan(found[1].mean) && isnan(found[1].low) && isnan(p[1]));
    assert_true(p[0] == 1); /* its sign is all that can be exchanged */
    video_sums_free(&sums);
    sums = sums_of(0, 1);
    assert_true(isnan(bootstrap_one(&sums, 10).mean));
    video_sums_free(&sums);
}

/* The same videos are drawn for every column, whatever stands beside it. */
static void a_column_does_not_depend_on_its_neighbours(void **state)
{
    (void)state;
    video_sums alone = sums_of(20, 1), beside = sums_of(20, 3);
    interval found[3];
    double p[3];
    rng random = rng_stream(3, 0, 0);
    for (size_t v = 0; v < 20; v++)
        for (size_t i = 0; i < 4; i++) {
            double value = rng_normal(&random);
            video_sums_add(&alone, v, 0, value);
            video_sums_add(&beside, v, 0, rng_normal(&random));
            video_sums_add(&beside, v, 2, value);
        }
    assert_int_equal(bootstrap_videos(&beside, 200, 0.95, 1, found), OK);
    assert_int_equal(permute_videos(&beside, 200, 1, p), OK);
    interval one = bootstrap_one(&alone, 200);
    assert_true(one.mean == found[2].mean && one.low == found[2].low && one.high == found[2].high);
    assert_true(permute_one(&alone, 200) == p[2]);
    assert_true(found[0].low != found[2].low);
    video_sums_free(&alone);
    video_sums_free(&beside);
}

/* ---- permutations -------------------------------------------------------------------------------------------------
 */

/* All 2^VIDEOS exchanges. */
static double exact_p(const video_sums *sums)
{
    double observed = 0, extreme = 0, all = ldexp(1, (int)sums->videos);
    for (size_t v = 0; v < sums->videos; v++) observed += sums->sum[v];
    for (unsigned signs = 0; signs < 1U << sums->videos; signs++) {
        double sum = 0;
        for (size_t v = 0; v < sums->videos; v++) sum += signs >> v & 1 ? -sums->sum[v] : sums->sum[v];
        extreme += fabs(sum) >= fabs(observed) - 1e-9;
    }
    return extreme / all;
}

static void random_exchanges_agree_with_all_of_them(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 5; round++) {
        video_sums sums = sums_of(10, 1);
        rng random = rng_stream(round, 1, 1);
        for (size_t v = 0; v < 10; v++) video_sums_add(&sums, v, 0, rng_normal(&random) + 0.4 * (double)round);
        double exact = exact_p(&sums), deviation = sqrt(exact * (1 - exact) / 20000);
        assert_near(permute_one(&sums, 20000), exact, 4 * deviation + 1e-4);
        video_sums_free(&sums);
    }
}

/* More than 64 videos: signs of later ones are drawn too. Half the videos up and half down is as usual as can be. */
static void no_difference_is_no_surprise(void **state)
{
    (void)state;
    video_sums sums = sums_of(200, 3);
    double p[3];
    for (size_t v = 0; v < 200; v++) {
        video_sums_add(&sums, v, 0, 0);
        video_sums_add(&sums, v, 1, v % 2 ? 1 : -1);
        video_sums_add(&sums, v, 2, v % 8 < 5 ? 1 : -1); /* 125 up, 75 down: 3.5 deviations */
    }
    assert_int_equal(permute_videos(&sums, 2000, 7, p), OK);
    assert_true(p[0] == 1 && p[1] == 1);
    assert_true(p[2] >= 1.0 / 2001 && p[2] < 0.005);
    video_sums_free(&sums);
}

/* Under no effect p is below x in a part x of all cases. */
static void p_is_right_as_often_as_it_says(void **state)
{
    (void)state;
    enum { CASES = 600 };
    int below = 0;
    video_sums sums = sums_of(25, CASES);
    static double p[CASES];
    rng random = rng_stream(9, 9, 9);
    for (size_t v = 0; v < 25; v++)
        for (size_t c = 0; c < CASES; c++) video_sums_add(&sums, v, c, rng_normal(&random));
    assert_int_equal(permute_videos(&sums, 999, 2, p), OK);
    for (size_t c = 0; c < CASES; c++) below += p[c] <= 0.1;
    assert_near((double)below / CASES, 0.1, 0.045); /* the cases share their draws */
    video_sums_free(&sums);
}

/* ---- reliability --------------------------------------------------------------------------------------------------
 */

/* Guo et al.'s formula by hand: bins (0, 1/4], ... (3/4, 1]. */
static void calibration_error_of_a_table(void **state)
{
    (void)state;
    reliability r = {0};
    json_t *json = NULL;
    assert_int_equal(reliability_new(4, &r), OK);
    assert_true(isnan(reliability_error(&r)));
    reliability_add(&r, 0.25, true); /* the edge belongs to the lower bin */
    reliability_add(&r, 0.15, false);
    reliability_add(&r, 0.6, true);
    reliability_add(&r, 0.7, true);
    reliability_add(&r, 0.75, false);
    reliability_add(&r, 1, true);
    reliability_add(&r, 0.8, false);
    /* |0.5 - 0.2| 2/7 + |2/3 - 2.05/3| 3/7 + |0.5 - 0.9| 2/7 */
    assert_near(reliability_error(&r), (0.6 + 0.05 + 0.8) / 7, 1e-12);
    assert_int_equal(reliability_json(&r, &json), OK);
    const json_t *bins = json_object_get(json, "bins");
    static const int N[] = {2, 0, 3, 2};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(bins, i), "n")), N[i]);
    assert_true(json_is_null(json_object_get(json_array_get(bins, 1), "accuracy")));
    assert_near(json_number_value(json_object_get(json_array_get(bins, 3), "confidence")), 0.9, 1e-12);
    json_decref(json);
    reliability_free(&r);
}

static void corrections_of_several_tests_are_holms(void **state)
{
    (void)state;
    const double p[] = {0.01, 0.04, NAN, 0.03, 0.005, 0.9}, wanted[] = {0.04, 0.09, NAN, 0.09, 0.025, 0.9};
    const double large[] = {0.6, 0.5}, one[] = {0.2};
    double found[6];
    assert_int_equal(holm_correct(p, 6, found), OK);
    for (size_t i = 0; i < 6; i++) {
        if (isnan(wanted[i])) assert_true(isnan(found[i]));
        else assert_near(found[i], wanted[i], 1e-12); /* 0.04 takes over the larger 3 * 0.03 */
    }
    assert_int_equal(holm_correct(large, 2, found), OK);
    assert_true(found[0] == 1 && found[1] == 1);
    assert_int_equal(holm_correct(one, 1, found), OK);
    assert_true(found[0] == 0.2);
}

static void confidence_is_the_largest_softmax(void **state)
{
    (void)state;
    const float logits[] = {1000.0f, 999.0f, 0.0f}, equal[] = {-3.0f, -3.0f, -3.0f, -3.0f};
    assert_near(confidence_of(logits, 3), 1 / (1 + exp(-1)), 1e-12);
    assert_near(confidence_of(equal, 4), 0.25, 1e-12);
    assert_near(confidence_of(equal, 1), 1, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_never_varies_has_no_width),
        cmocka_unit_test(two_videos_give_three_means),
        cmocka_unit_test(independent_segments_have_the_known_width),
        cmocka_unit_test(videos_of_like_segments_are_less_sure),
        cmocka_unit_test(nothing_and_one_video_have_no_interval),
        cmocka_unit_test(a_column_does_not_depend_on_its_neighbours),
        cmocka_unit_test(random_exchanges_agree_with_all_of_them),
        cmocka_unit_test(no_difference_is_no_surprise),
        cmocka_unit_test(p_is_right_as_often_as_it_says),
        cmocka_unit_test(corrections_of_several_tests_are_holms),
        cmocka_unit_test(calibration_error_of_a_table),
        cmocka_unit_test(confidence_is_the_largest_softmax),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
