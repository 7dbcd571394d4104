/* fixture - what the tests of the tensor room share: a start, and a check that nothing is left alive. */
#ifndef MAGISTER_TESTS_TENSOR_FIXTURE_H
#define MAGISTER_TESTS_TENSOR_FIXTURE_H

#include "base/file.h"
#include "tensor/optim.h"
#include "tests/device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof *(ARRAY))
#define ASSERT_OK(CALL)                                                                                                \
    do {                                                                                                               \
        if ((CALL) != OK) fail_msg("%s: %s", #CALL, fail_message());                                                   \
    } while (0)

/* On the CPU, unless MAGISTER_TEST_DEVICE says otherwise. */
static inline int start_tensors(void **state)
{
    (void)state;
    return test_device_start();
}

/* Before each test: a scope around it, and no failure from another. */
static inline int open_scope(void **state)
{
    fail_clear();
    *state = scope_open();
    return *state ? 0 : -1;
}

static inline int close_scope(void **state)
{
    scope *sc = *state;
    scope_close(&sc);
    if (t_check(NULL) != ERR_INTERNAL) return -1; /* takes a failure that a test left behind */
    fail_clear();
    if (t_live_count()) print_error("%zu tensors are left\n", t_live_count());
    return t_live_count() ? -1 : 0;
}

#define IN_SCOPE(TEST) cmocka_unit_test_setup_teardown(TEST, open_scope, close_scope)

/* Element i of x in row-major order. */
static inline double element(tensor *x, int64_t i)
{
    double value = NAN;
    ASSERT_OK(t_item_f64(t_select(t_reshape(x, SHAPE(-1)), 0, i), &value));
    return value;
}

/* Whether a and b hold the same bytes. */
static inline bool same_bytes(tensor *a, tensor *b)
{
    static const size_t bytes_of[] = {
        [T_F32] = 4, [T_F64] = 8, [T_F16] = 2, [T_BF16] = 2, [T_I32] = 4, [T_I64] = 8, [T_U8] = 1, [T_BOOL] = 1};
    if (t_type_of(a) != t_type_of(b) || t_count(a) != t_count(b)) return false;
    size_t bytes = (size_t)t_count(a) * bytes_of[t_type_of(a)];
    char *x = malloc(bytes + 1), *y = malloc(bytes + 1);
    ASSERT_OK(t_to_bytes(a, x, bytes));
    ASSERT_OK(t_to_bytes(b, y, bytes));
    bool same = !memcmp(x, y, bytes);
    free(x);
    free(y);
    return same;
}

#endif
