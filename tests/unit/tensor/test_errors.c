/* Failures: the first is kept with its operation and shapes, comes out once, and nothing crosses as an exception. */
#include "fixture.h"

static tensor *zeros(int64_t rows, int64_t columns)
{
    return t_zeros(T_F32, SHAPE(rows, columns));
}

static void the_first_failure_of_an_expression_is_kept(void **state)
{
    (void)state;
    tensor *bad = t_softmax(t_reshape(t_matmul(zeros(2, 3), zeros(4, 5)), SHAPE(3)), 7);
    assert_null(bad);
    assert_int_equal(t_check(bad), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "t_matmul((2, 3) Float, (4, 5) Float)"));
    assert_null(strchr(fail_message(), '\n'));
    assert_null(strstr(fail_message(), "t_softmax"));
}

static void a_failure_comes_out_once(void **state)
{
    (void)state;
    float value = 0;
    assert_null(t_narrow(zeros(2, 3), 0, 1, 5));
    assert_null(zeros(2, 2)); /* nothing is computed until it has come out */
    assert_int_equal(t_item_f32(NULL, &value), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "t_narrow"));
    fail_clear();
    ASSERT_OK(t_check(zeros(2, 2)));
    ASSERT_OK(t_item_f32(zeros(1, 1), &value));
}

static void null_without_a_failure_is_one(void **state)
{
    (void)state;
    float value = 0;
    double wide = 0;
    assert_null(t_add(zeros(1, 1), NULL));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "t_add"));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_int_equal(t_item_f32(NULL, &value), ERR_INTERNAL);
    assert_int_equal(t_item_f64(NULL, &wide), ERR_INTERNAL);
    assert_int_equal(t_to_f32(NULL, &value, 1), ERR_INTERNAL);
    assert_int_equal(t_backward(NULL), ERR_INTERNAL);
    assert_int_equal(t_dims(NULL), 0);
    assert_int_equal(t_size(NULL, 0), 0);
    assert_int_equal(t_count(NULL), 0);
    assert_null(t_data_f32(NULL));
}

static void every_status_function_brings_it_out(void **state)
{
    (void)state;
    float value = 0;
    int64_t whole = 0;
    tensor *x = zeros(1, 1);
#define FAILS(CALL) (t_transpose(x, 0, 9), assert_int_equal(CALL, ERR_INTERNAL), assert_int_equal(t_check(x), OK))
    FAILS(t_check(x));
    FAILS(t_backward(x));
    FAILS(t_item_f32(x, &value));
    FAILS(t_to_f32(x, &value, 1));
    FAILS(t_to_i64(x, &whole, 1));
    FAILS(t_to_bytes(x, &value, sizeof value));
    FAILS(t_assign(x, x));
}

static void out_of_memory_is_told_as_such(void **state)
{
    (void)state;
    const int64_t many = INT64_C(1) << 46;
    assert_null(zeros(many, 1));
    assert_int_equal(t_check(NULL), ERR_MEMORY);
    fail_clear();
    assert_null(t_full(T_F64, SHAPE(many, many), 0)); /* the number of bytes overflows */
    assert_int_equal(t_check(NULL), ERR_MEMORY);
    fail_clear();
    assert_null(t_matmul(t_expand(zeros(1, 1), SHAPE(many / 2, 1)), t_expand(zeros(1, 1), SHAPE(1, 2))));
    assert_int_equal(t_check(NULL), ERR_MEMORY);
    fail_clear();
    ASSERT_OK(t_check(zeros(2, 2)));
}

static void wrong_shapes_and_types_are_refused(void **state)
{
    (void)state;
    float data[4] = {0};
    const int64_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    tensor *pair[] = {zeros(2, 2), NULL};
#define REFUSED(CALL) (assert_null(CALL), assert_int_equal(t_check(NULL), ERR_INTERNAL), fail_clear())
    REFUSED(t_from_f32(data, nine, 9));
    REFUSED(t_from_f32(data, nine, -1));
    REFUSED(t_from_f32(data, SHAPE(-2, 2)));
    REFUSED(t_from_f32(NULL, SHAPE(2, 2)));
    REFUSED(t_cat(pair, 2, 0));
    REFUSED(t_arange(-1));
    REFUSED(t_embedding(zeros(3, 2), t_from_i64((int64_t[]){3}, SHAPE(1))));
    REFUSED(t_embedding(zeros(3, 2), t_from_i64((int64_t[]){-1}, SHAPE(1))));
    REFUSED(t_cross_entropy(zeros(1, 3), t_from_i64((int64_t[]){3}, SHAPE(1)), NULL, 0, T_MEAN));
    REFUSED(t_cross_entropy(zeros(1, 3), t_from_i64((int64_t[]){0}, SHAPE(1)), NULL, 0, (t_reduction)3));
    REFUSED(t_layer_norm(t_sum_all(zeros(1, 1)), NULL, NULL, 1e-5));
    REFUSED(t_attention(zeros(2, 2), zeros(2, 3), zeros(2, 2), NULL, false));
    REFUSED(t_topk(zeros(2, 2), 3, NULL));
    REFUSED(t_require_grad(t_arange(3)));
    REFUSED(t_upsample_nearest(zeros(2, 2), 2));
    REFUSED(t_upsample_nearest(t_zeros(T_F32, SHAPE(1, 1, 2, 2)), 0));
#define NOT_DONE(CALL) (assert_int_equal(CALL, ERR_INTERNAL), fail_clear())
    NOT_DONE(t_renorm_rows(zeros(3, 2), 4, 1));
    NOT_DONE(t_renorm_rows(zeros(3, 2), -1, 1));
    NOT_DONE(t_renorm_rows(zeros(3, 2), 1, 0));
    NOT_DONE(t_renorm_rows(t_arange(3), 1, 1));
}

static void a_long_message_is_cut_and_not_written_past(void **state)
{
    (void)state;
    tensor *many[T_DIM_MAX * 8];
    for (size_t i = 0; i < COUNT(many); i++) many[i] = t_zeros(T_F32, SHAPE(1, 1, 1, 1, 1, 1, 1, 1 + (i & 1)));
    assert_null(t_cat(many, (int)COUNT(many), 0));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_true(strlen(fail_message()) > 10);
}

static void not_a_number_stays_one(void **state)
{
    (void)state;
    float value = 0;
    tensor *nan = t_full(T_F32, SHAPE(2), NAN);
    ASSERT_OK(t_item_f32(t_sum_all(t_relu(t_scale(nan, 2))), &value));
    assert_true(isnan(value));
    ASSERT_OK(t_item_f32(t_log(t_full(T_F32, SHAPE(1), -1)), &value));
    assert_true(isnan(value));
    ASSERT_OK(t_item_f32(t_full(T_F64, SHAPE(1), 1e300), &value)); /* too large for float32 */
    assert_true(isinf(value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(the_first_failure_of_an_expression_is_kept),
        IN_SCOPE(a_failure_comes_out_once),
        IN_SCOPE(null_without_a_failure_is_one),
        IN_SCOPE(every_status_function_brings_it_out),
        IN_SCOPE(out_of_memory_is_told_as_such),
        IN_SCOPE(wrong_shapes_and_types_are_refused),
        IN_SCOPE(a_long_message_is_cut_and_not_written_past),
        IN_SCOPE(not_a_number_stays_one),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
