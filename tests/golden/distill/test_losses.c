/* The distillation losses and their gradients against PyTorch's, and what must hold between them. */
#include "distill/losses.h"
#include "tests/golden/tensor/golden.h"

static const double DIVISOR = 8; /* make_losses.py: a step of 8 samples, 6 of them here */

static tensor_file *open_losses(void)
{
    tensor_file *file = NULL;
    if (tensor_file_open("tests/golden/distill/losses.safetensors", &file) != OK) fail_msg("%s", fail_message());
    return file;
}

static float item(tensor *x)
{
    float value = NAN;
    if (t_item_f32(x, &value) != OK) fail_msg("%s", fail_message());
    return value;
}

static const char *name_of(kd_reduction reduction)
{
    return reduction == KD_PUBLISHED ? "published" : "batchmean";
}

/* Compares a loss with one element, and the gradient of `leaf`. */
static int differs(tensor_file *file, const char *name, tensor *loss, tensor *leaf)
{
    if (t_backward(loss) != OK) fail_msg("%s: %s", name, fail_message());
    return golden_differs(file, name, "out", t_reshape(loss, SHAPE(1))) +
           golden_differs(file, name, "grad", t_grad(leaf));
}

static tensor *leaf_of(tensor_file *file, const char *name)
{
    return t_require_grad(t_clone(tensor_file_get(file, name)));
}

static int case_of_logits(tensor_file *file, bool topk, int temperature, kd_reduction reduction, tensor *present)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%d.%s.%s", topk ? "topk" : "kl", temperature, name_of(reduction),
             present ? "some" : "all");
    tensor *logits = leaf_of(file, "logits");
    tensor *loss = topk ? kd_topk_kl(logits, tensor_file_get(file, "classes"), tensor_file_get(file, "top"), present,
                                     temperature, reduction, DIVISOR)
                        : kd_kl(logits, tensor_file_get(file, "teacher"), present, temperature, reduction, DIVISOR);
    return differs(file, name, loss, logits);
}

static int case_of_features(tensor_file *file, bool cosine, tensor *present)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", cosine ? "cosine" : "mse", present ? "some" : "all");
    tensor *student = leaf_of(file, "student"), *features = tensor_file_get(file, "features");
    tensor *loss = cosine ? kd_feature_cosine(student, features, present, DIVISOR)
                          : kd_feature_mse(student, features, present, DIVISOR);
    return differs(file, name, loss, student);
}

static void losses_and_gradients_are_pytorchs(void **state)
{
    (void)state;
    static const int TEMPERATURES[] = {1, 5, 10};
    tensor_file *file = open_losses();
    scope *sc = scope_open();
    int wrong = 0;
    for (int some = 0; some < 2; some++) {
        tensor *present = some ? tensor_file_get(file, "present") : NULL;
        for (int t = 0; t < 3; t++)
            for (int topk = 0; topk < 2; topk++) {
                wrong += case_of_logits(file, topk, TEMPERATURES[t], KD_PUBLISHED, present);
                wrong += case_of_logits(file, topk, TEMPERATURES[t], KD_BATCHMEAN, present);
            }
        wrong += case_of_features(file, true, present);
        wrong += case_of_features(file, false, present);
    }
    assert_int_equal(wrong, 0);
    scope_close(&sc);
    tensor_file_close(&file);
    assert_int_equal(t_live_count(), 0);
}

/* A step cut into slices adds up to the step: every loss, with samples that have no prediction. */
static void slices_add_up_to_the_step(void **state)
{
    (void)state;
    static const int64_t CUTS[] = {0, 1, 4, 6};
    tensor_file *file = open_losses();
    scope *sc = scope_open();
    float whole[4] = {0}, parts[4] = {0};
    for (int slice = -1; slice < 3; slice++) {
        int64_t start = slice < 0 ? 0 : CUTS[slice], length = slice < 0 ? 6 : CUTS[slice + 1] - start;
        float *into = slice < 0 ? whole : parts;
        tensor *logits = t_narrow(tensor_file_get(file, "logits"), 0, start, length);
        tensor *teacher = t_narrow(tensor_file_get(file, "teacher"), 0, start, length);
        tensor *classes = t_narrow(tensor_file_get(file, "classes"), 0, start, length);
        tensor *top = t_narrow(tensor_file_get(file, "top"), 0, start, length);
        tensor *present = t_narrow(tensor_file_get(file, "present"), 0, start, length);
        tensor *student = t_narrow(tensor_file_get(file, "student"), 0, start, length);
        tensor *features = t_narrow(tensor_file_get(file, "features"), 0, start, length);
        into[0] += item(kd_kl(logits, teacher, present, 10, KD_PUBLISHED, 6));
        into[1] += item(kd_topk_kl(logits, classes, top, present, 5, KD_BATCHMEAN, 6));
        into[2] += item(kd_feature_cosine(student, features, present, 6));
        into[3] += item(kd_feature_mse(student, features, present, 6));
    }
    for (int i = 0; i < 4; i++) assert_true(fabsf(whole[i] - parts[i]) < 1e-5f * fabsf(whole[i]));
    scope_close(&sc);
    tensor_file_close(&file);
    assert_int_equal(t_live_count(), 0);
}

/* The published weights in terms of KL without T^2, meant over the batch: EGTEA's 150 at T = 10 over 106 classes is
 * 141.5 of it, EK55's 20 at T = 5 over the top 50 is 10. */
static void published_weights_are_what_they_are_in_kl(void **state)
{
    (void)state;
    static const struct {
        int64_t classes;
        double temperature, published, plain;
    } RECIPES[] = {{106, 10, 150, 150 * 100.0 / 106}, {50, 5, 20, 10}};
    assert_true(fabs(RECIPES[0].plain - 141.5) < 0.05);
    for (int i = 0; i < 2; i++) {
        scope *sc = scope_open();
        double temperature = RECIPES[i].temperature;
        t_seed(3);
        tensor *logits = t_randn(SHAPE(4, RECIPES[i].classes)), *teacher = t_randn(SHAPE(4, RECIPES[i].classes));
        float published = item(kd_kl(logits, teacher, NULL, temperature, KD_PUBLISHED, 4));
        float batchmean = item(kd_kl(logits, teacher, NULL, temperature, KD_BATCHMEAN, 4));
        double plain = (double)batchmean / (temperature * temperature);
        assert_true(published > 0);
        assert_true(fabs(RECIPES[i].published * (double)published / (RECIPES[i].plain * plain) - 1) < 1e-5);
        scope_close(&sc);
    }
    assert_int_equal(t_live_count(), 0);
}

/* The teacher itself has nothing to learn from the teacher; logits may be shifted; the top of all classes is all
 * classes. */
static void what_must_hold_for_any_kl(void **state)
{
    (void)state;
    tensor_file *file = open_losses();
    scope *sc = scope_open();
    tensor *logits = tensor_file_get(file, "logits"), *teacher = tensor_file_get(file, "teacher"), *every = NULL;
    assert_true(fabsf(item(kd_kl(teacher, teacher, NULL, 2, KD_BATCHMEAN, 6))) < 1e-6f);
    float loss = item(kd_kl(logits, teacher, NULL, 2, KD_PUBLISHED, 6));
    float shifted = item(kd_kl(logits, t_shift(teacher, 7), NULL, 2, KD_PUBLISHED, 6));
    tensor *sorted = t_topk(teacher, t_size(teacher, 1), &every);
    float top = item(kd_topk_kl(logits, every, sorted, NULL, 2, KD_PUBLISHED, 6));
    assert_true(loss > 0 && fabsf(loss - shifted) < 1e-4f * loss && fabsf(loss - top) < 1e-5f * loss);

    tensor *learning = t_require_grad(t_clone(teacher)); /* a teacher that records gradients still learns nothing */
    tensor *student = t_require_grad(t_clone(logits));
    assert_int_equal(t_backward(kd_kl(student, learning, NULL, 2, KD_PUBLISHED, 6)), OK);
    assert_null(t_grad(learning));
    assert_non_null(t_grad(student));
    assert_int_equal(t_check(student), OK);
    scope_close(&sc);
    tensor_file_close(&file);
    assert_int_equal(t_live_count(), 0);
}

static void shapes_that_do_not_fit_fail(void **state)
{
    (void)state;
    scope *sc = scope_open();
    tensor *a = t_zeros(T_F32, SHAPE(4, 5)), *b = t_zeros(T_F32, SHAPE(4, 6));
    assert_int_not_equal(t_check(kd_kl(a, b, NULL, 1, KD_PUBLISHED, 4)), OK);
    fail_clear();
    assert_int_not_equal(t_check(kd_feature_mse(a, b, NULL, 4)), OK);
    fail_clear();
    assert_int_not_equal(t_check(kd_kl(NULL, a, NULL, 1, KD_PUBLISHED, 4)), OK);
    fail_clear();
    scope_close(&sc);
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_and_gradients_are_pytorchs),
        cmocka_unit_test(slices_add_up_to_the_step),
        cmocka_unit_test(published_weights_are_what_they_are_in_kl),
        cmocka_unit_test(what_must_hold_for_any_kl),
        cmocka_unit_test(shapes_that_do_not_fit_fail),
    };
    return cmocka_run_group_tests(tests, golden_start, NULL);
}
