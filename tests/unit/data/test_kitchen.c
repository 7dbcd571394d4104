#include "data/kitchen.h"

#include "base/hash.h"
#include "data/annotations.h"
#include "data/kitchen_grammar.h"
#include "data/tracks.h"

#include "scratch.h"

#include <math.h>

static const kitchen_options SMALL = {
    .videos = 40, .eval_videos = 60, .texts = 100, .width = 16, .noise = 1, .seed = 7};

static const char *in_scratch(const char *world, const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s%s%s", scratch_directory, world, name[0] ? "/" : "", name);
    return path;
}

static int make_world(void **state)
{
    if (scratch_open(state)) return -1;
    return kitchen_generate(&SMALL, in_scratch("world", "")) == OK ? 0 : -1;
}

typedef struct {
    class_list classes;
    segment_list training, validation;
    tracks *tracks;
} kitchen;

static kitchen open_kitchen(void)
{
    kitchen k = {0};
    assert_ok(classes_read(in_scratch("world", "actions.csv"), &k.classes));
    assert_ok(segments_read(in_scratch("world", "training.csv"), "auto", 30, &k.classes, &k.training));
    assert_ok(segments_read(in_scratch("world", "validation.csv"), "auto", 30, &k.classes, &k.validation));
    assert_ok(tracks_open(in_scratch("world", "tracks"), &k.tracks));
    return k;
}

static void close_kitchen(kitchen *k)
{
    classes_free(&k->classes);
    segments_free(&k->training);
    segments_free(&k->validation);
    tracks_close(&k->tracks);
}

static void check_segments(const kitchen *k, const segment_list *list, size_t videos)
{
    size_t starts = 0;
    for (size_t i = 0; i < list->count; i++) {
        const segment *s = &list->at[i];
        bool first = !i || strcmp(s->sequence, s[-1].sequence) != 0;
        starts += first;
        assert_true(first || s->start > s[-1].start);
        assert_true(segment_is_observable(s, 1.0, 30));
        assert_true((double)tracks_frames(k->tracks, s->sequence) >= s->end * tracks_fps(k->tracks));
    }
    assert_int_equal(starts, videos);
    assert_true(list->count > videos * 15 && list->count < videos * 35);
}

static void test_files_fit_together(void **state)
{
    (void)state;
    kitchen k = open_kitchen();
    assert_true(k.classes.action_count >= 100);
    assert_true(k.classes.verb_count >= 20 && k.classes.noun_count >= 40);
    assert_int_equal(tracks_width(k.tracks), 16);
    assert_true(tracks_fps(k.tracks) == 2);
    assert_ok(tracks_check(k.tracks));
    check_segments(&k, &k.training, 40);
    check_segments(&k, &k.validation, 60);
    assert_true(atoi(k.validation.at[0].uid) == atoi(k.training.at[k.training.count - 1].uid) + 1);
    close_kitchen(&k);
}

static void test_many_shot_classes(void **state)
{
    (void)state;
    kitchen k = open_kitchen();
    int64_t *ids = NULL;
    size_t count = 0;
    assert_ok(ids_read(in_scratch("world", "many_shot_verbs.csv"), &ids, &count));
    assert_true(count > 0 && count < k.classes.verb_count);
    for (size_t v = 0, i = 0; v < k.classes.verb_count; v++) {
        size_t uses = 0;
        bool listed = i < count && ids[i] == (int64_t)v;
        for (size_t s = 0; s < k.training.count; s++) uses += k.training.at[s].verb == (int64_t)v;
        assert_int_equal(listed, uses * 100 > k.training.count);
        i += listed;
    }
    free(ids);
    assert_ok(ids_read(in_scratch("world", "many_shot_nouns.csv"), &ids, &count));
    free(ids);
    close_kitchen(&k);
}

static void test_texts_are_made_of_the_classes(void **state)
{
    (void)state;
    kitchen k = open_kitchen();
    char *text = NULL, *rest = NULL;
    size_t bytes = 0, lines = 0;
    assert_ok(file_read(in_scratch("world", "texts.txt"), 1 << 24, &text, &bytes));
    rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        for (char *action = line; action;) {
            char *end = strstr(action, " <a> ");
            if (end) *end = '\0';
            size_t i = 0;
            while (i < k.classes.action_count && strcmp(k.classes.actions[i].text, action)) i++;
            assert_true(i < k.classes.action_count);
            action = end ? end + 5 : NULL;
        }
    }
    assert_int_equal(lines, 100);
    free(text);
    close_kitchen(&k);
}

/* The ceiling's rows are distributions, its guesses as good as they say of themselves, and the world is neither a
 * puzzle nor a foregone conclusion. */
static void test_ceiling(void **state)
{
    (void)state;
    kitchen k = open_kitchen();
    char *bytes = NULL, *index = NULL;
    size_t count = 0, index_bytes = 0, classes = k.classes.action_count, n = k.validation.count;
    assert_ok(file_read(in_scratch("world", "ceiling.f32"), SIZE_MAX - 1, &bytes, &count));
    assert_ok(file_read(in_scratch("world", "ceiling.tsv"), SIZE_MAX - 1, &index, &index_bytes));
    assert_int_equal(count, n * classes * sizeof(float));
    double top1 = 0, top5 = 0, expected = 0;
    char *line = strchr(index, '\n') + 1;
    for (size_t i = 0; i < n; i++, line = strchr(line, '\n') + 1) {
        float row[512];
        const segment *s = &k.validation.at[i];
        memcpy(row, bytes + i * classes * sizeof(float), classes * sizeof(float));
        assert_int_equal(strncmp(line, s->uid, strlen(s->uid)), 0);
        assert_int_equal(atoi(line + strlen(s->uid) + 1), s->action);
        double sum = 0, most = 0;
        size_t rank = 0;
        for (size_t a = 0; a < classes; a++) {
            double p = exp((double)row[a]);
            sum += p;
            most = fmax(most, p);
            rank += row[a] > row[s->action];
        }
        assert_true(fabs(sum - 1) < 1e-5);
        top1 += rank < 1;
        top5 += rank < 5;
        expected += most;
    }
    print_message("ceiling: top-1 %.1f (it expects %.1f), top-5 %.1f\n", 100 * top1 / (double)n,
                  100 * expected / (double)n, 100 * top5 / (double)n);
    assert_true(fabs(top1 - expected) / (double)n < 0.03);
    assert_true(top1 > 0.45 * (double)n && top1 < 0.60 * (double)n && top5 > 0.85 * (double)n);
    free(bytes);
    free(index);
    close_kitchen(&k);
}

static void hash_world(const char *world, char out[HASH_TEXT])
{
    static const char *const FILES[] = {"training.csv",
                                        "validation.csv",
                                        "actions.csv",
                                        "texts.txt",
                                        "ceiling.f32",
                                        "ceiling.tsv",
                                        "many_shot_verbs.csv",
                                        "many_shot_nouns.csv",
                                        "tracks/index.tsv",
                                        "tracks/kitchen_000000.f32",
                                        "tracks/kitchen_000099.f32"};
    char hashes[sizeof FILES / sizeof FILES[0]][HASH_TEXT];
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        assert_ok(hash_file(in_scratch(world, FILES[i]), hashes[i]));
    hash_bytes(hashes, sizeof hashes, out);
}

static void test_same_seed_same_bytes(void **state)
{
    (void)state;
    char first[HASH_TEXT], again[HASH_TEXT], other[HASH_TEXT];
    kitchen_options options = SMALL;
    assert_ok(kitchen_generate(&options, in_scratch("again", "")));
    assert_ok(kitchen_generate(&options, in_scratch("again", ""))); /* over what is there */
    options.seed = 8;
    assert_ok(kitchen_generate(&options, in_scratch("other", "")));
    hash_world("world", first);
    hash_world("again", again);
    hash_world("other", other);
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
}

static void test_noise_changes_tracks_only(void **state)
{
    (void)state;
    char loud[HASH_TEXT], still[HASH_TEXT];
    kitchen_options options = SMALL;
    options.noise = 0;
    assert_ok(kitchen_generate(&options, in_scratch("still", "")));
    assert_ok(hash_file(in_scratch("world", "training.csv"), loud));
    assert_ok(hash_file(in_scratch("still", "training.csv"), still));
    assert_string_equal(loud, still);
    assert_ok(hash_file(in_scratch("world", "tracks/kitchen_000003.f32"), loud));
    assert_ok(hash_file(in_scratch("still", "tracks/kitchen_000003.f32"), still));
    assert_string_not_equal(loud, still);
}

/* What is filmed is the same world: only the tracks are left to others. */
static void test_filmed_worlds_have_no_tracks(void **state)
{
    (void)state;
    static const char *const FILES[] = {"training.csv", "validation.csv", "texts.txt", "ceiling.f32", "actions.csv"};
    char tracked[HASH_TEXT], filmed[HASH_TEXT], name[KITCHEN_NAME];
    kitchen_options options = SMALL;
    options.filmed = true;
    assert_ok(kitchen_generate(&options, in_scratch("filmed", "")));
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        assert_ok(hash_file(in_scratch("world", FILES[i]), tracked));
        assert_ok(hash_file(in_scratch("filmed", FILES[i]), filmed));
        assert_string_equal(tracked, filmed);
    }
    assert_false(directory_exists(in_scratch("filmed", "tracks")));
    kitchen_video_name(12, name);
    assert_string_equal(name, "kitchen_000012");
}

static void test_what_cannot_be_made(void **state)
{
    (void)state;
    kitchen_options options = SMALL;
    options.noise = -1;
    assert_failed(kitchen_generate(&options, in_scratch("bad", "")), ERR_CONFIG, "generate.noise");
    options = SMALL;
    options.width = 0;
    assert_failed(kitchen_generate(&options, in_scratch("bad", "")), ERR_CONFIG, "width 0");
    scratch_file("plain", "");
    assert_failed(kitchen_generate(&SMALL, in_scratch("plain", "below")), ERR_CREATE, "plain");
}

/* ---- the grammar ------------------------------------------------------------------------------------------------- */

enum { DRAWS = 20000, ACTIONS_MOST = 512 };

/* The forward recursion against counting: among recipes that begin like `prefix` (length), how often each action is
 * next. */
static void check_by_counting(const grammar *g, const int64_t *prefix, size_t length)
{
    double counts[ACTIONS_MOST] = {0}, probabilities[ACTIONS_MOST], n = 0;
    belief *b = NULL;
    assert_ok(belief_new(g, &b));
    for (size_t i = 0; i < length; i++) assert_ok(belief_observe(b, prefix[i]));
    belief_predict(b, probabilities);
    for (uint64_t i = 0; i < DRAWS; i++) {
        int64_t actions[64];
        rng r = rng_stream(5, 0, i);
        size_t count = grammar_draw(g, &r, actions, 64);
        if (count <= length || memcmp(actions, prefix, length * sizeof *prefix) != 0) continue;
        counts[actions[length]]++;
        n++;
    }
    assert_true(n > 300);
    for (size_t a = 0; a < grammar_classes(g)->action_count; a++) {
        double p = probabilities[a], deviation = sqrt(p * (1 - p) / n);
        assert_true(fabs(counts[a] / n - p) < 5 * deviation + 1 / n);
    }
    belief_free(&b);
}

static void test_predictions_agree_with_counting(void **state)
{
    (void)state;
    grammar *g = NULL;
    assert_ok(grammar_new(&g));
    const class_list *c = grammar_classes(g);
    const int64_t prefix[] = {class_find(c, "open_fridge"), class_find(c, "take_egg"), class_find(c, "close_fridge")};
    check_by_counting(g, prefix, 0);
    check_by_counting(g, prefix, 1);
    check_by_counting(g, prefix, 2);
    const int64_t onion[] = {class_find(c, "take_onion"), class_find(c, "peel_onion")};
    check_by_counting(g, onion, 2);
    grammar_free(&g);
}

static void test_what_was_taken_first_matters_later(void **state)
{
    (void)state;
    grammar *g = NULL;
    belief *b = NULL;
    double p[ACTIONS_MOST];
    assert_ok(grammar_new(&g));
    assert_ok(belief_new(g, &b));
    const class_list *c = grammar_classes(g);
    const char *middle[] = {"take_tray",  "season_",    "put_potato", "pour_oil",  "open_oven",
                            "put_tray",   "close_oven", "check_oven", "open_oven", "take_tray",
                            "close_oven", "take_plate", "take_knife"};
    const char *dishes[] = {"chicken", "fish"};
    for (size_t d = 0; d < 2; d++) {
        char name[64];
        belief_start(b);
        for (size_t i = 0; i < sizeof middle / sizeof middle[0]; i++) {
            snprintf(name, sizeof name, "%s%s", middle[i], i == 1 ? dishes[d] : "");
            assert_ok(belief_observe(b, class_find(c, name)));
        }
        belief_predict(b, p);
        double right = p[class_find(c, d ? "cut_fish" : "cut_chicken")];
        double wrong = p[class_find(c, d ? "cut_chicken" : "cut_fish")];
        assert_true(right > 0.3 && wrong == 0);
    }
    assert_failed(belief_observe(b, class_find(c, "turn-on_tap")), ERR_INTERNAL, "cannot come by");
    belief_free(&b);
    grammar_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_fit_together),
        cmocka_unit_test(test_many_shot_classes),
        cmocka_unit_test(test_texts_are_made_of_the_classes),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_noise_changes_tracks_only),
        cmocka_unit_test(test_filmed_worlds_have_no_tracks),
        cmocka_unit_test(test_what_cannot_be_made),
        cmocka_unit_test(test_predictions_agree_with_counting),
        cmocka_unit_test(test_what_was_taken_first_matters_later),
    };
    return cmocka_run_group_tests(tests, make_world, scratch_close);
}
