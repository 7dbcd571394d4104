/* Batch norm over slices of a step, buffers, parts that are computed again. */
#include "fixture.h"

enum { CHANNELS = 2 };
static const double EPS = 1e-5, MOMENTUM = 0.1;

/* Within `most` of what is wanted. */
static void assert_near(double x, double wanted, double most)
{
    if (!(fabs(x - wanted) <= most)) fail_msg("%.9g and not %.9g", x, wanted);
}

/* (2, CHANNELS, 2): channel 0 has mean `mean` and unbiased variance 20 / 3, channel 1 the same of `mean` + 1. */
static tensor *slice_of(float mean)
{
    const float x[] = {mean - 3, mean + 1, mean - 2, mean + 2, mean - 1, mean + 3, mean, mean + 4};
    return t_from_f32(x, SHAPE(2, CHANNELS, 2));
}

static module *norm_with_optimiser(module **root, optim **opt)
{
    *root = module_new();
    module *norm = nn_batch_norm(*root, "bn", CHANNELS, EPS);
    ASSERT_OK(optim_sgd(*root, &(sgd_options){.lr = 0}, opt));
    return norm;
}

static void running_statistics_move_by_the_mean_over_slices(void **state)
{
    (void)state;
    module *root = NULL;
    optim *opt = NULL;
    module *norm = norm_with_optimiser(&root, &opt);
    tensor *mean = module_find(norm, "running_mean"), *variance = module_find(norm, "running_var");
    module_zero_grad(root);
    const float means[] = {1, 5};
    const double shares[] = {0.75, 0.25};
    for (int i = 0; i < 2; i++) {
        batch_norm_begin(shares[i]);
        ASSERT_OK(t_check(nn_batch_norm_forward(norm, slice_of(means[i]))));
        batch_norm_end();
    }
    assert_near(element(mean, 0), 0, 0); /* not before the step */
    ASSERT_OK(optim_step(opt));
    double seen = 0.75 * 1 + 0.25 * 5;
    assert_near(element(mean, 0), MOMENTUM * seen, 1e-6);
    assert_near(element(mean, 1), MOMENTUM * (seen + 1), 1e-6);
    assert_near(element(variance, 0), 1 + MOMENTUM * (20.0 / 3 - 1), 1e-6);
    module_zero_grad(root);
    ASSERT_OK(optim_step(opt)); /* a step that passed the norm by */
    assert_near(element(mean, 0), MOMENTUM * seen, 1e-6);
    optim_free(&opt);
    module_free(&root);
}

static void outside_of_training_the_running_ones_are_used(void **state)
{
    (void)state;
    module *root = NULL;
    optim *opt = NULL;
    module *norm = norm_with_optimiser(&root, &opt);
    tensor *y = nn_batch_norm_forward(norm, slice_of(7));
    assert_near(element(y, 0), 4 / sqrt(1 + EPS), 1e-5); /* mean 0, variance 1 as they began */
    module_zero_grad(root);
    ASSERT_OK(optim_step(opt));
    assert_near(element(module_find(norm, "running_mean"), 0), 0, 0);
    optim_free(&opt);
    module_free(&root);
}

static void a_frozen_norm_keeps_its_statistics(void **state)
{
    (void)state;
    module *root = NULL;
    optim *opt = NULL;
    module *norm = norm_with_optimiser(&root, &opt);
    assert_int_equal(module_freeze_below(root, "b"), 0);
    assert_int_equal(module_freeze_below(root, "bn"), 4);
    batch_norm_begin(1);
    tensor *y = nn_batch_norm_forward(norm, slice_of(7));
    batch_norm_end();
    assert_near(element(y, 0), 4 / sqrt(1 + EPS), 1e-5);
    ASSERT_OK(optim_step(opt));
    assert_near(element(module_find(norm, "running_mean"), 0), 0, 0);
    assert_null(t_grad(module_find(norm, "running_mean")));
    optim_free(&opt);
    module_free(&root);
}

static void one_value_a_channel_is_refused(void **state)
{
    (void)state;
    module *root = module_new(), *norm = nn_batch_norm(root, "bn", CHANNELS, EPS);
    batch_norm_begin(1);
    assert_null(nn_batch_norm_forward(norm, t_zeros(T_F32, SHAPE(1, CHANNELS, 1))));
    batch_norm_end();
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "more than one value"));
    fail_clear();
    module_free(&root);
}

/* What buffers collect is summed with the gradients and is none of them. */
static void buffers_are_listed_and_not_trained(void **state)
{
    (void)state;
    double clipped = -1;
    module *root = module_new(), *norm = nn_batch_norm(root, "bn", CHANNELS, EPS);
    assert_int_equal(module_parameter_count(root), 4);
    assert_int_equal(module_element_count(root), 2 * CHANNELS);
    assert_false(module_is_buffer(root, 1));
    assert_true(module_is_buffer(root, 2));
    assert_non_null(module_grad_data(root, 2));
    batch_norm_begin(1);
    ASSERT_OK(t_check(nn_batch_norm_forward(norm, slice_of(7))));
    batch_norm_end();
    assert_true(fabsf(module_grad_data(root, 2)[0] - 7) < 1e-5f);
    ASSERT_OK(grad_clip(root, 1, &clipped));
    assert_near(clipped, 0, 0);
    assert_true(fabsf(module_grad_data(root, 2)[0] - 7) < 1e-5f);
    module_free(&root);
}

/* ---- recompute --------------------------------------------------------------------------------------------------- */

typedef struct {
    module *linear, *norm;
    int calls;
    bool fails;
} part;

static tensor *part_forward(void *self, tensor *x)
{
    part *p = self;
    if (p->calls++ && p->fails) return t_add(x, NULL);
    return t_dropout(t_relu(nn_batch_norm_forward(p->norm, nn_linear_forward(p->linear, x))), 0.5);
}

/* Gradients of the part's parameters and of its input, side by side. */
static tensor *gradients_of(part *p, module *root, bool again, bool cast)
{
    const uint64_t keys[] = {3, 4, 5, 6};
    tensor *x = t_require_grad(t_scale(t_reshape(t_cast(t_arange(12), T_F32), SHAPE(4, 3)), 0.3));
    module_zero_grad(root);
    dropout_begin(keys, COUNT(keys));
    batch_norm_begin(1);
    if (cast) autocast_begin(T_BF16);
    tensor *y = again ? t_recompute(part_forward, p, x) : part_forward(p, x);
    if (cast) autocast_end();
    tensor *after = t_dropout(y, 0.5); /* the masks that come later are not moved */
    batch_norm_end();
    dropout_end();
    ASSERT_OK(t_backward(t_sum_all(t_mul(after, after))));
    tensor *all[] = {t_reshape(t_grad(x), SHAPE(-1)), t_reshape(t_grad(module_parameter_at(root, 0)), SHAPE(-1)),
                     t_clone(t_grad(module_find(p->norm, "weight"))),
                     t_clone(t_grad(module_find(p->norm, "running_mean")))};
    return t_cat(all, (int)COUNT(all), 0);
}

static void same_gradients(bool cast)
{
    module *root = module_new();
    t_seed(5);
    part p = {.linear = nn_linear(root, "linear", 3, 4, true, (t_init){INIT_NORMAL, 0.5})};
    p.norm = nn_batch_norm(root, "bn", 4, EPS);
    tensor *kept = gradients_of(&p, root, false, cast);
    assert_int_equal(p.calls, 1);
    tensor *again = gradients_of(&p, root, true, cast);
    assert_int_equal(p.calls, 3);
    assert_true(same_bytes(kept, again));
    assert_true(element(kept, 0) != 0);
    module_free(&root);
}

static void a_part_computed_again_has_the_same_gradients(void **state)
{
    (void)state;
    same_gradients(false);
}

static void so_it_has_where_autocast_rounds(void **state)
{
    (void)state;
    same_gradients(true);
}

/* Weights that were cast unrecorded are cast anew for whoever records. */
static void weights_that_are_used_again_have_all_of_their_gradient(void **state)
{
    (void)state;
    double sizes[2] = {0};
    for (int again = 0; again < 2; again++) {
        module *root = module_new();
        t_seed(5);
        part p = {.linear = nn_linear(root, "linear", 3, 4, true, (t_init){INIT_NORMAL, 0.5})};
        p.norm = nn_batch_norm(root, "bn", 4, EPS);
        tensor *x = t_require_grad(t_scale(t_reshape(t_cast(t_arange(12), T_F32), SHAPE(4, 3)), 0.3));
        autocast_begin(T_BF16);
        tensor *first = again ? t_recompute(part_forward, &p, x) : part_forward(&p, x);
        tensor *y = t_add(t_scale(first, 1e-3), nn_linear_forward(p.linear, x));
        autocast_end();
        ASSERT_OK(t_backward(t_sum_all(t_mul(y, y))));
        ASSERT_OK(t_item_f64(t_sum_all(t_pow(t_grad(module_parameter_at(root, 0)), 2)), &sizes[again]));
        module_free(&root);
    }
    assert_true(sizes[0] > 0 && fabs(sizes[1] / sizes[0] - 1) < 0.02);
}

static void a_failure_while_computing_again_comes_out(void **state)
{
    (void)state;
    module *root = module_new();
    part p = {.linear = nn_linear(root, "linear", 3, 4, true, (t_init){INIT_NORMAL, 0.5}), .fails = true};
    p.norm = nn_batch_norm(root, "bn", 4, EPS);
    tensor *y = t_recompute(part_forward, &p, t_full(T_F32, SHAPE(4, 3), 1));
    assert_int_equal(t_backward(t_sum_all(y)), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "t_add"));
    fail_clear();
    module_free(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(running_statistics_move_by_the_mean_over_slices),
        IN_SCOPE(outside_of_training_the_running_ones_are_used),
        IN_SCOPE(a_frozen_norm_keeps_its_statistics),
        IN_SCOPE(one_value_a_channel_is_refused),
        IN_SCOPE(buffers_are_listed_and_not_trained),
        IN_SCOPE(a_part_computed_again_has_the_same_gradients),
        IN_SCOPE(so_it_has_where_autocast_rounds),
        IN_SCOPE(weights_that_are_used_again_have_all_of_their_gradient),
        IN_SCOPE(a_failure_while_computing_again_comes_out),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
