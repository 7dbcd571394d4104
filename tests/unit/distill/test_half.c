/* Every half number, and the numbers around every boundary between two of them, against arithmetic done with ldexp. */
#include "distill/half.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The value of a half number by the definition of IEEE 754. */
static double value_of(uint16_t half)
{
    int exponent = half >> 10 & 31, mantissa = half & 0x3ff;
    double size = exponent == 31  ? (mantissa ? NAN : INFINITY)
                  : exponent == 0 ? ldexp(mantissa, -24)
                                  : ldexp(1024 + mantissa, exponent - 25);
    return half & 0x8000 ? -size : size;
}

static void every_half_comes_back(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= UINT16_MAX; i++) {
        float value = half_to_float((uint16_t)i);
        if (isnan(value_of((uint16_t)i))) {
            assert_true(isnan(value));
            assert_true(isnan(half_to_float(half_from_float(value))));
            continue;
        }
        assert_true((double)value == value_of((uint16_t)i));
        assert_int_equal(signbit(value) != 0, i >> 15);
        assert_int_equal(half_from_float(value), i);
    }
}

static void rounds_to_nearest_ties_to_even(void **state)
{
    (void)state;
    for (uint16_t low = 0; low < 0x7bff; low++) {
        uint16_t high = (uint16_t)(low + 1);
        float middle = (float)((value_of(low) + value_of(high)) / 2); /* exact: float32 has 13 more bits */
        assert_int_equal(half_from_float(middle), low & 1 ? high : low);
        assert_int_equal(half_from_float(nextafterf(middle, 0)), low);
        assert_int_equal(half_from_float(nextafterf(middle, INFINITY)), high);
        assert_int_equal(half_from_float(-middle), 0x8000 | (low & 1 ? high : low));
    }
}

static void edges(void **state)
{
    (void)state;
    assert_int_equal(half_from_float(HALF_MAX), 0x7bff);
    assert_int_equal(half_from_float(nextafterf(65520, 0)), 0x7bff);
    assert_int_equal(half_from_float(65520), 0x7c00);
    assert_int_equal(half_from_float(-1e30f), 0xfc00);
    assert_int_equal(half_from_float(1e-30f), 0);
    assert_int_equal(half_from_float(-1e-42f), 0x8000);
    assert_true(isnan(half_to_float(half_from_float(NAN))));
}

static void arrays_are_little_endian_and_need_no_alignment(void **state)
{
    (void)state;
    const float values[] = {1, -2, 65504, 0.333251953125f};
    const unsigned char expected[] = {0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x55, 0x35};
    unsigned char bytes[1 + sizeof expected];
    float back[4];
    half_store(values, 4, bytes + 1);
    assert_memory_equal(bytes + 1, expected, sizeof expected);
    half_load(bytes + 1, 4, back);
    assert_memory_equal(back, values, sizeof values);
}

/* Arrays go by the processor's own conversion where it has one: it must agree with the one above. */
static void arrays_agree_with_single_numbers(void **state)
{
    (void)state;
    enum { COUNT = UINT16_MAX + 1 };
    float *values = malloc(COUNT * sizeof *values);
    unsigned char *bytes = malloc(2 * COUNT), *again = malloc(2 * COUNT);
    for (size_t i = 0; i < COUNT; i++) bytes[2 * i] = (unsigned char)i, bytes[2 * i + 1] = (unsigned char)(i >> 8);
    half_load(bytes, COUNT, values);
    half_store(values, COUNT, again);
    for (uint32_t i = 0; i < COUNT; i++) {
        float one = half_to_float((uint16_t)i);
        if (isnan(one)) {
            assert_true(isnan(values[i]));
            continue;
        }
        assert_memory_equal(&values[i], &one, sizeof one);
        assert_memory_equal(bytes + 2 * i, again + 2 * i, 2);
    }
    for (uint32_t low = 0; low < 0x7bff; low++) /* boundaries, and a little beside them */
        values[low] =
            nextafterf((float)((value_of((uint16_t)low) + value_of((uint16_t)(low + 1))) / 2), low % 3 == 0   ? INFINITY
                                                                                               : low % 3 == 1 ? 0
                                                                                                              : 1);
    half_store(values, 0x7bff, bytes);
    for (uint32_t i = 0; i < 0x7bff; i++)
        assert_int_equal(bytes[2 * i] | bytes[2 * i + 1] << 8, half_from_float(values[i]));
    free(values);
    free(bytes);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_comes_back),
        cmocka_unit_test(rounds_to_nearest_ties_to_even),
        cmocka_unit_test(edges),
        cmocka_unit_test(arrays_agree_with_single_numbers),
        cmocka_unit_test(arrays_are_little_endian_and_need_no_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
