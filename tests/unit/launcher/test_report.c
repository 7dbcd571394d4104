/* metrics.json and report.html of a run made by hand: a store with labels and sets, steps with curves and stats. */
#include "base/file.h"
#include "conf/run.h"
#include "distill/store.h"
#include "launcher/evaluate.h"
#include "launcher/rundir.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CLASSES = 6, SEGMENTS = 12 };

static char run[64] = "/tmp/magister-report-XXXXXX";

static void write_text(const char *name, const char *text)
{
    char *path = run_path(run, name);
    assert_int_equal(file_write(path, text, strlen(text)), OK);
    free(path);
}

static char *read_text(const char *name)
{
    char *path = run_path(run, name), *text = NULL;
    size_t count;
    if (file_read(path, 1 << 24, &text, &count) != OK) fail_msg("%s", fail_message());
    free(path);
    return text;
}

static void put_labels(store *s)
{
    static action_class actions[CLASSES];
    static segment segments[SEGMENTS];
    static char names[CLASSES + SEGMENTS][16];
    const char *verbs[] = {"take", "put"}, *nouns[] = {"pan", "egg", "<salt>"}, *groups[SEGMENTS];
    for (int i = 0; i < CLASSES; i++) {
        snprintf(names[i], sizeof names[i], "a%d", i);
        actions[i] = (action_class){names[i], names[i], i / 3, i % 3};
    }
    for (int i = 0; i < SEGMENTS; i++) {
        char *uid = names[CLASSES + i];
        snprintf(uid, sizeof names[0], "u%02d", i);
        segments[i] = (segment){uid, "v", i, i + 1, i % CLASSES, (i % CLASSES) / 3, i % 3, (size_t)i};
        groups[i] = i % 2 ? "new" : "seen";
    }
    const class_list classes = {NULL, actions, verbs, nouns, CLASSES, 2, 3};
    const segment_list list = {NULL, segments, SEGMENTS};
    assert_int_equal(store_put_classes(s, &classes), OK);
    assert_int_equal(store_put_segments(s, "eval", &list, groups), OK);
}

/* A set that is right about the first `right` segments and wrong about the others. */
static void put_set(store *s, const char *name, const char *role, int64_t seed, int right)
{
    int64_t set;
    set_info info = {.seed = seed, .encoding = ENCODE_DENSE, .classes = CLASSES, .k = CLASSES};
    snprintf(info.name, sizeof info.name, "%s", name);
    snprintf(info.role, sizeof info.role, "%s", role);
    snprintf(info.model_hash, sizeof info.model_hash, "%s", "0123456789abcdef0123456789abcdef");
    assert_int_equal(store_begin_set(s, &info, &set), OK);
    for (int i = 0; i < SEGMENTS; i++) {
        char uid[16];
        float logits[CLASSES] = {0};
        snprintf(uid, sizeof uid, "u%02d", i);
        logits[(i + (i >= right)) % CLASSES] = 5;
        assert_int_equal(store_put(s, set, uid, logits, NULL), OK);
    }
    assert_int_equal(store_complete_set(s, set, SEGMENTS), OK);
}

static void make_store(void)
{
    store *s = NULL;
    char *path = run_path(run, "store.sqlite");
    assert_int_equal(store_open(path, STORE_WRITE, &s), OK);
    put_labels(s);
    put_set(s, "teacher", "teacher", 0, 6);
    put_set(s, "majority", "baseline", 0, 2);
    put_set(s, "student", "student", 0, 9);
    put_set(s, "student", "student", 1, 8);
    put_set(s, "plain", "student", 0, 5);
    assert_int_equal(store_commit(s), OK);
    store_close(&s);
    free(path);
}

static void make_step(const char *name, int steps, double rss)
{
    char file[128], text[16384] = "";
    char *directory = run_step_directory(run, name);
    assert_int_equal(directory_make(directory), OK);
    free(directory);
    for (int i = 0; i < steps; i++)
        sprintf(text + strlen(text), "{\"step\": %d, \"epoch\": 0, \"loss\": %.3f, \"lr\": 0.001%s}\n", i,
                3.0 / (1 + 0.05 * i), i % 20 == 19 ? ", \"metric\": 41.5" : "");
    strcat(text, "{\"step\": 9"); /* cut off while it was written */
    snprintf(file, sizeof file, "steps/%s/curve.jsonl", name);
    write_text(file, text);
    snprintf(text, sizeof text,
             "{\"samples_per_s\": 812.5, \"tokens_per_s\": 9000, \"step_ms_p50\": 19.5, \"step_ms_p99\": 31, "
             "\"time_to_first_step_s\": 0.75, \"rss_peak_mb\": %.1f, \"world_size\": 2}",
             rss);
    snprintf(file, sizeof file, "steps/%s/stats.json", name);
    write_text(file, text);
}

static void make_recipe(recipe **out)
{
    char *overrides[] = {"name=a <b> & \"c\"", "stages=[generate, teacher, predict, student, evaluate]",
                         "student.seeds=[0, 1]", "student.variants.plain={distill.loss: none, seeds: []}",
                         "launch.ranks=2"};
    if (recipe_read(NULL, overrides, 5, out) != OK) fail_msg("%s", fail_message());
}

static int make_run(void **state)
{
    recipe *r;
    (void)state;
    if (!mkdtemp(run)) return -1;
    make_recipe(&r);
    if (rundir_write_recipe(run, r) != OK) return -1;
    recipe_free(&r);
    make_store();
    make_step("teacher", 90, 310);
    make_step("student.0", 60, 280);
    make_step("student.1", 60, 290.5);
    return 0;
}

static int remove_run(void **state)
{
    (void)state;
    return getenv("KEEP_REPORT") || directory_remove(run) == OK ? 0 : -1;
}

static void evaluate(void)
{
    recipe *r;
    plan p;
    make_recipe(&r);
    assert_int_equal(plan_make(r, &p), OK);
    if (evaluate_run(run, r, &p) != OK) fail_msg("%s", fail_message());
    plan_free(&p);
    recipe_free(&r);
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
    char *text = read_text("metrics.json");
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

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) count++;
    return count;
}

static void report_shows_everything_and_escapes_it(void **state)
{
    (void)state;
    evaluate();
    char *text = read_text("report.html");
    const char *parts[] = {"<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>",
                           "70.83<div class=sub>&plusmn; 5.89",
                           "student with distill.loss: none",
                           "segments marked &ldquo;seen&rdquo;",
                           "<td>812</td>",
                           "magister metrics ",
                           ":plain --json</code>",
                           "the most frequent action",
                           "variants:",
                           "0123456789abcdef0123456789abcdef"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(text, parts[i])) fail_msg("the report has no \"%s\"", parts[i]);
    assert_null(strstr(text, "a <b>"));
    assert_int_equal(count_of(text, "src=\"data:image/svg+xml;base64,"), 7);
    assert_int_equal(count_of(text, "src="), 7); /* nothing from elsewhere */
    assert_int_equal(count_of(text, "alt=\"Reliability diagram\""), 3);
    assert_int_equal(count_of(text, "alt=\"Loss and development metric by step\""), 2); /* both seeds in one */
    assert_null(strstr(text, "http://"));
    assert_null(strstr(text, "https://"));
    assert_int_equal(count_of(text, "<table"), count_of(text, "</table>"));
    assert_int_equal(count_of(text, "<div"), count_of(text, "</div>"));
    assert_null(strstr(text, ">nan"));
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
        char *bytes = read_text(name);
        assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
        free(bytes);
    }
}

static void damaged_curves_and_stats_are_named(void **state)
{
    (void)state;
    recipe *r;
    plan p;
    make_recipe(&r);
    assert_int_equal(plan_make(r, &p), OK);
    write_text("steps/student.1/curve.jsonl", "{\"step\": 0, \"loss\": 1}\nnoise\n");
    assert_int_equal(evaluate_run(run, r, &p), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "steps/student.1/curve.jsonl:2"));
    fail_clear();
    write_text("steps/student.1/curve.jsonl", "");
    write_text("steps/teacher/stats.json", "[");
    assert_int_equal(evaluate_run(run, r, &p), ERR_INPUT);
    assert_non_null(strstr(fail_message(), "steps/teacher/stats.json"));
    fail_clear();
    write_text("steps/teacher/stats.json", "{}");
    assert_int_equal(evaluate_run(run, r, &p), OK);
    plan_free(&p);
    recipe_free(&r);
}

static void a_run_without_a_store_is_refused(void **state)
{
    (void)state;
    recipe *r;
    plan p;
    make_recipe(&r);
    assert_int_equal(plan_make(r, &p), OK);
    assert_int_equal(evaluate_run("/nowhere", r, &p), ERR_MISSING);
    fail_clear();
    plan_free(&p);
    recipe_free(&r);
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
