/* Who watches what: every video once an epoch, no epoch before the one before is over, and a table that can be saved.
 */
#include "stream/dealing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { VIDEOS = 11, RANKS = 3, EPOCHS = 3 };

/* A world in which a rank has one stream, and a video takes a few meetings. */
typedef struct {
    dealing d;
    size_t now[RANKS], left[RANKS], begun[RANKS]; /* left: meetings; 0: free */
    size_t seen[VIDEOS];
} world;

static void begin_videos(world *w)
{
    for (size_t r = 0; r < RANKS; r++) {
        if (w->left[r] || w->begun[r] == w->d.hands[r].count) continue;
        w->now[r] = w->d.hands[r].at[w->begun[r]++];
        w->left[r] = 1 + w->now[r] % 4;
        for (size_t other = 0; other < RANKS; other++)
            if (other != r && w->left[other]) assert_int_not_equal(w->now[other], w->now[r]);
        assert_int_equal(w->seen[w->now[r]]++, (size_t)w->d.epoch);
    }
}

static void meet(world *w)
{
    dealing_wish wishes[RANKS];
    for (size_t r = 0; r < RANKS; r++) {
        if (w->left[r]) w->left[r]--;
        wishes[r] = (dealing_wish){.begun = w->begun[r], .busy = w->left[r] > 0, .free = !w->left[r], .reserve = 2};
        w->begun[r] = 0;
    }
    assert_int_equal(dealing_deal(&w->d, wishes), OK);
}

static bool is_busy(const world *w)
{
    return w->left[0] || w->left[1] || w->left[2];
}

static void test_every_video_once_an_epoch(void **state)
{
    (void)state;
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        world w = {0};
        size_t meetings = 0;
        assert_int_equal(dealing_new(VIDEOS, RANKS, EPOCHS, 5, shuffled, &w.d), OK);
        for (meet(&w); !dealing_is_over(&w.d) || is_busy(&w); meet(&w)) {
            begin_videos(&w);
            assert_true(++meetings < 200);
        }
        for (size_t i = 0; i < VIDEOS; i++) assert_int_equal(w.seen[i], EPOCHS);
        dealing_free(&w.d);
    }
}

static void test_a_saved_table_goes_on(void **state)
{
    (void)state;
    world w = {0}, other = {0};
    int64_t *table = NULL, *again = NULL;
    size_t count = 0, count_again = 0;
    assert_int_equal(dealing_new(VIDEOS, RANKS, EPOCHS, 5, true, &w.d), OK);
    assert_int_equal(dealing_new(VIDEOS, RANKS, EPOCHS, 5, true, &other.d), OK);
    for (size_t i = 0; i < 5; i++) {
        meet(&w);
        begin_videos(&w);
    }
    assert_int_equal(dealing_save(&w.d, &table, &count), OK);
    for (size_t i = 0; i < count; i++) assert_int_equal(dealing_load(&other.d, table, i), ERR_INPUT); /* cut off */
    assert_int_equal(dealing_load(&other.d, table, count), OK);
    memcpy(other.now, w.now, sizeof w.now);
    memcpy(other.left, w.left, sizeof w.left);
    memcpy(other.begun, w.begun, sizeof w.begun);
    for (size_t i = 0; i < 9; i++) {
        meet(&w);
        meet(&other);
    }
    free(table);
    assert_int_equal(dealing_save(&w.d, &table, &count), OK);
    assert_int_equal(dealing_save(&other.d, &again, &count_again), OK);
    assert_int_equal(count, count_again);
    assert_memory_equal(table, again, count * sizeof *table);
    table[0] = EPOCHS;
    assert_int_equal(dealing_load(&other.d, table, count), ERR_INPUT);
    free(table);
    free(again);
    dealing_free(&w.d);
    dealing_free(&other.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_video_once_an_epoch),
        cmocka_unit_test(test_a_saved_table_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
