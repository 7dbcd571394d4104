/* Order, memory, failures and closing of the loader, over a decoder that does as the test says. */
#include "video/loader.h"

#include "tests/unit/data/scratch.h"
#include "tests/unit/video/fake_decoder.h"

#include <math.h>
#include <time.h>

enum { SIDE = 8, PICTURE = SIDE * SIDE * 3, COUNT = 4, CLIP = COUNT * PICTURE };

static const double TIMES[COUNT] = {0, .5, 1, 1.5};

static int reset(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static loader *open_loader(int threads, size_t clips)
{
    loader *l = NULL;
    const loader_options options = {.threads = threads, .memory = clips * CLIP, .format = {SIDE, SIDE, FIT_CROP}};
    assert_ok(loader_open(&options, &l));
    return l;
}

static void ask(loader *l, const char *path)
{
    assert_ok(loader_ask(l, &(clip_request){.path = path, .seconds = TIMES, .count = COUNT}));
}

static void ask_number(loader *l, int number)
{
    char path[16];
    snprintf(path, sizeof path, "%d", number);
    ask(l, path);
}

static void give_back(loader *l, loaded_clip *clip)
{
    fake_forget(clip->pictures);
    loader_return(l, clip);
    assert_null(clip->pictures);
}

static void assert_pictures(const loaded_clip *clip, const char *path)
{
    assert_int_equal(clip->count, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t b = 0; b < PICTURE; b++)
            assert_int_equal(clip->pictures[i * PICTURE + b], fake_value(path, TIMES[i]));
}

static void take_number(loader *l, int number)
{
    char path[16];
    loaded_clip clip;
    snprintf(path, sizeof path, "%d", number);
    assert_ok(loader_take(l, &clip));
    assert_pictures(&clip, path);
    assert_int_equal(clip.account.asked, COUNT);
    assert_int_equal(clip.account.decoded, COUNT);
    give_back(l, &clip);
}

/* Every clip waits until the one after it has begun, so that they end in another order than they were asked for. */
static void test_order(void **state)
{
    (void)state;
    static const int THREADS[] = {1, 2, 4};
    for (size_t i = 0; i < 3; i++) {
        fake_reset();
        fake.backwards = THREADS[i] > 1 ? 39 : 0;
        loader *l = open_loader(THREADS[i], 8);
        for (int n = 0; n < 40; n++) ask_number(l, n);
        for (int n = 0; n < 40; n++) take_number(l, n);
        loader_stats stats;
        loader_stats_read(l, &stats);
        assert_int_equal(stats.clips, 40);
        assert_int_equal(stats.broken, 0);
        loader_close(&l);
        assert_null(l);
        assert_int_equal(fake.open, 0);
        assert_true(fake.open_peak <= THREADS[i]);
    }
}

/* Asking goes on while clips are taken, and what was asked for may run dry. */
static void test_asking_in_between(void **state)
{
    (void)state;
    loader *l = open_loader(2, 3);
    loaded_clip clip;
    for (int n = 0; n < 30; n++) {
        ask_number(l, n);
        if (n % 3 == 2)
            for (int k = n - 2; k <= n; k++) take_number(l, k);
    }
    assert_failed(loader_take(l, &clip), ERR_INTERNAL, "none was asked for");
    ask_number(l, 7);
    take_number(l, 7);
    loader_close(&l);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    enum { ROOM = 3, LENT = 2 };
    loader *l = open_loader(4, ROOM);
    loaded_clip lent[LENT];
    loader_stats stats;
    for (int n = 0; n < 50; n++) ask_number(l, n);
    fake_wait_finished(ROOM); /* all the room is used, and nobody has taken anything */
    assert_ok(loader_take(l, &lent[0]));
    assert_ok(loader_take(l, &lent[1]));
    fake_wait_finished(ROOM + LENT); /* those taken are not counted */
    for (int n = LENT; n < 50; n++) take_number(l, n);
    give_back(l, &lent[0]);
    give_back(l, &lent[1]);
    loader_stats_read(l, &stats);
    assert_int_equal(stats.memory_peak, ROOM * CLIP);
    assert_true(fake.live_peak <= ROOM + LENT + 1); /* one may be with the test itself */
    assert_int_equal(stats.clips, 50);
    loader_close(&l);
}

/* Smaller than one clip: one at a time. */
static void test_one_clip_always_fits(void **state)
{
    (void)state;
    loader *l = NULL;
    loader_stats stats;
    const loader_options options = {.threads = 4, .memory = 1, .format = {SIDE, SIDE, FIT_CROP}};
    assert_ok(loader_open(&options, &l));
    for (int n = 0; n < 20; n++) ask_number(l, n);
    for (int n = 0; n < 20; n++) take_number(l, n);
    loader_stats_read(l, &stats);
    assert_int_equal(stats.memory_peak, CLIP);
    assert_true(fake.live_peak <= 2);
    loader_close(&l);
}

/* Clips of changing length: what is kept for later makes room for what is needed now. */
static void test_lengths_change(void **state)
{
    (void)state;
    double times[COUNT * 2] = {0};
    loader *l = open_loader(2, 2);
    loader_stats stats;
    for (size_t n = 0; n < 60; n++)
        assert_ok(loader_ask(l, &(clip_request){.path = "5", .seconds = times, .count = 1 + n * 5 % (COUNT * 2)}));
    for (size_t n = 0; n < 60; n++) {
        loaded_clip clip;
        assert_ok(loader_take(l, &clip));
        assert_int_equal(clip.count, 1 + n * 5 % (COUNT * 2));
        assert_int_equal(clip.pictures[clip.count * PICTURE - 1], fake_value("5", 0));
        give_back(l, &clip);
    }
    loader_stats_read(l, &stats);
    assert_true(stats.memory_peak <= 2 * CLIP);
    loader_close(&l);
}

/* Each clip may come in a size of its own: what is counted is what is held. */
static void test_sizes_change(void **state)
{
    (void)state;
    loader *l = open_loader(2, 2);
    loader_stats stats;
    loaded_clip clip;
    for (int n = 0; n < 60; n++)
        assert_ok(loader_ask(l, &(clip_request){.path = "5",
                                                .seconds = TIMES,
                                                .count = COUNT,
                                                .format = {n % 4 ? 3 + n % 7 : 0, n % 4 ? 5 : 0, FIT_STRETCH}}));
    for (int n = 0; n < 60; n++) {
        assert_ok(loader_take(l, &clip));
        assert_int_equal(clip.width, n % 4 ? 3 + n % 7 : SIDE);
        assert_int_equal(clip.height, n % 4 ? 5 : SIDE);
        size_t bytes = COUNT * (size_t)(clip.width * clip.height) * 3;
        assert_int_equal(clip.pictures[bytes - 1], fake_value("5", TIMES[COUNT - 1]));
        assert_int_equal(clip.account.decoded, COUNT);
        give_back(l, &clip);
    }
    loader_stats_read(l, &stats);
    assert_true(stats.memory_peak > CLIP && stats.memory_peak <= 2 * CLIP);
    loader_close(&l);
}

static void test_broken_clips_in_between(void **state)
{
    (void)state;
    loader *l = open_loader(2, 4);
    loader_stats stats;
    loaded_clip clip;
    const uint8_t black[CLIP] = {0};
    for (int round = 0; round < 5; round++) {
        ask(l, "1");
        ask(l, "none");
        ask(l, "2-part");
        ask(l, "dead");
        ask(l, "3");
        take_number(l, 1);
        assert_ok(loader_take(l, &clip));
        assert_memory_equal(clip.pictures, black, CLIP);
        assert_int_equal(clip.account.asked, COUNT);
        assert_int_equal(clip.account.decoded, 0);
        assert_string_equal(clip.account.reason, "none: cannot open");
        give_back(l, &clip);
        assert_ok(loader_take(l, &clip));
        assert_int_equal(clip.account.decoded, COUNT / 2);
        assert_string_equal(clip.account.reason, "frame 1 is damaged");
        assert_int_equal(clip.pictures[0], fake_value("2", 0));
        give_back(l, &clip);
        assert_ok(loader_take(l, &clip));
        assert_memory_equal(clip.pictures, black, CLIP);
        assert_string_equal(clip.account.reason, "dead: nothing to decode");
        give_back(l, &clip);
        take_number(l, 3);
    }
    loader_stats_read(l, &stats);
    assert_int_equal(stats.broken, 15);
    assert_int_equal(stats.clips, 25);
    assert_string_equal(fail_message(), "");
    loader_close(&l);
    assert_int_equal(fake.open, 0);
}

static void *let_go(void *at)
{
    (void)at;
    fake_hold(false);
    return NULL;
}

/* Closed while threads decode, clips wait, others were not begun, and some are still with the caller. */
static void test_close_in_mid_work(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        pthread_t helper;
        loaded_clip clip;
        fake_reset();
        loader *l = open_loader(3, 5);
        for (int n = 0; n < 30; n++) ask_number(l, n);
        assert_ok(loader_take(l, &clip));
        fake_hold(true);
        fake_wait_started(3);
        assert_int_equal(pthread_create(&helper, NULL, let_go, NULL), 0);
        loader_close(&l);
        pthread_join(helper, NULL);
        assert_int_equal(fake.open, 0);
    }
    loader *l = open_loader(2, 2);
    loader_close(&l);
    loader_close(&l);
}

/* One thread and clips of one file: it is opened once. */
static void test_file_stays_open(void **state)
{
    (void)state;
    loader *l = open_loader(1, 4);
    for (int n = 0; n < 12; n++) ask_number(l, n / 4);
    for (int n = 0; n < 12; n++) take_number(l, n / 4);
    loader_close(&l);
    assert_int_equal(fake.opened, 3);
}

/* A clip that is ready costs no waiting; one that is not costs no more than the call took. */
static void test_waiting_is_counted(void **state)
{
    (void)state;
    pthread_t helper;
    loader_stats stats;
    struct timespec before, after;
    loader *l = open_loader(1, 4);
    ask_number(l, 1);
    ask_number(l, 2);
    fake_wait_started(2); /* so its one thread is done with the first */
    take_number(l, 1);
    loader_stats_read(l, &stats);
    assert_true(stats.waited == 0);
    fake_hold(true);
    ask_number(l, 3);
    assert_int_equal(pthread_create(&helper, NULL, let_go, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    take_number(l, 2);
    take_number(l, 3);
    clock_gettime(CLOCK_MONOTONIC, &after);
    pthread_join(helper, NULL);
    loader_stats_read(l, &stats);
    double most = (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    assert_true(stats.waited >= 0 && stats.waited <= most);
    loader_close(&l);
}

static void test_wrong_requests(void **state)
{
    (void)state;
    loader *l = NULL;
    double times[2] = {0, NAN};
    loader_options options = {.threads = 0, .memory = CLIP, .format = {SIDE, SIDE, FIT_CROP}};
    assert_failed(loader_open(&options, &l), ERR_CONFIG, "threads");
    options.threads = 1;
    options.format.width = 0;
    assert_failed(loader_open(&options, &l), ERR_CONFIG, "0 x 8");
    options.format.width = 100000;
    assert_failed(loader_open(&options, &l), ERR_CONFIG, "100000 x 8");
    assert_null(l);
    l = open_loader(1, 2);
    assert_failed(loader_ask(l, &(clip_request){.path = "1", .seconds = times}), ERR_INPUT, "without frames");
    assert_failed(loader_ask(l, &(clip_request){.path = "1", .seconds = times, .count = 2}), ERR_INPUT, "time 1");
    assert_failed(loader_ask(l, &(clip_request){.name = "1", .seconds = times, .count = 1}), ERR_INPUT, "file");
    assert_failed(loader_ask(l, &(clip_request){.path = "1", .seconds = times, .count = SIZE_MAX / 8}), ERR_INPUT,
                  "more than memory can hold");
    clip_request sized = {.path = "1", .seconds = times, .count = 1, .format = {0, 5, FIT_STRETCH}};
    assert_failed(loader_ask(l, &sized), ERR_INPUT, "1: 0 x 5 is no size for pictures");
    sized.format = (picture_format){5, -1, FIT_STRETCH};
    assert_failed(loader_ask(l, &sized), ERR_INPUT, "5 x -1");
    sized.format = (picture_format){16385, 5, FIT_STRETCH};
    assert_failed(loader_ask(l, &sized), ERR_INPUT, "16385 x 5");
    ask(l, "4");
    take_number(l, 4);
    loader_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_order, reset),
        cmocka_unit_test_setup(test_asking_in_between, reset),
        cmocka_unit_test_setup(test_memory_is_bounded, reset),
        cmocka_unit_test_setup(test_one_clip_always_fits, reset),
        cmocka_unit_test_setup(test_lengths_change, reset),
        cmocka_unit_test_setup(test_sizes_change, reset),
        cmocka_unit_test_setup(test_broken_clips_in_between, reset),
        cmocka_unit_test_setup(test_close_in_mid_work, reset),
        cmocka_unit_test_setup(test_file_stays_open, reset),
        cmocka_unit_test_setup(test_waiting_is_counted, reset),
        cmocka_unit_test_setup(test_wrong_requests, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
