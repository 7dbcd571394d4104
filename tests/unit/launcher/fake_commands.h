/* fake_commands - scripts that stand in for other programs: they lie in a folder that comes first in PATH, which they
 * know as $HERE.
 */
#ifndef MAGISTER_TESTS_FAKE_COMMANDS_H
#define MAGISTER_TESTS_FAKE_COMMANDS_H

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#ifndef assert_ok
#define assert_ok(call)                                                                                                \
    do {                                                                                                               \
        fail_clear();                                                                                                  \
        if ((call) != OK) fail_msg("%s: %s", #call, fail_message());                                                   \
    } while (0)
#endif

static char fake_folder[] = "/tmp/magister-fake-XXXXXX";

static inline int fake_begin(void **state)
{
    char path[4096];
    const char *before = getenv("PATH");
    (void)state;
    if (!mkdtemp(fake_folder)) return -1;
    snprintf(path, sizeof path, "%s:%s", fake_folder, before ? before : "/usr/bin:/bin");
    setenv("HERE", fake_folder, 1);
    return setenv("PATH", path, 1);
}

static inline int fake_end(void **state)
{
    (void)state;
    return directory_remove(fake_folder) == OK ? 0 : -1;
}

static inline void fake_command(const char *name, const char *script)
{
    char text[4096], *path = path_join(fake_folder, name);
    assert_non_null(path);
    int length = snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
    assert_true(length > 0 && (size_t)length < sizeof text);
    assert_ok(file_write(path, text, (size_t)length));
    assert_int_equal(chmod(path, 0755), 0);
    free(path);
}

/* Whether a script has left a file of that name in $HERE. */
static inline bool fake_left(const char *name)
{
    char *path = path_join(fake_folder, name);
    assert_non_null(path);
    bool there = file_exists(path);
    free(path);
    return there;
}

/* The number in that file; -1 without. */
static inline long fake_number(const char *name)
{
    char *path = path_join(fake_folder, name), *text = NULL;
    size_t count;
    long number = -1;
    assert_non_null(path);
    if (file_read(path, 100, &text, &count) == OK) number = strtol(text, NULL, 10);
    fail_clear();
    free(text);
    free(path);
    return number;
}

#endif
