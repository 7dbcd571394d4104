/* What a model's file says about itself: read as it was written, and never trusted. */
#include "base/rng.h"
#include "small_world.h"
#include "student/known.h"

static const char GOOD_CLASSES[] = "[\"hello\",\"thank you\"]";
static const char GOOD_SETTINGS[] = "student.model=sign2text\n"
                                    "student.task=recognise\n"
                                    "student.input=clips\n"
                                    "student.frames=4\n"
                                    "student.network.channels=2\n"
                                    "student.network.depth=1\n"
                                    "student.network.feature=8\n"
                                    "student.network.hidden=4\n"
                                    "student.network.layers=1\n"
                                    "student.transform.size=32\n"
                                    "student.transform.short_side=[32]\n";

static int start(void **state)
{
    return t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}) == OK ? scratch_open(state) : -1;
}

static recipe *settings_of(const char *text)
{
    char *words[32], *copy = strdup(text), *rest = NULL;
    static char stages[] = "stages=[evaluate]";
    size_t count = 0;
    recipe *r = NULL;
    words[count++] = stages;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) words[count++] = line;
    assert_ok(recipe_read(NULL, words, count, &r));
    free(copy);
    return r;
}

/* A file of a fresh model with this in its header; NULL: none of it. */
static const char *write_file(const char *kind, const char *settings, const char *classes, const char *projected)
{
    const char *pairs[9] = {0};
    const char *const all[][2] = {
        {"kind", kind}, {"settings", settings}, {"classes", classes}, {"projected", projected}};
    size_t count = 0;
    student_model m = {0};
    recipe *r = settings_of(GOOD_SETTINGS);
    const char *path = scratch_path("model.safetensors");
    for (size_t i = 0; i < 4; i++) {
        if (!all[i][1]) continue;
        pairs[count++] = all[i][0];
        pairs[count++] = all[i][1];
    }
    assert_ok(student_model_of_clips(r, 2, &m));
    assert_ok(module_save(student_model_module(&m), path, pairs));
    student_model_free(&m);
    recipe_free(&r);
    return path;
}

static void a_card_is_read_as_it_was_written(void **state)
{
    (void)state;
    known *k = NULL;
    model_card card;
    char *names[] = {"hello", "thank you"};
    action_class actions[2] = {{.name = names[0]}, {.name = names[1]}};
    const class_list classes = {.actions = actions, .action_count = 2};
    recipe *r = settings_of(GOOD_SETTINGS);
    assert_ok(model_card_make(r, &classes, 0, &card));
    const char *path = write_file(card.pairs[1], card.settings, card.classes, card.projected);
    assert_ok(known_open(path, &k));
    assert_int_equal(known_card(k)->class_count, 2);
    assert_string_equal(known_card(k)->classes[1], "thank you");
    assert_int_equal(known_frames(k), 4);
    assert_int_equal(known_side(k), 32);
    assert_true(known_has_attention(k));
    known_close(&k);
    model_card_free(&card);
    recipe_free(&r);
    assert_int_equal(t_live_count(), 0);
}

static void refuse(const char *kind, const char *settings, const char *classes, const char *projected, const char *part)
{
    known *k = NULL;
    assert_failed(known_open(write_file(kind, settings, classes, projected), &k), ERR_INPUT, part);
    assert_null(k);
}

static void what_is_no_card_is_refused(void **state)
{
    (void)state;
    const char kind[] = "student of clips";
    refuse(NULL, GOOD_SETTINGS, GOOD_CLASSES, "0", "does not say how it is used");
    refuse("teacher", GOOD_SETTINGS, GOOD_CLASSES, "0", "does not say how it is used");
    refuse(kind, NULL, GOOD_CLASSES, "0", "does not say how it is used");
    refuse(kind, GOOD_SETTINGS, NULL, "0", "does not say how it is used");
    refuse(kind, "student.model=none\n", GOOD_CLASSES, "0", "student.model");
    refuse(kind, "student.frames=-4\n", GOOD_CLASSES, "0", "student.frames");
    refuse(kind, "student.frames\n", GOOD_CLASSES, "0", "none of a model");
    refuse(kind, "data.train=/etc/passwd\n", GOOD_CLASSES, "0", "none of a model");
    refuse(kind, "student.init=/etc/passwd\n", GOOD_CLASSES, "0", "none of a model");
    refuse(kind, "stages=[generate]\n", GOOD_CLASSES, "0", "none of a model");
    refuse(kind, GOOD_SETTINGS, "{}", "0", "no list of names");
    refuse(kind, GOOD_SETTINGS, "[", "0", "no list of names");
    refuse(kind, GOOD_SETTINGS, "[]", "0", "no list of names");
    refuse(kind, GOOD_SETTINGS, "[\"a\",7]", "0", "class 1 has no name");
    refuse(kind, GOOD_SETTINGS, "[\"a\\u001b[2J\",\"b\"]", "0", "class 0 has no name");
    refuse(kind, GOOD_SETTINGS, "[\"a\",\"b\",\"c\"]", "0", "fc.3");
    refuse(kind, GOOD_SETTINGS, GOOD_CLASSES, "-1", "a projector of width");
    refuse(kind, GOOD_SETTINGS, GOOD_CLASSES, "9999999999999999999", "a projector of width");
    refuse(kind, GOOD_SETTINGS, GOOD_CLASSES, "5", "projector");
    assert_int_equal(t_live_count(), 0);
}

/* Any bytes in place of some of the text: an answer, never a crash. Those that the header cannot hold stay out. */
static void damaged_cards_are_answered(void **state)
{
    (void)state;
    enum { TRIES = 400 };
    size_t opened = 0;
    for (uint64_t i = 0; i < TRIES; i++) {
        rng r = rng_stream(17, 1, i);
        char settings[sizeof GOOD_SETTINGS], classes[sizeof GOOD_CLASSES];
        memcpy(settings, GOOD_SETTINGS, sizeof settings);
        memcpy(classes, GOOD_CLASSES, sizeof classes);
        for (uint64_t n = 1 + rng_below(&r, 4); n; n--) {
            char *text = rng_below(&r, 3) ? settings : classes;
            size_t length = text == settings ? sizeof settings - 1 : sizeof classes - 1;
            text[rng_below(&r, length)] = (char)(1 + rng_below(&r, 127));
        }
        known_model m = {0};
        status st = known_model_read(write_file("student of clips", settings, classes, "0"), &m);
        if (st == OK) opened++;
        else assert_int_equal(st, ERR_INPUT);
        fail_clear();
        known_model_free(&m);
    }
    assert_true(opened > 0 && opened < TRIES);
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_card_is_refused),
        cmocka_unit_test(damaged_cards_are_answered),
    };
    return cmocka_run_group_tests(tests, start, scratch_close);
}
