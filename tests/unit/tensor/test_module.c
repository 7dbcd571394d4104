/* Modules: names and order, draws, gradient buffers, sparse rows, freezing. */
#include "fixture.h"

static const t_init NORMAL = {INIT_NORMAL, 0.5}, ONES = {INIT_ONES, 0}, ZEROS = {INIT_ZEROS, 0};

static void names_join_with_dots_in_order_of_creation(void **state)
{
    (void)state;
    module *root = module_new(), *encoder = module_child(root, "encoder"), *layer = module_child(encoder, "layer.0");
    module_parameter(root, "first", SHAPE(2), ZEROS);
    nn_linear(layer, "dense", 3, 4, true, NORMAL);
    module_parameter(root, "last", SHAPE(2, 2), ZEROS);
    const char *names[] = {"first", "encoder.layer.0.dense.weight", "encoder.layer.0.dense.bias", "last"};
    assert_int_equal(module_parameter_count(root), COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(module_parameter_name(root, i), names[i]);
        assert_ptr_equal(module_find(root, names[i]), module_parameter_at(root, i));
    }
    assert_string_equal(module_parameter_name(encoder, 1), "layer.0.dense.bias");
    assert_int_equal(module_parameter_count(layer), 2);
    assert_int_equal(module_element_count(root), 2 + 12 + 4 + 4);
    assert_null(module_find(root, "encoder"));
    assert_null(module_parameter_at(root, 4));
    assert_null(module_parameter_name(root, 4));
    ASSERT_OK(t_check(module_find(root, "last")));
    module_free(&root);
    assert_null(root);
    module_free(&root);
    assert_int_equal(t_live_count(), 0);
}

static void two_of_one_name_are_refused(void **state)
{
    (void)state;
    module *root = module_new(), *child = module_child(root, "a");
    module_parameter(child, "b", SHAPE(1), ZEROS);
    assert_null(module_child(root, "a"));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    fail_clear();
    assert_null(module_parameter(child, "b", SHAPE(1), ZEROS));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    fail_clear();
    assert_null(module_parameter(root, "a.b", SHAPE(1), ZEROS));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_int_equal(module_parameter_count(root), 1);
    module_free(&child); /* a child goes with its root */
    assert_int_equal(module_parameter_count(root), 1);
    module_free(&root);
}

static void a_layer_that_cannot_be_made_fails(void **state)
{
    (void)state;
    module *root = module_new();
    tensor *x = t_zeros(T_F32, SHAPE(2, 3, 8));
#define NOT_MADE(CALL) (assert_null(CALL), assert_int_equal(t_check(NULL), ERR_INTERNAL), fail_clear())
    NOT_MADE(nn_attention(root, "three", 8, 3, NORMAL));
    NOT_MADE(nn_attention(root, "none", 8, 0, NORMAL));
    NOT_MADE(nn_linear(root, "negative", -1, 2, true, NORMAL));
    NOT_MADE(nn_linear(NULL, "orphan", 1, 2, true, NORMAL));
    NOT_MADE(module_child(NULL, "orphan"));
    NOT_MADE(nn_linear_forward(NULL, x));
    NOT_MADE(nn_linear_forward(nn_layer_norm(root, "norm", 8, 1e-5), x));
    NOT_MADE(nn_embedding_forward(root, x));
    module *attention = nn_attention(root, "attention", 8, 2, NORMAL);
    NOT_MADE(nn_attention_forward(attention, x, NULL, false, 4));
    NOT_MADE(nn_attention_forward(attention, x, NULL, false, -1));
    NOT_MADE(nn_attention_forward(attention, t_zeros(T_F32, SHAPE(3, 8)), NULL, false, 0));
    ASSERT_OK(t_check(nn_attention_forward(attention, x, NULL, false, 3)));
    module_free(&root);
}

static void draws_are_as_asked_and_repeat(void **state)
{
    (void)state;
    enum { N = 40000 };
    static float at[N];
    const t_init uniform = {INIT_UNIFORM, 0.25};
    module *root[2];
    for (int i = 0; i < 2; i++) {
        root[i] = module_new();
        t_seed(7);
        module_parameter(root[i], "normal", SHAPE(N), NORMAL);
        module_parameter(root[i], "uniform", SHAPE(N), uniform);
    }
    for (size_t i = 0; i < 2; i++)
        assert_true(same_bytes(module_parameter_at(root[0], i), module_parameter_at(root[1], i)));
    const double deviation[] = {0.5, 0.25 / sqrt(3)};
    for (size_t i = 0; i < 2; i++) {
        double sum = 0, squares = 0;
        ASSERT_OK(t_to_f32(module_parameter_at(root[0], i), at, N));
        for (size_t e = 0; e < N; e++) sum += at[e], squares += at[e] * at[e];
        assert_true(fabs(sum / N) < 5 * deviation[i] / sqrt(N));
        assert_true(fabs(sqrt(squares / N) / deviation[i] - 1) < 0.02);
    }
    module_free(&root[0]);
    module_free(&root[1]);
}

/* ---- gradients --------------------------------------------------------------------------------------------------- */

static void gradients_are_there_from_the_start_and_stay_where_they_are(void **state)
{
    (void)state;
    module *root = module_new();
    tensor *w = module_parameter(root, "w", SHAPE(3), ONES);
    float *gradient = module_grad_data(root, 0);
    assert_non_null(gradient);
    assert_true(gradient[0] == 0 && gradient[2] == 0);
    for (int i = 1; i <= 2; i++) {
        ASSERT_OK(t_backward(t_sum_all(t_scale(w, 2))));
        assert_true(gradient[1] == 2.0f * (float)i);
    }
    module_zero_grad(root);
    assert_ptr_equal(module_grad_data(root, 0), gradient);
    assert_true(gradient[1] == 0);
    module_free(&root);
}

static void gradients_lie_in_borrowed_storage(void **state)
{
    (void)state;
    static float bucket[8];
    module *root = module_new(), *linear = nn_linear(root, "l", 3, 2, true, ONES);
    memset(bucket, 0, sizeof bucket);
    module_grad_data(root, 1)[0] = 5; /* what is there moves along */
    ASSERT_OK(module_set_grad_storage(root, 0, bucket));
    ASSERT_OK(module_set_grad_storage(root, 1, bucket + 6));
    assert_true(bucket[6] == 5);
    ASSERT_OK(t_backward(t_sum_all(nn_linear_forward(linear, t_full(T_F32, SHAPE(4, 3), 1)))));
    assert_true(bucket[0] == 4 && bucket[5] == 4 && bucket[6] == 9 && bucket[7] == 4);
    module_zero_grad(root);
    for (size_t i = 0; i < COUNT(bucket); i++) assert_true(bucket[i] == 0);
    bucket[7] = 3;
    ASSERT_OK(module_set_grad_storage(root, 1, NULL)); /* own memory again */
    assert_true(module_grad_data(root, 1)[1] == 3);
    assert_ptr_not_equal(module_grad_data(root, 1), bucket + 6);
    assert_int_equal(module_set_grad_storage(root, 2, bucket), ERR_INTERNAL);
    module_free(&root);
}

static void joined_gradients_lie_side_by_side(void **state)
{
    (void)state;
    float *all = NULL;
    size_t count = 0;
    module *root = module_new(), *linear = nn_linear(root, "l", 3, 2, true, ONES);
    module_grad_data(root, 1)[0] = 5; /* what is there moves along */
    ASSERT_OK(module_join_grads(root, &all, &count));
    assert_int_equal(count, 32);
    assert_true((uintptr_t)all % 64 == 0);
    assert_ptr_equal(module_grad_data(root, 0), all);
    assert_ptr_equal(module_grad_data(root, 1), all + 16);
    assert_true(all[16] == 5);
    ASSERT_OK(t_backward(t_sum_all(nn_linear_forward(linear, t_full(T_F32, SHAPE(4, 3), 1)))));
    assert_true(all[0] == 4 && all[5] == 4 && all[6] == 0 && all[16] == 9 && all[17] == 4);
    module_zero_grad(root);
    for (size_t i = 0; i < count; i++) assert_true(all[i] == 0);
    module_free(&root);
}

static void frozen_modules_collect_nothing(void **state)
{
    (void)state;
    module *root = module_new(), *linear = nn_linear(root, "l", 2, 2, true, ONES);
    tensor *x = t_require_grad(t_full(T_F32, SHAPE(1, 2), 1));
    nn_embedding(root, "e", 3, 2, ONES);
    module_freeze(root);
    ASSERT_OK(t_backward(t_sum_all(nn_linear_forward(linear, x))));
    assert_true(element(t_grad(x), 0) == 2);
    assert_null(t_grad(module_parameter_at(root, 0)));
    assert_null(module_grad_data(root, 0));
    assert_false(module_is_sparse(root, 2));
    module_zero_grad(root);
    ASSERT_OK(t_check(x));
    module_free(&root);
}

/* ---- sparse rows ------------------------------------------------------------------------------------------------- */

static void assert_rows(const module *m, size_t i, const int64_t *wanted, size_t count)
{
    const int64_t *rows = NULL;
    assert_int_equal(module_touched_rows(m, i, &rows), count);
    if (count) assert_memory_equal(rows, wanted, count * sizeof *rows);
}

static tensor *look_up(module *embedding, const int64_t *ids, int64_t count)
{
    return nn_embedding_forward(embedding, t_from_i64(ids, SHAPE(count)));
}

static void touched_rows_are_told_sorted_and_once(void **state)
{
    (void)state;
    module *root = module_new(), *embedding = nn_embedding(root, "e", 100, 3, NORMAL);
    assert_true(module_is_sparse(root, 0));
    assert_rows(root, 0, NULL, 0);
    tensor *x = look_up(embedding, (int64_t[]){70, 5, 70, 9}, 4);
    assert_rows(root, 0, NULL, 0); /* the forward touches nothing */
    ASSERT_OK(t_backward(t_sum_all(x)));
    assert_rows(root, 0, (int64_t[]){5, 9, 70}, 3);
    ASSERT_OK(t_backward(t_sum_all(look_up(embedding, (int64_t[]){99, 0, 5}, 3))));
    assert_rows(root, 0, (int64_t[]){0, 5, 9, 70, 99}, 5);
    const float *gradient = module_grad_data(root, 0);
    assert_true(gradient[5 * 3] == 2 && gradient[9 * 3 + 2] == 1 && gradient[70 * 3] == 2 && gradient[6 * 3] == 0);
    module_zero_grad(root);
    assert_rows(root, 0, NULL, 0);
    for (size_t i = 0; i < 300; i++) assert_true(gradient[i] == 0);
    module_free(&root);
}

static void rows_from_other_ranks_are_zeroed_too(void **state)
{
    (void)state;
    module *root = module_new(), *embedding = nn_embedding(root, "e", 10, 2, NORMAL);
    ASSERT_OK(t_backward(t_sum_all(look_up(embedding, (int64_t[]){4}, 1))));
    ASSERT_OK(module_touch_rows(root, 0, (int64_t[]){7, 4, 2}, 3));
    module_grad_data(root, 0)[2 * 2] = 8;
    assert_rows(root, 0, (int64_t[]){2, 4, 7}, 3);
    double norm = 0;
    ASSERT_OK(grad_clip(root, 1e9, &norm));
    assert_true(fabs(norm - sqrt(64 + 2)) < 1e-5);
    module_zero_grad(root);
    assert_true(module_grad_data(root, 0)[2 * 2] == 0);
    assert_int_equal(module_touch_rows(root, 0, (int64_t[]){10}, 1), ERR_INTERNAL);
    fail_clear();
    assert_int_equal(module_touch_rows(root, 0, (int64_t[]){-1}, 1), ERR_INTERNAL);
    fail_clear();
    assert_int_equal(module_touch_rows(root, 1, (int64_t[]){0}, 1), ERR_INTERNAL);
    module_free(&root);
}

/* The weights of a tied output layer get a dense gradient as well: then every row counts. */
static void tied_weights_touch_every_row(void **state)
{
    (void)state;
    enum { ROWS = 6, COLUMNS = 3 };
    module *root = module_new(), *embedding = nn_embedding(root, "e", ROWS, COLUMNS, NORMAL);
    tensor *w = module_parameter_at(root, 0), *twin = t_require_grad(t_clone(t_detach(w)));
    tensor *ids = t_from_i64((int64_t[]){1, 4, 1}, SHAPE(3));
    for (int step = 0; step < 2; step++) {
        const int64_t *rows = NULL;
        ASSERT_OK(t_backward(t_sum_all(t_tanh(t_linear(nn_embedding_forward(embedding, ids), w, NULL)))));
        ASSERT_OK(t_backward(t_sum_all(t_tanh(t_linear(t_embedding(twin, ids), twin, NULL)))));
        assert_int_equal(module_touched_rows(root, 0, &rows), ROWS);
        for (int64_t i = 0; i < ROWS; i++) assert_int_equal(rows[i], i);
    }
    for (int64_t i = 0; i < ROWS * COLUMNS; i++)
        assert_true(fabs(element(t_grad(w), i) - element(t_grad(twin), i)) < 1e-5);
    module_zero_grad(root);
    assert_rows(root, 0, NULL, 0);
    assert_true(element(t_sum_all(t_mul(t_grad(w), t_grad(w))), 0) == 0);
    module_free(&root);
}

static void sparse_and_dense_gradients_are_the_same(void **state)
{
    (void)state;
    enum { ROWS = 50, COLUMNS = 7, IDS = 200 };
    int64_t ids[IDS];
    t_seed(5);
    module *root = module_new(), *embedding = nn_embedding(root, "e", ROWS, COLUMNS, NORMAL);
    tensor *w = module_parameter_at(root, 0), *twin = t_require_grad(t_clone(t_detach(w)));
    for (size_t i = 0; i < IDS; i++) ids[i] = (int64_t)(i * i % ROWS);
    tensor *at = t_from_i64(ids, SHAPE(10, IDS / 10)), *cotangent = t_randn(SHAPE(10, IDS / 10, COLUMNS));
    ASSERT_OK(t_backward(t_sum_all(t_mul(nn_embedding_forward(embedding, at), cotangent))));
    ASSERT_OK(t_backward(t_sum_all(t_mul(t_embedding(twin, at), cotangent))));
    assert_true(same_bytes(t_grad(w), t_grad(twin)));
    autocast_begin(T_BF16);
    tensor *cast = t_matmul(nn_embedding_forward(embedding, at), t_full(T_F32, SHAPE(COLUMNS, 1), 1));
    autocast_end();
    ASSERT_OK(t_backward(t_sum_all(cast)));
    grad_pause();
    tensor *unrecorded = nn_embedding_forward(embedding, at);
    grad_resume();
    assert_int_equal(t_backward(t_sum_all(unrecorded)), ERR_INTERNAL);
    module_free(&root);
}

static void only_a_matrix_of_parameters_is_sparse(void **state)
{
    (void)state;
    const int64_t *rows = NULL;
    module *root = module_new();
    tensor *bias = module_parameter(root, "bias", SHAPE(3), ZEROS);
    module_mark_sparse(root, bias);
    assert_int_equal(t_check(bias), ERR_INTERNAL);
    fail_clear();
    module_mark_sparse(root, t_zeros(T_F32, SHAPE(2, 2)));
    assert_int_equal(t_check(bias), ERR_INTERNAL);
    assert_false(module_is_sparse(root, 0));
    assert_false(module_is_sparse(root, 9));
    assert_int_equal(module_touched_rows(root, 0, &rows), 0);
    module_free(&root);
}

/* ---- float64 ----------------------------------------------------------------------------------------------------- */

static module *network_of(t_type type)
{
    t_seed(11);
    module *root = module_new_of(type), *inner = module_child(root, "inner");
    nn_embedding(inner, "embedding", 9, 8, NORMAL);
    nn_transformer_encoder(inner, "network", 1, 8, 2, 16);
    module_draw(module_find(root, "inner.network.layers.0.norm1.bias"), NORMAL);
    return root;
}

static tensor *network_loss(module *root)
{
    tensor *x = t_embedding(module_find(root, "inner.embedding.weight"), t_from_i64((int64_t[]){3, 8, 3}, SHAPE(1, 3)));
    tensor *weight = module_find(root, "inner.network.layers.0.linear1.weight"); /* (16, 8) */
    x = t_layer_norm(x, module_find(root, "inner.network.layers.0.norm1.weight"),
                     module_find(root, "inner.network.layers.0.norm1.bias"), 1e-5);
    return t_mean_all(t_pow(t_linear(x, weight, NULL), 2));
}

/* |a - b| / |b|, L2, of anything. */
static double apart(tensor *a, tensor *b)
{
    double difference = NAN, size = NAN;
    a = t_cast(a, T_F64), b = t_cast(b, T_F64);
    ASSERT_OK(t_item_f64(t_sum_all(t_pow(t_sub(a, b), 2)), &difference));
    ASSERT_OK(t_item_f64(t_sum_all(t_pow(b, 2)), &size));
    return sqrt(difference) / fmax(sqrt(size), 1e-30);
}

static void float64_begins_with_the_numbers_of_float32(void **state)
{
    (void)state;
    module *one = network_of(T_F32), *two = network_of(T_F64);
    assert_int_equal(module_parameter_count(two), module_parameter_count(one));
    for (size_t i = 0; i < module_parameter_count(one); i++) {
        tensor *x = module_parameter_at(one, i), *y = module_parameter_at(two, i);
        assert_int_equal(t_type_of(x), T_F32);
        assert_int_equal(t_type_of(y), T_F64);
        assert_int_equal(t_type_of(t_grad(y)), T_F64);
        assert_true(same_bytes(t_cast(x, T_F64), y));
    }
    module_free(&one);
    module_free(&two);
}

static void float64_learns_as_float32_does(void **state)
{
    (void)state;
    const adamw_options adam = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-3, .coupled = true};
    const t_type types[] = {T_F32, T_F64};
    module *networks[2];
    for (int n = 0; n < 2; n++) {
        optim *opt = NULL;
        networks[n] = network_of(types[n]);
        ASSERT_OK(optim_adamw(networks[n], &adam, &opt));
        for (int step = 0; step < 3; step++) {
            module_zero_grad(networks[n]);
            ASSERT_OK(t_backward(network_loss(networks[n])));
            ASSERT_OK(grad_clip(networks[n], 0.01, NULL));
            ASSERT_OK(optim_step(opt));
        }
        optim_free(&opt);
    }
    for (size_t i = 0; i < module_parameter_count(networks[0]); i++) {
        tensor *x = module_parameter_at(networks[0], i), *y = module_parameter_at(networks[1], i);
        assert_true(apart(x, y) < 1e-5);
    }
    const int64_t *rows = NULL; /* which rows were used is not kept: all */
    assert_int_equal(module_touched_rows(networks[1], 0, &rows), 9);
    module_zero_grad(networks[1]);
    for (size_t i = 0; i < module_parameter_count(networks[1]); i++)
        assert_true(element(t_sum_all(t_pow(t_grad(module_parameter_at(networks[1], i)), 2)), 0) == 0);
    module_free(&networks[0]);
    module_free(&networks[1]);
}

static void float64_hands_out_no_floats(void **state)
{
    (void)state;
    float bucket[8], *all = NULL;
    size_t count = 0;
    module *root = module_new_of(T_F64);
    module_parameter(root, "w", SHAPE(8), ONES);
    assert_null(module_grad_data(root, 0));
    assert_int_equal(module_set_grad_storage(root, 0, bucket), ERR_INTERNAL);
    fail_clear();
    assert_int_equal(module_join_grads(root, &all, &count), ERR_INTERNAL);
    fail_clear();
    assert_null(module_new_of(T_F16));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    module_free(&root);
}

/* ---- transformers ------------------------------------------------------------------------------------------------ */

static double largest(tensor *x)
{
    double value = NAN;
    tensor *flat = t_reshape(x, SHAPE(-1));
    ASSERT_OK(t_item_f64(t_max(t_sqrt(t_mul(flat, flat)), 0), &value));
    return value;
}

static void transformers_begin_as_pytorchs(void **state)
{
    (void)state;
    enum { WIDTH = 64, HIDDEN = 128 };
    const struct {
        const char *name;
        double most; /* uniform within it; 0: zero; 1: one */
    } parameters[] = {
        {"self_attn.in_proj_weight", sqrt(6.0 / (4 * WIDTH))},
        {"self_attn.in_proj_bias", 0},
        {"self_attn.out_proj.weight", 1 / sqrt(WIDTH)},
        {"self_attn.out_proj.bias", 0},
        {"linear1.weight", 1 / sqrt(WIDTH)},
        {"linear1.bias", 1 / sqrt(WIDTH)},
        {"linear2.weight", 1 / sqrt(HIDDEN)},
        {"linear2.bias", 1 / sqrt(HIDDEN)},
        {"norm1.weight", 1},
        {"norm1.bias", 0},
        {"norm2.weight", 1},
        {"norm2.bias", 0},
    };
    t_seed(4);
    module *root = module_new();
    nn_transformer_encoder(root, "network", 2, WIDTH, 4, HIDDEN);
    assert_int_equal(module_parameter_count(root), 2 * COUNT(parameters));
    for (size_t i = 0; i < 2 * COUNT(parameters); i++) {
        char name[96];
        double most = parameters[i % COUNT(parameters)].most;
        snprintf(name, sizeof name, "network.layers.%zu.%s", i / COUNT(parameters),
                 parameters[i % COUNT(parameters)].name);
        assert_string_equal(module_parameter_name(root, i), name);
        double found = largest(module_parameter_at(root, i));
        assert_true(found <= most + 1e-7 && found >= 0.9 * most);
    }
    module_free(&root);
}

/* A batch of sequences of different lengths gives each what it gets alone. */
static void masked_places_change_nothing(void **state)
{
    (void)state;
    enum { WIDTH = 16, LENGTH = 5, SHORT = 2 };
    t_seed(6);
    module *root = module_new_of(T_F64), *encoder = nn_transformer_encoder(root, "network", 2, WIDTH, 4, 32);
    tensor *x = t_cast(t_randn(SHAPE(2, LENGTH, WIDTH)), T_F64);
    bool there[2][LENGTH] = {{1, 1}, {1, 1, 1, 1, 1}};
    tensor *mask = t_from_bytes(T_BOOL, there, SHAPE(2, LENGTH));
    tensor *both = nn_transformer_encoder_forward(encoder, x, mask, SHORT); /* (2, SHORT, WIDTH) */
    tensor *alone = nn_transformer_encoder_forward(encoder, t_narrow(t_narrow(x, 0, 0, 1), 1, 0, SHORT), NULL, 0);
    tensor *whole = nn_transformer_encoder_forward(encoder, t_narrow(x, 0, 1, 1), NULL, 0);
    assert_true(apart(t_narrow(both, 0, 0, 1), alone) < 1e-14);
    assert_true(apart(t_narrow(both, 0, 1, 1), t_narrow(whole, 1, 0, SHORT)) < 1e-14);
    ASSERT_OK(t_check(both));

    assert_null(nn_transformer_encoder_forward(encoder, x, t_from_bytes(T_BOOL, there, SHAPE(LENGTH, 2)), 0));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    fail_clear();
    assert_null(nn_transformer_encoder(root, "none", 0, WIDTH, 4, 32));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    fail_clear();
    assert_null(nn_transformer_encoder(root, "heads", 1, WIDTH, 5, 32));
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    module_free(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(names_join_with_dots_in_order_of_creation),
        IN_SCOPE(two_of_one_name_are_refused),
        IN_SCOPE(a_layer_that_cannot_be_made_fails),
        IN_SCOPE(draws_are_as_asked_and_repeat),
        IN_SCOPE(gradients_are_there_from_the_start_and_stay_where_they_are),
        IN_SCOPE(gradients_lie_in_borrowed_storage),
        IN_SCOPE(joined_gradients_lie_side_by_side),
        IN_SCOPE(frozen_modules_collect_nothing),
        IN_SCOPE(touched_rows_are_told_sorted_and_once),
        IN_SCOPE(rows_from_other_ranks_are_zeroed_too),
        IN_SCOPE(tied_weights_touch_every_row),
        IN_SCOPE(sparse_and_dense_gradients_are_the_same),
        IN_SCOPE(only_a_matrix_of_parameters_is_sparse),
        IN_SCOPE(float64_begins_with_the_numbers_of_float32),
        IN_SCOPE(float64_learns_as_float32_does),
        IN_SCOPE(float64_hands_out_no_floats),
        IN_SCOPE(transformers_begin_as_pytorchs),
        IN_SCOPE(masked_places_change_nothing),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
