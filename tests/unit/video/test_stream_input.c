/* Input that is no whole file: pipes, pictures without a container, what stalls, what cannot wait, what jumps, what
 * changes. */
#include "streams.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

/* ---- writers ----------------------------------------------------------------------------------------------------- */

/* A shell command beside the test, whose output is a pipe with a name. */
typedef struct {
    char path[128];
    pid_t process;
} writer;

static writer writer_start(const char *format, const char *input)
{
    static int count;
    writer w = {0};
    char command[512];
    snprintf(w.path, sizeof w.path, "%s/pipe%d", scratch_directory, count++);
    assert_int_equal(mkfifo(w.path, 0600), 0);
    snprintf(command, sizeof command, format, input);
    w.process = fork();
    assert_true(w.process >= 0);
    setpgid(w.process, 0); /* whichever of the two comes first */
    if (w.process) return w;
    int pipe = open(w.path, O_WRONLY);
    dup2(pipe, STDOUT_FILENO);
    close(pipe);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void writer_end(writer *w)
{
    kill(-w->process, SIGKILL);
    assert_int_equal(waitpid(w->process, NULL, 0), w->process);
}

static status get_piped(const char *format, const char *input, const frame_stream_options *o, stream_content *c)
{
    writer w = writer_start(format, input);
    status st = stream_get(w.path, o, c);
    writer_end(&w);
    return st;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- pipes ------------------------------------------------------------------------------------------------------- */

static void check_piped(const char *path, const char *format)
{
    stream_content file, pipe;
    frame_stream_options o = stream_usual(0.07);
    assert_ok(stream_get(path, &o, &file));
    assert_ok(get_piped(format, path, &o, &pipe));
    stream_compare(path, &file, &pipe, 0);
    assert_true(pipe.account.whole);
    stream_free(&pipe);
    o.first = (int64_t)file.count / 2;
    assert_ok(get_piped(format, path, &o, &pipe));
    stream_compare(path, &file, &pipe, file.count / 2);
    stream_free(&pipe);
    stream_free(&file);
}

static void test_pipes(void **state)
{
    (void)state;
    check_piped(make_video("front.mp4", "96x64", "-c:v libx264 -g 20 -movflags +faststart"), "cat '%s'");
    check_piped(make_video("a.mkv", "96x64", "-c:v libx264 -g 20 -bf 2"), "dd if='%s' bs=777 2>/dev/null");
    check_piped(make_video("a.ts", "96x64", "-c:v libx264 -g 20 -bf 2"), "cat '%s'");
    check_piped(make_video("pieces.mp4", "96x64", "-c:v libx264 -g 20 -movflags frag_keyframe+empty_moov"), "cat '%s'");
}

static void test_standard_input(void **state)
{
    (void)state;
    stream_content file, standard;
    frame_stream_options o = stream_usual(0.07);
    const char *path = make_video("a.mkv", "96x64", "-c:v libx264 -g 20 -bf 2");
    int before = dup(STDIN_FILENO);
    assert_ok(stream_get(path, &o, &file));

    writer w = writer_start("cat '%s'", path); /* a pipe */
    int opened = open(w.path, O_RDONLY);
    assert_true(opened >= 0 && dup2(opened, STDIN_FILENO) == STDIN_FILENO);
    assert_ok(stream_get("-", &o, &standard));
    stream_compare("pipe", &file, &standard, 0);
    stream_free(&standard);
    close(opened);
    writer_end(&w);

    opened = open(path, O_RDONLY); /* a file, which can be sought in */
    assert_true(opened >= 0 && dup2(opened, STDIN_FILENO) == STDIN_FILENO);
    o.first = 12;
    assert_ok(stream_get("-", &o, &standard));
    stream_compare("file", &file, &standard, 12);
    stream_free(&standard);
    close(opened);

    opened = open("/dev/null", O_RDONLY);
    assert_true(dup2(opened, STDIN_FILENO) == STDIN_FILENO);
    assert_failed(stream_get("-", &o, &standard), ERR_INPUT, "standard input: it is empty");
    stream_free(&standard);
    close(opened);
    dup2(before, STDIN_FILENO);
    close(before);
    stream_free(&file);
}

static void test_index_at_the_end(void **state)
{
    (void)state;
    stream_content got;
    frame_stream_options o = stream_usual(0.07);
    const char *path = make_video("back.mp4", "96x64", "-c:v libx264");
    assert_failed(get_piped("cat '%s'", path, &o, &got), ERR_INPUT, "-movflags +faststart");
    stream_free(&got);
    assert_failed(get_piped("dd if='%s' bs=3 count=99999 2>/dev/null", path, &o, &got), ERR_INPUT, "-f matroska");
    stream_free(&got);
}

static void test_no_video_in_a_pipe(void **state)
{
    (void)state;
    stream_content got;
    frame_stream_options o = stream_usual(0.07);
    assert_failed(get_piped("true '%s'", "", &o, &got), ERR_INPUT, "it is empty");
    stream_free(&got);
    assert_failed(get_piped("echo text '%s'", "", &o, &got), ERR_INPUT, "no video that can be read");
    stream_free(&got);
}

/* ---- pictures without a container -------------------------------------------------------------------------------- */

static void check_raw(const char *pixels, const char *command)
{
    stream_content file, raw;
    frame_stream_options o = stream_usual(0.07);
    const char *path = make_video("lossless.mkv", "96x64", "-c:v ffv1 -pix_fmt yuv420p");
    assert_ok(stream_get(path, &o, &file));
    o.raw.width = 96;
    o.raw.height = 64;
    o.raw.fps = 25;
    o.raw.pixels = pixels;
    assert_ok(get_piped(command, path, &o, &raw));
    assert_true(raw.account.whole);
    assert_float_equal(raw.account.seconds, 2, 1e-6);
    if (!strcmp(pixels, "yuv420p")) stream_compare(pixels, &file, &raw, 0); /* others were made of it */
    assert_int_equal(raw.count, file.count);
    stream_free(&raw);
    stream_free(&file);
}

static void test_raw(void **state)
{
    (void)state;
    stream_content got;
    check_raw("yuv420p", "ffmpeg -v quiet -i '%s' -f rawvideo -");
    check_raw("rgb24", "ffmpeg -v quiet -i '%s' -f rawvideo -pix_fmt rgb24 -");
    frame_stream_options o = stream_usual(0.1);
    o.raw.width = o.raw.height = 4;
    o.raw.fps = 10;
    o.raw.pixels = "rbg42";
    assert_failed(get_piped("cat '%s'", "/dev/null", &o, &got), ERR_CONFIG, "no pixels called rbg42");
    stream_free(&got);
}

/* Three pictures and a half of one colour each: exact pictures, and a last one that is cut off. */
static void test_raw_colors(void **state)
{
    (void)state;
    enum { SIDE = 64, BYTES = SIDE * SIDE * 3 };
    static uint8_t bytes[3 * BYTES + BYTES / 2];
    stream_content got;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(50 + 60 * (i / BYTES));
    frame_stream_options o = stream_usual(0.1);
    o.raw.width = o.raw.height = SIDE;
    o.raw.fps = 10;
    o.raw.pixels = "rgb24";
    assert_ok(stream_get(scratch_bytes("raw", bytes, sizeof bytes), &o, &got));
    assert_true(got.count == 3 || got.count == 4);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < STREAM_BYTES; k++) assert_int_equal(got.pictures[i * STREAM_BYTES + k], 50 + 60 * i);
    if (got.count == 4) assert_int_equal(got.account.replaced, 1);
    stream_free(&got);
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static void test_stall(void **state)
{
    (void)state;
    stream_content whole, got;
    frame_stream_options o = stream_usual(0.1);
    const char *path = make_video("a.ts", "96x64", "-c:v libx264 -g 20 -bf 2");
    assert_ok(stream_get(path, &o, &whole));
    o.stall = 3; /* more than a busy machine needs to begin the writer */
    assert_ok(get_piped("cat '%s'; exec sleep 1000", path, &o, &got));
    assert_true(got.account.stalled && !got.account.whole);
    if (!strstr(got.account.reason, "nothing came for 3 seconds")) fail_msg("%s", got.account.reason);
    stream_compare("stalled", &whole, &got, 0); /* all that came is given */
    stream_free(&got);
    assert_failed(get_piped(": '%s'; exec sleep 1000", "", &o, &got), ERR_INPUT, "nothing came for 3 seconds");
    assert_true(got.account.stalled);
    stream_free(&got);
    stream_free(&whole);
}

/* Closing does not wait for input: before the first byte, nor in the middle, nor while there is no room. */
static void test_close(void **state)
{
    (void)state;
    static uint8_t picture[STREAM_BYTES];
    static const char *const COMMANDS[] = {": '%s'; exec sleep 1000", "cat '%s'; exec sleep 1000", "cat '%s'"};
    frame_stream_options o = stream_usual(0.05);
    const char *path = make_video("a.ts", "96x64", "-c:v libx264 -g 20 -bf 2");
    for (size_t i = 0; i < 3; i++) {
        frame_stream *s = NULL;
        writer w = writer_start(COMMANDS[i], path);
        assert_ok(frame_stream_open(w.path, &o, &s));
        int64_t number = -1;
        size_t count = 0;
        bool ended = false;
        if (i > 0) assert_ok(frame_stream_next(s, 1, picture, &number, &count, &ended));
        else assert_int_equal(frame_stream_ready(s, 0.05), 0);
        assert_int_equal(number, i > 0 ? 0 : -1);
        double begin = seconds_now();
        frame_stream_close(&s);
        assert_null(s);
        assert_true(seconds_now() - begin < 5);
        writer_end(&w);
    }
}

static void test_ready(void **state)
{
    (void)state;
    static uint8_t pictures[8 * STREAM_BYTES];
    int64_t numbers[8];
    size_t count = 0;
    bool ended = false;
    frame_stream *s = NULL;
    frame_stream_options o = stream_usual(0.5); /* four frames */
    o.ahead = 2;
    assert_ok(frame_stream_open(usual_video(), &o, &s));
    assert_true(frame_stream_ready(s, -1) >= 1);
    while (frame_stream_ready(s, 0) < 2) {}
    assert_ok(frame_stream_next(s, 8, pictures, numbers, &count, &ended));
    assert_true(count == 2 && !ended && numbers[0] == 0 && numbers[1] == 1);
    while (frame_stream_ready(s, 1) < 2) {}
    assert_ok(frame_stream_next(s, 1, pictures, numbers, &count, &ended));
    assert_true(count == 1 && numbers[0] == 2);
    assert_ok(frame_stream_next(s, 1, pictures, numbers, &count, &ended));
    assert_true(count == 1 && numbers[0] == 3 && !ended);
    assert_int_equal(frame_stream_ready(s, -1), 1); /* the end */
    for (int i = 0; i < 2; i++) {
        assert_ok(frame_stream_next(s, 1, pictures, numbers, &count, &ended));
        assert_true(count == 0 && ended);
    }
    frame_stream_close(&s);
}

/* Nothing is taken while a file is decoded: of its frames the last ones are left. */
static void test_live(void **state)
{
    (void)state;
    stream_content all, got = {0};
    frame_stream *s = NULL;
    frame_stream_account account = {0};
    frame_stream_options o = stream_usual(0.05);
    assert_ok(stream_get(usual_video(), &o, &all));
    o.live = true;
    assert_ok(frame_stream_open(usual_video(), &o, &s));
    while (!account.whole) frame_stream_account_read(s, &account);
    assert_ok(stream_read(s, &got));
    frame_stream_close(&s);
    assert_int_equal(got.count, o.ahead);
    assert_int_equal(got.account.dropped, all.count - o.ahead);
    stream_compare("live", &all, &got, all.count - o.ahead);
    stream_free(&got);
    stream_free(&all);
}

/* ---- time stamps and sizes --------------------------------------------------------------------------------------- */

/* Files one behind the other, as a stream. */
static const char *join(const char *name, const char *const *paths, size_t count)
{
    const char *joined = scratch_path(name);
    FILE *out = fopen(joined, "wb");
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        char *bytes = NULL;
        size_t size = 0;
        assert_ok(file_read(paths[i], 1 << 24, &bytes, &size));
        assert_int_equal(fwrite(bytes, 1, size, out), size);
        free(bytes);
    }
    assert_int_equal(fclose(out), 0);
    return joined;
}

/* Each is the two seconds of `part`. */
static void check_joined(const char *path, const stream_content *part, size_t parts, int64_t jumps)
{
    stream_content got;
    frame_stream_options o = stream_usual(0.04);
    assert_ok(stream_get(path, &o, &got));
    assert_int_equal(got.account.jumps, jumps);
    if (!strstr(got.account.reason, "time stamp jumps by")) fail_msg("%s: %s", path, got.account.reason);
    assert_true(fabs(got.account.seconds - 2.0 * (double)parts) < 1e-3);
    assert_int_equal(got.count, parts * part->count);
    for (size_t i = 0; i < got.count; i++) {
        const uint8_t *expected = part->pictures + i % part->count * STREAM_BYTES;
        assert_int_equal(got.numbers[i], i);
        if (memcmp(got.pictures + i * STREAM_BYTES, expected, STREAM_BYTES))
            fail_msg("%s: frame %zu is another picture", path, i);
    }
    stream_free(&got);
    stream_check_middle(path, 0.04);
}

static void test_jumps(void **state)
{
    (void)state;
    static const char CODEC[] = "-c:v libx264 -g 20 -bf 2 -output_ts_offset %s";
    char early[128], late[128];
    snprintf(early, sizeof early, CODEC, "3");
    snprintf(late, sizeof late, CODEC, "20000");
    char paths[2][256];
    snprintf(paths[0], sizeof paths[0], "%s", make_video("early.ts", "96x64", early));
    snprintf(paths[1], sizeof paths[1], "%s", make_video("late.ts", "96x64", late));
    stream_content part;
    frame_stream_options o = stream_usual(0.04);
    assert_ok(stream_get(paths[0], &o, &part));
    assert_int_equal(part.count, 50);
    const char *again[] = {paths[0], paths[0], paths[0]}, *hours[] = {paths[0], paths[1], paths[0]};
    check_joined(join("again.ts", again, 3), &part, 3, 2);
    check_joined(join("hours.ts", hours, 3), &part, 3, 2);
    stream_free(&part);
}

/* A picture that stays for eight seconds is no jump, one that stays for an hour is. */
static void test_gaps(void **state)
{
    (void)state;
    stream_content got;
    frame_stream_options o = stream_usual(0.5);
    const char *short_gap = make_video(
        "short.mkv", "96x64", "-vf setpts='(N+200*gt(N\\,24))/25/TB' -fps_mode passthrough -c:v libx264 -bf 0");
    stream_check(short_gap, 0.5);
    const char *long_gap = make_video(
        "gap.mkv", "96x64", "-vf setpts='(N+90000*gt(N\\,24))/25/TB' -fps_mode passthrough -c:v libx264 -bf 0");
    assert_ok(stream_get(long_gap, &o, &got));
    assert_int_equal(got.count, 4);
    assert_int_equal(got.account.jumps, 1);
    assert_float_equal(got.account.seconds, 2, 1e-2);
    if (!strstr(got.account.reason, "jumps by 3600")) fail_msg("%s", got.account.reason);
    stream_free(&got);
}

/* No packet says when it is shown: the frame rate does. */
static void test_no_stamps(void **state)
{
    (void)state;
    stream_content got;
    frame_stream_options o = stream_usual(0.1);
    assert_ok(stream_get(make_video("bare.h264", "96x64", "-c:v libx264 -bf 2 -g 20"), &o, &got));
    assert_float_equal(got.account.seconds, 2, 1e-3);
    assert_int_equal(got.count, 20);
    assert_int_equal(got.account.jumps, 0);
    stream_free(&got);
}

static void test_other_size(void **state)
{
    (void)state;
    char paths[2][256];
    stream_content got;
    frame_stream_options o = stream_usual(0.1);
    snprintf(paths[0], sizeof paths[0], "%s",
             make_video("large.ts", "160x128", "-c:v libx264 -g 20 -output_ts_offset 2"));
    snprintf(paths[1], sizeof paths[1], "%s",
             make_video("small.ts", "96x64", "-c:v libx264 -g 20 -output_ts_offset 4"));
    const char *parts[] = {paths[0], paths[1]};
    assert_ok(stream_get(join("sizes.ts", parts, 2), &o, &got));
    assert_int_equal(got.count, 40);
    assert_int_equal(got.account.sizes, 1);
    assert_int_equal(got.account.jumps, 0);
    stream_content small;
    assert_ok(stream_get(paths[1], &o, &small));
    assert_memory_equal(got.pictures + 30 * STREAM_BYTES, small.pictures + 10 * STREAM_BYTES, STREAM_BYTES);
    stream_free(&small);
    stream_free(&got);
}

/* What is added to a file while it is read belongs to it. */
static void test_growing(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t count = 0;
    stream_content whole, got = {0};
    frame_stream *s = NULL;
    frame_stream_options o = stream_usual(0.04);
    o.ahead = 1;
    const char *path = make_video("grows.ts", "640x480", "-c:v mpeg2video -b:v 4M -g 10");
    assert_ok(stream_get(path, &o, &whole));
    assert_ok(file_read(path, 1 << 24, &bytes, &count));
    assert_true(count > 1 << 19);
    const char *grown = scratch_bytes("grown.ts", bytes, count - 200000);
    assert_ok(frame_stream_open(grown, &o, &s));
    assert_int_equal(frame_stream_ready(s, -1), 1); /* it waits now, far from the end */
    FILE *file = fopen(grown, "ab");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes + count - 200000, 1, 200000, file), 200000);
    assert_int_equal(fclose(file), 0);
    assert_ok(stream_read(s, &got));
    stream_compare("grown", &whole, &got, 0);
    frame_stream_close(&s);
    stream_free(&got);
    stream_free(&whole);
    free(bytes);
}

static double resident_mebibytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* Ten minutes through a pipe, a jump of the stamps every two seconds: memory does not grow with them. Two hours:
 * bench/stream_memory. */
static void test_long(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    enum { GROWTH_MOST = 512 }; /* it keeps what was freed */
#else
    enum { GROWTH_MOST = 8 }; /* MiB of resident memory, in the last three quarters */
#endif
    enum { PARTS = 300, AT_ONCE = 16 };
    static uint8_t pictures[AT_ONCE * STREAM_BYTES];
    int64_t numbers[AT_ONCE], next = 0;
    frame_stream *s = NULL;
    frame_stream_account account;
    double before = 0;
    size_t count = 0;
    bool ended = false;
    frame_stream_options o = stream_usual(0.5);
    const char *path = make_video("a.ts", "96x64", "-c:v libx264 -g 20 -bf 2");
    writer w = writer_start("for i in $(seq 300); do cat '%s'; done", path);
    assert_ok(frame_stream_open(w.path, &o, &s));
    while (!ended) {
        assert_ok(frame_stream_next(s, AT_ONCE, pictures, numbers, &count, &ended));
        for (size_t i = 0; i < count; i++) assert_int_equal(numbers[i], next++);
        if (next < PARTS) before = resident_mebibytes(); /* a quarter of the frames */
    }
    double grown = resident_mebibytes() - before;
    frame_stream_account_read(s, &account);
    frame_stream_close(&s);
    writer_end(&w);
    assert_int_equal(account.jumps, PARTS - 1);
    assert_true(fabs(account.seconds - 2.0 * PARTS) < 0.1);
    assert_int_equal(next, 4 * PARTS);
    if (grown > GROWTH_MOST) fail_msg("memory grew by %.1f MiB", grown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_standard_input),
        cmocka_unit_test(test_index_at_the_end),
        cmocka_unit_test(test_no_video_in_a_pipe),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_raw_colors),
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_ready),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_no_stamps),
        cmocka_unit_test(test_other_size),
        cmocka_unit_test(test_growing),
        cmocka_unit_test(test_long),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
