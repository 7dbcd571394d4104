/* Which clips are shown: spread over classes, whatever their order and number. */
#include "student/attention_examples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 6, ALL = 40 };

static segment list[ALL];

/* Segments of these classes; returns how many were chosen. */
static size_t choose(const int *classes, size_t count, size_t places[MOST])
{
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++) list[i] = (segment){.uid = "u", .action = classes[i]};
    assert_int_equal(attention_choose(list, count, MOST, places, &chosen), OK);
    for (size_t i = 0; i < chosen; i++) {
        assert_true(places[i] < count);
        for (size_t j = 0; j < i; j++) assert_true(places[i] != places[j]);
    }
    return chosen;
}

static void many_classes_give_one_clip_each(void **state)
{
    (void)state;
    int classes[ALL];
    size_t places[MOST];
    for (int i = 0; i < ALL; i++) classes[i] = 19 - i / 2; /* 20 classes of two clips, the last first */
    assert_int_equal(choose(classes, ALL, places), MOST);
    const int wanted[MOST] = {0, 3, 6, 10, 13, 16};
    for (int i = 0; i < MOST; i++) {
        assert_int_equal(classes[places[i]], wanted[i]);
        assert_int_equal(places[i] % 2, 0); /* the first of its class */
    }
}

static void few_classes_give_several_clips(void **state)
{
    (void)state;
    const int classes[] = {4, 4, 4, 4, 4, 1, 9, -1};
    const size_t wanted[MOST] = {5, 0, 6, 1, 2, 3};
    size_t places[MOST];
    assert_int_equal(choose(classes, 8, places), MOST);
    assert_memory_equal(places, wanted, sizeof wanted);
}

static void what_has_no_class_comes_last(void **state)
{
    (void)state;
    const int classes[] = {-1, 2, -1, 2};
    const size_t wanted[] = {1, 3, 0, 2};
    size_t places[MOST];
    assert_int_equal(choose(classes, 4, places), 4);
    assert_memory_equal(places, wanted, sizeof wanted);
    assert_int_equal(choose(classes, 0, places), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_classes_give_one_clip_each),
        cmocka_unit_test(few_classes_give_several_clips),
        cmocka_unit_test(what_has_no_class_comes_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
