/* From annotations and text to token sequences: corpus, extra text, examples, batches. */
#include "teacher/batch.h"
#include "tests/unit/data/scratch.h"

static recipe *r;
static dataset d;

static const char ACTIONS[] = "id,action,verb,noun\n0,take_pan:sauce,0,0\n1,put-down_pan:sauce,1,0\n2,take_cup,0,1\n"
                              "3,put-down_cup,1,1\n4,wash_cup,2,1\n";

/* Four videos of take sauce pan, put-down sauce pan, take cup; "wash" and its class never occur. */
static void open_world(const char *teacher)
{
    char rows[4096] = "", text[2048], actions[256], stages[] = "stages=[teacher]", *overrides[] = {stages};
    char *at = rows;
    for (int v = 0; v < 12; v++)
        for (int k = 0; k < 3; k++)
            at += sprintf(at, "%d, V%02d, %d, %d, %d, %d, %d\n", v * 10 + k, v, 30 * k, 30 * k + 20, k == 1, k == 2, k);
    snprintf(actions, sizeof actions, "%s", scratch_file("actions.csv", ACTIONS));
    snprintf(text, sizeof text, "data: {train: %s, actions: %s}\nteacher: {%s}\n", scratch_file("train.csv", rows),
             actions, teacher);
    assert_ok(recipe_read(scratch_file("recipe.yaml", text), overrides, 1, &r));
    assert_ok(dataset_open(r, &d));
}

static void close_world(void)
{
    dataset_free(&d);
    recipe_free(&r);
}

/* One example: history of `length` actions. */
static example_list example_of(size_t *first, int64_t *actions, size_t length)
{
    first[0] = 0;
    first[1] = length;
    return (example_list){.count = 1, .first = first, .actions = actions};
}

static void expect_sequence(const corpus *c, const token_batch *b, size_t s, const char *expected)
{
    char text[512] = "";
    for (size_t n = b->first[s]; n < b->first[s + 1]; n++) {
        if (n > b->first[s]) strcat(text, " ");
        strcat(text, vocabulary_piece(c->words, b->ids[n]));
    }
    assert_string_equal(text, expected);
}

static void a_history_becomes_words(void **state)
{
    (void)state;
    corpus c = {0};
    token_batch b = {0};
    size_t first[2], which[] = {0};
    int64_t actions[] = {0, 1, -1, 4};
    open_world("ages: true");
    assert_ok(corpus_open(r, &d, NULL, &c));
    example_list e = example_of(first, actions, 4);
    sequence_options o = {.ages = true};
    assert_ok(batch_make(&c, &e, which, 1, NULL, &o, &b));
    expect_sequence(&c, &b, 0,
                    "[CLS] take <v> sauce pan <a> put - down <v> sauce pan <a> [UNK] <a> [UNK] <v> cup [SEP]");
    assert_int_equal(b.first[1], example_tokens(&c, &e, 0));
    assert_int_equal(b.longest, b.first[1]);
    const int64_t ages[] = {0, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1};
    assert_memory_equal(b.ages, ages, sizeof ages);
    for (int64_t n = 0; n < 19; n++) assert_int_equal(b.positions[n], n);
    batch_free(&b);

    o = (sequence_options){.newest_first = true, .action_places = true};
    assert_ok(batch_make(&c, &e, which, 1, NULL, &o, &b));
    expect_sequence(&c, &b, 0,
                    "[CLS] [UNK] <v> cup <a> [UNK] <a> put - down <v> sauce pan <a> take <v> sauce pan [SEP]");
    const int64_t places[] = {7, 0, 3, 4, 6, 0, 6, 0, 1, 2, 3, 4, 5, 6, 0, 3, 4, 5, 6};
    assert_memory_equal(b.positions, places, sizeof places);
    assert_int_equal(corpus_place_count(&c), 8);
    batch_free(&b);
    corpus_free(&c);
    close_world();
}

static void an_empty_history_is_its_start(void **state)
{
    (void)state;
    corpus c = {0};
    token_batch b = {0};
    size_t first[2], which[] = {0};
    uint64_t key = 5;
    open_world("");
    assert_ok(corpus_open(r, &d, NULL, &c));
    example_list e = example_of(first, NULL, 0);
    sequence_options o = {.shorten = 1, .action_dropout = 0.5, .word_dropout = 0.5};
    assert_ok(batch_make(&c, &e, which, 1, &key, &o, &b));
    expect_sequence(&c, &b, 0, "[CLS] [SEP]");
    batch_free(&b);
    corpus_free(&c);
    close_world();
}

/* Over many keys: every length comes up, the latest action is kept unless it was dropped, masks have their share. */
static void varying_keeps_to_its_shares(void **state)
{
    (void)state;
    enum { DRAWS = 4000 };
    corpus c = {0};
    size_t first[2], which[] = {0}, lengths[5] = {0}, tokens = 0, masked = 0;
    int64_t actions[] = {2, 2, 2, 2};
    open_world("input: tokens");
    assert_ok(corpus_open(r, &d, NULL, &c));
    example_list e = example_of(first, actions, 4);
    for (uint64_t key = 0; key < DRAWS; key++) {
        token_batch b = {0}, again = {0};
        sequence_options o = {.shorten = 0.5, .word_dropout = 0.25};
        assert_ok(batch_make(&c, &e, which, 1, &key, &o, &b));
        assert_ok(batch_make(&c, &e, which, 1, &key, &o, &again));
        assert_memory_equal(b.ids, again.ids, b.first[1] * sizeof *b.ids);
        lengths[b.first[1] - 1]++;
        for (size_t n = 1; n < b.first[1]; n++, tokens++) masked += b.ids[n] == c.mask;
        batch_free(&b);
        batch_free(&again);
    }
    assert_int_equal(lengths[0], 0);
    for (int k = 1; k < 4; k++) assert_in_range(lengths[k], DRAWS / 8 - 100, DRAWS / 8 + 100);
    assert_in_range(lengths[4], DRAWS * 5 / 8 - 120, DRAWS * 5 / 8 + 120);
    assert_in_range(masked, tokens / 4 - tokens / 40, tokens / 4 + tokens / 40);
    corpus_free(&c);
    close_world();
}

static void leaving_out_actions_leaves_one(void **state)
{
    (void)state;
    corpus c = {0};
    size_t first[2], which[] = {0}, left = 0;
    int64_t actions[] = {0, 1, 2};
    open_world("input: tokens");
    assert_ok(corpus_open(r, &d, NULL, &c));
    example_list e = example_of(first, actions, 3);
    for (uint64_t key = 0; key < 1000; key++) {
        token_batch b = {0};
        sequence_options o = {.action_dropout = 0.9};
        assert_ok(batch_make(&c, &e, which, 1, &key, &o, &b));
        assert_true(b.first[1] >= 2);
        left += b.first[1] - 1;
        batch_free(&b);
    }
    assert_in_range(left, 950, 1150); /* 3 * 0.1 and at least one */
    corpus_free(&c);
    close_world();
}

static void tokens_are_verbs_and_nouns(void **state)
{
    (void)state;
    corpus c = {0};
    token_batch b = {0};
    size_t first[2], which[] = {0};
    int64_t actions[] = {1, -1};
    open_world("input: tokens");
    assert_ok(corpus_open(r, &d, NULL, &c));
    example_list e = example_of(first, actions, 2);
    sequence_options o = {0};
    assert_ok(batch_make(&c, &e, which, 1, NULL, &o, &b));
    assert_int_equal(b.first[1], 3); /* start, two actions */
    assert_int_equal(b.ids[1], 1);
    assert_int_equal(b.second[1], 0);
    assert_int_equal(b.second[0], c.mark_second);
    assert_true(b.ids[2] >= 3 && b.ids[2] != b.ids[0]);
    assert_int_equal(c.id_rows, 3 + 3);
    assert_int_equal(c.second_rows, 2 + 1);
    batch_free(&b);
    corpus_free(&c);
    close_world();
}

static void text_is_read_beside_the_segments(void **state)
{
    (void)state;
    corpus c = {0};
    char teacher[512];
    static const char TEXT[] = "take <v> cup <a> Wash <v> CUP\n\ntake <v> pan <a> take <v> cup\n";
    snprintf(teacher, sizeof teacher, "extra_text: %s", scratch_file("extra.txt", TEXT));
    open_world(teacher);
    assert_ok(corpus_open(r, &d, NULL, &c));
    assert_int_equal(c.extra.segments.count, 4);
    assert_int_equal(c.extra.text_count, 1); /* take <v> pan is no class */
    assert_string_equal(c.extra.texts[0], "take <v> pan");
    const int64_t actions[] = {2, 4, 5, 2};
    for (size_t i = 0; i < 4; i++) assert_int_equal(c.extra.segments.at[i].action, actions[i]);
    assert_string_equal(c.extra.segments.at[3].sequence, "line 3");
    assert_true(vocabulary_find(c.words, "wash") > 0); /* it is in the text */
    assert_int_equal(c.action_count, 5 + 1 + 1);
    corpus_free(&c);
    close_world();

    snprintf(teacher, sizeof teacher, "input: tokens, extra_text: %s", scratch_file("extra.txt", TEXT));
    open_world(teacher);
    assert_ok(corpus_open(r, &d, NULL, &c));
    assert_int_equal(c.ids[5], 0);                /* verb of "take" */
    assert_int_equal(c.second[5], c.mark_second); /* no class has the noun "pan" */
    corpus_free(&c);
    close_world();
}

static void bad_text_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } CASES[] = {
        {"take <v> cup\ntake <v> cup <a> <a> take <v> cup\n", "extra.txt:2: action 2 is empty"},
        {"take <v> cup <a>\n", "extra.txt:1: action 2 is empty"},
        {"take cup\n", "extra.txt:1: action 1, 'take cup', is not of the form verb <v> noun"},
        {"take <v>\n", "extra.txt:1: action 1"},
        {"take <v> cup <v> pan\n", "extra.txt:1: action 1"},
        {"\n \n", "extra.txt: no line with an action"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        corpus c = {0};
        char teacher[512];
        snprintf(teacher, sizeof teacher, "extra_text: %s", scratch_file("extra.txt", CASES[i].text));
        open_world(teacher);
        assert_failed(corpus_open(r, &d, NULL, &c), ERR_INPUT, CASES[i].message);
        close_world();
    }
}

static void examples_follow_their_histories(void **state)
{
    (void)state;
    histories h = {0};
    example_list e = {0};
    history_options o = {.hist_len = 2, .sort_segments = true, .gappy = true, .lengths = true};
    open_world("");
    const segment_list *list = &d.train;
    assert_ok(histories_build(&list, 1, 0, &o, &h));
    d.train.at[1].action = -1; /* a word the classes do not have */
    assert_ok(examples_add(&e, &h, &d.train, d.classes.action_count, false));
    assert_int_equal(e.count, h.history_count);
    size_t all = e.count, asked = h.query_first[2] - h.query_first[1];
    assert_int_equal(e.action[h.query_first[1]], NO_LABEL);
    assert_int_equal(e.action[h.query_first[2]], 2);
    assert_int_equal(e.verb[h.query_first[2]], 0);
    assert_int_equal(e.noun[h.query_first[2]], 1);
    examples_free(&e);
    assert_ok(examples_add(&e, &h, &d.train, d.classes.action_count, true));
    assert_int_equal(e.count, all - asked);
    assert_ok(examples_add(&e, &h, &d.train, d.classes.action_count, false)); /* appends */
    assert_int_equal(e.count, 2 * all - asked);
    assert_int_equal(e.query[e.count - 1], d.train.count - 1);
    examples_free(&e);
    histories_free(&h);
    close_world();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_becomes_words),           cmocka_unit_test(an_empty_history_is_its_start),
        cmocka_unit_test(varying_keeps_to_its_shares),       cmocka_unit_test(leaving_out_actions_leaves_one),
        cmocka_unit_test(tokens_are_verbs_and_nouns),        cmocka_unit_test(text_is_read_beside_the_segments),
        cmocka_unit_test(bad_text_is_refused_with_its_line), cmocka_unit_test(examples_follow_their_histories),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
