/* Every single change of the disk fails once, in turn: what had been committed is still there and whole, and the work
 * can be gone on with. In both kinds of journal; with a disk that recovers and with one that stays full. */
#include "tests/fault/distill/failing_disk.h"
#include "tests/unit/distill/sample_store.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { STAGES = 4 };

/* Records the set has after each commit. The last stage replaces the set by one of another model. */
static const size_t RECORDS[STAGES + 1] = {0, 0, 10, 20, 5};

static set_info set_of_stage(int stage)
{
    set_info info = sample_set("teacher", 0, ENCODE_TOPK, 5, FEATURES_F16);
    if (stage == 4) info.model_hash[0] = 'f';
    return info;
}

/* Work from `stage` on up to the commit that ends it. */
static status do_stage(store *s, int stage)
{
    status st = OK;
    int64_t set = 0;
    float logits[SAMPLE_ACTIONS], features[SAMPLE_WIDTH];
    set_info info = set_of_stage(stage);
    class_list classes = sample_classes();
    segment_list segments = sample_segments(0, SAMPLE_SEGMENTS);
    if (stage == 1) {
        TRY(store_put_classes(s, &classes));
        TRY(store_put_segments(s, "eval", &segments, NULL));
        TRY(store_commit(s));
        goto done;
    }
    TRY(store_begin_set(s, &info, &set));
    for (size_t i = stage == 3 ? RECORDS[2] : 0; i < RECORDS[stage]; i++) {
        sample_values((uint64_t)stage / 4, i, logits, SAMPLE_ACTIONS);
        sample_values(2, i, features, SAMPLE_WIDTH);
        TRY(store_put(s, set, sample_uid(i), logits, features));
    }
    TRY(store_commit(s));
done:
    free(segments.at);
    return st;
}

/* Opens the store and works on from stage `*done` (stages that have been committed). */
static status work(const char *path, int *done_stages)
{
    status st = OK;
    store *s = NULL;
    TRY(store_open(path, STORE_WRITE, &s));
    for (int stage = *done_stages + 1; stage <= STAGES; stage++) {
        TRY(do_stage(s, stage));
        *done_stages = stage;
    }
done:
    store_close(&s);
    return st;
}

/* Which stage the store is in; everything it holds is checked. */
static int stage_found(const char *path)
{
    store *s = NULL;
    set_info info = {0};
    int64_t set = 0, segments = 0;
    float logits[SAMPLE_ACTIONS], features[SAMPLE_WIDTH], original[SAMPLE_ACTIONS];
    fail_clear();
    if (store_open(path, STORE_READ, &s) != OK) {
        fail_clear();
        return 0;
    }
    assert_ok(store_check(s));
    assert_ok(store_count_segments(s, "eval", NULL, &segments));
    int stage = segments == SAMPLE_SEGMENTS;
    if (store_find_set(s, "teacher", 0, &info, &set) == OK) {
        stage = info.model_hash[0] == 'f' ? 4 : info.count == 10 ? 2 : 3;
        assert_int_equal(info.count, RECORDS[stage]);
    }
    fail_clear();
    for (size_t i = 0; i < RECORDS[stage]; i++) {
        assert_ok(store_get(s, set, sample_uid(i), NAN, logits, features));
        sample_values((uint64_t)stage / 4, i, original, SAMPLE_ACTIONS);
        for (size_t j = 0; j < SAMPLE_ACTIONS; j++)
            if (!isnan(logits[j])) assert_true(fabsf(logits[j] - original[j]) < 0.02f);
    }
    store_close(&s);
    return stage;
}

static bool has_log(const char *path)
{
    char name[300];
    struct stat info;
    snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &info) == 0;
}

static void fail_every_change(bool with_log, bool for_good)
{
    const char *path = sample_path("disk");
    int failures = 0;
    disk_install(with_log);
    for (int n = 1;; n++) {
        int done = 0;
        remove_store(path);
        disk_start(n, for_good);
        fail_clear();
        status st = work(path, &done);
        bool reached = disk.changes >= n;
        disk_start(0, false);
        if (st == OK && !reached) break; /* n is past the last change */
        failures += st != OK;
        if (st != OK && st != ERR_IO && st != ERR_CREATE) fail_msg("change %d: status %d: %s", n, st, fail_message());
        int found = stage_found(path);
        if (found < done || found > done + 1)
            fail_msg("change %d: stage %d was committed, %d is there", n, done, found);
        assert_ok(work(path, &found));
        assert_int_equal(stage_found(path), STAGES);
    }
    assert_true(failures > 20); /* the layer was really in the way */
    remove_store(path);
}

static void with_a_log_and_a_disk_that_recovers(void **state)
{
    (void)state;
    fail_every_change(true, false);
}

static void with_a_log_and_a_disk_that_stays_full(void **state)
{
    (void)state;
    fail_every_change(true, true);
}

static void with_a_rollback_journal_and_a_disk_that_recovers(void **state)
{
    (void)state;
    fail_every_change(false, false);
}

static void with_a_rollback_journal_and_a_disk_that_stays_full(void **state)
{
    (void)state;
    fail_every_change(false, true);
}

/* That both journals are really what is tested. */
static void the_journal_is_the_one_meant(void **state)
{
    (void)state;
    const char *path = sample_path("journal");
    for (int with_log = 0; with_log < 2; with_log++) {
        store *s = NULL;
        disk_install(with_log);
        disk_start(0, false);
        s = sample_store(path);
        assert_ok(store_commit(s));
        assert_int_equal(has_log(path), with_log);
        store_close(&s);
        remove_store(path);
    }
}

/* In a rollback journal a commit waits for readers: the one that released does not hold it up. */
static void a_reader_that_lets_go_does_not_hold_up_a_commit(void **state)
{
    (void)state;
    const char *path = sample_path("release");
    int64_t set = 0;
    set_info info = set_of_stage(1);
    store *reader = NULL;
    disk_install(false);
    disk_start(0, false);
    store *writer = sample_store(path);
    assert_ok(store_begin_set(writer, &info, &set));
    put_samples(writer, set, 1, 0, 10);
    assert_ok(store_commit(writer));
    assert_ok(store_open(path, STORE_READ, &reader));
    assert_true(store_has(reader, set, sample_uid(9)));
    put_samples(writer, set, 1, 10, 10);
    store_release(reader);
    assert_ok(store_commit(writer));
    assert_true(store_has(reader, set, sample_uid(19)));
    store_close(&reader);
    store_close(&writer);
    remove_store(path);
}

/* The system itself refuses to let the file grow, as on a full disk. */
static void a_full_disk_keeps_what_was_committed(void **state)
{
    (void)state;
    const char *path = sample_path("full");
    struct rlimit old, limit;
    int64_t set = 0;
    set_info info = set_of_stage(1), read = {0};
    float logits[SAMPLE_ACTIONS] = {0}, features[SAMPLE_WIDTH] = {0};
    sqlite3_vfs_register(disk.real, 1);
    store *s = sample_store(path);
    assert_ok(store_begin_set(s, &info, &set));
    put_samples(s, set, 1, 0, 10);
    assert_ok(store_commit(s));

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = (struct rlimit){4096, old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (size_t i = 10; i < SAMPLE_SEGMENTS; i++) assert_ok(store_put(s, set, sample_uid(i), logits, features));
    status st = store_commit(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(st, ERR_IO);
    assert_non_null(strstr(fail_message(), "what was committed is safe"));
    fail_clear();
    assert_fails(ERR_IO, "an earlier write failed", store_put(s, set, sample_uid(0), logits, features));
    assert_fails(ERR_IO, "an earlier write failed", store_commit(s));
    store_close(&s);

    assert_ok(store_open(path, STORE_WRITE, &s));
    assert_ok(store_find_set(s, "teacher", 0, &read, &set));
    assert_int_equal(read.count, 10);
    put_samples(s, set, 1, 10, 30);
    assert_ok(store_complete_set(s, set, 40));
    assert_ok(store_commit(s));
    assert_ok(store_check(s));
    store_close(&s);
    remove_store(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_journal_is_the_one_meant),
        cmocka_unit_test(with_a_log_and_a_disk_that_recovers),
        cmocka_unit_test(with_a_log_and_a_disk_that_stays_full),
        cmocka_unit_test(with_a_rollback_journal_and_a_disk_that_recovers),
        cmocka_unit_test(with_a_rollback_journal_and_a_disk_that_stays_full),
        cmocka_unit_test(a_reader_that_lets_go_does_not_hold_up_a_commit),
        cmocka_unit_test(a_full_disk_keeps_what_was_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
