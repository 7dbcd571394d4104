/* Every known form on the published files, where they are beside the repository; counts are those of the publishers. */
#include "data/annotations.h"

#include "scratch.h"

static void test_ek55_split(void **state)
{
    (void)state;
    class_list c = {0};
    segment_list training = {0}, validation = {0};
    assert_ok(classes_read(shared_file("ek55_rulstm_split/actions.csv"), &c));
    assert_int_equal(c.action_count, 2513);
    assert_int_equal(c.verb_count, 125);
    assert_int_equal(c.noun_count, 352);
    assert_string_equal(c.verbs[0], "take");
    assert_string_equal(c.nouns[10], "fridge");
    assert_string_equal(c.actions[7].text, "pick-up <v> measuring jug");
    assert_ok(segments_read(shared_file("ek55_rulstm_split/training.csv"), "auto", 30, &c, &training));
    assert_ok(segments_read(shared_file("ek55_rulstm_split/validation.csv"), "rulstm", 30, &c, &validation));
    assert_int_equal(training.count, 23493);
    assert_int_equal(validation.count, 4979);
    size_t seen = 0, seen_validation = 0;
    for (size_t i = 0; i < training.count; i++) seen += segment_is_observable(&training.at[i], 1.0, 30);
    for (size_t i = 0; i < validation.count; i++) seen_validation += segment_is_observable(&validation.at[i], 1.0, 30);
    assert_int_equal(seen, 23430);
    assert_int_equal(seen_validation, 4969);
    segments_free(&training);
    segments_free(&validation);
    classes_free(&c);
}

static void test_many_shot_classes(void **state)
{
    (void)state;
    int64_t *ids = NULL;
    size_t count = 0;
    assert_ok(ids_read(shared_file("ek55_rulstm_split/EPIC_many_shot_verbs.csv"), &ids, &count));
    assert_int_equal(count, 26);
    free(ids);
    assert_ok(ids_read(shared_file("ek55_rulstm_split/EPIC_many_shot_nouns.csv"), &ids, &count));
    assert_int_equal(count, 71);
    free(ids);
    assert_failed(ids_read(shared_file("ek55/EPIC_many_shot_actions.csv"), &ids, &count), ERR_INPUT, ".csv:2");
}

static void test_epic_labels(void **state)
{
    (void)state;
    class_list published = {0}, collected = {0};
    segment_list list = {0};
    assert_ok(classes_read(shared_file("ek55_rulstm_split/actions.csv"), &published));
    assert_ok(segments_read(shared_file("ek55/EPIC_train_action_labels.csv"), "auto", 60, &published, &list));
    assert_int_equal(list.count, 28472);
    for (size_t i = 0; i < list.count; i++) assert_true(list.at[i].action >= 0);
    segments_free(&list);
    assert_ok(classes_collect(shared_file("ek55/EPIC_train_action_labels.csv"), "auto", &collected));
    assert_int_equal(collected.action_count, 2513);
    assert_string_equal(collected.verbs[0], "pick-up"); /* what people say most for it */
    assert_ok(segments_read(shared_file("ek55/EPIC_train_action_labels.csv"), "epic", 60, &collected, &list));
    for (size_t i = 0; i < list.count; i++) {
        const action_class *action = &collected.actions[list.at[i].action];
        assert_true(action->verb == list.at[i].verb && action->noun == list.at[i].noun);
    }
    segments_free(&list);
    classes_free(&published);
    classes_free(&collected);
}

static void test_files_that_are_no_annotations(void **state)
{
    (void)state;
    class_list c = {0};
    segment_list list = {0};
    assert_ok(classes_read(shared_file("ek55_rulstm_split/actions.csv"), &c));
    const struct {
        const char *name, *part;
    } cases[] = {
        {"ek55/EPIC_train_invalid_labels.csv", "EPIC_train_invalid_labels.csv:2: verb_class is empty"},
        {"ek55/EPIC_test_s1_timestamps.csv", "EPIC_test_s1_timestamps.csv:1: none of the known forms"},
        {"ek55/EPIC_descriptions.csv", "EPIC_descriptions.csv:1: none of the known forms"},
        {"ek55_rulstm_split/test_seen.csv", "test_seen.csv:1: none of the known forms"},
        {"ek55_rulstm_split/actions.csv", "actions.csv:1: none of the known forms"},
        {"ek55_rulstm_split/training_videos.csv", "training_videos.csv:1: none of the known forms"},
        {"boston104_hands/hands.csv", "hands.csv:1: none of the known forms"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_failed(segments_read(shared_file(cases[i].name), "auto", 30, &c, &list), ERR_INPUT, cases[i].part);
    assert_failed(classes_read(shared_file("ek55/EPIC_verb_classes.csv"), &c), ERR_INPUT, "EPIC_verb_classes.csv:1");
    classes_free(&c);
}

static void test_boston104(void **state)
{
    (void)state;
    class_list c = {0};
    segment_list list = {0};
    const char **texts = NULL;
    const char *words = shared_file("boston104_hands/words.csv");
    assert_ok(classes_collect(words, "auto", &c));
    assert_int_equal(c.action_count, 112);
    assert_ok(segments_read(words, "auto", 30, &c, &list));
    assert_int_equal(list.count, 710);
    segments_sort(&list);
    assert_ok(sequence_texts(&list, &c, &texts));
    size_t sentences = 0;
    for (size_t i = 0; i < list.count; i++)
        sentences += !i || strcmp(list.at[i].sequence, list.at[i - 1].sequence) != 0;
    assert_int_equal(sentences, 161);
    free(texts);
    segments_free(&list);
    classes_free(&c);
}

static void test_phoenix(void **state)
{
    (void)state;
    const struct {
        const char *name;
        size_t sentences, words;
    } files[] = {{"phoenix14t/phoenix14t.train.csv", 7096, 1085},
                 {"phoenix14t/phoenix14t.dev.csv", 519, 393},
                 {"phoenix14t/phoenix14t.test.csv", 642, 411}};
    for (size_t f = 0; f < 3; f++) {
        class_list c = {0};
        segment_list list = {0};
        const char *path = shared_file(files[f].name);
        assert_ok(classes_collect(path, "auto", &c));
        assert_ok(segments_read(path, "auto", 25, &c, &list));
        size_t sentences = 0;
        for (size_t i = 0; i < list.count; i++) sentences += list.at[i].start == 0;
        assert_int_equal(sentences, files[f].sentences);
        assert_int_equal(c.action_count, files[f].words);
        segments_free(&list);
        classes_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ek55_split),  cmocka_unit_test(test_many_shot_classes),
        cmocka_unit_test(test_epic_labels), cmocka_unit_test(test_files_that_are_no_annotations),
        cmocka_unit_test(test_boston104),   cmocka_unit_test(test_phoenix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
