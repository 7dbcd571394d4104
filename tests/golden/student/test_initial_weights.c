/* Students that begin with files of others say what PyTorch says with these weights (make_initial_weights.py). */
#include "student/initial_weights.h"
#include "student/video_model.h"
#include "tests/golden/tensor/golden.h"

#define FOLDER "tests/golden/student/"
#define NORMALISED .mean = {0.5f, 0.5f, 0.5f}, .deviation = {0.25f, 0.25f, 0.25f}

enum { CLASSES = 5, WORDS = 4 };
static const double TOLERANCE = 3e-6;
static tensor_file *models, *wanted;
static comm *alone;

typedef struct {
    const char *name;           /* in initial_weights.safetensors */
    const char *words[WORDS];   /* of the recipe */
    const char *model, *begins; /* as what it was drawn, in video_models.safetensors */
    video_model_options options;
} init_case;

#define SIGN2TEXT                                                                                                      \
    {                                                                                                                  \
        CLASSES, .frames = 4, .channels = 2, .depth = 2, .feature = 16, .hidden = 3, .layers = 2, NORMALISED           \
    }
#define TIMESFORMER                                                                                                    \
    {                                                                                                                  \
        CLASSES, .frames = 4, .side = 12, .patch = 4, .width = 12, .layers = 2, .heads = 3, NORMALISED                 \
    }
#define AVT                                                                                                            \
    {                                                                                                                  \
        CLASSES, .frames = 3, .side = 12, .patch = 4, .width = 12, .layers = 2, .heads = 2, .backbone_width = 8,       \
                 .backbone_layers = 2, .backbone_heads = 2, NORMALISED                                                 \
    }

static const init_case CASES[] = {
    {"resnet",
     {"student.init=" FOLDER "initial_resnet.pth", "student.init_skip=[fc]"},
     "sign2text",
     "sign2text",
     SIGN2TEXT},
    {"resnet",
     {"student.init=" FOLDER "initial_resnet.pth", "student.init_skip=[fc]", "student.init_into=cnn"},
     "sign2text",
     "sign2text",
     SIGN2TEXT},
    {"vit", {"student.init=" FOLDER "initial_vit.safetensors", "student.init_skip=[head]"}, "avt", "avt", AVT},
    {"timesformer", {"student.init=" FOLDER "initial_timesformer.pth"}, "timesformer", "timesformer", TIMESFORMER},
    {"sign2text",
     {"student.init=" FOLDER "initial_sign2text.pth", "student.init_skip=[fc.3]"},
     "sign2text",
     "sign2text",
     SIGN2TEXT},
    {"avt", {"student.init=" FOLDER "initial_avt.pth"}, "avt", "avt", AVT},
};
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

static recipe *recipe_of(const char *const *words)
{
    char *copies[WORDS + 1];
    char kept[WORDS + 1][128] = {"stages=[evaluate]"};
    recipe *r = NULL;
    size_t count = 1;
    for (size_t i = 0; i < WORDS && words[i]; i++) snprintf(kept[count++], sizeof kept[0], "%s", words[i]);
    for (size_t i = 0; i < count; i++) copies[i] = kept[i];
    if (recipe_read(NULL, copies, count, &r) != OK) fail_msg("%s", fail_message());
    return r;
}

/* As video_models.safetensors has it before its training. */
static video_model *model_of(const init_case *c)
{
    video_model *m = NULL;
    if (video_model_new(c->model, &c->options, &m) != OK) fail_msg("%s", fail_message());
    module *root = video_model_module(m);
    for (size_t i = 0; i < module_parameter_count(root); i++) {
        char part[GOLDEN_NAME];
        snprintf(part, sizeof part, "initial/%s", module_parameter_name(root, i));
        if (t_assign(module_parameter_at(root, i), golden_part(models, c->begins, part)) != OK)
            fail_msg("%s: %s", part, fail_message());
    }
    return m;
}

static status load(video_model *m, const char *const *words)
{
    recipe *r = recipe_of(words);
    status st = initial_weights_load(alone, r, video_model_module(m));
    recipe_free(&r);
    return st;
}

static void students_begin_with_the_files_of_others(void **state)
{
    (void)state;
    int differ = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const init_case *c = &CASES[i];
        scope *sc = scope_open();
        video_model *m = model_of(c);
        if (load(m, c->words) != OK) fail_msg("%s: %s", c->name, fail_message());
        video_output out = video_model_forward(m, golden_part(wanted, c->name, "frames"), false, false);
        differ += golden_differs_by(wanted, c->name, "logits", out.logits, TOLERANCE);
        video_model_free(&m);
        scope_close(&sc);
    }
    assert_int_equal(differ, 0);
    assert_int_equal(t_live_count(), 0);
}

static void refuse(const init_case *c, const char *const *words, status code, const char *part)
{
    scope *sc = scope_open();
    video_model *m = model_of(c);
    tensor *before = t_clone(t_detach(module_parameter_at(video_model_module(m), 0)));
    assert_int_equal(load(m, words), code);
    if (!strstr(fail_message(), part)) fail_msg("\"%s\" is not in \"%s\"", part, fail_message());
    fail_clear();
    assert_true(golden_distance(module_parameter_at(video_model_module(m), 0), before) == 0);
    video_model_free(&m);
    scope_close(&sc);
}

static void a_head_is_left_out_only_when_it_is_named(void **state)
{
    (void)state;
    refuse(&CASES[0], (const char *const[WORDS]){"student.init=" FOLDER "initial_resnet.pth"}, ERR_INPUT,
           "left over: fc.bias, fc.weight");
    refuse(&CASES[0], (const char *const[WORDS]){"student.init=" FOLDER "initial_sign2text.pth"}, ERR_INPUT,
           "fc.3.weight (7, 3), here (5, 3)");
    refuse(&CASES[0], (const char *const[WORDS]){"student.init=" FOLDER "initial_resnet.pth"}, ERR_INPUT,
           "weights of cnn; student.init_into says");
}

static void other_models_and_missing_files_are_refused(void **state)
{
    (void)state;
    refuse(&CASES[0], (const char *const[WORDS]){"student.init=" FOLDER "initial_vit.safetensors"}, ERR_INPUT,
           "missing: ");
    refuse(&CASES[0], (const char *const[WORDS]){"student.init=" FOLDER "nowhere.pth"}, ERR_MISSING, "nowhere.pth");
    refuse(&CASES[2],
           (const char *const[WORDS]){"student.init=" FOLDER "initial_vit.safetensors", "student.init_into=cnn"},
           ERR_CONFIG, "nothing in this model is called 'cnn'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(students_begin_with_the_files_of_others),
        cmocka_unit_test(a_head_is_left_out_only_when_it_is_named),
        cmocka_unit_test(other_models_and_missing_files_are_refused),
    };
    if (golden_start(NULL) || comm_open(1, 60, &alone) != OK ||
        tensor_file_open(FOLDER "video_models.safetensors", &models) != OK ||
        tensor_file_open(FOLDER "initial_weights.safetensors", &wanted) != OK) {
        print_error("%s\n", fail_message());
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    tensor_file_close(&models);
    tensor_file_close(&wanted);
    comm_close(&alone);
    return failed;
}
