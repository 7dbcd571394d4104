/* magister store similar, as it is typed. */
#include "launcher/commands.h"

#include "base/file.h"
#include "tests/unit/distill/sample_store.h"

#include <fcntl.h>

/* Runs the command; what it prints is in `out` (size). */
static status run(const char *const *given, char *out, size_t size)
{
    char *argv[8] = {(char *)(uintptr_t) "magister store"}, *text = NULL;
    int argc = 1, old = dup(STDOUT_FILENO);
    const char *path = sample_path("output");
    size_t count = 0;
    for (; given[argc - 1]; argc++) argv[argc] = strdup(given[argc - 1]);
    char *own[8];
    memcpy(own, argv, sizeof own); /* the command sorts argv anew */
    fflush(stdout);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(old >= 0 && to >= 0 && dup2(to, STDOUT_FILENO) >= 0);
    status st = command_store(argc, argv);
    fflush(stdout);
    dup2(old, STDOUT_FILENO);
    close(old);
    close(to);
    assert_int_equal(file_read(path, size - 1, &text, &count), OK);
    snprintf(out, size, "%s", text);
    free(text);
    unlink(path);
    for (int i = 1; i < argc; i++) free(own[i]);
    return st;
}

static void similar_events_are_told(void **state)
{
    (void)state;
    char path[256];
    set_info info = {.name = "events", .role = "events", .features = FEATURES_F32, .feature_width = 2};
    const float features[3][2] = {{1, 0}, {0, 2}, {3, 3}};
    char address[300], out[4096], uid[16];
    int64_t set;
    store *s = NULL;
    snprintf(path, sizeof path, "%s", sample_path("told"));
    remove_store(path);
    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_begin_set(s, &info, &set));
    for (int i = 0; i < 3; i++) {
        snprintf(uid, sizeof uid, "a#0#%d", i);
        assert_ok(store_put_event(s, set, uid, "a", i, i + 1, features[i]));
    }
    assert_ok(store_commit(s));
    store_close(&s);
    snprintf(address, sizeof address, "%s:events", path);

    assert_ok(run((const char *[]){"similar", address, "--event", "a#0#0", "-k", "1", NULL}, out, sizeof out));
    assert_non_null(strstr(out, "  1.0000  a#0#0"));
    assert_non_null(strstr(out, "  0.7071  a#0#2                                  2.00       3.00  a"));
    assert_null(strstr(out, "a#0#1"));
    assert_ok(run((const char *[]){"similar", address, "--event", "a#0#0", "--json", NULL}, out, sizeof out));
    assert_non_null(strstr(out, "\"similarity\": 0.7071067812"));
    assert_ok(run((const char *[]){"list", path, NULL}, out, sizeof out));
    assert_non_null(
        strstr(out, "events                        0  events            3        0  -          float32 x 2 "));
    assert_fails(ERR_USAGE, "there is no set in", run((const char *[]){"similar", path, NULL}, out, sizeof out));
    assert_fails(ERR_USAGE, "Say --event UID", run((const char *[]){"similar", address, NULL}, out, sizeof out));
    assert_fails(ERR_USAGE, "did you mean similar?", run((const char *[]){"similr", address, NULL}, out, sizeof out));
    remove_store(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(similar_events_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
