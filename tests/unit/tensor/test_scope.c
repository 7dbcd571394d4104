/* Who owns a tensor: nested scopes, promotion, keeping, threads. */
#include "fixture.h"

#include <pthread.h>

static tensor *some(void)
{
    return t_zeros(T_F32, SHAPE(2, 3));
}

static void closing_frees_what_the_scope_owns(void **state)
{
    (void)state;
    size_t before = t_live_count();
    scope *sc = scope_open();
    t_add(some(), some());
    assert_int_equal(t_live_count(), before + 3);
    scope_close(&sc);
    assert_null(sc);
    assert_int_equal(t_live_count(), before);
    scope_close(&sc);
    scope_close(NULL);
}

static void inner_scopes_own_their_own(void **state)
{
    (void)state;
    tensor *outer = some();
    for (int i = 0; i < 100; i++) {
        scope *sc = scope_open();
        t_add(outer, some());
        scope_close(&sc);
    }
    assert_int_equal(t_live_count(), 1);
    ASSERT_OK(t_check(outer));
}

static void promotion_moves_one_scope_out(void **state)
{
    (void)state;
    scope *outer = scope_open(), *inner = scope_open();
    tensor *first = some(), *x = some(), *last = some();
    (void)first, (void)last;
    assert_ptr_equal(scope_promote(inner, x), x);
    scope_close(&inner);
    assert_int_equal(t_live_count(), 1);
    assert_int_equal(t_count(x), 6);
    scope_close(&outer);
    assert_int_equal(t_live_count(), 0);
}

static void promotion_of_what_is_further_out_changes_nothing(void **state)
{
    tensor *x = some();
    scope *inner = scope_open();
    assert_ptr_equal(scope_promote(inner, x), x);
    scope_close(&inner);
    assert_int_equal(t_live_count(), 1);
    assert_null(scope_promote(*state, x)); /* nothing is outside */
    assert_int_equal(t_check(x), ERR_INTERNAL);
}

static void kept_tensors_outlive_every_scope(void **state)
{
    (void)state;
    scope *sc = scope_open();
    tensor *x = t_keep(some());
    assert_ptr_equal(t_keep(x), x);
    scope_close(&sc);
    assert_int_equal(t_count(x), 6);
    t_free(&x);
    assert_null(x);
    t_free(&x);
    t_free(NULL);
    assert_int_equal(t_live_count(), 0);
}

static void freeing_what_a_scope_owns_is_safe(void **state)
{
    (void)state;
    tensor *x = some(), *y = some();
    t_free(&x);
    assert_int_equal(t_live_count(), 1);
    ASSERT_OK(t_check(y));
}

static void closing_an_outer_scope_closes_those_inside(void **state)
{
    (void)state;
    scope *outer = scope_open(), *inner = scope_open();
    some();
    scope_close(&outer);
    assert_int_equal(t_live_count(), 0);
    scope_close(&inner); /* is closed already: nothing happens */
    some();
    assert_int_equal(t_live_count(), 1);
}

static void without_a_scope_operations_fail(void **state)
{
    scope *sc = *state;
    scope_close(&sc);
    assert_null(some());
    assert_int_equal(t_check(NULL), ERR_INTERNAL);
    assert_non_null(strstr(fail_message(), "t_zeros"));
    assert_non_null(strstr(fail_message(), "scope"));
    *state = scope_open();
}

static void *work(void *argument)
{
    tensor *shared = argument;
    status st = OK;
    if (t_add(shared, shared)) return "a scope of another thread was used";
    if (t_check(NULL) == OK) return "no failure without a scope";
    fail_clear();
    for (int i = 0; i < 200 && st == OK; i++) {
        float sum = 0;
        scope *sc = scope_open();
        st = t_item_f32(t_sum_all(t_add(shared, t_full(T_F32, SHAPE(2, 3), i))), &sum);
        scope_close(&sc);
        if (sum != (float)(6 * i)) return "a wrong sum";
    }
    return st == OK ? NULL : "an operation failed";
}

static void threads_have_scopes_and_failures_of_their_own(void **state)
{
    (void)state;
    pthread_t threads[4];
    tensor *shared = some();
    for (size_t i = 0; i < COUNT(threads); i++) assert_int_equal(pthread_create(&threads[i], NULL, work, shared), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        if (wrong) fail_msg("%s", (const char *)wrong);
    }
    ASSERT_OK(t_check(shared));
    assert_int_equal(t_live_count(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCOPE(closing_frees_what_the_scope_owns),
        IN_SCOPE(inner_scopes_own_their_own),
        IN_SCOPE(promotion_moves_one_scope_out),
        IN_SCOPE(promotion_of_what_is_further_out_changes_nothing),
        IN_SCOPE(kept_tensors_outlive_every_scope),
        IN_SCOPE(freeing_what_a_scope_owns_is_safe),
        IN_SCOPE(closing_an_outer_scope_closes_those_inside),
        IN_SCOPE(without_a_scope_operations_fail),
        IN_SCOPE(threads_have_scopes_and_failures_of_their_own),
    };
    return cmocka_run_group_tests(tests, start_tensors, NULL);
}
