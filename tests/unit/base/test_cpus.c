/* CPUs of ranks: disjoint, whole cores first. */
#include "base/cpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void ranks_get_disjoint_cpus(void **state)
{
    (void)state;
    const cpu_list cpus = {{0, 2, 4, 1, 3}, 5, 3};
    assert_int_equal(*cpus_of_rank(&cpus, 0, 2, 1), 0);
    assert_int_equal(*cpus_of_rank(&cpus, 1, 2, 1), 2);
    const int *pair = cpus_of_rank(&cpus, 1, 2, 2);
    assert_int_equal(pair[0], 4);
    assert_int_equal(pair[1], 1);
    assert_int_equal(*cpus_of_rank(&cpus, 4, 5, 1), 3);
}

static void too_few_cpus_are_shared(void **state)
{
    (void)state;
    const cpu_list cpus = {{0, 2, 4, 1, 3}, 5, 3};
    assert_null(cpus_of_rank(&cpus, 0, 3, 2));
    assert_null(cpus_of_rank(&cpus, 0, 6, 1));
    assert_null(cpus_of_rank(&cpus, 0, 1, 6));
    assert_null(cpus_of_rank(&cpus, 2, 2, 1));
    assert_null(cpus_of_rank(&cpus, 0, 1, 0));
}

static void this_machine_has_some(void **state)
{
    (void)state;
    cpu_list mine;
    assert_int_equal(cpus_usable(&mine), OK);
    assert_true(mine.count >= 1 && mine.whole >= 1 && mine.whole <= mine.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_get_disjoint_cpus),
        cmocka_unit_test(too_few_cpus_are_shared),
        cmocka_unit_test(this_machine_has_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
