/* What a model's file says about itself: read as it was written, and never trusted. */
#include "base/rng.h"
#include "small_world.h"
#include "student/known.h"

#include <sys/resource.h>

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

/* GOOD_SETTINGS, with those lines in place of its own for the same keys. */
static void change_settings(const char *lines, char *out, size_t size)
{
    char *copy = strdup(GOOD_SETTINGS), *rest = NULL;
    size_t used = (size_t)snprintf(out, size, "%s", lines);
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char key[64];
        snprintf(key, sizeof key, "%.*s=", (int)strcspn(line, "="), line);
        if (!strstr(lines, key)) used += (size_t)snprintf(out + used, size - used, "%s\n", line);
    }
    free(copy);
}

/* A small file whose card asks for a model that no machine holds, or that costs minutes: told by its tensors' shapes,
 * before anything is made. */
static void a_card_asks_for_no_more_than_its_file_holds(void **state)
{
    (void)state;
    enum { GROWTH_MOST_KB = 64 << 10 };
    static const struct {
        const char *settings, *part;
    } ABSURD[] = {
        {"student.network.channels=1024\nstudent.network.depth=64\n", "cnn.conv1.weight is to be (1024, 3, 7, 7)"},
        {"student.network.hidden=16384\nstudent.network.layers=96\n", "lstm.weight_ih_l0 is to be (65536, 8)"},
        {"student.network.layers=96\n", "lstm.weight_ih_l1 (16, 8) is not there"},
        {"student.network.depth=64\n", "cnn.layer1.1.conv1.weight"},
        {"student.network.feature=16384\n", "projection.weight is to be (16384, 16)"},
        {"student.model=timesformer\nstudent.network.patch=1\nstudent.network.width=16384\nstudent.network.heads=1\n",
         "cls_token (1, 1, 16384) is not there"},
        {"student.model=avt\nstudent.network.width=16384\nstudent.network.backbone_width=16384\n"
         "student.network.backbone_layers=96\n",
         "is not there"},
        {"student.model=timesformer\nstudent.network.heads=7\n", "heads"},
        {"student.frames=4096\nstudent.transform.size=4096\nstudent.transform.short_side=[4096]\n",
         "student.frames 4096"},
        {"student.transform.size=4096\nstudent.transform.short_side=[32]\n", "shorter side of a picture"},
    };
    struct rusage before, after;
    refuse("student of clips", "student.model=none\n", GOOD_CLASSES, "0", "student.model");
    getrusage(RUSAGE_SELF, &before);
    for (size_t i = 0; i < sizeof ABSURD / sizeof *ABSURD; i++) {
        char settings[1024];
        change_settings(ABSURD[i].settings, settings, sizeof settings);
        refuse("student of clips", settings, GOOD_CLASSES, "0", ABSURD[i].part);
    }
    refuse("student of clips", GOOD_SETTINGS, GOOD_CLASSES, "1048576", "projector.weight (1048576, 8) is not there");
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < GROWTH_MOST_KB);
    assert_int_equal(t_live_count(), 0);
}

/* Any bytes in place of some of the text: an answer, never a crash. Those that the header cannot hold stay out. */
static void damaged_cards_are_answered(void **state)
{
    (void)state;
    enum { TRIES = 100 };
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
        known *k = NULL;
        status st = known_open(write_file("student of clips", settings, classes, "0"), &k);
        if (st == OK) opened++;
        else assert_int_equal(st, ERR_INPUT);
        fail_clear();
        known_close(&k);
    }
    assert_true(opened > 0 && opened < TRIES);
    assert_int_equal(t_live_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_read_as_it_was_written),
        cmocka_unit_test(what_is_no_card_is_refused),
        cmocka_unit_test(a_card_asks_for_no_more_than_its_file_holds),
        cmocka_unit_test(damaged_cards_are_answered),
    };
    return cmocka_run_group_tests(tests, start, scratch_close);
}
