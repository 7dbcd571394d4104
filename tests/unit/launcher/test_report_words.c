/* What a report says in words of runs of every shape, and that it bears numbers that are missing. */
#include "distill/analysis.h"
#include "distill/metrics.h"
#include "launcher/report.h"
#include "tests/unit/launcher/made_run.h"

#include <math.h>

enum { VIDEOS = 20, EACH = 6 };

static char STAGES[] = "stages=[generate, teacher, predict, student, evaluate]";

/* A run of 20 videos with labels alone. */
static made_run plain_run(char *const *overrides, size_t count)
{
    made_run run = run_make(overrides, count);
    run_put_labels(&run, "u", VIDEOS * EACH, EACH, false, false);
    return run;
}

/* ---- the sentence ------------------------------------------------------------------------------------------------ */

/* A teacher and two students of so many right in ten; the report of that. */
static char *taught_report(int right, int plain, int shift, int64_t seeds)
{
    char *overrides[] = {STAGES, "student.variants.student_plain={distill.loss: none}"};
    made_run run = plain_run(overrides, 2);
    run_put_set(&run, "u", (made_set){"teacher", "teacher", 0, 8, 10, 0});
    for (int64_t seed = 0; seed < seeds; seed++) {
        run_put_set(&run, "u", (made_set){"student", "student", seed, right, 10, 0});
        run_put_set(&run, "u", (made_set){"student_plain", "student", seed, plain, 10, shift});
    }
    char *text = run_report(&run);
    assert_page(text);
    run_remove(&run);
    return text;
}

static void a_gain_is_called_one(void **state)
{
    (void)state;
    char *text = taught_report(7, 4, 0, 2);
    assert_has(text, "<b>30.0&nbsp;points more</b> than the one that learned from labels alone (95&nbsp;% interval +");
    assert_has(text, "p &lt; 0.001). Distillation has helped here. The teacher");
    assert_has(text, "<td><b>+30.0</b></td>");
    free(text);
}

static void a_loss_is_called_one(void **state)
{
    (void)state;
    char *text = taught_report(4, 7, 0, 2);
    assert_has(text, "<b>30.0&nbsp;points fewer</b>");
    assert_has(text, "Distillation has hurt here. ");
    assert_has_not(text, "helped here");
    free(text);
}

static void what_may_be_chance_is_called_so(void **state)
{
    (void)state;
    char *text = taught_report(5, 5, 5, 2); /* right about others, as many */
    assert_has(text, "That may be chance: this does not show that distillation helps or hurts.");
    assert_has_not(text, "helped here");
    assert_has_not(text, "hurt here");
    assert_has_not(text, "<td><b>");
    free(text);
    text = taught_report(5, 5, 0, 2); /* the same */
    assert_has(text,
               "<b>as many</b> as the one that learned from labels alone (95&nbsp;% interval 0.0 to 0.0, p = 1.00)");
    assert_has(text, "That may be chance");
    free(text);
}

static void the_first_five_may_tell_more(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "student.variants.student_plain={distill.loss: none}"};
    made_run run = plain_run(overrides, 2);
    run_put_set(&run, "u", (made_set){"teacher", "teacher", 0, 8, 10, 0});
    for (int64_t seed = 0; seed < 2; seed++) {
        run_put_set(&run, "u", (made_set){"student", "student", seed, 5, 10, 0});
        run_put_ranked(&run, "u", (made_set){"student_plain", "student", seed, 5, 10, 0}, true);
    }
    char *text = run_report(&run);
    assert_has(text, "That may be chance: this does not show that distillation helps or hurts. Among its first five "
                     "guesses the right one is <b>50.0&nbsp;points more often</b> (95&nbsp;% interval +");
    assert_has(text, "p &lt; 0.001): there distillation has helped. The teacher");
    free(text);
    run_remove(&run);
}

static void one_seed_is_said_to_be_one(void **state)
{
    (void)state;
    char *text = taught_report(7, 4, 0, 1);
    assert_has(text, "Distillation has helped here, as far as one seed can tell.");
    assert_has(text, "A student has a single seed");
    free(text);
    text = taught_report(7, 4, 0, 2);
    assert_has_not(text, "single seed");
    free(text);
}

static void a_student_alone_tells_nothing_of_the_teacher(void **state)
{
    (void)state;
    char *overrides[] = {STAGES};
    made_run run = plain_run(overrides, 1);
    run_put_set(&run, "u", (made_set){"student", "student", 0, 5, 10, 0});
    char *text = run_report(&run);
    assert_page(text);
    assert_has(text, "The student names <b>50.0&nbsp;%</b> of the next actions right (95&nbsp;% interval ");
    assert_has(text, "No student of this run learned from labels alone, so that what the teacher gave cannot be told.");
    assert_has(text, "<span class=tag>all right</span>");
    assert_has_not(text, "What distillation changed");
    free(text);
    run_remove(&run);
}

/* A student of labels alone is told by its recipe, whatever it is called; and one of predictions is none, though it is
 * called so. */
static void the_plain_student_is_told_by_the_recipe(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "student.variants.other={distill.loss: none}",
                         "student.variants.student_plain={distill.weight: 3}"};
    made_run run = plain_run(overrides, 3);
    run_put_set(&run, "u", (made_set){"student", "student", 0, 7, 10, 0});
    run_put_set(&run, "u", (made_set){"student_plain", "student", 0, 7, 10, 0});
    char *text = run_report(&run);
    assert_has(text, "No student of this run learned from labels alone");
    free(text);
    run_put_set(&run, "u", (made_set){"other", "student", 0, 4, 10, 0});
    text = run_report(&run);
    assert_has(text, "<b>30.0&nbsp;points more</b> than the one that learned from labels alone");
    free(text);
    run_remove(&run);
}

/* The store lists the plain student first, so that the analysis has the pair the other way round. */
static void a_pair_may_be_listed_the_other_way_round(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "student.variants.other={distill.loss: none}"};
    made_run run = plain_run(overrides, 2);
    run_put_set(&run, "u", (made_set){"other", "student", 0, 4, 10, 0});
    run_put_set(&run, "u", (made_set){"student", "student", 0, 7, 10, 0});
    char *text = run_report(&run);
    assert_has(text, "<td class=text>other</td><td class=text>student</td><td><b>\xE2\x88\x92"
                     "30.0</b></td>");
    assert_has(text, "<b>30.0&nbsp;points more</b> than the one that learned from labels alone (95&nbsp;% interval +");
    assert_has(text, "Distillation has helped here");
    free(text);
    run_remove(&run);
}

static void a_student_of_labels_alone_is_not_called_taught(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "student.distill.loss=none"};
    made_run run = plain_run(overrides, 2);
    run_put_set(&run, "u", (made_set){"student", "student", 0, 7, 10, 0});
    char *text = run_report(&run);
    assert_has(text, "The student, which learned from labels alone, names ");
    assert_has(text, "and learns from labels alone.");
    assert_has_not(text, "learned from the teacher");
    free(text);
    run_remove(&run);
}

/* A gain that predictions for the wrong segments give as well is no knowledge of the teacher's. */
static void the_control_of_shuffled_predictions_is_heard(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "student.variants.student_plain={distill.loss: none}",
                         "student.variants.mixed={distill.shuffle: true}"};
    for (int right = 4; right <= 7; right += 3) {
        made_run run = plain_run(overrides, 3);
        run_put_set(&run, "u", (made_set){"student", "student", 0, 7, 10, 0});
        run_put_set(&run, "u", (made_set){"student_plain", "student", 0, 4, 10, 0});
        run_put_set(&run, "u", (made_set){"mixed", "control", 0, right, 10, 0});
        char *text = run_report(&run);
        assert_has(text, "the same predictions for the wrong segments (mixed) it is ");
        bool as_good = right == 7;
        assert_int_equal(count_of(text, "the gain need not come from what the teacher knew"), as_good);
        free(text);
        run_remove(&run);
    }
}

/* Interval and test have to agree, and to be there. */
static void a_difference_is_one_when_interval_and_test_agree(void **state)
{
    static const struct {
        report_difference d;
        chart_ink ink;
    } CASES[] = {
        {{3, 1, 5, 0.01}, INK_BLUE},     {{-3, -5, -1, 0.01}, INK_ORANGE}, {{3, 1, 5, 0.06}, INK_GREY},
        {{3, -0.1, 5, 0.01}, INK_GREY},  {{3, 0, 5, 0.01}, INK_GREY},      {{-3, -5, 0, 0.01}, INK_GREY},
        {{3, NAN, NAN, 0.01}, INK_GREY}, {{3, 1, 5, NAN}, INK_GREY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(report_is_apart(&CASES[i].d, 0.95), CASES[i].ink != INK_GREY);
        assert_int_equal(report_difference_ink(&CASES[i].d, 0.95), CASES[i].ink);
        assert_false(report_is_apart(&CASES[i].d, NAN));
    }
}

static void numbers_are_written_alike(void **state)
{
    static const struct {
        double x;
        const char *text;
    } SIGNED[] = {{1.25, "+1.2"},
                  {-3, "\xE2\x88\x92"
                       "3.0"},
                  {0, "0.0"},
                  {-0.04, "0.0"},
                  {NAN, "?"},
                  {INFINITY, "?"}},
      CHANCES[] = {{0.0004, "p < 0.001"}, {0.012, "p = 0.012"}, {0.53, "p = 0.53"}, {1, "p = 1.00"}, {NAN, "p = ?"}};
    char text[24];
    (void)state;
    for (size_t i = 0; i < sizeof SIGNED / sizeof SIGNED[0]; i++) {
        report_signed(SIGNED[i].x, text);
        assert_string_equal(text, SIGNED[i].text);
    }
    for (size_t i = 0; i < sizeof CHANCES / sizeof CHANCES[0]; i++) {
        report_p_value(CHANCES[i].x, text);
        assert_string_equal(text, CHANCES[i].text);
    }
}

/* ---- runs of other shapes ---------------------------------------------------------------------------------------- */

static void a_run_without_predictions_says_so(void **state)
{
    (void)state;
    char *overrides[] = {STAGES};
    made_run run = plain_run(overrides, 1);
    char *text = run_report(&run);
    assert_page(text);
    assert_has(text, "There is no scored prediction");
    assert_has(text, "The store has no prediction sets yet.");
    static const char *const PARTS[] = {
        "At a glance",   "What distillation changed", "Calibration", "Most confused", "<h2>Segments", "<h2>Training",
        "<h2>Throughput"};
    for (size_t i = 0; i < sizeof PARTS / sizeof PARTS[0]; i++) assert_has_not(text, PARTS[i]);
    free(text);
    run_remove(&run);
}

static void baselines_alone_have_a_sentence(void **state)
{
    (void)state;
    char *overrides[] = {"stages=[generate, predict, evaluate]", "teacher.model=bigram"};
    made_run run = plain_run(overrides, 2);
    run_put_set(&run, "u", (made_set){"majority", "baseline", 0, 2, 10, 0});
    run_put_set(&run, "u", (made_set){"trigram", "baseline", 0, 4, 10, 0});
    char *text = run_report(&run);
    assert_page(text);
    assert_has(text, "The best baseline, trigram, names <b>40.0&nbsp;%</b> of the next actions right (95");
    assert_has(text, "The teacher (bigram counts) reads up to");
    assert_has_not(text, "The student (");
    assert_has_not(text, "What distillation changed");
    free(text);
    run_remove(&run);
}

static void a_set_without_records_has_dashes(void **state)
{
    (void)state;
    char *overrides[] = {STAGES};
    made_run run = plain_run(overrides, 1);
    int all = run.segments;
    run_put_set(&run, "u", (made_set){"teacher", "teacher", 0, 5, 10, 0});
    run.segments = 0;
    run_put_set(&run, "u", (made_set){"student", "student", 0, 5, 10, 0});
    run.segments = all;
    char *text = run_report(&run);
    assert_page(text);
    assert_has(text, "</div></td><td>1</td><td>0</td><td>0.0&nbsp;%</td><td>&ndash;</td>");
    assert_has_not(text, "The student names");
    free(text);
    run_remove(&run);
}

static void glosses_with_groups_are_called_so(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "student.task=recognise", "student.variants.student_plain={distill.loss: none}"};
    made_run run = run_make(overrides, 3);
    run_put_labels(&run, "u", VIDEOS * EACH, EACH, true, true);
    run_put_set(&run, "u", (made_set){"teacher", "teacher", 0, 8, 10, 0});
    run_put_set(&run, "u", (made_set){"student", "student", 0, 7, 10, 0});
    run_put_set(&run, "u", (made_set){"student_plain", "student", 0, 4, 10, 0});
    char *text = run_report(&run);
    assert_page(text);
    assert_has(text, "<b>70.0&nbsp;%</b> of the glosses right");
    assert_has(text, "<b>80.0&nbsp;%</b> of the next glosses right");
    assert_has(text, "Results on segments marked &ldquo;new&rdquo;");
    assert_has_not(text, "verb<br>");
    free(text);
    run_remove(&run);
}

static void what_is_pasted_into_a_shell_is_quoted(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    static const char *const WORDS[] = {"runs/a.b-c:x", "a b", "it's", "$(rm)", "", "<&"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (i) fputc('|', to);
        report_word(to, WORDS[i]);
    }
    fclose(to);
    assert_string_equal(text, "runs/a.b-c:x|&#39;a b&#39;|&#39;it&#39;\\&#39;&#39;s&#39;|&#39;$(rm)&#39;|&#39;&#39;|"
                              "&#39;&lt;&amp;&#39;");
    free(text);
}

/* ---- numbers that are missing ------------------------------------------------------------------------------------ */

/* Every number in `from` under `key` (NULL: under any) becomes null, or is taken away; how many there were. */
static size_t take_numbers(json_t *from, const char *key, bool away)
{
    size_t taken = 0, i;
    const char *name;
    json_t *value;
    void *next;
    if (json_is_array(from)) {
        json_array_foreach(from, i, value) taken += take_numbers(value, key, away);
        return taken;
    }
    json_object_foreach_safe(from, next, name, value)
    {
        if (!json_is_number(value) || (key && strcmp(name, key))) taken += take_numbers(value, key, away);
        else {
            taken++;
            if (away) json_object_del(from, name);
            else json_object_set_new(from, name, json_null());
        }
    }
    return taken;
}

/* The keys of all numbers in `from` as the keys of `names`. */
static void collect_keys(json_t *from, json_t *names)
{
    size_t i;
    const char *name;
    json_t *value;
    if (json_is_array(from)) {
        json_array_foreach(from, i, value) collect_keys(value, names);
        return;
    }
    json_object_foreach(from, name, value)
    {
        if (json_is_number(value)) json_object_set_new(names, name, json_true());
        else collect_keys(value, names);
    }
}

/* The report of what is left without all numbers of one key. */
static void report_without(report p, const made_run *run, const char *key, bool away)
{
    p.metrics = json_deep_copy(p.metrics);
    p.analysis = json_deep_copy(p.analysis);
    assert_true(take_numbers(p.metrics, key, away) + take_numbers(p.analysis, key, away) > 0);
    fail_clear();
    if (report_write(&p) != OK) fail_msg("without %s: %s", key ? key : "numbers", fail_message());
    char *text = run_read_text(run, "report.html");
    assert_page(text);
    free(text);
    json_decref(p.metrics);
    json_decref(p.analysis);
}

static void numbers_that_are_missing_are_borne(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "student.variants.student_plain={distill.loss: none}"};
    made_run run = plain_run(overrides, 2);
    report p = {.run = run.path, .recipe = run.recipe, .plan = &run.plan};
    json_t *names = json_object(), *value;
    const char *key;
    bool away = false;
    run_put_set(&run, "u", (made_set){"teacher", "teacher", 0, 8, 10, 0});
    run_put_set(&run, "u", (made_set){"student", "student", 0, 7, 10, 0});
    run_put_set(&run, "u", (made_set){"student", "student", 1, 6, 10, 0});
    run_put_set(&run, "u", (made_set){"student_plain", "student", 0, 4, 10, 0});
    run_put_step(&run, "teacher", 60, 310);
    assert_ok(evaluate_run(run.path, run.recipe, &run.plan));
    char *path = run_path(run.path, "store.sqlite"), *text = run_read_text(&run, "metrics.json");
    assert_ok(store_open(path, STORE_READ, &p.store));
    assert_ok(analysis_json(p.store, &ANALYSIS_DEFAULTS, &p.analysis));
    p.metrics = json_loads(text, 0, NULL);
    assert_non_null(p.metrics);
    collect_keys(p.analysis, names);
    assert_true(json_object_size(names) > 25);
    json_object_foreach(names, key, value)
    {
        report_without(p, &run, key, away);
        away = !away;
    }
    report_without(p, &run, NULL, false);
    report_without(p, &run, NULL, true);
    json_decref(p.analysis);
    p.analysis = json_object(); /* nor any of its lists */
    report_without(p, &run, "top5", true);
    free(text);
    free(path);
    json_decref(names);
    json_decref(p.metrics);
    json_decref(p.analysis);
    store_close(&p.store);
    run_remove(&run);
}

static void a_report_without_an_analysis_has_tables(void **state)
{
    (void)state;
    char *overrides[] = {STAGES};
    made_run run = plain_run(overrides, 1);
    run_put_set(&run, "u", (made_set){"student", "student", 0, 7, 10, 0});
    char *path = run_path(run.path, "store.sqlite");
    report p = {.run = run.path, .recipe = run.recipe, .plan = &run.plan};
    assert_ok(store_open(path, STORE_READ, &p.store));
    assert_ok(metrics_json(p.store, &p.metrics));
    assert_ok(report_write(&p));
    char *text = run_read_text(&run, "report.html");
    assert_page(text);
    assert_has(text, "<td>70.00</td>");
    assert_has_not(text, "analysis.json");
    free(text);
    free(path);
    json_decref(p.metrics);
    store_close(&p.store);
    run_remove(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gain_is_called_one),
        cmocka_unit_test(a_loss_is_called_one),
        cmocka_unit_test(what_may_be_chance_is_called_so),
        cmocka_unit_test(the_first_five_may_tell_more),
        cmocka_unit_test(one_seed_is_said_to_be_one),
        cmocka_unit_test(a_student_alone_tells_nothing_of_the_teacher),
        cmocka_unit_test(the_plain_student_is_told_by_the_recipe),
        cmocka_unit_test(a_pair_may_be_listed_the_other_way_round),
        cmocka_unit_test(a_student_of_labels_alone_is_not_called_taught),
        cmocka_unit_test(the_control_of_shuffled_predictions_is_heard),
        cmocka_unit_test(a_difference_is_one_when_interval_and_test_agree),
        cmocka_unit_test(numbers_are_written_alike),
        cmocka_unit_test(a_run_without_predictions_says_so),
        cmocka_unit_test(baselines_alone_have_a_sentence),
        cmocka_unit_test(a_set_without_records_has_dashes),
        cmocka_unit_test(glosses_with_groups_are_called_so),
        cmocka_unit_test(what_is_pasted_into_a_shell_is_quoted),
        cmocka_unit_test(numbers_that_are_missing_are_borne),
        cmocka_unit_test(a_report_without_an_analysis_has_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
