/* Which words are hidden: how many, which kinds, drawn from what; and passages that look like histories. */
#include "base/hash.h"
#include "teacher/masking.h"
#include "teacher/model.h"
#include "teacher/passages.h"
#include "tests/unit/teacher/small_world.h"

enum { LENGTH = 42, SEQUENCES = 200, WORDS = 40, FIRST_WORD = MARK_COUNT };

static vocabulary *words;

/* The marks, then w00, w01 ... */
static int open_words(void **state)
{
    static char names[WORDS][8];
    const char *list[WORDS];
    size_t times[WORDS];
    for (size_t i = 0; i < WORDS; i++) {
        snprintf(names[i], sizeof names[i], "w%02zu", i);
        list[i] = names[i];
        times[i] = 1;
    }
    if (world_open(state) || t_start(&(t_options){.device = "cpu", .threads = 1, .deterministic = true}) != OK)
        return -1;
    return vocabulary_build(list, times, WORDS, &words) == OK ? 0 : -1;
}

static int close_words(void **state)
{
    vocabulary_free(&words);
    return scratch_close(state);
}

typedef struct {
    size_t first[SEQUENCES + 1];
    int64_t ids[SEQUENCES * LENGTH], before[SEQUENCES * LENGTH];
    uint64_t keys[SEQUENCES];
    token_batch batch;
} sample;

/* Sequences of 40 words between [CLS] and [SEP], keyed by their number and the epoch. */
static void fill(sample *s, size_t from, size_t count, uint64_t epoch)
{
    for (size_t q = 0; q <= count; q++) s->first[q] = q * LENGTH;
    for (size_t q = 0; q < count; q++) {
        s->keys[q] = hash_mix(epoch, from + q);
        for (size_t i = 0; i < LENGTH; i++) s->ids[q * LENGTH + i] = (int64_t)(FIRST_WORD + (from + q + i) % WORDS);
        s->ids[q * LENGTH] = vocabulary_mark(words, MARK_START);
        s->ids[(q + 1) * LENGTH - 1] = vocabulary_mark(words, MARK_END);
    }
    memcpy(s->before, s->ids, sizeof s->ids);
    s->batch = (token_batch){.count = count, .longest = LENGTH, .first = s->first, .ids = s->ids};
}

static void a_share_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(masking_count(0, 0.15), 0);
    assert_int_equal(masking_count(1, 0.15), 1);
    assert_int_equal(masking_count(20, 0.15), 3);
    assert_int_equal(masking_count(40, 0.5), 20);
    assert_false(masking_is_word(words, vocabulary_mark(words, MARK_UNKNOWN)));
    assert_false(masking_is_word(words, vocabulary_mark(words, MARK_ACTION)));
    assert_true(masking_is_word(words, FIRST_WORD));
}

/* 80 % masked, 10 % replaced, 10 % as they were, of 15 % of the words, none twice, no mark; all else is left alone. */
static void words_are_hidden_as_in_bert(void **state)
{
    (void)state;
    static sample s;
    masked_words m = {0};
    size_t masked = 0, same = 0, changed = 0;
    fill(&s, 0, SEQUENCES, 1);
    assert_ok(masking_apply(words, 0.15, s.keys, &s.batch, &m));
    assert_int_equal(m.count, SEQUENCES * 6);
    for (size_t i = 0; i < m.count; i++) {
        int64_t row = m.rows[i];
        assert_int_equal(m.labels[i], s.before[row]);
        assert_true(masking_is_word(words, m.labels[i]));
        masked += s.ids[row] == vocabulary_mark(words, MARK_MASK);
        same += s.ids[row] == s.before[row];
        s.before[row] = -1; /* seen */
    }
    for (size_t n = 0; n < SEQUENCES * LENGTH; n++) changed += s.before[n] != s.ids[n];
    assert_int_equal(changed, m.count);
    assert_in_range(masked, m.count * 77 / 100, m.count * 83 / 100);
    assert_in_range(same, m.count * 8 / 100, m.count * 13 / 100);
    masked_words_free(&m);
}

/* The mask of a sequence is its key's: neighbours do not matter, another epoch's is another. */
static void masks_follow_the_key(void **state)
{
    (void)state;
    static sample all, one, later;
    masked_words m = {0}, alone = {0}, other = {0};
    fill(&all, 0, 8, 1);
    fill(&one, 5, 1, 1);
    fill(&later, 5, 1, 2);
    assert_ok(masking_apply(words, 0.15, all.keys, &all.batch, &m));
    assert_ok(masking_apply(words, 0.15, one.keys, &one.batch, &alone));
    assert_ok(masking_apply(words, 0.15, later.keys, &later.batch, &other));
    assert_memory_equal(all.ids + 5 * LENGTH, one.ids, LENGTH * sizeof one.ids[0]);
    assert_memory_not_equal(one.ids, later.ids, LENGTH * sizeof one.ids[0]);
    masked_words_free(&m);
    masked_words_free(&alone);
    masked_words_free(&other);
}

/* ---- passages -----------------------------------------------------------------------------------------------------
 */

static const char TEXT[] = "take <v> pan <a> wash <v> cup <a> take <v> knife <a> wash <v> pan\n"
                           "Slice the onion, thinly\n"
                           "take <v> pan <a> put the very old cutting board on the table <a> wash <v> cup\n";

typedef struct {
    recipe *r;
    dataset d;
    teacher_model m;
    passages p;
} world;

static void open_passages(world *w, size_t length, size_t actions)
{
    char files[192];
    *w = (world){0};
    snprintf(files, sizeof files, "teacher.pretrain.corpus=[%.120s]", scratch_file("corpus.txt", TEXT));
    w->r = WORLD_RECIPE(files, "teacher.variants.teacher_tokens.input=text", "teacher.pretrain.min_count=1",
                        "data.development=0.01", "data.split_seed=3");
    assert_ok(dataset_open(w->r, &w->d));
    assert_ok(teacher_model_open_pretraining(w->r, &w->d, length, &w->m));
    passage_options o = {.length = length, .actions = actions};
    assert_ok(passages_make(&w->m.text, &o, &w->p));
}

static void close_passages(world *w)
{
    passages_free(&w->p);
    teacher_model_close(&w->m);
    dataset_free(&w->d);
    recipe_free(&w->r);
    assert_int_equal(t_live_count(), 0);
}

static void expect_passage(const world *w, size_t which, const char *expected, const int64_t *positions,
                           const int64_t *ages)
{
    char text[512] = "";
    token_batch b = {0};
    assert_true(which < w->p.train.count);
    assert_ok(batch_make(&w->p.text, &w->p.train, &which, 1, NULL, &w->m.sequence, &b));
    for (size_t n = 0; n < b.first[1]; n++) {
        strcat(text, n ? " " : "");
        strcat(text, vocabulary_piece(w->m.text.words, b.ids[n]));
    }
    assert_string_equal(text, expected);
    if (positions) assert_memory_equal(b.positions, positions, b.first[1] * sizeof *positions);
    if (ages) assert_memory_equal(b.ages, ages, b.first[1] * sizeof *ages);
    batch_free(&b);
}

/* The world's longest verb is "put - down", its longest noun "cutting board": <v> stands at 3, <a> at 6, the start at
 * 7, and free text from 8 on. The newest action comes first. */
static void passages_look_like_histories(void **state)
{
    (void)state;
    world w;
    open_passages(&w, 32, 3);
    assert_int_equal(w.p.train.count, 4);
    expect_passage(&w, 0, "[CLS] take <v> knife <a> wash <v> cup <a> take <v> pan [SEP]",
                   (int64_t[]){7, 0, 3, 4, 6, 0, 3, 4, 6, 0, 3, 4, 6},
                   (int64_t[]){0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3});
    expect_passage(&w, 1, "[CLS] wash <v> pan [SEP]", NULL, (int64_t[]){0, 1, 1, 1, 1});
    expect_passage(&w, 2, "[CLS] slice the onion thinly [SEP]", (int64_t[]){7, 8, 9, 10, 11, 6}, NULL);
    expect_passage(&w, 3, "[CLS] wash <v> cup <a> put the very old cutting board on the table <a> take <v> pan [SEP]",
                   (int64_t[]){7, 0, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 6, 0, 3, 4, 6}, NULL);
    assert_int_equal(w.p.train_words[2], 4);
    assert_int_equal(w.p.train_words[3], 13);
    close_passages(&w);
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    world w;
    open_passages(&w, 8, 0); /* six tokens between the marks */
    for (size_t i = 0; i < w.p.train.count; i++) assert_true(example_tokens(&w.p.text, &w.p.train, i) <= 8);
    expect_passage(&w, 0, "[CLS] take <v> pan [SEP]", NULL, NULL);
    expect_passage(&w, 6, "[CLS] put the very old cutting board [SEP]", NULL, NULL);
    expect_passage(&w, 7, "[CLS] on the table [SEP]", (int64_t[]){7, 8, 9, 10, 6}, NULL);
    close_passages(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_is_asked_for), cmocka_unit_test(words_are_hidden_as_in_bert),
        cmocka_unit_test(masks_follow_the_key), cmocka_unit_test(passages_look_like_histories),
        cmocka_unit_test(long_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, open_words, close_words);
}
