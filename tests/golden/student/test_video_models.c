/* The video models against PyTorch's, small: outputs, losses, all gradients, running statistics, ten steps of training.
 */
#include "student/video_model.h"
#include "tensor/optim.h"
#include "tests/golden/tensor/golden.h"

enum { STEPS = 10, BATCHES = 3, BATCH = 2, CLASSES = 5 };
/* gradients pass through norms and softmaxes, which are differences of nearly equal numbers in float32 */
static const double OUTPUT_TOLERANCE = 3e-6, GRADIENT_TOLERANCE = 2e-5, TRAINED_TOLERANCE = 3e-5;
static tensor_file *file;

typedef struct {
    const char *name, *model;
    video_model_options options;
    bool adamw;
} model_case;

#define NORMALISED .mean = {0.5f, 0.5f, 0.5f}, .deviation = {0.25f, 0.25f, 0.25f}
static const model_case CASES[] = {
    {"sign2text",
     "sign2text",
     {CLASSES, .frames = 4, .channels = 2, .depth = 2, .feature = 16, .hidden = 3, .layers = 2, NORMALISED},
     false},
    {"projected",
     "sign2text",
     {CLASSES, .frames = 5, .channels = 2, .depth = 2, .feature = 6, .hidden = 3, .layers = 1, NORMALISED},
     true},
    {"timesformer",
     "timesformer",
     {CLASSES, .frames = 4, .side = 12, .patch = 4, .width = 12, .layers = 2, .heads = 3, NORMALISED},
     false},
    {"shorter",
     "timesformer",
     {CLASSES, .frames = 4, .side = 12, .patch = 4, .width = 12, .layers = 1, .heads = 2, NORMALISED},
     true},
    {"avt",
     "avt",
     {CLASSES, .frames = 3, .side = 12, .patch = 4, .width = 12, .layers = 2, .heads = 2, .backbone_width = 8,
      .backbone_layers = 2, .backbone_heads = 2, NORMALISED},
     false},
};
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

static video_model *model_of(const model_case *c, bool recompute)
{
    video_model *m = NULL;
    video_model_options options = c->options;
    options.recompute = recompute;
    if (video_model_new(c->model, &options, &m) != OK) fail_msg("%s", fail_message());
    module *root = video_model_module(m);
    for (size_t i = 0; i < module_parameter_count(root); i++) {
        char part[GOLDEN_NAME];
        snprintf(part, sizeof part, "initial/%s", module_parameter_name(root, i));
        if (t_assign(module_parameter_at(root, i), golden_part(file, c->name, part)) != OK)
            fail_msg("%s: %s", part, fail_message());
    }
    return m;
}

/* Biases of keys, and of frames' scores, have no gradient but rounding: whatever all share, softmax does not see. Of a
 * joint projection that is the middle third. */
static tensor *without_keys(const char *name, tensor *x)
{
    if (!x || (!strstr(name, "in_proj_bias") && !strstr(name, "qkv.bias"))) return x;
    int64_t third = t_size(x, 0) / 3;
    tensor *parts[] = {t_narrow(x, 0, 0, third), t_narrow(x, 0, 2 * third, third)};
    return t_cat(parts, 2, 0);
}

static int parameter_differs(const char *of, const char *what, const char *name, tensor *x, double tolerance)
{
    char part[GOLDEN_NAME];
    snprintf(part, sizeof part, "%s/%s", what, name);
    tensor *wanted = golden_part(file, of, part);
    if (!wanted && !x) return 0;
    if (strstr(name, "key.bias") || (!strcmp(name, "attention.2.bias") && !strcmp(what, "gradient"))) return 0;
    double distance = golden_distance(without_keys(name, x), without_keys(name, wanted));
    if (distance <= golden_tolerance(tolerance)) return 0;
    print_error("%s/%s differs from PyTorch by %g (relative L2)\n", of, part, distance);
    return 1;
}

static int parameters_differ(module *root, const char *of, const char *what, double tolerance)
{
    int differ = 0;
    bool gradients = !strcmp(what, "gradient");
    for (size_t i = 0; i < module_parameter_count(root); i++) {
        const char *name = module_parameter_name(root, i);
        if (gradients && module_is_buffer(root, i)) continue;
        tensor *x = module_parameter_at(root, i);
        differ += parameter_differs(of, what, name, gradients ? t_grad(x) : x, tolerance);
    }
    return differ;
}

/* As a decoder lays them: with the channels last, where `turned`. */
static tensor *frames_of(const char *of, int step, bool turned)
{
    tensor *frames = t_select(golden_part(file, of, "frames"), 0, step % BATCHES); /* (B, T, 3, S, S) */
    if (!turned) return frames;
    return t_permute(t_contiguous(t_permute(frames, SHAPE(0, 1, 3, 4, 2))), SHAPE(0, 1, 4, 2, 3));
}

static int outputs_differ(const char *of, const video_output *out)
{
    int differ = golden_differs_by(file, of, "logits", out->logits, OUTPUT_TOLERANCE);
    differ += golden_differs_by(file, of, "feature", out->feature, OUTPUT_TOLERANCE);
    return differ + golden_differs_by(file, of, "attention", out->attention, OUTPUT_TOLERANCE);
}

static tensor *loss_of(const video_output *out, const char *of, int step)
{
    tensor *labels = t_select(golden_part(file, of, "labels"), 0, step);
    tensor *size = t_mean_all(t_mul(out->feature, out->feature));
    return t_add(t_cross_entropy(out->logits, labels, NULL, 0, T_MEAN), size);
}

static status train_step(video_model *m, optim *opt, const char *of, int step, float *value, int *differ)
{
    status st = OK;
    scope *sc = scope_open();
    module *root = video_model_module(m);
    module_zero_grad(root);
    batch_norm_begin(1);
    video_output out = video_model_forward(m, frames_of(of, step, step % 2), step == 0, false);
    batch_norm_end();
    if (step == 0) *differ += outputs_differ(of, &out);
    tensor *loss = loss_of(&out, of, step);
    TRY(t_backward(loss));
    if (step == 0) *differ += parameters_differ(root, of, "gradient", GRADIENT_TOLERANCE);
    TRY(optim_step(opt));
    TRY(t_item_f32(loss, value));
done:
    scope_close(&sc);
    return st;
}

static int train(video_model *m, const model_case *c)
{
    status st = OK;
    int differ = 0;
    float losses[STEPS] = {0};
    module *root = video_model_module(m);
    optim *opt = NULL;
    const adamw_options adamw = {
        .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-4, .weight_decay = 1e-2, .decay_bias = true};

    if (c->adamw) TRY(optim_adamw(root, &adamw, &opt));
    else TRY(optim_sgd(root, &(sgd_options){.lr = 0.02, .momentum = 0.9}, &opt));
    for (int step = 0; step < STEPS; step++) TRY(train_step(m, opt, c->name, step, &losses[step], &differ));
    differ += golden_differs_by(file, c->name, "losses", t_from_f32(losses, SHAPE(STEPS)), TRAINED_TOLERANCE);
    differ += parameters_differ(root, c->name, "final", TRAINED_TOLERANCE);
    video_output out = video_model_forward(m, frames_of(c->name, 0, true), false, false);
    differ += golden_differs_by(file, c->name, "eval/logits", out.logits, TRAINED_TOLERANCE);
done:
    if (st != OK) print_error("%s: %s\n", c->name, fail_message());
    optim_free(&opt);
    return differ + (st != OK);
}

static void compare(bool recompute)
{
    int differ = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        scope *sc = scope_open();
        video_model *m = model_of(&CASES[i], recompute);
        differ += train(m, &CASES[i]);
        video_model_free(&m);
        scope_close(&sc);
    }
    assert_int_equal(differ, 0);
    assert_int_equal(t_live_count(), 0);
}

static void models_are_pytorchs(void **state)
{
    (void)state;
    compare(false);
}

static void they_are_when_blocks_are_computed_again(void **state)
{
    (void)state;
    compare(true);
}

/* Every parameter of the models is in the fixture and the other way round. */
static void the_parameters_are_the_same(void **state)
{
    (void)state;
    for (size_t c = 0; c < CASE_COUNT; c++) {
        char prefix[GOLDEN_NAME];
        size_t initial = 0;
        scope *sc = scope_open();
        video_model *m = model_of(&CASES[c], false);
        snprintf(prefix, sizeof prefix, "%s/initial/", CASES[c].name);
        for (size_t i = 0; i < tensor_file_count(file); i++)
            initial += !strncmp(tensor_file_name(file, i), prefix, strlen(prefix));
        assert_int_equal(initial, module_parameter_count(video_model_module(m)));
        video_model_free(&m);
        scope_close(&sc);
    }
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_pytorchs),
        cmocka_unit_test(they_are_when_blocks_are_computed_again),
        cmocka_unit_test(the_parameters_are_the_same),
    };
    if (golden_start(NULL)) return 1;
    if (tensor_file_open("tests/golden/student/video_models.safetensors", &file) != OK) {
        print_error("%s\n", fail_message());
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tensor_file_close(&file);
    return failed;
}
