/* A clip of a real file: which frames it has, that reading in parts changes nothing, and what becomes of broken ones.
 */
#include "video/loader.h"

#include "tests/unit/data/scratch.h"
#include "video/encoder.h"

#include <math.h>

enum { WIDTH = 64, HEIGHT = 48, FRAMES = 50, FPS = 25, SIZE = 16, LARGE = 1200 };

static const transform_options LOOK = {.size = SIZE,
                                       .short_side = {SIZE, SIZE},
                                       .crop = CROP_CENTRE,
                                       .crops = 1,
                                       .area = {0.5, 1},
                                       .proportions = {1, 1},
                                       .flip = 0.5,
                                       .box = true,
                                       .std = {1, 1, 1}};

/* Frame i is grey, 4 i + 20, and has a white left third. */
static void make_video(const char *path, int width, int height, int frames)
{
    encoder_file *e = NULL;
    uint8_t *picture = malloc((size_t)width * (size_t)height * 3);
    const encode_options options = {.width = width, .height = height, .fps = FPS, .quality = 10, .keyframe = 12};
    assert_ok(encoder_open(path, &options, &e));
    for (int f = 0; f < frames; f++) {
        for (int i = 0; i < width * height * 3; i++)
            picture[i] = i / 3 % width < width / 3 ? 255 : (uint8_t)(4 * f + 20);
        assert_ok(encoder_add(e, picture));
    }
    assert_ok(encoder_finish(e));
    encoder_close(&e);
    free(picture);
}

static int number_of(const uint8_t *picture)
{
    return (int)lround((picture[(SIZE / 2 * SIZE + SIZE - 2) * 3] - 20) / 4.0);
}

static void assert_frames(const char *path, const clip_choice *choice, const clip_look *look, const int *expected)
{
    video *v = NULL;
    transform *t = NULL;
    clip_room room = {0};
    video_account account;
    uint8_t *out = malloc(transform_bytes(&LOOK, choice->count));
    assert_ok(video_open(path, NULL, &v));
    assert_ok(transform_open(&LOOK, &t));
    assert_ok(video_clip_read(v, choice, look, &LOOK, t, &room, out, &account));
    assert_int_equal(account.asked, choice->count);
    assert_int_equal(account.decoded, choice->count);
    for (size_t i = 0; i < choice->count; i++)
        assert_int_equal(number_of(out + i * transform_bytes(&LOOK, 1)), expected[i]);
    clip_room_free(&room);
    transform_close(&t);
    video_close(&v);
    free(out);
}

static void frames_are_those_of_the_choice(void **state)
{
    (void)state;
    const char *path = scratch_path("a.mp4");
    static const double moments[] = {1.0, 0.05, 9};
    make_video(path, WIDTH, HEIGHT, FRAMES);
    assert_frames(path, &(clip_choice){.count = 3, .seconds = moments}, &(clip_look){0}, (int[]){25, 1, 49});
    assert_frames(path, &(clip_choice){.count = 5}, &(clip_look){0}, (int[]){0, 12, 24, 36, 49});
    /* from frame 10 up to and without frame 15, and what a range without frames is */
    const clip_choice part = {.count = 5, .begin = 10.0 / FPS, .end = 15.0 / FPS};
    assert_frames(path, &part, &(clip_look){0}, (int[]){10, 11, 12, 13, 14});
    const clip_choice late = {.count = 2, .begin = 70, .end = 71};
    assert_frames(path, &late, &(clip_look){0}, (int[]){49, 49});
    const clip_choice repeated = {.count = 4, .begin = 10.0 / FPS, .end = 12.0 / FPS, .when_short = SHORT_REPEAT};
    assert_frames(path, &repeated, &(clip_look){0}, (int[]){10, 11, 10, 11});
}

static void the_box_is_what_is_seen(void **state)
{
    (void)state;
    const char *path = scratch_path("b.mp4");
    const clip_look looks[] = {{.boxed = true, .box = {-50, 8, WIDTH / 3 - 2, HEIGHT}},   /* the white third */
                               {.boxed = true, .box = {WIDTH + 1, 0, WIDTH + 9, HEIGHT}}, /* nothing of it: all */
                               {.boxed = true, .box = {WIDTH / 3 + 4, 4, WIDTH, 36}}};
    static const int white[] = {1, 0, 0};
    video *v = NULL;
    transform *t = NULL;
    clip_room room = {0};
    video_account account;
    uint8_t out[SIZE * SIZE * 3];
    make_video(path, WIDTH, HEIGHT, FRAMES);
    assert_ok(video_open(path, NULL, &v));
    assert_ok(transform_open(&LOOK, &t));
    for (size_t i = 0; i < 3; i++) {
        assert_ok(video_clip_read(v, &(clip_choice){.count = 1}, &looks[i], &LOOK, t, &room, out, &account));
        assert_int_equal(out[(SIZE / 2 * SIZE + SIZE - 1) * 3] > 240, white[i]);
    }
    clip_room_free(&room);
    transform_close(&t);
    video_close(&v);
}

/* Pictures of this size are decoded in parts; the result is the same as that of a small loader of the same frames. */
static void large_pictures_are_read_in_parts(void **state)
{
    (void)state;
    const char *path = scratch_path("large.mp4");
    make_video(path, LARGE, LARGE, 14);
    int expected[14];
    for (int i = 0; i < 14; i++) expected[i] = i;
    assert_frames(path, &(clip_choice){.count = 14}, &(clip_look){0}, expected);
}

static void loaders_with_a_transform_give_its_pictures(void **state)
{
    (void)state;
    const char *path = scratch_path("c.mp4");
    loader *l = NULL;
    loaded_clip clip;
    const loader_options options = {.threads = 3, .memory = 1 << 20, .transform = &LOOK};
    make_video(path, WIDTH, HEIGHT, FRAMES);
    assert_ok(loader_open(&options, &l));
    for (uint64_t key = 0; key < 6; key++) {
        const clip_request request = {.path = path, .frames = {.count = 4}, .look = {.random = true, .key = key}};
        assert_ok(loader_ask(l, &request));
    }
    assert_ok(loader_ask(l, &(clip_request){.path = "/nowhere/x.mp4", .frames = {.count = 2}}));
    int mirrored = 0;
    for (uint64_t key = 0; key < 6; key++) {
        clip_change change;
        const clip_pictures size = {.count = 1, .width = WIDTH, .height = HEIGHT};
        assert_ok(clip_change_draw(&LOOK, &size, key, &change));
        assert_ok(loader_take(l, &clip));
        assert_int_equal(clip.account.decoded, 4);
        const uint8_t *middle = clip.pictures + SIZE / 2 * SIZE * 3;
        assert_int_equal(middle[0] > 240, !change.mirrored);
        mirrored += change.mirrored;
        loader_return(l, &clip);
    }
    assert_true(mirrored > 0 && mirrored < 6);
    assert_ok(loader_take(l, &clip));
    assert_int_equal(clip.account.decoded, 0);
    assert_non_null(strstr(clip.account.reason, "/nowhere/x.mp4"));
    loader_return(l, &clip);
    loader_close(&l);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    loader *l = NULL;
    transform_options wrong = LOOK;
    wrong.size = 0;
    assert_failed(loader_open(&(loader_options){.threads = 1, .transform = &wrong}, &l), ERR_CONFIG, "sides of 1");
    assert_ok(loader_open(&(loader_options){.threads = 1, .memory = 1000, .transform = &LOOK}, &l));
    assert_failed(loader_ask(l, &(clip_request){.path = "x", .frames = {.count = 1, .begin = NAN}}), ERR_INPUT,
                  "bounds");
    loader_close(&l);
    assert_ok(loader_open(&(loader_options){.threads = 1, .memory = 1000, .format = {8, 8, FIT_CROP}}, &l));
    assert_failed(loader_ask(l, &(clip_request){.path = "x", .frames = {.count = 1}}), ERR_INTERNAL, "even");
    loader_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_those_of_the_choice),
        cmocka_unit_test(the_box_is_what_is_seen),
        cmocka_unit_test(large_pictures_are_read_in_parts),
        cmocka_unit_test(loaders_with_a_transform_give_its_pictures),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
