/* A learner's promises: turns, streams and interruptions do not change what is learned. */
#include "base/file.h"
#include "base/rng.h"
#include "stream/layers.h"
#include "stream/state.h"
#include "tests/device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIDE = 16, PICTURE = SIDE * SIDE * 3, FRAMES = 150, INPUTS_MOST = 4 * FRAMES, SCENE = 6 };

static stream_options small_options(void)
{
    return (stream_options){.height = SIDE,
                            .width = SIDE,
                            .channels = {3, 4, 5, 6},
                            .features = 16,
                            .max_layers = 3,
                            .init_layers = 1,
                            .buffer_size = 4,
                            .window = 10,
                            .modifier = 1,
                            .evolve_every = 20,
                            .optimize_every = 6,
                            .lr = 1e-3,
                            .alpha = 3,
                            .timescale = true,
                            .reach = true,
                            .seed = 5};
}

/* Scenes of a few frames: a pattern of colours with some noise on it. */
static void draw(uint64_t seed, uint8_t *pictures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rng scene = rng_stream(seed, i / SCENE, 0), noise = rng_stream(seed, i, 1);
        for (size_t k = 0; k < PICTURE; k++) {
            double value = 20 + (double)rng_below(&scene, 200) + (double)rng_below(&noise, 20);
            pictures[i * PICTURE + k] = (uint8_t)value;
        }
    }
}

/* ---- what a learner said ----------------------------------------------------------------------------------------- */

typedef struct {
    stream_input at[INPUTS_MOST];
    float first[INPUTS_MOST]; /* of an event's vector */
    size_t count;
} said;

static status note(void *self, const stream_input *input)
{
    said *s = self;
    assert_true(s->count < INPUTS_MOST);
    s->first[s->count] = input->event ? input->event[0] : 0;
    s->at[s->count++] = *input;
    return OK;
}

static void assert_same(const said *a, const said *b, double most)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const stream_input *x = &a->at[i], *y = &b->at[i];
        assert_int_equal(x->layer, y->layer);
        assert_int_equal(x->frame, y->frame);
        assert_int_equal(x->predicted, y->predicted);
        assert_int_equal(x->boundary, y->boundary);
        assert_float_equal(x->tau, y->tau, 0);
        if (x->predicted) assert_true(fabs(x->value - y->value) <= most);
        assert_true(fabs((double)a->first[i] - (double)b->first[i]) <= (most > 0 ? 1e-6 : 0));
    }
}

static size_t count_of(const said *s, size_t layer, bool boundaries)
{
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) count += s->at[i].layer == layer && (!boundaries || s->at[i].boundary);
    return count;
}

static double parameters_differ(learner *a, learner *b)
{
    double most = 0;
    module *x = learner_model(a), *y = learner_model(b);
    assert_int_equal(module_parameter_count(x), module_parameter_count(y));
    for (size_t i = 0; i < module_parameter_count(x); i++) {
        double one = 0;
        scope *sc = scope_open();
        tensor *difference = t_pow(t_sub(module_parameter_at(x, i), module_parameter_at(y, i)), 2);
        assert_int_equal(t_item_f64(t_sum_all(difference), &one), OK);
        scope_close(&sc);
        most = fmax(most, sqrt(one));
    }
    return most;
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static learner *learner_of(const stream_options *o, size_t streams, t_type type)
{
    learner *l = NULL;
    assert_int_equal(learner_new(o, streams, type, &l), OK);
    return l;
}

static stream_frames frames_of(const uint8_t *pictures, size_t count, bool begins)
{
    return (stream_frames){.pictures = pictures, .count = count, .begins = begins};
}

/* Frames from .. to - 1 of one video, in turns; the video begins at 0 and again in the middle. */
static void watch(learner *l, const uint8_t *pictures, size_t from, size_t to, size_t turn, bool learn, said *s)
{
    const stream_listener listener = {.self = s, .input = note};
    for (size_t at = from; at < to;) {
        size_t half = at < FRAMES / 2 && to > FRAMES / 2 ? FRAMES / 2 : to;
        size_t count = half - at < turn ? half - at : turn;
        stream_frames frames = frames_of(pictures + at * PICTURE, count, at == 0 || at == FRAMES / 2);
        if (learner_watch(l, &frames, learn, &listener) != OK) fail_msg("%s", fail_message());
        at += count;
    }
}

static uint8_t film[FRAMES * PICTURE];

static void test_turns_do_not_matter(void **state)
{
    (void)state;
    static const size_t TURNS[] = {1, 7, FRAMES};
    static said one, other;
    stream_options o = small_options();
    learner *l = learner_of(&o, 1, T_F64);
    one.count = 0;
    watch(l, film, 0, FRAMES, 32, true, &one);
    assert_int_equal(learner_layers(l), 3);
    assert_true(learner_steps(l) > 4);
    assert_true(count_of(&one, 1, true) > 2);
    assert_true(count_of(&one, 2, false) > 4);
    for (size_t i = 0; i < sizeof TURNS / sizeof TURNS[0]; i++) {
        learner *m = learner_of(&o, 1, T_F64);
        other.count = 0;
        watch(m, film, 0, FRAMES, TURNS[i], true, &other);
        assert_same(&one, &other, 1e-10);
        assert_true(parameters_differ(l, m) < 1e-10);
        learner_free(&m);
    }
    learner_free(&l);
}

static void test_layers_grow_when_they_are_to(void **state)
{
    (void)state;
    static said s;
    stream_options o = small_options();
    learner *l = learner_of(&o, 1, T_F32);
    s.count = 0;
    watch(l, film, 0, 21, 21, true, &s);
    assert_int_equal(learner_layers(l), 1);
    watch(l, film, 21, 22, 1, true, &s); /* input 22 of layer 0: evolve_every + 2 */
    assert_int_equal(learner_layers(l), 2);
    learner_free(&l);
}

static void test_watching_alone_changes_nothing(void **state)
{
    (void)state;
    static said s;
    stream_options o = small_options();
    o.init_layers = 2;
    learner *l = learner_of(&o, 1, T_F32), *m = learner_of(&o, 1, T_F32);
    s.count = 0;
    watch(l, film, 0, 1, 1, false, &s); /* rows of the tables have their length now, in both */
    watch(m, film, 0, FRAMES, 16, false, &s);
    watch(l, film, 0, FRAMES, 16, false, &s);
    assert_int_equal(learner_layers(m), 2);
    assert_int_equal(learner_steps(m), 0);
    assert_true(parameters_differ(l, m) == 0);
    learner_free(&l);
    learner_free(&m);
}

/* What one stream of several says. */
static void part_of(const said *all, size_t stream, said *out)
{
    out->count = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->at[i].stream != stream) continue;
        out->first[out->count] = all->first[i];
        out->at[out->count++] = all->at[i];
    }
}

static void test_streams_side_by_side_are_those_alone(void **state)
{
    (void)state;
    static uint8_t others[FRAMES * PICTURE];
    static said all, part, alone;
    const uint8_t *films[] = {film, others};
    stream_options o = small_options();
    const stream_listener listener = {.self = &all, .input = note};
    o.init_layers = 3;
    draw(77, others, FRAMES);
    learner *l = learner_of(&o, 2, T_F64);
    all.count = 0;
    for (size_t at = 0; at < FRAMES; at += 10) {
        stream_frames frames[] = {frames_of(film + at * PICTURE, 10, at == 0),
                                  frames_of(others + at * PICTURE, 10, at == 0)};
        assert_int_equal(learner_watch(l, frames, false, &listener), OK);
    }
    for (size_t i = 0; i < 2; i++) {
        const stream_listener to = {.self = &alone, .input = note};
        learner *m = learner_of(&o, 1, T_F64);
        alone.count = 0;
        stream_frames frames = frames_of(films[i], FRAMES, true);
        assert_int_equal(learner_watch(m, &frames, false, &to), OK);
        part_of(&all, i, &part);
        assert_same(&part, &alone, 1e-10);
        learner_free(&m);
    }
    learner_free(&l);
}

/* Two streams that learn: steps come after as many losses a stream, whatever the turns. */
static void test_streams_learn_together(void **state)
{
    (void)state;
    static uint8_t others[FRAMES * PICTURE];
    static said said_of[2];
    stream_options o = small_options();
    learner *l[2];
    draw(78, others, FRAMES);
    for (size_t i = 0; i < 2; i++) {
        size_t turn = i ? 15 : 5;
        const stream_listener listener = {.self = &said_of[i], .input = note};
        l[i] = learner_of(&o, 2, T_F64);
        said_of[i].count = 0;
        for (size_t at = 0; at < 90; at += turn) {
            stream_frames frames[] = {frames_of(film + at * PICTURE, turn, at == 0),
                                      frames_of(others + at * PICTURE, turn, at == 0)};
            assert_int_equal(learner_watch(l[i], frames, true, &listener), OK);
        }
    }
    assert_true(learner_steps(l[0]) >= 3);
    assert_same(&said_of[0], &said_of[1], 1e-10);
    assert_true(parameters_differ(l[0], l[1]) < 1e-10);
    learner_free(&l[0]);
    learner_free(&l[1]);
}

static void save(learner *l, const char *directory)
{
    for (size_t i = 0; i < learner_state_files(l); i++) {
        file_image image = {0};
        char *path = path_join(directory, learner_state_name(i));
        assert_int_equal(learner_state_image(l, i, &image), OK);
        assert_int_equal(file_write(path, image.at, image.count), OK);
        file_image_free(&image);
        free(path);
    }
}

static void test_a_saved_learner_goes_on_bitwise(void **state)
{
    (void)state;
    static said one, other;
    static const size_t WHEN[] = {8, 40, 72, 120};
    stream_options o = small_options();
    char directory[] = "/tmp/magister-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    for (size_t i = 0; i < sizeof WHEN / sizeof WHEN[0]; i++) {
        learner *l = learner_of(&o, 1, T_F32), *m = learner_of(&o, 1, T_F32);
        one.count = other.count = 0;
        watch(l, film, 0, WHEN[i], 8, true, &one);
        save(l, directory);
        if (learner_state_load(m, directory) != OK) fail_msg("%s", fail_message());
        one.count = 0;
        watch(l, film, WHEN[i], FRAMES, 8, true, &one);
        watch(m, film, WHEN[i], FRAMES, 8, true, &other);
        assert_same(&one, &other, 0);
        assert_true(parameters_differ(l, m) == 0);
        assert_int_equal(learner_steps(l), learner_steps(m));
        learner_free(&l);
        learner_free(&m);
    }
    assert_int_equal(directory_remove(directory), OK);
}

static void test_a_state_of_other_options_is_refused(void **state)
{
    (void)state;
    static said s;
    stream_options o = small_options();
    char directory[] = "/tmp/magister-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    learner *l = learner_of(&o, 1, T_F32);
    s.count = 0;
    watch(l, film, 0, 40, 8, true, &s);
    save(l, directory);
    o.window = 11;
    learner *m = learner_of(&o, 1, T_F32);
    assert_int_equal(learner_state_load(m, directory), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "learner.safetensors"));
    fail_clear();
    learner_free(&m);
    m = learner_of(&o, 2, T_F32);
    assert_int_equal(learner_state_load(m, directory), ERR_INPUT);
    fail_clear();
    learner_free(&m);
    learner_free(&l);
    assert_int_equal(directory_remove(directory), OK);
}

/* The published sizes: 172.96 million numbers in layer 0, 240.21 in three. They are counted: making them would take
 * gigabytes. That counting is right small sizes show. */
static void test_the_published_model_has_its_parameters(void **state)
{
    (void)state;
    stream_options o = small_options();
    o.init_layers = 2;
    learner *l = learner_of(&o, 1, T_F32);
    assert_int_equal((size_t)stream_parameter_count(&o, 2), module_element_count(learner_model(l)));
    learner_free(&l);
    stream_options published = {.height = 128,
                                .width = 128,
                                .channels = {32, 64, 256, 1024},
                                .features = 1024,
                                .max_layers = 3,
                                .buffer_size = 20};
    assert_int_equal((size_t)stream_parameter_count(&published, 1), 172962179);
    assert_int_equal((size_t)stream_parameter_count(&published, 3), 240210307);
}

static int none_left(void **state)
{
    (void)state;
    return t_live_count() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_turns_do_not_matter, none_left),
        cmocka_unit_test_teardown(test_layers_grow_when_they_are_to, none_left),
        cmocka_unit_test_teardown(test_watching_alone_changes_nothing, none_left),
        cmocka_unit_test_teardown(test_streams_side_by_side_are_those_alone, none_left),
        cmocka_unit_test_teardown(test_streams_learn_together, none_left),
        cmocka_unit_test_teardown(test_a_saved_learner_goes_on_bitwise, none_left),
        cmocka_unit_test_teardown(test_a_state_of_other_options_is_refused, none_left),
        cmocka_unit_test_teardown(test_the_published_model_has_its_parameters, none_left),
    };
    if (test_device_start()) return 1;
    draw(1, film, FRAMES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
