/* Slurm's commands through scripts of the same names: answers of all kinds, none, late ones, too long ones. */
#include "launcher/slurm.h"
#include "tests/unit/launcher/fake_commands.h"

#include <signal.h>

static status ask(const char *id, slurm_jobs *out)
{
    const char *const ids[] = {id};
    *out = (slurm_jobs){0};
    return slurm_jobs_ask(ids, 1, out);
}

static void expect_failure(status got, status wanted, const char *text)
{
    if (got != wanted || !strstr(fail_message(), text))
        fail_msg("status %d, not %d, message \"%s\", not \"%s\"", (int)got, (int)wanted, fail_message(), text);
    fail_clear();
}

/* ---- slurm_call -------------------------------------------------------------------------------------------------- */

static void an_answer_comes_back_whole(void **state)
{
    (void)state;
    char *output = NULL;
    const char *const argv[] = {"sbatch", "--parsable", "a b", "$(id)", "", NULL};
    fake_command("sbatch", "for w in \"$@\"; do echo \"<$w>\"; done; cat; echo told >&2");
    assert_ok(slurm_call(argv, 10, &output));
    assert_string_equal(output, "<--parsable>\n<a b>\n<$(id)>\n<>\n");
    free(output);
    output = NULL;
    fake_command("sbatch", "exit 0");
    assert_ok(slurm_call(argv, 10, &output));
    assert_string_equal(output, "");
    free(output);
}

static void a_command_that_fails_is_told_with_its_words(void **state)
{
    (void)state;
    char *output = NULL;
    const char *const argv[] = {"sbatch", NULL};
    fake_command("sbatch", "echo 7; echo 'sbatch: error: invalid partition specified: x' >&2; exit 1");
    expect_failure(slurm_call(argv, 10, &output), ERR_INPUT,
                   "sbatch ended with exit code 1: sbatch: error: invalid partition specified: x");
    fake_command("sbatch", "kill -9 $$");
    expect_failure(slurm_call(argv, 10, &output), ERR_INPUT, "sbatch was ended by signal 9");
    fake_command("sbatch", "head -c 100000 /dev/zero | tr '\\0' e >&2; exit 3");
    expect_failure(slurm_call(argv, 10, &output), ERR_INPUT, "exit code 3: eeee");
    const char *const nobody[] = {"no-such-command-of-slurm", NULL};
    expect_failure(slurm_call(nobody, 10, &output), ERR_MISSING, "there is no no-such-command-of-slurm in PATH");
    assert_null(output);
}

static void time_and_bytes_are_bounded(void **state)
{
    (void)state;
    char *output = NULL;
    const char *const argv[] = {"squeue", NULL};
    struct timespec begin, end;
    fake_command("squeue", "trap '' TERM; sleep 60 & echo $! >\"$HERE/sleeper\"; echo slow >&2; sleep 60");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    expect_failure(slurm_call(argv, 4, &output), ERR_IO, "squeue did not answer within 4 s: slow");
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true(end.tv_sec - begin.tv_sec < 20);
    long sleeper = fake_number("sleeper");
    assert_true(sleeper > 1);
    for (int i = 0; i < 1000 && kill((pid_t)sleeper, 0) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_int_equal(kill((pid_t)sleeper, 0), -1); /* what it started went along */

    fake_command("squeue", "exec >&- 2>&-; sleep 60"); /* says nothing more, and does not end */
    expect_failure(slurm_call(argv, 1, &output), ERR_IO, "did not answer within 1 s");
    fake_command("squeue", "head -c 5000000 /dev/zero");
    expect_failure(slurm_call(argv, 30, &output), ERR_IO, "longer than 4194304 bytes");
    assert_null(output);
}

static void a_handler_and_blocked_signals_do_not_reach_it(void **state)
{
    (void)state;
    char *output = NULL;
    sigset_t block, old;
    const char *const argv[] = {"squeue", NULL};
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &old);
    signal(SIGPIPE, SIG_IGN);
    fake_command("squeue", "kill -TERM $$; echo alive");
    expect_failure(slurm_call(argv, 10, &output), ERR_INPUT, "ended by signal 15");
    fake_command("squeue", "kill -PIPE $$; echo alive");
    expect_failure(slurm_call(argv, 10, &output), ERR_INPUT, "ended by signal 13");
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

static void jobs_are_read(void **state)
{
    (void)state;
    slurm_jobs jobs;
    const char *const ids[] = {"1", "3", "12_4"};
    setenv("SQUEUE_STATES", "RUNNING", 1);
    setenv("SLURM_TIME_FORMAT", "%s", 1);
    setenv("TZ", "UTC", 1);
    fake_command("squeue", "[ \"$SQUEUE_STATES$SLURM_TIME_FORMAT\" ] && exit 9\n"
                           "[ \"$*\" = '--noheader --states=all --jobs 1,3,12_4 --format %i|%T|%S|%N|%r' ] || exit 8\n"
                           "echo '1|RUNNING|2026-11-26T01:43:59|n[1-2]|None'\n"
                           "echo '3_[1-5%1]|PENDING|N/A||Dependency'\n"
                           "printf '12_4|FAILED|2026-11-26T01:43:59|n1|a | b\\033[2J, UnavailableNodes:n1'");
    assert_ok(slurm_jobs_ask(ids, 3, &jobs));
    assert_int_equal(jobs.count, 3);
    assert_string_equal(jobs.at[0].id, "1");
    assert_string_equal(jobs.at[0].state, "RUNNING");
    assert_string_equal(jobs.at[0].reason, "");
    assert_string_equal(jobs.at[0].nodes, "n[1-2]");
    assert_int_equal(jobs.at[0].start, 1795657439);
    assert_string_equal(jobs.at[1].id, "3_[1-5%1]");
    assert_string_equal(jobs.at[1].reason, "Dependency");
    assert_int_equal(jobs.at[1].start, 0);
    assert_string_equal(jobs.at[2].reason, "a | b?[2J, UnavailableNodes:n1");
    slurm_jobs_free(&jobs);
    unsetenv("SQUEUE_STATES");
    unsetenv("SLURM_TIME_FORMAT");
}

static void jobs_that_slurm_forgot_are_left_out(void **state)
{
    (void)state;
    slurm_jobs jobs;
    fake_command("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1");
    assert_ok(ask("7", &jobs));
    assert_int_equal(jobs.count, 0);
    assert_string_equal(fail_message(), "");
    fake_command("squeue", "exit 0");
    assert_ok(ask("7", &jobs));
    assert_int_equal(jobs.count, 0);
    fake_command("squeue", "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1");
    expect_failure(ask("7", &jobs), ERR_INPUT, "Unable to contact slurm controller");
}

static void answers_that_are_none_are_shown(void **state)
{
    static const char *const ANSWERS[] = {
        "1|RUNNING|2026-11-26T01:43:59|n1", /* a field too few */
        "1|running|N/A||None",
        "1||N/A||None",
        "|RUNNING|N/A||None",
        "x1|RUNNING|N/A||None",
        "-1|RUNNING|N/A||None",
        "11111111111|RUNNING|N/A||None",
        "1;rm|RUNNING|N/A||None",
        "1|RUNNINGRUNNINGRUNNINGRUNNINGRUNNING|N/A||None",
        "CLUSTER: other",
        "squeue: warning",
    };
    (void)state;
    for (size_t i = 0; i < sizeof ANSWERS / sizeof ANSWERS[0]; i++) {
        char script[200];
        slurm_jobs jobs;
        snprintf(script, sizeof script, "echo '2|RUNNING|N/A||None'; echo '%s'", ANSWERS[i]);
        fake_command("squeue", script);
        status st = ask("1", &jobs);
        if (st != ERR_INPUT || !strstr(fail_message(), ANSWERS[i]))
            fail_msg("%s: %d %s", ANSWERS[i], (int)st, fail_message());
        assert_null(jobs.at);
        fail_clear();
    }
}

static void long_fields_are_cut(void **state)
{
    (void)state;
    slurm_jobs jobs;
    fake_command("squeue",
                 "long=$(head -c 5000 /dev/zero | tr '\\0' n)\n"
                 "echo \"1_[1$(head -c 500 /dev/zero | tr '\\0' ',')]|RUNNING|2026-13-45T99:99:99|$long|$long\"");
    assert_ok(ask("1", &jobs));
    assert_int_equal(strlen(jobs.at[0].id), sizeof jobs.at[0].id - 1);
    assert_int_equal(strlen(jobs.at[0].nodes), sizeof jobs.at[0].nodes - 1);
    assert_int_equal(strlen(jobs.at[0].reason), sizeof jobs.at[0].reason - 1);
    assert_string_equal(jobs.at[0].nodes + sizeof jobs.at[0].nodes - 5, "n...");
    assert_int_equal(jobs.at[0].start, 0);
    slurm_jobs_free(&jobs);
}

static void ids_are_checked(void **state)
{
    static const char *const WRONG[] = {"",    "a",       "1a",  "-1",     "1,2",         "1_",           "_1",
                                        "1_a", "1_[2-3]", "1 2", "--help", "12345678901", "1_12345678901"};
    (void)state;
    slurm_jobs jobs;
    assert_true(slurm_is_id("1") && slurm_is_id("4294967295") && slurm_is_id("12_4"));
    fake_command("squeue", "touch \"$HERE/called\"");
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_false(slurm_is_id(WRONG[i]));
        expect_failure(ask(WRONG[i], &jobs), ERR_USAGE, "is no id of a Slurm job");
    }
    assert_ok(slurm_jobs_ask(NULL, 0, &jobs));
    assert_int_equal(jobs.count, 0);
    assert_false(fake_left("called"));
}

static void jobs_are_told_apart(void **state)
{
    static const struct {
        const char *shown, *id;
        bool is;
    } CASES[] = {{"12", "12", true},
                 {"12", "123", false},
                 {"123", "12", false},
                 {"12_4", "12", true},
                 {"12_4", "12_4", true},
                 {"12_45", "12_4", false},
                 {"12", "12_4", false},
                 {"12_[5-9]", "12", true},
                 {"12_[5-9]", "12_4", false},
                 {"12_[5-9]", "12_5", true},
                 {"12_[5-9]", "12_9", true},
                 {"12_[5-9]", "12_10", false},
                 {"12_[5-9%2]", "12_10", false},
                 {"12_[1,3,5-9%2]", "12_3", true},
                 {"12_[1,3,5-9%2]", "12_4", false},
                 {"12_[1,3,...]", "12_2", false},
                 {"12_[1,3,...]", "12_700", true}, /* perhaps */
                 {"12_[]", "12_1", false},
                 {"13_[5-9]", "12_5", false}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        if (slurm_is_job(CASES[i].shown, CASES[i].id) != CASES[i].is)
            fail_msg("%s and %s: not as expected", CASES[i].shown, CASES[i].id);
}

static void states_and_reasons_have_words(void **state)
{
    (void)state;
    assert_int_equal(slurm_phase_of(&(slurm_job){.state = "PENDING"}), SLURM_WAITS);
    assert_int_equal(slurm_phase_of(&(slurm_job){.state = "REQUEUE_HOLD"}), SLURM_WAITS);
    assert_int_equal(slurm_phase_of(&(slurm_job){.state = "RUNNING"}), SLURM_RUNS);
    assert_int_equal(slurm_phase_of(&(slurm_job){.state = "COMPLETING"}), SLURM_RUNS);
    assert_int_equal(slurm_phase_of(&(slurm_job){.state = "NODE_FAIL"}), SLURM_ENDED);
    assert_non_null(strstr(slurm_reason_text("Dependency"), "waits for a job it depends on"));
    assert_non_null(strstr(slurm_reason_text("DependencyNeverSatisfied"), "never starts"));
    assert_non_null(strstr(slurm_reason_text("QOSMaxJobsPerUserLimit"), "jobs of yours"));
    assert_non_null(strstr(slurm_reason_text("QOSGrpCpuLimit"), "quality of service"));
    assert_non_null(strstr(slurm_reason_text("ReqNodeNotAvail, UnavailableNodes:n1"), "down, drained or reserved"));
    assert_string_equal(slurm_reason_text("SomethingNew"), "");
    assert_string_equal(slurm_reason_text(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_told_apart),
        cmocka_unit_test(an_answer_comes_back_whole),
        cmocka_unit_test(a_command_that_fails_is_told_with_its_words),
        cmocka_unit_test(time_and_bytes_are_bounded),
        cmocka_unit_test(a_handler_and_blocked_signals_do_not_reach_it),
        cmocka_unit_test(jobs_are_read),
        cmocka_unit_test(jobs_that_slurm_forgot_are_left_out),
        cmocka_unit_test(answers_that_are_none_are_shown),
        cmocka_unit_test(long_fields_are_cut),
        cmocka_unit_test(ids_are_checked),
        cmocka_unit_test(states_and_reasons_have_words),
    };
    return cmocka_run_group_tests(tests, fake_begin, fake_end);
}
