/* A student's loss over slices of a step, what it refuses to learn from, and its predictions. */
#include "small_world.h"
#include "student/scoring.h"

static dataset data;

static int open_all(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    if (t_start(&options) != OK || world_open(state)) return -1;
    recipe *r = world_recipe(NULL);
    status st = dataset_open(r, &data);
    recipe_free(&r);
    if (st != OK) return -1;
    world_store(&data, "teacher", ENCODE_TOPK, NULL, true);
    world_store(&data, "dense", ENCODE_DENSE, NULL, true);
    world_store(&data, "holes", ENCODE_DENSE, data.train.at[5].uid, true);
    return 0;
}

static int close_all(void **state)
{
    dataset_free(&data);
    return scratch_close(state);
}

static status open_student(recipe *r, student *out)
{
    status st = student_open(r, scratch_directory, &data, NULL, out);
    recipe_free(&r);
    return st;
}

/* ---- loss -------------------------------------------------------------------------------------------------------- */

enum { STEP = 11 };

/* The loss of samples first .. end - 1 of a step of STEP samples; its gradient is added to the model's. */
static float slice_loss(student *s, size_t first, size_t end)
{
    size_t samples[STEP];
    uint64_t keys[STEP];
    float value = 0;
    tensor *loss = NULL;
    scope *sc = scope_open();
    train_task task = student_task(s);
    for (size_t i = 0; i < STEP; i++) {
        samples[i] = i * 5 % s->count;
        keys[i] = hash_mix(9, samples[i]);
    }
    train_slice slice = {.samples = samples + first,
                         .count = end - first,
                         .step_samples = samples,
                         .step_count = STEP,
                         .keys = keys + first};
    dropout_begin(slice.keys, slice.count);
    assert_ok(task.loss(task.self, &slice, &loss));
    dropout_end();
    assert_ok(t_item_f32(loss, &value));
    assert_ok(t_backward(loss));
    scope_close(&sc);
    return value;
}

/* Gradients of all parameters in one block; freed by the caller. */
static float *gradients(const student *s, size_t *count)
{
    module *m = student_model_module(&s->model);
    float *all = calloc(module_element_count(m), sizeof *all);
    *count = 0;
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        scope *sc = scope_open();
        tensor *gradient = t_grad(module_parameter_at(m, i));
        size_t size = (size_t)t_count(module_parameter_at(m, i));
        if (gradient) assert_ok(t_to_f32(gradient, all + *count, size));
        *count += size;
        scope_close(&sc);
    }
    module_zero_grad(m);
    return all;
}

static double distance(const float *a, const float *b, size_t count)
{
    double apart = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        apart += pow((double)a[i] - (double)b[i], 2);
        size += pow((double)b[i], 2);
    }
    return sqrt(apart / size);
}

static void assert_slices_add_up(recipe *r)
{
    student s = {0};
    size_t count = 0;
    assert_ok(open_student(r, &s));
    float whole = slice_loss(&s, 0, STEP);
    float *wanted = gradients(&s, &count);
    float parts = slice_loss(&s, 0, 4) + slice_loss(&s, 4, 5) + slice_loss(&s, 5, STEP);
    float *got = gradients(&s, &count);
    assert_true(whole > 0);
    assert_float_equal(parts, whole, 1e-5F * fabsf(whole));
    assert_true(distance(got, wanted, count) < 1e-5);
    free(wanted);
    free(got);
    student_free(&s);
    assert_int_equal(t_live_count(), 0);
}

static void slices_add_up_to_the_step(void **state)
{
    (void)state;
    assert_slices_add_up(WORLD_RECIPE("student.distill.loss=none", "student.loss.label_smoothing=0.1",
                                      "student.augment.time=0.1", "student.augment.noise=0.2"));
    assert_slices_add_up(WORLD_RECIPE("student.distill.loss=topk_kl", "student.distill.features=mse"));
    assert_slices_add_up(WORLD_RECIPE("student.distill.from=dense", "student.distill.loss=kl",
                                      "student.distill.reduction=batchmean", "student.distill.features=cosine"));
    assert_slices_add_up(WORLD_RECIPE("student.distill.from=holes", "student.distill.on_missing=skip",
                                      "student.task=recognise", "student.subclip=2", "student.context=2"));
}

static float loss_with(const char *key, const char *other)
{
    student s = {0};
    assert_ok(open_student(WORLD_RECIPE(key, other), &s));
    float loss = slice_loss(&s, 0, STEP);
    student_free(&s);
    return loss;
}

static void every_term_counts_by_its_weight(void **state)
{
    (void)state;
    const char *const terms[] = {"student.loss.classification", "student.loss.feature", "student.loss.past",
                                 "student.distill.weight", "student.distill.features_weight"};
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        char one[96], three[96], five[96];
        const char *features = "student.distill.features=cosine";
        snprintf(one, sizeof one, "%s=1", terms[i]);
        snprintf(three, sizeof three, "%s=3", terms[i]);
        snprintf(five, sizeof five, "%s=5", terms[i]);
        float first = loss_with(one, features), second = loss_with(three, features), third = loss_with(five, features);
        assert_true(second > first);
        assert_float_equal(third - second, second - first, 1e-4F * fabsf(third));
    }
}

/* A segment without a prediction learns from its label alone. */
static void skipped_segments_have_no_teacher(void **state)
{
    (void)state;
    student s = {0};
    float with = 0, without = 0;
    size_t missing = SIZE_MAX;
    const char *keys[] = {"student.distill.weight=0.001", "student.distill.weight=1000"};
    for (int i = 0; i < 2; i++) {
        assert_ok(open_student(WORLD_RECIPE("student.distill.from=holes", "student.distill.on_missing=skip",
                                            "student.distill.loss=kl", keys[i]),
                               &s));
        for (size_t j = 0; j < s.count; j++)
            if (!strcmp(s.samples[j].uid, data.train.at[5].uid)) missing = j;
        assert_true(missing != SIZE_MAX);
        assert_true(targets_coverage(s.targets) < 1);
        scope *sc = scope_open();
        tensor *loss = NULL;
        uint64_t key = 1;
        train_slice slice = {&missing, 1, &missing, 1, &key, 0, 0};
        train_task task = student_task(&s);
        assert_ok(task.loss(task.self, &slice, &loss));
        assert_ok(t_item_f32(loss, i ? &with : &without));
        scope_close(&sc);
        student_free(&s);
    }
    assert_true(with == without);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void a_segment_without_prediction_stops_the_student(void **state)
{
    (void)state;
    student s = {0};
    char part[96];
    snprintf(part, sizeof part, "segment %s has no prediction by holes", data.train.at[5].uid);
    assert_failed(open_student(WORLD_RECIPE("student.distill.from=holes"), &s), ERR_MISSING, part);
    assert_int_equal(t_live_count(), 0);
}

static void a_video_without_track_stops_the_student(void **state)
{
    (void)state;
    student s = {0};
    char path[128];
    recipe *r = WORLD_RECIPE("student.distill.loss=none");
    world_tracks("short.csv", true);
    snprintf(path, sizeof path, "%s/short.csv", scratch_directory);
    assert_ok(recipe_set(r, "data.tracks", path));
    assert_failed(open_student(r, &s), ERR_MISSING, "segment u14_0: its video v14 has no track in");
}

static void a_student_without_any_loss_is_refused(void **state)
{
    (void)state;
    student s = {0};
    assert_failed(open_student(WORLD_RECIPE("student.loss.classification=0", "student.distill.loss=none"), &s),
                  ERR_CONFIG, "would learn no action");
    avt_options odd = {.inputs = 4, .frames = 2, .width = 15, .layers = 1, .heads = 2, .classes = 3};
    avt *m = NULL;
    assert_failed(avt_new(&odd, &m), ERR_CONFIG, "the heads must divide the width");
}

/* The first segment of every video starts within tau_a of its beginning. */
static void segments_that_start_too_early_are_dropped(void **state)
{
    (void)state;
    student s = {0};
    assert_ok(open_student(WORLD_RECIPE("student.distill.loss=none"), &s));
    assert_int_equal(s.dropped, data.train.count / WORLD_SEGMENTS);
    assert_int_equal(s.early, (data.development.count + data.eval.count) / WORLD_SEGMENTS);
    assert_int_equal(s.count + s.dropped, data.train.count);
    for (size_t i = 0; i < s.count; i++) assert_true(s.samples[i].start >= 1);
    student_free(&s);
}

static void the_development_part_can_be_learned_from(void **state)
{
    (void)state;
    student s = {0};
    assert_ok(open_student(WORLD_RECIPE("student.distill.loss=none"), &s));
    assert_non_null(student_task(&s).evaluate);
    student_free(&s);
    assert_ok(open_student(WORLD_RECIPE("student.distill.loss=none", "student.learn_development=true"), &s));
    assert_null(student_task(&s).evaluate);
    assert_int_equal(s.count + s.dropped, data.train.count + data.development.count);
    student_free(&s);
}

static bool learns_from(const student *s, const char *uid)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(s->samples[i].uid, uid)) return true;
    return false;
}

/* Whatever the seed of training, a smaller share lies inside a larger one, and neither labels nor predictions of other
 * videos are learned from. The first segment of every video is dropped. */
static void a_share_of_the_videos_is_learned_from(void **state)
{
    (void)state;
    student half = {0}, tenth = {0}, all = {0};
    size_t videos = data.train.count / WORLD_SEGMENTS;
    assert_ok(open_student(WORLD_RECIPE("student.labels=0.5", "seed=1"), &half));
    assert_ok(open_student(WORLD_RECIPE("student.labels=0.1", "seed=2"), &tenth));
    assert_ok(open_student(
        WORLD_RECIPE("student.labels=1", "student.learn_development=true", "student.distill.loss=none"), &all));
    assert_int_equal(half.count, (size_t)round(0.5 * (double)videos) * (WORLD_SEGMENTS - 1));
    assert_int_equal(half.learned.count, (size_t)round(0.5 * (double)videos) * WORLD_SEGMENTS);
    assert_int_equal(tenth.count, WORLD_SEGMENTS - 1);
    assert_int_equal(all.count, WORLD_VIDEOS * (WORLD_SEGMENTS - 1));
    for (size_t i = 0; i < tenth.count; i++) assert_true(learns_from(&half, tenth.samples[i].uid));
    assert_int_equal(student_task(&half).sample_count, half.count);
    student_free(&half);
    student_free(&tenth);
    student_free(&all);
}

/* A video whose predictions are missing does not matter to who does not learn from it. */
static void predictions_outside_the_share_are_not_asked_for(void **state)
{
    (void)state;
    student s = {0};
    size_t refused = 0, accepted = 0;
    static const char *const shares[] = {"student.labels=0.1", "student.labels=0.5", "student.labels=0.9",
                                         "student.labels=1"};
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        status st = open_student(WORLD_RECIPE("student.distill.from=holes", shares[i]), &s);
        fail_clear();
        if (st == OK) assert_false(learns_from(&s, data.train.at[5].uid));
        if (st == OK) assert_int_equal(refused, 0); /* nested: once in, in all larger shares */
        accepted += st == OK;
        refused += st == ERR_MISSING;
        student_free(&s);
    }
    assert_int_equal(accepted + refused, sizeof shares / sizeof shares[0]);
    assert_true(accepted > 0 && refused > 0);
}

/* ---- prediction -------------------------------------------------------------------------------------------------- */

static float *predictions(const char *key, size_t batch)
{
    student s = {0};
    float *out = calloc(data.eval.count * WORLD_ACTIONS, sizeof *out);
    assert_ok(open_student(WORLD_RECIPE("student.distill.loss=none", "student.augment.noise=1", key), &s));
    grad_pause();
    for (size_t i = 0; i < data.eval.count; i += batch) {
        size_t count = data.eval.count - i < batch ? data.eval.count - i : batch;
        assert_ok(student_predict(&s, &s.sight.eval_clips, data.eval.at + i, count, out + i * WORLD_ACTIONS));
    }
    grad_resume();
    student_free(&s);
    assert_int_equal(t_live_count(), 0);
    return out;
}

static void predictions_repeat_and_do_not_depend_on_batches(void **state)
{
    (void)state;
    size_t count = data.eval.count * WORLD_ACTIONS;
    float *once = predictions("seed=4", 100), *again = predictions("seed=4", 100), *single = predictions("seed=4", 1);
    float *other = predictions("seed=5", 100);
    assert_memory_equal(once, again, count * sizeof *once);
    assert_memory_not_equal(once, other, count * sizeof *once);
    assert_true(distance(single, once, count) < 1e-5);
    free(once);
    free(again);
    free(single);
    free(other);
}

static void the_blind_predict_the_same_for_all(void **state)
{
    (void)state;
    float *out = predictions("student.blind=true", 100);
    for (size_t i = 1; i < data.eval.count; i++)
        assert_memory_equal(out, out + i * WORLD_ACTIONS, WORLD_ACTIONS * sizeof *out);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_add_up_to_the_step),
        cmocka_unit_test(every_term_counts_by_its_weight),
        cmocka_unit_test(skipped_segments_have_no_teacher),
        cmocka_unit_test(a_segment_without_prediction_stops_the_student),
        cmocka_unit_test(a_video_without_track_stops_the_student),
        cmocka_unit_test(a_student_without_any_loss_is_refused),
        cmocka_unit_test(segments_that_start_too_early_are_dropped),
        cmocka_unit_test(the_development_part_can_be_learned_from),
        cmocka_unit_test(a_share_of_the_videos_is_learned_from),
        cmocka_unit_test(predictions_outside_the_share_are_not_asked_for),
        cmocka_unit_test(predictions_repeat_and_do_not_depend_on_batches),
        cmocka_unit_test(the_blind_predict_the_same_for_all),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
