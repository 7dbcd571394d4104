/* What is counted class by class, against counts made by hand. */
#include "distill/confusion_matrix.h"
#include "made_store.h"

static const made_segment SEGMENTS[] = {{0, 1}, {0, 1}, {0, 2}, {1, 3}, {1, -1}, {2, 6}};
static const int FIRST[2][6] = {{2, 2, 1, 3, 5, 0}, {2, 1, 1, NOTHING, 5, 0}};
enum { COUNT = 6 };

static store *open_made(const char *name)
{
    store *s = made_store(sample_path(name), SEGMENTS, COUNT);
    for (int seed = 0; seed < 2; seed++) made_set(s, "student", "student", seed, FIRST[seed], COUNT);
    return s;
}

static void classes_are_counted_over_seeds(void **state)
{
    (void)state;
    confusion_matrix m = {0};
    store *s = open_made("matrix");
    assert_ok(confusion_matrix_read(s, "student", &m));
    assert_int_equal(m.classes.action_count, MADE_CLASSES);
    assert_string_equal(m.classes.actions[6].name, "v1_n2");
    assert_int_equal(m.seeds, 2);
    assert_int_equal(m.n, 9); /* without those that have no label, and the one that was not predicted */
    const class_result one = m.at[1], two = m.at[2], three = m.at[3], six = m.at[6], none = m.at[7];
    assert_true(one.n == 4 && one.top1 == 1 && one.top5 == 4 && one.taken_for == 2 && one.taken == 3);
    assert_true(one.wrongly == 2 && two.wrongly == 3 && six.wrongly == 0 && m.at[0].wrongly == 2);
    assert_true(two.n == 2 && two.top1 == 0 && two.taken_for == 1 && two.taken == 2);
    assert_true(three.n == 1 && three.top1 == 1 && three.taken_for == -1 && three.taken == 0);
    assert_true(six.n == 2 && six.top1 == 0 && six.top5 == 0 && six.taken_for == 0); /* the seventh after 0 */
    assert_true(none.n == 0 && none.taken_for == -1);
    assert_int_equal(confusion_matrix_at(&m, 1, 2), 3);
    assert_int_equal(confusion_matrix_at(&m, 1, 1), 1);
    assert_int_equal(confusion_matrix_at(&m, 1, 5), 0);
    assert_int_equal(confusion_matrix_at(&m, 7, 7), 0);
    confusion_matrix_free(&m);
    store_close(&s);
    remove_store(sample_path("matrix"));
}

static void equal_mistakes_name_the_lowest_class(void **state)
{
    (void)state;
    static const made_segment at[] = {{0, 1}, {0, 1}, {0, 1}};
    static const int first[] = {5, 3, 1};
    confusion_matrix m = {0};
    store *s = made_store(sample_path("ties"), at, 3);
    made_set(s, "student", "student", 0, first, 3);
    assert_ok(confusion_matrix_read(s, "student", &m));
    assert_true(m.at[1].taken_for == 3 && m.at[1].taken == 1);
    confusion_matrix_free(&m);
    store_close(&s);
    remove_store(sample_path("ties"));
}

static void the_most_confused_are_chosen(void **state)
{
    (void)state;
    confusion_matrix m = {0};
    int64_t ids[MADE_CLASSES] = {0};
    size_t count = 0;
    store *s = open_made("chosen");
    assert_ok(confusion_matrix_read(s, "student", &m));
    assert_ok(confusion_matrix_choose(&m, MADE_CLASSES, ids, &count));
    assert_int_equal(count, 5); /* 0 was only put first; 4, 5 and 7 are nothing's */
    assert_true(ids[0] == 0 && ids[1] == 1 && ids[2] == 2 && ids[3] == 3 && ids[4] == 6);
    assert_ok(confusion_matrix_choose(&m, 3, ids, &count)); /* mistakes: 1 and 2 five, 0 and 6 two, 3 none */
    assert_int_equal(count, 3);
    assert_true(ids[0] == 0 && ids[1] == 1 && ids[2] == 2);
    confusion_matrix_free(&m);
    store_close(&s);
    remove_store(sample_path("chosen"));
}

static void a_set_that_is_not_there_is_named(void **state)
{
    (void)state;
    confusion_matrix m = {0};
    store *s = open_made("none");
    assert_fails(ERR_MISSING, "student", confusion_matrix_read(s, "pupil", &m));
    assert_null(m.at);
    store_close(&s);
    remove_store(sample_path("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_counted_over_seeds),
        cmocka_unit_test(equal_mistakes_name_the_lowest_class),
        cmocka_unit_test(the_most_confused_are_chosen),
        cmocka_unit_test(a_set_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
