/* The choice of the device. What there is on a machine decides which half of this can be seen there. */
#include "fixture.h"

static t_options on(const char *device, int index)
{
    return (t_options){.device = device, .device_index = index, .threads = 1, .deterministic = true};
}

static void an_unknown_device_is_a_wrong_recipe(void **state)
{
    (void)state;
    t_options options = on("tpu", 0);
    assert_int_equal(t_start(&options), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "'tpu'"));
    fail_clear();
}

static void a_gpu_that_is_not_there_is_told(void **state)
{
    (void)state;
    t_options options = on("cuda", 1000);
    assert_int_equal(t_start(&options), ERR_CONFIG);
    assert_non_null(strstr(fail_message(), "'cuda'"));
    fail_clear();
}

static void auto_takes_what_there_is(void **state)
{
    (void)state;
    t_options automatic = on("auto", 0), cuda = on("cuda", 0), cpu = on("cpu", 0);
    ASSERT_OK(t_start(&automatic));
    bool gpu = t_device_used() == T_CUDA;
    assert_int_equal(t_start(&cuda), gpu ? OK : ERR_CONFIG); /* the device stays what it is */
    fail_clear();
    assert_int_equal(t_start(&cpu), gpu ? ERR_CONFIG : OK);
    fail_clear();
    ASSERT_OK(t_start(&automatic));
}

static void the_library_says_what_it_is(void **state)
{
    (void)state;
    int major = 0, minor = 0;
    assert_int_equal(sscanf(t_library_version(), "%d.%d", &major, &minor), 2);
    assert_true(major >= 2);
    assert_true(strlen(t_cpu_capability()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_device_is_a_wrong_recipe),
        cmocka_unit_test(a_gpu_that_is_not_there_is_told),
        cmocka_unit_test(auto_takes_what_there_is),
        cmocka_unit_test(the_library_says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
