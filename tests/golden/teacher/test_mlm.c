/* Masked words against BERT's formula in plain PyTorch: states, logits, loss and every gradient, whole and in slices.
 */
#include "tests/golden/tensor/golden.h"

#include "teacher/mlm.h"

enum { WORDS = 60, WIDTH = 32, SEQUENCES = 3, TOKENS = 23, ASKED = 7 };
static tensor_file *file;

typedef struct {
    int64_t first_number[SEQUENCES + 1], ids[TOKENS], positions[TOKENS], ages[TOKENS], rows[ASKED], labels[ASKED];
    size_t first[SEQUENCES + 1];
    token_batch batch;
    masked_words words;
} fixture;
static fixture given;

static void read_numbers(const char *name, int64_t *out, size_t count)
{
    scope *sc = scope_open();
    if (t_to_i64(tensor_file_get(file, name), out, count) != OK) fail_msg("%s", fail_message());
    scope_close(&sc);
}

static int open_fixture(void **state)
{
    if (golden_start(state)) return -1;
    if (tensor_file_open("tests/golden/teacher/mlm.safetensors", &file) != OK) return -1;
    read_numbers("batch/first", given.first_number, SEQUENCES + 1);
    read_numbers("batch/ids", given.ids, TOKENS);
    read_numbers("batch/rows", given.rows, ASKED);
    read_numbers("batch/labels", given.labels, ASKED);
    for (size_t s = 0; s < SEQUENCES; s++) {
        given.first[s + 1] = (size_t)given.first_number[s + 1];
        for (size_t n = given.first[s]; n < given.first[s + 1]; n++) given.positions[n] = (int64_t)(n - given.first[s]);
    }
    given.batch = (token_batch){SEQUENCES, 12, given.first, given.ids, NULL, given.positions, given.ages};
    given.words = (masked_words){given.rows, given.labels, ASKED};
    return 0;
}

static encoder *start(mlm *head)
{
    encoder *e = NULL;
    encoder_options o = {
        .layers = 2, .width = WIDTH, .heads = 4, .inner = 64, .id_rows = WORDS, .positions = 20, .ages = 1};
    if (encoder_new(&o, &e) != OK || mlm_add(e, WIDTH, WORDS, head) != OK) fail_msg("%s", fail_message());
    scope *sc = scope_open();
    module *m = encoder_module(e);
    for (size_t i = 0; i < module_parameter_count(m); i++)
        if (t_assign(module_parameter_at(m, i), golden_part(file, "start", module_parameter_name(m, i))) != OK)
            fail_msg("%s: %s", module_parameter_name(m, i), fail_message());
    scope_close(&sc);
    return e;
}

static int gradients_differ(encoder *e)
{
    int differ = 0;
    module *m = encoder_module(e);
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        char part[GOLDEN_NAME];
        const char *name = module_parameter_name(m, i);
        if (strstr(name, "key.bias")) continue; /* truly 0: what is there is rounding */
        snprintf(part, sizeof part, "gradient/%s", name);
        differ += golden_differs_by(file, "mlm", part, t_grad(module_parameter_at(m, i)), 5e-6);
    }
    return differ;
}

static void loss_and_gradients(void **state)
{
    (void)state;
    mlm head;
    encoder *e = start(&head);
    scope *sc = scope_open();
    tensor *states = NULL, *loss = NULL;
    if (encoder_states(e, &given.batch, NULL, given.rows, ASKED, &states) != OK ||
        mlm_loss(&head, states, &given.words, ASKED, &loss) != OK || t_backward(loss) != OK)
        fail_msg("%s", fail_message());
    int differ = golden_differs(file, "mlm", "states", t_narrow(states, 0, 0, ASKED));
    differ += golden_differs(file, "mlm", "logits", t_narrow(mlm_logits(&head, states), 0, 0, ASKED));
    differ += golden_differs(file, "mlm", "loss", t_reshape(loss, NULL, 0));
    differ += gradients_differ(e);
    assert_int_equal(differ, 0);
    scope_close(&sc);
    encoder_free(&e);
}

/* One sequence at a time, with the number of words that all ask for: the gradient of the whole, in rows that fill up
 * too, and the same loss. */
static void slices_add_up(void **state)
{
    (void)state;
    mlm head;
    encoder *e = start(&head);
    size_t asked = 0;
    for (size_t s = 0; s < SEQUENCES; s++) {
        size_t first[2] = {0, given.first[s + 1] - given.first[s]};
        int64_t rows[ASKED];
        token_batch part = {
            1, first[1], first, given.ids + given.first[s], NULL, given.positions + given.first[s], given.ages};
        masked_words words = {rows, given.labels + asked, 0};
        for (; asked < ASKED && given.rows[asked] < given.first_number[s + 1]; asked++)
            rows[words.count++] = given.rows[asked] - given.first_number[s];
        scope *sc = scope_open();
        tensor *states = NULL, *loss = NULL;
        if (encoder_states(e, &part, NULL, rows, words.count, &states) != OK ||
            mlm_loss(&head, states, &words, ASKED, &loss) != OK || t_backward(loss) != OK)
            fail_msg("%s", fail_message());
        scope_close(&sc);
    }
    scope *sc = scope_open();
    assert_int_equal(gradients_differ(e), 0);
    scope_close(&sc);
    encoder_free(&e);
}

/* A slice that asks for nothing has a loss, 0, and adds nothing to any gradient. */
static void nothing_asked_is_no_gradient(void **state)
{
    (void)state;
    mlm head;
    encoder *e = start(&head);
    scope *sc = scope_open();
    tensor *states = NULL, *loss = NULL;
    float value = 1;
    masked_words none = {0};
    assert_int_equal(encoder_states(e, &given.batch, NULL, NULL, 0, &states), OK);
    assert_int_equal(mlm_loss(&head, states, &none, 5, &loss), OK);
    assert_int_equal(t_item_f32(loss, &value), OK);
    assert_true(value == 0);
    assert_int_equal(t_backward(loss), OK);
    module *m = encoder_module(e);
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        float largest = 1;
        tensor *gradient = t_grad(module_parameter_at(m, i));
        assert_int_equal(t_item_f32(t_sum_all(t_mul(gradient, gradient)), &largest), OK);
        assert_true(largest == 0);
    }
    scope_close(&sc);
    encoder_free(&e);
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
        cmocka_unit_test(loss_and_gradients),
        cmocka_unit_test(slices_add_up),
        cmocka_unit_test(nothing_asked_is_no_gradient),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
