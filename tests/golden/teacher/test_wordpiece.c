/* WordPiece against ids made with the published tokenizer for bert-base-uncased. */
#include "teacher/tokenizer.h"

#include "base/file.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA "../shared/data/tokenizers/"
enum { FILE_MAX = 16 * 1024 * 1024 };

static vocabulary *pieces;

static void need(const char *path)
{
    if (file_exists(path) && pieces) return;
    print_message("%s is not there\n", path);
    skip();
}

static void expect_same(const char *text, const id_list *got, const int64_t *ids, size_t count)
{
    bool same = got->count == count && (!count || !memcmp(got->at, ids, count * sizeof *ids));
    if (!same) fail_msg("'%s': %zu ids, expected %zu", text, got->count, count);
}

static size_t parse_ids(const char *line, int64_t *ids, size_t most)
{
    size_t count = 0;
    for (char *end = NULL; count < most; line = end) {
        int64_t id = strtoll(line, &end, 10);
        if (end == line) break;
        ids[count++] = id;
    }
    return count;
}

static void encodes_the_hard_inputs(void **state)
{
    (void)state;
    static const char BREAK[] = "\n__ggml_vocab_test__\n";
    need(DATA "bert-base-uncased/golden_inputs.txt");
    char *inputs = NULL, *lines = NULL;
    size_t count = 0, checked = 0;
    assert_int_equal(file_read(DATA "bert-base-uncased/golden_inputs.txt", FILE_MAX, &inputs, &count), OK);
    assert_int_equal(file_read(DATA "bert-base-uncased/golden_ids.txt", FILE_MAX, &lines, &count), OK);
    char *line = lines;
    for (char *text = inputs; text;) {
        char *next = strstr(text, BREAK), *line_end = line ? strchr(line, '\n') : NULL;
        if (next) *next = '\0';
        if (line_end) *line_end = '\0';
        int64_t ids[1024];
        size_t expected = line ? parse_ids(line, ids, 1024) : 0;
        id_list got = {0};
        assert_int_equal(tokenizer_encode(pieces, CUT_PIECES, false, text, &got), OK);
        expect_same(text, &got, ids, expected);
        id_list_free(&got);
        checked++;
        text = next ? next + strlen(BREAK) : NULL;
        line = line_end ? line_end + 1 : NULL;
    }
    print_message("%zu inputs\n", checked);
    assert_int_equal(checked, 47);
    free(inputs);
    free(lines);
}

static void check_one(const json_t *test)
{
    const char *text = json_string_value(json_object_get(test, "input"));
    const json_t *list = json_object_get(json_object_get(test, "encoded"), "input_ids");
    int64_t ids[1024];
    size_t count = json_array_size(list);
    assert_non_null(text);
    assert_in_range(count, 2, 1024);
    for (size_t i = 0; i < count; i++) ids[i] = json_integer_value(json_array_get(list, i));
    id_list got = {0};
    assert_int_equal(tokenizer_encode(pieces, CUT_PIECES, false, text, &got), OK);
    expect_same(text, &got, ids + 1, count - 2); /* theirs are between [CLS] and [SEP] */
    id_list_free(&got);
}

static void encodes_the_published_tests(void **state)
{
    (void)state;
    need(DATA "golden/tokenizer_tests.json");
    json_t *all = json_load_file(DATA "golden/tokenizer_tests.json", 0, NULL);
    const json_t *tests = json_object_get(all, "google-bert/bert-base-uncased");
    assert_int_equal(json_array_size(tests), 18);
    for (size_t i = 0; i < 18; i++) check_one(json_array_get(tests, i));
    json_decref(all);
}

static int read_pieces(void **state)
{
    (void)state;
    const char *path = DATA "bert-base-uncased/vocab.txt";
    if (!file_exists(path)) return 0;
    return vocabulary_read(path, &pieces) == OK ? 0 : -1;
}

static int free_pieces(void **state)
{
    (void)state;
    vocabulary_free(&pieces);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_the_hard_inputs),
        cmocka_unit_test(encodes_the_published_tests),
    };
    return cmocka_run_group_tests(tests, read_pieces, free_pieces);
}
