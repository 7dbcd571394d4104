/* Where the frames of a clip are taken, what is made of them, and the labels of what was seen. */
#include "student/clips.h"
#include "student/frame_labels.h"
#include "tests/unit/data/scratch.h"

#include "tensor/module.h"

#include <math.h>

enum { FRAMES = 40, WIDTH = 4 };
static const double TRACK_FPS = 10;
static tracks *track;

/* Video v: frame f is (f, 100 + 2 f, 5, 7): a point that moves by (1, 2) a frame, and one that rests at (5, 7). */
static int track_open(void **state)
{
    char text[8192];
    int at = snprintf(text, sizeof text, "video,frame,x,y,nose-x,nose-y\n");
    if (scratch_open(state)) return -1;
    for (int f = 0; f < FRAMES; f++)
        at += snprintf(text + at, sizeof text - (size_t)at, "v,%d,%d,%d,5,7\n", f, f, 100 + 2 * f);
    return tracks_open(scratch_file("track.csv", text), &track) == OK ? 0 : -1;
}

static int track_close(void **state)
{
    tracks_close(&track);
    return scratch_close(state);
}

static clip_source source_of(const clip_options *options)
{
    clip_source s = {0};
    assert_ok(clip_source_open(options, track, "track.csv", TRACK_FPS, &s));
    return s;
}

static segment segment_of(double start, double end)
{
    return (segment){.uid = "s1", .sequence = "v", .start = start, .end = end, .action = 0};
}

static void assert_places(const double *got, const double *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fabs(got[i] - wanted[i]) > 1e-9) fail_msg("place %zu is %g, not %g", i, got[i], wanted[i]);
}

static void anticipation_ends_tau_a_before_the_segment(void **state)
{
    (void)state;
    double places[4];
    clip_source s = source_of(&(clip_options){.frames = 4, .subclip = 1, .fps = 2, .tau_a = 0.5});
    segment of = segment_of(2.0, 3.0);
    clip_places(&s, &of, NULL, places);
    assert_places(places, (double[]){0, 5, 10, 15}, 4);
    clip_source_free(&s);
}

/* 1.1 s at 10 frames a second is frame 11, though 1.1 * 10 is 11.000000000000002 and 0.3 * 10 just below 3. */
static void anticipation_is_not_off_by_a_frame(void **state)
{
    (void)state;
    double place;
    clip_source s = source_of(&(clip_options){.frames = 1, .subclip = 1, .fps = 10, .tau_a = 0});
    for (int frame = 0; frame < FRAMES; frame++) {
        segment of = segment_of(frame / TRACK_FPS, 9);
        clip_places(&s, &of, NULL, &place);
        assert_true(place == frame);
    }
    clip_source_free(&s);
}

static void anticipation_repeats_the_first_frame(void **state)
{
    (void)state;
    float clip[3 * WIDTH];
    clip_source s = source_of(&(clip_options){.frames = 3, .subclip = 1, .fps = 1, .tau_a = 1});
    segment of = segment_of(2.2, 3);
    assert_ok(clip_fill(&s, &of, NULL, clip));
    assert_true(clip[0] == 0 && clip[WIDTH] == 2 && clip[2 * WIDTH] == 12);
    clip_source_free(&s);
}

static void a_segment_that_starts_too_early_cannot_be_anticipated(void **state)
{
    (void)state;
    clip_options options = {.frames = 2, .subclip = 1, .fps = 1, .tau_a = 1};
    clip_source s = source_of(&options);
    segment early = segment_of(1.05, 2), late = segment_of(1.1, 2);
    assert_false(clip_is_possible(&s, &early));
    assert_true(clip_is_possible(&s, &late));
    clip_source_free(&s);
    options.recognise = true;
    s = source_of(&options);
    assert_true(clip_is_possible(&s, &early));
    clip_source_free(&s);
}

static void recognition_covers_the_segment_and_what_led_there(void **state)
{
    (void)state;
    double places[9];
    clip_source s =
        source_of(&(clip_options){.recognise = true, .frames = 1, .subclip = 3, .context = 2, .context_seconds = 0.4});
    segment of = segment_of(1.0, 1.5); /* frames 10 to 14 */
    clip_places(&s, &of, NULL, places);
    assert_places(places, (double[]){2, 4, 6, 6, 8, 10, 10, 12, 14}, 9);
    assert_int_equal(clip_length(&s.options), 3);
    assert_int_equal(clip_inputs(&s), 3 * WIDTH + 1);
    clip_source_free(&s);
}

static void recognition_carries_the_length(void **state)
{
    (void)state;
    float clip[WIDTH + 1];
    clip_source s = source_of(&(clip_options){.recognise = true, .frames = 1, .subclip = 1});
    segment of = segment_of(1.0, 1.5);
    assert_ok(clip_fill(&s, &of, NULL, clip));
    assert_true(clip[0] == 12 && clip[1] == 124);
    clip_source_free(&s);
    s = source_of(&(clip_options){.recognise = true, .frames = 1, .subclip = 2, .features = TRACK_RAW});
    float longer[2 * WIDTH + 1];
    assert_ok(clip_fill(&s, &of, NULL, longer));
    assert_float_equal(longer[2 * WIDTH], log(0.5), 1e-6);
    clip_source_free(&s);
}

/* Points relative to the last one, and how fast they move. */
static void relative_features_are_places_and_speeds(void **state)
{
    (void)state;
    float clip[2 * 4 + 1];
    clip_source s =
        source_of(&(clip_options){.recognise = true, .frames = 1, .subclip = 2, .features = TRACK_RELATIVE});
    segment of = segment_of(1.0, 1.4); /* frames 10 and 13 */
    assert_ok(clip_fill(&s, &of, NULL, clip));
    const float wanted[] = {10 - 5, 120 - 7, 1, 2, 13 - 5, 126 - 7, 1, 2};
    for (size_t i = 0; i < 8; i++) assert_float_equal(clip[i], wanted[i], 1e-4);
    clip_source_free(&s);
}

/* Nothing of a clip that anticipates changes when the track changes after its end. */
static void anticipation_never_looks_ahead(void **state)
{
    (void)state;
    char text[8192];
    tracks *other = NULL;
    float seen[6 * 4], again[6 * 4];
    int at = snprintf(text, sizeof text, "video,frame,x,y,nose-x,nose-y\n");
    for (int f = 0; f < FRAMES; f++)
        at += snprintf(text + at, sizeof text - (size_t)at, "v,%d,%d,%d,5,7\n", f, f > 10 ? -900 : f,
                       f > 10 ? 900 : 100 + 2 * f);
    assert_ok(tracks_open(scratch_file("other.csv", text), &other));
    clip_options options = {.frames = 3, .subclip = 2, .fps = 3, .tau_a = 0.5, .features = TRACK_RELATIVE};
    clip_source s = source_of(&options), t = {0};
    assert_ok(clip_source_open(&options, other, "other.csv", TRACK_FPS, &t));
    segment of = segment_of(1.58, 2); /* up to frame 10 */
    assert_ok(clip_fill(&s, &of, NULL, seen));
    assert_ok(clip_fill(&t, &of, NULL, again));
    assert_memory_equal(seen, again, sizeof seen);
    clip_source_free(&s);
    clip_source_free(&t);
    tracks_close(&other);
}

static void normalised_inputs_have_mean_0_and_deviation_1(void **state)
{
    (void)state;
    enum { N = 20 };
    segment at[N];
    float clip[2 * WIDTH];
    double sum[WIDTH] = {0}, squares[WIDTH] = {0};
    clip_source s = source_of(&(clip_options){.frames = 2, .subclip = 1, .fps = 5, .tau_a = 0.5});
    for (size_t i = 0; i < N; i++) at[i] = segment_of(1 + 0.1 * (double)i, 4);
    assert_ok(clip_normalise(&s, at, N));
    for (size_t i = 0; i < N; i++) {
        assert_ok(clip_fill(&s, &at[i], NULL, clip));
        for (size_t j = 0; j < 2 * WIDTH; j++) {
            sum[j % WIDTH] += (double)clip[j];
            squares[j % WIDTH] += (double)(clip[j] * clip[j]);
        }
    }
    for (size_t j = 0; j < WIDTH; j++) {
        assert_float_equal(sum[j] / (2 * N), 0, 1e-5);
        assert_float_equal(squares[j] / (2 * N), j < 2 ? 1 : 0, 1e-4); /* the nose rests */
    }
    clip_source_free(&s);
}

static void random_changes_depend_on_the_key_alone(void **state)
{
    (void)state;
    float plain[2 * 4 + 1], one[2 * 4 + 1], same[2 * 4 + 1], two[2 * 4 + 1];
    clip_options options = {.recognise = true,
                            .frames = 1,
                            .subclip = 2,
                            .features = TRACK_RELATIVE,
                            .augment = {.time = 0.1, .scale = 0.2, .shift = 0.3, .noise = 0.1}};
    clip_source s = source_of(&options);
    segment of = segment_of(1.0, 2.0);
    assert_ok(clip_fill(&s, &of, &(uint64_t){1}, one));
    assert_ok(clip_fill(&s, &of, &(uint64_t){2}, two));
    assert_ok(clip_fill(&s, &of, NULL, plain));
    assert_ok(clip_fill(&s, &of, &(uint64_t){1}, same));
    assert_memory_equal(one, same, sizeof one);
    assert_memory_not_equal(one, two, sizeof one);
    assert_memory_not_equal(one, plain, sizeof one);
    clip_source_free(&s);
}

static void the_blind_see_zeros(void **state)
{
    (void)state;
    float clip[WIDTH] = {1, 1, 1, 1};
    clip_source s = source_of(&(clip_options){.frames = 1, .subclip = 1, .fps = 1, .blind = true});
    segment of = segment_of(2, 3);
    assert_ok(clip_fill(&s, &of, NULL, clip));
    for (size_t i = 0; i < WIDTH; i++) assert_true(clip[i] == 0);
    clip_source_free(&s);
}

static void a_missing_track_is_named(void **state)
{
    (void)state;
    clip_source s = source_of(&(clip_options){.frames = 2, .subclip = 1, .fps = 1, .tau_a = 1});
    segment there = segment_of(2, 3), elsewhere = segment_of(2, 3), behind = segment_of(60, 61);
    elsewhere.sequence = "w";
    assert_ok(clip_check(&s, &there));
    assert_failed(clip_check(&s, &elsewhere), ERR_MISSING, "segment s1: its video w has no track in track.csv");
    assert_failed(clip_check(&s, &behind), ERR_INPUT, "segment s1 (60.00 to 61.00 s) lies behind the track");
    clip_source_free(&s);
}

static void a_track_without_points_has_no_relative_features(void **state)
{
    (void)state;
    assert_failed(features_check(TRACK_RELATIVE, 5, "t.csv"), ERR_CONFIG, "t.csv has 5 numbers a frame");
    assert_failed(features_check(TRACK_RELATIVE, 2, "t.csv"), ERR_CONFIG, "use raw");
    assert_ok(features_check(TRACK_RAW, 1, "t.csv"));
}

/* ---- labels of frames -------------------------------------------------------------------------------------------- */

static const segment LABELLED[] = {
    {.uid = "a", .sequence = "u", .start = 0, .end = 9, .action = 6},
    {.uid = "b", .sequence = "v", .start = 1, .end = 8, .action = 4},
    {.uid = "c", .sequence = "v", .start = 2, .end = 3, .action = 2},
    {.uid = "d", .sequence = "v", .start = 5, .end = 6, .action = -1},
};

static void frames_have_the_label_of_what_started_last(void **state)
{
    (void)state;
    frame_labels labels;
    assert_ok(frame_labels_open(LABELLED, 4, &labels));
    assert_int_equal(frame_label(&labels, "v", 0.5), -1);
    assert_int_equal(frame_label(&labels, "v", 1), 4);
    assert_int_equal(frame_label(&labels, "v", 2.5), 2);
    assert_int_equal(frame_label(&labels, "v", 3), 4); /* the end is outside */
    assert_int_equal(frame_label(&labels, "v", 5.5), -1);
    assert_int_equal(frame_label(&labels, "v", 8), -1);
    assert_int_equal(frame_label(&labels, "w", 1), -1);
    assert_int_equal(frame_label(&labels, "u", 8.9), 6);
    frame_labels_free(&labels);
}

static void subclips_have_the_mode(void **state)
{
    (void)state;
    frame_labels labels;
    assert_ok(frame_labels_open(LABELLED, 4, &labels));
    assert_int_equal(subclip_label(&labels, "v", (double[]){1.5, 2.1, 2.9}, 3), 2);
    assert_int_equal(subclip_label(&labels, "v", (double[]){1.5, 2.1, 3.9}, 3), 4);
    assert_int_equal(subclip_label(&labels, "v", (double[]){1.5, 2.1}, 2), 2);
    frame_labels_free(&labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anticipation_ends_tau_a_before_the_segment),
        cmocka_unit_test(anticipation_is_not_off_by_a_frame),
        cmocka_unit_test(anticipation_repeats_the_first_frame),
        cmocka_unit_test(a_segment_that_starts_too_early_cannot_be_anticipated),
        cmocka_unit_test(recognition_covers_the_segment_and_what_led_there),
        cmocka_unit_test(recognition_carries_the_length),
        cmocka_unit_test(relative_features_are_places_and_speeds),
        cmocka_unit_test(anticipation_never_looks_ahead),
        cmocka_unit_test(normalised_inputs_have_mean_0_and_deviation_1),
        cmocka_unit_test(random_changes_depend_on_the_key_alone),
        cmocka_unit_test(the_blind_see_zeros),
        cmocka_unit_test(a_missing_track_is_named),
        cmocka_unit_test(a_track_without_points_has_no_relative_features),
        cmocka_unit_test(frames_have_the_label_of_what_started_last),
        cmocka_unit_test(subclips_have_the_mode),
    };
    return cmocka_run_group_tests(tests, track_open, track_close);
}
