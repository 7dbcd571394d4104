/* The report of a stream: of one that has ended, of one that goes on, and with half of its files gone or damaged. */
#include "tests/unit/launcher/made_run.h"

#include "launcher/json_file.h"

static made_run run;

static void write_truth(const char *name, const char *video)
{
    char text[512] = "video,start,end,label\n";
    for (int i = 0; i < 4; i++)
        sprintf(text + strlen(text), "%s,%d,%d,%s\n", video, 10 * i, 10 * i + 10, i % 2 ? "cut" : "<peel>");
    run_write_text(&run, name, text);
}

static int make_run(void **state)
{
    char train[128], eval[128];
    (void)state;
    run = (made_run){.path = "/tmp/magister-report-XXXXXX"};
    assert_non_null(mkdtemp(run.path));
    snprintf(train, sizeof train, "data.train=%s/train.csv", run.path);
    snprintf(eval, sizeof eval, "data.eval=%s/eval.csv", run.path);
    char *overrides[] = {"name=films", "stages=[stream]",    train,
                         eval,         "data.videos=/films", "stream.distance=distance"};
    assert_ok(recipe_read(NULL, overrides, 6, &run.recipe));
    assert_ok(plan_make(run.recipe, &run.plan));
    assert_ok(rundir_write_recipe(run.path, run.recipe));
    write_truth("train.csv", "a");
    write_truth("eval.csv", "held");
    return 0;
}

static int remove_run(void **state)
{
    (void)state;
    run_remove(&run);
    return 0;
}

static void make_folder(const char *name)
{
    char *path = run_path(run.path, name);
    assert_ok(directory_make(path));
    free(path);
}

/* Events of 10 s from `from` on, in the published form. */
static void put_video(const char *file, const char *video, int from)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"file\": \"films/%s.mp4\", \"duration\": 40, \"layers\": [{\"name\": \"layer 0\", \"order\": 0, "
             "\"annots\": [",
             video);
    for (int start = 0, end = from; start < 40; start = end, end = end + 10 < 40 ? end + 10 : 40)
        sprintf(text + strlen(text), "%s{\"start\": %d, \"end\": %d, \"action\": \"N/A\"}", start ? ", " : "", start,
                end);
    strcat(text, "]}]}\n");
    run_write_text(&run, file, text);
}

static void put_errors(const char *file, const char *video)
{
    char text[8192] = "";
    for (int i = 1; i < 40; i++)
        sprintf(text + strlen(text),
                "{\"video\": \"films/%s.mp4\", \"layer\": 0, \"time\": %d, \"error\": %g, \"threshold\": 0.5%s}\n",
                video, i, i % 10 ? 0.25 : 0.75, i % 10 ? "" : ", \"boundary\": true");
    run_write_text(&run, file, text);
}

static void put_curve(bool evaluated)
{
    char text[8192] = "";
    for (int i = 1; i <= 20; i++)
        sprintf(
            text + strlen(text),
            "{\"step\": %d, \"epoch\": 1, \"loss\": %g, \"lr\": 0.001, \"errors\": [%g%s], \"optimizer_steps\": %d}\n",
            100 * i, 1.0 / i, 1.0 / i, i > 10 ? ", 0.0625" : "", i);
    if (evaluated)
        strcat(text, "{\"step\": 2000, \"epoch\": 1, \"eval_errors\": [0.03125, null], \"eval_videos\": 1}\n");
    run_write_text(&run, "steps/stream/curve.jsonl", text);
}

static void put_stats(void)
{
    run_write_text(&run, "steps/stream/stats.json",
                   "{\"frames\": 1234567, \"videos\": 2, \"broken_videos\": 3, \"broken\": {\"unreadable\": 1, "
                   "\"broke_off\": 2}, \"events\": 9, \"stalls\": 4, \"late_writes\": 7, \"steps\": 20, \"layers\": 2, "
                   "\"parameters\": "
                   "4321, \"frames_per_s\": 77.5, \"idle\": 0.015, \"synchronisation\": 0.125, \"rss_peak_mb\": 310, "
                   "\"world_size\": 2, \"recipe_hash\": \"\"}");
}

static void put_all(void)
{
    make_folder("steps/stream/videos");
    make_folder("steps/stream/eval/videos");
    put_video("steps/stream/videos/a.json", "a", 5);
    put_video("steps/stream/videos/b.json", "b", 5);
    put_video("steps/stream/eval/videos/held.json", "held", 10);
    put_errors("steps/stream/eval/errors.rank0001.jsonl", "held");
    put_errors("steps/stream/errors.rank0000.jsonl", "a");
    put_errors("steps/stream/errors.rank0001.jsonl", "b");
    put_curve(true);
    put_stats();
}

static void all_of_it_is_shown(void **state)
{
    (void)state;
    put_all();
    char *page = run_report(&run);
    const char *const parts[] = {"<td>1,234,567</td>",
                                 "<td>4,321</td>",
                                 "<td>77.5</td>",
                                 "<td>1.5</td><td>12.5</td>",
                                 "1 unreadable, 2 broke off",
                                 "waiting 7 times",
                                 "late 4 times",
                                 "mean of squares",
                                 "Against what is known: 1 held-out video<",
                                 "In 1 held-out video, the",
                                 "In 1 video that was learned from, the boundaries",
                                 "Events of a",
                                 "Events of b",
                                 "<td>0.0312</td>",
                                 "F1 of <b>100.0&nbsp;%</b> within 1 second",
                                 "evenly spaced 100.0&nbsp;%",
                                 "held<span class=tag>held out</span>",
                                 "random boundaries, mean of 10 draws",
                                 "magister events score",
                                 "/steps/stream/eval/videos --truth",
                                 "Error of layer 1 over the frames watched",
                                 "Events of held"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) assert_has(page, parts[i]);
    assert_has_not(page, "has not ended");
    assert_has_not(page, "were not written down");
    assert_closed(page, "table");
    assert_closed(page, "figure");
    assert_closed(page, "div");
    free(page);
}

static void scores_are_those_of_events_score(void **state)
{
    (void)state;
    put_all();
    free(run_report(&run));
    char *text = run_read_text(&run, "metrics.json");
    json_t *all = json_loads(text, 0, NULL), *part = json_object_get(all, "segmentation");
    assert_non_null(json_object_get(part, "learned"));
    part = json_object_get(part, "held_out");
    assert_true(json_number_value(json_object_get(json_object_get(part, "mean"), "iou")) == 100);
    assert_non_null(json_object_get(json_object_get(part, "baselines"), "random"));
    assert_true(json_number_value(json_object_get(json_object_get(json_object_get(all, "throughput"), "stream"),
                                                  "frames")) == 1234567);
    json_decref(all);
    free(text);
}

static void without_held_out_videos_those_learned_from_are_shown(void **state)
{
    (void)state;
    make_folder("steps/stream/videos");
    put_video("steps/stream/videos/a.json", "a", 5);
    put_curve(false);
    put_stats();
    char *page = run_report(&run);
    assert_has(page, "Events of a");
    assert_has(page, "were not written down");
    assert_has(page, "In 1 video that was learned from, the boundaries of layer 0");
    assert_has_not(page, "held-out videos</th>");
    free(page);
}

static void one_that_goes_on_is_shown_so_far(void **state)
{
    (void)state;
    make_folder("steps/stream");
    run_write_text(&run, "steps/stream/progress.json", "{\"done\": 2100, \"total\": 0}");
    run_write_text(
        &run, "steps/stream/events.rank0000.jsonl",
        "{\"video\": \"films/a.mp4\", \"layer\": 0, \"event\": 0, \"start\": 0, \"end\": 1.5, \"error\": 0.25}\n"
        "{\"video\": \"films/a.mp4\", \"layer\": 0, \"ev");
    put_curve(false);
    char *page = run_report(&run);
    assert_has(page, "has not ended: this is as far as it has come");
    assert_has(page, "2,100 frames were watched so far");
    assert_has(page, "into 1 event of 1.5&nbsp;s");
    assert_has(page, "(of videos under way)");
    assert_has(page, "Events of a");
    free(page);
}

static void what_is_damaged_or_missing_is_left_out(void **state)
{
    (void)state;
    char *page = run_report(&run); /* nothing at all, not even the step's directory */
    assert_has(page, "has not ended");
    free(page);
    put_all();
    run_write_text(&run, "eval.csv", "held\n");
    run_write_text(&run, "steps/stream/videos/b.json", "{\"file\"");
    run_write_text(&run, "steps/stream/eval/errors.rank0001.jsonl", "nonsense\n");
    run_write_text(&run, "steps/stream/curve.jsonl", "nonsense\n");
    page = run_report(&run);
    assert_has(page, "Events of held");
    assert_has(page, "were not written down");
    assert_has_not(page, "Against what is known");
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_it_is_shown, make_run, remove_run),
        cmocka_unit_test_setup_teardown(scores_are_those_of_events_score, make_run, remove_run),
        cmocka_unit_test_setup_teardown(without_held_out_videos_those_learned_from_are_shown, make_run, remove_run),
        cmocka_unit_test_setup_teardown(one_that_goes_on_is_shown_so_far, make_run, remove_run),
        cmocka_unit_test_setup_teardown(what_is_damaged_or_missing_is_left_out, make_run, remove_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
