/* Which samples come when, at which rate, and how steps are shared: pure functions. */
#include "base/rng.h"
#include "trainer/gradients.h"
#include "trainer/sampler.h"
#include "trainer/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { COUNT = 1003, BATCH = 16 };

static void new_sampler(const size_t *lengths, uint64_t seed, sampler **s)
{
    assert_int_equal(sampler_new(COUNT, BATCH, seed, lengths, s), OK);
}

static void copy_epoch(sampler *s, int64_t epoch, size_t *out)
{
    size_t count;
    sampler_begin(s, epoch);
    const size_t *samples = sampler_range(s, 0, sampler_batches(s), &count);
    assert_int_equal(count, COUNT);
    memcpy(out, samples, COUNT * sizeof *out);
}

static void assert_permutation(const size_t *samples)
{
    bool seen[COUNT] = {false};
    for (size_t i = 0; i < COUNT; i++) {
        assert_in_range(samples[i], 0, COUNT - 1);
        assert_false(seen[samples[i]]);
        seen[samples[i]] = true;
    }
}

static void some_lengths(size_t *lengths)
{
    rng r = rng_stream(1, 2, 3);
    for (size_t i = 0; i < COUNT; i++) lengths[i] = 1 + rng_below(&r, 100);
}

static void test_epochs_are_permutations_of_seed_and_epoch(void **state)
{
    (void)state;
    size_t lengths[COUNT], a[COUNT], b[COUNT];
    some_lengths(lengths);
    for (int bucketed = 0; bucketed < 2; bucketed++) {
        sampler *s = NULL, *other = NULL;
        new_sampler(bucketed ? lengths : NULL, 7, &s);
        new_sampler(bucketed ? lengths : NULL, 8, &other);
        copy_epoch(s, 3, a);
        assert_permutation(a);
        copy_epoch(s, 4, b);
        assert_memory_not_equal(a, b, sizeof a);
        copy_epoch(s, 3, b); /* after another epoch, as after a resume */
        assert_memory_equal(a, b, sizeof a);
        copy_epoch(other, 3, b);
        assert_memory_not_equal(a, b, sizeof a);
        sampler_free(&s);
        sampler_free(&other);
    }
}

static void test_batches(void **state)
{
    (void)state;
    sampler *s = NULL;
    size_t count, total = 0, small = 0;
    size_t lengths[COUNT];
    some_lengths(lengths);
    new_sampler(lengths, 7, &s);
    sampler_begin(s, 0);
    assert_int_equal(sampler_batches(s), (COUNT + BATCH - 1) / BATCH);
    const size_t *all = sampler_range(s, 0, sampler_batches(s), &count);
    for (size_t b = 0; b < sampler_batches(s); b++) {
        const size_t *batch = sampler_range(s, b, 1, &count);
        assert_ptr_equal(batch, all + total); /* batches lie behind each other */
        small += count != BATCH;
        total += count;
    }
    assert_int_equal(total, COUNT);
    assert_int_equal(small, 1);
    sampler_range(s, sampler_batches(s) - 1, 5, &count); /* past the end: what is left */
    assert_in_range(count, 1, BATCH);
    sampler_range(s, sampler_batches(s) + 3, 5, &count);
    assert_int_equal(count, 0);
    sampler_free(&s);
}

/* Padding: elements of batches padded to their longest, beyond those that are there. */
static size_t padding(sampler *s, const size_t *lengths)
{
    size_t padded = 0;
    for (size_t b = 0; b < sampler_batches(s); b++) {
        size_t count, longest = 0, sum = 0;
        const size_t *batch = sampler_range(s, b, 1, &count);
        for (size_t i = 0; i < count; i++) {
            sum += lengths[batch[i]];
            if (lengths[batch[i]] > longest) longest = lengths[batch[i]];
        }
        padded += longest * count - sum;
    }
    return padded;
}

static void test_similar_lengths_share_batches_and_batches_are_shuffled(void **state)
{
    (void)state;
    size_t lengths[COUNT], rising = 0;
    sampler *bucketed = NULL, *plain = NULL;
    some_lengths(lengths);
    new_sampler(lengths, 7, &bucketed);
    new_sampler(NULL, 7, &plain);
    sampler_begin(bucketed, 0);
    sampler_begin(plain, 0);
    assert_true(padding(bucketed, lengths) * 10 < padding(plain, lengths));
    for (size_t b = 0; b + 1 < sampler_batches(bucketed); b++) {
        size_t count;
        rising +=
            lengths[sampler_range(bucketed, b, 1, &count)[0]] < lengths[sampler_range(bucketed, b + 1, 1, &count)[0]];
    }
    assert_in_range(rising, sampler_batches(bucketed) / 4, sampler_batches(bucketed) * 3 / 4);
    sampler_free(&bucketed);
    sampler_free(&plain);
}

static void test_shares_of_a_batch_are_equal_work(void **state)
{
    (void)state;
    enum { ALL = 1024 };
    size_t lengths[ALL], samples;
    sampler *s = NULL;
    for (size_t i = 0; i < ALL; i++) lengths[i] = 1 + i % 100;
    assert_int_equal(sampler_new(ALL, ALL, 7, lengths, &s), OK);
    sampler_begin(s, 0);
    const size_t *batch = sampler_range(s, 0, 1, &samples);
    for (size_t ranks = 2; ranks <= 64; ranks++)
        for (size_t r = 0; r < ranks; r++) {
            size_t first, count;
            double sum = 0;
            sampler_share(samples, r, ranks, &first, &count);
            for (size_t i = 0; i < count; i++) sum += (double)lengths[batch[first + i]];
            assert_true(sum / (double)count > 0.85 * 50 && sum / (double)count < 1.15 * 50);
        }
    sampler_free(&s);
}

static void test_nothing_to_train_on(void **state)
{
    (void)state;
    sampler *s = NULL;
    assert_int_equal(sampler_new(0, 16, 1, NULL, &s), ERR_INPUT);
    assert_null(s);
    fail_clear();
}

static void test_batch_larger_than_everything(void **state)
{
    (void)state;
    sampler *s = NULL;
    size_t count;
    assert_int_equal(sampler_new(5, 1000000, 1, NULL, &s), OK);
    sampler_begin(s, 0);
    assert_int_equal(sampler_batches(s), 1);
    sampler_range(s, 0, 1, &count);
    assert_int_equal(count, 5);
    sampler_free(&s);
}

static void test_keys_differ(void **state)
{
    (void)state;
    assert_true(sampler_key(1, 0, 5) == sampler_key(1, 0, 5));
    assert_true(sampler_key(1, 0, 5) != sampler_key(1, 0, 6));
    assert_true(sampler_key(1, 0, 5) != sampler_key(1, 1, 5));
    assert_true(sampler_key(1, 0, 5) != sampler_key(2, 0, 5));
}

static void test_shares_and_leaves_cover_everything_once(void **state)
{
    (void)state;
    for (size_t count = 0; count < 40; count++)
        for (size_t ranks = 1; ranks < 9; ranks++) {
            size_t next = 0, next_leaf = 0;
            for (size_t r = 0; r < ranks; r++) {
                size_t first, length;
                sampler_share(count, r, ranks, &first, &length);
                assert_int_equal(first, next);
                assert_in_range(length, count / ranks, count / ranks + 1);
                next += length;
                gradients_leaves(count, r, ranks, &first, &length);
                assert_int_equal(first, next_leaf);
                next_leaf += length;
            }
            assert_int_equal(next, count);
            assert_int_equal(next_leaf, count);
        }
}

static train_options rates(const char *schedule)
{
    return (train_options){
        .schedule = schedule, .lr = 2, .warmup = 0.1, .final = 0.25, .factor = 0.5, .schedule_patience = 2};
}

static void assert_near(double a, double b)
{
    assert_true(fabs(a - b) < 1e-12);
}

static void test_rates(void **state)
{
    (void)state;
    const plateau p = {1, 0, NAN};
    train_options cosine = rates("cosine"), linear = rates("linear"), constant = rates("constant");
    assert_near(schedule_rate(&cosine, &p, 0, 100), 0.2); /* warm-up: ten steps */
    assert_near(schedule_rate(&cosine, &p, 9, 100), 2);
    assert_near(schedule_rate(&cosine, &p, 10, 100), 2);
    assert_near(schedule_rate(&cosine, &p, 55, 100), 2 * (0.25 + 0.75 * 0.5));
    assert_near(schedule_rate(&cosine, &p, 100, 100), 0.5);
    assert_near(schedule_rate(&linear, &p, 55, 100), 2 * (1 - 0.75 * 0.5));
    assert_near(schedule_rate(&linear, &p, 100, 100), 0.5);
    assert_near(schedule_rate(&constant, &p, 99, 100), 2);
}

static void evaluated(const train_options *o, plateau *p, double loss, bool better)
{
    schedule_evaluated(o, p, &(train_score){0, loss, NAN, NAN, NAN}, better);
}

static void test_plateau(void **state)
{
    (void)state;
    plateau p = {1, 0, NAN};
    train_options o = rates("plateau");
    evaluated(&o, &p, NAN, true);
    evaluated(&o, &p, NAN, false);
    assert_near(schedule_rate(&o, &p, 50, 100), 2);
    evaluated(&o, &p, NAN, false); /* the second in a row */
    assert_near(schedule_rate(&o, &p, 50, 100), 1);
    evaluated(&o, &p, NAN, false);
    evaluated(&o, &p, NAN, true);
    evaluated(&o, &p, NAN, false);
    assert_near(schedule_rate(&o, &p, 50, 100), 1);
    o.schedule = "cosine"; /* others do not care */
    evaluated(&o, &p, NAN, false);
    assert_near(p.scale, 0.5);
}

/* Rates of torch.optim.lr_scheduler.ReduceLROnPlateau(factor=.5, patience=1) from 2, after each of these losses
 * (PyTorch 2.11). */
static void test_plateau_by_loss(void **state)
{
    (void)state;
    static const double losses[] = {1.0, 0.9, 0.95, 0.89995, 0.5, 0.5, 0.5, 0.6, 0.7, 0.4},
                        rates_after[] = {2, 2, 2, 1, 1, 1, 0.5, 0.5, 0.25, 0.25};
    plateau p = {1, 0, NAN};
    train_options o = rates("plateau");
    o.schedule_by_loss = true;
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        evaluated(&o, &p, losses[i], i % 2 == 0); /* what the metric does is not looked at */
        assert_near(schedule_rate(&o, &p, 50, 100), rates_after[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_epochs_are_permutations_of_seed_and_epoch),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_similar_lengths_share_batches_and_batches_are_shuffled),
        cmocka_unit_test(test_shares_of_a_batch_are_equal_work),
        cmocka_unit_test(test_nothing_to_train_on),
        cmocka_unit_test(test_batch_larger_than_everything),
        cmocka_unit_test(test_keys_differ),
        cmocka_unit_test(test_shares_and_leaves_cover_everything_once),
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_plateau),
        cmocka_unit_test(test_plateau_by_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
