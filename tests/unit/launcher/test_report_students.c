/* What a report says of each student: protocol, classes and their files, the history of its training, attention; and
 * what is made of files that are not as they should be. */
#include "tests/unit/launcher/made_run.h"

#define STAGES "stages=[student, evaluate]"
#define CLIPS                                                                                                          \
    "data.format=wlasl", "data.train=/nowhere/signs.json", "data.videos=/nowhere", "student.task=recognise",           \
        "student.model=sign2text", "student.input=clips", "student.distill.loss=none"

enum { SEGMENTS = 36 };

/* Half of each gloss is taken for the next one. */
static made_run clips_run(void)
{
    char *overrides[] = {STAGES, "data.use_box=true", CLIPS};
    made_run run = run_make(overrides, sizeof overrides / sizeof overrides[0]);
    run_put_labels(&run, "u", SEGMENTS, 1, false, true);
    run_put_set(&run, "u", (made_set){"student", "student", 0, 6, 12, 0});
    char *directory = run_step_directory(run.path, "student");
    assert_ok(directory_make(directory));
    free(directory);
    return run;
}

static void assert_png(const made_run *run, const char *name)
{
    char *bytes = run_read_text(run, name);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    free(bytes);
}

/* ---- classes ----------------------------------------------------------------------------------------------------- */

static void classes_and_what_they_are_taken_for_are_shown(void **state)
{
    (void)state;
    made_run run = clips_run();
    char *page = run_report(&run);
    assert_page(page);
    assert_has(page,
               "Protocol: 6 classes, of which one by chance is right in 16.7&nbsp;%; 0 segments to learn from, 0 to "
               "choose on, 36 to score on. Splits: train to learn from, val to choose on, test to score on; whole "
               "videos, cut to the signer's box.");
    assert_has(page, "title=\"3 of 6: GLOSS-0 is recognised\">50</td>");
    assert_has(page, "title=\"3 of 6: GLOSS-5 is taken for GLOSS-0\">50</td>");
    assert_int_equal(count_of(page, " is taken for "), 6);
    assert_has(page, "<td class=text>GLOSS-3</td><td>6</td><td>50.0</td><td>100.0</td><td class=text>GLOSS-4 "
                     "<span class=faint>3 of 6</span></td>");
    assert_has_not(page, "(others)");
    assert_has_not(page, "Attention over frames");
    free(page);
    page = run_read_text(&run, "report/classes-student.csv");
    assert_has(page, "class_id,class,n,top1,top5,taken_for_id,taken_for,taken\n"
                     "0,\"GLOSS-0\",6,50.00,100.00,1,\"GLOSS-1\",3\n");
    free(page);
    page = run_read_text(&run, "report/confusion-student.csv");
    assert_has(page, "label_id,label,predicted_id,predicted,n\n0,\"GLOSS-0\",0,\"GLOSS-0\",3\n"
                     "0,\"GLOSS-0\",1,\"GLOSS-1\",3\n1,\"GLOSS-1\",1,");
    free(page);
    run_remove(&run);
}

enum { MANY = 40 };

/* MANY classes with names that a page has to escape; of the first ten all are wrong, of the others none; a class
 * without segments stands behind them. */
static made_run many_classes(void)
{
    static action_class actions[MANY + 1];
    static segment segments[MANY];
    static char names[MANY + 1][MADE_NAME], uids[MANY][MADE_NAME];
    char *overrides[] = {STAGES, CLIPS};
    made_run run = run_make(overrides, sizeof overrides / sizeof overrides[0]);
    int64_t set;
    set_info info = {
        .name = "student", .role = "student", .encoding = ENCODE_DENSE, .classes = MANY + 1, .k = MANY + 1};
    for (int i = 0; i <= MANY; i++) {
        snprintf(names[i], MADE_NAME, "<g%02d> \"&", i);
        actions[i] = (action_class){names[i], names[i], -1, -1};
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(uids[i], MADE_NAME, "u%d", i);
        segments[i] = (segment){uids[i], uids[i], 0, 1, i, -1, -1, (size_t)i, NULL};
    }
    const class_list classes = {.actions = actions, .action_count = MANY + 1};
    const segment_list list = {NULL, segments, MANY};
    store *s = run_store(&run);
    assert_ok(store_put_classes(s, &classes));
    assert_ok(store_put_segments(s, "eval", &list, NULL));
    assert_ok(store_begin_set(s, &info, &set));
    for (int i = 0; i < MANY; i++) {
        float logits[MANY + 1] = {0};
        logits[i < 10 ? MANY - 1 : i] = 5;
        assert_ok(store_put(s, set, uids[i], logits, NULL));
    }
    run_store_done(s);
    return run;
}

static void of_many_classes_the_most_confused_are_drawn(void **state)
{
    (void)state;
    made_run run = many_classes();
    char *page = run_report(&run);
    assert_page(page);
    assert_has_not(page, "<g0");
    assert_has(page, "&lt;g00&gt; &quot;&amp;");
    assert_int_equal(count_of(page, "<tr><th>"), 30);
    assert_int_equal(count_of(page, "<th>(others)</th>"), 1);
    assert_has(page, "<th>&lt;g09&gt; &quot;&amp;</th>");
    assert_has(page, "<th>&lt;g39&gt; &quot;&amp;</th>"); /* what the ten are taken for */
    assert_has_not(page, "<th>&lt;g38&gt;");
    assert_has(page, "1 of 41 classes have no labelled prediction here.");
    assert_has(page, "<details><summary>All 40 classes</summary>");
    free(page);
    page = run_read_text(&run, "report/classes-student.csv");
    assert_has(page, "\n9,\"<g09> \"\"&\",1,0.00,");
    assert_has(page, "\n40,\"<g40> \"\"&\",0,,,,\"\",0\n");
    free(page);
    run_remove(&run);
}

/* ---- history ----------------------------------------------------------------------------------------------------- */

static const char CURVE[] =
    "{\"step\": 10, \"epoch\": 1, \"loss\": 2.5, \"lr\": 0.001}\n"
    "{\"step\": 20, \"epoch\": 1, \"loss\": 2.25, \"lr\": 0.002}\n"
    "{\"step\": 20, \"epoch\": 1, \"metric\": 30.5, \"better\": true, \"development_loss\": 2.4, \"learned\": 25.0, "
    "\"top5\": 61.5, \"samples\": 44}\n"
    "{\"step\": 40, \"epoch\": 2, \"loss\": 2.0, \"lr\": 0.001}\n"
    "{\"step\": 40, \"epoch\": 2, \"metric\": 29.5, \"better\": false, \"development_loss\": 2.5, \"learned\": 45.0, "
    "\"top5\": 60.5, \"samples\": 44}\n";

static void histories_have_two_panels_and_the_kept_scores(void **state)
{
    (void)state;
    made_run run = clips_run();
    run_write_text(&run, "steps/student/curve.jsonl", CURVE);
    char *page = run_report(&run);
    assert_page(page);
    assert_int_equal(count_of(page, "alt=\"Losses of training and development by epoch\""), 1);
    assert_int_equal(count_of(page, "alt=\"Accuracy in training and on development by epoch\""), 1);
    assert_has_not(page, "Loss and development metric by step");
    assert_has(page, "</div></td><td>44</td><td>30.5</td><td>61.5</td></tr>");
    assert_has(page, "<td class=text>eval</td><td>36</td><td>50.0");
    assert_png(&run, "report/training-student-loss.png");
    assert_png(&run, "report/training-student-accuracy.png");
    free(page);
    run_remove(&run);
}

static void strange_numbers_of_curves_are_left_out(void **state)
{
    (void)state;
    static const char STRANGE[] =
        "{\"step\": \"10\", \"epoch\": 1, \"loss\": 2.5}\n{\"loss\": 1}\n{\"step\": 1e300, \"epoch\": 1e300, \"loss\": "
        "1e300, \"lr\": -1e300}\n{\"step\": 3, \"epoch\": [], \"loss\": 1, \"lr\": \"fast\"}\n{}\n"
        "{\"step\": 3, \"epoch\": {}, \"metric\": 5, \"better\": true, \"development_loss\": 1}\n"
        "{\"step\": 2, \"epoch\": -7, \"metric\": 1e300, \"better\": \"yes\", \"development_loss\": null, \"learned\": "
        "[1], \"top5\": \"all\", \"samples\": {}}\n{\"step\": -1, \"epoch\": 1.5, \"metric\": 4, \"learned\": 1e308}\n";
    made_run run = clips_run();
    run_write_text(&run, "steps/student/curve.jsonl", STRANGE);
    char *page = run_report(&run);
    assert_page(page);
    assert_has(page, "</div></td><td>&ndash;</td><td>5.0</td><td>&ndash;</td></tr>");
    free(page);
    run_write_text(&run, "steps/student/curve.jsonl", "{\"step\": 1}\n[]\n");
    assert_int_equal(evaluate_run(run.path, run.recipe, &run.plan), ERR_INPUT);
    assert_has(fail_message(), "steps/student/curve.jsonl:2");
    fail_clear();
    run_remove(&run);
}

/* More epochs than a picture has room for, and a line cut off. */
static void long_curves_are_thinned(void **state)
{
    (void)state;
    enum { EPOCHS = 5000 };
    made_run run = clips_run();
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    for (int i = 1; i <= EPOCHS; i++)
        fprintf(to,
                "{\"step\": %d, \"epoch\": %d, \"loss\": %d, \"lr\": 1}\n{\"step\": %d, \"epoch\": %d, \"metric\": %d, "
                "\"better\": true, \"development_loss\": 1, \"learned\": 2}\n",
                i, i, i % 7, i, i, i % 90);
    fputs("{\"step\": 1, \"lo", to);
    fclose(to);
    run_write_text(&run, "steps/student/curve.jsonl", text);
    free(text);
    char *page = run_report(&run);
    assert_page(page);
    assert_true(strlen(page) < 600000); /* two million without */
    free(page);
    run_remove(&run);
}

/* ---- missing clips ----------------------------------------------------------------------------------------------- */

static void missing_clips_are_told(void **state)
{
    (void)state;
    made_run run = clips_run();
    run_write_text(&run, "steps/student/missing.json",
                   "{\"version\": 1, \"wanted\": 40, \"missing\": 4, \"reasons\": {\"a page of <HTML>\": 3, \"it is "
                   "empty\": 1}, \"clips\": []}");
    char *page = run_report(&run);
    assert_page(page);
    assert_has(page,
               "<b>4 of 40 clips are missing</b> (3: a page of &lt;HTML&gt;; 1: it is empty): scores are of those "
               "at hand.");
    free(page);
    run_write_text(&run, "steps/student/missing.json", "{\"wanted\": [], \"missing\": \"many\", \"reasons\": [1]}");
    page = run_report(&run);
    assert_page(page);
    assert_has(page, "<b>? of ? clips are missing</b>: scores");
    free(page);
    run_write_text(&run, "steps/student/missing.json", "[1");
    page = run_report(&run);
    assert_page(page);
    assert_has(page, "steps/student/missing.json: is no JSON object");
    free(page);
    run_remove(&run);
}

/* ---- attention --------------------------------------------------------------------------------------------------- */

static const char PNG[] = "\x89PNG\r\n\x1a\nnot that it matters";

static made_run attending_run(void)
{
    made_run run = clips_run();
    char *folder = run_path(run.path, "steps/student/attention");
    assert_ok(directory_make(folder));
    free(folder);
    run_write_text(&run, "steps/student/attention/1.png", PNG);
    run_write_text(&run, "secret.png", PNG);
    return run;
}

static void attention_is_shown_with_what_was_predicted(void **state)
{
    (void)state;
    made_run run = attending_run();
    run_write_text(
        &run, "steps/student/attention.json",
        "{\"version\": 1, \"clips\": [{\"uid\": \"u<0>\", \"label\": 2, \"label_name\": \"GLOSS<2>\", "
        "\"predicted\": 2, \"predicted_name\": \"GLOSS<2>\", \"probability\": 0.875, \"weights\": [0.2, 0.5, "
        "0.3], \"file\": \"attention/1.png\"}, {\"uid\": \"u1\", \"label\": 1, \"label_name\": \"A\", "
        "\"predicted\": 2, \"predicted_name\": \"B\", \"probability\": 0.5, \"weights\": [1], \"file\": "
        "\"attention/2.png\"}]}");
    char *page = run_report(&run);
    assert_page(page);
    assert_has(page, "<h3>GLOSS&lt;2&gt; <span class=tag>right</span></h3>\n<p class=note>Predicted: GLOSS&lt;2&gt; "
                     "(88&nbsp;%); most on frame 2 of 3 (50&nbsp;%); clip <code>u&lt;0&gt;</code>");
    assert_int_equal(count_of(page, "src=\"data:image/png;base64,"), 1);
    assert_has(page, "<span class=tag>wrong</span></h3>\n<p class=note>Predicted: B (50&nbsp;%)");
    assert_has(page, "steps/student/attention/2.png");
    free(page);
    run_remove(&run);
}

static void strange_attention_is_left_out(void **state)
{
    (void)state;
    static const char *const STRANGE[] = {
        "",
        "[",
        "[]",
        "{\"clips\": 5}",
        "{\"clips\": {\"a\": 1}}",
        "{\"clips\": [5, null, [], {}]}",
        "{\"clips\": [{\"uid\": 5, \"label\": \"x\", \"predicted\": [], \"probability\": 1e300, \"weights\": [1, "
        "\"2\"], "
        "\"file\": 5}]}",
        "{\"clips\": [{\"label\": -1, \"predicted\": -1, \"probability\": -3, \"weights\": [-1, 1e308, 1e308], "
        "\"file\": "
        "\"attention\"}]}",
        "{\"clips\": [{\"weights\": [1e308, 1e308], \"file\": \"../../secret.png\"}]}",
        "{\"clips\": [{\"weights\": {}, \"file\": \"/etc/passwd\"}]}",
        "{\"clips\": [{\"weights\": [0, 0], \"file\": \"attention/../../../secret.png\"}]}",
        "{\"clips\": [{\"file\": \"curve.jsonl\"}]}"};
    made_run run = attending_run();
    run_write_text(&run, "steps/student/curve.jsonl", CURVE);
    for (size_t i = 0; i < sizeof STRANGE / sizeof STRANGE[0]; i++) {
        run_write_text(&run, "steps/student/attention.json", STRANGE[i]);
        char *page = run_report(&run);
        assert_page(page);
        assert_int_equal(count_of(page, "src=\"data:image/png"), 0);
        assert_has_not(page, "most on frame");
        assert_has_not(page, ">right<");
        free(page);
    }
    run_remove(&run);
}

/* A clip that is listed a thousand times, and a file larger than any that a step writes. */
static void large_attention_is_bounded(void **state)
{
    (void)state;
    enum { CLIPS_LISTED = 1000, BYTES = 17 << 20 };
    made_run run = attending_run();
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    fputs("{\"clips\": [", to);
    for (int i = 0; i < CLIPS_LISTED; i++) fprintf(to, "%s{\"file\": \"attention/1.png\"}", i ? "," : "");
    fputs("]}", to);
    fclose(to);
    run_write_text(&run, "steps/student/attention.json", text);
    free(text);
    char *page = run_report(&run);
    assert_page(page);
    assert_int_equal(count_of(page, "src=\"data:image/png"), 12);
    free(page);
    text = malloc(BYTES + 1);
    assert_non_null(text);
    memset(text, ' ', BYTES);
    text[BYTES] = '\0';
    run_write_text(&run, "steps/student/attention.json", text);
    free(text);
    page = run_report(&run);
    assert_page(page);
    assert_has(page, "steps/student/attention.json: ");
    assert_has_not(page, "Attention over frames");
    free(page);
    run_remove(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_and_what_they_are_taken_for_are_shown),
        cmocka_unit_test(of_many_classes_the_most_confused_are_drawn),
        cmocka_unit_test(histories_have_two_panels_and_the_kept_scores),
        cmocka_unit_test(strange_numbers_of_curves_are_left_out),
        cmocka_unit_test(long_curves_are_thinned),
        cmocka_unit_test(missing_clips_are_told),
        cmocka_unit_test(attention_is_shown_with_what_was_predicted),
        cmocka_unit_test(strange_attention_is_left_out),
        cmocka_unit_test(large_attention_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
