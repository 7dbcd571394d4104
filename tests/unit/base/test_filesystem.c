#include "base/filesystem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/vfs.h>

#include <cmocka.h>

static void memory_is_local(void **state)
{
    filesystem fs;
    struct statfs info;
    (void)state;
    if (statfs("/dev/shm", &info) || info.f_type != 0x01021994) skip();
    assert_int_equal(filesystem_of("/dev/shm", &fs), OK);
    assert_string_equal(fs.kind, "tmpfs");
    assert_true(fs.local);
    assert_true(fs.memory);
    assert_true(fs.bytes >= fs.bytes_free);
}

/* proc belongs to the kernel and is in no list: whatever is not known must not count as local. */
static void the_unknown_is_not_local(void **state)
{
    filesystem fs;
    (void)state;
    assert_int_equal(filesystem_of("/proc", &fs), OK);
    assert_string_equal(fs.kind, "type 0x9fa0");
    assert_false(fs.local);
    assert_false(fs.memory);
}

static void parents(void **state)
{
    filesystem fs, parent;
    (void)state;
    assert_int_equal(filesystem_of_parent("/proc/nothing", &parent), OK);
    assert_string_equal(parent.kind, "type 0x9fa0");
    assert_int_equal(filesystem_of("/", &fs), OK);
    assert_int_equal(filesystem_of_parent("/nothing", &parent), OK);
    assert_string_equal(parent.kind, fs.kind);
    assert_int_equal(filesystem_of(".", &fs), OK);
    assert_int_equal(filesystem_of_parent("nothing", &parent), OK);
    assert_string_equal(parent.kind, fs.kind);
}

static void what_is_not_there(void **state)
{
    filesystem fs;
    (void)state;
    assert_int_equal(filesystem_of("/nothing/here", &fs), ERR_MISSING);
    assert_non_null(strstr(fail_message(), "/nothing/here"));
    fail_clear();
    assert_int_equal(filesystem_of_parent("/nothing/here", &fs), ERR_MISSING);
    fail_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_local),
        cmocka_unit_test(the_unknown_is_not_local),
        cmocka_unit_test(parents),
        cmocka_unit_test(what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
