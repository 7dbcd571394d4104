/* What a run will read is looked for before it begins: by key, all at once, and only where a step that is left to do
 * reads it. */
#include "../data/scratch.h"
#include "launcher/inputs.h"

static void look(char *const *overrides, size_t count, const char *only, size_t done_steps, const char *expected)
{
    recipe *r = NULL;
    plan p;
    bool done[16] = {false};
    assert_ok(recipe_read(NULL, overrides, count, &r));
    assert_ok(plan_make(r, &p));
    for (size_t i = 0; i < done_steps; i++) done[i] = true;
    status st = inputs_check(r, &p, done, only, "runs/a");
    if (expected) assert_failed(st, ERR_MISSING, expected);
    else assert_ok(st);
    plan_free(&p);
    recipe_free(&r);
}

#define LOOK(only, done, expected, ...)                                                                                \
    do {                                                                                                               \
        char *overrides[] = {__VA_ARGS__};                                                                             \
        look(overrides, sizeof overrides / sizeof overrides[0], only, done, expected);                                 \
    } while (0)

static char here[512]; /* "data.train=" and a file that is there */

static char *there(const char *key)
{
    snprintf(here, sizeof here, "%s=%s", key, scratch_path("x"));
    FILE *f = fopen(scratch_path("x"), "w");
    assert_non_null(f);
    fclose(f);
    return here;
}

static void what_is_missing_is_told_by_its_key(void **state)
{
    (void)state;
    LOOK(NULL, 0,
         "1 of the recipe's inputs is missing; set the key in the recipe or as KEY=PATH:\n"
         "data.actions: /nowhere/a.csv: No such file or directory",
         "stages=[teacher]", there("data.train"), "data.actions=/nowhere/a.csv");
    LOOK(NULL, 0, "\ndata.train: /nowhere/t.csv: No such file or directory\ndata.tracks: /nowhere/tracks: No such file",
         "stages=[student]", "data.train=/nowhere/t.csv", "data.tracks=/nowhere/tracks", "student.distill.loss=none");
    LOOK(NULL, 0, "student.distill.from: /nowhere/s.sqlite: ", "stages=[student]", there("data.train"), "data.tracks=.",
         "student.distill.from=/nowhere/s.sqlite:teacher");
    LOOK(NULL, 0, "data.videos: /nowhere", "stages=[student]", there("data.train"), "data.videos=/nowhere",
         "student.input=clips", "student.distill.loss=none");
    LOOK(NULL, 0, "teacher.pretrain.corpus: /nowhere/b.txt", "stages=[teacher]", there("data.train"),
         "teacher.pretrain.corpus=[., /nowhere/b.txt]");
    LOOK(NULL, 0, "teacher.init: /nowhere/i", "stages=[teacher]", there("data.train"),
         "teacher.variants.other.init=/nowhere/i");
}

/* A student's input is looked for before its teacher is trained. */
static void later_steps_count(void **state)
{
    (void)state;
    LOOK(NULL, 0, "1 of the recipe's inputs is missing", "stages=[teacher, predict, student]", there("data.train"),
         "data.tracks=/nowhere/tracks", "student.variants.other.layers=1");
}

static void what_no_step_reads_may_be_missing(void **state)
{
    (void)state;
    LOOK(NULL, 0, NULL, "stages=[teacher]", there("data.train"), "data.tracks=/nowhere", "data.videos=/nowhere",
         "student.init=/nowhere", "teacher.vocabulary_file=/nowhere", "video.cache=/nowhere");
    LOOK(NULL, 0, NULL, "stages=[student]", there("data.train"), "data.videos=/nowhere", "data.tracks=.",
         "student.distill.loss=none", "student.distill.from=/nowhere:teacher", "teacher.init=/nowhere");
    LOOK(NULL, 0, NULL, "stages=[evaluate]", "data.train=/nowhere");
    LOOK(NULL, 0, NULL, "stages=[generate, teacher]", "data.train=runs/a/data/training.csv"); /* is made first */
    LOOK(NULL, 0, "runs/ab/data", "stages=[generate, teacher]", "data.train=runs/ab/data/training.csv");
}

static void steps_that_are_done_or_not_asked_for_are_left_out(void **state)
{
    (void)state;
    LOOK("predict", 0, NULL, "stages=[teacher, predict]", there("data.train"), "teacher.init=/nowhere");
    LOOK("teacher", 0, "teacher.init", "stages=[teacher, predict]", there("data.train"), "teacher.init=/nowhere");
    LOOK(NULL, 1, NULL, "stages=[teacher, predict]", there("data.train"), "teacher.init=/nowhere");
    LOOK(NULL, 2, NULL, "stages=[teacher, predict]", "data.train=/nowhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_told_by_its_key),
        cmocka_unit_test(later_steps_count),
        cmocka_unit_test(what_no_step_reads_may_be_missing),
        cmocka_unit_test(steps_that_are_done_or_not_asked_for_are_left_out),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
