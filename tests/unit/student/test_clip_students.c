/* Students of clips on videos that the test encodes: what they are given to see, and that several views of a segment
 * are averaged. */
#include "small_world.h"
#include "student/clip_lengths.h"
#include "student/scoring.h"
#include "video/encoder.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { WIDTH = 64, HEIGHT = 48, FRAMES = 24, FPS = 12, VIDEOS = 9, GLOSSES = 3, SEEN = 6, SIDE = 32 };
static const int BOX[4] = {20, 8, 44, 40}; /* left, top, right, bottom: bright, in a dark picture */
static comm *alone;
static dataset data;

/* ---- the world --------------------------------------------------------------------------------------------------- */

/* Frames grow brighter; the box is white, its surroundings have the video's own pattern. */
static void draw(size_t number, int frame, uint8_t *rgb)
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            bool inside = x >= BOX[0] && x < BOX[2] && y >= BOX[1] && y < BOX[3];
            int value = frame * 4 + (x / 8 + y / 8 + (int)number) % 3 * 20;
            memset(rgb + (y * WIDTH + x) * 3, inside ? 250 : value, 3);
        }
}

static status make_video(size_t number)
{
    status st = OK;
    static uint8_t rgb[WIDTH * HEIGHT * 3];
    char name[32];
    encoder_file *e = NULL;
    snprintf(name, sizeof name, "c%zu.mp4", number);
    TRY(encoder_open(scratch_path(name), &(encode_options){WIDTH, HEIGHT, FPS, 10, 6}, &e));
    for (int i = 0; i < FRAMES; i++) {
        draw(number, i, rgb);
        TRY(encoder_add(e, rgb));
    }
    TRY(encoder_finish(e));
done:
    encoder_close(&e);
    return st;
}

static void write_list(void)
{
    static char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text, "[");
    for (int g = 0; g < GLOSSES; g++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s{\"gloss\": \"g%d\", \"instances\": [", g ? "," : "", g);
        for (int i = 0; i < VIDEOS / GLOSSES; i++)
            at += (size_t)snprintf(text + at, sizeof text - at,
                                   "%s{\"video_id\": \"c%d\", \"bbox\": [%d, %d, %d, %d], \"fps\": %d, "
                                   "\"frame_start\": 1, \"frame_end\": -1, \"split\": \"%s\"}",
                                   i ? "," : "", g * 3 + i, BOX[0], BOX[1], BOX[2], BOX[3], FPS,
                                   (const char *const[]){"train", "val", "test"}[i]);
        at += (size_t)snprintf(text + at, sizeof text - at, "]}");
    }
    snprintf(text + at, sizeof text - at, "]");
    scratch_file("list.json", text);
}

/* With more keys, ended by NULL; freed by the caller. */
static recipe *clip_recipe(const char *const *more)
{
    static char kept[40][192];
    char *words[40];
    size_t count = 0;
    recipe *r = NULL;
    static const char *const common[] = {
        "stages=[student]",         "data.format=wlasl",         "data.least=0.1",
        "data.use_box=true",        "student.input=clips",       "student.task=recognise",
        "student.model=sign2text",  "student.frames=6",          "student.network.channels=2",
        "student.network.depth=1",  "student.network.feature=8", "student.network.hidden=4",
        "student.network.layers=1", "student.distill.loss=none", "student.transform.size=32",
        "video.threads=2"};
    snprintf(kept[count++], sizeof kept[0], "data.train=%s/list.json", scratch_directory);
    snprintf(kept[count++], sizeof kept[0], "data.videos=%s", scratch_directory);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (!world_gives(more, common[i], strcspn(common[i], "=")))
            snprintf(kept[count++], sizeof kept[0], "%s", common[i]);
    if (!world_gives(more, "student.transform.short_side", strlen("student.transform.short_side")))
        snprintf(kept[count++], sizeof kept[0], "student.transform.short_side=[40]");
    for (; more && *more; more++) snprintf(kept[count++], sizeof kept[0], "%s", *more);
    for (size_t i = 0; i < count; i++) words[i] = kept[i];
    assert_ok(recipe_read(NULL, words, count, &r));
    return r;
}

#define CLIP_RECIPE(...) clip_recipe((const char *const[]){__VA_ARGS__, NULL})

static int open_all(void **state)
{
    if (t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}) != OK || scratch_open(state) ||
        comm_open(1, 60, &alone) != OK)
        return -1;
    write_list();
    for (size_t i = 0; i < VIDEOS; i++)
        if (make_video(i) != OK) return print_error("%s\n", fail_message()), -1;
    recipe *r = clip_recipe(NULL);
    status st = dataset_open(r, &data);
    if (st == OK) st = clip_lengths_find(alone, r, &data, scratch_directory, scratch_directory);
    recipe_free(&r);
    return st == OK ? 0 : -1;
}

static int close_all(void **state)
{
    dataset_free(&data);
    comm_close(&alone);
    return scratch_close(state);
}

static void open_student(recipe *r, student *out)
{
    assert_ok(student_open(r, scratch_directory, &data, NULL, out));
    recipe_free(&r);
}

/* What a student sees of the whole training part, in training or scoring: (count, views, SEEN, SIDE, SIDE, 3), freed by
 * the caller. */
static uint8_t *seen_by(student *s, bool training, size_t *bytes)
{
    const segment *at[VIDEOS];
    uint64_t keys[VIDEOS];
    tensor *seen = NULL;
    size_t count = data.train.count;
    for (size_t i = 0; i < count; i++) {
        at[i] = &data.train.at[i];
        keys[i] = hash_mix(5, i);
    }
    scope *sc = scope_open();
    const uint64_t *given = training ? keys : NULL;
    assert_ok(sight_ask(&s->sight, at, given, count));
    assert_ok(sight_take(&s->sight, NULL, at, given, count, &seen));
    *bytes = (size_t)t_count(seen);
    uint8_t *out = malloc(*bytes);
    assert_ok(t_to_bytes(seen, out, *bytes));
    scope_close(&sc);
    return out;
}

static uint8_t *seen_with(recipe *r, bool training, size_t *bytes)
{
    student s = {0};
    open_student(r, &s);
    uint8_t *out = seen_by(&s, training, bytes);
    student_free(&s);
    return out;
}

/* ---- what is seen ------------------------------------------------------------------------------------------------ */

static void any_number_of_threads_gives_the_same_bytes(void **state)
{
    (void)state;
    size_t bytes = 0;
    const char *const changes[] = {"student.transform.rand_augment.count=3", "student.transform.color_jitter.hue=0.2",
                                   "student.transform.flip=0.5", "student.transform.crop=resized"};
    uint8_t *one =
        seen_with(CLIP_RECIPE("video.threads=1", "video.memory_mb=1", changes[0], changes[1], changes[2], changes[3]),
                  true, &bytes);
    uint8_t *four =
        seen_with(CLIP_RECIPE("video.threads=4", changes[0], changes[1], changes[2], changes[3]), true, &bytes);
    uint8_t *still = seen_with(CLIP_RECIPE("video.threads=4"), true, &bytes);
    assert_memory_equal(one, four, bytes);
    assert_memory_not_equal(one, still, bytes);
    free(one);
    free(four);
    free(still);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, SIDE * SIDE * 3);
}

static void shuffled_frames_are_the_same_ones_in_another_order(void **state)
{
    (void)state;
    size_t bytes = 0, picture = SIDE * SIDE * 3;
    uint8_t *usual = seen_with(clip_recipe(NULL), false, &bytes);
    uint8_t *mixed = seen_with(CLIP_RECIPE("student.shuffle_frames=true"), false, &bytes);
    uint8_t *again = seen_with(CLIP_RECIPE("student.shuffle_frames=true"), false, &bytes);
    assert_int_equal(bytes, data.train.count * SEEN * picture);
    assert_memory_equal(mixed, again, bytes);
    assert_memory_not_equal(mixed, usual, bytes);
    for (size_t i = 0; i < data.train.count; i++) {
        qsort(usual + i * SEEN * picture, SEEN, picture, compare);
        qsort(mixed + i * SEEN * picture, SEEN, picture, compare);
    }
    assert_memory_equal(mixed, usual, bytes);
    free(usual);
    free(mixed);
    free(again);
}

static void a_blind_student_gets_black_pictures(void **state)
{
    (void)state;
    student s = {0};
    size_t bytes = 0;
    open_student(CLIP_RECIPE("student.blind=true", "student.transform.crops=3"), &s);
    assert_string_equal(s.role, "control");
    uint8_t *seen = seen_by(&s, false, &bytes);
    assert_int_equal(bytes, data.train.count * 3 * SEEN * SIDE * SIDE * 3);
    for (size_t i = 0; i < bytes; i++) assert_int_equal(seen[i], 0);
    free(seen);
    student_free(&s);
}

static void only_the_signers_box_is_seen_where_it_is_asked_for(void **state)
{
    (void)state;
    size_t bytes = 0;
    uint8_t *boxed = seen_with(
        CLIP_RECIPE("student.transform.box=true", "student.transform.box_margin=0", "student.transform.crop=stretch"),
        true, &bytes);
    size_t dark = 0;
    for (size_t i = 0; i < bytes; i++) dark += boxed[i] < 200;
    assert_true(dark < bytes / 10); /* the edge, which the codec has smeared */
    free(boxed);
    uint8_t *all = seen_with(CLIP_RECIPE("student.transform.crop=stretch"), true, &bytes);
    for (size_t i = dark = 0; i < bytes; i++) dark += all[i] < 200;
    assert_true(dark > bytes / 2);
    free(all);
}

/* The loader's own account: pictures that wait, of training's half of video.memory_mb. */
static void memory_of_what_waits_is_bounded(void **state)
{
    (void)state;
    enum { ROUNDS = 12 };
    student s = {0};
    const segment *at[VIDEOS];
    uint64_t keys[VIDEOS] = {0};
    size_t count = data.train.count, clip = 24 * 256 * 256 * 3;
    open_student(CLIP_RECIPE("student.transform.size=256", "student.transform.short_side=[256]", "student.frames=24",
                             "video.memory_mb=20", "video.threads=4"),
                 &s);
    assert_int_equal(clip_input_bytes(&s.sight.pictures), clip);
    for (size_t i = 0; i < count; i++) at[i] = &data.train.at[i];
    for (int i = 0; i < ROUNDS; i++) assert_ok(sight_ask(&s.sight, at, keys, count)); /* 12 times what fits */
    for (int i = 0; i < ROUNDS; i++) {
        tensor *seen = NULL;
        scope *sc = scope_open();
        assert_ok(sight_take(&s.sight, NULL, at, keys, count, &seen));
        scope_close(&sc);
    }
    loader_stats stats = sight_stats(&s.sight);
    assert_int_equal(stats.clips, ROUNDS * count);
    assert_int_equal(stats.broken, 0);
    assert_true(stats.memory_peak >= clip && stats.memory_peak <= 20 * 1000000 / 2);
    student_free(&s);
}

/* ---- several views ----------------------------------------------------------------------------------------------- */

/* Of one segment, by hand: every view goes through the model alone, and its probabilities are added. */
static void add_views(student *s, const segment *of, size_t views, double *probabilities)
{
    scope *sc = scope_open();
    tensor *seen = NULL;
    float logits[GLOSSES];
    assert_ok(sight_ask(&s->sight, &of, NULL, 1));
    assert_ok(sight_take(&s->sight, NULL, &of, NULL, 1, &seen));
    assert_int_equal(t_size(seen, 0), views);
    for (size_t v = 0; v < views; v++) {
        double sum = 0;
        tensor *one = t_narrow(seen, 0, (int64_t)v, 1);
        assert_ok(t_to_f32(student_model_forward(&s->model, one, false, false).logits, logits, GLOSSES));
        for (int c = 0; c < GLOSSES; c++) sum += exp((double)logits[c]);
        for (int c = 0; c < GLOSSES; c++) probabilities[c] += exp((double)logits[c]) / sum / (double)views;
    }
    scope_close(&sc);
}

static void views_are_averaged(const char *const *keys, size_t views)
{
    student s = {0};
    float got[VIDEOS * GLOSSES];
    size_t count = data.eval.count;
    open_student(clip_recipe(keys), &s);
    assert_int_equal(sight_views(&s.sight), views);
    grad_pause();
    assert_ok(student_predict(&s, NULL, data.eval.at, count, got));
    for (size_t i = 0; i < count; i++) {
        double wanted[GLOSSES] = {0};
        add_views(&s, &data.eval.at[i], views, wanted);
        for (int c = 0; c < GLOSSES; c++)
            assert_true(fabs(exp((double)got[i * GLOSSES + (size_t)c]) - wanted[c]) < 1e-6);
    }
    grad_resume();
    student_free(&s);
    assert_int_equal(t_live_count(), 0);
}

static void probabilities_of_views_are_averaged(void **state)
{
    (void)state;
    views_are_averaged((const char *const[]){"student.transform.crops=3", NULL}, 3);
    views_are_averaged((const char *const[]){"student.transform.crops=3", "student.transform.flip_views=true", NULL},
                       6);
    views_are_averaged((const char *const[]){"student.transform.crops=3", "student.transform.flip_views=true",
                                             "student.model=timesformer", "student.network.patch=8",
                                             "student.network.width=16", "student.network.heads=2", NULL},
                       6);
}

/* Three crops of a wide picture are its left, middle and right; the other three their mirror images. */
static void views_are_parts_of_the_picture_and_their_mirror_images(void **state)
{
    (void)state;
    size_t bytes = 0, clip = SEEN * SIDE * SIDE * 3;
    uint8_t *all =
        seen_with(CLIP_RECIPE("student.transform.crops=3", "student.transform.flip_views=true"), false, &bytes);
    assert_int_equal(bytes, data.train.count * 6 * clip);
    uint8_t *middle = seen_with(clip_recipe(NULL), false, &bytes);
    for (size_t i = 0; i < data.train.count; i++)
        assert_memory_equal(all + (i * 6 + 1) * clip, middle + i * clip, clip);
    for (size_t v = 0; v < 3; v++)
        for (size_t x = 0; x < SIDE; x++)
            assert_memory_equal(all + v * clip + x * 3, all + (v + 3) * clip + (SIDE - 1 - x) * 3, 3);
    assert_memory_not_equal(all, all + clip, clip);
    assert_memory_not_equal(all + clip, all + 2 * clip, clip);
    free(all);
    free(middle);
}

/* ---- broken videos ----------------------------------------------------------------------------------------------- */

/* Keeps the file's index and the beginning of its pictures. Last: the file stays broken. */
static void damage(const char *name)
{
    FILE *file = fopen(scratch_path(name), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    for (long at = size * 2 / 5; at < size * 3 / 5; at++) {
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        assert_int_equal(fputc(0xff, file), 0xff);
    }
    assert_int_equal(fclose(file), 0);
}

static void what_is_broken_is_replaced_and_counted(void **state)
{
    (void)state;
    student s = {0};
    size_t bytes = 0;
    char name[64];
    snprintf(name, sizeof name, "%s.mp4", data.train.at[1].sequence);
    damage(name);
    open_student(clip_recipe(NULL), &s);
    free(seen_by(&s, true, &bytes));
    loader_stats stats = sight_stats(&s.sight);
    assert_int_equal(stats.clips, data.train.count);
    assert_int_equal(stats.broken, 1);
    student_free(&s);

    const segment *at = &data.train.at[1];
    const uint64_t key = 1;
    tensor *seen = NULL;
    scope *sc = scope_open();
    open_student(CLIP_RECIPE("video.on_broken=error"), &s);
    assert_ok(sight_ask(&s.sight, &at, &key, 1));
    assert_failed(sight_take(&s.sight, NULL, &at, &key, 1, &seen), ERR_INPUT, at->sequence);
    student_free(&s);
    scope_close(&sc);
}

/* Clips that a step finds to be missing. */
static size_t missing_in(const char *run)
{
    dataset own = {0};
    recipe *r = clip_recipe(NULL);
    assert_ok(directory_make(run));
    assert_ok(dataset_open(r, &own));
    assert_ok(clip_lengths_find(alone, r, &own, run, run));
    size_t missing = own.missing.count;
    assert_int_equal(own.train.count + own.development.count + own.eval.count + missing, VIDEOS);
    dataset_free(&own);
    recipe_free(&r);
    return missing;
}

/* A video that looks as it was is not opened again, and one that changed is. */
static void lengths_are_kept_from_step_to_step(void **state)
{
    (void)state;
    static const char *const STRANGE[] = {
        "[1", "[]", "{\"version\": 1, \"videos\": 7}",
        "{\"version\": 1, \"frame_rate\": 30, \"library\": \"another\", \"videos\": [{\"path\": 5}, 3]}"};
    char path[256], run[256], kept[320];
    struct stat was;
    snprintf(path, sizeof path, "%s", scratch_path("c0.mp4"));
    snprintf(run, sizeof run, "%s", scratch_path("run"));
    snprintf(kept, sizeof kept, "%s/clip_lengths.json", run);
    assert_int_equal(missing_in(run), 0);
    assert_int_equal(stat(path, &was), 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, was.st_size), 0); /* zeros */
    const struct timespec times[2] = {was.st_atim, was.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(missing_in(run), 0);
    assert_int_equal(missing_in(scratch_path("other_run")), 1);
    for (size_t i = 0; i < sizeof STRANGE / sizeof STRANGE[0]; i++) {
        assert_ok(file_write(kept, STRANGE[i], strlen(STRANGE[i])));
        assert_int_equal(missing_in(run), 1);
        assert_int_equal(missing_in(run), 1); /* what cannot be opened is not kept */
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(missing_in(run), 1);
    assert_ok(make_video(0));
    assert_int_equal(missing_in(run), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(shuffled_frames_are_the_same_ones_in_another_order),
        cmocka_unit_test(a_blind_student_gets_black_pictures),
        cmocka_unit_test(only_the_signers_box_is_seen_where_it_is_asked_for),
        cmocka_unit_test(memory_of_what_waits_is_bounded),
        cmocka_unit_test(probabilities_of_views_are_averaged),
        cmocka_unit_test(views_are_parts_of_the_picture_and_their_mirror_images),
        cmocka_unit_test(what_is_broken_is_replaced_and_counted),
        cmocka_unit_test(lengths_are_kept_from_step_to_step),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
