/* Which GPU a rank takes, and what ranks do who find that they have the same. Runs on 1 and on 3 ranks. */
#include "base/status.h"
#include "rank/gpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static comm *world;

static void a_rank_takes_its_own(void **state)
{
    (void)state;
    for (int r = 0; r < 4; r++) {
        assert_int_equal(gpu_for_rank(r, 4, false), r);
        assert_int_equal(gpu_for_rank(r, 4, true), r);
        assert_int_equal(gpu_for_rank(r, 1, false), 0); /* --gpus-per-task=1: each sees its own */
        assert_int_equal(gpu_for_rank(r, 2, true), r % 2);
        assert_int_equal(gpu_for_rank(r, 0, true), r); /* none: what device: auto leaves to the CPU */
    }
    assert_int_equal(gpu_for_rank(3, 2, false), 3); /* the start of tensors refuses it */
}

/* Rank r brings texts[r]; NULL in `complaint`: all is well. */
static void bring(const char *const *texts, bool shared, const char *complaint)
{
    status st = gpus_check(world, texts[comm_rank(world)], shared);
    if (comm_size(world) == 1) complaint = NULL;
    assert_int_equal(st, complaint ? ERR_CONFIG : OK);
    if (complaint) assert_non_null(strstr(fail_message(), complaint));
    fail_clear();
}

static void the_same_gpu_is_refused_unless_shared(void **state)
{
    (void)state;
    static const char *const own[] = {"a", "b", "c"}, *const none[] = {"", "", ""}, *const last[] = {"a", "b", "b"},
                             *const mixed[] = {"a", "b", ""};
    bring(own, false, NULL);
    bring(none, false, NULL);
    bring(last, true, NULL);
    bring(last, false, "ranks 1 and 2 (");
    bring(last, false, "launch.gpus: shared");
    bring(mixed, true, "uses a GPU and rank 2 (");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rank_takes_its_own),
        cmocka_unit_test(the_same_gpu_is_refused_unless_shared),
    };
    const char *ranks = getenv("OMPI_COMM_WORLD_SIZE");
    if (comm_open(ranks ? atoi(ranks) : 1, 20, &world) != OK) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    comm_close(&world);
    return failed;
}
