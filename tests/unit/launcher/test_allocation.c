/* Ranks of a run in a Slurm job. */
#include "launcher/allocation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Ranks of a run in a job of `tasks` tasks that asks for `asked` ranks and `overlap` teachers; 0: refused as `words`.
 */
static void assert_ranks(size_t tasks, size_t asked, int overlap, size_t expected, const char *words)
{
    const allocation a = {.inside = true, .job = "7", .nodes = 1, .tasks = tasks};
    recipe *r = NULL;
    size_t ranks = 0;
    char text[48], *overrides[] = {"stages=[generate, teacher, predict, student]", text};
    snprintf(text, sizeof text, "launch.overlap=%d", overlap);
    assert_int_equal(recipe_read(NULL, overrides, 2, &r), OK);
    assert_int_equal(allocation_ranks(&a, r, asked, &ranks), expected ? OK : ERR_CONFIG);
    assert_int_equal(ranks, expected);
    if (!expected) assert_non_null(strstr(fail_message(), words));
    fail_clear();
    recipe_free(&r);
}

static void teachers_are_taken_from_the_tasks_of_a_job(void **state)
{
    (void)state;
    assert_ranks(4, 0, 0, 4, "");
    assert_ranks(4, 0, 1, 3, "");
    assert_ranks(4, 2, 2, 2, "");
    assert_ranks(4, 0, 4, 0, "launch.overlap wants 4 ranks beside at least 1, and job 7 has room for 4");
    assert_ranks(4, 4, 1, 0, "ask Slurm for as many tasks (-n 5)");
    assert_ranks(4, 5, 0, 0, "--ranks 5");
}

static recipe *recipe_with(char *word)
{
    recipe *r = NULL;
    char stages[] = "stages=[generate]";
    assert_int_equal(recipe_read(NULL, (char *const[]){stages, word}, 2, &r), OK);
    return r;
}

static void in_job(const char *nodes, const char *tasks)
{
    static const char *const OTHERS[] = {"SLURM_STEP_ID",       "SLURM_STEP_NUM_TASKS",  "SLURM_ARRAY_JOB_ID",
                                         "SLURM_ARRAY_TASK_ID", "SLURM_NTASKS_PER_NODE", "SLURM_CPUS_PER_TASK"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) unsetenv(OTHERS[i]);
    setenv("SLURM_JOB_ID", "12", 1);
    setenv("SLURM_JOB_NUM_NODES", nodes, 1);
    if (tasks) setenv("SLURM_NTASKS", tasks, 1);
    else unsetenv("SLURM_NTASKS");
}

static void ranks_are_those_of_the_job(void **state)
{
    (void)state;
    char slurm[] = "launch.slurm={nodes: 2, ranks_per_node: 4}", nothing[] = "name=silent";
    allocation a;
    size_t ranks;
    recipe *said = recipe_with(slurm), *silent = recipe_with(nothing);
    in_job("2", "8");
    assert_int_equal(allocation_read(&a), OK);
    assert_true(a.inside);
    assert_int_equal(allocation_ranks(&a, said, 0, &ranks), OK);
    assert_int_equal(ranks, 8);
    assert_int_equal(allocation_node_ranks(&a, ranks), 4);
    assert_int_equal(allocation_ranks(&a, said, 3, &ranks), OK);
    assert_int_equal(ranks, 3);
    assert_int_equal(allocation_ranks(&a, said, 9, &ranks), ERR_CONFIG);
    fail_clear();
    in_job("1", "1");
    assert_int_equal(allocation_read(&a), OK);
    assert_int_equal(allocation_ranks(&a, said, 0, &ranks), ERR_CONFIG); /* never a world of one unnoticed */
    fail_clear();
    assert_int_equal(allocation_ranks(&a, silent, 0, &ranks), OK);
    assert_int_equal(ranks, 1);
    in_job("2", NULL);
    assert_int_equal(allocation_read(&a), OK);
    assert_int_equal(allocation_ranks(&a, said, 0, &ranks), OK);
    assert_int_equal(ranks, 8);
    recipe_free(&said);
    recipe_free(&silent);
}

static void strange_jobs_are_refused(void **state)
{
    (void)state;
    allocation a;
    in_job("2", "8");
    setenv("SLURM_STEP_ID", "0", 1);
    setenv("SLURM_STEP_NUM_TASKS", "8", 1);
    assert_int_equal(allocation_read(&a), ERR_USAGE);
    fail_clear();
    in_job("two", "8");
    assert_int_equal(allocation_read(&a), ERR_INPUT);
    fail_clear();
    in_job("2", "99999999999999999999");
    assert_int_equal(allocation_read(&a), ERR_INPUT);
    fail_clear();
    in_job("1", "1");
    setenv("SLURM_ARRAY_JOB_ID", "40", 1);
    setenv("SLURM_ARRAY_TASK_ID", "3", 1);
    assert_int_equal(allocation_read(&a), OK);
    assert_string_equal(a.job, "40_3");
    unsetenv("SLURM_JOB_ID");
    assert_int_equal(allocation_read(&a), OK);
    assert_false(a.inside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(teachers_are_taken_from_the_tasks_of_a_job),
                                       cmocka_unit_test(ranks_are_those_of_the_job),
                                       cmocka_unit_test(strange_jobs_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
