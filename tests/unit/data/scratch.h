/* scratch - files that a test writes and throws away, and the message that a failing call must give. */
#ifndef MAGISTER_TESTS_DATA_SCRATCH_H
#define MAGISTER_TESTS_DATA_SCRATCH_H

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char scratch_directory[64];

static inline int scratch_open(void **state)
{
    (void)state;
    strcpy(scratch_directory, "/tmp/magister-test-XXXXXX");
    return mkdtemp(scratch_directory) ? 0 : -1;
}

static inline int scratch_close(void **state)
{
    (void)state;
    return directory_remove(scratch_directory) == OK ? 0 : -1;
}

/* Path of a file called `name`, which need not be there; valid until the fourth call from here. */
static inline const char *scratch_path(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_directory, name);
    return path;
}

/* Path of a file called `name` that now holds `count` bytes; valid until the next call. */
static inline const char *scratch_bytes(const char *name, const void *bytes, size_t count)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", scratch_directory, name);
    unlink(path); /* some file systems write a truncated file to disk at once when it is closed */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *scratch_file(const char *name, const char *text)
{
    return scratch_bytes(name, text, strlen(text));
}

/* The call failed with `code` and its message has `part` in it. */
static inline void assert_failed(status got, status code, const char *part)
{
    if (got == OK) fail_msg("succeeded, where \"%s\" was expected", part);
    if (!strstr(fail_message(), part)) fail_msg("\"%s\" is not in: %s", part, fail_message());
    assert_int_equal(got, code);
    fail_clear();
}

static inline void assert_ok(status got)
{
    if (got != OK) fail_msg("%s", fail_message());
}

/* Path of a file of the shared data beside the repository; skips the test where it is not there. */
static inline const char *shared_file(const char *name)
{
    static char paths[4][256];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "../shared/data/%s", name);
    if (!file_exists(path)) {
        print_message("%s is not here\n", path);
        skip();
    }
    return path;
}

#endif
