/* Where events end, what is kept of them, and how losses are weighed: arithmetic by hand. */
#include "stream/buffer.h"
#include "stream/demarcation.h"
#include "stream/scales.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static stream_options some_options(void)
{
    return (stream_options){.window = 3,
                            .modifier = 1,
                            .max_layers = 3,
                            .alpha = 3,
                            .reach = true,
                            .timescale = true,
                            .distance = DISTANCE_SIMILARITY,
                            .demarcation = DEMARCATION_AVERAGE};
}

static size_t judge_all(const stream_options *o, const double *values, size_t count, bool *ends)
{
    demarcation d;
    size_t found = 0;
    assert_int_equal(demarcation_new(o, 0, &d), OK);
    for (size_t i = 0; i < count; i++) found += ends[i] = demarcation_judge(&d, values[i]);
    demarcation_free(&d);
    return found;
}

static void test_worse_than_the_mean_of_those_before(void **state)
{
    (void)state;
    stream_options o = some_options();
    const double values[] = {.5, .6, .5, .54, .4, .48, .47};
    /* means before: -, .5, .55, .5333, .5467, .48, .4733 */
    const bool wanted[] = {false, false, true, false, true, false, true};
    bool ends[7];
    judge_all(&o, values, 7, ends);
    for (size_t i = 0; i < 7; i++) assert_int_equal(ends[i], wanted[i]);
}

static void test_distances_surprise_when_they_are_large(void **state)
{
    (void)state;
    stream_options o = some_options();
    o.distance = DISTANCE_SQUARED;
    const double values[] = {1, 1.5, 1.2, 5};
    const bool wanted[] = {false, true, false, true};
    bool ends[4];
    judge_all(&o, values, 4, ends);
    for (size_t i = 0; i < 4; i++) assert_int_equal(ends[i], wanted[i]);
}

static void test_a_modifier_multiplies_or_is_added(void **state)
{
    (void)state;
    stream_options o = some_options();
    const double values[] = {.5, .45, .40};
    bool ends[3];
    o.modifier = .9;
    assert_int_equal(judge_all(&o, values, 3, ends), 1); /* .45 is not below .45; .40 is below .4275 */
    o.modifier = -.2;
    o.modifier_adds = true;
    assert_int_equal(judge_all(&o, values, 3, ends), 0);
}

static void test_what_stays_surprising_ends_one_event(void **state)
{
    (void)state;
    stream_options o = some_options();
    o.distance = DISTANCE_SQUARED;
    o.demarcation = DEMARCATION_RISE;
    o.window = 10;
    const double values[] = {1, 3, 4, 5, 1, 6, 7, 0, 9};
    /* means before: -, 1, 2, 2.67, 3.25, 2.8, 3.33, 3.86, 3.38 */
    const bool wanted[] = {false, true, false, false, false, true, false, false, true};
    bool ends[9];
    judge_all(&o, values, 9, ends);
    for (size_t i = 0; i < 9; i++) assert_int_equal(ends[i], wanted[i]);
}

static void test_a_threshold_or_what_adds_up(void **state)
{
    (void)state;
    stream_options o = some_options();
    const double values[] = {.5, .05, .5, .25, .25, .5};
    bool ends[6];
    o.distance = DISTANCE_SQUARED;
    o.threshold = .4;
    o.demarcation = DEMARCATION_FIXED;
    assert_int_equal(judge_all(&o, values, 6, ends), 3);
    o.threshold = 1;
    o.demarcation = DEMARCATION_ACCUM;
    assert_int_equal(judge_all(&o, values, 6, ends), 1); /* .5 .55 1.05! .25 .5 1.0: not above */
    assert_true(ends[2]);
}

static void test_a_reset_forgets(void **state)
{
    (void)state;
    stream_options o = some_options();
    demarcation d;
    assert_int_equal(demarcation_new(&o, 0, &d), OK);
    demarcation_judge(&d, .9);
    demarcation_reset(&d);
    assert_true(isnan(demarcation_limit(&d)));
    assert_false(demarcation_judge(&d, .1));
    demarcation_free(&d);
    o.demarcation = DEMARCATION_RISE;
    assert_int_equal(demarcation_new(&o, 0, &d), OK);
    demarcation_judge(&d, .9);
    assert_true(demarcation_judge(&d, .1));
    demarcation_reset(&d);
    demarcation_judge(&d, .9);
    assert_true(demarcation_judge(&d, .1)); /* what was before the reset was worse too, and is forgotten */
    demarcation_free(&d);
}

static void assert_items(const event_buffer *b, const size_t *items, size_t count)
{
    assert_int_equal(b->count, count);
    for (size_t i = 0; i < count; i++) assert_int_equal(b->items[i], items[i]);
}

static void test_the_most_surprising_are_kept_in_order(void **state)
{
    (void)state;
    event_buffer b;
    assert_int_equal(buffer_new(DISTANCE_SIMILARITY, 3, &b), OK);
    buffer_add(&b, 10, .5);
    buffer_add(&b, 11, .9);
    buffer_add(&b, 12, .9);
    buffer_add(&b, 13, .95); /* less surprising than all: dropped */
    assert_items(&b, (const size_t[]){10, 11, 12}, 3);
    buffer_add(&b, 14, .8); /* takes the place of the first of the two .9 */
    assert_items(&b, (const size_t[]){10, 12, 14}, 3);
    buffer_add(&b, 15, .9); /* as surprising as the least: dropped */
    assert_items(&b, (const size_t[]){10, 12, 14}, 3);
    assert_int_equal(b.seen, 6);
    buffer_reset(&b);
    assert_int_equal(b.seen, 0);
    buffer_add(&b, 16, 0);
    assert_items(&b, (const size_t[]){16}, 1);
    buffer_free(&b);
}

static void test_distances_keep_the_large(void **state)
{
    (void)state;
    event_buffer b;
    assert_int_equal(buffer_new(DISTANCE_SQUARED, 2, &b), OK);
    buffer_add(&b, 1, .5);
    buffer_add(&b, 2, .1);
    buffer_add(&b, 3, .2);
    assert_items(&b, (const size_t[]){1, 3}, 2);
    buffer_free(&b);
}

/* The published weights: .75 .25 for two layers; .692 .231 .077 from either end of three. */
static void test_reach(void **state)
{
    (void)state;
    stream_options o = some_options();
    assert_float_equal(scales_reach(&o, 1, 0, 0), 1, 1e-12);
    assert_float_equal(scales_reach(&o, 2, 1, 1), .75, 1e-12);
    assert_float_equal(scales_reach(&o, 2, 1, 0), .25, 1e-12);
    assert_float_equal(scales_reach(&o, 3, 0, 0), 9. / 13, 1e-12);
    assert_float_equal(scales_reach(&o, 3, 2, 0), 1. / 13, 1e-12);
    assert_float_equal(scales_reach(&o, 3, 1, 0), .25, 1e-12);
    assert_float_equal(scales_reach(&o, 3, 1, 1), .75, 1e-12);
    assert_float_equal(scales_reach(&o, 3, 1, 2), .25, 1e-12);
    o.reach = false;
    assert_float_equal(scales_reach(&o, 3, 1, 2), 1, 1e-12);
}

static void test_losses_are_counted_for_all_encodings(void **state)
{
    (void)state;
    loss_counts c = {0};
    scales_count(&c, 2, 0, 1);
    scales_count(&c, 2, 0, 1);
    scales_count(&c, 2, 1, 7);
    assert_int_equal(c.losses[0], 2);
    assert_int_equal(c.losses[1], 1);
    assert_float_equal(c.predictor[0], 2, 0);
    assert_float_equal(c.predictor[1], 7, 0);
    assert_float_equal(c.encoder[0], 9, 0);
    assert_float_equal(c.encoder[1], 9, 0);
    assert_float_equal(c.encoder[2], 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worse_than_the_mean_of_those_before),
        cmocka_unit_test(test_distances_surprise_when_they_are_large),
        cmocka_unit_test(test_a_modifier_multiplies_or_is_added),
        cmocka_unit_test(test_what_stays_surprising_ends_one_event),
        cmocka_unit_test(test_a_threshold_or_what_adds_up),
        cmocka_unit_test(test_a_reset_forgets),
        cmocka_unit_test(test_the_most_surprising_are_kept_in_order),
        cmocka_unit_test(test_distances_keep_the_large),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_losses_are_counted_for_all_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
