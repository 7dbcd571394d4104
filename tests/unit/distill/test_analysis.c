/* What the analysis says of stores whose answers are known. */
#include "tests/unit/distill/made_store.h"

enum { COUNT = 200, VIDEOS = 20 };

static made_segment segments[COUNT];
static int right[COUNT], wrong[COUNT]; /* predictions: the label; another class, never among the first five with it */

static int make_segments(void **state)
{
    (void)state;
    rng random = rng_stream(21, 0, 0);
    for (size_t i = 0; i < COUNT; i++) {
        segments[i] = (made_segment){(int)rng_below(&random, VIDEOS), (int)rng_below(&random, MADE_CLASSES)};
        right[i] = segments[i].label;
        wrong[i] = (segments[i].label + 1) % MADE_CLASSES;
    }
    return 0;
}

/* Right where a number drawn for (key, i) is below `part`. */
static void draw_set(uint64_t key, double part, int *first)
{
    for (size_t i = 0; i < COUNT; i++) {
        rng random = rng_stream(key, 1, i);
        first[i] = rng_uniform(&random) < part ? right[i] : wrong[i];
    }
}

static json_t *analyse(store *s)
{
    json_t *found = NULL;
    assert_ok(analysis_json(s, &ANALYSIS_DEFAULTS, &found));
    return found;
}

static void close_store(store **s, const char *name)
{
    store_close(s);
    remove_store(sample_path(name));
}

static double top1_of(const json_t *found, const char *set)
{
    return real_at(json_at(json_at(json_at(found, "sets"), set), "top1"), "mean");
}

/* A teacher, students with and without it, of three seeds each, and a control. */
static store *taught_store(const char *name)
{
    int first[COUNT];
    store *s = made_store(sample_path(name), segments, COUNT);
    draw_set(1, 0.6, first);
    made_set(s, "teacher", "teacher", 0, first, COUNT);
    for (int64_t seed = 0; seed < 3; seed++) {
        draw_set(20 + (uint64_t)seed, 0.3, first);
        made_set(s, "student_plain", "student", seed, first, COUNT);
        draw_set(10 + (uint64_t)seed, 0.5, first);
        made_set(s, "student", "student", seed, first, COUNT);
    }
    draw_set(30, 0.1, first);
    made_set(s, "student_blind", "control", 0, first, COUNT);
    return s;
}

/* ---- how sure -----------------------------------------------------------------------------------------------------
 */

static void the_same_store_gives_the_same_bytes(void **state)
{
    (void)state;
    store *s = taught_store("same");
    analysis_options other = ANALYSIS_DEFAULTS;
    json_t *a = analyse(s), *b = analyse(s), *c = NULL;
    char *text_a = json_dumps(a, 0), *text_b = json_dumps(b, 0);
    assert_string_equal(text_a, text_b);
    other.seed = 1;
    assert_ok(analysis_json(s, &other, &c));
    assert_false(json_equal((json_t *)json_at(a, "pairs"), (json_t *)json_at(c, "pairs"))); /* the seed is used */
    assert_true(json_equal((json_t *)json_at(a, "gains"), (json_t *)json_at(c, "gains")));
    json_decref(a);
    json_decref(b);
    json_decref(c);
    free(text_a);
    free(text_b);
    close_store(&s, "same");
}

static const json_t *find_pair(const json_t *found, const char *a, const char *b, const char *metric)
{
    const json_t *pairs = json_at(found, "pairs");
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        if (!strcmp(text_at(pair, "a"), a) && !strcmp(text_at(pair, "b"), b) &&
            !strcmp(text_at(pair, "metric"), metric))
            return pair;
    }
    fail_msg("no pair of %s and %s", a, b);
    return NULL;
}

static void like_sets_do_not_differ_and_unlike_ones_do(void **state)
{
    (void)state;
    int first[COUNT];
    store *s = taught_store("differ");
    draw_set(10, 0.5, first); /* the student's seed 0 */
    made_set(s, "twin_a", "student", 4, first, COUNT);
    made_set(s, "twin_b", "student", 5, first, COUNT);
    json_t *found = analyse(s);
    const json_t *same = find_pair(found, "twin_a", "twin_b", "top1");
    assert_true(real_at(same, "difference") == 0 && real_at(same, "low") == 0 && real_at(same, "high") == 0);
    assert_true(real_at(same, "p") == 1);
    const json_t *planted = find_pair(found, "student", "student_plain", "top1");
    double low = real_at(planted, "low"), high = real_at(planted, "high");
    assert_true(low > 0 && low < 20 && high > 20); /* 50 % against 30 % */
    assert_true(real_at(planted, "p") < 0.005);
    find_pair(found, "student", "student_blind", "top5");
    /* Students in pairs, 4 * 3 / 2, and each with the control, in two metrics; no teacher, no control first. */
    assert_int_equal(json_array_size(json_at(found, "pairs")), 2 * (6 + 4));
    json_decref(found);
    close_store(&s, "differ");
}

static void seeds_are_averaged(void **state)
{
    (void)state;
    int first[COUNT];
    double hits[3] = {0}, mean = 0, squares = 0;
    store *s = taught_store("seeds");
    json_t *found = analyse(s);
    const json_t *top1 = json_at(json_at(json_at(found, "sets"), "student"), "top1");
    for (uint64_t seed = 0; seed < 3; seed++) {
        draw_set(10 + seed, 0.5, first);
        for (size_t i = 0; i < COUNT; i++) hits[seed] += first[i] == right[i];
        mean += 100 * hits[seed] / COUNT / 3;
    }
    for (int seed = 0; seed < 3; seed++) squares += pow(100 * hits[seed] / COUNT - mean, 2);
    assert_true(fabs(real_at(top1, "mean") - mean) < 1e-9);
    assert_true(fabs(real_at(top1, "seed_sd") - sqrt(squares / 2)) < 1e-9);
    assert_true(json_is_null(json_at(json_at(json_at(json_at(found, "sets"), "teacher"), "top1"), "seed_sd")));
    assert_true(real_at(top1, "low") < mean && real_at(top1, "high") > mean);
    json_decref(found);
    close_store(&s, "seeds");
}

/* Seed 0 predicts half of the segments, seed 1 another half, seed 2 none: the common quarter counts. */
static void only_segments_of_every_seed_count(void **state)
{
    (void)state;
    int first[3][COUNT];
    store *s = made_store(sample_path("coverage"), segments, COUNT);
    for (int i = 0; i < COUNT; i++) {
        first[0][i] = i % 2 ? NOTHING : i % 8 ? wrong[i] : right[i];
        first[1][i] = i % 4 > 1 ? NOTHING : wrong[i];
        first[2][i] = NOTHING;
    }
    for (int seed = 0; seed < 3; seed++) made_set(s, "student", "student", seed, first[seed], COUNT);
    json_t *found = analyse(s);
    const json_t *set = json_at(json_at(found, "sets"), "student");
    assert_true(real_at(set, "n") == COUNT / 4);
    assert_int_equal(json_array_size(json_at(set, "seeds")), 2); /* the one without predictions is left out */
    assert_true(fabs(top1_of(found, "student") - 25) < 1e-9);    /* every second one, by one of two seeds */
    assert_true(real_at(found, "segments") == COUNT);
    json_decref(found);
    close_store(&s, "coverage");
}

/* ---- where --------------------------------------------------------------------------------------------------------
 */

static void buckets_hold_every_segment_once(void **state)
{
    (void)state;
    const char *cell;
    json_t *n;
    int64_t sum = 0;
    /* teacher, plain (three seeds), student: right or wrong */
    static const char *const WHO[] = {"t ttf t", "t fff t", "t fft t", "f tft f", "f fff f", "f fff t"};
    store *s = made_store(sample_path("buckets"), segments, 6);
    int first[5][6];
    for (int i = 0; i < 6; i++) {
        const char who[] = {WHO[i][0], WHO[i][2], WHO[i][3], WHO[i][4], WHO[i][6]};
        for (int k = 0; k < 5; k++) first[k][i] = who[k] == 't' ? right[i] : wrong[i];
    }
    made_set(s, "teacher", "teacher", 0, first[0], 6);
    for (int seed = 0; seed < 3; seed++) made_set(s, "late_plain", "student", seed, first[1 + seed], 6);
    made_set(s, "student", "student", 0, first[4], 6);
    json_t *found = analyse(s);
    const json_t *bucket = json_array_get(json_at(found, "buckets"), 0), *cells = json_at(bucket, "cells");
    assert_string_equal(text_at(bucket, "plain"), "late_plain");
    assert_int_equal(json_object_size(cells), 8);
    json_object_foreach((json_t *)cells, cell, n) sum += json_integer_value(n);
    assert_int_equal(sum, 6);
    assert_true(real_at(cells, "ttt") == 1 && real_at(cells, "tft") == 2 && real_at(cells, "ftf") == 1);
    assert_true(real_at(cells, "fff") == 1 && real_at(cells, "fft") == 1 && real_at(cells, "ttf") == 0);
    json_decref(found);
    close_store(&s, "buckets");
}

/* One of two seeds is no majority. */
static void half_of_the_seeds_is_not_right(void **state)
{
    (void)state;
    store *s = made_store(sample_path("half"), segments, 6);
    made_set(s, "teacher", "teacher", 0, right, 6);
    made_set(s, "student_plain", "student", 0, right, 6);
    made_set(s, "student_plain", "student", 1, right, 6);
    made_set(s, "student", "student", 0, right, 6);
    made_set(s, "student", "student", 1, wrong, 6);
    json_t *found = analyse(s);
    const json_t *cells = json_at(json_array_get(json_at(found, "buckets"), 0), "cells");
    assert_true(real_at(cells, "ttf") == 6 && real_at(cells, "ttt") == 0);
    assert_int_equal(json_array_size(json_at(found, "examples")), 0); /* seed 0 would show it right */
    json_decref(found);
    close_store(&s, "half");
}

static void gains_add_up_to_the_difference(void **state)
{
    (void)state;
    double sum = 0, n = 0, last = INFINITY;
    store *s = taught_store("gains");
    json_t *found = analyse(s);
    const json_t *gains = json_at(found, "gains");
    assert_int_equal(json_array_size(gains), MADE_CLASSES);
    for (size_t i = 0; i < MADE_CLASSES; i++) {
        const json_t *gain = json_array_get(gains, i);
        assert_true(fabs(real_at(gain, "a") - real_at(gain, "b") - real_at(gain, "difference")) < 1e-9);
        assert_true(real_at(gain, "difference") <= last);
        last = real_at(gain, "difference");
        n += real_at(gain, "n");
        sum += real_at(gain, "n") * last;
        assert_int_equal(text_at(gain, "name")[4], '0' + (int)real_at(gain, "class") % SAMPLE_NOUNS);
    }
    assert_true(n == COUNT);
    assert_true(fabs(sum / n - (top1_of(found, "student") - top1_of(found, "student_plain"))) < 1e-9);
    json_decref(found);
    close_store(&s, "gains");
}

static void confusions_are_counted_over_seeds(void **state)
{
    (void)state;
    static const made_segment at[] = {{0, 1}, {0, 1}, {0, 2}, {1, 3}, {1, -1}};
    static const int first[2][5] = {{2, 2, 1, 3, 5}, {2, 1, 1, NOTHING, 5}};
    store *s = made_store(sample_path("confused"), at, 5);
    for (int seed = 0; seed < 2; seed++) made_set(s, "student", "student", seed, first[seed], 5);
    json_t *found = analyse(s);
    const json_t *list = json_at(json_at(found, "confused"), "student");
    assert_int_equal(json_array_size(list), 2); /* what is not known is confused with nothing */
    const json_t *most = json_array_get(list, 0), *next = json_array_get(list, 1);
    assert_true(real_at(most, "label") == 1 && real_at(most, "predicted") == 2 && real_at(most, "n") == 3);
    assert_string_equal(text_at(most, "label_name"), "v0_n1");
    assert_string_equal(text_at(most, "predicted_name"), "v0_n2");
    assert_true(real_at(next, "label") == 2 && real_at(next, "predicted") == 1 && real_at(next, "n") == 2);
    json_decref(found);
    close_store(&s, "confused");
}

/* ---- examples -----------------------------------------------------------------------------------------------------
 */

static bool names_first(const json_t *example, const char *set)
{
    const json_t *first = json_array_get(json_at(json_at(example, "top5"), set), 0);
    return real_at(first, "class") == real_at(example, "label");
}

/* What is shown agrees with why it is shown. */
static void assert_why(const json_t *example)
{
    static const struct {
        const char *why;
        int teacher, plain, student; /* -1: either */
    } KINDS[] = {{"distillation helped", 1, 0, 1},
                 {"distillation hurt", 0, 1, 0},
                 {"student right though the teacher is wrong", 0, -1, 1},
                 {"all right", 1, 1, 1},
                 {"all wrong", 0, 0, 0}};
    for (size_t k = 0; k < 5; k++) {
        if (strcmp(text_at(example, "why"), KINDS[k].why)) continue;
        assert_int_equal(names_first(example, "teacher"), KINDS[k].teacher);
        if (KINDS[k].plain >= 0) assert_int_equal(names_first(example, "student_plain"), KINDS[k].plain);
        assert_int_equal(names_first(example, "student"), KINDS[k].student);
        return;
    }
    fail_msg("nobody knows why: %s", text_at(example, "why"));
}

static void assert_history(const json_t *example)
{
    const json_t *history = json_at(example, "history");
    size_t number = (size_t)atoi(text_at(example, "uid") + 1), count = json_array_size(history);
    int before = 0;
    double last = -1;
    for (size_t i = 0; i < number; i++) before += segments[i].video == segments[number].video;
    assert_int_equal(count, before < 8 ? before : 8);
    for (size_t i = 0; i < count; i++) {
        const json_t *at = json_array_get(history, i);
        int video = segments[atoi(text_at(at, "uid") + 1)].video;
        assert_int_equal(video, segments[number].video);
        assert_true(real_at(at, "start") > last && real_at(at, "start") < real_at(example, "start"));
        last = real_at(at, "start");
    }
    if (count) assert_true(last <= real_at(example, "start") - 10);
}

static void assert_probabilities(const json_t *example)
{
    const char *set;
    json_t *list;
    json_object_foreach((json_t *)json_at(example, "top5"), set, list)
    {
        double sum = 0, last = 1;
        assert_int_equal(json_array_size(list), 5);
        for (size_t i = 0; i < 5; i++) {
            double p = real_at(json_array_get(list, i), "p");
            assert_true(p > 0 && p <= last);
            last = p;
            sum += p;
        }
        assert_true(sum <= 1 + 1e-9);
    }
}

static void examples_teach(void **state)
{
    (void)state;
    int shown[VIDEOS] = {0}, kinds = 0;
    store *s = taught_store("examples");
    json_t *found = analyse(s);
    const json_t *examples = json_at(found, "examples");
    assert_int_equal(json_array_size(examples), 8);
    for (size_t i = 0; i < 8; i++) {
        const json_t *example = json_array_get(examples, i);
        assert_why(example);
        assert_history(example);
        assert_probabilities(example);
        assert_int_equal(json_object_size(json_at(example, "top5")), 4);
        shown[atoi(text_at(example, "sequence") + 5)]++;
        for (size_t k = 0; k < i; k++) {
            const json_t *other = json_array_get(examples, k);
            assert_string_not_equal(text_at(example, "uid"), text_at(other, "uid"));
            if (!strcmp(text_at(example, "why"), text_at(other, "why"))) break;
            kinds += k + 1 == i;
        }
    }
    assert_true(kinds >= 3);                                     /* new kinds after the first */
    for (int v = 0; v < VIDEOS; v++) assert_true(shown[v] <= 1); /* 20 videos, 8 examples */
    json_decref(found);
    close_store(&s, "examples");
}

static void few_segments_give_few_examples(void **state)
{
    (void)state;
    store *s = made_store(sample_path("few"), segments, 3);
    made_set(s, "teacher", "teacher", 0, right, 3);
    made_set(s, "student_plain", "student", 0, wrong, 3);
    made_set(s, "student", "student", 0, right, 3);
    json_t *found = analyse(s);
    assert_int_equal(json_array_size(json_at(found, "examples")), 3); /* each once */
    json_decref(found);
    close_store(&s, "few");
}

/* A teacher alone, then with a student: kinds that ask for a set that is not there have no segments. */
static void examples_make_do_with_the_sets_that_are_there(void **state)
{
    (void)state;
    int half[COUNT];
    store *s = made_store(sample_path("fewer"), segments, COUNT);
    for (size_t i = 0; i < COUNT; i++) half[i] = i % 2 ? right[i] : wrong[i];
    made_set(s, "teacher", "teacher", 0, half, COUNT);
    for (int with = 0; with < 2; with++) {
        size_t student_alone = 0, all = 0;
        if (with) made_set(s, "student", "student", 0, right, COUNT);
        json_t *found = analyse(s);
        const json_t *examples = json_at(found, "examples");
        assert_int_equal(json_array_size(examples), 8);
        for (size_t i = 0; i < 8; i++) {
            const json_t *example = json_array_get(examples, i);
            const char *why = text_at(example, "why");
            if (!strcmp(why, "all right")) assert_true(names_first(example, "teacher"));
            else if (with) assert_string_equal(why, "student right though the teacher is wrong");
            else assert_string_equal(why, "all wrong");
            if (strcmp(why, "all right")) assert_false(names_first(example, "teacher"));
            student_alone += !strcmp(why, "student right though the teacher is wrong");
            all += !strcmp(why, "all right");
        }
        assert_int_equal(all, 4);
        assert_int_equal(student_alone, with ? 4 : 0);
        json_decref(found);
    }
    close_store(&s, "fewer");
}

/* ---- what is not there --------------------------------------------------------------------------------------------
 */

static void assert_empty(const json_t *found)
{
    static const char *const LISTS[] = {"pairs", "buckets", "gains", "examples"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(json_is_array(json_at(found, LISTS[i])));
        assert_int_equal(json_array_size(json_at(found, LISTS[i])), 0);
    }
}

static void what_a_store_has_not_is_empty(void **state)
{
    (void)state;
    const char *path = sample_path("empty");
    store *s = NULL;
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s)); /* not even classes */
    json_t *found = analyse(s);
    assert_empty(found);
    assert_true(real_at(found, "segments") == 0 && real_at(found, "videos") == 0);
    json_decref(found);
    store_close(&s);

    s = made_store(path, segments, COUNT);
    found = analyse(s);
    assert_empty(found);
    assert_true(real_at(found, "segments") == COUNT && real_at(found, "videos") == VIDEOS);
    assert_int_equal(json_object_size(json_at(found, "sets")), 0);
    json_decref(found);
    made_set(s, "teacher", "teacher", 0, right, 0);
    made_set(s, "majority", "baseline", 0, wrong, COUNT);
    found = analyse(s);
    assert_empty(found);
    const json_t *teacher = json_at(json_at(found, "sets"), "teacher");
    assert_true(real_at(teacher, "n") == 0 && json_is_null(json_at(json_at(teacher, "top1"), "mean")));
    assert_true(json_is_null(json_at(json_at(teacher, "reliability"), "ece")));
    assert_true(real_at(json_at(json_at(json_at(found, "sets"), "majority"), "top1"), "mean") == 0);
    json_decref(found);
    close_store(&s, "empty");
}

static void one_video_and_no_labels_are_told(void **state)
{
    (void)state;
    made_segment at[20];
    for (int i = 0; i < 20; i++) at[i] = (made_segment){3, i % 5};
    store *s = made_store(sample_path("one"), at, 20);
    made_set(s, "student", "student", 0, wrong, 20);
    json_t *found = analyse(s);
    const json_t *top1 = json_at(json_at(json_at(found, "sets"), "student"), "top1");
    assert_true(json_is_number(json_at(top1, "mean")) && json_is_null(json_at(top1, "low")));
    json_decref(found);
    close_store(&s, "one");

    for (int i = 0; i < 20; i++) at[i] = (made_segment){i % 4, -1};
    s = made_store(sample_path("one"), at, 20);
    made_set(s, "student", "student", 0, wrong, 20);
    found = analyse(s);
    top1 = json_at(json_at(json_at(found, "sets"), "student"), "top1");
    assert_true(json_is_null(json_at(top1, "mean")));
    json_decref(found);
    close_store(&s, "one");
}

static void options_have_bounds(void **state)
{
    (void)state;
    const analysis_options wrong_ones[] = {{0, 0.95, 10, 8, 0},
                                           {2000, 1, 10, 8, 0},
                                           {2000, NAN, 10, 8, 0},
                                           {2000, 0.95, 0, 8, 0},
                                           {2000, 0.95, 10, -1, 0}};
    json_t *found = NULL;
    store *s = made_store(sample_path("bounds"), segments, 4);
    for (size_t i = 0; i < 5; i++) assert_fails(ERR_USAGE, "resamples", analysis_json(s, &wrong_ones[i], &found));
    assert_null(found);
    close_store(&s, "bounds");
}

/* ---- two sets -----------------------------------------------------------------------------------------------------
 */

/* The second store holds some of the segments, in another order. */
static void stores_are_compared_on_what_they_share(void **state)
{
    (void)state;
    char path[256];
    int first[COUNT];
    json_t *found = NULL;
    store *a = made_store(sample_path("left"), segments, COUNT), *b = NULL;
    for (int i = 0; i < COUNT; i++) first[i] = i < 10 ? NOTHING : i < 30 ? wrong[i] : right[i];
    made_set(a, "student", "student", 0, first, COUNT);
    snprintf(path, sizeof path, "%s", sample_path("right"));
    b = made_store_in_order(path, segments, 50, true);
    for (int i = 0; i < 50; i++) first[i] = i < 20 ? right[i] : wrong[i];
    made_set(b, "student", "student", 3, first, 50);
    assert_ok(analysis_compare(a, "student", b, "student", &ANALYSIS_DEFAULTS, &found));
    assert_true(real_at(found, "n") == 40);
    assert_true(real_at(json_at(found, "a"), "n") == COUNT - 10 && real_at(json_at(found, "b"), "n") == 50);
    /* 10 that b has right, 10 that neither has, 20 that a has right */
    assert_true(fabs(real_at(json_array_get(json_at(found, "pairs"), 0), "difference") - 25) < 1e-9);
    assert_true(fabs(real_at(json_at(json_at(found, "a"), "top1"), "mean") - 50) < 1e-9);
    json_decref(found);
    assert_fails(ERR_MISSING, "student", analysis_compare(a, "nobody", b, "student", &ANALYSIS_DEFAULTS, &found));
    assert_fails(ERR_MISSING, "student", analysis_compare(a, "student", b, "nobody", &ANALYSIS_DEFAULTS, &found));
    store_close(&b);

    segments[7].label = (segments[7].label + 1) % MADE_CLASSES;
    b = made_store(path, segments, 50);
    segments[7].label = right[7];
    made_set(b, "student", "student", 3, wrong, 50);
    assert_fails(ERR_INPUT, "segment u007 is",
                 analysis_compare(a, "student", b, "student", &ANALYSIS_DEFAULTS, &found));
    store_close(&b);

    b = made_store(path, segments, 0);
    made_set(b, "student", "student", 3, wrong, 0);
    assert_fails(ERR_INPUT, "cannot be compared",
                 analysis_compare(a, "student", b, "student", &ANALYSIS_DEFAULTS, &found));
    store_close(&b);
    remove_store(path);
    close_store(&a, "left");
}

static void a_comparison_is_told_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        const char *parts[4];
    } CASES[] = {
        {"student",
         "student_plain",
         {"student (3 seeds) against student_plain (3 seeds)", "200 segments of 20 videos",
          "points more (95 % interval ", "more than chance explains"}},
        {"student_blind", "student", {"student_blind (1 seed)", "points less", "p = 0.0005", "top-5: "}},
        {"student",
         "student",
         {"the same (95 % interval 0.00 to 0.00, p = 1)", "chance may explain it", "top-1: ", "Seeds are averaged"}},
    };
    store *s = taught_store("words");
    for (size_t i = 0; i < 3; i++) {
        char *text = NULL;
        size_t length = 0;
        json_t *found = NULL;
        FILE *to = open_memstream(&text, &length);
        assert_ok(analysis_compare(s, CASES[i].a, s, CASES[i].b, &ANALYSIS_DEFAULTS, &found));
        assert_ok(analysis_compare_print(found, to));
        fclose(to);
        for (size_t k = 0; k < 4; k++)
            if (!strstr(text, CASES[i].parts[k])) fail_msg("no \"%s\" in: %s", CASES[i].parts[k], text);
        free(text);
        json_decref(found);
    }
    close_store(&s, "words");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_store_gives_the_same_bytes),
        cmocka_unit_test(like_sets_do_not_differ_and_unlike_ones_do),
        cmocka_unit_test(seeds_are_averaged),
        cmocka_unit_test(only_segments_of_every_seed_count),
        cmocka_unit_test(buckets_hold_every_segment_once),
        cmocka_unit_test(half_of_the_seeds_is_not_right),
        cmocka_unit_test(gains_add_up_to_the_difference),
        cmocka_unit_test(confusions_are_counted_over_seeds),
        cmocka_unit_test(examples_teach),
        cmocka_unit_test(few_segments_give_few_examples),
        cmocka_unit_test(examples_make_do_with_the_sets_that_are_there),
        cmocka_unit_test(what_a_store_has_not_is_empty),
        cmocka_unit_test(one_video_and_no_labels_are_told),
        cmocka_unit_test(options_have_bounds),
        cmocka_unit_test(stores_are_compared_on_what_they_share),
        cmocka_unit_test(a_comparison_is_told_in_words),
    };
    return cmocka_run_group_tests(tests, make_segments, NULL);
}
