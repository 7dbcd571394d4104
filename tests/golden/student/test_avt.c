/* AVT-h against PyTorch's own layers: outputs, losses, all gradients, and ten steps of training. */
#include "student/video_output.h"
#include "tensor/optim.h"
#include "tests/golden/tensor/golden.h"

enum { STEPS = 10, FRAMES = 5, INPUTS = 6, ENCODER = 11, WIDTH = 16, HEADS = 4, LAYERS = 2, CLASSES = 7, BATCH = 4 };
static const double FEATURE_WEIGHT = 2, PAST_WEIGHT = 0.5;
static tensor_file *file;

static avt *model_of(const char *of, int64_t encoder)
{
    static const int64_t VERB_OF[CLASSES] = {0, 0, 1, 1, 2, 2, 0}, NOUN_OF[CLASSES] = {0, 1, 0, 1, 0, 1, 3};
    avt *m = NULL;
    avt_options options = {INPUTS, encoder, FRAMES, WIDTH, LAYERS, HEADS, CLASSES, 0, 0, 0, VERB_OF, NOUN_OF};
    if (!strcmp(of, "composed")) options.verbs = 3, options.nouns = 4;
    if (avt_new(&options, &m) != OK) fail_msg("%s", fail_message());
    module *root = avt_module(m);
    for (size_t i = 0; i < module_parameter_count(root); i++) {
        char part[GOLDEN_NAME];
        snprintf(part, sizeof part, "initial/%s", module_parameter_name(root, i));
        if (t_assign(module_parameter_at(root, i), golden_part(file, of, part)) != OK)
            fail_msg("%s: %s", part, fail_message());
    }
    return m;
}

static tensor *batch_part(const char *of, const char *part, int step)
{
    return t_select(golden_part(file, of, part), 0, step);
}

static int parameters_differ(module *root, const char *of, const char *what)
{
    int differ = 0;
    for (size_t i = 0; i < module_parameter_count(root); i++) {
        char part[GOLDEN_NAME];
        const char *name = module_parameter_name(root, i);
        tensor *x = module_parameter_at(root, i);
        if (strstr(name, "key.bias")) continue; /* its true gradient is 0: what is there is rounding */
        snprintf(part, sizeof part, "%s/%s", what, name);
        /* gradients through the softmax nearly cancel: another CPU's order of adding shows */
        double tolerance = strstr(name, "attention.query.") ? 5 * GOLDEN_TOLERANCE : GOLDEN_TOLERANCE;
        differ += golden_differs_by(file, of, part, !strcmp(what, "gradient") ? t_grad(x) : x, tolerance);
    }
    return differ;
}

/* The weighted loss; parts of it and the outputs are compared when `compare`. */
static tensor *loss_of(avt *m, const char *of, int step, bool compare, int *differ)
{
    avt_output out = avt_forward(m, batch_part(of, "frames", step), true);
    tensor *of_classes = class_loss(out.logits, batch_part(of, "labels", step), 0, BATCH);
    tensor *feature_loss = avt_feature_loss(&out, BATCH);
    tensor *past_loss = avt_past_loss(&out, batch_part(of, "past_labels", step), BATCH);
    if (compare) {
        *differ += golden_differs(file, of, "x", out.x) + golden_differs(file, of, "decoded", out.decoded);
        *differ += golden_differs(file, of, "future", out.future) + golden_differs(file, of, "logits", out.logits);
        *differ += golden_differs(file, of, "past_logits", out.past_logits);
        *differ += golden_differs(file, of, "classification", t_reshape(of_classes, SHAPE(1)));
        *differ += golden_differs(file, of, "feature", t_reshape(feature_loss, SHAPE(1)));
        *differ += golden_differs(file, of, "past", t_reshape(past_loss, SHAPE(1)));
    }
    return t_add(of_classes, t_add(t_scale(feature_loss, FEATURE_WEIGHT), t_scale(past_loss, PAST_WEIGHT)));
}

static int train(avt *m, const char *of)
{
    status st = OK;
    int differ = 0;
    float losses[STEPS] = {0};
    module *root = avt_module(m);
    optim *opt = NULL;

    TRY(optim_sgd(root, &(sgd_options){.lr = 0.05, .momentum = 0.9, .nesterov = true}, &opt));
    for (int step = 0; step < STEPS; step++) {
        scope *sc = scope_open();
        tensor *loss = loss_of(m, of, step, step == 0, &differ);
        module_zero_grad(root);
        st = t_backward(loss);
        if (st == OK && step == 0) differ += parameters_differ(root, of, "gradient");
        if (st == OK) st = optim_step(opt);
        if (st == OK) st = t_item_f32(loss, &losses[step]);
        scope_close(&sc);
        TRY(st);
    }
    differ += golden_differs(file, of, "losses", t_from_f32(losses, SHAPE(STEPS)));
    differ += parameters_differ(root, of, "final");
done:
    if (st != OK) print_error("%s: %s\n", of, fail_message());
    optim_free(&opt);
    return differ + (st != OK);
}

static void compare(const char *of, int64_t encoder)
{
    scope *sc = scope_open();
    avt *m = model_of(of, encoder);
    int differ = train(m, of);
    avt_free(&m);
    scope_close(&sc);
    assert_int_equal(differ, 0);
    assert_int_equal(t_live_count(), 0);
}

static void as_published(void **state)
{
    (void)state;
    compare("published", 0);
}

static void with_an_encoder_of_frames(void **state)
{
    (void)state;
    compare("encoder", ENCODER);
}

static void with_a_classifier_of_verbs_and_nouns(void **state)
{
    (void)state;
    compare("composed", 0);
}

/* Every parameter of the model is in the fixture and the other way round. */
static void the_parameters_are_the_same(void **state)
{
    (void)state;
    size_t initial = 0;
    scope *sc = scope_open();
    avt *m = model_of("encoder", ENCODER);
    for (size_t i = 0; i < tensor_file_count(file); i++)
        initial += !strncmp(tensor_file_name(file, i), "encoder/initial/", strlen("encoder/initial/"));
    assert_int_equal(initial, module_parameter_count(avt_module(m)));
    avt_free(&m);
    scope_close(&sc);
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_published),
        cmocka_unit_test(with_an_encoder_of_frames),
        cmocka_unit_test(with_a_classifier_of_verbs_and_nouns),
        cmocka_unit_test(the_parameters_are_the_same),
    };
    if (golden_start(NULL)) return 1;
    if (tensor_file_open("tests/golden/student/avt.safetensors", &file) != OK) {
        print_error("%s\n", fail_message());
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tensor_file_close(&file);
    return failed;
}
