/* Recording: what collects a gradient, pauses, autocast. The values are the golden tests' business. */
#include "fixture.h"

static tensor *leaf(float value)
{
    return t_require_grad(t_full(T_F32, SHAPE(2), (double)value));
}

static void gradients_add_up(void **state)
{
    (void)state;
    tensor *x = leaf(3);
    assert_null(t_grad(x)); /* none yet: no failure */
    ASSERT_OK(t_check(x));
    for (int i = 1; i <= 3; i++) {
        ASSERT_OK(t_backward(t_sum_all(t_mul(x, x))));
        assert_true(element(t_grad(x), 1) == 6.0 * i);
    }
}

static void only_a_recorded_scalar_goes_backward(void **state)
{
    (void)state;
    tensor *x = leaf(1), *loss = t_sum_all(t_mul(x, x));
    assert_int_equal(t_backward(t_mul(x, x)), ERR_INTERNAL);
    fail_clear();
    assert_int_equal(t_backward(t_zeros(T_F32, NULL, 0)), ERR_INTERNAL);
    fail_clear();
    ASSERT_OK(t_backward(loss));
    assert_int_equal(t_backward(loss), ERR_INTERNAL); /* what it needs is freed */
}

static void what_is_kept_goes_backward_again(void **state)
{
    (void)state;
    tensor *x = leaf(3), *shared = t_mul(x, x);
    tensor *losses[] = {t_sum_all(shared), t_sum_all(t_mul(shared, shared))};
    ASSERT_OK(t_backward_keep(losses[0]));
    assert_true(element(t_grad(x), 0) == 6);
    ASSERT_OK(t_backward_keep(losses[1])); /* 4 x^3 more */
    assert_true(element(t_grad(x), 0) == 6 + 108);
    ASSERT_OK(t_backward(losses[0]));
    assert_true(element(t_grad(x), 0) == 6 + 108 + 6);
    assert_int_equal(t_backward(losses[1]), ERR_INTERNAL); /* what they share is freed */
}

static void a_failure_on_the_way_to_the_loss_comes_out(void **state)
{
    (void)state;
    tensor *x = leaf(1);
    assert_int_equal(t_backward(t_sum_all(t_add(x, t_zeros(T_F32, SHAPE(3))))), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "t_add((2) Float, (3) Float)"));
    assert_null(t_grad(x));
    ASSERT_OK(t_check(x));
}

static void pauses_nest(void **state)
{
    (void)state;
    tensor *x = leaf(2);
    grad_pause();
    grad_pause();
    grad_resume();
    assert_int_equal(t_backward(t_sum_all(x)), ERR_INTERNAL);
    fail_clear();
    grad_resume();
    grad_resume(); /* one too many is nothing */
    ASSERT_OK(t_backward(t_sum_all(x)));
    assert_true(element(t_grad(x), 0) == 1);
}

static void detached_tensors_collect_nothing(void **state)
{
    (void)state;
    tensor *x = leaf(2), *y = t_require_grad(t_scale(x, 3)); /* a leaf of its own */
    ASSERT_OK(t_backward(t_sum_all(t_mul(y, t_detach(t_scale(x, 2))))));
    assert_true(element(t_grad(y), 0) == 4);
    assert_null(t_grad(x));
}

static void long_chains_do_not_exhaust_the_stack(void **state)
{
    (void)state;
    tensor *x = leaf(1), *sum = x;
    for (int i = 0; i < 3000; i++) sum = t_shift(sum, 1); /* deep: must not recurse */
    ASSERT_OK(t_backward(t_sum_all(sum)));
    assert_true(element(t_grad(x), 0) == 1);
}

/* ---- autocast ---------------------------------------------------------------------------------------------------- */

static void autocast_computes_products_in_bf16(void **state)
{
    (void)state;
    t_seed(3);
    tensor *a = t_randn(SHAPE(4, 8)), *b = t_require_grad(t_randn(SHAPE(8, 5)));
    autocast_begin(T_BF16);
    tensor *product = t_matmul(a, b);
    tensor *loss = t_cross_entropy(product, t_from_i64((int64_t[]){0, 1, 2, 3}, SHAPE(4)), NULL, 0, T_MEAN);
    autocast_end();
    tensor *by_hand = t_matmul(t_cast(a, T_BF16), t_cast(t_detach(b), T_BF16));
    assert_int_equal(t_type_of(product), T_BF16);
    assert_int_equal(t_type_of(loss), T_F32);
    assert_true(same_bytes(product, by_hand));
    ASSERT_OK(t_backward(loss));
    assert_int_equal(t_type_of(t_grad(b)), T_F32);
    assert_int_equal(t_type_of(t_matmul(a, b)), T_F32);
}

static void autocast_nests(void **state)
{
    (void)state;
    tensor *a = t_full(T_F32, SHAPE(2, 2), 1);
    autocast_begin(T_BF16);
    autocast_begin(T_F16);
    assert_int_equal(t_type_of(t_matmul(a, a)), T_F16);
    autocast_end();
    assert_int_equal(t_type_of(t_matmul(a, a)), T_BF16);
    autocast_end();
    assert_int_equal(t_type_of(t_matmul(a, a)), T_F32);
    autocast_end(); /* one too many is nothing */
    ASSERT_OK(t_check(a));
}

/* A weight's bf16 copy is remembered inside, and must not outlive a step that changes the weight. */
static void autocast_forgets_copies_at_its_end(void **state)
{
    (void)state;
    tensor *a = t_full(T_F32, SHAPE(1, 1), 1), *w = t_require_grad(t_full(T_F32, SHAPE(1, 1), 1));
    for (int value = 1; value <= 2; value++) {
        ASSERT_OK(t_assign(w, t_full(T_F32, SHAPE(1, 1), value)));
        autocast_begin(T_BF16);
        assert_true(element(t_matmul(a, w), 0) == value);
        autocast_end();
    }
}

static void autocast_ends_even_after_a_failure(void **state)
{
    (void)state;
    tensor *a = t_full(T_F32, SHAPE(2, 2), 1);
    autocast_begin(T_BF16);
    assert_null(t_matmul(a, t_zeros(T_F32, SHAPE(3, 3))));
    autocast_end();
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_int_equal(t_type_of(t_matmul(a, a)), T_F32);
    autocast_begin(T_I64);
    autocast_end();
    assert_int_equal(t_check(a), ERR_INTERNAL);
    assert_int_equal(t_type_of(t_matmul(a, a)), T_F32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(gradients_add_up),
        IN_SCOPE(only_a_recorded_scalar_goes_backward),
        IN_SCOPE(what_is_kept_goes_backward_again),
        IN_SCOPE(a_failure_on_the_way_to_the_loss_comes_out),
        IN_SCOPE(pauses_nest),
        IN_SCOPE(detached_tensors_collect_nothing),
        IN_SCOPE(long_chains_do_not_exhaust_the_stack),
        IN_SCOPE(autocast_computes_products_in_bf16),
        IN_SCOPE(autocast_nests),
        IN_SCOPE(autocast_forgets_copies_at_its_end),
        IN_SCOPE(autocast_ends_even_after_a_failure),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
