/* Files that are no store, or no longer one: cut off, overwritten, of another version, copied without permission to
 * write. Nothing may crash, and nothing wrong may be taken for a prediction. */
#include "tests/unit/distill/sample_store.h"

#include "base/file.h"

#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>

static void write_file(const char *path, const void *bytes, size_t count)
{
    remove_store(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* A complete, closed store of 40 predictions at `path`. */
static void make_store(const char *path)
{
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16);
    int64_t set = 0;
    store *s = sample_store(path);
    assert_ok(store_begin_set(s, &info, &set));
    put_samples(s, set, 1, 0, SAMPLE_SEGMENTS);
    assert_ok(store_complete_set(s, set, SAMPLE_SEGMENTS));
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

static void what_is_not_there_is_missing(void **state)
{
    (void)state;
    store *s = NULL;
    assert_fails(ERR_MISSING, "nowhere.sqlite", store_open(sample_path("nowhere.sqlite"), STORE_READ, &s));
    assert_fails(ERR_CREATE, "no-folder", store_open(sample_path("no-folder/x.sqlite"), STORE_WRITE, &s));
    assert_fails(ERR_INPUT, "directory", store_open("/tmp", STORE_READ, &s));
    assert_null(s);
}

static void other_files_are_refused_by_readers_and_writers(void **state)
{
    (void)state;
    const char *path = sample_path("other");
    store *s = NULL;
    char noise[5000];
    rng random = rng_stream(1, 2, 3);
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)rng_u64(&random);
    for (size_t length = 1; length <= sizeof noise; length = length * 2 + 1) {
        write_file(path, noise, length);
        assert_fails(ERR_INPUT, "no prediction store", store_open(path, STORE_READ, &s));
        assert_fails(ERR_INPUT, "no prediction store", store_open(path, STORE_WRITE, &s));
    }
    write_file(path, "", 0);
    assert_fails(ERR_INPUT, "no prediction store", store_open(path, STORE_READ, &s));
    remove_store(path);
    run_sql(path, "CREATE TABLE segments(uid); INSERT INTO segments VALUES(1)");
    assert_fails(ERR_INPUT, "an SQLite file, but no prediction store", store_open(path, STORE_READ, &s));
    assert_fails(ERR_INPUT, "an SQLite file, but no prediction store", store_open(path, STORE_WRITE, &s));
    remove_store(path);
}

static void other_versions_and_other_tables_are_refused(void **state)
{
    (void)state;
    const char *path = sample_path("version");
    store *s = NULL;
    make_store(path);
    run_sql(path, "PRAGMA user_version = 9");
    assert_fails(ERR_INPUT, "version 9; this program reads version 1", store_open(path, STORE_READ, &s));
    assert_fails(ERR_INPUT, "version 9", store_open(path, STORE_WRITE, &s));
    make_store(path);
    run_sql(path, "DROP TABLE classes; CREATE VIEW classes AS SELECT uid AS kind, number AS id FROM segments");
    assert_fails(ERR_INPUT, "table classes", store_open(path, STORE_READ, &s));
    make_store(path);
    run_sql(path, "UPDATE sets SET features = 'float64'");
    assert_fails(ERR_INPUT, "unknown type", store_open(path, STORE_READ, &s));
    make_store(path);
    run_sql(path, "UPDATE sets SET classes = 1 << 40");
    assert_fails(ERR_INPUT, "classes", store_open(path, STORE_READ, &s));
    make_store(path);
    run_sql(path, "UPDATE sets SET name = printf('%.*c', 5000, 'x')");
    assert_fails(ERR_INPUT, "name", store_open(path, STORE_READ, &s));
    remove_store(path);
}

static void what_was_changed_behind_its_back_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *message;
    } CHANGES[] = {
        {"UPDATE predictions SET record = substr(record, 1, 20) WHERE id & 0xffff = 7", "20 bytes instead of"},
        {"UPDATE predictions SET record = x'' WHERE id & 0xffff = 7", "0 bytes instead of"},
        {"UPDATE predictions SET record = zeroblob(length(record)) WHERE id & 0xffff = 7",
         "uid P01_0006: its record is damaged"},
        {"UPDATE predictions SET record = (SELECT record FROM predictions WHERE id & 0xffff = 3) WHERE id & 0xffff = 7",
         "uid P01_0006: its record is damaged"}, /* a record of another uid */
        {"DELETE FROM predictions WHERE id & 0xffff = 7", "says 40 records and has 39"},
        {"DELETE FROM segments WHERE number = 7", "segment is missing"},
        {"DELETE FROM sets", "no prediction set number 1"},
        {"UPDATE segments SET uid = 'x' WHERE number = 7", "uid x: its record is damaged"},
    };
    const char *path = sample_path("changed");
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        store *s = NULL;
        make_store(path);
        run_sql(path, CHANGES[i].sql);
        assert_ok(store_open(path, STORE_READ, &s));
        fail_clear();
        status st = store_check(s);
        if (!strstr(fail_message(), CHANGES[i].message)) fail_msg("%s: %s", CHANGES[i].sql, fail_message());
        assert_true(st == ERR_INPUT || st == ERR_MISSING);
        store_close(&s);
    }
    remove_store(path);
}

/* Reads all there is to read; every prediction that can be read is the one that was put. */
static void read_everything(const char *path)
{
    store *s = NULL;
    class_list classes = {0};
    set_info info = {0};
    int64_t set = 0, *ids = NULL;
    size_t count = 0;
    float logits[SAMPLE_ACTIONS], features[SAMPLE_WIDTH], original[SAMPLE_ACTIONS];
    fail_clear();
    if (store_open(path, STORE_READ, &s) != OK) {
        assert_true(fail_message()[0]);
        return;
    }
    if (store_get_classes(s, &classes) == OK) classes_free(&classes);
    if (store_get_many_shot(s, "verb", &ids, &count) == OK) free(ids);
    if (store_find_set(s, "teacher", 0, &info, &set) == OK && info.classes == SAMPLE_ACTIONS &&
        info.feature_width == SAMPLE_WIDTH)
        for (size_t i = 0; i < SAMPLE_SEGMENTS; i++) {
            fail_clear();
            if (store_get(s, set, sample_uid(i), NAN, logits, features) != OK) continue;
            sample_values(1, i, original, SAMPLE_ACTIONS);
            for (size_t j = 0; j < SAMPLE_ACTIONS; j++)
                if (!isnan(logits[j])) assert_true(fabsf(logits[j] - original[j]) < 0.02f);
        }
    store_check(s);
    store_close(&s);
    fail_clear();
}

static void flipped_bytes_never_crash_and_never_lie(void **state)
{
    (void)state;
    const char *path = sample_path("flipped");
    char *bytes = NULL;
    size_t count = 0;
    make_store(path);
    assert_ok(file_read(path, SIZE_MAX, &bytes, &count));
    rng random = rng_stream(5, 0, 0);
    for (int i = 0; i < 400; i++) {
        size_t at = 0;
        do at = i < 110 ? (size_t)i : rng_below(&random, count); /* the whole header, then anywhere that is in use */
        while (i >= 110 && !bytes[at]);
        char old = bytes[at];
        bytes[at] = (char)(old ^ (1 << rng_below(&random, 8)));
        write_file(path, bytes, count);
        read_everything(path);
        bytes[at] = old;
    }
    free(bytes);
    remove_store(path);
}

static void cut_off_files_are_refused(void **state)
{
    (void)state;
    const char *path = sample_path("cut");
    char *bytes = NULL;
    size_t count = 0;
    make_store(path);
    assert_ok(file_read(path, SIZE_MAX, &bytes, &count));
    for (size_t length = 1; length < count; length += length < 2000 ? 97 : 20011) {
        store *s = NULL;
        write_file(path, bytes, length);
        fail_clear();
        status st = store_open(path, STORE_READ, &s);
        if (st == OK) st = store_check(s);
        assert_int_equal(st, ERR_INPUT);
        assert_true(strstr(fail_message(), "cut") != NULL); /* the path is named */
        store_close(&s);
        assert_int_equal(store_open(path, STORE_WRITE, &s), ERR_INPUT);
        fail_clear();
    }
    free(bytes);
    remove_store(path);
}

/* A place where nothing can be written, even by root: a read-only mount. */
static void a_copy_that_cannot_be_written_opens(void **state)
{
    (void)state;
    char folder[256], path[300];
    snprintf(folder, sizeof folder, "%s", sample_path("mount"));
    snprintf(path, sizeof path, "%s/store ?#%%.sqlite", folder);
    mkdir(folder, 0700);
    if (mount("none", folder, "tmpfs", 0, "size=8m")) {
        rmdir(folder);
        skip();
    }
    make_store(path);
    int mounted = mount("none", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL);
    store *s = NULL;
    status st = mounted ? ERR_INTERNAL : store_open(path, STORE_READ, &s);
    status checked = s ? store_check(s) : st;
    store_close(&s);
    status written = store_open(path, STORE_WRITE, &s);
    if (st) printf("%s\n", fail_message());
    umount(folder);
    rmdir(folder);
    assert_int_equal(st, OK);
    assert_int_equal(checked, OK);
    assert_int_equal(written, ERR_CREATE);
    fail_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_missing),
        cmocka_unit_test(other_files_are_refused_by_readers_and_writers),
        cmocka_unit_test(other_versions_and_other_tables_are_refused),
        cmocka_unit_test(what_was_changed_behind_its_back_is_found),
        cmocka_unit_test(flipped_bytes_never_crash_and_never_lie),
        cmocka_unit_test(cut_off_files_are_refused),
        cmocka_unit_test(a_copy_that_cannot_be_written_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
