/* Pages that set runs side by side. */
#include "launcher/report_compare.h"
#include "tests/unit/launcher/made_run.h"

enum { SEGMENTS = 120, EACH = 6 };

static char STAGES[] = "stages=[generate, teacher, predict, student, evaluate]";

/* A run of 20 videos with a teacher of `right` in ten; uids begin with `prefix`. */
static made_run small_run(char *const *overrides, size_t count, const char *prefix, int right)
{
    made_run run = run_make(overrides, count);
    run_put_labels(&run, prefix, SEGMENTS, EACH, false, false);
    run_put_set(&run, prefix, (made_set){"teacher", "teacher", 0, right, 10, 0});
    return run;
}

static status compare(const made_run *runs, size_t count, char **page)
{
    char path[96], *paths[COMPARED_RUNS_MAX + 2];
    size_t length;
    snprintf(path, sizeof path, "%s/page.html", runs[0].path);
    for (size_t i = 0; i < count; i++) {
        paths[i] = strdup(runs[i % 2].path);
        assert_non_null(paths[i]);
    }
    status st = report_compare(paths, count, path);
    for (size_t i = 0; i < count; i++) free(paths[i]);
    if (st == OK) assert_ok(file_read(path, 1 << 24, page, &length));
    return st;
}

static char *page_of(made_run *runs)
{
    char *page = NULL;
    if (compare(runs, 2, &page) != OK) fail_msg("%s", fail_message());
    assert_page(page);
    return page;
}

static void remove_runs(made_run *runs)
{
    run_remove(&runs[0]);
    run_remove(&runs[1]);
}

static void sets_of_the_same_name_are_tested(void **state)
{
    (void)state;
    char *overrides[] = {STAGES}, expected[256];
    made_run runs[] = {small_run(overrides, 1, "u", 4), small_run(overrides, 1, "u", 7)};
    run_put_set(&runs[0], "u", (made_set){"student", "student", 0, 5, 10, 0});
    run_put_set(&runs[1], "u", (made_set){"student", "student", 0, 5, 10, 5});
    run_put_set(&runs[1], "u", (made_set){"trigram", "baseline", 0, 3, 10, 0});
    char *page = page_of(runs);
    assert_has(page, "<td class=text>teacher</td><td class=text>B &minus; A</td><td>120</td><td><b>+30.0</b></td>");
    assert_has(page, "<td class=text>student</td><td class=text>B &minus; A</td><td>120</td><td>0.0</td>");
    assert_has_not(page, "<td class=text>trigram</td><td class=text>B &minus; A</td>"); /* only one run has it */
    assert_has(page, "<td class=text>trigram</td><td class=text>baseline</td><td>&ndash;</td><td>30.00");
    assert_has_not(page, "not compared");
    assert_int_equal(count_of(page, "data:image/svg+xml"), 2);
    snprintf(expected, sizeof expected, "magister metrics --compare %s:student %s:student</code>", runs[1].path,
             runs[0].path);
    assert_has(page, expected);
    snprintf(expected, sizeof expected, "magister report %s %s</code>", runs[0].path, runs[1].path);
    assert_has(page, expected);
    free(page);
    remove_runs(runs);
}

static void runs_of_other_segments_are_not_compared(void **state)
{
    (void)state;
    char *overrides[] = {STAGES};
    made_run runs[] = {small_run(overrides, 1, "u", 4), small_run(overrides, 1, "other", 7)};
    char *page = page_of(runs);
    assert_has(page, "not compared: teacher and teacher have no labelled segment that both predict");
    assert_has(page, "<td>40.00");
    assert_has(page, "<td>70.00");
    assert_has_not(page, "magister metrics --compare"); /* there is no test to show again */
    assert_int_equal(count_of(page, "data:image/svg+xml"), 1);
    free(page);
    remove_runs(runs);
}

/* The same uid with another label: only the message may stand there, and no number. */
static void segments_that_only_share_names_are_not_compared(void **state)
{
    (void)state;
    char *overrides[] = {STAGES};
    made_run runs[] = {small_run(overrides, 1, "u", 4), run_make(overrides, 1)};
    run_put_labels(&runs[1], "u", SEGMENTS, EACH + 1, false, false); /* other videos */
    run_put_set(&runs[1], "u", (made_set){"teacher", "teacher", 0, 7, 10, 0});
    char *page = page_of(runs);
    assert_has(page, "not compared: segment u006 is a0 in v0 in one store, a0 in v1 in the other");
    free(page);
    remove_runs(runs);
}

static void keys_that_differ_are_listed(void **state)
{
    (void)state;
    char *a[] = {STAGES, "name=<one>", "teacher.layers=2", "student.variants.mine={distill.loss: none}"};
    char *b[] = {STAGES, "name=<two>", "teacher.layers=3", "student.variants.mine={distill.loss: kl}",
                 "teacher.variants.small={layers: 1}"};
    made_run runs[] = {small_run(a, 4, "u", 4), small_run(b, 5, "u", 4)};
    char *page = page_of(runs);
    assert_has(page, "<td class=text><code>teacher.layers</code></td><td class=\"text wrap\">2</td>"
                     "<td class=\"text wrap\">3</td>");
    assert_has(page,
               "<td class=text><code>student.variants.mine</code></td><td class=\"text wrap\">distill.loss: none</td>"
               "<td class=\"text wrap\">distill.loss: kl</td>");
    assert_has(page, "<td class=text><code>teacher.variants.small</code></td><td class=\"text wrap\">\xE2\x80\x93</td>"
                     "<td class=\"text wrap\">layers: 1</td>");
    assert_has_not(page, "<code>teacher.width</code>");
    assert_has_not(page, "<code>name</code>");
    assert_has(page, "Every other key is the same.");
    assert_has(page, "&lt;one&gt;");
    assert_has_not(page, "<one>");
    free(page);
    remove_runs(runs);
}

/* Generated data lies in each run's own directory. */
static void paths_inside_the_runs_are_no_difference(void **state)
{
    (void)state;
    char *a[] = {"stages=[teacher, evaluate]", "out=/x/a", "data.train=/x/a/data/t.csv", "data.eval=/y/e.csv"};
    char *b[] = {"stages=[teacher, evaluate]", "out=/x/b", "data.train=/x/b/data/t.csv", "data.eval=/y/e.csv"};
    made_run runs[] = {small_run(a, 4, "u", 4), small_run(b, 4, "u", 4)};
    char *page = page_of(runs);
    assert_has(page, "Nowhere: every key is the same.");
    free(page);
    run_remove(&runs[1]);
    b[2] = "data.train=/x/bb/data/t.csv"; /* not inside, though it begins alike */
    runs[1] = small_run(b, 4, "u", 4);
    page = page_of(runs);
    assert_has(page, "<code>data.train</code>");
    free(page);
    remove_runs(runs);
}

/* A set's name comes from a store that anyone may have made. */
static void hostile_names_are_escaped(void **state)
{
    (void)state;
    char *overrides[] = {STAGES, "name=\"<img src=x>\""};
    made_run runs[] = {small_run(overrides, 2, "u", 4), small_run(overrides, 2, "u", 4)};
    for (size_t i = 0; i < 2; i++) run_put_set(&runs[i], "u", (made_set){"a'b<script>\"&$(x)", "student", 0, 5, 10, 0});
    char *page = page_of(runs);
    assert_has(page, "a&#39;b&lt;script&gt;&quot;&amp;$(x)");
    assert_has_not(page, "<script");
    assert_has_not(page, "<img src=x");
    free(page);
    page = run_report(&runs[0]);
    assert_page(page);
    assert_has_not(page, "<script");
    assert_has(page, ":a&#39;\\&#39;&#39;b&lt;script&gt;&quot;&amp;$(x)&#39; --json</code>"); /* quoted for the shell */
    free(page);
    remove_runs(runs);
}

static void what_cannot_be_compared_is_named(void **state)
{
    (void)state;
    char *overrides[] = {STAGES}, *page = NULL, path[96];
    made_run runs[] = {small_run(overrides, 1, "u", 4), run_make(overrides, 1)};
    assert_int_equal(compare(runs, 2, &page), ERR_MISSING); /* no store */
    assert_has(fail_message(), runs[1].path);
    fail_clear();
    assert_null(page);
    snprintf(path, sizeof path, "%s/page.html", runs[0].path);
    assert_false(file_exists(path));
    assert_int_equal(compare(runs, 1, &page), ERR_USAGE);
    fail_clear();
    assert_int_equal(compare(runs, COMPARED_RUNS_MAX + 1, &page), ERR_USAGE);
    assert_has(fail_message(), "2 to 12 runs can be compared, not 13");
    fail_clear();
    char *no_run[] = {runs[0].path, "/tmp"};
    assert_int_equal(report_compare(no_run, 2, path), ERR_MISSING);
    assert_has(fail_message(), "/tmp");
    fail_clear();
    char *same[] = {runs[0].path, runs[0].path};
    assert_int_equal(report_compare(same, 2, "/proc/nowhere/page.html"), ERR_CREATE);
    fail_clear();
    remove_runs(runs);
}

static void as_many_runs_as_are_allowed_fit(void **state)
{
    (void)state;
    char *overrides[] = {STAGES}, *page = NULL;
    made_run runs[] = {small_run(overrides, 1, "u", 4), small_run(overrides, 1, "u", 7)};
    assert_ok(compare(runs, COMPARED_RUNS_MAX, &page)); /* the two in turn */
    assert_page(page);
    assert_has(page, "<b>L</b>");
    assert_int_equal(count_of(page, "<td><b>+30.0</b></td>"), COMPARED_RUNS_MAX / 2);
    free(page);
    remove_runs(runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_of_the_same_name_are_tested),
        cmocka_unit_test(runs_of_other_segments_are_not_compared),
        cmocka_unit_test(segments_that_only_share_names_are_not_compared),
        cmocka_unit_test(keys_that_differ_are_listed),
        cmocka_unit_test(paths_inside_the_runs_are_no_difference),
        cmocka_unit_test(hostile_names_are_escaped),
        cmocka_unit_test(what_cannot_be_compared_is_named),
        cmocka_unit_test(as_many_runs_as_are_allowed_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
