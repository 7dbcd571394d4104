/* Checks that answer, die, say too much and never come back. */
#include "launcher/doctor.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static findings found;

static int forget(void **state)
{
    (void)state;
    findings_free(&found);
    return 0;
}

static void answers(const doctor_task *task, findings *to)
{
    finding_ok(to, "first", "%zu ranks", task->ranks);
    finding_fail(to, "second", ERR_CREATE, "do", "is wrong");
}

static void answers_of_machine(const machine_use *use, findings *to)
{
    finding_ok(to, "machine", "%s", use->out);
}

static void dies(const doctor_task *task, findings *to)
{
    (void)task;
    finding_ok(to, "dies", "never heard");
    raise(SIGKILL);
}

static void says_nothing(const doctor_task *task, findings *to)
{
    (void)task, (void)to;
}

static int sleeper[2]; /* a pipe that ends when nobody sleeps any more */

/* With a child in a group of its own, as mpirun and srun leave them. */
static void never_ends(const doctor_task *task, findings *to)
{
    (void)task, (void)to;
    close(sleeper[0]);
    if (fork() == 0) setpgid(0, 0);
    for (;;) pause();
}

static void says_too_much(const doctor_task *task, findings *to)
{
    (void)task;
    for (int i = 0; i < 4000; i++) finding_ok(to, "much", "%d %0500d", i, i);
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static const doctor_task TASK = {.use = {.out = "/here", .device = "auto", .ranks = 1, .threads = 1, .nodes = 1},
                                 .ranks = 3};

static void in_their_order(void **state)
{
    static const doctor_check CHECKS[] = {
        {"a", 60, answers, NULL, ERR_IO, "late", ""},
        {"b", 60, says_nothing, NULL, ERR_IO, "late", ""},
        {"c", 60, NULL, answers_of_machine, ERR_IO, "late", ""},
    };
    (void)state;
    doctor_run(CHECKS, 3, &TASK, &found);
    assert_int_equal(found.count, 3);
    assert_string_equal(found.at[0].found, "3 ranks");
    assert_string_equal(found.at[1].advice, "do");
    assert_int_equal(found.at[1].code, ERR_CREATE);
    assert_string_equal(found.at[2].found, "/here");
}

static void one_that_dies(void **state)
{
    static const doctor_check CHECKS[] = {
        {"a", 60, dies, NULL, ERR_IO, "late", ""},
        {"b", 60, answers, NULL, ERR_IO, "late", ""},
    };
    (void)state;
    doctor_run(CHECKS, 2, &TASK, &found);
    assert_int_equal(found.count, 3);
    assert_string_equal(found.at[0].topic, "a");
    assert_string_equal(found.at[0].found, "this check died");
    assert_string_equal(found.at[1].found, "3 ranks");
}

static void ones_that_never_end(void **state)
{
    static const doctor_check CHECKS[] = {
        {"a", 6, never_ends, NULL, ERR_IO, "did not answer", "wait"},
        {"b", 6, never_ends, NULL, ERR_RANK, "did not answer either", ""},
        {"c", 60, answers, NULL, ERR_IO, "late", ""},
    };
    char byte;
    (void)state;
    assert_int_equal(pipe(sleeper), 0);
    double begun = now_seconds();
    doctor_run(CHECKS, 3, &TASK, &found);
    assert_true(now_seconds() - begun < 11); /* together, and on a busy machine */
    assert_int_equal(found.count, 4);
    assert_string_equal(found.at[0].found, "did not answer");
    assert_string_equal(found.at[0].advice, "wait");
    assert_int_equal(found.at[0].code, ERR_IO);
    assert_int_equal(found.at[1].code, ERR_RANK);
    assert_string_equal(found.at[2].found, "3 ranks");
    close(sleeper[1]);
    alarm(60);
    assert_int_equal(read(sleeper[0], &byte, 1), 0); /* all sleepers have ended, those in groups of their own too */
    alarm(0);
    close(sleeper[0]);
}

/* What a check that is gone has said is bounded. */
static void one_that_says_too_much(void **state)
{
    static const doctor_check CHECKS[] = {{"a", 5, says_too_much, NULL, ERR_IO, "late", ""}};
    (void)state;
    doctor_run(CHECKS, 1, &TASK, &found);
    assert_true(found.count > 100 && found.count < 4000);
    assert_string_equal(found.at[found.count - 1].found, "this check died");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(in_their_order, forget),
        cmocka_unit_test_teardown(one_that_dies, forget),
        cmocka_unit_test_teardown(ones_that_never_end, forget),
        cmocka_unit_test_teardown(one_that_says_too_much, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
