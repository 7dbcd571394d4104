/* Dropout's masks: belonging to the sample, of the right mean, and without relation between samples, sites and steps.
 */
#include "base/hash.h"
#include "fixture.h"
#include "tensor/private.h"

enum { SAMPLES = 4, WIDTH = 20000 };
static const uint64_t KEYS[SAMPLES] = {11, 22, 33, 44};

static tensor *ones(int64_t rows, int64_t width)
{
    return t_full(T_F32, SHAPE(rows, width), 1);
}

static void what_is_kept_is_scaled_and_the_rest_is_zero(void **state)
{
    (void)state;
    static float out[SAMPLES * WIDTH];
    const double rates[] = {0.001, 0.1, 0.5, 0.9};
    for (size_t r = 0; r < COUNT(rates); r++) {
        double kept = 0, p = rates[r];
        dropout_begin(KEYS, SAMPLES);
        ASSERT_OK(t_to_f32(t_dropout(ones(SAMPLES, WIDTH), p), out, SAMPLES * WIDTH));
        dropout_end();
        for (size_t i = 0; i < SAMPLES * WIDTH; i++) {
            assert_true(out[i] == 0 || fabs(out[i] * (1 - p) - 1) < 1e-6);
            kept += out[i] != 0;
        }
        double n = SAMPLES * WIDTH, deviations = (kept - n * (1 - p)) / sqrt(n * p * (1 - p));
        assert_true(fabs(deviations) < 4);
    }
}

/* Mask of `width` elements for one key at the site-th dropout, as 0 or 1. */
static void mask_of(uint64_t key, int site, float *out, int64_t width)
{
    tensor *x = NULL;
    dropout_begin(&key, 1);
    for (int i = 0; i <= site; i++) x = t_dropout(ones(1, width), 0.5);
    dropout_end();
    ASSERT_OK(t_to_f32(t_scale(x, 0.5), out, (size_t)width));
}

/* Correlation of two masks, the second moved by `shift`, in deviations from 0. */
static double correlation(const float *a, const float *b, size_t width, size_t shift)
{
    double sum = 0;
    for (size_t i = 0; i + shift < width; i++) sum += (a[i] - 0.5) * (b[i + shift] - 0.5) * 4;
    return fabs(sum) / sqrt((double)(width - shift));
}

static void masks_have_no_relation(void **state)
{
    (void)state;
    static float first[WIDTH], other[WIDTH];
    const uint64_t near[] = {1, 2, 3, 1001, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_C(1) << 63};
    mask_of(1000, 0, first, WIDTH);
    for (size_t k = 0; k < COUNT(near); k++) {
        mask_of(near[k], 0, other, WIDTH);
        for (size_t shift = 0; shift < 40; shift++) assert_true(correlation(first, other, WIDTH, shift) < 5);
    }
    for (int site = 1; site < 6; site++) {
        mask_of(1000, site, other, WIDTH);
        for (size_t shift = 0; shift < 40; shift++) assert_true(correlation(first, other, WIDTH, shift) < 5);
    }
    for (size_t shift = 1; shift < 2000; shift++) assert_true(correlation(first, first, WIDTH, shift) < 5);
}

/* Of every type and of rows that are longer and shorter than a GPU's blocks: what dropout_mask says. */
static void every_device_draws_the_same_mask(void **state)
{
    (void)state;
    static float expected[SAMPLES * WIDTH];
    static const t_type types[] = {T_F32, T_BF16, T_F16};
    static const int64_t widths[] = {1, 50, 1000, WIDTH};
    for (size_t t = 0; t < COUNT(types); t++) {
        for (size_t w = 0; w < COUNT(widths); w++) {
            size_t width = (size_t)widths[w];
            for (size_t s = 0; s < SAMPLES; s++)
                dropout_mask(hash_mix(KEYS[s], 0), 0xb3333333u, (float)(1 / 0.7), expected + s * width, width);
            dropout_begin(KEYS, SAMPLES);
            tensor *x = t_dropout(t_cast(ones(SAMPLES, widths[w]), types[t]), 0.3);
            dropout_end();
            tensor *mask = t_cast(t_from_f32(expected, SHAPE(SAMPLES, widths[w])), types[t]);
            assert_true(t_type_of(x) == types[t]);
            assert_true(same_bytes(x, mask));
        }
    }
}

/* Row (b, h, i) has the key hash(hash(hash(key, site), head), place), and is then as the first dropout of its keys. */
static void keyed_rows_have_keys_of_their_own(void **state)
{
    (void)state;
    enum { HEADS = 3, PLACES = 5, LONG = 33, ROWS = SAMPLES * HEADS * PLACES };
    uint64_t rows[ROWS], plain[SAMPLES];
    mask_keys *keys = mask_keys_new(KEYS, SAMPLES);
    assert_non_null(keys);
    for (uint64_t site = 0; site < 3; site++) {
        for (size_t s = 0; s < SAMPLES; s++) plain[s] = hash_mix(KEYS[s], site);
        for (size_t r = 0; r < ROWS; r++)
            rows[r] = hash_mix(hash_mix(plain[r / (HEADS * PLACES)], r / PLACES % HEADS), r % PLACES);
        tensor *x =
            t_dropout_keyed(t_full(T_F32, SHAPE(SAMPLES, HEADS, PLACES, LONG), 1), 0.3, keys, site, HEADS, PLACES);
        dropout_begin(rows, ROWS);
        assert_true(same_bytes(t_reshape(x, SHAPE(ROWS, LONG)), t_dropout(ones(ROWS, LONG), 0.3)));
        dropout_begin(plain, SAMPLES);
        x = t_dropout_keyed(ones(SAMPLES * 2, LONG), 0.3, keys, site, 0, 0);
        assert_true(same_bytes(x, t_dropout(ones(SAMPLES * 2, LONG), 0.3)));
        dropout_end();
    }
    tensor *x = ones(SAMPLES, LONG);
    assert_true(same_bytes(x, t_dropout_keyed(x, 0, keys, 0, 0, 0)));
    assert_null(t_dropout_keyed(x, 0.3, keys, 0, HEADS, PLACES));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    fail_clear();
    mask_keys_free(&keys);
    assert_null(keys);
    mask_keys_free(&keys);
}

static void a_mask_belongs_to_the_sample(void **state)
{
    (void)state;
    dropout_begin(KEYS, SAMPLES);
    tensor *all = t_dropout(ones(SAMPLES, 64), 0.3), *next = t_dropout(ones(SAMPLES, 64), 0.3);
    dropout_end();
    dropout_begin(&KEYS[1], 2);
    tensor *some = t_dropout(ones(2, 64), 0.3), *some_next = t_dropout(ones(2, 64), 0.3);
    dropout_end();
    assert_true(same_bytes(t_contiguous(t_narrow(all, 0, 1, 2)), some));
    assert_true(same_bytes(t_contiguous(t_narrow(next, 0, 1, 2)), some_next));
    assert_false(same_bytes(all, next));
}

static void padding_does_not_change_a_mask(void **state)
{
    (void)state;
    dropout_begin(KEYS, 2);
    tensor *narrow = t_dropout(t_full(T_F32, SHAPE(2, 5, 8), 1), 0.3);
    dropout_begin(KEYS, 2);
    tensor *padded = t_dropout(t_full(T_F32, SHAPE(2, 9, 8), 1), 0.3);
    dropout_begin(KEYS, 2);
    tensor *flat = t_dropout(t_full(T_F32, SHAPE(2 * 5, 8), 1), 0.3);
    dropout_end();
    assert_true(same_bytes(narrow, t_contiguous(t_narrow(padded, 1, 0, 5))));
    assert_true(same_bytes(narrow, flat));
}

static void the_gradient_passes_the_same_mask(void **state)
{
    (void)state;
    tensor *x = t_require_grad(ones(2, 64));
    dropout_begin(KEYS, 2);
    tensor *y = t_dropout(x, 0.4);
    dropout_end();
    ASSERT_OK(t_backward(t_sum_all(y)));
    assert_true(same_bytes(t_grad(x), t_detach(y)));
}

static void without_keys_or_rate_nothing_is_dropped(void **state)
{
    (void)state;
    tensor *x = ones(2, 3);
    assert_ptr_equal(t_dropout(x, 0.5), x);
    dropout_begin(KEYS, 2);
    assert_ptr_equal(t_dropout(x, 0), x);
    assert_true(element(t_sum_all(t_dropout(x, 1)), 0) == 0);
    dropout_end();
    assert_ptr_equal(t_dropout(x, 0.5), x);
    assert_null(t_dropout(NULL, 0.5));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
}

static void a_site_without_a_rate_counts_as_one(void **state)
{
    (void)state;
    dropout_begin(KEYS, 2);
    t_dropout(ones(2, 64), 0.2);
    tensor *after_one = t_dropout(ones(2, 64), 0.5);
    dropout_begin(KEYS, 2);
    t_dropout(ones(2, 64), 0);
    tensor *after_none = t_dropout(ones(2, 64), 0.5);
    dropout_end();
    assert_true(same_bytes(after_one, after_none));
}

static void wrong_rows_and_rates_are_refused(void **state)
{
    (void)state;
    tensor *x = ones(3, 4);
    dropout_begin(KEYS, 2);
    assert_null(t_dropout(x, 0.5));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    fail_clear();
    const double wrong[] = {-0.1, 1.1, NAN};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_null(t_dropout(ones(2, 2), wrong[i]));
        assert_int_equal(t_check(NULL), ERR_INTERNAL);
        fail_clear();
    }
    dropout_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(what_is_kept_is_scaled_and_the_rest_is_zero),
        IN_SCOPE(masks_have_no_relation),
        IN_SCOPE(every_device_draws_the_same_mask),
        IN_SCOPE(keyed_rows_have_keys_of_their_own),
        IN_SCOPE(a_mask_belongs_to_the_sample),
        IN_SCOPE(padding_does_not_change_a_mask),
        IN_SCOPE(the_gradient_passes_the_same_mask),
        IN_SCOPE(without_keys_or_rate_nothing_is_dropped),
        IN_SCOPE(a_site_without_a_rate_counts_as_one),
        IN_SCOPE(wrong_rows_and_rates_are_refused),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
