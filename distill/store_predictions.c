/* Records of prediction sets: written, read, sent between ranks, scanned and checked. */
#include "distill/store_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------------------------------------
 */

static status bind_record(store *s, sql_name name, int64_t set, const char *uid, const void *record, size_t bytes)
{
    sqlite3_stmt *statement = NULL;
    status st = store_statement(s, name, &statement);
    if (st != OK) return st;
    sqlite3_bind_int64(statement, 1, set);
    sqlite3_bind_text(statement, 2, uid, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 3, record, bytes, SQLITE_STATIC);
    return OK;
}

/* Inserting is tried first: it is what nearly always works. `*changed`: rows that were written. */
static status run_record(store *s, sql_name name, int64_t set, const char *uid, const void *record, size_t bytes,
                         int *changed)
{
    status st = OK;
    TRY(bind_record(s, name, set, uid, record, bytes));
    TRY(store_step(s, name, "write predictions", NULL));
    *changed = sqlite3_changes(s->db);
done:
    store_reset(s, name);
    if (st != OK && !s->failed) s->failed = st;
    return st;
}

static status write_record(store *s, stored_set *set, const char *uid, const void *record)
{
    status st = OK;
    int inserted = 0, replaced = 0;
    size_t bytes = record_bytes(set->coder);
    TRY(run_record(s, SQL_PUT_PREDICTION, set->id, uid, record, bytes, &inserted));
    if (!inserted) TRY(run_record(s, SQL_REPLACE_PREDICTION, set->id, uid, record, bytes, &replaced));
    if (!inserted && !replaced)
        TRY(FAIL(ERR_INPUT, "%s: set %s: no segment has the uid %s; segments are stored before predictions", s->path,
                 set->info.name, uid));
    set->info.count += inserted;
    set->info.complete = false;
    set->changed = true;
done:
    return st;
}

status store_put(store *s, int64_t set, const char *uid, const float *logits, const float *features)
{
    status st = OK;
    stored_set *at = NULL;
    TRY(store_writing(s));
    TRY(store_known_set(s, set, &at));
    TRY(record_encode(at->coder, uid, logits, features, at->record));
    TRY(write_record(s, at, uid, at->record));
done:
    return st;
}

status store_put_event(store *s, int64_t set, const char *uid, const char *video, double start, double end,
                       const float *features)
{
    status st = OK;
    stored_set *at = NULL;
    segment of = {.uid = uid, .sequence = video, .start = start, .end = end, .action = -1, .verb = -1, .noun = -1};
    TRY(store_writing(s));
    TRY(store_known_set(s, set, &at));
    if (at->info.classes)
        TRY(FAIL(ERR_INTERNAL, "%s: set %s is of predictions, not of events", s->path, at->info.name));
    TRY(store_put_segments(s, "events", &(segment_list){NULL, &of, 1}, NULL));
    TRY(store_put(s, set, uid, NULL, features));
done:
    return st;
}

status store_pack(const set_info *info, const char *uid, const float *logits, const float *features, void **out,
                  size_t *bytes)
{
    status st = OK;
    set_info checked = *info;
    record_coder *coder = NULL;
    unsigned char *record = NULL;
    TRY(set_info_check(&checked));
    TRY(record_coder_new(&checked, &coder));
    size_t size = record_bytes(coder);
    record = malloc(size);
    if (!record) TRY(FAIL(ERR_MEMORY, "no memory for a record of %zu bytes", size));
    TRY(record_encode(coder, uid, logits, features, record));
    TRY(packed_make(uid, record, size, out, bytes));
done:
    free(record);
    record_coder_free(&coder);
    return st;
}

status store_put_packed(store *s, int64_t set, const void *record, size_t bytes)
{
    status st = OK;
    stored_set *at = NULL;
    packed_record p = {0};
    char *uid = NULL;
    TRY(store_writing(s));
    TRY(store_known_set(s, set, &at));
    if (packed_read(record, bytes, &p) != OK) {
        fail_clear();
        TRY(FAIL(ERR_INPUT, "%s: set %s: a packed record of %zu bytes is cut off", s->path, at->info.name, bytes));
    }
    TRY(record_check(at->coder, p.uid, p.uid_length, p.record, p.bytes));
    uid = strndup(p.uid, p.uid_length);
    if (!uid) TRY(FAIL(ERR_MEMORY, "%s: no memory for a uid", s->path));
    TRY(write_record(s, at, uid, p.record));
done:
    free(uid);
    return st;
}

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

/* Finds the record of a uid and checks it. `*record` is borrowed until SQL_PREDICTION is reset. */
static status find_record(store *s, int64_t set, const char *uid, stored_set **at, const void **record)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    TRY(store_reading(s));
    TRY(store_known_set(s, set, at));
    TRY(store_statement(s, SQL_PREDICTION, &statement));
    sqlite3_bind_int64(statement, 1, set);
    sqlite3_bind_text(statement, 2, uid, -1, SQLITE_STATIC);
    TRY(store_step(s, SQL_PREDICTION, "read a prediction", &row));
    if (!row)
        TRY(FAIL(ERR_MISSING, "%s: set %s (seed %" PRId64 ") has no prediction for uid %s", s->path, (*at)->info.name,
                 (*at)->info.seed, uid));
    *record = sqlite3_column_blob(statement, 0);
    size_t bytes = (size_t)sqlite3_column_bytes(statement, 0);
    if (!*record && bytes) TRY(store_failure(s, "read a prediction"));
    TRY(record_check((*at)->coder, uid, strlen(uid), *record, bytes));
done:
    return st;
}

status store_get(store *s, int64_t set, const char *uid, float absent, float *logits, float *features)
{
    status st = OK;
    stored_set *at = NULL;
    const void *record = NULL;
    TRY(find_record(s, set, uid, &at, &record));
    record_logits(at->coder, record, absent, logits);
    if (features) record_features(at->coder, record, features);
done:
    store_reset(s, SQL_PREDICTION);
    return st;
}

status store_get_topk(store *s, int64_t set, const char *uid, int32_t *classes, float *logits, size_t *count,
                      float *features)
{
    status st = OK;
    stored_set *at = NULL;
    const void *record = NULL;
    TRY(find_record(s, set, uid, &at, &record));
    record_sorted(at->coder, record, classes, logits);
    *count = (size_t)at->info.k;
    if (features) record_features(at->coder, record, features);
done:
    store_reset(s, SQL_PREDICTION);
    return st;
}

status store_get_packed(store *s, int64_t set, const char *uid, void **out, size_t *bytes)
{
    status st = OK;
    stored_set *at = NULL;
    const void *record = NULL;
    TRY(find_record(s, set, uid, &at, &record));
    TRY(packed_make(uid, record, record_bytes(at->coder), out, bytes));
done:
    store_reset(s, SQL_PREDICTION);
    return st;
}

bool store_has(store *s, int64_t set, const char *uid)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    TRY(store_reading(s));
    TRY(store_statement(s, SQL_HAS_PREDICTION, &statement));
    sqlite3_bind_int64(statement, 1, set);
    sqlite3_bind_text(statement, 2, uid, -1, SQLITE_STATIC);
    TRY(store_step(s, SQL_HAS_PREDICTION, "look for a prediction", &row));
done:
    store_reset(s, SQL_HAS_PREDICTION);
    if (st != OK) fail_clear(); /* what cannot be read is not there; putting it says what is wrong */
    return row;
}

/* ---- scanning -----------------------------------------------------------------------------------------------------
 */

typedef struct {
    const stored_set *set; /* NULL: labels only */
    int32_t *classes;      /* (k) */
    float *logits;         /* (k) */
} scan_buffers;

enum { SCAN_UID, SCAN_GROUP, SCAN_SEQUENCE, SCAN_START, SCAN_END, SCAN_ACTION, SCAN_VERB, SCAN_NOUN, SCAN_RECORD };

static stored_segment read_labels(sqlite3_stmt *row)
{
    return (stored_segment){.uid = store_text(row, SCAN_UID),
                            .group = sqlite3_column_type(row, SCAN_GROUP) == SQLITE_NULL ? NULL
                                                                                         : store_text(row, SCAN_GROUP),
                            .sequence = store_text(row, SCAN_SEQUENCE),
                            .start = sqlite3_column_double(row, SCAN_START),
                            .end = sqlite3_column_double(row, SCAN_END),
                            .action = sqlite3_column_int64(row, SCAN_ACTION),
                            .verb = sqlite3_column_int64(row, SCAN_VERB),
                            .noun = sqlite3_column_int64(row, SCAN_NOUN)};
}

static status read_segment(store *s, sqlite3_stmt *row, const scan_buffers *to, stored_segment *out)
{
    *out = read_labels(row);
    if (!to->set) return OK;
    record_coder *coder = to->set->coder;
    if (out->action < -1 || out->action >= to->set->info.classes)
        return FAIL(ERR_INPUT, "%s: segment %s is of action %" PRId64 ", set %s knows %" PRId64, s->path, out->uid,
                    out->action, to->set->info.name, to->set->info.classes);
    if (sqlite3_column_type(row, SCAN_RECORD) == SQLITE_NULL) return OK;
    const void *record = sqlite3_column_blob(row, SCAN_RECORD);
    size_t bytes = (size_t)sqlite3_column_bytes(row, SCAN_RECORD);
    status st = record_check(coder, out->uid, strlen(out->uid), record, bytes);
    if (st != OK) return st;
    if (record_is_sparse(coder)) record_sorted(coder, record, to->classes, to->logits);
    else record_logits(coder, record, 0, to->logits);
    out->predicted = true;
    out->classes = record_is_sparse(coder) ? to->classes : NULL;
    out->logits = to->logits;
    out->count = (size_t)to->set->info.k;
    return OK;
}

static status scan_rows(store *s, const scan_buffers *buffers, status (*visit)(void *, const stored_segment *),
                        void *self)
{
    status st = OK;
    stored_segment at = {0};
    bool row = false;
    for (;;) {
        TRY(store_step(s, SQL_SCAN, "read predictions", &row));
        if (!row) break;
        TRY(read_segment(s, s->statements[SQL_SCAN], buffers, &at));
        TRY(visit(self, &at));
    }
done:
    return st;
}

static status scan_buffers_new(store *s, int64_t set, scan_buffers *out)
{
    stored_set *at = NULL;
    status st = store_known_set(s, set, &at);
    if (st != OK) return st;
    size_t k = (size_t)at->info.k;
    *out = (scan_buffers){at, malloc((k + 1) * sizeof *out->classes), malloc((k + 1) * sizeof *out->logits)};
    return out->classes && out->logits ? OK : FAIL(ERR_MEMORY, "%s: no memory to read its records", s->path);
}

status store_scan(store *s, int64_t set, const char *split, const char *group,
                  status (*visit)(void *self, const stored_segment *at), void *self)
{
    status st = OK;
    sqlite3_stmt *scan = NULL;
    scan_buffers buffers = {0};
    if (s->scanning) return FAIL(ERR_INTERNAL, "%s: one scan at a time", s->path);
    TRY(store_reading(s));
    if (set != STORE_NO_SET) TRY(scan_buffers_new(s, set, &buffers));
    TRY(store_statement(s, SQL_SCAN, &scan));
    if (set != STORE_NO_SET) sqlite3_bind_int64(scan, 1, set); /* NULL matches no record */
    sqlite3_bind_text(scan, 2, split, -1, SQLITE_STATIC);
    sqlite3_bind_text(scan, 3, group, -1, SQLITE_STATIC);
    s->scanning = true;
    st = scan_rows(s, &buffers, visit, self);
    s->scanning = false;
done:
    store_reset(s, SQL_SCAN);
    free(buffers.classes);
    free(buffers.logits);
    return st;
}

static status visit_features(stored_set *set, sqlite3_stmt *row, float *features,
                             status (*visit)(void *, const stored_features *), void *self)
{
    stored_features at = {.uid = store_text(row, 0),
                          .sequence = store_text(row, 1),
                          .start = sqlite3_column_double(row, 2),
                          .end = sqlite3_column_double(row, 3),
                          .features = features};
    const void *record = sqlite3_column_blob(row, 4);
    status st = record_check(set->coder, at.uid, strlen(at.uid), record, (size_t)sqlite3_column_bytes(row, 4));
    if (st != OK) return st;
    record_features(set->coder, record, features);
    return visit(self, &at);
}

status store_scan_features(store *s, int64_t set, status (*visit)(void *self, const stored_features *at), void *self)
{
    status st = OK;
    sqlite3_stmt *scan = NULL;
    stored_set *at = NULL;
    float *features = NULL;
    bool row = false;
    if (s->scanning) return FAIL(ERR_INTERNAL, "%s: one scan at a time", s->path);
    TRY(store_reading(s));
    TRY(store_known_set(s, set, &at));
    features = malloc(((size_t)at->info.feature_width + 1) * sizeof *features);
    if (!features) TRY(FAIL(ERR_MEMORY, "%s: no memory to read its records", s->path));
    TRY(store_statement(s, SQL_SCAN_FEATURES, &scan));
    sqlite3_bind_int64(scan, 1, set);
    s->scanning = true;
    for (;;) {
        TRY(store_step(s, SQL_SCAN_FEATURES, "read predictions", &row));
        if (!row) break;
        TRY(visit_features(at, scan, features, visit, self));
    }
done:
    s->scanning = false;
    store_reset(s, SQL_SCAN_FEATURES);
    free(features);
    return st;
}

/* ---- checking -----------------------------------------------------------------------------------------------------
 */

/* Checks the record of a row (set, uid, record) and counts it. */
static status check_row(store *s, sqlite3_stmt *row, int64_t *counts)
{
    stored_set *set = NULL;
    status st = store_known_set(s, sqlite3_column_int64(row, 0), &set);
    if (st != OK) return st;
    if (sqlite3_column_type(row, 1) == SQLITE_NULL)
        return FAIL(ERR_INPUT, "%s: set %s has a record whose segment is missing", s->path, set->info.name);
    counts[set - s->sets]++;
    const char *uid = store_text(row, 1);
    return record_check(set->coder, uid, strlen(uid), sqlite3_column_blob(row, 2),
                        (size_t)sqlite3_column_bytes(row, 2));
}

static status check_records(store *s)
{
    status st = OK;
    sqlite3_stmt *rows = NULL;
    bool row = false;
    int64_t *counts = calloc(s->set_count + 1, sizeof *counts);
    if (!counts) TRY(FAIL(ERR_MEMORY, "%s: no memory to check it", s->path));
    TRY(store_statement(s, SQL_RECORDS, &rows));
    for (;;) {
        TRY(store_step(s, SQL_RECORDS, "read records", &row));
        if (!row) break;
        TRY(check_row(s, rows, counts));
    }
    for (size_t i = 0; i < s->set_count; i++)
        if (counts[i] != s->sets[i].info.count)
            TRY(FAIL(ERR_INPUT, "%s: set %s (seed %" PRId64 ") says %" PRId64 " records and has %" PRId64, s->path,
                     s->sets[i].info.name, s->sets[i].info.seed, s->sets[i].info.count, counts[i]));
done:
    store_reset(s, SQL_RECORDS);
    free(counts);
    return st;
}

status store_check(store *s)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    TRY(store_reading(s));
    TRY(store_statement(s, SQL_INTEGRITY, &statement));
    TRY(store_step(s, SQL_INTEGRITY, "check it", &row));
    if (row && strcmp(store_text(statement, 0), "ok"))
        TRY(FAIL(ERR_INPUT, "%s: damaged: %s", s->path, store_text(statement, 0)));
    store_reset(s, SQL_INTEGRITY);
    TRY(check_records(s));
done:
    store_reset(s, SQL_INTEGRITY);
    return st;
}
