/* metrics.json and report.html of a run made by hand: a store with labels and sets, steps with curves and stats. */
#include "tests/unit/launcher/made_run.h"

static made_run run;

static int make_run(void **state)
{
    char *overrides[] = {"name=a <b> & \"c\"", "stages=[generate, teacher, predict, student, evaluate]",
                         "student.seeds=[0, 1]", "student.variants.plain={distill.loss: none, seeds: []}",
                         "launch.ranks=2"};
    (void)state;
    run = run_make(overrides, 5);
    run_put_labels(&run, "u", 12, 12, true, false);
    run_put_set(&run, "u", (made_set){"teacher", "teacher", 0, 6, 12, 0});
    run_put_set(&run, "u", (made_set){"majority", "baseline", 0, 2, 12, 0});
    run_put_set(&run, "u", (made_set){"student", "student", 0, 9, 12, 0});
    run_put_set(&run, "u", (made_set){"student", "student", 1, 8, 12, 0});
    run_put_set(&run, "u", (made_set){"plain", "student", 0, 5, 12, 0});
    run_put_step(&run, "teacher", 90, 310);
    run_put_step(&run, "student.0", 60, 280);
    run_put_step(&run, "student.1", 60, 290.5);
    return 0;
}

static int remove_run(void **state)
{
    (void)state;
    run_remove(&run);
    return 0;
}

static void evaluate(void)
{
    assert_ok(evaluate_run(run.path, run.recipe, &run.plan));
}

static double number_at(json_t *from, const char *a, const char *b, const char *c)
{
    json_t *value = json_object_get(json_object_get(json_object_get(from, a), b), c);
    if (!json_is_number(value)) fail_msg("%s.%s.%s is no number", a, b, c);
    return json_number_value(value);
}

static void metrics_hold_scores_and_what_was_measured(void **state)
{
    (void)state;
    evaluate();
    char *text = run_read_text(&run, "metrics.json");
    json_t *all = json_loads(text, 0, NULL);
    assert_non_null(all);
    assert_true(number_at(all, "teacher", "action", "top1") == 50);
    assert_true(number_at(all, "student", "action", "top1") > 70.8 &&
                number_at(all, "student", "action", "top1") < 70.9);
    assert_true(number_at(all, "student", "action", "top1_sd") > 0);
    assert_true(number_at(all, "throughput", "student.1", "samples_per_s") == 812.5);
    assert_true(json_number_value(json_object_get(all, "time_to_first_step_s")) == 0.75);
    assert_true(json_number_value(json_object_get(all, "rss_peak_mb")) == 310);
    assert_int_equal(json_integer_value(json_object_get(all, "world_size")), 2);
    assert_int_equal(strlen(json_string_value(json_object_get(all, "recipe_hash"))), 32);
    assert_string_equal(json_string_value(json_object_get(all, "run")), "a <b> & \"c\"");
    json_decref(all);
    free(text);
}

static void report_shows_everything_and_escapes_it(void **state)
{
    (void)state;
    evaluate();
    char *text = run_read_text(&run, "report.html");
    const char *parts[] = {"<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>",
                           "70.83<div class=sub>&plusmn; 5.89",
                           "student with distill.loss: none",
                           "segments marked &ldquo;seen&rdquo;",
                           "<td>812</td>",
                           "One video alone cannot tell",
                           "store.sqlite:plain --json</code>",
                           "--compare student plain</code>",
                           "the most frequent action",
                           "variants:",
                           "0123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) assert_has(text, parts[i]);
    assert_page(text);
    assert_has_not(text, "a <b>");
    assert_int_equal(count_of(text, "src=\"data:image/svg+xml;base64,"), 7);
    assert_int_equal(count_of(text, "src="), 7);
    assert_int_equal(count_of(text, "alt=\"Reliability diagram\""), 3);
    assert_int_equal(count_of(text, "alt=\"Loss and development metric by step\""), 2); /* both seeds in one */
    free(text);
}

static void every_picture_is_a_png_too(void **state)
{
    static const char *const PICTURES[] = {
        "scores",           "differences",     "reliability-teacher", "reliability-plain", "reliability-student",
        "training-teacher", "training-student"};
    (void)state;
    evaluate();
    for (size_t i = 0; i < sizeof PICTURES / sizeof PICTURES[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "report/%s.png", PICTURES[i]);
        char *bytes = run_read_text(&run, name);
        assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
        free(bytes);
    }
}

static void damaged_curves_and_stats_are_named(void **state)
{
    (void)state;
    run_write_text(&run, "steps/student.1/curve.jsonl", "{\"step\": 0, \"loss\": 1}\nnoise\n");
    assert_int_equal(evaluate_run(run.path, run.recipe, &run.plan), ERR_INPUT);
    assert_has(fail_message(), "steps/student.1/curve.jsonl:2");
    fail_clear();
    run_write_text(&run, "steps/student.1/curve.jsonl", "");
    run_write_text(&run, "steps/teacher/stats.json", "[");
    assert_int_equal(evaluate_run(run.path, run.recipe, &run.plan), ERR_INPUT);
    assert_has(fail_message(), "steps/teacher/stats.json");
    fail_clear();
    run_write_text(&run, "steps/teacher/stats.json", "{}");
    evaluate();
}

static void a_run_without_a_store_is_refused(void **state)
{
    (void)state;
    assert_int_equal(evaluate_run("/nowhere", run.recipe, &run.plan), ERR_MISSING);
    fail_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_hold_scores_and_what_was_measured),
        cmocka_unit_test(report_shows_everything_and_escapes_it),
        cmocka_unit_test(every_picture_is_a_png_too),
        cmocka_unit_test(a_run_without_a_store_is_refused),
        cmocka_unit_test(damaged_curves_and_stats_are_named),
    };
    return cmocka_run_group_tests(tests, make_run, remove_run);
}
