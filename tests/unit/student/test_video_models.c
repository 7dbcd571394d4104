/* The video models: numbers of parameters at full size, freezing, files, what forward takes and gives. */
#include "student/video_model.h"
#include "student/vit.h"
#include "tests/unit/tensor/fixture.h"

#include <unistd.h>

/* Within `most` of what is wanted. */
static void assert_near(double x, double wanted, double most)
{
    if (!(fabs(x - wanted) <= most)) fail_msg("%.9g and not %.9g", x, wanted);
}

static video_model *small_model(const char *name)
{
    video_model *m = NULL;
    video_model_options o;
    ASSERT_OK(video_model_defaults(name, 5, &o));
    o.frames = 4;
    o.side = 32;
    o.channels = 2;
    o.feature = 16;
    o.hidden = 3;
    o.width = 12;
    o.heads = 2;
    o.layers = 2;
    o.backbone_width = 8;
    o.backbone_layers = o.backbone_heads = 2;
    t_seed(7);
    ASSERT_OK(video_model_new(name, &o, &m));
    return m;
}

/* (2, frames, 3, 32, 32) */
static tensor *clips(int64_t frames)
{
    unsigned char bytes[2 * 4 * 3 * 32 * 32];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * i / 7 + i);
    return t_from_bytes(T_U8, bytes, SHAPE(2, frames, 3, 32, 32));
}

static void published_sizes_have_the_published_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t parameters;
    } MODELS[] = {{"sign2text", 14595915}, {"timesformer", 48029962}};
    for (size_t i = 0; i < COUNT(MODELS); i++) {
        video_model_options o;
        video_model *m = NULL;
        ASSERT_OK(video_model_defaults(MODELS[i].name, 10, &o));
        ASSERT_OK(video_model_new(MODELS[i].name, &o, &m));
        assert_int_equal(module_element_count(video_model_module(m)), MODELS[i].parameters);
        video_model_free(&m);
    }
}

static void vit_b_16_has_85798656(void **state)
{
    (void)state;
    vit *v = NULL;
    module *root = module_new();
    const vit_options options = {.side = 224, .patch = 16, .width = 768, .layers = 12, .heads = 12};
    ASSERT_OK(vit_new(root, "vit", &options, &v));
    assert_int_equal(module_element_count(root), 85798656);
    vit_free(&v);
    module_free(&root);
}

static void names_are_those_of_pytorchs_files(void **state)
{
    (void)state;
    static const char *const NAMES[][2] = {
        {"sign2text", "cnn.layer2.0.downsample.1.running_var"},
        {"sign2text", "lstm.weight_hh_l1_reverse"},
        {"sign2text", "fc.3.bias"},
        {"timesformer", "blocks.1.temporal_attn.in_proj_bias"},
        {"timesformer", "temporal_norm.weight"},
        {"avt", "backbone.blocks.0.attn.qkv.weight"},
        {"avt", "backbone.patch_embed.proj.bias"},
    };
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        video_model *m = small_model(NAMES[i][0]);
        if (!module_find(video_model_module(m), NAMES[i][1])) fail_msg("%s has no %s", NAMES[i][0], NAMES[i][1]);
        video_model_free(&m);
    }
}

static void train_once(video_model *m)
{
    optim *opt = NULL;
    const uint64_t keys[] = {1, 2};
    const int64_t labels[] = {1, 3};
    module *root = video_model_module(m);
    ASSERT_OK(optim_sgd(root, &(sgd_options){.lr = 0.1}, &opt));
    module_zero_grad(root);
    dropout_begin(keys, 2);
    batch_norm_begin(1);
    video_output out = video_model_forward(m, clips(4), false, false);
    batch_norm_end();
    dropout_end();
    ASSERT_OK(t_backward(t_cross_entropy(out.logits, t_from_i64(labels, SHAPE(2)), NULL, 0, T_MEAN)));
    ASSERT_OK(optim_step(opt));
    optim_free(&opt);
}

static void what_is_frozen_stays(void **state)
{
    (void)state;
    video_model *m = small_model("sign2text");
    module *root = video_model_module(m);
    const char *const prefixes[] = {"cnn", "lstm.weight_ih_l0"};
    ASSERT_OK(video_model_freeze(m, prefixes, COUNT(prefixes)));
    size_t count = module_parameter_count(root), moved = 0;
    tensor *before[128] = {0};
    for (size_t i = 0; i < count; i++) before[i] = t_clone(t_detach(module_parameter_at(root, i)));
    train_once(m);
    for (size_t i = 0; i < count; i++) {
        const char *name = module_parameter_name(root, i);
        bool same = same_bytes(before[i], module_parameter_at(root, i));
        if ((!strncmp(name, "cnn.", 4) || !strcmp(name, "lstm.weight_ih_l0")) && !same) fail_msg("%s moved", name);
        moved += !same;
    }
    assert_true(moved > 10);
    const char *const wrong[] = {"cn"};
    assert_int_equal(video_model_freeze(m, wrong, 1), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "\"cn\""));
    video_model_free(&m);
}

/* Running statistics come back with the weights: the loaded model says what the saved one says. */
static void a_file_holds_running_statistics(void **state)
{
    (void)state;
    char path[] = "/tmp/video_model_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    video_model *a = small_model("sign2text"), *b = small_model("sign2text");
    train_once(a);
    tensor *wanted = video_model_forward(a, clips(4), false, false).logits;
    assert_false(same_bytes(wanted, video_model_forward(b, clips(4), false, false).logits));
    ASSERT_OK(module_save(video_model_module(a), path, NULL));
    ASSERT_OK(module_load(video_model_module(b), path));
    assert_true(same_bytes(wanted, video_model_forward(b, clips(4), false, false).logits));
    unlink(path);
    video_model_free(&a);
    video_model_free(&b);
}

static void attention_is_a_distribution_over_frames(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"sign2text", "timesformer", "avt"};
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        video_model *m = small_model(NAMES[i]);
        bool any = video_model_has_attention(m);
        int64_t frames = any ? 3 : 4; /* fewer than most, where that is possible */
        video_output out = video_model_forward(m, clips(frames), true, true);
        ASSERT_OK(t_check(out.logits));
        assert_int_equal(t_size(out.feature, 1), video_model_feature_width(m));
        assert_int_equal(t_size(out.logits, 1), 5);
        assert_int_equal(out.attention != NULL, any);
        assert_int_equal(out.avt.past_logits != NULL, !any);
        for (int64_t b = 0; any && b < 2; b++) {
            assert_int_equal(t_size(out.attention, 1), frames);
            assert_near(element(t_sum(out.attention, 1, false), b), 1, 1e-5);
        }
        assert_null(video_model_forward(m, clips(frames), false, false).attention);
        video_model_free(&m);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    video_model *m = NULL;
    video_model_options o;
    assert_int_equal(video_model_defaults("resnet", 5, &o), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "timesformer"));
    ASSERT_OK(video_model_defaults("timesformer", 5, &o));
    o.side = 223;
    assert_int_equal(video_model_new("timesformer", &o, &m), ERR_CONFIG);
    ASSERT_OK(video_model_defaults("avt", 5, &o));
    o.backbone_heads = 7;
    assert_int_equal(video_model_new("avt", &o, &m), ERR_CONFIG);
    ASSERT_OK(video_model_defaults("sign2text", 5, &o));
    o.deviation[1] = 0;
    assert_int_equal(video_model_new("sign2text", &o, &m), ERR_CONFIG);
    o.deviation[1] = 1;
    o.hidden = 0;
    assert_int_equal(video_model_new("sign2text", &o, &m), ERR_CONFIG);
    assert_null(m);
    m = small_model("sign2text");
    assert_null(video_model_forward(m, NULL, false, false).logits);
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_null(video_model_forward(m, t_zeros(T_F32, SHAPE(2, 5, 3, 32, 32)), false, false).logits); /* frames: 4 */
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    video_model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(published_sizes_have_the_published_numbers),
        IN_SCOPE(vit_b_16_has_85798656),
        IN_SCOPE(names_are_those_of_pytorchs_files),
        IN_SCOPE(what_is_frozen_stays),
        IN_SCOPE(a_file_holds_running_statistics),
        IN_SCOPE(attention_is_a_distribution_over_frames),
        IN_SCOPE(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
