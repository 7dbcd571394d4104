/* The option table itself: every row makes sense, and help shows it. */
#include "conf/options.h"
#include "conf/recipe.h"
#include "conf/run.h"
#include "conf/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void rows_are_complete_and_unique(void **state)
{
    (void)state;
    size_t count;
    const option *all = options_all(&count);
    for (size_t i = 0; i < count; i++) {
        const option *o = &all[i];
        bool choices = o->type == OPTION_CHOICE || o->type == OPTION_CHOICES;
        assert_true(o->key && o->standard && o->help && o->help[0]);
        if (choices != (o->choices != NULL)) fail_msg("%s: choices", o->key);
        if (o->least > o->most) fail_msg("%s: bounds", o->key);
        if (o->inherits && !option_find(o->inherits)) fail_msg("%s inherits what is not there", o->key);
        if (option_find(o->key) != o) fail_msg("%s is there twice", o->key);
        assert_non_null(strspn(o->key, "abcdefghijklmnopqrstuvwxyz0123456789_.") == strlen(o->key) ? o : NULL);
    }
}

/* recipe_write opens each section once: its keys must stand together. */
static void keys_of_a_section_stand_together(void **state)
{
    (void)state;
    size_t count;
    const option *all = options_all(&count);
    for (size_t i = 1; i < count; i++)
        for (const char *dot = all[i].key; (dot = strchr(dot, '.')); dot++) {
            size_t length = (size_t)(dot - all[i].key) + 1;
            if (!strncmp(all[i - 1].key, all[i].key, length)) continue;
            for (size_t j = 0; j < i; j++)
                if (!strncmp(all[j].key, all[i].key, length))
                    fail_msg("%s stands apart from %s", all[i].key, all[j].key);
        }
}

static char *help_of(const char *prefix, bool expected)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_non_null(to);
    assert_int_equal(recipe_help(to, prefix), expected);
    fclose(to);
    return text;
}

static void help_shows_every_key(void **state)
{
    (void)state;
    size_t count;
    const option *all = options_all(&count);
    char *text = help_of(NULL, true), *training = help_of("teacher.train.", true);
    for (size_t i = 0; i < count; i++)
        if (!all[i].inherits && !strstr(text, all[i].key)) fail_msg("%s is not in the help", all[i].key);
    assert_non_null(strstr(text, "teacher.train.*"));
    assert_null(strstr(text, "teacher.train.epochs"));
    assert_non_null(strstr(training, "teacher.train.epochs"));
    assert_null(strstr(training, "student"));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) assert_true(strcspn(line, "\n") <= 120);
    free(text);
    free(training);
    text = help_of("techer.train", false);
    assert_string_equal(text, "");
    free(text);
    char near[256];
    suggest_key("techer.train", near, sizeof near);
    assert_string_equal(near, ": did you mean teacher.train?");
}

static void distances_are_those_of_typing(void **state)
{
    (void)state;
    assert_int_equal(edit_distance("", ""), 0);
    assert_int_equal(edit_distance("", "abc"), 3);
    assert_int_equal(edit_distance("kitten", "sitting"), 3);
    assert_int_equal(edit_distance("layers", "lyaers"), 1); /* neighbours swapped */
    const char *const words[] = {"run", "report", "metrics"};
    assert_string_equal(suggest_word("reprot", words, 3), "report");
    assert_null(suggest_word("xyzzy", words, 3));
}

static void steps_have_their_names(void **state)
{
    (void)state;
    char name[64], small[8];
    const run_step steps[] = {{"teacher", NULL, 3, false},      {"predict", NULL, 0, false},
                              {"predict", "no_text", 0, false}, {"student", "plain", 12, true},
                              {"student", NULL, 12, false},     {"pretrain", "no_text", 4, true}};
    const char *names[] = {"teacher",  "predict.teacher", "predict.no_text",
                           "plain.12", "student",         "pretrain.no_text.4"};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(run_step_name(&steps[i], name, sizeof name), OK);
        assert_string_equal(name, names[i]);
    }
    assert_int_equal(run_step_name(&steps[1], small, sizeof small), ERR_INTERNAL);
    assert_string_equal(run_set_name(&steps[1]), "teacher");
    assert_string_equal(run_set_name(&steps[2]), "no_text");
    char *path = run_log("runs/a", "plain.12", 3);
    assert_string_equal(path, "runs/a/logs/plain.12.rank3.log");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_complete_and_unique), cmocka_unit_test(keys_of_a_section_stand_together),
        cmocka_unit_test(help_shows_every_key),         cmocka_unit_test(distances_are_those_of_typing),
        cmocka_unit_test(steps_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
