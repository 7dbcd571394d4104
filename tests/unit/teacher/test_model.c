/* Predictions of a query with several histories are the mean of what each of them gives. */
#include "teacher/model.h"
#include "tests/unit/teacher/small_world.h"

#include <math.h>

static void histories_are_averaged(void **state)
{
    (void)state;
    recipe *r = WORLD_RECIPE("teacher.histories=lengths");
    dataset d = {0};
    teacher_model m = {0};
    histories h = {0};
    example_list e = {0};
    assert_ok(dataset_open(r, &d));
    assert_ok(teacher_model_open(r, &d, NULL, &m));
    assert_ok(histories_of(&d, &m.history, LIST_EVAL, &h));
    assert_ok(examples_add(&e, &h, &d.eval, WORLD_ACTIONS, false));
    size_t query = WORLD_SEGMENTS - 1, from = h.query_first[query], count = h.query_first[query + 1] - from;
    assert_int_equal(count, 3); /* hist_len: lengths 1, 2, 3 */

    float logits[WORLD_ACTIONS], features[32], mean[WORLD_ACTIONS] = {0}, one[WORLD_ACTIONS];
    assert_ok(teacher_model_predict(&m, &h, &e, &query, 1, logits, features));
    for (size_t i = from; i < from + count; i++) {
        token_batch batch = {0};
        encoder_output out = {0};
        scope *sc = scope_open();
        assert_ok(batch_make(&m.text, &e, &i, 1, NULL, &m.sequence, &batch));
        assert_ok(encoder_forward(m.net, &batch, NULL, &out));
        assert_ok(t_to_f32(out.action, one, WORLD_ACTIONS));
        for (size_t c = 0; c < WORLD_ACTIONS; c++) mean[c] += one[c] / (float)count;
        scope_close(&sc);
        batch_free(&batch);
    }
    for (size_t c = 0; c < WORLD_ACTIONS; c++) assert_true(fabsf(mean[c] - logits[c]) < 1e-5f);
    examples_free(&e);
    histories_free(&h);
    teacher_model_close(&m);
    dataset_free(&d);
    recipe_free(&r);
    assert_int_equal(t_live_count(), 0);
}

static int start(void **state)
{
    return world_open(state) || t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}) != OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(histories_are_averaged)};
    return cmocka_run_group_tests(tests, start, scratch_close);
}
