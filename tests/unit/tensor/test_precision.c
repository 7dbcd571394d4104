/* float32 is float32 on every device; tfloat32 rounds on a GPU, and only there. */
#include "fixture.h"

enum { ROWS = 64, DEPTH = 512, PICTURES = 8, SIDE = 32, CHANNELS = 128 };

typedef struct {
    tensor *a, *b, *pictures, *filters;
} inputs;

static inputs draw(void)
{
    t_seed(5);
    return (inputs){.a = t_randn(SHAPE(ROWS, DEPTH)),
                    .b = t_randn(SHAPE(DEPTH, ROWS)),
                    .pictures = t_randn(SHAPE(PICTURES, CHANNELS, SIDE, SIDE)),
                    .filters = t_randn(SHAPE(CHANNELS, CHANNELS, 3, 3))};
}

static tensor *product(const inputs *in, t_type type)
{
    return t_matmul(t_cast(in->a, type), t_cast(in->b, type));
}

static tensor *convolution(const inputs *in, t_type type)
{
    return t_conv2d(t_cast(in->pictures, type), t_cast(in->filters, type), NULL, 1, 1);
}

/* |x - truth| / |truth|, L2. */
static double apart(tensor *x, tensor *truth)
{
    double difference = NAN, size = NAN;
    ASSERT_OK(t_item_f64(t_sum_all(t_pow(t_sub(t_cast(x, T_F64), truth), 2)), &difference));
    ASSERT_OK(t_item_f64(t_sum_all(t_pow(truth, 2)), &size));
    return sqrt(difference / size);
}

static void choose(bool tfloat32)
{
    const t_options options = {.device = t_device_used() == T_CUDA ? "cuda" : "cpu",
                               .threads = 1,
                               .deterministic = true,
                               .tfloat32 = tfloat32};
    ASSERT_OK(t_start(&options));
}

static void compare(tensor *(*make)(const inputs *, t_type))
{
    inputs in = draw();
    tensor *truth = make(&in, T_F64), *exact = make(&in, T_F32);
    choose(true);
    tensor *rounded = make(&in, T_F32);
    choose(false);
    double error = apart(exact, truth), rounding = apart(rounded, truth);
    if (error > 2e-6) fail_msg("float32 is %g from float64", error);
    if (t_device_used() == T_CPU) assert_true(same_bytes(rounded, exact));
    else if (rounding < 2e-5 || rounding > 2e-3) fail_msg("tfloat32 is %g from float64", rounding);
    assert_true(same_bytes(make(&in, T_F32), exact));
}

static void products_round_where_it_was_chosen(void **state)
{
    (void)state;
    compare(product);
}

static void convolutions_round_where_it_was_chosen(void **state)
{
    (void)state;
    compare(convolution);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(products_round_where_it_was_chosen),
        IN_SCOPE(convolutions_round_where_it_was_chosen),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
