/* Ranks of a run in a Slurm job. */
#include "launcher/allocation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(teachers_are_taken_from_the_tasks_of_a_job)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
