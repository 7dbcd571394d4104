#include "doctor/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* What a finding is after a journey as a line. */
static finding travelled(const finding *f)
{
    char *line = NULL;
    size_t size;
    finding back = {.topic = "lost"};
    FILE *to = open_memstream(&line, &size);
    assert_true(finding_write(f, to));
    fclose(to);
    assert_int_equal(strcspn(line, "\n"), size - 1);
    assert_true(finding_read(line, &back));
    free(line);
    return back;
}

static void lines_come_back(void **state)
{
    findings list = {0};
    (void)state;
    finding_ok(&list, "MPI", "%d ranks", 2);
    finding_fail(&list, "out", ERR_CREATE, "take \"another\" place", "%s: cannot create", "/a b");
    for (size_t i = 0; i < 2; i++) {
        finding back = travelled(&list.at[i]);
        assert_string_equal(back.topic, list.at[i].topic);
        assert_string_equal(back.found, list.at[i].found);
        assert_string_equal(back.advice, list.at[i].advice);
        assert_int_equal(back.level, list.at[i].level);
        assert_int_equal(back.code, list.at[i].code);
    }
    assert_string_equal(list.at[0].found, "2 ranks");
    assert_int_equal(list.at[1].code, ERR_CREATE);
    findings_free(&list);
}

/* Names of files and other programs' words: no line ends, no terminal codes, no broken UTF-8. */
static void hostile_text(void **state)
{
    findings list = {0};
    char path[3000];
    (void)state;
    finding_note(&list, "out", "", "%s", "a\nb\x1b[31mc\td\x7f");
    assert_string_equal(list.at[0].found, "a b?[31mc d?");
    finding_note(&list, "out", "", "%s", "a\xff\xc3");
    assert_string_equal(travelled(&list.at[1]).found, "a??");
    finding_note(&list, "out", "", "%s", "Z\xc3\xbcrich");
    assert_string_equal(travelled(&list.at[2]).found, "Z\xc3\xbcrich");
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    finding_note(&list, "a topic that is far too long", path, "%s", path);
    assert_int_equal(strlen(travelled(&list.at[3]).found), sizeof list.at[3].found - 1);
    findings_free(&list);
}

static void lines_that_are_none(void **state)
{
    static const char *const LINES[] = {
        "",
        "{",
        "[1]",
        "{}",
        "mpirun was unable to launch",
        "{\"topic\": \"MPI\", \"level\": \"ok\", \"found\": \"\", \"advice\": \"\"}",
        "{\"topic\": \"MPI\", \"level\": \"good\", \"found\": \"\", \"advice\": \"\", \"code\": 0}",
        "{\"topic\": 1, \"level\": \"ok\", \"found\": \"\", \"advice\": \"\", \"code\": 0}",
        "{\"topic\": \"MPI\", \"level\": \"ok\", \"found\": \"\", \"advice\": \"\", \"code\": \"0\"}",
    };
    finding f;
    (void)state;
    for (size_t i = 0; i < sizeof LINES / sizeof LINES[0]; i++) assert_false(finding_read(LINES[i], &f));
    assert_true(finding_read("{\"topic\": \"MPI\", \"level\": \"failure\", \"found\": \"a\\nb\", \"advice\": \"\", "
                             "\"code\": 99}",
                             &f));
    assert_string_equal(f.found, "a b");
    assert_int_equal(f.code, ERR_INTERNAL);
}

static void exit_codes(void **state)
{
    findings list = {0};
    (void)state;
    assert_int_equal(findings_code(&list), OK);
    finding_ok(&list, "a", "x");
    finding_note(&list, "a", "", "x");
    finding_warn(&list, "a", "", "x");
    assert_int_equal(findings_code(&list), OK);
    assert_int_equal(findings_worst(&list), FINDING_WARNING);
    finding_fail(&list, "a", ERR_RANK, "", "x");
    finding_fail(&list, "a", ERR_CREATE, "", "x");
    assert_int_equal(findings_code(&list), ERR_RANK);
    findings_free(&list);
    finding_fail(&list, "a", OK, "", "a failure without a code");
    assert_int_equal(findings_code(&list), ERR_INTERNAL);
    findings_free(&list);
    FAIL(ERR_MISSING, "first");
    finding_fail_told(&list, "a", ERR_MISSING, "");
    assert_string_equal(list.at[0].found, "first");
    assert_string_equal(fail_message(), "");
    list.lost = true;
    assert_int_equal(findings_code(&list), ERR_MEMORY);
    findings_free(&list);
}

static void many(void **state)
{
    findings list = {0}, copy = {0};
    (void)state;
    for (int i = 0; i < 1000; i++) finding_ok(&list, "a", "%d", i);
    assert_int_equal(list.count, 1000);
    assert_string_equal(list.at[999].found, "999");
    finding_copy(&copy, &list.at[500]);
    assert_string_equal(copy.at[0].found, "500");
    findings_free(&list);
    findings_free(&copy);
    findings_free(&copy);
}

static char *printed(const findings *list, bool json)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (json) assert_int_equal(findings_print_json(list, 1.25, to), OK);
    else findings_print(list, 1.25, to);
    fclose(to);
    return text;
}

static void pages(void **state)
{
    findings list = {0};
    (void)state;
    finding_ok(&list, "MPI", "2 ranks");
    char *text = printed(&list, false);
    assert_string_equal(text, "ok       MPI       2 ranks\n\nall is well (1.2 s)\n");
    free(text);
    finding_fail(&list, "disk", ERR_IO, "make room", "full");
    text = printed(&list, false);
    assert_string_equal(text, "ok       MPI       2 ranks\n"
                              "failure  disk      full\n"
                              "                   -> make room\n\n"
                              "1 failure, 0 warnings (1.2 s)\n");
    free(text);
    text = printed(&list, true);
    json_t *whole = json_loads(text, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(whole, "exit_code")), 74);
    assert_int_equal(json_integer_value(json_object_get(whole, "failures")), 1);
    assert_int_equal(json_integer_value(json_object_get(whole, "warnings")), 0);
    json_t *second = json_array_get(json_object_get(whole, "findings"), 1);
    assert_string_equal(json_string_value(json_object_get(second, "advice")), "make room");
    json_decref(whole);
    free(text);
    findings_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back), cmocka_unit_test(hostile_text), cmocka_unit_test(lines_that_are_none),
        cmocka_unit_test(exit_codes),      cmocka_unit_test(many),         cmocka_unit_test(pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
