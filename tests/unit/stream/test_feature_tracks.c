/* What a streaming learner knows, as tracks: what rows hold, that they do not look ahead, and what is made again when.
 */
#include "stream/feature_tracks.h"

#include "base/rng.h"
#include "data/feature_manifest.h"
#include "data/tracks.h"
#include "stream/knowledge.h"
#include "stream/recipe.h"
#include "stream/segmenter.h"
#include "stream/stream_card.h"
#include "tests/unit/data/scratch.h"
#include "trainer/trainer.h"
#include "video/encoder.h"

#include <math.h>
#include <sys/stat.h>

enum { SIDE = 16, PICTURE = SIDE * SIDE * 3, FRAMES = 75, CUT = 45, SCENE = 6, VIDEOS = 4, LAYERS = 2, FEATURES = 16 };
enum { WIDTH = LAYERS * (FEATURES + 2), RATE = 10 };

static comm *alone;

/* ---- a world ----------------------------------------------------------------------------------------------------- */

/* Scenes of a few frames, a pattern of colours with some noise on it; from frame `from` on those of another film. */
static void draw(uint64_t seed, size_t from, size_t frame, uint8_t *picture)
{
    if (frame >= from) seed += 1000;
    rng scene = rng_stream(seed, frame / SCENE, 0), noise = rng_stream(seed, frame, 1);
    for (size_t k = 0; k < PICTURE; k++) picture[k] = (uint8_t)(20 + rng_below(&scene, 200) + rng_below(&noise, 20));
}

/* A film of `count` pictures as a folder of the videos. */
static void film(const char *name, uint64_t seed, size_t from, size_t count)
{
    char path[200];
    uint8_t picture[PICTURE];
    snprintf(path, sizeof path, "%s/videos/%s", scratch_directory, name);
    assert_ok(directory_remove(path));
    assert_ok(directory_make(path));
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/videos/%s/frame_%010zu.png", scratch_directory, name, i + 1);
        draw(seed, from, i, picture);
        assert_ok(picture_write_png(path, picture, SIDE, SIDE));
    }
}

/* Segments of a second in v0 .. v2, and in v3 to be scored on. */
static void annotate(void)
{
    char text[2][2048] = {"", ""}, actions[512] = "id,action,verb,noun\n", line[128];
    for (int v = 0; v < VIDEOS; v++)
        for (int i = 0; i < 6; i++) {
            snprintf(line, sizeof line, "u%d_%d, v%d, %d, %d, %d, %d, %d\n", v, i, v, 10 * i, 10 * i + 10, i % 2, i % 3,
                     i);
            strcat(text[v == VIDEOS - 1], line);
        }
    for (int i = 0; i < 6; i++) {
        snprintf(line, sizeof line, "%d,v%d_n%d,%d,%d\n", i, i % 2, i % 3, i % 2, i % 3);
        strcat(actions, line);
    }
    scratch_file("actions.csv", actions);
    scratch_file("train.csv", text[0]);
    scratch_file("eval.csv", text[1]);
}

static const char LEARNER_KEYS[][64] = {"stages=[evaluate]",  "stream.size=[16, 16]", "stream.channels=[3, 4, 5, 6]",
                                        "stream.features=16", "stream.layers=2",      "stream.buffer=4",
                                        "stream.snippet=0.1", "stream.window=10",     "stream.init_layers=2"};
enum { LEARNER_KEY_COUNT = sizeof LEARNER_KEYS / sizeof LEARNER_KEYS[0] };

static void spoil(learner *l)
{
    scope *sc = scope_open();
    tensor *first = module_parameter_at(learner_model(l), 0);
    assert_ok(t_assign(first, t_scale(first, NAN)));
    scope_close(&sc);
}

/* A learner that has learned nothing yet: what it begins with, for that seed; or one without a number in it. */
static void leave_learner(const char *name, int seed, bool spoiled)
{
    char keys[LEARNER_KEY_COUNT + 1][64], *words[LEARNER_KEY_COUNT + 1];
    recipe *r = NULL;
    stream_options o;
    learner *l = NULL;
    stream_card card = {0};
    memcpy(keys, LEARNER_KEYS, sizeof LEARNER_KEYS);
    snprintf(keys[LEARNER_KEY_COUNT], sizeof keys[0], "seed=%d", seed);
    for (size_t i = 0; i <= LEARNER_KEY_COUNT; i++) words[i] = keys[i];
    assert_ok(recipe_read(NULL, words, LEARNER_KEY_COUNT + 1, &r));
    assert_ok(stream_recipe_learner(r, 1, &o));
    assert_ok(learner_new(&o, 1, T_F32, &l));
    assert_int_equal(learner_layers(l), LAYERS);
    if (spoiled) spoil(l);
    assert_ok(stream_card_make(r, LAYERS, &card));
    assert_ok(module_save(learner_model(l), scratch_path(name), card.pairs));
    stream_card_free(&card);
    learner_free(&l);
    recipe_free(&r);
}

static recipe *world_recipe(const char *more)
{
    char keys[12][192], *words[12];
    size_t count = 0;
    recipe *whole = NULL, *view = NULL;
    snprintf(keys[count++], sizeof keys[0], "stages=[student]");
    snprintf(keys[count++], sizeof keys[0], "data.train=%s/train.csv", scratch_directory);
    snprintf(keys[count++], sizeof keys[0], "data.eval=%s/eval.csv", scratch_directory);
    snprintf(keys[count++], sizeof keys[0], "data.actions=%s/actions.csv", scratch_directory);
    snprintf(keys[count++], sizeof keys[0], "data.videos=%s/videos", scratch_directory);
    snprintf(keys[count++], sizeof keys[0], "data.fps=%d", RATE);
    snprintf(keys[count++], sizeof keys[0], "data.frame_rate=%d", RATE);
    snprintf(keys[count++], sizeof keys[0], "data.development=0.3");
    snprintf(keys[count++], sizeof keys[0], "student.input=stream");
    snprintf(keys[count++], sizeof keys[0], "student.distill.loss=none");
    if (strncmp(more, "student.stream=", 15))
        snprintf(keys[count++], sizeof keys[0], "student.stream=%s/model.safetensors", scratch_directory);
    snprintf(keys[count++], sizeof keys[0], "%s", more);
    for (size_t i = 0; i < count; i++) words[i] = keys[i];
    assert_ok(recipe_read(NULL, words, count, &whole));
    assert_ok(recipe_for_step(whole, "features", NULL, 0, &view));
    recipe_free(&whole);
    return view;
}

static status make(const char *more)
{
    const run_step step = {.section = "features"};
    recipe *r = world_recipe(more);
    status st = stream_features_make(alone, r, scratch_path("run"), &step);
    recipe_free(&r);
    return st;
}

/* The folder of the features. Valid until the next call. */
static const char *folder(void)
{
    static char path[200];
    char id[RUN_LEARNER_BYTES];
    recipe *r = world_recipe("seed=0");
    run_learner_id(r, id);
    snprintf(path, sizeof path, "%s/run/features/%s", scratch_directory, id);
    recipe_free(&r);
    return path;
}

static int open_all(void **state)
{
    t_options options = {.device = "cpu", .threads = 1, .deterministic = true};
    char name[8];
    if (t_start(&options) != OK || scratch_open(state) || comm_open(1, 10, &alone) != OK) return -1;
    annotate();
    for (size_t v = 0; v < VIDEOS; v++) {
        snprintf(name, sizeof name, "v%zu", v);
        film(name, v, SIZE_MAX, FRAMES);
    }
    leave_learner("model.safetensors", 3, false);
    return 0;
}

static int close_all(void **state)
{
    comm_close(&alone);
    return t_live_count() ? -1 : scratch_close(state);
}

/* ---- one video as it is watched ---------------------------------------------------------------------------------- */

typedef struct {
    float rows[FRAMES][WIDTH];
    size_t count, boundaries[LAYERS];
} seen;

static status on_frame(void *self, int64_t number, const float *row)
{
    seen *s = self;
    assert_int_equal(number, s->count);
    memcpy(s->rows[s->count++], row, sizeof s->rows[0]);
    for (size_t i = 0; i < LAYERS; i++) s->boundaries[i] += row[LAYERS * FEATURES + 2 * i + 1] > 0;
    return OK;
}

/* At the end of an event its vector is what the row before had of the layer; the flags are set by the frame's own. */
static status on_event(void *self, size_t layer, size_t number, const event *e, const float *vector, double latency)
{
    const seen *s = self;
    (void)number;
    (void)latency;
    if (!vector) return OK; /* closed by the video's end */
    assert_int_equal(s->count, (int64_t)lround(e->end * RATE));
    assert_memory_equal(vector, s->rows[s->count - 1] + layer * FEATURES, FEATURES * sizeof *vector);
    return OK;
}

static void watch(const char *name, seen *s)
{
    char path[200];
    segmenter *at = NULL;
    hierarchy events = {0};
    frame_stream_account account;
    const frame_stream_options input = {.threads = 1, .frame_rate = RATE};
    const segment_listener listener = {.self = s, .event = on_event, .frame = on_frame};
    memset(s, 0, sizeof *s);
    snprintf(path, sizeof path, "%s/videos/%s", scratch_directory, name);
    assert_ok(segmenter_open(scratch_path("model.safetensors"), &at));
    assert_int_equal(segmenter_row_width(at), WIDTH);
    assert_ok(segmenter_watch(at, path, name, &input, &listener, &events, &account));
    for (size_t i = 0; i < LAYERS; i++) /* the last event of each layer ends with the video, not at a boundary */
        assert_int_equal(events.layers[i].count, s->boundaries[i] + 1);
    hierarchy_free(&events);
    segmenter_close(&at);
}

static void a_row_says_what_is_known_then(void **state)
{
    (void)state;
    static seen s;
    watch("v0", &s);
    assert_int_equal(s.count, FRAMES);
    assert_true(s.boundaries[0] > 5 && s.boundaries[1] > 0);
    size_t above = 0, waits = 0;
    for (size_t i = 0; i < s.count; i++) {
        const float *z = s.rows[i], *upper = z + FEATURES, *rest = z + LAYERS * FEATURES;
        double length = 0, upper_length = 0;
        for (size_t k = 0; k < FEATURES; k++) {
            length += (double)z[k] * (double)z[k];
            upper_length += (double)upper[k] * (double)upper[k];
        }
        assert_float_equal(length, 1, 1e-4); /* of length 1, as similarity is measured */
        assert_true(fabs(upper_length - 1) < 1e-4 || upper_length == 0);
        waits += upper_length == 0;
        assert_true(fabsf(rest[0]) <= 1 && fabsf(rest[2]) <= 1);
        assert_int_equal(rest[1] > 0, rest[0] > 0); /* a boundary is where the error is above its threshold */
        above += rest[0] > 0;
        assert_true(rest[3] == 0 || rest[1] > 0); /* an event above ends with one below */
    }
    assert_int_equal(above, s.boundaries[0]);
    assert_true(waits > 1); /* until the first event below has ended nothing is known above */
}

/* Rows of `a` and `b` up to `count` are the same but for rounding, their flags wholly. */
static void assert_same_rows(const seen *a, const seen *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < WIDTH; k++)
            if (!(fabsf(a->rows[i][k] - b->rows[i][k]) < 1e-5F))
                fail_msg("row %zu, number %zu: %g and %g", i, k, (double)a->rows[i][k], (double)b->rows[i][k]);
        for (size_t l = 0; l < LAYERS; l++)
            assert_true(a->rows[i][LAYERS * FEATURES + 2 * l + 1] == b->rows[i][LAYERS * FEATURES + 2 * l + 1]);
    }
}

static void nothing_looks_ahead(void **state)
{
    (void)state;
    static seen whole, cut, other;
    film("cut", 0, SIZE_MAX, CUT);
    film("other", 0, CUT, FRAMES);
    watch("v0", &whole);
    watch("cut", &cut);
    watch("other", &other);
    assert_int_equal(cut.count, CUT);
    assert_same_rows(&whole, &cut, CUT);
    assert_same_rows(&whole, &other, CUT);
    assert_memory_not_equal(whole.rows[CUT], other.rows[CUT], sizeof whole.rows[CUT]);
}

/* ---- tracks ------------------------------------------------------------------------------------------------------ */

static void assert_track(const tracks *t, const char *name, const seen *wanted)
{
    assert_int_equal(tracks_frames(t, name), wanted->count);
    for (size_t i = 0; i < wanted->count; i++)
        assert_memory_equal(tracks_frame(t, name, i), wanted->rows[i], sizeof wanted->rows[i]);
}

static void tracks_are_what_was_known(void **state)
{
    (void)state;
    static seen s;
    tracks *t = NULL;
    assert_ok(make("seed=0"));
    assert_ok(tracks_open(folder(), &t));
    assert_int_equal(tracks_width(t), WIDTH);
    assert_float_equal(tracks_fps(t), RATE, 1e-9);
    watch("v1", &s);
    assert_track(t, "v1", &s);
    watch("v3", &s);
    assert_track(t, "v3", &s); /* also of those that are scored on */
    assert_int_equal(tracks_frames(t, "cut"), 0);
    tracks_close(&t);
}

/* Number and time of a file in the features: another one when it was written again. */
static struct timespec written(const char *name, ino_t *number)
{
    char path[260];
    struct stat about;
    snprintf(path, sizeof path, "%s/%s", folder(), name);
    assert_int_equal(stat(path, &about), 0);
    *number = about.st_ino;
    return about.st_mtim;
}

static bool is_rewritten(const char *name, ino_t before, struct timespec when)
{
    ino_t now = 0;
    struct timespec then = written(name, &now);
    return now != before || then.tv_sec != when.tv_sec || then.tv_nsec != when.tv_nsec;
}

static void what_is_right_is_left(void **state)
{
    (void)state;
    char path[260];
    ino_t numbers[3];
    struct timespec times[3];
    assert_ok(make("seed=0"));
    times[0] = written("v0.f32", &numbers[0]);
    times[1] = written("v1.f32", &numbers[1]);
    times[2] = written("manifest.json", &numbers[2]);
    assert_ok(make("seed=0"));
    assert_false(is_rewritten("v0.f32", numbers[0], times[0]));
    assert_false(is_rewritten("manifest.json", numbers[2], times[2]));
    snprintf(path, sizeof path, "%s/v1.f32", folder());
    assert_int_equal(truncate(path, 40), 0); /* as a copy that was cut off */
    trainer_stop();
    assert_failed(make("seed=0"), ERR_RETRY, "--resume goes on");
    trainer_stop_clear();
    snprintf(path, sizeof path, "%s/manifest.json", folder());
    assert_false(file_exists(path));
    assert_ok(make("seed=0"));
    assert_false(is_rewritten("v0.f32", numbers[0], times[0]));
    assert_true(is_rewritten("v1.f32", numbers[1], times[1]));
    times[0] = written("v0.f32", &numbers[0]);
    times[1] = written("v2.f32", &numbers[1]);
    film("v2", 9, SIZE_MAX, FRAMES - 5); /* another film of that name */
    assert_ok(make("seed=0"));
    assert_false(is_rewritten("v0.f32", numbers[0], times[0]));
    assert_true(is_rewritten("v2.f32", numbers[1], times[1]));
}

/* What a damaged part says of how much was replaced: more than there is, or less than nothing. */
static void what_a_part_says_is_held_against_its_track(void **state)
{
    (void)state;
    static const json_int_t WRONG[] = {INT64_MAX, FRAMES + 1, -1};
    json_t *part = NULL, *manifest = NULL;
    assert_ok(make("seed=0"));
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        for (int v = 0; v < 2; v++) {
            const char *name = v ? "v1.track.json" : "v0.track.json";
            assert_ok(feature_part_read(folder(), name, &part));
            json_t *entry = json_array_get(json_object_get(part, "videos"), 0);
            assert_int_equal(json_object_set_new(entry, "replaced", json_integer(WRONG[i])), 0);
            assert_ok(feature_part_write(folder(), name, part));
            json_decref(part);
        }
        assert_ok(make("seed=0"));
        assert_ok(feature_manifest_read(folder(), &manifest));
        for (size_t v = 0; v < 2; v++) {
            const json_t *entry = json_array_get(json_object_get(manifest, "videos"), v);
            assert_int_equal(json_integer_value(json_object_get(entry, "replaced")), 0);
        }
        json_decref(manifest);
    }
}

static void another_learner_watches_all_again(void **state)
{
    (void)state;
    char before[HASH_TEXT], after[HASH_TEXT];
    ino_t number = 0;
    json_t *manifest = NULL;
    assert_ok(make("seed=0"));
    struct timespec when = written("v0.f32", &number);
    assert_ok(feature_manifest_read(folder(), &manifest));
    assert_ok(feature_manifest_hash(folder(), manifest, before));
    json_decref(manifest);
    leave_learner("model.safetensors", 4, false);
    assert_ok(make("seed=0"));
    assert_true(is_rewritten("v0.f32", number, when));
    assert_ok(feature_manifest_read(folder(), &manifest));
    assert_ok(feature_manifest_hash(folder(), manifest, after));
    json_decref(manifest);
    assert_string_not_equal(before, after);
}

static void a_learner_that_is_missing_or_none_is_told(void **state)
{
    (void)state;
    char key[200];
    snprintf(key, sizeof key, "student.stream=%s/nowhere", scratch_directory);
    assert_failed(make(key), ERR_MISSING, "there is no streaming learner");
    module *m = module_new();
    scope *sc = scope_open();
    module_parameter(m, "x", SHAPE(2), (t_init){INIT_NORMAL, 1});
    scope_close(&sc);
    assert_ok(module_save(m, scratch_path("other.safetensors"), NULL));
    module_free(&m);
    snprintf(key, sizeof key, "student.stream=%s/other.safetensors", scratch_directory);
    assert_failed(make(key), ERR_INPUT, "is no streaming learner's model");
    leave_learner("spoiled.safetensors", 3, true);
    snprintf(key, sizeof key, "student.stream=%s/spoiled.safetensors", scratch_directory);
    assert_failed(make(key), ERR_INPUT, "is compared to"); /* no video's fault */
}

/* The last test: what it leaves are no videos. */
static void a_broken_video_goes_on_or_stops(void **state)
{
    (void)state;
    char path[200], file[32];
    tracks *t = NULL;
    json_t *manifest = NULL;
    snprintf(path, sizeof path, "%s/videos/v3", scratch_directory);
    assert_ok(directory_remove(path));
    scratch_file("videos/v3.mp4", "<html>404</html>");
    assert_failed(make("video.on_broken=error"), ERR_INPUT, "v3.mp4");
    assert_ok(make("seed=0"));
    assert_ok(tracks_open(folder(), &t));
    assert_int_equal(tracks_frames(t, "v3"), 61); /* up to the end of its last segment, 6 s */
    for (size_t i = 0; i < 61; i++)
        for (size_t k = 0; k < WIDTH; k++) assert_true(tracks_frame(t, "v3", i)[k] == 0);
    tracks_close(&t);
    assert_ok(feature_manifest_read(folder(), &manifest));
    json_t *videos = json_object_get(manifest, "videos"), *last = json_array_get(videos, VIDEOS - 1);
    assert_string_equal(json_string_value(json_object_get(last, "video")), "v3");
    assert_int_equal(json_integer_value(json_object_get(last, "replaced")), 61);
    json_decref(manifest);
    for (int v = 0; v < VIDEOS - 1; v++) {
        snprintf(path, sizeof path, "%s/videos/v%d", scratch_directory, v);
        assert_ok(directory_remove(path));
        snprintf(file, sizeof file, "videos/v%d.mp4", v);
        scratch_file(file, "<html>404</html>");
    }
    assert_failed(make("seed=0"), ERR_INPUT, "not one of the 4 videos could be watched");
}

static void surprise_is_bounded_and_stays(void **state)
{
    (void)state;
    static const double ERRORS[][3] = {{.2, .2, 0}, {.6, .2, .5}, {.2, .6, -.5}, {.3, -.1, 1}, {0, 0, 0}, {.5, NAN, 0}};
    knowledge k = knowledge_begin(1, 0);
    for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
        const stream_input input = {.predicted = true, .error = ERRORS[i][0], .threshold = ERRORS[i][1]};
        knowledge_input(&k, &input);
        assert_float_equal(k.surprise[0], ERRORS[i][2], 1e-6);
    }
    const stream_input unpredicted = {.error = NAN, .threshold = .5, .boundary = true};
    knowledge_input(&k, &unpredicted);
    assert_true(k.surprise[0] == 0 && k.boundary[0] == 1);
    float row[2] = {.25F, 1};
    knowledge_stay(&k, row);
    assert_true(row[0] == .25F && row[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(surprise_is_bounded_and_stays),
        cmocka_unit_test(a_row_says_what_is_known_then),
        cmocka_unit_test(nothing_looks_ahead),
        cmocka_unit_test(tracks_are_what_was_known),
        cmocka_unit_test(what_is_right_is_left),
        cmocka_unit_test(what_a_part_says_is_held_against_its_track),
        cmocka_unit_test(another_learner_watches_all_again),
        cmocka_unit_test(a_learner_that_is_missing_or_none_is_told),
        cmocka_unit_test(a_broken_video_goes_on_or_stops),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
