/* The encoder and its loss against Transformers' BertModel: states, logits, loss, every gradient, ten AdamW steps. */
#include "tests/golden/tensor/golden.h"

#include "teacher/encoder.h"
#include "teacher/multi_task.h"
#include "tensor/optim.h"

enum { ACTIONS = 12, VERBS = 4, NOUNS = 5, WIDTH = 32, SEQUENCES = 5, TOKENS = 33, STEPS = 10 };
static tensor_file *file;
static const size_t ALL[SEQUENCES] = {0, 1, 2, 3, 4};

typedef struct {
    int64_t first[SEQUENCES + 1], ids[TOKENS], ages[TOKENS], positions[TOKENS];
    size_t first_token[SEQUENCES + 1];
    int64_t labels[TASK_COUNT][SEQUENCES], verb_of[ACTIONS], noun_of[ACTIONS];
    token_batch batch;
    example_list examples;
} fixture;
static fixture given;

static void read_numbers(const char *name, int64_t *out, size_t count)
{
    scope *sc = scope_open();
    if (t_to_i64(tensor_file_get(file, name), out, count) != OK) fail_msg("%s", fail_message());
    scope_close(&sc);
}

static void read_batch(void)
{
    read_numbers("batch/first", given.first, SEQUENCES + 1);
    read_numbers("batch/ids", given.ids, TOKENS);
    read_numbers("batch/ages", given.ages, TOKENS);
    read_numbers("batch/verb_of", given.verb_of, ACTIONS);
    read_numbers("batch/noun_of", given.noun_of, ACTIONS);
    read_numbers("batch/action", given.labels[TASK_ACTION], SEQUENCES);
    read_numbers("batch/verb", given.labels[TASK_VERB], SEQUENCES);
    read_numbers("batch/noun", given.labels[TASK_NOUN], SEQUENCES);
    size_t longest = 0;
    for (size_t s = 0; s < SEQUENCES; s++) {
        for (int64_t n = given.first[s]; n < given.first[s + 1]; n++) given.positions[n] = n - given.first[s];
        given.first_token[s + 1] = (size_t)given.first[s + 1];
        size_t length = (size_t)(given.first[s + 1] - given.first[s]);
        if (length > longest) longest = length;
    }
    given.batch = (token_batch){SEQUENCES, longest, given.first_token, given.ids, NULL, given.positions, given.ages};
    given.examples = (example_list){.count = SEQUENCES,
                                    .action = given.labels[TASK_ACTION],
                                    .verb = given.labels[TASK_VERB],
                                    .noun = given.labels[TASK_NOUN]};
}

static encoder *start(bool factored)
{
    encoder *e = NULL;
    encoder_options o = {.layers = 2,
                         .width = WIDTH,
                         .heads = 4,
                         .inner = 64,
                         .id_rows = 100,
                         .positions = 40,
                         .ages = 6,
                         .actions = ACTIONS,
                         .verbs = VERBS,
                         .nouns = NOUNS,
                         .verb_of = given.verb_of,
                         .noun_of = given.noun_of,
                         .factored = factored};
    if (encoder_new(&o, &e) != OK) fail_msg("%s", fail_message());
    scope *sc = scope_open();
    module *m = encoder_module(e);
    for (size_t i = 0; i < module_parameter_count(m); i++)
        if (t_assign(module_parameter_at(m, i), golden_part(file, "start", module_parameter_name(m, i))) != OK)
            fail_msg("%s: %s", module_parameter_name(m, i), fail_message());
    scope_close(&sc);
    return e;
}

static multi_task *start_loss(void)
{
    multi_task *m = NULL;
    multi_task_options o = {
        .weight = {0.7, 0.2, 0.1}, .classes = {ACTIONS, VERBS, NOUNS}, .label_smoothing = 0.1, .class_weights = true};
    if (multi_task_new(&o, &given.examples, &m) != OK) fail_msg("%s", fail_message());
    return m;
}

static int parameters_differ(encoder *e, const char *of, const char *what, bool gradient, double tolerance)
{
    int differ = 0;
    module *m = encoder_module(e);
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        char part[GOLDEN_NAME];
        const char *name = module_parameter_name(m, i);
        /* The true gradient of a key's bias is 0; what is there is rounding, which Adam scales up. */
        if (strstr(name, "key.bias")) continue;
        tensor *x = module_parameter_at(m, i);
        snprintf(part, sizeof part, "%s/%s", what, name);
        differ += golden_differs_by(file, of, part, gradient ? t_grad(x) : x, tolerance);
    }
    return differ;
}

static void compare_one_pass(bool factored)
{
    const char *of = factored ? "factored" : "plain";
    encoder *e = start(factored);
    multi_task *m = start_loss();
    scope *sc = scope_open();
    encoder_output out = {0};
    tensor *loss = NULL;

    if (encoder_forward(e, &given.batch, NULL, &out) != OK ||
        multi_task_loss(m, &out, ALL, SEQUENCES, ALL, SEQUENCES, &loss) != OK || t_backward(loss) != OK)
        fail_msg("%s", fail_message());
    int differ = golden_differs(file, of, "features", out.features) + golden_differs(file, of, "action", out.action) +
                 golden_differs(file, of, "verb", out.verb) + golden_differs(file, of, "noun", out.noun) +
                 golden_differs(file, of, "loss", t_reshape(loss, NULL, 0));
    differ += parameters_differ(e, of, "gradient", true, 5e-6);
    assert_int_equal(differ, 0);
    scope_close(&sc);
    multi_task_free(&m);
    encoder_free(&e);
}

static void plain_heads(void **state)
{
    (void)state;
    compare_one_pass(false);
}

static void factored_action_logits(void **state)
{
    (void)state;
    compare_one_pass(true);
}

/* Slices with the normalisers of the whole step add up to its gradient. */
static void slices_add_up(void **state)
{
    (void)state;
    encoder *e = start(false);
    multi_task *m = start_loss();
    for (size_t from = 0; from < SEQUENCES; from += 3) {
        size_t count = from + 3 < SEQUENCES ? 3 : SEQUENCES - from;
        token_batch part = given.batch;
        size_t first[4];
        scope *sc = scope_open();
        encoder_output out = {0};
        tensor *loss = NULL;
        for (size_t s = 0; s <= count; s++) first[s] = given.first_token[from + s] - given.first_token[from];
        part.count = count;
        part.first = first;
        part.ids += given.first_token[from];
        part.ages += given.first_token[from];
        part.positions += given.first_token[from];
        if (encoder_forward(e, &part, NULL, &out) != OK ||
            multi_task_loss(m, &out, ALL + from, count, ALL, SEQUENCES, &loss) != OK || t_backward(loss) != OK)
            fail_msg("%s", fail_message());
        scope_close(&sc);
    }
    scope *sc = scope_open();
    assert_int_equal(parameters_differ(e, "plain", "gradient", true, 5e-6), 0);
    scope_close(&sc);
    multi_task_free(&m);
    encoder_free(&e);
}

static void ten_steps_of_adamw(void **state)
{
    (void)state;
    encoder *e = start(false);
    multi_task *m = start_loss();
    optim *opt = NULL;
    float losses[STEPS];
    adamw_options o = {.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01};
    assert_int_equal(optim_adamw(encoder_module(e), &o, &opt), OK);
    for (int step = 0; step < STEPS; step++) {
        scope *sc = scope_open();
        encoder_output out = {0};
        tensor *loss = NULL;
        module_zero_grad(encoder_module(e));
        if (encoder_forward(e, &given.batch, NULL, &out) != OK ||
            multi_task_loss(m, &out, ALL, SEQUENCES, ALL, SEQUENCES, &loss) != OK || t_backward(loss) != OK ||
            optim_step(opt) != OK || t_item_f32(loss, &losses[step]) != OK)
            fail_msg("%s", fail_message());
        scope_close(&sc);
    }
    scope *sc = scope_open();
    int differ = golden_differs(file, "steps", "loss", t_from_f32(losses, SHAPE(STEPS)));
    differ += parameters_differ(e, "steps", "parameter", false, 1e-5);
    assert_int_equal(differ, 0);
    scope_close(&sc);
    optim_free(&opt);
    multi_task_free(&m);
    encoder_free(&e);
}

static int open_fixture(void **state)
{
    if (golden_start(state)) return -1;
    if (tensor_file_open("tests/golden/teacher/encoder.safetensors", &file) != OK) return -1;
    read_batch();
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    tensor_file_close(&file);
    return t_live_count() == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_heads),
        cmocka_unit_test(factored_action_logits),
        cmocka_unit_test(slices_add_up),
        cmocka_unit_test(ten_steps_of_adamw),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
