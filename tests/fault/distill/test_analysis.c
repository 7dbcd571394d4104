/* The analysis of stores that say strange things: a reason or an answer, never a crash. */
#include "tests/unit/distill/made_store.h"

#include "base/file.h"

#include <sqlite3.h>

enum { COUNT = 60 };

static void make_store(const char *path)
{
    made_segment at[COUNT];
    int first[COUNT];
    for (int i = 0; i < COUNT; i++) {
        at[i] = (made_segment){i % 7, i % MADE_CLASSES};
        first[i] = i % 3 ? i % MADE_CLASSES : (i + 1) % MADE_CLASSES;
    }
    store *s = made_store(path, at, COUNT);
    made_set(s, "teacher", "teacher", 0, first, COUNT);
    made_set(s, "student_plain", "student", 0, first + 1, COUNT - 1);
    made_set(s, "student", "student", 0, first, COUNT);
    made_set(s, "student", "student", 1, first + 2, COUNT - 2);
    assert_ok(store_commit(s));
    store_close(&s);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL)) fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* What both entry points say; an answer has to be one that can be written and read again. */
static status analyse(const char *path)
{
    status st = OK;
    store *s = NULL;
    json_t *found = NULL, *pair = NULL;
    char *text = NULL;
    fail_clear();
    TRY(store_open(path, STORE_READ, &s));
    TRY(analysis_json(s, &ANALYSIS_DEFAULTS, &found));
    text = json_dumps(found, JSON_REAL_PRECISION(10));
    assert_non_null(text);
    TRY(analysis_compare(s, "student", s, "teacher", &ANALYSIS_DEFAULTS, &pair));
done:
    if (st != OK) assert_true(fail_message()[0]);
    free(text);
    json_decref(found);
    json_decref(pair);
    store_close(&s);
    return st;
}

static void strange_stores_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *message; /* message NULL: there is an answer */
    } CHANGES[] = {
        {"UPDATE segments SET action = 99 WHERE number = 5", "action 99"},
        {"UPDATE segments SET action = -7 WHERE number = 5", "action -7"},
        {"UPDATE segments SET action = 9223372036854775807", "action 9223372036854775807"},
        {"UPDATE segments SET start = 9e999, \"end\" = -9e999", NULL},
        {"UPDATE segments SET sequence = ''", NULL},
        {"UPDATE segments SET sequence = printf('%.*c', 100000, 'x') || number", NULL},
        {"UPDATE segments SET sequence = CAST(x'ff80' AS TEXT)", "not UTF-8"},
        {"UPDATE classes SET name = CAST(x'c328' AS TEXT)", "not UTF-8"},
        {"DELETE FROM classes", "has 8 classes, its store 0"},
        {"DELETE FROM classes WHERE id = 7", "classes"},
        {"DELETE FROM predictions WHERE id % 3 = 0", NULL},
        {"DELETE FROM predictions", "cannot be compared"},
        {"DELETE FROM segments", "cannot be compared"},
        {"UPDATE predictions SET record = zeroblob(length(record)) WHERE id & 0xff = 9", "its record is damaged"},
        {"UPDATE sets SET role = 'nobody'", NULL},
        {"UPDATE sets SET seed = -3 - seed", "is negative"},
    };
    const char *path = sample_path("strange");
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        make_store(path);
        run_sql(path, CHANGES[i].sql);
        status st = analyse(path);
        if (!CHANGES[i].message && st != OK) fail_msg("%s: %s", CHANGES[i].sql, fail_message());
        if (CHANGES[i].message && (st == OK || !strstr(fail_message(), CHANGES[i].message)))
            fail_msg("%s: %s", CHANGES[i].sql, fail_message());
    }
    fail_clear();
    remove_store(path);
}

static void write_file(const char *path, const void *bytes, size_t count)
{
    remove_store(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void flipped_bytes_never_crash(void **state)
{
    (void)state;
    const char *path = sample_path("flipped");
    char *bytes = NULL;
    size_t count = 0;
    int answers = 0, reasons = 0;
    make_store(path);
    assert_ok(file_read(path, SIZE_MAX, &bytes, &count));
    rng random = rng_stream(8, 0, 0);
    for (int i = 0; i < 120; i++) {
        size_t at = rng_below(&random, count);
        while (!bytes[at]) at = rng_below(&random, count);
        char old = bytes[at];
        bytes[at] = (char)(old ^ (1 << rng_below(&random, 8)));
        write_file(path, bytes, count);
        if (analyse(path) == OK) answers++;
        else reasons++;
        bytes[at] = old;
    }
    fail_clear();
    assert_true(answers > 2 && reasons > 20); /* a letter of a name makes no difference, a logit's bit does */
    free(bytes);
    remove_store(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strange_stores_are_told),
        cmocka_unit_test(flipped_bytes_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
