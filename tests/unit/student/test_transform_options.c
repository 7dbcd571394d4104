/* student.transform.*: what a recipe says is what transforms do, and what goes wrong is told before anything runs. */
#include "student/transform_options.h"
#include "tests/unit/data/scratch.h"

#include <math.h>

enum { OVERRIDES = 24 };

static status read_with(const char *const *overrides, size_t count, recipe **out)
{
    char *all[OVERRIDES] = {"stages=[student]", "data.train=a.csv", "data.tracks=t.csv", "student.distill.loss=none"};
    size_t base = 4;
    assert_true(base + count <= OVERRIDES);
    for (size_t i = 0; i < count; i++) all[base + i] = (char *)overrides[i];
    return recipe_read(NULL, all, base + count, out);
}

static void standard_values_are_wlasls(void **state)
{
    (void)state;
    recipe *r = NULL;
    transform_options o;
    assert_ok(read_with(NULL, 0, &r));
    assert_ok(transform_options_read(r, &o));
    assert_ok(recipe_mistakes(r));
    assert_int_equal(o.size, 224);
    assert_int_equal(o.short_side[0], 224);
    assert_int_equal(o.short_side[1], 224);
    assert_int_equal(o.crop, CROP_RANDOM);
    assert_int_equal(o.crops, 1);
    assert_int_equal(transform_views(&o), 1);
    assert_int_equal(o.augment.count, 0);
    assert_true(o.augment.magnitude == 9 && o.augment.deviation == 0.5 && o.augment.probability == 0.5);
    assert_true(fabs((double)o.mean[1] - 0.456) < 1e-6 && fabs((double)o.std[2] - 0.225) < 1e-6);
    assert_int_equal(transform_short_clips(r), SHORT_REPEAT);
    recipe_free(&r);
}

static void every_key_is_read(void **state)
{
    (void)state;
    static const char *const overrides[] = {
        "student.transform.size=112",
        "student.transform.short_side=[124, 140]",
        "student.transform.antialias=true",
        "student.transform.crop=resized",
        "student.transform.crop_area=[0.25, 0.5]",
        "student.transform.crop_proportions=[0.5, 2]",
        "student.transform.crops=3",
        "student.transform.flip=0.5",
        "student.transform.flip_views=true",
        "student.transform.box=true",
        "student.transform.box_margin=0.25",
        "student.transform.short_clips=stretch",
        "student.transform.mean=[0.5, 0.5, 0.5]",
        "student.transform.std=[0.5, 0.25, 0.5]",
        "student.transform.color_jitter={brightness: 0.1, contrast: 0.2, saturation: 0.3, hue: 0.4}",
        "student.transform.rand_augment={count: 2, magnitude: 7, deviation: 1, probability: 0.75}",
    };
    recipe *r = NULL;
    transform_options o;
    assert_ok(read_with(overrides, sizeof overrides / sizeof overrides[0], &r));
    assert_ok(transform_options_read(r, &o));
    assert_ok(recipe_mistakes(r));
    assert_true(o.size == 112 && o.short_side[0] == 124 && o.short_side[1] == 140 && o.antialias);
    assert_true(o.crop == CROP_RESIZED && o.area[0] == 0.25 && o.area[1] == 0.5);
    assert_true(o.proportions[0] == 0.5 && o.proportions[1] == 2);
    assert_true(o.crops == 3 && o.flip_views && transform_views(&o) == 6 && o.flip == 0.5);
    assert_true(o.box && o.box_margin == 0.25);
    assert_int_equal(transform_short_clips(r), SHORT_STRETCH);
    for (int c = 0; c < 3; c++) assert_true(o.mean[c] == 0.5f && o.std[c] == (c == 1 ? 0.25f : 0.5f));
    assert_true(o.color_jitter.brightness == 0.1 && o.color_jitter.contrast == 0.2);
    assert_true(o.color_jitter.saturation == 0.3 && o.color_jitter.hue == 0.4);
    assert_true(o.augment.count == 2 && o.augment.magnitude == 7 && o.augment.deviation == 1);
    assert_true(o.augment.probability == 0.75);
    recipe_free(&r);
}

/* A whole frame that is stretched has no shorter side to scale. */
static void stretched_frames_have_any_size(void **state)
{
    (void)state;
    static const char *const overrides[] = {"student.transform.size=448", "student.transform.crop=stretch"};
    recipe *r = NULL;
    transform_options o;
    assert_ok(read_with(overrides, 2, &r));
    assert_ok(transform_options_read(r, &o));
    assert_int_equal(o.size, 448);
    recipe_free(&r);
}

static void crops_have_their_words(void **state)
{
    (void)state;
    static const char *const words[] = {"random", "centre", "resized", "stretch"};
    for (int i = 0; i < 4; i++) {
        char text[64];
        const char *const override = text;
        recipe *r = NULL;
        transform_options o;
        snprintf(text, sizeof text, "student.transform.crop=%s", words[i]);
        assert_ok(read_with(&override, 1, &r));
        assert_ok(transform_options_read(r, &o));
        assert_int_equal(o.crop, i);
        recipe_free(&r);
    }
}

static void refuse(const char *override, const char *message)
{
    recipe *r = NULL;
    assert_failed(read_with(&override, 1, &r), ERR_CONFIG, message);
    assert_null(r);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    refuse("student.transform.short_side=[200]", "short_side 200 is smaller than the square that is cut out of it");
    refuse("student.transform.size=300", "(student.transform.size 300)");
    refuse("student.transform.short_side=[280, 248]", "goes from 280 down to 248");
    refuse("student.transform.short_side=[]", "short_side has 0 numbers");
    refuse("student.transform.short_side=[224, 230, 240]", "short_side has 3 numbers");
    refuse("student.transform.short_side=224", "a list of whole numbers from 1 to 8192, not 224");
    refuse("student.transform.mean=[0.5, 0.5]", "mean has 2 numbers; it takes 3: red, green and blue");
    refuse("student.transform.std=[0.5, 0, 0.5]", "a list of numbers from 1e-06 to 1000000, not 0");
    refuse("student.transform.std=[0.5, nan, 0.5]", "not nan");
    refuse("student.transform.crop_area=[0.5, 0.25]", "crop_area goes from 0.5 down to 0.25");
    refuse("student.transform.crop_proportions=[1]", "crop_proportions has 1 numbers");
    refuse("student.transform.crop=center", "did you mean centre?");
    refuse("student.transform.crops=2", "one of 1, 3, not 2");
    refuse("student.transform.rand_augment.count=15", "from 0 to 14, not 15");
    refuse("student.variants={small: {transform: {size: 500}}}", "student.transform.short_side 224 is smaller");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_values_are_wlasls),     cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(stretched_frames_have_any_size), cmocka_unit_test(crops_have_their_words),
        cmocka_unit_test(what_is_wrong_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
