/* Bytes of pictures as numbers; values against torchvision are in tests/golden/video. */
#include "tensor/pictures.h"

#include "fixture.h"

static const float MEAN[] = {0.5f, 0, 1}, STD[] = {0.25f, 1, 0.5f};

static void test_values(void **state)
{
    (void)state;
    const uint8_t bytes[2 * 1 * 2 * 3] = {0, 51, 255, 255, 0, 51, 51, 255, 0, 1, 2, 3};
    tensor *x = t_pictures(t_from_bytes(T_U8, bytes, SHAPE(2, 1, 2, 3)), MEAN, STD);
    const double wanted[] = {-2, 2, .2, 0, 0, -1.6, -1.2, (1 / 255.0 - .5) * 4, 1, 2 / 255.0, -2, (3 / 255.0 - 1) * 2};
    assert_int_equal(t_dims(x), 4);
    assert_true(t_size(x, 0) == 2 && t_size(x, 1) == 3 && t_size(x, 2) == 1 && t_size(x, 3) == 2);
    assert_int_equal(t_type_of(x), T_F32);
    for (int64_t i = 0; i < (int64_t)COUNT(wanted); i++)
        if (!(fabs(element(x, i) - wanted[i]) < 1e-6)) fail_msg("%lld: %g", (long long)i, element(x, i));
}

static void expect_failure(tensor *x, const char *message)
{
    assert_null(x);
    assert_int_not_equal(t_check(x), OK);
    if (!strstr(fail_message(), message)) fail_msg("%s, not %s", fail_message(), message);
    fail_clear();
}

static void test_wrong(void **state)
{
    (void)state;
    const float zero[] = {1, 0, 1};
    const uint8_t bytes[12] = {0};
    expect_failure(t_pictures(t_zeros(T_F32, SHAPE(1, 2, 2, 3)), MEAN, STD), "pictures are bytes");
    expect_failure(t_pictures(t_from_bytes(T_U8, bytes, SHAPE(2, 2, 3)), MEAN, STD), "(N, H, W, 3)");
    expect_failure(t_pictures(t_from_bytes(T_U8, bytes, SHAPE(1, 3, 2, 2)), MEAN, STD), "(N, H, W, 3)");
    expect_failure(t_pictures(t_from_bytes(T_U8, bytes, SHAPE(1, 2, 2, 3)), MEAN, zero), "deviation of 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {IN_SCOPE(test_values), IN_SCOPE(test_wrong)};
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
