#include "teacher/tokenizer.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char directory[] = "/tmp/magister-tokenizer-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static vocabulary *read_text(const char *text)
{
    vocabulary *v = NULL;
    assert_int_equal(file_write(path_of("vocab.txt"), text, strlen(text)), OK);
    assert_int_equal(vocabulary_read(path_of("vocab.txt"), &v), OK);
    return v;
}

static void expect_failure(const char *text, size_t count, const char *expected)
{
    vocabulary *v = NULL;
    assert_int_equal(file_write(path_of("bad.txt"), text, count), OK);
    assert_int_equal(vocabulary_read(path_of("bad.txt"), &v), ERR_INPUT);
    if (!strstr(fail_message(), expected)) fail_msg("'%s' lacks '%s'", fail_message(), expected);
    assert_null(v);
    fail_clear();
}

static void expect_words(const char *text, bool whole, const char *expected)
{
    word_list words = {0};
    char joined[512] = "";
    assert_int_equal(words_cut(text, whole, &words), OK);
    for (size_t i = 0; i < words.count; i++) {
        if (i) strcat(joined, "|");
        strcat(joined, words.text + words.offsets[i]);
    }
    assert_string_equal(joined, expected);
    words_free(&words);
}

static void expect_ids(const vocabulary *v, tokenizer_kind kind, const char *text, const int64_t *ids, size_t count)
{
    id_list list = {0};
    assert_int_equal(tokenizer_encode(v, kind, false, text, &list), OK);
    assert_int_equal(list.count, count);
    assert_memory_equal(list.at, ids, count * sizeof *ids);
    id_list_free(&list);
}
#define IDS(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static void cuts_text_into_words(void **state)
{
    (void)state;
    expect_words("Turn-on  the TAP", false, "turn|-|on|the|tap");
    expect_words("IX-1P don't", true, "ix-1p|don't");
    expect_words("\xc3\x84pfel na\xc3\xafve", false, "apfel|naive");
    expect_words("take <v> sauce pan <a> cut<v>x", false, "take|<v>|sauce|pan|<a>|cut|<|v|>|x");
    expect_words("a\xe7\x94\x9f\xe6\xb4\xbb"
                 "b",
                 false, "a|\xe7\x94\x9f|\xe6\xb4\xbb|b");
    expect_words("", false, "");
    expect_words(" \t\n", false, "");
}

static void survives_bytes_that_are_not_utf8(void **state)
{
    (void)state;
    expect_words("a\xff\xc3 b\xe2\x82", false, "a|b");
    for (unsigned seed = 0; seed < 200; seed++) {
        char text[64];
        for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(1 + (seed * 7919u + i * i * 31u + i * seed) % 255u);
        text[sizeof text - 1] = '\0';
        word_list words = {0};
        assert_int_equal(words_cut(text, seed % 2, &words), OK);
        words_free(&words);
    }
}

static void counts_a_word_vocabulary(void **state)
{
    (void)state;
    const char *words[] = {"pan", "take", "<v>", "cup", "pan", "sink"};
    const size_t times[] = {2, 2, 5, 1, 1, 0}, fewer[] = {1, 2, 5, 1, 0, 0};
    vocabulary *v = NULL, *again = NULL;
    char hash[33], other[33];

    assert_int_equal(vocabulary_build(words, times, 6, &v), OK);
    assert_int_equal(vocabulary_size(v), MARK_COUNT + 3);
    assert_string_equal(vocabulary_piece(v, 0), "[PAD]");
    assert_string_equal(vocabulary_piece(v, MARK_COUNT), "pan");
    assert_string_equal(vocabulary_piece(v, MARK_COUNT + 1), "take");
    assert_string_equal(vocabulary_piece(v, MARK_COUNT + 2), "cup");
    assert_null(vocabulary_piece(v, MARK_COUNT + 3));
    expect_ids(v, CUT_WORDS, "take <v> pan <a> Knife", IDS(8, MARK_VERB, 7, MARK_ACTION, MARK_UNKNOWN));

    assert_int_equal(vocabulary_write(v, path_of("written.txt")), OK);
    assert_int_equal(vocabulary_read(path_of("written.txt"), &again), OK);
    vocabulary_hash(v, hash);
    vocabulary_hash(again, other);
    assert_string_equal(hash, other);
    vocabulary_free(&again);
    assert_int_equal(vocabulary_build(words, fewer, 6, &again), OK);
    vocabulary_hash(again, other);
    assert_string_not_equal(hash, other); /* "take" comes first now */
    vocabulary_free(&again);
    vocabulary_free(&v);
}

static void matches_the_longest_pieces(void **state)
{
    (void)state;
    vocabulary *v = read_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncut\n##ting\n##t\n##ing\nboard\n<\nv\n>\n");
    expect_ids(v, CUT_PIECES, "Cutting board", IDS(5, 6, 9));
    expect_ids(v, CUT_PIECES, "cut <v> board", IDS(5, 10, 11, 12, 9)); /* no such mark: it is text */
    expect_ids(v, CUT_PIECES, "cutx", IDS(1));                         /* no piece for the rest: the word is unknown */
    expect_ids(v, CUT_PIECES, "ting", IDS(1));                         /* "##ting" does not begin a word */
    char long_word[102];
    memset(long_word, 'v', 101);
    long_word[101] = '\0';
    expect_ids(v, CUT_PIECES, long_word, IDS(1));
    vocabulary_free(&v);
}

static void refuses_bad_vocabularies(void **state)
{
    (void)state;
    vocabulary *v = NULL;
    expect_failure("[PAD]\n\n[UNK]\n", 13, "bad.txt:2: empty line");
    expect_failure("a\nb\na\n", 6, "bad.txt:3: piece 'a' is already in line 1");
    expect_failure("a\nb\n", 4, "[PAD] is missing");
    expect_failure("", 0, "empty");
    expect_failure("a\nb\0c\n", 6, "bad.txt:2: holds a zero byte");
    assert_int_equal(vocabulary_read(path_of("nowhere.txt"), &v), ERR_MISSING);
    fail_clear();
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    return directory_remove(directory) == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_text_into_words),     cmocka_unit_test(survives_bytes_that_are_not_utf8),
        cmocka_unit_test(counts_a_word_vocabulary), cmocka_unit_test(matches_the_longest_pieces),
        cmocka_unit_test(refuses_bad_vocabularies),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
