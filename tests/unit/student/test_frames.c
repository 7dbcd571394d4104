/* Pictures, the CNN, and a student that sees frames: order, changes, broken clips, training and its resumption. The
 * loader is a fake one. */
#include "fake_loader.h"
#include "small_world.h"
#include "student/feature_cache.h"
#include "student/scoring.h"
#include "trainer/trainer.h"

enum { SIDE = 4 };

static comm *alone;
static dataset data;

static int open_all(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    if (t_start(&options) != OK || world_open(state) || comm_open(1, 10, &alone) != OK) return -1;
    recipe *r = world_recipe(NULL);
    status st = dataset_open(r, &data);
    recipe_free(&r);
    if (st != OK) return -1;
    for (size_t v = 0; v < WORLD_VIDEOS + WORLD_EVAL_VIDEOS; v++) {
        char name[32];
        snprintf(name, sizeof name, "v%zu.%s", v, v % 2 ? "mp4" : "webm");
        scratch_file(name, "");
    }
    return 0;
}

static int close_all(void **state)
{
    dataset_free(&data);
    comm_close(&alone);
    return t_live_count() ? -1 : scratch_close(state);
}

static int mend(void **state)
{
    (void)state;
    fake_broken = NULL;
    trainer_stop_clear();
    fail_clear();
    return 0;
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

/* Pixel (x, y) has the values 16 y + x, + 64, + 128. */
static void numbered(uint8_t *picture)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++) picture[(y * SIDE + x) * 3 + c] = (uint8_t)(16 * y + x + 64 * c);
}

static void pictures_stand_as_channels(void **state)
{
    (void)state;
    uint8_t picture[SIDE * SIDE * 3], out[SIDE * SIDE * 6] = {0};
    picture_change same = picture_unchanged();
    numbered(picture);
    picture_place(&same, picture, SIDE, 1, 2, out);
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int c = 0; c < 6; c++) assert_int_equal(out[i * 6 + c], c < 3 ? 0 : picture[i * 3 + c - 3]);
}

static void changes_move_mirror_and_map(void **state)
{
    (void)state;
    uint8_t picture[SIDE * SIDE * 3], out[SIDE * SIDE * 3];
    picture_change change = picture_unchanged();
    numbered(picture);
    change.right = 1;
    change.down = -2;
    picture_place(&change, picture, SIDE, 0, 1, out);
    assert_int_equal(out[0], 32); /* its left neighbour two below; outside: the edge */
    assert_int_equal(out[3], 32);
    assert_int_equal(out[6], 33);
    assert_int_equal(out[(3 * SIDE + 3) * 3 + 1], 48 + 2 + 64); /* beyond the last row: the last row */
    change = picture_unchanged();
    change.mirrored = true;
    change.values[3] = 200;
    picture_place(&change, picture, SIDE, 0, 1, out);
    assert_int_equal(out[0], 200);
    assert_int_equal(out[3], 2);
}

static void changes_depend_on_the_key_alone(void **state)
{
    (void)state;
    const picture_augment augment = {.pixels = 3, .brightness = 0.1, .contrast = 0.2, .flip = true};
    picture_change first = picture_change_draw(&augment, 5), again = picture_change_draw(&augment, 5);
    int64_t lowest = 0, highest = 0;
    size_t mirrored = 0, differ = 0;
    assert_memory_equal(first.values, again.values, sizeof first.values);
    assert_true(first.right == again.right && first.down == again.down && first.mirrored == again.mirrored);
    for (uint64_t key = 0; key < 500; key++) {
        picture_change change = picture_change_draw(&augment, key);
        lowest = change.right < lowest ? change.right : lowest;
        highest = change.down > highest ? change.down : highest;
        mirrored += change.mirrored;
        differ += memcmp(change.values, first.values, sizeof first.values) != 0;
    }
    assert_true(lowest == -3 && highest == 3);
    assert_true(mirrored > 200 && mirrored < 300);
    assert_true(differ > 490);
    picture_change none = picture_change_draw(&(picture_augment){0}, 9), same = picture_unchanged();
    assert_memory_equal(none.values, same.values, sizeof none.values);
    assert_true(!none.right && !none.down && !none.mirrored);
}

/* ---- the network ------------------------------------------------------------------------------------------------- */

static const cnn_options SMALL = {.side = 18, .inputs = 6, .channels = {8, 12, 16}, .stages = 3, .width = 10};

/* Pictures `first` and those behind it, out of a world of pictures. */
static tensor *some_pictures(size_t first, size_t count)
{
    size_t bytes = (size_t)(SMALL.side * SMALL.side * SMALL.inputs);
    uint8_t *numbers = malloc(count * bytes);
    for (size_t i = 0; i < count * bytes; i++) numbers[i] = (uint8_t)hash_mix(4, first * bytes + i);
    tensor *out = t_from_bytes(T_U8, numbers, SHAPE((int64_t)count, SMALL.side, SMALL.side, SMALL.inputs));
    free(numbers);
    return out;
}

static void a_picture_does_not_depend_on_the_others(void **state)
{
    (void)state;
    enum { MANY = 300, WIDTH = 10 };
    float all[MANY * WIDTH], one[WIDTH];
    cnn *network = NULL;
    module *root = module_new();
    scope *sc = scope_open();
    t_seed(1);
    assert_ok(cnn_new(root, &SMALL, &network));
    assert_ok(t_to_f32(cnn_forward(network, some_pictures(0, MANY)), all, MANY * WIDTH));
    for (size_t i = 0; i < MANY; i += 97) {
        assert_ok(t_to_f32(cnn_forward(network, some_pictures(i, 1)), one, WIDTH));
        for (size_t w = 0; w < WIDTH; w++) assert_float_equal(one[w], all[i * WIDTH + w], 1e-4);
    }
    scope_close(&sc);
    cnn_free(&network);
    module_free(&root);
}

/* Parameter `index`, element `at`, moved by `by`: the sum of squares of what comes out times a fixed pattern. */
static double value_moved(cnn *network, tensor *parameter, size_t at, float by)
{
    float *numbers = t_data_f32(parameter), kept = numbers[at], value = 0;
    scope *sc = scope_open();
    grad_pause();
    numbers[at] = kept + by;
    tensor *out = cnn_forward(network, some_pictures(0, 3));
    assert_ok(t_item_f32(t_sum_all(t_mul(out, t_arange(SMALL.width))), &value));
    numbers[at] = kept;
    grad_resume();
    scope_close(&sc);
    return (double)value;
}

static void every_parameter_has_its_gradient(void **state)
{
    (void)state;
    cnn *network = NULL;
    module *root = module_new();
    scope *sc = scope_open();
    t_seed(2);
    assert_ok(cnn_new(root, &SMALL, &network));
    tensor *out = cnn_forward(network, some_pictures(0, 3));
    assert_ok(t_backward(t_sum_all(t_mul(out, t_arange(SMALL.width)))));
    for (size_t i = 0; i < module_parameter_count(root); i++) {
        tensor *parameter = module_parameter_at(root, i);
        float *gradient = module_grad_data(root, i);
        size_t largest = 0;
        for (size_t e = 0; e < (size_t)t_count(parameter); e++)
            if (fabsf(gradient[e]) > fabsf(gradient[largest])) largest = e;
        double step = 2e-3, above = value_moved(network, parameter, largest, (float)step);
        double below = value_moved(network, parameter, largest, (float)-step);
        double slope = (above - below) / (2 * step), told = (double)gradient[largest];
        if (!(fabs(told) > 1e-3) || fabs(slope - told) > 0.05 * fabs(told))
            fail_msg("%s: gradient %g, slope %g", module_parameter_name(root, i), told, slope);
    }
    scope_close(&sc);
    cnn_free(&network);
    module_free(&root);
}

/* The map of the last stage has 7 x 7 places, which no grid of 4 x 4 fits. A spot low in the picture has to be seen
 * where it is: group norms alone, which notice it anywhere, would not tell left from right. */
static void the_whole_picture_is_seen(void **state)
{
    (void)state;
    enum { SIDE_28 = 28, F = 6, LOW = 20, LEFT = 4, RIGHT = 20 };
    const cnn_options options = {.side = SIDE_28, .inputs = 3, .channels = {8, 8}, .stages = 2, .width = F};
    static uint8_t pictures[2][SIDE_28][SIDE_28][3];
    float seen[2 * F], apart = 0;
    cnn *network = NULL;
    module *root = module_new();
    scope *sc = scope_open();
    t_seed(3);
    pictures[0][LOW][LEFT][0] = pictures[1][LOW][RIGHT][0] = 255;
    assert_ok(cnn_new(root, &options, &network));
    assert_ok(t_to_f32(cnn_forward(network, t_from_bytes(T_U8, pictures, SHAPE(2, SIDE_28, SIDE_28, 3))), seen, 2 * F));
    for (size_t i = 0; i < F; i++) apart += fabsf(seen[i] - seen[F + i]);
    assert_true(apart > 1e-2F);
    scope_close(&sc);
    cnn_free(&network);
    module_free(&root);
}

static void too_many_stages_are_refused(void **state)
{
    (void)state;
    cnn *network = NULL;
    module *root = module_new();
    cnn_options options = SMALL;
    options.stages = 5;
    for (size_t i = 0; i < options.stages; i++) options.channels[i] = 8;
    assert_failed(cnn_new(root, &options, &network), ERR_CONFIG, "cannot be halved 5 times");
    options.stages = 0;
    assert_failed(cnn_new(root, &options, &network), ERR_CONFIG, "1 to 8 are possible");
    assert_null(network);
    module_free(&root);
}

/* ---- moments of videos ------------------------------------------------------------------------------------------- */

static frame_source *source_of(bool stop_on_broken, video_table **files)
{
    frame_source *s = NULL;
    const frame_options options = {
        .side = SIDE, .stack = 2, .stack_seconds = 0.5, .threads = 1, .memory = 1000, .stop_on_broken = stop_on_broken};
    assert_ok(video_table_open(scratch_directory, &data, files));
    assert_ok(frame_source_open(&options, 1000, *files, &s));
    return s;
}

static void moments_come_in_order_as_stacks(void **state)
{
    (void)state;
    enum { MOMENT = SIDE * SIDE * 6, CLIPS = 600 };
    video_table *files = NULL;
    uint8_t got[2 * MOMENT], wanted[MOMENT], picture[SIDE * SIDE * 3];
    picture_change same = picture_unchanged();
    frame_source *s = source_of(false, &files);
    for (int i = 0; i < CLIPS; i++) {
        char name[8];
        snprintf(name, sizeof name, "v%d", i % 5);
        assert_ok(frame_source_ask(s, name, (const double[]){i, 0.2}, 2));
    }
    for (int i = 0; i < CLIPS; i++) {
        char name[8];
        snprintf(name, sizeof name, "v%d", i % 5);
        assert_ok(frame_source_take(s, &same, got, NULL));
        for (size_t slot = 0; slot < 2; slot++) {
            fake_picture(name, fmax(i - 0.5 * (double)slot, 0), SIDE, picture);
            picture_place(&same, picture, SIDE, slot, 2, wanted);
        }
        assert_memory_equal(got, wanted, MOMENT);
        for (size_t slot = 0; slot < 2; slot++) { /* before the beginning: its first frame */
            fake_picture(name, slot ? 0 : 0.2, SIDE, picture);
            picture_place(&same, picture, SIDE, slot, 2, wanted);
        }
        assert_memory_equal(got + MOMENT, wanted, MOMENT);
    }
    assert_failed(frame_source_ask(s, "nobody", (const double[]){0}, 1), ERR_MISSING, "nobody");
    assert_int_equal(frame_source_stats(s).clips, CLIPS);
    frame_source_close(&s);
    video_table_close(&files);
}

static void broken_clips_go_on_or_stop(void **state)
{
    (void)state;
    video_table *files = NULL;
    uint8_t got[SIDE * SIDE * 6];
    picture_change same = picture_unchanged();
    fake_broken = "v1";
    frame_source *s = source_of(false, &files);
    for (int i = 0; i < 3; i++) assert_ok(frame_source_ask(s, i ? "v1" : "v2", (const double[]){1}, 1));
    for (int i = 0; i < 3; i++) {
        size_t replaced = 9;
        assert_ok(frame_source_take(s, &same, got, &replaced));
        assert_int_equal(replaced, i ? 1 : 0);
    }
    assert_int_equal(frame_source_stats(s).broken, 2);
    frame_source_close(&s);
    video_table_close(&files);
    s = source_of(true, &files);
    assert_ok(frame_source_ask(s, "v1", (const double[]){1}, 1));
    assert_failed(frame_source_take(s, &same, got, NULL), ERR_INPUT,
                  "v1.mp4): 1 of 2 frames could not be decoded: a made-up");
    frame_source_close(&s);
    video_table_close(&files);
}

/* ---- the student ------------------------------------------------------------------------------------------------- */

static char videos_key[128];

#define FRAMES_RECIPE(...)                                                                                             \
    (snprintf(videos_key, sizeof videos_key, "data.videos=%s", scratch_directory),                                     \
     WORLD_RECIPE(videos_key, "data.tracks=null", "student.input=frames", "student.encoder=0", "video.size=16",        \
                  "student.cnn.channels=[8, 8]", "student.cnn.width=6", "student.distill.loss=none",                   \
                  "student.train.batch=16", "student.train.epochs=3", "student.augment.pixels=1",                      \
                  "student.augment.time=0.1", __VA_ARGS__))

static void a_missing_video_is_told(void **state)
{
    (void)state;
    char path[128];
    student s = {0};
    snprintf(path, sizeof path, "%s/v3.mp4", scratch_directory);
    assert_int_equal(unlink(path), 0);
    recipe *r = FRAMES_RECIPE("seed=1");
    assert_failed(student_open(r, scratch_directory, &data, NULL, &s), ERR_MISSING, "its video v3 is not in");
    recipe_free(&r);
    scratch_file("v3.mp4", "");
}

/* Stops at the start of the loss of step `stop_at`. */
static int64_t stop_at = -1;
static status (*real_loss)(void *self, const train_slice *slice, tensor **out);

static status stopping_loss(void *self, const train_slice *slice, tensor **out)
{
    if (slice->step == stop_at) trainer_stop();
    return real_loss(self, slice, out);
}

/* Trains in <scratch>/NAME and gives all weights in one block, freed by the caller; NULL when stopped. */
static float *trained(const char *name, recipe *r, size_t *count)
{
    student s = {0};
    train_options options;
    train_result result;
    char folder[128];
    float *weights = NULL;
    snprintf(folder, sizeof folder, "%s/%s", scratch_directory, name);
    assert_ok(directory_make(folder));
    assert_ok(train_options_read(r, "student", &options));
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    train_task task = student_task(&s);
    real_loss = task.loss;
    task.loss = stopping_loss;
    status st = trainer_run(alone, &task, &options, folder, &result);
    if (st != ERR_RETRY) {
        assert_ok(st);
        module *m = student_model_module(&s.model);
        weights = calloc(module_element_count(m), sizeof *weights);
        *count = 0;
        for (size_t i = 0; i < module_parameter_count(m); i++) {
            size_t size = (size_t)t_count(module_parameter_at(m, i));
            assert_ok(t_to_f32(module_parameter_at(m, i), weights + *count, size));
            *count += size;
        }
    }
    fail_clear();
    trainer_stop_clear();
    student_free(&s);
    recipe_free(&r);
    return weights;
}

static void training_resumes_bitwise(void **state)
{
    (void)state;
    size_t count = 0, again = 0;
    stop_at = -1;
    float *whole = trained("whole", FRAMES_RECIPE("seed=4"), &count);
    for (stop_at = 2; stop_at <= 6; stop_at += 4) /* in mid-epoch, and around the end of one */
        assert_null(trained("parts", FRAMES_RECIPE("seed=4"), &again));
    stop_at = -1;
    float *parts = trained("parts", FRAMES_RECIPE("seed=4"), &again);
    assert_int_equal(count, again);
    assert_memory_equal(whole, parts, count * sizeof *whole);
    float *ahead = trained("ahead", FRAMES_RECIPE("seed=4", "video.ahead=0"), &again);
    assert_memory_equal(whole, ahead, count * sizeof *whole);
    free(whole);
    free(parts);
    free(ahead);
}

static void the_network_learns(void **state)
{
    (void)state;
    size_t count = 0, again = 0;
    float *still = trained("still", FRAMES_RECIPE("seed=4", "student.train.optimizer.lr=0"), &count);
    float *moved = trained("moved", FRAMES_RECIPE("seed=4"), &again);
    student s = {0};
    recipe *r = FRAMES_RECIPE("seed=4");
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    module *m = student_model_module(&s.model);
    size_t at = 0, inside = 0;
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        size_t size = (size_t)t_count(module_parameter_at(m, i));
        if (!strncmp(module_parameter_name(m, i), "cnn.", 4)) {
            inside++;
            if (!memcmp(still + at, moved + at, size * sizeof *still))
                fail_msg("%s did not move", module_parameter_name(m, i));
        }
        at += size;
    }
    assert_int_equal(inside, 3 * 2 + 4);
    student_free(&s);
    recipe_free(&r);
    free(still);
    free(moved);
}

static void predictions_do_not_depend_on_how_many_are_asked(void **state)
{
    (void)state;
    student s = {0};
    size_t count = data.eval.count;
    float *all = calloc(count * WORLD_ACTIONS, sizeof *all), one[WORLD_ACTIONS];
    recipe *r = FRAMES_RECIPE("seed=4", "student.task=recognise", "student.subclip=2", "student.context=1");
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    grad_pause();
    assert_ok(student_predict(&s, &s.sight.eval_clips, data.eval.at, count, all));
    for (size_t i = 0; i < count; i += 5) {
        assert_ok(student_predict(&s, &s.sight.eval_clips, &data.eval.at[i], 1, one));
        for (size_t c = 0; c < WORLD_ACTIONS; c++) assert_float_equal(one[c], all[i * WORLD_ACTIONS + c], 1e-5);
    }
    grad_resume();
    student_free(&s);
    recipe_free(&r);
    free(all);
}

static void a_blind_student_reads_nothing(void **state)
{
    (void)state;
    size_t count = 0;
    stop_at = -1;
    recipe *r = FRAMES_RECIPE("student.blind=true", "seed=4");
    assert_ok(recipe_set(r, "data.videos", "/nowhere"));
    float *weights = trained("blind", r, &count);
    assert_non_null(weights);
    free(weights);
}

/* ---- features kept in the run ------------------------------------------------------------------------------------ */

enum { CNN_WIDTH = 6, CACHE_FPS = 4 };

static recipe *cached_recipe(const char *more)
{
    recipe *step = NULL;
    snprintf(videos_key, sizeof videos_key, "data.videos=%s", scratch_directory);
    recipe *r = WORLD_RECIPE(videos_key, "student.input=cache", "student.backbone=eyes", "student.cache_fps=4",
                             "student.encoder=0", "video.size=16", "student.cnn.channels=[8, 8]", "student.cnn.width=6",
                             "student.distill.loss=none", "student.train.epochs=1", "student.seeds=[4, 7]",
                             "student.variants.eyes.input=frames", more);
    assert_ok(recipe_for_step(r, "cache", "eyes", 4, &step));
    recipe_free(&r);
    return step;
}

/* As the step of the plan does. */
static status make_features(const char *more)
{
    const run_step step = {.section = "cache", .variant = "eyes", .seed = 4};
    recipe *r = cached_recipe(more);
    status st = feature_cache_make(alone, r, scratch_directory, &step);
    recipe_free(&r);
    return st;
}

/* The recipe of a student that sees the features. */
static recipe *reader_recipe(void)
{
    snprintf(videos_key, sizeof videos_key, "data.videos=%s", scratch_directory);
    return WORLD_RECIPE(videos_key, "student.input=cache", "student.backbone=eyes", "student.encoder=0",
                        "student.variants.eyes.input=frames", "student.distill.loss=none");
}

static status open_features(char **path, char hash[HASH_TEXT])
{
    recipe *r = reader_recipe();
    status st = feature_cache_open(r, scratch_directory, path, hash);
    recipe_free(&r);
    return st;
}

/* A model for the features: the one that `eyes` begins with. `changed`: another one. */
static void leave_model(bool changed)
{
    char folder[160], path[200];
    cnn *network = NULL;
    module *root = module_new();
    const cnn_options options = {.side = 16, .inputs = 6, .channels = {8, 8}, .stages = 2, .width = CNN_WIDTH};
    t_seed(changed ? 2 : 1);
    assert_ok(cnn_new(root, &options, &network));
    snprintf(folder, sizeof folder, "%s/steps/eyes.4", scratch_directory);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    assert_ok(directory_make(folder));
    assert_ok(module_save(root, path, NULL));
    cnn_free(&network);
    module_free(&root);
}

static void features_are_those_of_the_network(void **state)
{
    (void)state;
    enum { SIDE_16 = 16, MOMENT = SIDE_16 * SIDE_16 * 6 };
    char *path = NULL, hash[HASH_TEXT], model[200];
    uint8_t picture[SIDE_16 * SIDE_16 * 3], moment[MOMENT];
    float wanted[CNN_WIDTH];
    tracks *features = NULL;
    tensor_file *file = NULL;
    cnn *network = NULL;
    module *root = module_new();
    const cnn_options options = {.side = SIDE_16, .inputs = 6, .channels = {8, 8}, .stages = 2, .width = CNN_WIDTH};
    picture_change same = picture_unchanged();

    leave_model(false);
    assert_failed(open_features(&path, hash), ERR_MISSING, "the step cache.eyes makes them");
    assert_ok(make_features("seed=4"));
    assert_ok(open_features(&path, hash));
    assert_ok(tracks_open(path, &features));
    assert_int_equal(tracks_width(features), CNN_WIDTH);
    assert_true(tracks_fps(features) == CACHE_FPS);
    assert_int_equal(tracks_frames(features, "v3"), (10 * (WORLD_SEGMENTS - 1) + 8) * CACHE_FPS / 5 + 1);
    scope *sc = scope_open();
    assert_ok(cnn_new(root, &options, &network));
    snprintf(model, sizeof model, "%s/steps/eyes.4/model.safetensors", scratch_directory);
    assert_ok(tensor_file_open(model, &file));
    assert_ok(module_load(root, model));
    for (size_t slot = 0; slot < 2; slot++) { /* moment 13 is at 3.25 s */
        fake_picture("v3", 3.25 - 0.2 * (double)slot, SIDE_16, picture);
        picture_place(&same, picture, SIDE_16, slot, 2, moment);
    }
    assert_ok(
        t_to_f32(cnn_forward(network, t_from_bytes(T_U8, moment, SHAPE(1, SIDE_16, SIDE_16, 6))), wanted, CNN_WIDTH));
    for (size_t i = 0; i < CNN_WIDTH; i++) assert_float_equal(tracks_frame(features, "v3", 13)[i], wanted[i], 1e-5);
    scope_close(&sc);
    tensor_file_close(&file);
    tracks_close(&features);
    cnn_free(&network);
    module_free(&root);
    free(path);
}

/* Whether the step made the features again, or left what was there. */
static bool made_again(const char *more)
{
    char path[200], marked[] = "{}";
    snprintf(path, sizeof path, "%s/cache/eyes/mark", scratch_directory);
    assert_ok(file_write(path, marked, 2)); /* goes when all is made again */
    assert_ok(make_features(more));
    return !file_exists(path);
}

static void features_are_made_again_when_they_are_wrong(void **state)
{
    (void)state;
    char *path = NULL, *again = NULL, first[HASH_TEXT], second[HASH_TEXT], manifest[200];
    leave_model(false);
    assert_ok(make_features("seed=4"));
    assert_ok(open_features(&path, first));
    assert_false(made_again("seed=4"));
    assert_true(made_again("student.cnn.stack_seconds=0.3"));
    assert_true(made_again("seed=4"));
    scratch_file("v5.mp4", "other bytes");
    assert_failed(open_features(&again, second), ERR_INPUT, "v5.mp4 has changed");
    assert_true(made_again("seed=4"));
    scratch_file("v5.mp4", "other bytes"); /* another time, the same bytes */
    assert_false(made_again("seed=4"));
    leave_model(true);
    assert_failed(open_features(&again, second), ERR_INPUT, "was made by another model");
    assert_true(made_again("seed=4"));
    assert_ok(open_features(&again, second));
    assert_string_not_equal(first, second);
    free(again);
    again = NULL;
    snprintf(manifest, sizeof manifest, "%s/manifest.json", path);
    const char damaged[] = "{\"version\": 1, \"videos\": 3}";
    assert_ok(file_write(manifest, damaged, strlen(damaged)));
    assert_failed(open_features(&again, second), ERR_INPUT, "does not say which model");
    assert_true(made_again("seed=4"));
    assert_null(again);
    free(path);
    fake_broken = "v2"; /* is kept, and noted */
    leave_model(false);
    assert_true(made_again("seed=4"));
    fake_broken = NULL;
    assert_int_equal(unlink(manifest), 0);
}

static void a_student_reads_the_features(void **state)
{
    (void)state;
    student s = {0};
    leave_model(false);
    assert_ok(make_features("seed=4"));
    recipe *r = reader_recipe();
    assert_ok(student_open(r, scratch_directory, &data, NULL, &s));
    assert_int_equal(clip_inputs(&s.sight.clips), CNN_WIDTH);
    assert_int_equal(strlen(s.sight.cache_hash), 32);
    student_free(&s);
    recipe_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_stand_as_channels),
        cmocka_unit_test(changes_move_mirror_and_map),
        cmocka_unit_test(changes_depend_on_the_key_alone),
        cmocka_unit_test(a_picture_does_not_depend_on_the_others),
        cmocka_unit_test(every_parameter_has_its_gradient),
        cmocka_unit_test(the_whole_picture_is_seen),
        cmocka_unit_test(too_many_stages_are_refused),
        cmocka_unit_test(moments_come_in_order_as_stacks),
        cmocka_unit_test_teardown(broken_clips_go_on_or_stop, mend),
        cmocka_unit_test(a_missing_video_is_told),
        cmocka_unit_test_teardown(training_resumes_bitwise, mend),
        cmocka_unit_test_teardown(the_network_learns, mend),
        cmocka_unit_test(predictions_do_not_depend_on_how_many_are_asked),
        cmocka_unit_test(a_blind_student_reads_nothing),
        cmocka_unit_test(features_are_those_of_the_network),
        cmocka_unit_test_teardown(features_are_made_again_when_they_are_wrong, mend),
        cmocka_unit_test(a_student_reads_the_features),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
