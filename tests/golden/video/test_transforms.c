/* Clip transforms against torchvision (make_transforms.py): bytes within one level, frame numbers exactly. */
#include "tests/golden/tensor/golden.h"

#include "tensor/pictures.h"
#include "tests/unit/video/change.h"
#include "video/clip_frames.h"
#include "video/colors.h"
#include "video/resample.h"
#include "video/transforms.h"

enum { RGB = 3, COUNT = 2, ROOM = 1 << 16 };

static tensor_file *file;
static uint8_t pictures[ROOM], made[ROOM], wanted[ROOM], copy[ROOM];
static int height, width;

static int open_fixtures(void **state)
{
    if (golden_start(state)) return -1;
    scope *sc = scope_open();
    status st = tensor_file_open("tests/golden/video/transforms.safetensors", &file);
    tensor *all = st == OK ? tensor_file_get(file, "pictures") : NULL;
    if (all) {
        height = (int)t_size(all, 1);
        width = (int)t_size(all, 2);
        st = t_to_bytes(all, pictures, (size_t)t_count(all));
    }
    scope_close(&sc);
    return all && st == OK ? 0 : -1;
}

static int close_fixtures(void **state)
{
    (void)state;
    tensor_file_close(&file);
    return 0;
}

static size_t picture_size(void)
{
    return (size_t)(height * width) * RGB;
}

/* The case's number; NAN when it has none. */
static double amount_of(const char *name)
{
    double amount = NAN;
    tensor *x = golden_part(file, name, "amount");
    if (x) assert_int_equal(t_item_f64(x, &amount), OK);
    return amount;
}

/* Bytes of CASE/out into `wanted`; their number. */
static size_t wanted_of(const char *name)
{
    tensor *x = golden_part(file, name, "out");
    assert_non_null(x);
    size_t bytes = (size_t)t_count(x);
    assert_true(bytes <= sizeof wanted);
    assert_int_equal(t_to_bytes(x, wanted, bytes), OK);
    return bytes;
}

/* Operations in whole numbers have nothing to round. */
static int levels_allowed(const char *name)
{
    static const char *const EXACT[] = {"autocontrast", "equalize", "invert", "posterize", "solarize", "brightness"};
    for (size_t i = 0; i < sizeof EXACT / sizeof EXACT[0]; i++)
        if (strstr(name, EXACT[i])) return 0;
    return 1;
}

/* How many bytes are further apart than that; the first is told. */
static int compare(const char *name, size_t bytes)
{
    int wrong = 0, allowed = levels_allowed(name);
    for (size_t i = 0; i < bytes; i++) {
        if (abs(made[i] - wanted[i]) <= allowed) continue;
        if (!wrong++) print_error("%s: byte %zu is %d, torchvision's %d\n", name, i, made[i], wanted[i]);
    }
    if (wrong) print_error("%s: %d of %zu bytes are off\n", name, wrong, bytes);
    return wrong;
}

/* Calls `check` for all cases whose name begins with `kind`; there must be at least `least`. */
static void for_cases(const char *kind, int least, int (*check)(const char *name))
{
    int cases = 0, wrong = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        char name[GOLDEN_NAME];
        const char *full = tensor_file_name(file, i), *end = strrchr(full, '/');
        if (strncmp(full, kind, strlen(kind)) || !end || strcmp(end, "/out")) continue;
        snprintf(name, sizeof name, "%.*s", (int)(end - full), full);
        scope *sc = scope_open();
        wrong += check(name) > 0;
        scope_close(&sc);
        cases++;
    }
    assert_true(cases >= least);
    assert_int_equal(wrong, 0);
}

static bool is_of(const char *name, const char *kind, const char *what)
{
    char start[GOLDEN_NAME];
    snprintf(start, sizeof start, "%s/%s/", kind, what);
    return !strncmp(name, start, strlen(start));
}

static int check_augment(const char *name)
{
    augment_operation what = {AUGMENT_KINDS, amount_of(name)};
    for (augment_kind k = 0; k < AUGMENT_KINDS; k++)
        if (is_of(name, "augment", augment_name(k))) what.kind = k;
    assert_true(what.kind < AUGMENT_KINDS);
    memcpy(made, pictures, COUNT * picture_size());
    for (size_t i = 0; i < COUNT; i++)
        augment_apply(&what, made + i * picture_size(), (size_t)height, (size_t)width, copy);
    return compare(name, wanted_of(name));
}

static void test_augment_operations(void **state)
{
    (void)state;
    for_cases("augment/", 40, check_augment);
}

static void apply_color(const char *name, uint8_t *rgb, double amount)
{
    size_t pixels = (size_t)(height * width);
    if (is_of(name, "color", "brightness")) color_brightness(rgb, pixels, amount);
    else if (is_of(name, "color", "contrast")) color_contrast(rgb, pixels, amount);
    else if (is_of(name, "color", "saturation")) color_saturation(rgb, pixels, amount);
    else if (is_of(name, "color", "hue")) color_hue(rgb, pixels, amount);
    else if (is_of(name, "color", "posterize")) color_posterize(rgb, pixels, (int)amount);
    else if (is_of(name, "color", "solarize")) color_solarize(rgb, pixels, amount);
    else fail_msg("%s: no such operation", name);
}

static int check_color(const char *name)
{
    memcpy(made, pictures, COUNT * picture_size());
    for (size_t i = 0; i < COUNT; i++) apply_color(name, made + i * picture_size(), amount_of(name));
    return compare(name, wanted_of(name));
}

static void test_colors(void **state)
{
    (void)state;
    for_cases("color/", 20, check_color);
}

static int check_resize(const char *name)
{
    resample_axis across = {0}, down = {0};
    int16_t row[ROOM];
    tensor *out = golden_part(file, name, "out");
    int to_height = (int)t_size(out, 1), to_width = (int)t_size(out, 2);
    const resample_side x = {0, width, to_width, 0, to_width, false};
    const resample_side y = {0, height, to_height, 0, to_height, false};
    bool antialias = amount_of(name) > 0;
    assert_int_equal(resample_plan(&x, antialias, &across), OK);
    assert_int_equal(resample_plan(&y, antialias, &down), OK);
    for (size_t i = 0; i < COUNT; i++)
        resample(&across, &down, pictures + i * picture_size(), width, row,
                 made + i * (size_t)(to_height * to_width) * RGB);
    resample_axis_free(&across);
    resample_axis_free(&down);
    return compare(name, wanted_of(name));
}

static void test_resize(void **state)
{
    (void)state;
    for_cases("resize/", 16, check_resize);
}

static transform_options plain_options(void)
{
    return (transform_options){.size = 16,
                               .short_side = {16, 16},
                               .crop = CROP_RANDOM,
                               .area = {0.08, 1},
                               .proportions = {0.75, 4.0 / 3},
                               .crops = 3,
                               .flip_views = true,
                               .mean = {0.485f, 0.456f, 0.406f},
                               .std = {0.229f, 0.224f, 0.225f}};
}

static transform_options view_options;
static transform *views;

static int check_crop(const char *name)
{
    const clip_pictures clip = {pictures, COUNT, width, height, NULL};
    assert_int_equal(change_to_view(&view_options, views, &clip, (size_t)atoi(strrchr(name, '/') + 1), made), OK);
    return compare(name, wanted_of(name));
}

static void test_crops(void **state)
{
    (void)state;
    view_options = plain_options();
    assert_int_equal(transform_open(&view_options, &views), OK);
    assert_int_equal(transform_views(&view_options), 6);
    for_cases("crops/", 6, check_crop);
    transform_close(&views);
}

static int check_subsample(const char *name)
{
    int64_t range[2], out[64], index[64];
    tensor *x = golden_part(file, name, "out");
    assert_int_equal(t_to_i64(golden_part(file, name, "range"), range, 2), OK);
    assert_int_equal(t_count(x), range[1]);
    assert_int_equal(t_to_i64(x, out, (size_t)range[1]), OK);
    frames_subsample((frame_range){0, range[0]}, (size_t)range[1], SHORT_STRETCH, index);
    return memcmp(out, index, (size_t)range[1] * sizeof *out) != 0;
}

static void test_subsample(void **state)
{
    (void)state;
    for_cases("subsample/", 9, check_subsample);
}

static void test_numbers(void **state)
{
    (void)state;
    scope *sc = scope_open();
    transform_options options = plain_options();
    tensor *bytes = t_from_bytes(T_U8, pictures, SHAPE(COUNT, height, width, RGB));
    tensor *made_here = t_pictures(bytes, options.mean, options.std);
    assert_int_equal(golden_differs_by(file, "numbers", "out", made_here, 1e-6), 0);
    scope_close(&sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_augment_operations),
        cmocka_unit_test(test_colors),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_crops),
        cmocka_unit_test(test_subsample),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, open_fixtures, close_fixtures);
}
