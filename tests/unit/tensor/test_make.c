/* Numbers in, numbers out: every type, shapes without elements, conversions. */
#include "fixture.h"

static void every_type_round_trips(void **state)
{
    (void)state;
    const struct {
        t_type type;
        size_t bytes;
    } types[] = {{T_F32, 4}, {T_F64, 8}, {T_F16, 2}, {T_BF16, 2}, {T_I32, 4}, {T_I64, 8}, {T_U8, 1}};
    unsigned char data[6 * 8], back[6 * 8];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 7 % 60);
    for (size_t i = 0; i < COUNT(types); i++) {
        tensor *x = t_from_bytes(types[i].type, data, SHAPE(2, 3));
        assert_int_equal(t_type_of(x), types[i].type);
        memset(back, 0xee, sizeof back);
        ASSERT_OK(t_to_bytes(x, back, 6 * types[i].bytes));
        assert_memory_equal(data, back, 6 * types[i].bytes);
        assert_int_equal(t_to_bytes(x, back, 6 * types[i].bytes - 1), ERR_INTERNAL);
        fail_clear();
    }
}

static void truth_is_zero_or_one(void **state)
{
    (void)state;
    const unsigned char data[] = {0, 1, 2, 255};
    const unsigned char truth[] = {0, 1, 1, 1};
    unsigned char back[4];
    ASSERT_OK(t_to_bytes(t_from_bytes(T_BOOL, data, SHAPE(4)), back, sizeof back));
    assert_memory_equal(back, truth, sizeof truth);
}

static void shapes_may_be_empty_or_scalar(void **state)
{
    (void)state;
    float value = 3, none[1] = {0};
    tensor *empty = t_from_f32(NULL, SHAPE(0, 4)), *scalar = t_from_f32(&value, NULL, 0);
    assert_int_equal(t_count(empty), 0);
    assert_int_equal(t_dims(empty), 2);
    ASSERT_OK(t_to_f32(empty, none, 0));
    assert_int_equal(t_dims(scalar), 0);
    assert_int_equal(t_count(scalar), 1);
    ASSERT_OK(t_item_f32(scalar, &value));
    assert_true(value == 3);
}

static void sizes_count_from_either_end(void **state)
{
    (void)state;
    tensor *x = t_zeros(T_I64, SHAPE(2, 3, 4));
    assert_int_equal(t_size(x, 0), 2);
    assert_int_equal(t_size(x, -1), 4);
    assert_int_equal(t_size(x, -3), 2);
    assert_int_equal(t_size(x, 3), 0);
    assert_int_equal(t_size(x, -4), 0);
}

static void numbers_are_converted(void **state)
{
    (void)state;
    int64_t whole[3];
    float real[3];
    ASSERT_OK(t_to_f32(t_arange(3), real, 3));
    assert_true(real[2] == 2);
    ASSERT_OK(t_to_i64(t_from_f32((float[]){1.9f, -1.9f, 7}, SHAPE(3)), whole, 3));
    assert_int_equal(whole[0], 1);
    assert_int_equal(whole[1], -1);
    assert_int_equal(t_to_i64(t_arange(4), whole, 3), ERR_INTERNAL);
}

static void a_transposed_tensor_is_read_row_by_row(void **state)
{
    (void)state;
    float back[4];
    tensor *x = t_transpose(t_from_f32((float[]){1, 2, 3, 4}, SHAPE(2, 2)), 0, 1);
    ASSERT_OK(t_to_f32(x, back, 4));
    assert_memory_equal(back, ((float[]){1, 3, 2, 4}), sizeof back);
    assert_null(t_data_f32(x));
    assert_non_null(t_data_f32(t_contiguous(x)));
    assert_null(t_data_f32(t_arange(3)));
}

static void one_element_is_asked_for(void **state)
{
    (void)state;
    double value = 0;
    assert_int_equal(t_item_f64(t_arange(2), &value), ERR_INTERNAL);
    fail_clear();
    ASSERT_OK(t_item_f64(t_arange(1), &value));
}

static void assignment_is_in_place_and_not_recorded(void **state)
{
    (void)state;
    tensor *x = t_require_grad(t_zeros(T_F32, SHAPE(2))), *view = t_detach(x);
    ASSERT_OK(t_assign(x, t_full(T_F64, SHAPE(2), 5)));
    assert_true(element(view, 1) == 5);
    ASSERT_OK(t_backward(t_sum_all(x)));
    assert_int_equal(t_assign(x, t_zeros(T_F32, SHAPE(1))), ERR_INTERNAL);
}

static void the_same_seed_draws_the_same_numbers(void **state)
{
    (void)state;
    const uint64_t seeds[] = {0, 1, UINT64_C(1) << 32, UINT64_MAX};
    tensor *first[COUNT(seeds)];
    for (size_t i = 0; i < COUNT(seeds); i++) {
        t_seed(seeds[i]);
        first[i] = t_randn(SHAPE(50));
        t_seed(seeds[i]);
        assert_true(same_bytes(first[i], t_randn(SHAPE(50))));
    }
    assert_false(same_bytes(first[0], first[1]));
    assert_false(same_bytes(first[0], first[3]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(every_type_round_trips),
        IN_SCOPE(truth_is_zero_or_one),
        IN_SCOPE(shapes_may_be_empty_or_scalar),
        IN_SCOPE(sizes_count_from_either_end),
        IN_SCOPE(numbers_are_converted),
        IN_SCOPE(a_transposed_tensor_is_read_row_by_row),
        IN_SCOPE(one_element_is_asked_for),
        IN_SCOPE(assignment_is_in_place_and_not_recorded),
        IN_SCOPE(the_same_seed_draws_the_same_numbers),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
