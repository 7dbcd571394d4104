/* Large linear layers, which another library may multiply, against products and sums of the plain operations. */
#include "fixture.h"

enum { ROWS = 130, IN = 96, OUT = 112 };

static const t_init NORMAL = {INIT_NORMAL, 0.3};

/* |a - b| / |b|, L2. */
static double apart(tensor *a, tensor *b)
{
    double difference = NAN, size = NAN;
    ASSERT_OK(t_item_f64(t_sum_all(t_pow(t_sub(a, b), 2)), &difference));
    ASSERT_OK(t_item_f64(t_sum_all(t_pow(b, 2)), &size));
    return sqrt(difference / size);
}

static tensor *plain_linear(module *m, tensor *x)
{
    tensor *y = t_matmul(x, t_transpose(module_find(m, "weight"), 0, 1));
    tensor *bias = module_find(m, "bias");
    return bias ? t_add(y, bias) : y;
}

/* Gradients of sum(y * cotangent) in x and all parameters of m, kept as copies. */
static void gradients(module *m, tensor *x, tensor *y, tensor *cotangent, tensor *out[3])
{
    module_zero_grad(m);
    ASSERT_OK(t_backward(t_sum_all(t_mul(y, cotangent))));
    out[0] = t_clone(t_grad(x));
    for (size_t i = 0; i < module_parameter_count(m); i++) out[1 + i] = t_clone(t_grad(module_parameter_at(m, i)));
}

static void compare(bool bias, const int64_t *shape, int dims)
{
    int64_t wide[3] = {0};
    tensor *fast[3] = {0}, *plain[3] = {0};
    module *m = module_new();
    memcpy(wide, shape, (size_t)dims * sizeof *shape);
    wide[dims - 1] = OUT;
    t_seed(3);
    module *linear = nn_linear(m, "l", IN, OUT, bias, NORMAL);
    tensor *values = t_randn(shape, dims), *cotangent = t_randn(wide, dims);
    tensor *x = t_require_grad(t_clone(values)), *same = t_require_grad(t_clone(values));
    if (bias) ASSERT_OK(t_assign(module_find(linear, "bias"), t_randn(SHAPE(OUT))));

    tensor *y = nn_linear_forward(linear, x), *expected = plain_linear(linear, same);
    assert_true(apart(y, expected) < 1e-6);
    gradients(m, x, y, cotangent, fast);
    gradients(m, same, expected, cotangent, plain);
    for (size_t i = 0; i < 2 + (size_t)bias; i++) assert_true(apart(fast[i], plain[i]) < 1e-6);
    module_free(&m);
}

static void equals_the_plain_operations(void **state)
{
    (void)state;
    compare(true, SHAPE(ROWS, IN));
    compare(false, SHAPE(ROWS, IN));
    compare(true, SHAPE(10, 13, IN));
}

static void uses_add_up(void **state)
{
    (void)state;
    module *m = module_new();
    module *linear = nn_linear(m, "l", IN, IN, true, NORMAL);
    tensor *x = t_randn(SHAPE(ROWS, IN)), *once[2];
    ASSERT_OK(t_backward(t_sum_all(nn_linear_forward(linear, x))));
    for (size_t i = 0; i < 2; i++) once[i] = t_clone(t_grad(module_parameter_at(m, i)));
    module_zero_grad(m);
    tensor *both = t_add(nn_linear_forward(linear, x), nn_linear_forward(linear, x));
    ASSERT_OK(t_backward(t_sum_all(both)));
    for (size_t i = 0; i < 2; i++) assert_true(apart(t_grad(module_parameter_at(m, i)), t_scale(once[i], 2)) < 1e-6);
    module_free(&m);
}

static void repeats_bitwise(void **state)
{
    (void)state;
    module *m = module_new();
    module *linear = nn_linear(m, "l", IN, OUT, true, NORMAL);
    tensor *x = t_require_grad(t_randn(SHAPE(ROWS, IN))), *first[3], *second[3], *ones = t_full(T_F32, SHAPE(1), 1);
    tensor *y = nn_linear_forward(linear, x), *again = nn_linear_forward(linear, x);
    assert_true(same_bytes(y, again));
    gradients(m, x, y, ones, first);
    tensor *other = t_require_grad(t_clone(t_detach(x)));
    gradients(m, other, nn_linear_forward(linear, other), ones, second);
    for (size_t i = 0; i < 3; i++) assert_true(same_bytes(first[i], second[i]));
    module_free(&m);
}

static void records_only_what_is_asked_for(void **state)
{
    (void)state;
    module *m = module_new();
    module *linear = nn_linear(m, "l", IN, OUT, true, NORMAL);
    tensor *x = t_randn(SHAPE(ROWS, IN));
    grad_pause();
    tensor *y = nn_linear_forward(linear, x);
    grad_resume();
    assert_int_not_equal(t_backward(t_sum_all(y)), OK);
    fail_clear();
    module_freeze(m);
    tensor *leaf = t_require_grad(t_clone(x));
    ASSERT_OK(t_backward(t_sum_all(nn_linear_forward(linear, leaf))));
    assert_non_null(t_grad(leaf));
    assert_null(nn_linear_forward(linear, t_randn(SHAPE(ROWS, IN + 1))));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    fail_clear();
    module_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(equals_the_plain_operations),
        IN_SCOPE(uses_add_up),
        IN_SCOPE(repeats_bitwise),
        IN_SCOPE(records_only_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
