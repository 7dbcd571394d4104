/* The table of a sweep, from members whose states and scores are known; and sweep directories. */
#include "launcher/run_state.h"
#include "launcher/sweep_dir.h"
#include "launcher/sweep_table.h"
#include "made_run.h"

#include "conf/sweep.h"

static char directory[] = "/tmp/magister-sweeps-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return directory_remove(directory) == OK ? 0 : -1;
}

static recipe *read_sweep(const char *name, char *sweep)
{
    char out[128];
    char *overrides[] = {(char *)"stages=[generate, teacher, predict, student, evaluate]", sweep, out};
    recipe *r = NULL;
    snprintf(out, sizeof out, "out=%s/%s", directory, name);
    assert_ok(recipe_read(NULL, overrides, 3, &r));
    return r;
}

/* The sweep's directory, open; new string. */
static char *opened(const recipe *r, run_mode mode)
{
    int lock;
    char *path = run_directory(r);
    assert_ok(sweep_dir_open(path, r, mode, &lock));
    if (lock >= 0) close(lock);
    return path;
}

/* A member that was begun, and its end. */
static char *begin_member(const recipe *r, size_t i)
{
    recipe *member = NULL;
    assert_ok(sweep_member(r, i, &member));
    char *run = run_directory(member);
    assert_ok(directory_make(run));
    assert_ok(rundir_write_recipe(run, member));
    run_state_begin(run, 1, 1, 5, false);
    recipe_free(&member);
    return run;
}

static void end_member(const recipe *r, size_t i, status st, const char *message)
{
    char *run = begin_member(r, i);
    fail_clear();
    if (st != OK) FAIL(st, "%s", message);
    run_state_end(st);
    fail_clear();
    free(run);
}

/* Done, with scores of one seed (sd < 0) or several. */
static void score_member(const recipe *r, size_t i, double top1, double sd)
{
    char text[512], deviation[64] = "", *run = begin_member(r, i), *path = run_path(run, "metrics.json");
    if (sd >= 0) snprintf(deviation, sizeof deviation, ", \"top1_sd\": %g", sd);
    int length = snprintf(text, sizeof text,
                          "{\"teacher\": {\"action\": {\"top1\": 50, \"top5\": null}}, \"student\": {\"action\": "
                          "{\"top1\": %g%s, \"top5\": %g}, \"verb\": {\"top1\": 12.5}}, \"world_size\": 1}",
                          top1, deviation, top1 + 20);
    assert_ok(file_write(path, text, (size_t)length));
    run_state_end(OK);
    free(path);
    free(run);
}

typedef enum { AS_TEXT, AS_CSV, AS_JSON } form;

/* New string. */
static char *shown(const char *path, const char *scores, const char *sort, form as)
{
    json_t *sweep = NULL;
    sweep_table *t = NULL;
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert_ok(sweep_dir_read(path, &sweep));
    assert_ok(sweep_table_make(sweep, path, scores, &t));
    if (sort) assert_ok(sweep_table_sort(t, sort));
    if (as == AS_TEXT) sweep_table_print(t, to);
    else if (as == AS_CSV) sweep_table_csv(t, to);
    else assert_ok(sweep_table_json(t, to));
    fclose(to);
    sweep_table_free(&t);
    assert_null(t);
    json_decref(sweep);
    return text;
}

static void assert_shown(const char *path, const char *scores, const char *sort, form as, const char *expected)
{
    char *text = shown(path, scores, sort, as);
    assert_string_equal(text, expected);
    free(text);
}

static void every_member_has_its_row(void **state)
{
    (void)state;
    recipe *r = read_sweep("rows", (char *)"sweep={student.labels: [0.25, 1], teacher.layers: [1, 2, 3]}");
    char *path = opened(r, RUN_NEW), *running = NULL;
    score_member(r, 0, 30.25, -1);
    end_member(r, 1, ERR_INPUT, "teacher failed: a.csv:3: no, \"this\"\n(log: x)");
    score_member(r, 2, 41, 1.5);
    end_member(r, 3, ERR_RETRY, "stopped");
    running = begin_member(r, 4);
    assert_shown(path, NULL, NULL, AS_TEXT,
                 "member  labels  layers  state        teacher.top1   student.top1  student.top5\n"
                 "     0    0.25       1  done                50.00          30.25         50.25\n"
                 "     1    0.25       2  failed (65)             -              -             -  teacher failed: "
                 "a.csv:3: no, \"this\"\n"
                 "     2    0.25       3  done                50.00  * 41.00 ±1.50         61.00\n"
                 "     3       1       1  stopped                 -              -             -\n"
                 "     4       1       2  running                 -              -             -\n"
                 "     5       1       3  waiting                 -              -             -\n"
                 "\n6 members, 2 done, 1 failed, 1 running, 1 stopped, 1 waiting; best student.top1: "
                 "02-labels_0.25-layers_3\n");
    assert_shown(path, "student.verb.top1,student.top1", "student.top1", AS_CSV,
                 "member,name,student.labels,teacher.layers,state,exit_code,message,student.verb.top1,"
                 "student.verb.top1_sd,student.top1,student.top1_sd\n"
                 "2,02-labels_0.25-layers_3,0.25,3,done,0,,12.5,,41,1.5\n"
                 "0,00-labels_0.25-layers_1,0.25,1,done,0,,12.5,,30.25,\n"
                 "1,01-labels_0.25-layers_2,0.25,2,failed,65,\"teacher failed: a.csv:3: no, \"\"this\"\"\",,,,\n"
                 "3,03-labels_1-layers_1,1,1,stopped,0,,,,,\n"
                 "4,04-labels_1-layers_2,1,2,running,0,,,,,\n"
                 "5,05-labels_1-layers_3,1,3,waiting,0,,,,,\n");
    run_state_end(OK);
    free(running);
    free(path);
    recipe_free(&r);
}

static size_t position(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    if (!at) fail_msg("there is no \"%s\" in:\n%s", part, text);
    return (size_t)(at - text);
}

static void rows_are_sorted_by_any_column(void **state)
{
    (void)state;
    recipe *r = read_sweep("sorted", (char *)"sweep={student.width: [128, 64, 8], teacher.norm: [before, after]}");
    char *path = opened(r, RUN_NEW), *text;
    score_member(r, 3, 10, -1);
    score_member(r, 1, 20, -1);
    text = shown(path, NULL, "width", AS_CSV); /* numbers by size: 8, 64, 128 */
    assert_true(position(text, "\n4,") < position(text, "\n5,") && position(text, "\n5,") < position(text, "\n2,"));
    assert_true(position(text, "\n3,") < position(text, "\n0,"));
    free(text);
    text = shown(path, NULL, "teacher.norm", AS_CSV);
    assert_true(position(text, "\n5,") < position(text, "\n0,"));
    free(text);
    text = shown(path, NULL, "state", AS_CSV);
    assert_true(position(text, "\n5,") < position(text, "\n1,") && position(text, "\n1,") < position(text, "\n3,"));
    free(text);
    text = shown(path, NULL, "student.top5", AS_TEXT);
    position(text, "* 40.00");
    position(text, "best student.top5: 01-");
    free(text);
    json_t *sweep = NULL;
    sweep_table *t = NULL;
    assert_ok(sweep_dir_read(path, &sweep));
    assert_ok(sweep_table_make(sweep, path, NULL, &t));
    assert_int_equal(sweep_table_sort(t, "widht"), ERR_USAGE);
    assert_has(fail_message(), "no column widht: did you mean width?");
    fail_clear();
    sweep_table_free(&t);
    assert_int_equal(sweep_table_make(sweep, path, "student.top1,", &t), OK);
    sweep_table_free(&t);
    const char *wrong[] = {"",
                           ".top1",
                           "student.",
                           "top1",
                           "student.top1,,teacher.top1",
                           "a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b,a.b"};
    for (size_t i = 1; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(sweep_table_make(sweep, path, wrong[i], &t), ERR_USAGE);
        assert_null(t);
        fail_clear();
    }
    json_decref(sweep);
    free(path);
    recipe_free(&r);
}

static void members_that_differ_in_their_seed_are_taken_together(void **state)
{
    (void)state;
    recipe *r = read_sweep("seeds", (char *)"sweep={seed: [0, 1, 2], student.layers: [1, 2]}");
    char *path = opened(r, RUN_NEW), *text;
    const double scores[] = {10, 20, 12, 23, 14, -1};
    for (size_t i = 0; i < 5; i++) score_member(r, i, scores[i], -1);
    end_member(r, 5, ERR_RANK, "killed");
    text = shown(path, "student.top1", NULL, AS_TEXT);
    /* layers 1: 10, 12, 14: 12 +- 2; layers 2: 20, 23: 21.5 +- 2.12 */
    assert_has(text, "over seeds: mean ± deviation\n"
                     "layers  seeds    student.top1\n"
                     "     1  3 of 3    12.00 ±2.00\n"
                     "     2  2 of 3  * 21.50 ±2.12\n");
    free(text);
    text = shown(path, "student.top1", NULL, AS_JSON);
    json_t *all = json_loads(text, 0, NULL);
    assert_non_null(all);
    const json_t *groups = json_object_get(all, "over_seeds"), *second = json_array_get(groups, 1);
    assert_int_equal(json_array_size(groups), 2);
    assert_int_equal(json_integer_value(json_object_get(second, "seeds")), 3);
    assert_int_equal(json_integer_value(json_object_get(second, "done")), 2);
    assert_true(json_number_value(json_object_get(json_object_get(second, "scores"), "student.top1")) == 21.5);
    const json_t *last = json_array_get(json_object_get(all, "members"), 5);
    assert_string_equal(json_string_value(json_object_get(last, "state")), "failed");
    assert_string_equal(json_string_value(json_object_get(last, "message")), "killed");
    assert_int_equal(json_integer_value(json_object_get(last, "exit_code")), 76);
    assert_true(json_is_null(json_object_get(json_object_get(last, "scores"), "student.top1")));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(last, "keys"), "seed")), 2);
    assert_string_equal(json_string_value(json_object_get(all, "best")), "03-seed_1-layers_2");
    json_decref(all);
    free(text);
    free(path);
    recipe_free(&r);
}

static void nothing_is_done_yet(void **state)
{
    (void)state;
    recipe *r = read_sweep("waiting", (char *)"sweep={seed: [0, 1]}");
    char *path = opened(r, RUN_NEW);
    assert_shown(path, NULL, NULL, AS_TEXT,
                 "member  seed  state\n     0     0  waiting\n     1     1  waiting\n\n2 members, 2 waiting\n");
    free(path);
    recipe_free(&r);
}

/* What lies in a member's directory may be damaged: the row stays. */
static void damaged_members_keep_their_row(void **state)
{
    (void)state;
    recipe *r = read_sweep("damaged", (char *)"sweep={seed: [0, 1, 2]}");
    char *path = opened(r, RUN_NEW), *text, file[256];
    for (size_t i = 0; i < 3; i++) score_member(r, i, 10, -1);
    snprintf(file, sizeof file, "%s/00-seed_0/metrics.json", path);
    assert_ok(file_write(file, "{\"student\": [3", 14));
    snprintf(file, sizeof file, "%s/01-seed_1/state.json", path);
    assert_ok(file_write(file, "\033[2J", 4));
    snprintf(file, sizeof file, "%s/02-seed_2/metrics.json", path);
    assert_ok(file_write(file, "{\"student\": {\"action\": {\"top1\": \"\\u001b\"}}}", 46 - 4));
    text = shown(path, NULL, NULL, AS_TEXT);
    assert_has(text, "     0     0  done\n");
    assert_has(text, "     1     1  unknown  ");
    assert_has(text, "     2     2  done\n");
    assert_has_not(text, "\033");
    assert_string_equal(fail_message(), "");
    free(text);
    free(path);
    recipe_free(&r);
}

/* The table is also shown when something failed: what waits to be told must not be lost. */
static void a_waiting_failure_is_kept(void **state)
{
    (void)state;
    recipe *r = read_sweep("kept", (char *)"sweep={seed: [0, 1]}");
    char *path = opened(r, RUN_NEW), file[256];
    score_member(r, 0, 10, -1);
    snprintf(file, sizeof file, "%s/00-seed_0/state.json", path);
    assert_ok(file_write(file, "no", 2));
    FAIL(ERR_RETRY, "what was before");
    FILE *nowhere = fopen("/dev/null", "w");
    assert_int_equal(sweep_table_show(path, nowhere), OK);
    fclose(nowhere);
    assert_string_equal(fail_message(), "what was before");
    fail_clear();
    free(path);
    recipe_free(&r);
}

static void directories_hold_one_sweep(void **state)
{
    (void)state;
    int lock;
    recipe *r = read_sweep("one", (char *)"sweep={seed: [0, 1]}");
    recipe *more = read_sweep("one", (char *)"sweep={seed: [0, 1, 2]}");
    recipe *other = read_sweep("one", (char *)"sweep={seed: [0, 3]}");
    char *path = opened(r, RUN_NEW), file[256], *first = NULL, *second = NULL;
    size_t count;
    snprintf(file, sizeof file, "%s/sweep.json", path);
    assert_ok(file_read(file, 1 << 20, &first, &count));
    assert_int_equal(sweep_dir_open(path, r, RUN_NEW, &lock), ERR_CREATE);
    fail_clear();
    assert_int_equal(sweep_dir_open(path, other, RUN_RESUME, &lock), ERR_CONFIG);
    assert_has(fail_message(), "its member 1 is 01-seed_1, the recipe's is 01-seed_3");
    fail_clear();
    free(opened(r, RUN_RESUME));
    assert_ok(file_read(file, 1 << 20, &second, &count));
    assert_string_equal(first, second);
    free(opened(more, RUN_RESUME));
    assert_int_equal(sweep_dir_open(path, r, RUN_RESUME, &lock), ERR_CONFIG);
    assert_has(fail_message(), "a sweep of 3 members, and the recipe has 2");
    fail_clear();
    free(opened(other, RUN_FORCE));
    json_t *sweep = NULL;
    assert_ok(sweep_dir_read(path, &sweep));
    assert_int_equal(json_array_size(json_object_get(sweep, "members")), 2);
    json_decref(sweep);
    free(first);
    free(second);
    free(path);
    recipe_free(&r);
    recipe_free(&more);
    recipe_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_has_its_row),
        cmocka_unit_test(rows_are_sorted_by_any_column),
        cmocka_unit_test(members_that_differ_in_their_seed_are_taken_together),
        cmocka_unit_test(nothing_is_done_yet),
        cmocka_unit_test(damaged_members_keep_their_row),
        cmocka_unit_test(a_waiting_failure_is_kept),
        cmocka_unit_test(directories_hold_one_sweep),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
