#include "data/csv.h"

#include "scratch.h"

static const char *joined(const csv *c)
{
    static char text[512];
    text[0] = '\0';
    for (size_t i = 0; i < c->count; i++) {
        if (i) strcat(text, ";");
        strcat(text, c->fields[i]);
    }
    return text;
}

/* All rows of a text, as fields joined by ';', each row in brackets. */
static const char *rows_of(const char *text, char separator)
{
    static char rows[2048];
    csv c = {0};
    bool more = true;
    rows[0] = '\0';
    assert_ok(csv_open(scratch_file("t.csv", text), separator, &c));
    for (;;) {
        assert_ok(csv_next(&c, &more));
        if (!more) break;
        snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "[%s]", joined(&c));
    }
    csv_close(&c);
    return rows;
}

static void assert_bad(const char *text, const char *part)
{
    csv c = {0};
    bool more = true;
    status st = csv_open(scratch_file("t.csv", text), CSV_GUESS, &c);
    while (st == OK && more) st = csv_next(&c, &more);
    assert_failed(st, ERR_INPUT, part);
    csv_close(&c);
}

static void test_plain_rows(void **state)
{
    (void)state;
    assert_string_equal(rows_of("a,b\n1,2\n", CSV_GUESS), "[a;b][1;2]");
    assert_string_equal(rows_of("00330, P01_02, 0000000152", CSV_GUESS), "[00330;P01_02;0000000152]");
    assert_string_equal(rows_of("a,b\r\n1,2\r\n\r\n", CSV_GUESS), "[a;b][1;2]");
    assert_string_equal(rows_of("\xef\xbb\xbf"
                                "a,b\n1,\n,2\n",
                                CSV_GUESS),
                        "[a;b][1;][;2]");
    assert_string_equal(rows_of("\n\n  \na\n \n", CSV_GUESS), "[a]");
    assert_string_equal(rows_of("", CSV_GUESS), "");
    assert_string_equal(rows_of(" \t \n  ", CSV_GUESS), "");
}

static void test_separators_are_told_from_the_first_line(void **state)
{
    (void)state;
    assert_string_equal(rows_of("name|a b\nx, y|z\n", CSV_GUESS), "[name;a b][x, y;z]");
    assert_string_equal(rows_of("a\tb\n1\t\"2\n", CSV_GUESS), "[a;b][1;\"2]");
    assert_string_equal(rows_of("JOHN, WRITE\n", CSV_LINES), "[JOHN, WRITE]");
}

static void test_quotes(void **state)
{
    (void)state;
    assert_string_equal(rows_of("\"a,b\",c\n", CSV_GUESS), "[a,b;c]");
    assert_string_equal(rows_of("\"say \"\"so\"\"\" , \"\"\n", CSV_GUESS), "[say \"so\";]");
    assert_string_equal(rows_of("\"two\nlines\",x\ny\n", CSV_GUESS), "[two\nlines;x][y]");
    assert_string_equal(rows_of("a,\"b\"", CSV_GUESS), "[a;b]");
}

static void test_bad_text_is_named_by_line(void **state)
{
    (void)state;
    assert_bad("a,b\n\"never closed,1\n2\n", "t.csv:2: a quoted field");
    assert_bad("a,b\n1,\"2\"3\n", "t.csv:2: text after the closing quote");
    assert_bad("a,b\n1,2\"3\n", "t.csv:2: quote inside");
    assert_bad("a\nb\nc\xff\n", "t.csv:3: not UTF-8");
    assert_bad("a\xc0\x80\n", "not UTF-8");
    assert_bad("\xed\xa0\x80", "not UTF-8");
    assert_bad("\xf4\x90\x80\x80", "not UTF-8");
    assert_bad("a\xe2\x82", "not UTF-8");
    assert_bad("a\n\x1b[31m\n", "t.csv:2: control character 0x1b");
}

static void test_nul_bytes_are_refused(void **state)
{
    (void)state;
    csv c = {0};
    assert_failed(csv_open(scratch_bytes("t.csv", "a\0b\n", 4), CSV_GUESS, &c), ERR_INPUT, "control character 0x00");
}

static void test_too_many_fields(void **state)
{
    (void)state;
    char text[CSV_MOST_FIELDS + 2];
    memset(text, ',', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_bad(text, "t.csv:1: more than 4096 fields");
}

static void test_lines_are_counted_through_quotes_and_empty_lines(void **state)
{
    (void)state;
    csv c = {0};
    bool more = false;
    assert_ok(csv_open(scratch_file("t.csv", "a\n\n\"b\nc\"\n\nd\n"), CSV_GUESS, &c));
    const size_t lines[] = {1, 3, 6};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(csv_next(&c, &more));
        assert_true(more);
        assert_int_equal(c.line, lines[i]);
    }
    csv_close(&c);
}

static void test_values(void **state)
{
    (void)state;
    csv c = {0};
    bool more = false;
    int64_t n = 0;
    double x = 0;
    const char *text = NULL;
    assert_ok(csv_open(scratch_file("t.csv", "0042,-1.5e1,,abc,99999999999999999999,0x10,nan,1e999\n"), CSV_GUESS, &c));
    assert_ok(csv_next(&c, &more));
    assert_ok(csv_int(&c, 0, "id", 0, 100, &n));
    assert_int_equal(n, 42);
    assert_ok(csv_real(&c, 1, "x", &x));
    assert_true(x == -15);
    assert_failed(csv_text(&c, 2, "name", &text), ERR_INPUT, "t.csv:1: name is empty");
    assert_failed(csv_text(&c, 9, "name", &text), ERR_INPUT, "name is missing; fields of the row: 8");
    assert_failed(csv_int(&c, 3, "id", 0, 9, &n), ERR_INPUT, "id \"abc\" is not a whole number");
    assert_failed(csv_int(&c, 4, "id", 0, 9, &n), ERR_INPUT, "not a whole number");
    assert_failed(csv_int(&c, 0, "id", 0, 9, &n), ERR_INPUT, "id 42 is out of bounds (0 to 9)");
    assert_failed(csv_int(&c, 5, "id", 0, 9, &n), ERR_INPUT, "not a whole number");
    for (size_t i = 5; i < 8; i++) assert_failed(csv_real(&c, i, "x", &x), ERR_INPUT, "not a finite number");
    csv_close(&c);
}

static void test_missing_file(void **state)
{
    (void)state;
    csv c = {0};
    assert_failed(csv_open("/nowhere/t.csv", CSV_GUESS, &c), ERR_MISSING, "/nowhere/t.csv");
    csv_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_rows),
        cmocka_unit_test(test_separators_are_told_from_the_first_line),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_bad_text_is_named_by_line),
        cmocka_unit_test(test_nul_bytes_are_refused),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_lines_are_counted_through_quotes_and_empty_lines),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
