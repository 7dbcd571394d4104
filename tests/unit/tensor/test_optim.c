/* Optimisers: options, state and resuming, frozen parameters, clipping. Their arithmetic is the golden tests' business.
 */
#include "base/file.h"
#include "fixture.h"
#include "tensor/image.h"

#include <unistd.h>

static const t_init NORMAL = {INIT_NORMAL, 0.5};
static const adamw_options ADAMW = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .weight_decay = 0.1};
static const sgd_options SGD = {.lr = 0.1, .momentum = 0.9, .nesterov = true};
static char folder[] = "/tmp/magister-optim-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
    if (start_tensors(state) || !mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/state.safetensors", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return directory_remove(folder) == OK ? 0 : -1;
}

static module *network_new(void)
{
    t_seed(9);
    module *root = module_new();
    nn_embedding(root, "embedding", 12, 4, NORMAL);
    nn_linear(root, "linear", 4, 3, true, NORMAL);
    return root;
}

/* The i-th of some steps, each with a batch of its own. */
static void take_step(module *root, optim *opt, int i)
{
    scope *sc = scope_open();
    tensor *ids = t_from_i64((int64_t[]){i % 12, (i * 5 + 1) % 12}, SHAPE(2)),
           *labels = t_from_i64((int64_t[]){0, 2}, SHAPE(2));
    tensor *x = t_embedding(module_parameter_at(root, 0), ids);
    tensor *z = t_linear(x, module_parameter_at(root, 1), module_parameter_at(root, 2));
    module_zero_grad(root);
    ASSERT_OK(t_backward(t_cross_entropy(z, labels, NULL, 0, T_MEAN)));
    ASSERT_OK(optim_step(opt));
    scope_close(&sc);
}

static void assert_same_parameters(const module *a, const module *b)
{
    for (size_t i = 0; i < module_parameter_count(a); i++)
        assert_true(same_bytes(module_parameter_at(a, i), module_parameter_at(b, i)));
}

static status make_adamw(module *m, optim **out)
{
    return optim_adamw(m, &ADAMW, out);
}

static status make_sgd(module *m, optim **out)
{
    return optim_sgd(m, &SGD, out);
}

static status save(const optim *o)
{
    file_image image = {0};
    status st = optim_image(o, path, &image);
    if (st == OK) st = file_write(path, image.at, image.count);
    file_image_free(&image);
    return st;
}

static status load(optim *o)
{
    tensor_file *file = NULL;
    status st = tensor_file_open(path, &file);
    if (st == OK) st = optim_load(o, file);
    tensor_file_close(&file);
    return st;
}

static void resuming_is_bitwise(status (*make)(module *, optim **))
{
    char weights[64];
    snprintf(weights, sizeof weights, "%s/weights.safetensors", folder);
    module *through = network_new(), *resumed = network_new();
    optim *a = NULL, *b = NULL;
    ASSERT_OK(make(through, &a));
    ASSERT_OK(make(resumed, &b));
    for (int i = 0; i < 3; i++) take_step(through, a, i);
    ASSERT_OK(module_save(through, weights, NULL));
    ASSERT_OK(save(a));
    ASSERT_OK(module_load(resumed, weights));
    ASSERT_OK(load(b));
    for (int i = 3; i < 6; i++) take_step(through, a, i);
    for (int i = 3; i < 6; i++) take_step(resumed, b, i);
    assert_same_parameters(through, resumed);
    optim_free(&a);
    optim_free(&b);
    module_free(&through);
    module_free(&resumed);
}

static void adamw_resumes_bitwise(void **state)
{
    (void)state;
    resuming_is_bitwise(make_adamw);
}

static void sgd_resumes_bitwise(void **state)
{
    (void)state;
    resuming_is_bitwise(make_sgd);
}

static void state_of_another_kind_or_module_is_refused(void **state)
{
    (void)state;
    module *root = network_new(), *other = module_new();
    optim *adamw = NULL, *sgd = NULL, *smaller = NULL;
    nn_linear(other, "linear", 4, 3, true, NORMAL);
    ASSERT_OK(make_adamw(root, &adamw));
    ASSERT_OK(make_sgd(root, &sgd));
    ASSERT_OK(make_adamw(other, &smaller));
    ASSERT_OK(save(adamw));
    assert_int_equal(load(sgd), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "'adamw'"));
    fail_clear();
    assert_int_equal(load(smaller), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "exp_avg.embedding.weight"));
    fail_clear();
    ASSERT_OK(save(smaller));
    assert_int_equal(load(adamw), ERR_INPUT);
    optim_free(&adamw);
    optim_free(&sgd);
    optim_free(&smaller);
    module_free(&root);
    module_free(&other);
}

static void wrong_options_are_a_wrong_recipe(void **state)
{
    (void)state;
    module *root = network_new();
    optim *opt = NULL;
    const adamw_options adamw[] = {
        {.lr = NAN, .beta1 = 0.9, .beta2 = 0.9}, {.lr = -1, .beta1 = 0.9, .beta2 = 0.9},
        {.lr = 1, .beta1 = 1, .beta2 = 0.9},     {.lr = 1, .beta1 = 0.9, .beta2 = -0.1},
        {.lr = 1, .beta1 = 0.9, .beta2 = NAN},   {.lr = 1, .beta1 = 0.9, .beta2 = 0.9, .eps = -1},
        {.lr = 1, .weight_decay = INFINITY},
    };
    const sgd_options sgd[] = {
        {.lr = -1}, {.lr = 1, .momentum = -1}, {.lr = 1, .nesterov = true}, {.lr = 1, .weight_decay = NAN}};
    for (size_t i = 0; i < COUNT(adamw); i++) {
        assert_int_equal(optim_adamw(root, &adamw[i], &opt), ERR_CONFIG);
        fail_clear();
    }
    for (size_t i = 0; i < COUNT(sgd); i++) {
        assert_int_equal(optim_sgd(root, &sgd[i], &opt), ERR_CONFIG);
        fail_clear();
    }
    assert_null(opt);
    assert_int_equal(optim_step(NULL), ERR_INTERNAL);
    module_free(&root);
}

static void frozen_parameters_do_not_move(void **state)
{
    (void)state;
    module *root = network_new(), *twin = network_new();
    optim *opt = NULL;
    ASSERT_OK(make_adamw(root, &opt));
    module_freeze(root);
    ASSERT_OK(optim_step(opt)); /* weight decay neither */
    assert_same_parameters(root, twin);
    optim_free(&opt);
    ASSERT_OK(make_adamw(root, &opt));
    ASSERT_OK(optim_step(opt));
    assert_same_parameters(root, twin);
    optim_free(&opt);
    module_free(&root);
    module_free(&twin);
}

static void parameters_a_step_did_not_reach_decay_all_the_same(void **state)
{
    (void)state;
    module *root = network_new(), *twin = network_new();
    optim *opt = NULL;
    ASSERT_OK(make_adamw(root, &opt));
    ASSERT_OK(optim_step(opt));
    double before = element(module_parameter_at(twin, 1), 0), after = element(module_parameter_at(root, 1), 0);
    assert_true(fabs(after / before - (1 - 0.01 * 0.1)) < 1e-6);
    assert_true(same_bytes(module_parameter_at(root, 2), module_parameter_at(twin, 2))); /* a bias is not decayed */
    optim_free(&opt);
    module_free(&root);
    module_free(&twin);
}

static void clipping_scales_down_and_never_up(void **state)
{
    (void)state;
    double norm = 0;
    module *root = module_new();
    module_parameter(root, "a", SHAPE(2), NORMAL);
    module_parameter(root, "b", SHAPE(1), NORMAL);
    float *a = module_grad_data(root, 0), *b = module_grad_data(root, 1);
    a[0] = 2, a[1] = 3, b[0] = 6;
    ASSERT_OK(grad_clip(root, 7.5, &norm));
    assert_true(fabs(norm - 7) < 1e-6 && b[0] == 6);
    ASSERT_OK(grad_clip(root, 3.5, NULL));
    assert_true(fabs((double)a[1] - 1.5) < 1e-6 && fabs((double)b[0] - 3) < 1e-6);
    b[0] = NAN;
    ASSERT_OK(grad_clip(root, 1, &norm));
    assert_true(isnan(norm) && fabs((double)a[1] - 1.5) < 1e-6);
    module_free(&root);
    root = module_new();
    ASSERT_OK(grad_clip(root, 1, &norm));
    assert_true(norm == 0);
    module_free(&root);
}

static void sparse_rows_are_clipped_as_dense_ones(void **state)
{
    (void)state;
    double norm = 0;
    module *root = module_new();
    nn_embedding(root, "e", 9, 2, NORMAL);
    tensor *x = t_embedding(module_parameter_at(root, 0), t_from_i64((int64_t[]){7, 2, 7}, SHAPE(3)));
    ASSERT_OK(t_backward(t_sum_all(x)));
    ASSERT_OK(grad_clip(root, 1, &norm));
    const float *gradient = module_grad_data(root, 0);
    assert_true(fabs(norm - sqrt(10)) < 1e-6);
    assert_true(fabs(gradient[7 * 2] - 2 / sqrt(10)) < 1e-6 && fabs(gradient[2 * 2 + 1] - 1 / sqrt(10)) < 1e-6);
    module_free(&root);
}

/* Large enough for libtorch to share the work among its threads. */
static void train_large(module *root)
{
    enum { BATCH = 32, LENGTH = 24, WIDTH = 64, ROWS = 500 };
    int64_t ids[BATCH * LENGTH];
    for (int i = 0; i < BATCH * LENGTH; i++) ids[i] = i * 31 % ROWS;
    module *embedding = nn_embedding(root, "e", ROWS, WIDTH, NORMAL);
    module *attention = nn_attention(root, "a", WIDTH, 4, NORMAL), *norm = nn_layer_norm(root, "n", WIDTH, 1e-5);
    optim *opt = NULL;
    ASSERT_OK(make_adamw(root, &opt));
    for (int step = 0; step < 3; step++) {
        scope *sc = scope_open();
        tensor *at = t_from_i64(ids, SHAPE(BATCH, LENGTH));
        tensor *x = nn_attention_forward(attention, nn_embedding_forward(embedding, at), NULL, false, 0);
        tensor *z = t_matmul(t_reshape(nn_layer_norm_forward(norm, x), SHAPE(-1, WIDTH)),
                             t_transpose(module_parameter_at(root, 0), 0, 1));
        module_zero_grad(root);
        ASSERT_OK(t_backward(t_cross_entropy(z, t_reshape(at, SHAPE(-1)), NULL, 0, T_MEAN)));
        ASSERT_OK(grad_clip(root, 1, NULL));
        ASSERT_OK(optim_step(opt));
        scope_close(&sc);
    }
    optim_free(&opt);
}

static void two_threads_repeat_bitwise(void **state)
{
    module *root[2];
    ASSERT_OK(t_start(&(t_options){.device = "cpu", .threads = 2, .deterministic = true}));
    for (int i = 0; i < 2; i++) {
        t_seed(4);
        root[i] = module_new();
        train_large(root[i]);
    }
    assert_int_equal(start_tensors(state), 0);
    assert_same_parameters(root[0], root[1]);
    module_free(&root[0]);
    module_free(&root[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(adamw_resumes_bitwise),
        IN_SCOPE(sgd_resumes_bitwise),
        IN_SCOPE(state_of_another_kind_or_module_is_refused),
        IN_SCOPE(wrong_options_are_a_wrong_recipe),
        IN_SCOPE(frozen_parameters_do_not_move),
        IN_SCOPE(parameters_a_step_did_not_reach_decay_all_the_same),
        IN_SCOPE(clipping_scales_down_and_never_up),
        IN_SCOPE(sparse_rows_are_clipped_as_dense_ones),
        IN_SCOPE(two_threads_repeat_bitwise),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
