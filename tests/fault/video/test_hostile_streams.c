/* Copies of good videos with bytes changed, moved, doubled, dropped and cut off, by a fixed seed, read as streams: half
 * of them through a pipe, some from the middle. For each there are frames in order, or a reason; no gap in time makes
 * frames without end; and neither descriptors nor memory grow. The argument says how many copies (150). */
#include "video/frame_stream.h"

#include "tests/fault/video/hostile.h"

#include <pthread.h>
#include <signal.h>

enum { SIDE = 48, BYTES = SIDE * SIDE * 3, AT_ONCE = 8 };
static const double SNIPPET = 0.1, GAP_MOST = 10;
static size_t copies = 150;

typedef struct {
    int to;
    const char *bytes;
    size_t count;
} pouring;

static void *pour(void *at)
{
    const pouring *p = at;
    for (size_t done = 0; done < p->count;) {
        ssize_t written = write(p->to, p->bytes + done, p->count - done);
        if (written < 0) break; /* nobody reads any more */
        done += (size_t)written;
    }
    close(p->to);
    return NULL;
}

/* Every packet of the good file can be followed by one gap; a changed one hardly has more packets. */
static int64_t frames_most(size_t bytes)
{
    const double bytes_of_a_packet = 8;
    return (int64_t)(GAP_MOST / SNIPPET * ((double)bytes / bytes_of_a_packet + 1));
}

/* OK, or a reason that names the file. */
static status try_stream(const char *path, size_t bytes, int64_t first)
{
    status st = OK;
    static uint8_t pictures[AT_ONCE * BYTES];
    const frame_stream_options options = {
        .snippet = SNIPPET, .format = {SIDE, SIDE, FIT_CROP}, .ahead = 4, .threads = 1, .first = first, .stall = 20};
    frame_stream_account account = {0};
    frame_stream *s = NULL;
    int64_t numbers[AT_ONCE], next = first;
    size_t count = 0;
    bool ended = false;
    TRY(frame_stream_open(path, &options, &s));
    while (!ended) {
        TRY(frame_stream_next(s, AT_ONCE, pictures, numbers, &count, &ended));
        for (size_t i = 0; i < count; i++) assert_int_equal(numbers[i], next++);
        assert_true(next - first <= frames_most(bytes));
    }
    frame_stream_account_read(s, &account);
    assert_true(next > first || first > 0);
    assert_int_equal(account.given, next - first);
    assert_false(account.stalled);
    assert_true(account.whole || account.reason[0]);
    assert_true((account.replaced == 0 && account.jumps == 0) || account.reason[0]);
done:
    frame_stream_close(&s);
    if (st != OK) {
        if (st != ERR_INPUT || !strstr(fail_message(), path)) fail_msg("status %d: %s", (int)st, fail_message());
        fail_clear();
    }
    return st;
}

static status try_pipe(const char *bytes, size_t count, int64_t first)
{
    int ends[2];
    char path[32];
    pthread_t thread;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    pouring p = {ends[1], bytes, count};
    assert_int_equal(pthread_create(&thread, NULL, pour, &p), 0);
    status st = try_stream(path, count, first);
    close(ends[0]);
    pthread_join(thread, NULL);
    return st;
}

static status try_copy(rng *r, size_t i, const char *bytes, size_t count)
{
    int64_t first = rng_below(r, 3) ? 0 : (int64_t)rng_below(r, 12);
    return i / file_count % 2 ? try_pipe(bytes, count, first)
                              : try_stream(scratch_bytes("copy", bytes, count), count, first);
}

static void test_mutations(void **state)
{
    (void)state;
    try_mutations(12, copies, try_copy);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};
    if (count > 1) copies = (size_t)atoi(arguments[1]);
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, find_files, drop_files);
}
