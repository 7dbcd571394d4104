/* What transforms are beside their pixels, which are held against torchvision (tests/golden/video). */
#include "video/transforms.h"

#include "change.h"
#include "tests/unit/data/scratch.h"

#include <math.h>

enum { WIDTH = 40, HEIGHT = 30, FRAMES = 3, SIZE = 16, RGB = 3, BYTES = FRAMES * SIZE * SIZE * RGB };
static uint8_t pictures[FRAMES * WIDTH * HEIGHT * RGB];

static int make_pictures(void **state)
{
    (void)state;
    rng random = rng_stream(1, 2, 3);
    for (size_t i = 0; i < sizeof pictures; i++) pictures[i] = (uint8_t)(i / 7 % 200 + rng_below(&random, 56));
    return 0;
}

static clip_pictures the_clip(void)
{
    return (clip_pictures){pictures, FRAMES, WIDTH, HEIGHT, NULL};
}

/* Nothing random but where the square is cut. */
static transform_options plain(void)
{
    return (transform_options){.size = SIZE,
                               .short_side = {SIZE, SIZE + 6},
                               .crop = CROP_RANDOM,
                               .area = {0.08, 1},
                               .proportions = {0.75, 4.0 / 3},
                               .crops = 3,
                               .flip_views = true,
                               .std = {1, 1, 1}};
}

static transform_options busy(void)
{
    transform_options o = plain();
    o.flip = 0.5;
    o.color_jitter.brightness = o.color_jitter.contrast = o.color_jitter.saturation = 0.4;
    o.color_jitter.hue = 0.1;
    o.augment = (rand_augment){2, 9, 0.5, 0.5};
    return o;
}

static void train(const transform_options *options, const clip_pictures *clip, uint64_t key, uint8_t *out)
{
    transform *t = NULL;
    assert_ok(transform_open(options, &t));
    assert_ok(change_drawn(options, t, clip, key, out));
    transform_close(&t);
}

static void assert_near(double got, double wanted, double within)
{
    if (!(fabs(got - wanted) <= within)) fail_msg("%g, not %g within %g", got, wanted, within);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

static void test_same_key_same_bytes(void **state)
{
    (void)state;
    static uint8_t first[BYTES], again[BYTES], alone[BYTES];
    const transform_options options = busy();
    const clip_pictures clip = the_clip();
    transform *t = NULL;
    size_t different = 0;
    assert_ok(transform_open(&options, &t));
    for (uint64_t key = 0; key < 50; key++) {
        assert_ok(change_drawn(&options, t, &clip, key, first));
        assert_ok(change_drawn(&options, t, &clip, key + 1, again)); /* what was done before leaves no trace */
        different += memcmp(first, again, BYTES) != 0;
        assert_ok(change_drawn(&options, t, &clip, key, again));
        assert_memory_equal(first, again, BYTES);
        train(&options, &clip, key, alone);
        assert_memory_equal(first, alone, BYTES);
    }
    transform_close(&t);
    assert_true(different >= 45);
}

/* All frames of a clip are changed alike: of equal frames come equal ones. */
static void test_one_draw_a_clip(void **state)
{
    (void)state;
    static uint8_t out[BYTES], still[sizeof pictures];
    const transform_options options = busy();
    const size_t picture = WIDTH * HEIGHT * RGB, square = SIZE * SIZE * RGB;
    for (size_t i = 0; i < FRAMES; i++) memcpy(still + i * picture, pictures, picture);
    const clip_pictures clip = {still, FRAMES, WIDTH, HEIGHT, NULL};
    for (uint64_t key = 0; key < 40; key++) {
        train(&options, &clip, key, out);
        for (size_t i = 1; i < FRAMES; i++) assert_memory_equal(out, out + i * square, square);
    }
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

static void check_inside(const transform_options *o, const clip_change *c)
{
    assert_true(c->left >= 0 && c->top >= 0 && c->width > 0 && c->height > 0);
    assert_true(c->left + c->width <= WIDTH && c->top + c->height <= HEIGHT);
    assert_true(c->cut_left >= 0 && c->cut_left + o->size <= c->scaled_width);
    assert_true(c->cut_top >= 0 && c->cut_top + o->size <= c->scaled_height);
}

static void test_crops_inside(void **state)
{
    (void)state;
    const clip_box box = {0.2, -0.1, 0.6, 0.9};
    clip_pictures clip = the_clip();
    transform_options options = busy();
    for (clip_crop crop = CROP_RANDOM; crop <= CROP_STRETCH; crop++)
        for (uint64_t key = 0; key < 500; key++) {
            clip_change change;
            options.crop = crop;
            options.box = key % 2;
            options.box_margin = 0.1;
            clip.box = key % 3 ? &box : NULL;
            assert_ok(clip_change_draw(&options, &clip, key, &change));
            check_inside(&options, &change);
            assert_ok(clip_change_view(&options, &clip, key % 6, &change));
            check_inside(&options, &change);
        }
}

/* The ends of what random crops can be are met, and nothing is left out. */
static void test_random_crops_reach_all(void **state)
{
    (void)state;
    bool lefts[16] = {false}, tops[8] = {false};
    transform_options options = plain();
    const clip_pictures clip = the_clip();
    clip_change change;
    options.short_side[1] = SIZE; /* scaled to 21 x 16 */
    for (uint64_t key = 0; key < 300; key++) {
        assert_ok(clip_change_draw(&options, &clip, key, &change));
        assert_int_equal(change.scaled_width, 21);
        assert_int_equal(change.scaled_height, SIZE);
        lefts[change.cut_left] = tops[change.cut_top] = true;
    }
    for (int i = 0; i <= 21 - SIZE; i++) assert_true(lefts[i]);
    assert_true(tops[0] && !tops[1]);
}

static void test_three_views(void **state)
{
    (void)state;
    static const int lefts[] = {0, 2, 5}; /* scaled to 21 x 16 */
    transform_options options = plain();
    clip_pictures clip = the_clip();
    clip_change wide[6], tall[6];
    assert_int_equal(transform_views(&options), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_ok(clip_change_view(&options, &clip, i, &wide[i]));
        clip.width = HEIGHT;
        clip.height = WIDTH;
        assert_ok(clip_change_view(&options, &clip, i, &tall[i]));
        clip = the_clip();
        assert_int_equal(wide[i].cut_left, lefts[i % 3]);
        assert_int_equal(wide[i].cut_top, 0);
        assert_int_equal(tall[i].cut_top, wide[i].cut_left);
        assert_int_equal(tall[i].cut_left, 0);
        assert_int_equal(wide[i].mirrored, i >= 3);
        assert_int_equal(wide[i].augments, 0);
    }
    options.crops = 1;
    options.flip_views = false;
    assert_int_equal(transform_views(&options), 1);
    assert_ok(clip_change_view(&options, &clip, 0, &wide[0]));
    assert_int_equal(wide[0].cut_left, 2);
    assert_int_equal(clip_change_view(&options, &clip, 1, &wide[0]), ERR_INTERNAL);
    fail_clear();
}

static void test_box(void **state)
{
    (void)state;
    static uint8_t whole[BYTES], cut[BYTES], part[sizeof pictures];
    enum { LEFT = 8, TOP = 6, PART_WIDTH = 20, PART_HEIGHT = 18 };
    const clip_box box = {(double)LEFT / WIDTH, (double)TOP / HEIGHT, (double)(LEFT + PART_WIDTH) / WIDTH,
                          (double)(TOP + PART_HEIGHT) / HEIGHT};
    transform_options options = busy();
    options.box = true;
    clip_pictures clip = the_clip();
    for (size_t f = 0; f < FRAMES; f++)
        for (size_t y = 0; y < PART_HEIGHT; y++)
            memcpy(part + (f * PART_HEIGHT + y) * PART_WIDTH * RGB,
                   pictures + ((f * HEIGHT + TOP + y) * WIDTH + LEFT) * RGB, PART_WIDTH * RGB);
    const clip_pictures alone = {part, FRAMES, PART_WIDTH, PART_HEIGHT, NULL};
    clip.box = &box;
    for (uint64_t key = 0; key < 20; key++) {
        train(&options, &clip, key, cut);
        train(&options, &alone, key, whole);
        assert_memory_equal(whole, cut, BYTES); /* as if there had been nothing else */
    }
    clip_change change;
    options.box_margin = 0.2; /* of 20 pixels */
    assert_ok(clip_change_draw(&options, &clip, 1, &change));
    assert_int_equal(change.left, LEFT - 4);
    assert_int_equal(change.width, PART_WIDTH + 8);
    assert_int_equal(change.top, TOP - 4);
    assert_int_equal(change.height, PART_HEIGHT + 8);
    options.box_margin = 10;
    assert_ok(clip_change_draw(&options, &clip, 1, &change));
    assert_int_equal(change.width * change.height, WIDTH * HEIGHT);
}

/* ---- identities -------------------------------------------------------------------------------------------------- */

static void mirror(uint8_t *rgb, size_t count, size_t width)
{
    for (size_t row = 0; row < count; row++, rgb += width * RGB)
        for (size_t x = 0; x < width / 2; x++)
            for (size_t c = 0; c < RGB; c++) {
                uint8_t kept = rgb[x * RGB + c];
                rgb[x * RGB + c] = rgb[(width - 1 - x) * RGB + c];
                rgb[(width - 1 - x) * RGB + c] = kept;
            }
}

static void test_mirrored_twice(void **state)
{
    (void)state;
    static uint8_t once[BYTES], twice[BYTES];
    transform_options options = plain();
    transform *t = NULL;
    const clip_pictures clip = the_clip();
    assert_ok(transform_open(&options, &t));
    for (size_t view = 0; view < 3; view++) {
        assert_ok(change_to_view(&options, t, &clip, view, once));
        assert_ok(change_to_view(&options, t, &clip, view + 3, twice));
        assert_memory_not_equal(once, twice, BYTES);
        mirror(twice, FRAMES * SIZE, SIZE);
        assert_memory_equal(once, twice, BYTES);
    }
    transform_close(&t);
}

/* At the size they have pictures stay as they are. */
static void test_same_size(void **state)
{
    (void)state;
    enum { SIDE = HEIGHT };
    static uint8_t out[FRAMES * SIDE * SIDE * RGB];
    transform_options options = plain();
    options.size = options.short_side[0] = options.short_side[1] = SIDE;
    options.crops = 1;
    transform *t = NULL;
    const clip_pictures clip = the_clip();
    for (int antialias = 0; antialias < 2; antialias++) {
        options.antialias = antialias;
        assert_ok(transform_open(&options, &t));
        assert_ok(change_to_view(&options, t, &clip, 0, out));
        for (size_t row = 0; row < FRAMES * SIDE; row++)
            assert_memory_equal(out + row * SIDE * RGB, pictures + (row * WIDTH + (WIDTH - SIDE) / 2) * RGB,
                                SIDE * RGB);
        transform_close(&t);
    }
}

static void test_magnitude_0(void **state)
{
    (void)state;
    static uint8_t rgb[WIDTH * HEIGHT * RGB], copy[sizeof rgb];
    for (augment_kind k = 0; k < AUGMENT_KINDS; k++) {
        const augment_operation what = {k, 0};
        bool stays =
            k != AUGMENT_AUTOCONTRAST && k != AUGMENT_EQUALIZE && k != AUGMENT_INVERT && k != AUGMENT_POSTERIZE;
        memcpy(rgb, pictures, sizeof rgb);
        for (size_t i = 0; i < sizeof rgb; i++)
            if (rgb[i] == 255) rgb[i] = 254; /* solarize inverts white at 0 */
        memcpy(copy, rgb, sizeof rgb);
        static uint8_t room[sizeof rgb];
        augment_apply(&what, rgb, HEIGHT, WIDTH, room);
        if (stays != !memcmp(rgb, copy, sizeof rgb)) fail_msg("%s at 0", augment_name(k));
    }
}

static void test_jitter_of_0(void **state)
{
    (void)state;
    static uint8_t without[BYTES], with[BYTES];
    transform_options options = plain();
    const clip_pictures clip = the_clip();
    train(&options, &clip, 5, without);
    options.color_jitter.hue = 1e-9;
    options.color_jitter.saturation = options.color_jitter.contrast = options.color_jitter.brightness = 1e-9;
    train(&options, &clip, 5, with);
    for (size_t i = 0; i < BYTES; i++)
        assert_true(abs(without[i] - with[i]) <= 3); /* each cuts off a part of a level */
}

/* ---- draws ------------------------------------------------------------------------------------------------------- */

static void test_rand_augment_draws(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    const rand_augment options = {2, 9, 0.5, 0.5};
    size_t kinds[AUGMENT_KINDS] = {0}, counts[3] = {0}, back = 0, directed = 0, capped = 0;
    double sum = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        augment_operation out[AUGMENT_KINDS];
        rng random = rng_stream(9, 1, i);
        size_t count = rand_augment_draw(&options, &random, out);
        assert_true(count <= 2);
        assert_true(count < 2 || out[0].kind != out[1].kind);
        counts[count]++;
        for (size_t a = 0; a < count; a++) {
            double amount = fabs(out[a].amount);
            assert_true(amount <= 1);
            kinds[out[a].kind]++;
            sum += amount;
            capped += amount == 1;
            directed += out[a].kind == AUGMENT_ROTATE;
            back += out[a].kind == AUGMENT_ROTATE && out[a].amount < 0;
            if (out[a].kind == AUGMENT_SOLARIZE || out[a].kind == AUGMENT_POSTERIZE) assert_true(out[a].amount >= 0);
        }
    }
    double done = (double)(counts[1] + 2 * counts[2]);
    assert_near(done / DRAWS, 1, 0.03);
    assert_near((double)counts[2] / DRAWS, 0.25, 0.02);
    assert_near(sum / done, 0.9 - 0.0004, 0.002); /* the mean of what is cut off at 10 */
    assert_near((double)capped / done, 0.0228, 0.006);
    assert_near((double)back / (double)directed, 0.5, 0.06);
    for (int k = 0; k < AUGMENT_KINDS; k++) assert_near((double)kinds[k] / done, 1.0 / AUGMENT_KINDS, 0.01);
}

static void test_jitter_draws(void **state)
{
    (void)state;
    bool orders[4][4] = {{false}};
    transform_options options = busy();
    const clip_pictures clip = the_clip();
    double least = 2, most = 0;
    for (uint64_t key = 0; key < 400; key++) {
        clip_change c;
        assert_ok(clip_change_draw(&options, &clip, key, &c));
        for (int i = 0; i < JITTERS; i++) orders[i][c.jitter_order[i]] = true;
        least = fmin(least, c.jitter[0]);
        most = fmax(most, c.jitter[0]);
        assert_true(fabs(c.jitter[3]) <= 0.1);
    }
    for (int i = 0; i < 16; i++) assert_true(orders[i / 4][i % 4]);
    assert_true(least >= 0.6 && least < 0.62 && most <= 1.4 && most > 1.38);
}

/* ---- wrong and hostile ------------------------------------------------------------------------------------------- */

static void expect_config(const transform_options *o, const char *message)
{
    transform *t = NULL;
    assert_int_equal(transform_open(o, &t), ERR_CONFIG);
    if (!strstr(fail_message(), message)) fail_msg("%s, not %s", fail_message(), message);
    assert_null(t);
    fail_clear();
}

static void test_wrong_options(void **state)
{
    (void)state;
    transform_options o;
#define WRONG(field, value, message) o = busy(), o.field = (value), expect_config(&o, message)
    WRONG(size, 0, "1 to 4096 pixels, not 0");
    WRONG(size, 5000, "not 5000");
    WRONG(short_side[0], SIZE - 1, "15 .. 22");
    WRONG(short_side[1], 9000, "at most 8192");
    WRONG(crops, 2, "1 or 3 crops, not 2");
    WRONG(area[0], 0, "areas");
    WRONG(area[1], NAN, "areas");
    WRONG(proportions[0], 2, "proportions");
    WRONG(flip, 1.5, "probability 0 to 1");
    WRONG(box_margin, -1, "margin");
    WRONG(color_jitter.hue, 0.6, "color_jitter.hue");
    WRONG(color_jitter.contrast, NAN, "color_jitter");
    WRONG(augment.count, 15, "0 to 14 operations");
    WRONG(augment.magnitude, 11, "magnitude");
    WRONG(std[1], 0, "channel 1");
    WRONG(mean[2], INFINITY, "channel 2");
#undef WRONG
}

static void expect_input(const transform_options *o, transform *t, const clip_pictures *clip, const char *message)
{
    static uint8_t out[BYTES];
    assert_int_equal(change_drawn(o, t, clip, 1, out), ERR_INPUT);
    if (!strstr(fail_message(), message)) fail_msg("%s, not %s", fail_message(), message);
    fail_clear();
    assert_int_equal(change_to_view(o, t, clip, 0, out), ERR_INPUT);
    fail_clear();
}

static void test_wrong_clips(void **state)
{
    (void)state;
    static const clip_box boxes[] = {
        {0.5, 0, 0.5, 1}, {0, 0.7, 1, 0.2},    {1, 0, 2, 1},   {0, -2, 1, -1},
        {NAN, 0, 1, 1},   {0, 0, INFINITY, 1}, {0, 0, 1, NAN}, {-INFINITY, 0, INFINITY, 1}};
    transform_options options = busy();
    transform *t = NULL;
    clip_pictures clip = the_clip();
    options.box = true;
    assert_ok(transform_open(&options, &t));
    clip.count = 0;
    expect_input(&options, t, &clip, "without pictures");
    clip = the_clip();
    clip.width = 0;
    expect_input(&options, t, &clip, "0 x 30");
    clip.width = 16385;
    expect_input(&options, t, &clip, "16385 x 30");
    clip = the_clip();
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
        clip.box = &boxes[i];
        expect_input(&options, t, &clip, "shows nothing of it");
    }
    transform_close(&t);
    transform_close(&t);
}

/* Pictures of a pixel, of a row or a column, and squares of a pixel, by all the ways there are. */
static void test_hostile_sizes(void **state)
{
    (void)state;
    static const int SIDES[][2] = {{1, 1}, {1, 16384}, {16384, 1}, {2, 1}, {3, 3}, {1, 30}, {4001, 2}};
    static const int SIZES[] = {1, 2, 64};
    static uint8_t long_one[16384 * RGB], out[64 * 64 * RGB];
    const clip_box sliver = {0.4999, 0.4999, 0.50001, 0.50001};
    for (size_t i = 0; i < sizeof long_one; i++) long_one[i] = (uint8_t)(100 + i % 50);
    for (size_t s = 0; s < sizeof SIDES / sizeof SIDES[0]; s++)
        for (size_t z = 0; z < 3; z++)
            for (uint64_t key = 0; key < 16; key++) {
                transform_options o = busy();
                transform *t = NULL;
                o.size = SIZES[z];
                o.short_side[0] = SIZES[z];
                o.short_side[1] = key % 4 ? 64 : 8192;
                o.crop = (clip_crop)(key % 4);
                o.antialias = key % 2;
                o.box = key % 3 == 0;
                o.area[0] = 1e-6;
                o.proportions[0] = 0.01;
                o.proportions[1] = 100;
                o.color_jitter.brightness = o.color_jitter.contrast = o.color_jitter.saturation = 10;
                o.augment = (rand_augment){AUGMENT_KINDS, 10, 10, 1};
                const clip_pictures clip = {long_one, 1, SIDES[s][0], SIDES[s][1], &sliver};
                assert_ok(transform_open(&o, &t));
                assert_ok(change_drawn(&o, t, &clip, key, out));
                for (size_t view = 0; view < 6; view++) assert_ok(change_to_view(&o, t, &clip, view, out));
                for (size_t i = 0; i < transform_bytes(&o, 1); i++)
                    if (out[i] < 99 || out[i] > 150) fail_msg("%d x %d: %d", SIDES[s][0], SIDES[s][1], out[i]);
                transform_close(&t);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_key_same_bytes), cmocka_unit_test(test_one_draw_a_clip),
        cmocka_unit_test(test_crops_inside),        cmocka_unit_test(test_random_crops_reach_all),
        cmocka_unit_test(test_three_views),         cmocka_unit_test(test_box),
        cmocka_unit_test(test_mirrored_twice),      cmocka_unit_test(test_same_size),
        cmocka_unit_test(test_magnitude_0),         cmocka_unit_test(test_jitter_of_0),
        cmocka_unit_test(test_rand_augment_draws),  cmocka_unit_test(test_jitter_draws),
        cmocka_unit_test(test_wrong_options),       cmocka_unit_test(test_wrong_clips),
        cmocka_unit_test(test_hostile_sizes),
    };
    return cmocka_run_group_tests(tests, make_pictures, NULL);
}
