/* Many files checked by processes of their own: those that crash, hang, leave or cannot be had lose no file, and any
 * number of them comes to the same verdicts. The argument says how many mutated copies of videos there are (48). */
#include "video/check_files.h"

#include "tests/fault/video/mutate.h"
#include "tests/unit/video/reference.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { FILES_MOST = 4096, SEED = 7 };

static size_t copies = 48;
static size_t told;
static size_t stop_after;

static void tell(void *self, size_t done, size_t of)
{
    (void)self;
    assert_true(done >= 1 && done <= of);
    told = done;
}

static bool is_stopped(void *self)
{
    (void)self;
    return stop_after && told >= stop_after;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
}

static bool begins(const char *path, const char *with)
{
    return !strncmp(path, with, strlen(with));
}

/* A checker that does to its process what the file's name says. */
static status injected(const char *path, double timeout, video_verdict *out)
{
    (void)timeout;
    *out = (video_verdict){.kind = VIDEO_GOOD, .frames = (int64_t)strlen(path), .codec = "none"};
    nap();
    if (begins(path, "segv")) raise(SIGSEGV);
    if (begins(path, "kill")) raise(SIGKILL);
    if (begins(path, "abort")) abort();
    if (begins(path, "exit")) _exit(3);
    if (begins(path, "hang"))
        for (;;) pause();
    if (begins(path, "broken")) return FAIL(ERR_MISSING, "no library for it");
    if (begins(path, scratch_directory) && !file_exists(path)) { /* dies the first time */
        fclose(fopen(path, "w"));
        raise(SIGSEGV);
    }
    return OK;
}

static status run(const char *const *paths, size_t count, int workers, video_verdict *out, size_t *done)
{
    told = 0;
    return video_check_files(
        &(files_checking){.paths = paths,
                          .count = count,
                          .workers = workers,
                          .timeout = 2, /* a busy machine is slow to begin a process, and to bury one */
                          .grace = 1,
                          .check = injected,
                          .tell = tell,
                          .stopped = is_stopped},
        out, done);
}

/* One that hung and was killed may take a while to be gone. */
static void expect_no_children(void)
{
    enum { NAPS_MOST = 5000 };
    pid_t pid = 0;
    for (int naps = 0; naps < NAPS_MOST && (pid = waitpid(-1, NULL, WNOHANG)) >= 0; naps++) nap();
    assert_int_equal(pid, -1);
}

static void test_deaths(void **state)
{
    (void)state;
    static const char *const PATHS[] = {"good-1",  "segv-1", "good-22",  "hang-1", "kill-1", "segv-2",
                                        "abort-1", "exit-1", "good-333", "hang-2", "segv-3", "good-4444"};
    enum { COUNT = sizeof PATHS / sizeof PATHS[0] };
    for (int workers = 1; workers <= 16; workers *= 4) {
        video_verdict v[COUNT];
        size_t done = 0;
        assert_ok(run(PATHS, COUNT, workers, v, &done));
        assert_int_equal(done, COUNT);
        assert_int_equal(told, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            bool good = begins(PATHS[i], "good"), hangs = begins(PATHS[i], "hang");
            assert_int_equal(v[i].kind, good ? VIDEO_GOOD : hangs ? VIDEO_LATE : VIDEO_DIED);
            if (good) assert_int_equal(v[i].frames, strlen(PATHS[i]));
        }
        assert_string_equal(v[1].reason, "decoder died (signal 11: Segmentation fault)");
        assert_string_equal(v[3].reason, "took longer than 2 s");
        assert_string_equal(v[4].reason, "decoder died (signal 9: Killed)");
        assert_string_equal(v[7].reason, "decoder ended with exit code 3");
        expect_no_children();
    }
}

/* A file is not blamed for a death that another process does not share. */
static void test_second_try(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/once", scratch_directory);
    const char *const paths[] = {path, "good"};
    video_verdict v[2];
    size_t done = 0;
    assert_ok(run(paths, 2, 1, v, &done));
    assert_true(file_exists(path));
    assert_int_equal(v[0].kind, VIDEO_GOOD);
    assert_int_equal(v[1].kind, VIDEO_GOOD);
}

static void test_stopped(void **state)
{
    (void)state;
    const char *paths[200];
    video_verdict v[200];
    size_t done = 0;
    for (size_t i = 0; i < 200; i++) paths[i] = i % 2 ? "good" : "segv";
    stop_after = 20;
    assert_failed(run(paths, 200, 3, v, &done), ERR_RETRY, "of 200 files were checked");
    stop_after = 0;
    assert_true(done >= 20 && done < 200);
    expect_no_children();
    paths[7] = "broken"; /* not the file's fault: all ends */
    assert_failed(run(paths, 200, 3, v, &done), ERR_MISSING, "no library for it");
    expect_no_children();
}

/* Where the system gives no more processes, fewer do all. */
static void test_without_descriptors(void **state)
{
    (void)state;
    const char *paths[20];
    video_verdict v[20];
    size_t done = 0;
    struct rlimit before, few;
    for (size_t i = 0; i < 20; i++) paths[i] = i % 5 ? "good" : "segv";
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    int next = dup(0);
    close(next);
    few.rlim_cur = (rlim_t)next + 3; /* a pair, and the end that stays of another */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    status enough = run(paths, 20, 8, v, &done);
    few.rlim_cur = (rlim_t)next + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    size_t none = 0;
    status too_few = enough == OK ? run(paths, 20, 8, v, &none) : OK;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_ok(enough);
    assert_int_equal(done, 20);
    assert_failed(too_few, ERR_MEMORY, "cannot talk to a process");
    assert_int_equal(none, 0);
}

/* ---- mutated videos ---------------------------------------------------------------------------------------------- */

static void write_copies(char paths[][96])
{
    char *bytes[4], *changed;
    size_t count[4], most = 0;
    const char *clips[4] = {make_video("a.mp4", "64x64", "-c:v libx264 -bf 2 -g 10"),
                            make_video("a.mkv", "64x64", "-c:v libx264 -bf 2 -g 10"),
                            make_video("a.avi", "64x64", "-c:v mpeg4 -bf 2"),
                            make_video("a.webm", "64x64", "-c:v libvpx")};
    for (size_t i = 0; i < 4; i++) {
        assert_ok(file_read(clips[i], 1 << 24, &bytes[i], &count[i]));
        if (count[i] > most) most = count[i];
    }
    changed = malloc(most);
    assert_non_null(changed);
    for (size_t i = 0; i < copies; i++) {
        rng r = rng_stream(SEED, 0, i);
        snprintf(paths[i], sizeof paths[i], "%s/%04zu.mp4", scratch_directory, i);
        FILE *file = fopen(paths[i], "wb");
        size_t length = mutate(&r, bytes[i % 4], count[i % 4], changed);
        assert_non_null(file);
        assert_int_equal(fwrite(changed, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
    }
    free(changed);
    for (size_t i = 0; i < 4; i++) free(bytes[i]);
}

static void expect_same(const video_verdict *one, const video_verdict *other)
{
    assert_int_equal(one->kind, other->kind);
    assert_string_equal(one->reason, other->reason);
    assert_string_equal(one->remark, other->remark);
    assert_string_equal(one->hash, other->hash);
    assert_string_equal(one->codec, other->codec);
    assert_int_equal(one->frames, other->frames);
    assert_true(one->seconds == other->seconds && one->fps == other->fps && one->bytes == other->bytes);
}

static void test_mutated(void **state)
{
    (void)state;
    static char names[FILES_MOST][96];
    static const char *paths[FILES_MOST];
    static video_verdict alone[FILES_MOST], four[FILES_MOST];
    size_t done = 0, good = 0;
    write_copies(names);
    for (size_t i = 0; i < copies; i++) paths[i] = names[i];
    files_checking want = {
        .paths = paths, .count = copies, .workers = 1, .timeout = 60, .grace = 5, .check = video_check};
    assert_ok(video_check_files(&want, alone, &done));
    assert_int_equal(done, copies);
    want.workers = 4;
    assert_ok(video_check_files(&want, four, &done));
    for (size_t i = 0; i < copies; i++) {
        expect_same(&alone[i], &four[i]);
        assert_int_equal(alone[i].kind == VIDEO_GOOD, !alone[i].reason[0]);
        good += alone[i].kind == VIDEO_GOOD;
    }
    print_message("%zu of %zu mutated copies are good\n", good, copies);
    assert_true(good < copies);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deaths),  cmocka_unit_test(test_second_try),
        cmocka_unit_test(test_stopped), cmocka_unit_test(test_without_descriptors),
        cmocka_unit_test(test_mutated),
    };
    if (argc > 1) copies = (size_t)atoi(argv[1]);
    if (copies < 1 || copies > FILES_MOST) return 64;
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
