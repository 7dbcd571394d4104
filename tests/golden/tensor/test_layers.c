/* Every layer against PyTorch: result, gradients of its input and of its parameters. */
#include "golden.h"

enum { WIDTH = 8 };
static const double GRADIENT_TOLERANCE = 5e-6; /* a query's gradient is a difference of nearly equal numbers */
static const t_init ZEROS = {INIT_ZEROS, 0};
static tensor_file *file;

typedef struct {
    const char *name;
    module *(*make)(module *root);
    tensor *(*forward)(module *layer, tensor **x);
} layer_case;

static module *make_linear(module *root)
{
    return nn_linear(root, "layer", 4, 6, true, ZEROS);
}

static module *make_linear_no_bias(module *root)
{
    return nn_linear(root, "layer", 4, 6, false, ZEROS);
}

static module *make_embedding(module *root)
{
    return nn_embedding(root, "layer", 9, 4, ZEROS);
}

static module *make_layer_norm(module *root)
{
    return nn_layer_norm(root, "layer", WIDTH, 1e-12);
}

static module *make_conv2d(module *root)
{
    return nn_conv2d(root, "layer", 6, 8, 3, 2, 1, true, ZEROS);
}

static module *make_conv2d_no_bias(module *root)
{
    return nn_conv2d(root, "layer", 3, 4, 1, 1, 0, false, ZEROS);
}

static module *make_group_norm(module *root)
{
    return nn_group_norm(root, "layer", 2, WIDTH, 1e-5);
}

static module *make_two_heads(module *root)
{
    return nn_attention(root, "layer", WIDTH, 2, ZEROS);
}

static module *make_four_heads(module *root)
{
    return nn_attention(root, "layer", WIDTH, 4, ZEROS);
}

static module *make_conv2d_groups(module *root)
{
    const conv2d_options options = {
        .in = 6, .out = 4, .size = 3, .stride = 2, .padding = 2, .dilation = 2, .groups = 2, .bias = true};
    return nn_conv2d_of(root, "layer", &options);
}

static module *make_batch_norm(module *root)
{
    return nn_batch_norm(root, "layer", 6, 1e-5);
}

static module *make_lstm(module *root)
{
    return nn_lstm(root, "layer", 5, 4, 2, true);
}

static module *make_lstm_forward(module *root)
{
    return nn_lstm(root, "layer", 5, 4, 1, false);
}

static module *make_fused_two_heads(module *root)
{
    return nn_fused_attention(root, "layer", WIDTH, 2, NAMES_TORCH, ZEROS, ZEROS);
}

static module *make_fused_four_heads(module *root)
{
    return nn_fused_attention(root, "layer", WIDTH, 4, NAMES_TORCH, ZEROS, ZEROS);
}

static module *make_transformer_four_heads(module *root)
{
    return nn_transformer_encoder(root, "layer", 2, WIDTH, 4, 12);
}

static module *make_transformer_two_heads(module *root)
{
    return nn_transformer_encoder(root, "layer", 2, WIDTH, 2, 12);
}

static tensor *linear(module *layer, tensor **x)
{
    return nn_linear_forward(layer, x[0]);
}

static tensor *embedding(module *layer, tensor **x)
{
    return nn_embedding_forward(layer, x[0]);
}

static tensor *layer_norm(module *layer, tensor **x)
{
    return nn_layer_norm_forward(layer, x[0]);
}

static tensor *conv2d(module *layer, tensor **x)
{
    return nn_conv2d_forward(layer, x[0]);
}

static tensor *group_norm(module *layer, tensor **x)
{
    return nn_group_norm_forward(layer, x[0]);
}

static tensor *attention(module *layer, tensor **x)
{
    return nn_attention_forward(layer, x[0], x[1], false, 0);
}

static tensor *attention_causal(module *layer, tensor **x)
{
    return nn_attention_forward(layer, x[0], NULL, true, 0);
}

static tensor *attention_first(module *layer, tensor **x)
{
    return nn_attention_forward(layer, x[0], x[1], false, 1);
}

static tensor *attention_first_square(module *layer, tensor **x)
{
    return nn_attention_forward(layer, x[0], x[1], false, 2);
}

static tensor *attention_first_causal(module *layer, tensor **x)
{
    return nn_attention_forward(layer, x[0], NULL, true, 4);
}

static tensor *batch_norm(module *layer, tensor **x)
{
    batch_norm_begin(1);
    tensor *out = nn_batch_norm_forward(layer, x[0]);
    batch_norm_end();
    return out;
}

static tensor *lstm(module *layer, tensor **x)
{
    return nn_lstm_forward(layer, x[0], 0);
}

static tensor *fused_attention(module *layer, tensor **x)
{
    return nn_fused_attention_forward(layer, x[0], 0);
}

static tensor *fused_attention_first(module *layer, tensor **x)
{
    return nn_fused_attention_forward(layer, x[0], 2);
}

static tensor *fused_attention_mask(module *layer, tensor **x)
{
    return nn_fused_attention_masked_forward(layer, x[0], x[1], 1);
}

static tensor *transformer(module *layer, tensor **x)
{
    return nn_transformer_encoder_forward(layer, x[0], NULL, 0);
}

static tensor *transformer_mask(module *layer, tensor **x)
{
    return nn_transformer_encoder_forward(layer, x[0], x[1], 1);
}

static const layer_case CASES[] = {
    {"linear", make_linear, linear},
    {"linear_no_bias", make_linear_no_bias, linear},
    {"embedding", make_embedding, embedding},
    {"layer_norm", make_layer_norm, layer_norm},
    {"conv2d", make_conv2d, conv2d},
    {"conv2d_no_bias", make_conv2d_no_bias, conv2d},
    {"group_norm", make_group_norm, group_norm},
    {"attention", make_two_heads, attention},
    {"attention_mask", make_four_heads, attention},
    {"attention_causal", make_two_heads, attention_causal},
    {"attention_first", make_four_heads, attention_first},
    {"attention_first_square", make_four_heads, attention_first_square},
    {"attention_first_causal", make_four_heads, attention_first_causal},
    {"conv2d_groups", make_conv2d_groups, conv2d},
    {"batch_norm", make_batch_norm, batch_norm},
    {"lstm", make_lstm, lstm},
    {"lstm_forward", make_lstm_forward, lstm},
    {"fused_attention", make_fused_two_heads, fused_attention},
    {"fused_attention_first", make_fused_four_heads, fused_attention_first},
    {"fused_attention_mask", make_fused_two_heads, fused_attention_mask},
    {"transformer", make_transformer_four_heads, transformer},
    {"transformer_mask", make_transformer_two_heads, transformer_mask},
};
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

static void load_parameters(module *layer, const char *of)
{
    for (size_t i = 0; i < module_parameter_count(layer); i++) {
        char part[GOLDEN_NAME];
        if (module_is_buffer(layer, i)) continue;
        snprintf(part, sizeof part, "parameter/%s", module_parameter_name(layer, i));
        tensor *golden = golden_part(file, of, part);
        if (!golden) fail_msg("%s has no %s", of, part);
        if (t_assign(module_parameter_at(layer, i), golden) != OK) fail_msg("%s: %s", of, fail_message());
    }
}

static int gradients_differ(module *layer, const char *of)
{
    int differ = 0;
    for (size_t i = 0; i < module_parameter_count(layer); i++) {
        char part[GOLDEN_NAME];
        if (module_is_buffer(layer, i)) continue;
        tensor *gradient = t_grad(module_parameter_at(layer, i));
        snprintf(part, sizeof part, "gradient/%s", module_parameter_name(layer, i));
        /* The true gradient of a key's bias is 0: what is there is rounding, of no relative size. */
        if (strstr(part, "key.bias"))
            differ += golden_distance(t_shift(gradient, 1), t_full(T_F32, SHAPE(WIDTH), 1)) > 1e-6;
        else differ += golden_differs_by(file, of, part, gradient, GRADIENT_TOLERANCE);
    }
    return differ;
}

static int layer_differs(const layer_case *c)
{
    int differ = 0;
    scope *sc = scope_open();
    module *root = module_new(), *layer = c->make(root);
    tensor *in[] = {golden_part(file, c->name, "in0"), golden_part(file, c->name, "in1")};
    load_parameters(layer, c->name);
    if (t_type_of(in[0]) == T_F32) t_require_grad(in[0]);
    tensor *out = c->forward(layer, in);
    differ += golden_differs(file, c->name, "out", out);
    if (t_backward(t_sum_all(t_mul(out, golden_part(file, c->name, "cotangent")))) != OK)
        fail_msg("%s: %s", c->name, fail_message());
    differ += golden_differs(file, c->name, "grad0", t_grad(in[0]));
    differ += gradients_differ(layer, c->name);
    module_free(&root);
    scope_close(&sc);
    return differ;
}

static void layers_are_pytorchs(void **state)
{
    (void)state;
    int differ = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) differ += layer_differs(&CASES[i]);
    assert_int_equal(differ, 0);
    assert_int_equal(t_live_count(), 0);
}

static void every_golden_layer_is_tested(void **state)
{
    (void)state;
    assert_int_equal(golden_case_count(file), CASE_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_pytorchs),
        cmocka_unit_test(every_golden_layer_is_tested),
    };
    if (golden_start(NULL)) return 1;
    file = golden_open("layers.safetensors");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tensor_file_close(&file);
    return failed;
}
