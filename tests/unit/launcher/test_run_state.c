/* state.json, progress.json and submitted.json: written and read back, and read when they hold anything else. */
#include "launcher/json_file.h"
#include "launcher/run_state.h"
#include "launcher/submitted.h"
#include "tests/unit/launcher/fake_commands.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

static char *inside(const char *name)
{
    char *path = path_join(fake_folder, name);
    assert_non_null(path);
    return path;
}

static void put(const char *name, const void *bytes, size_t count)
{
    char *path = inside(name), *slash = strrchr(path, '/');
    *slash = '\0';
    assert_ok(directory_make(path));
    *slash = '/';
    assert_ok(file_write(path, bytes, count));
    free(path);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static run_state read_back(void)
{
    run_state s;
    assert_ok(run_state_read(fake_folder, &s));
    return s;
}

/* ---- a launcher's life ------------------------------------------------------------------------------------------- */

static void a_launcher_tells_what_it_does(void **state)
{
    (void)state;
    setenv("SLURM_JOB_ID", "77", 1);
    time_t begun = time(NULL);
    assert_ok(run_cancel_ask(fake_folder));
    assert_true(run_cancel_asked(fake_folder));
    run_state_begin(fake_folder, 4, 2, 16, true);
    assert_false(run_cancel_asked(fake_folder)); /* of an earlier launcher */
    run_state s = read_back();
    assert_int_equal(s.phase, RUN_RUNNING);
    assert_int_equal(s.restarts, 0); /* nothing was there to go on with */
    assert_int_equal(s.place, 0);
    assert_true(s.ranks == 4 && s.nodes == 2 && s.steps == 16);
    assert_true(s.begun >= begun && s.begun <= begun + 20);
    assert_string_equal(s.job, "77");
    assert_int_equal(process_look(&s.launcher), PROCESS_LIVES);

    run_state_step(3, "student.1");
    run_state_restarted();
    s = read_back();
    assert_string_equal(s.step, "student.1");
    assert_true(s.place == 3 && s.restarts == 1);
    put_text("logs/student.1.rank0.error", "76\nrank 2 did not come\ncomm.c:1\n");
    put_text("logs/student.1.rank2.error", "65\nmy own fault\nreader.c:12\n");
    FAIL(ERR_INPUT, "student.1 failed on rank 2: \033[2Jmy own \xff fault\nsecond line");
    run_state_end(ERR_INPUT);
    assert_non_null(strstr(fail_message(), "student.1 failed on rank 2")); /* still to be told */
    fail_clear();
    s = read_back();
    assert_int_equal(s.phase, RUN_FAILED);
    assert_int_equal(s.error.code, 65);
    assert_int_equal(s.error.rank, 2);
    assert_string_equal(s.error.message, "student.1 failed on rank 2: ?[2Jmy own ? fault\nsecond line");
    assert_non_null(strstr(s.error.log, "logs/student.1.rank2.log"));

    unsetenv("SLURM_JOB_ID");
    run_state_begin(fake_folder, 1, 1, 16, true);
    s = read_back();
    assert_true(s.phase == RUN_RUNNING && s.restarts == 2 && s.error.code == 0 && !s.job[0]);
    run_state_end(ERR_RETRY);
    assert_int_equal(read_back().phase, RUN_STOPPED);
    run_state_begin(fake_folder, 1, 1, 16, false);
    run_state_end(OK);
    s = read_back();
    assert_true(s.phase == RUN_DONE && s.restarts == 0);
}

static void without_a_run_nothing_is_written(void **state)
{
    (void)state;
    put_text("state.json", "{}");
    run_state_alive();
    run_state_restarted();
    run_state_end(OK);
    assert_int_equal(read_back().phase, RUN_UNKNOWN);
}

static void a_state_that_cannot_be_written_stops_nothing(void **state)
{
    (void)state;
    run_state_begin("/proc/nowhere", 1, 1, 1, false);
    run_state_step(1, "teacher");
    assert_string_equal(fail_message(), "");
    FAIL(ERR_INPUT, "the cause");
    run_state_end(ERR_INPUT);
    assert_string_equal(fail_message(), "the cause");
    fail_clear();
}

/* Of a launcher that works by itself, with nobody to call run_state_alive. */
static void a_thread_gives_signs_of_life(void **state)
{
    (void)state;
    run_state_begin(fake_folder, 1, 1, 2, false);
    run_state_step(2, "evaluate");
    run_state before = read_back(), s = before;
    run_state_beat_begin(0.1);
    for (int i = 0; i < 600 && s.updated < before.updated + 2; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        s = read_back();
    }
    run_state_beat_end();
    assert_true(s.updated >= before.updated + 2);
    assert_true(s.changed == before.changed && s.phase == RUN_RUNNING && s.place == 2);
    assert_string_equal(s.step, "evaluate");
    s = read_back();
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 300000000}, NULL);
    assert_int_equal(read_back().updated, s.updated); /* it has ended */
    run_state_beat_end();
    run_state_end(OK);
    assert_int_equal(read_back().phase, RUN_DONE);
}

static void processes_are_told_apart(void **state)
{
    (void)state;
    run_state_begin(fake_folder, 1, 1, 1, false);
    process_id mine = read_back().launcher, other = mine;
    other.begun++; /* its number was given to another one */
    assert_int_equal(process_look(&other), PROCESS_ENDED);
    other = mine;
    strcpy(other.boot, "another boot");
    assert_int_equal(process_look(&other), PROCESS_UNSEEN);
    other = mine;
    strcpy(other.namespace, "pid:[1]");
    assert_int_equal(process_look(&other), PROCESS_UNSEEN);
    assert_int_equal(process_look(&(process_id){0}), PROCESS_UNSEEN);
    run_state_end(OK);

    pid_t child = fork();
    if (child == 0) {
        run_state_begin(fake_folder, 1, 1, 1, false);
        _exit(0);
    }
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    process_id gone = read_back().launcher;
    assert_int_equal(gone.pid, child);
    assert_int_equal(process_look(&gone), PROCESS_ENDED); /* a zombie runs nothing */
    waitpid(child, NULL, 0);
    assert_int_equal(process_look(&gone), PROCESS_ENDED);
}

/* ---- hostile bytes ----------------------------------------------------------------------------------------------- */

static void files_that_are_none_are_refused(void **state)
{
    static const char *const TEXTS[] = {"",
                                        "{",
                                        "[]",
                                        "3",
                                        "null",
                                        "{\"state\": \"running\", \"state\": \"done\"}",
                                        "{\"state\": \"\\ud800\"}",
                                        "\xff\xfe{}",
                                        "{\"a\": 1e999}"};
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        run_state s = {.place = 42};
        submitted jobs = {.count = 42};
        put_text("state.json", TEXTS[i]);
        put_text("submitted.json", TEXTS[i]);
        assert_int_equal(run_state_read(fake_folder, &s), ERR_INPUT);
        assert_non_null(strstr(fail_message(), "state.json"));
        fail_clear();
        assert_int_equal(submitted_read(fake_folder, &jobs), ERR_INPUT);
        fail_clear();
        assert_true(s.place == 42 && jobs.count == 42); /* left alone */
    }
    char *large = calloc(1, 3 << 20);
    assert_non_null(large);
    memset(large, ' ', 3 << 20);
    put("state.json", large, 3 << 20);
    run_state s;
    assert_int_equal(run_state_read(fake_folder, &s), ERR_INPUT);
    fail_clear();
    free(large);
    assert_int_equal(run_state_read("/nowhere", &s), ERR_MISSING);
    fail_clear();
}

static void wrong_fields_are_as_if_they_were_not_there(void **state)
{
    static const char TEXT[] =
        "{\"state\": \"runn\", \"step\": \"../../etc\", \"place\": -1, \"steps\": 1e3, \"ranks\": 99999999999999999999,"
        " \"nodes\": \"2\", \"restarts\": true, \"begun\": \"yesterday\", \"updated\": \"2026-02-30T00:00:00Zx\","
        " \"job\": \"1; rm -rf /\", \"launcher\": [1], \"error\": {\"code\": 256, \"rank\": -7, \"message\": {},"
        " \"log\": 4}}";
    (void)state;
    /* the number that is too large for JSON's integers makes the file none; without it */
    put_text("state.json", TEXT);
    run_state s;
    if (run_state_read(fake_folder, &s) == OK) fail_msg("a number of 20 digits was read");
    fail_clear();
    char *text = strdup(TEXT), *long_number = strstr(text, "99999999999999999999");
    memset(long_number, ' ', 12);
    put_text("state.json", text);
    free(text);
    s = read_back();
    assert_true(s.phase == RUN_UNKNOWN && !s.step[0] && s.place == 0 && s.steps == 0 && s.ranks == 1 && s.nodes == 1);
    assert_true(s.restarts == 0 && s.begun == 0 && s.updated == 0 && !s.job[0] && s.launcher.pid == 0);
    assert_true(s.error.code == 0 && s.error.rank == -1 && !s.error.message[0] && !s.error.log[0]);
}

static void text_is_cut_and_made_printable(void **state)
{
    char text[9000], step[200];
    (void)state;
    memset(step, 's', sizeof step);
    step[199] = '\0';
    snprintf(text, sizeof text, "{\"state\": \"failed\", \"step\": \"%s\", \"error\": {\"code\": 1, \"message\": \"%s",
             step, "\\u001b]0;title\\u0007 \\u009b2J \\u0000 \xc3\xa9\\n");
    size_t length = strlen(text);
    for (int i = 0; i < 2000; i++) length += (size_t)sprintf(text + length, "\xc3\xa9");
    sprintf(text + length, "\"}}");
    put_text("state.json", text);
    run_state s;
    status st = run_state_read(fake_folder, &s); /* NUL in a string is no JSON here */
    assert_int_equal(st, ERR_INPUT);
    fail_clear();
    char *nul = strstr(text, "\\u0000");
    memcpy(nul, "      ", 6);
    put_text("state.json", text);
    s = read_back();
    assert_int_equal(strlen(s.step), sizeof s.step - 1);
    assert_string_equal(s.step + sizeof s.step - 5, "s...");
    assert_true(!strncmp(s.error.message, "?]0;title? ??2J", 15));
    assert_null(strchr(s.error.message, '\033'));
    assert_non_null(strstr(s.error.message, "\xc3\xa9\n\xc3\xa9"));
    size_t end = strlen(s.error.message);
    assert_true(end < sizeof s.error.message);
    assert_string_equal(s.error.message + end - 3, "...");
    assert_int_equal((unsigned char)s.error.message[end - 4], 0xa9); /* a whole character before it */
}

static void noise_is_survived(void **state)
{
    unsigned char bytes[400];
    unsigned seed = 7;
    (void)state;
    for (int round = 0; round < 300; round++) {
        static const char VALID[] =
            "{\"state\": \"running\", \"step\": \"a\", \"launcher\": {\"pid\": 5, \"host\": \"h\"},"
            " \"jobs\": [{\"id\": \"5\"}], \"done\": 1, \"total\": 2}";
        size_t length = sizeof VALID - 1;
        memcpy(bytes, VALID, length);
        for (int flips = 0; flips < 3; flips++) {
            seed = seed * 1103515245u + 12345u;
            bytes[seed / 65536u % length] = (unsigned char)(seed >> 8);
        }
        put("state.json", bytes, length);
        put("submitted.json", bytes, length);
        put("steps/a/progress.json", bytes, length);
        run_state s;
        submitted jobs = {0};
        run_progress p;
        (void)run_state_read(fake_folder, &s);
        if (submitted_read(fake_folder, &jobs) == OK) assert_int_equal(jobs.count, 1);
        submitted_free(&jobs);
        (void)run_progress_read(fake_folder, "a", &p);
        fail_clear();
    }
}

/* ---- progress and jobs ------------------------------------------------------------------------------------------- */

static void progress_is_read(void **state)
{
    run_progress p;
    (void)state;
    put_text("steps/student.1/progress.json",
             "{\"done\": 12, \"total\": 50, \"unit\": \"steps\", \"epoch\": 1, \"loss\": null, \"samples_per_s\": 3.5,"
             " \"seconds_left\": 9, \"metric\": \"\", \"best_metric\": null, \"updated\": \"2026-11-26T01:43:59Z\"}");
    assert_ok(run_progress_read(fake_folder, "student.1", &p));
    assert_true(p.done == 12 && p.total == 50 && p.epoch == 1 && isnan(p.loss) && isnan(p.best_metric));
    assert_true(p.samples_per_s == 3.5 && p.seconds_left == 9 && p.updated == 1795657439);
    put_text("steps/student.1/progress.json", "{\"done\": 12, \"total\": 0}"); /* a stream without a known end */
    assert_ok(run_progress_read(fake_folder, "student.1", &p));
    assert_true(p.done == 12 && p.total == 0 && isnan(p.seconds_left));
    put_text("steps/student.1/progress.json", "{\"done\": 12, \"total\": -1}");
    assert_int_equal(run_progress_read(fake_folder, "student.1", &p), ERR_INPUT);
    fail_clear();
    assert_int_equal(run_progress_read(fake_folder, "student.2", &p), ERR_MISSING);
    fail_clear();
}

static void jobs_are_written_and_read_back(void **state)
{
    submitted_job list[2] = {{"123", "magister \"x\"", "teacher"}, {"124_7", "b\xff", ""}};
    submitted jobs = {"alps", 0, list, 2}, back = {0};
    (void)state;
    time_t before = time(NULL);
    assert_ok(submitted_write(fake_folder, &jobs));
    assert_ok(submitted_read(fake_folder, &back));
    assert_int_equal(back.count, 2);
    assert_string_equal(back.cluster, "alps");
    assert_true(back.when >= before);
    assert_string_equal(back.at[0].name, "magister \"x\"");
    assert_string_equal(back.at[0].steps, "teacher");
    assert_string_equal(back.at[1].id, "124_7");
    assert_string_equal(back.at[1].name, "b?");
    submitted_free(&back);
    submitted_free(&back);
    strcpy(list[1].id, "-1");
    assert_int_equal(submitted_write(fake_folder, &jobs), ERR_USAGE);
    fail_clear();
}

static void jobs_that_are_none_are_refused(void **state)
{
    static const char *const TEXTS[] = {"{}",
                                        "{\"jobs\": []}",
                                        "{\"jobs\": {\"id\": \"1\"}}",
                                        "{\"jobs\": [\"1\"]}",
                                        "{\"jobs\": [{\"id\": 1}]}",
                                        "{\"jobs\": [{\"id\": \"1\"}, {\"id\": \"--all\"}]}"};
    (void)state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        submitted jobs = {0};
        put_text("submitted.json", TEXTS[i]);
        if (submitted_read(fake_folder, &jobs) != ERR_INPUT) fail_msg("%s was read", TEXTS[i]);
        assert_non_null(strstr(fail_message(), "submitted.json"));
        fail_clear();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_launcher_tells_what_it_does),
        cmocka_unit_test(without_a_run_nothing_is_written),
        cmocka_unit_test(a_state_that_cannot_be_written_stops_nothing),
        cmocka_unit_test(a_thread_gives_signs_of_life),
        cmocka_unit_test(processes_are_told_apart),
        cmocka_unit_test(files_that_are_none_are_refused),
        cmocka_unit_test(wrong_fields_are_as_if_they_were_not_there),
        cmocka_unit_test(text_is_cut_and_made_printable),
        cmocka_unit_test(noise_is_survived),
        cmocka_unit_test(progress_is_read),
        cmocka_unit_test(jobs_are_written_and_read_back),
        cmocka_unit_test(jobs_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, fake_begin, fake_end);
}
