/* Live inputs side by side: one that stays away is told, is not waited for, and joins the others again. */
#include "stream/feed.h"

#include "base/clock.h"
#include "tests/unit/data/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SIDE = 16, BYTES = SIDE * SIDE * 3, MOST = 4, CAMERAS = 2 };

/* At least a pipe's worth of pictures a second, so that none waits for time to pass. */
static const double FPS = 100;

typedef struct {
    char paths[CAMERAS][256];
    int ends[CAMERAS]; /* where pictures are written */
    feed *feed;
    int late, back;
    size_t who;
    int64_t stalls[CAMERAS];
} scene;

static const char *path_of(void *self, size_t which)
{
    return ((const scene *)self)->paths[which];
}

static status on_begin(void *self, size_t stream, size_t which)
{
    (void)self, (void)stream, (void)which;
    return OK;
}

static status on_end(void *self, const feed_end *end)
{
    ((scene *)self)->stalls[end->video] = end->stalls;
    return OK;
}

static void on_late(void *self, size_t which, bool back, double seconds)
{
    scene *s = self;
    s->who = which;
    assert_true(seconds > .9);
    if (back) s->back++;
    else s->late++;
}

static void show(const scene *s, size_t camera, int pictures)
{
    static const uint8_t picture[BYTES];
    for (int i = 0; i < pictures; i++) assert_int_equal(write(s->ends[camera], picture, BYTES), BYTES);
}

static void begin(scene *s)
{
    *s = (scene){.who = CAMERAS};
    const feed_listener listener = {s, path_of, on_begin, on_end, on_late};
    const frame_stream_options input = {.snippet = 1 / FPS,
                                        .format = {SIDE, SIDE, FIT_STRETCH},
                                        .ahead = 64,
                                        .live = true,
                                        .raw = {SIDE, SIDE, FPS, "rgb24"},
                                        .threads = 1};
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(feed_new(&input, CAMERAS, MOST, &listener, &s->feed), OK);
    for (size_t i = 0; i < CAMERAS; i++) {
        char name[16];
        snprintf(name, sizeof name, "camera%zu", i);
        snprintf(s->paths[i], sizeof s->paths[i], "%s", scratch_path(name));
        unlink(s->paths[i]);
        assert_int_equal(mkfifo(s->paths[i], 0600), 0);
        s->ends[i] = open(s->paths[i], O_RDWR | O_CLOEXEC);
        assert_true(s->ends[i] >= 0);
        if (feed_give(s->feed, i, i, 0) != OK) fail_msg("%s", fail_message());
    }
}

/* Turns for so many seconds, or until each camera has given as many frames as `wanted`; counts those of each. */
static void watch(scene *s, double seconds, const int *wanted, int *given)
{
    double until = monotonic_seconds() + seconds;
    stream_frames frames[CAMERAS];
    memset(given, 0, CAMERAS * sizeof *given);
    while (feed_busy(s->feed) && monotonic_seconds() < until && (given[0] < wanted[0] || given[1] < wanted[1])) {
        size_t count = 0;
        if (feed_turn(s->feed, MOST, frames, &count) != OK) fail_msg("%s", fail_message());
        for (size_t i = 0; i < CAMERAS; i++) given[i] += (int)frames[i].count;
        if (count) feed_took(s->feed, count);
    }
}

static void test_a_stalled_camera_holds_nobody_up(void **state)
{
    (void)state;
    scene s;
    int given[CAMERAS];
    begin(&s);
    show(&s, 0, 12);
    show(&s, 1, 12);
    watch(&s, 20, (int[]){8, 8}, given); /* the last pictures are held until the next are there */
    assert_true(given[0] >= 8 && given[1] >= 8 && s.late == 0);

    for (int i = 0; i < 40 && s.late < 2; i++) watch(&s, 0.5, (int[]){99, 99}, given); /* both stay away */
    int before = s.late;
    show(&s, 0, 5);
    watch(&s, 20, (int[]){4, 0}, given); /* one comes back */
    assert_true(given[0] >= 4 && before == 2 && s.back == 1 && s.who == 0);

    double began = monotonic_seconds();
    for (int i = 0; i < 20; i++) { /* twenty turns, of which none waits */
        show(&s, 0, 1);
        watch(&s, 20, (int[]){1, 0}, given);
        assert_true(given[0] >= 1 && given[1] == 0);
    }
    assert_true(monotonic_seconds() - began < 10);
    assert_int_equal(s.late, 2);

    show(&s, 1, 6);
    watch(&s, 20, (int[]){0, 4}, given);
    assert_true(given[1] >= 4 && s.back == 2 && s.who == 1);
    close(s.ends[0]);
    close(s.ends[1]);
    watch(&s, 20, (int[]){99, 99}, given);
    assert_int_equal(feed_busy(s.feed), 0);
    assert_true(s.stalls[0] == 2 && s.stalls[1] == 1); /* the first stayed away again, which is not told again */
    assert_int_equal(s.late, 2);
    feed_free(&s.feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_stalled_camera_holds_nobody_up, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
