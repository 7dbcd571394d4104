/* Every operation against PyTorch (results and all gradients), and its gradients against finite differences. */
#include "golden.h"
#include "operations.h"

static tensor_file *file;

static int load_inputs(const char *name, tensor **in)
{
    int count = 0;
    for (char part[] = "in0"; count < GOLDEN_INPUTS; count++, part[2]++)
        if (!(in[count] = golden_part(file, name, part))) break;
    return count;
}

static int operation_differs(const operation *of)
{
    int differs = 0;
    scope *sc = scope_open();
    tensor *in[GOLDEN_INPUTS];
    int count = load_inputs(of->name, in);
    for (int i = 0; i < count; i++)
        if (t_type_of(in[i]) == T_F32) t_require_grad(in[i]);
    tensor *out = of->call(in), *cotangent = golden_part(file, of->name, "cotangent");
    differs += golden_differs(file, of->name, "out", out);
    if (cotangent && t_backward(t_sum_all(t_mul(out, cotangent))) != OK) fail_msg("%s: %s", of->name, fail_message());
    for (int i = 0; i < count; i++) {
        char part[] = "grad0";
        part[4] = (char)('0' + i);
        differs += golden_differs(file, of->name, part, t_grad(in[i]));
    }
    scope_close(&sc);
    return differs;
}

static void results_and_gradients_are_pytorchs(void **state)
{
    (void)state;
    int differ = 0;
    for (size_t i = 0; i < OPERATION_COUNT; i++) differ += operation_differs(&EVERY_OPERATION[i]);
    assert_int_equal(differ, 0);
}

static void every_golden_operation_is_tested(void **state)
{
    (void)state;
    assert_int_equal(golden_case_count(file), OPERATION_COUNT);
}

/* ---- finite differences ------------------------------------------------------------------------------------------ */

static const double STEP = 1e-5, DIFFERENCE_TOLERANCE = 1e-7; /* of float64 central differences, relative L2 */

/* sum(call(in) * cotangent) */
static tensor *scalar_of(const operation *of, tensor **in, tensor *cotangent)
{
    return t_sum_all(t_mul(of->call(in), cotangent));
}

/* The scalar with element `at` of input i moved by `by`. */
static double value_at(const operation *of, tensor **in, int count, tensor *cotangent, int i, double *numbers,
                       int64_t at, double by)
{
    double value = 0, kept = numbers[at];
    int64_t shape[T_DIM_MAX];
    tensor *moved[GOLDEN_INPUTS];
    scope *sc = scope_open();
    for (int d = 0; d < t_dims(in[i]); d++) shape[d] = t_size(in[i], d);
    memcpy(moved, in, (size_t)count * sizeof *in);
    numbers[at] = kept + by;
    moved[i] = t_from_bytes(T_F64, numbers, shape, t_dims(in[i]));
    numbers[at] = kept;
    if (t_item_f64(scalar_of(of, moved, cotangent), &value) != OK) fail_msg("%s: %s", of->name, fail_message());
    scope_close(&sc);
    return value;
}

static int gradient_differs(const operation *of, tensor **in, int count, tensor *cotangent, int i)
{
    double apart = 0, size = 0;
    double *numbers = golden_numbers(in[i]), *gradient = golden_numbers(t_grad(in[i]));
    for (int64_t e = 0; e < t_count(in[i]); e++) {
        double above = value_at(of, in, count, cotangent, i, numbers, e, STEP);
        double below = value_at(of, in, count, cotangent, i, numbers, e, -STEP);
        double slope = (above - below) / (2 * STEP);
        apart += (slope - gradient[e]) * (slope - gradient[e]);
        size += slope * slope;
    }
    free(numbers);
    free(gradient);
    if (sqrt(apart) <= DIFFERENCE_TOLERANCE * fmax(sqrt(size), 1)) return 0;
    print_error("%s: the gradient of input %d is not its slope (%g apart, norm %g)\n", of->name, i, sqrt(apart),
                sqrt(size));
    return 1;
}

static int differences_differ(const operation *of)
{
    int differ = 0;
    scope *sc = scope_open();
    tensor *in[GOLDEN_INPUTS], *cotangent = golden_part(file, of->name, "cotangent");
    int count = load_inputs(of->name, in);
    for (int i = 0; i < count && cotangent; i++)
        if (t_type_of(in[i]) == T_F32) in[i] = t_require_grad(t_cast(in[i], T_F64));
    if (cotangent) {
        cotangent = t_cast(cotangent, T_F64);
        if (t_backward(scalar_of(of, in, cotangent)) != OK) fail_msg("%s: %s", of->name, fail_message());
        for (int i = 0; i < count; i++)
            if (t_grad(in[i])) differ += gradient_differs(of, in, count, cotangent, i);
    }
    scope_close(&sc);
    return differ;
}

static void gradients_are_slopes(void **state)
{
    (void)state;
    int differ = 0;
    for (size_t i = 0; i < OPERATION_COUNT; i++) differ += differences_differ(&EVERY_OPERATION[i]);
    assert_int_equal(differ, 0);
}

static void nothing_is_left(void **state)
{
    (void)state;
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_and_gradients_are_pytorchs),
        cmocka_unit_test(every_golden_operation_is_tested),
        cmocka_unit_test(gradients_are_slopes),
        cmocka_unit_test(nothing_is_left),
    };
    if (golden_start(NULL)) return 1;
    file = golden_open("operations.safetensors");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tensor_file_close(&file);
    return failed;
}
