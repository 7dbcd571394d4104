/* The store's SQL statements and transactions, and what SQLite's errors mean here. */
#include "distill/store_private.h"

#include <string.h>

enum { READS_A_TRANSACTION = 1024 };

/* predictions.id is set * 2^32 + segments.number. */
static const char *const SQL[SQL_STATEMENTS] = {
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_COUNT_CLASSES] = "SELECT count(*) FROM classes WHERE kind = ?1",
    [SQL_PUT_CLASS] = "INSERT INTO classes VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0)",
    [SQL_CLASSES] = "SELECT id, name, text, verb, noun FROM classes WHERE kind = ?1 ORDER BY id",
    [SQL_PUT_SEGMENT] = "INSERT INTO segments(uid, split, \"group\", sequence, start, \"end\", action, verb, noun) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [SQL_SEGMENT] =
        "SELECT split, \"group\", sequence, start, \"end\", action, verb, noun FROM segments WHERE uid = ?1",
    [SQL_REGROUP_SEGMENT] = "UPDATE segments SET \"group\" = ?2 WHERE uid = ?1",
    [SQL_COUNT_SEGMENTS] = "SELECT count(*) FROM segments WHERE (?1 IS NULL OR split = ?1) "
                           "AND (?2 IS NULL OR \"group\" = ?2)",
    [SQL_GROUPS] = "SELECT DISTINCT \"group\" FROM segments WHERE split = ?1 AND \"group\" IS NOT NULL ORDER BY 1",
    [SQL_PUT_MANY_SHOT] = "UPDATE classes SET many_shot = 1 WHERE kind = ?1 AND id = ?2",
    [SQL_COUNT_MANY_SHOT] = "SELECT count(*) FROM classes WHERE kind = ?1 AND many_shot",
    [SQL_MANY_SHOT] = "SELECT id FROM classes WHERE kind = ?1 AND many_shot ORDER BY id",
    [SQL_SETS] =
        "SELECT id, name, seed, role, model_hash, vocabulary_hash, recipe_hash, encoding, features, classes, k, "
        "feature_width, complete, records FROM sets ORDER BY id",
    [SQL_PUT_SET] = "INSERT INTO sets VALUES(NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0)",
    [SQL_UPDATE_SET] = "UPDATE sets SET complete = ?2, records = ?3 WHERE id = ?1",
    [SQL_DELETE_SET] = "DELETE FROM sets WHERE id = ?1",
    [SQL_DELETE_PREDICTIONS] = "DELETE FROM predictions WHERE id >= ?1 << 32 AND id < ?1 + 1 << 32",
    [SQL_COUNT_PREDICTIONS] = "SELECT count(*) FROM predictions WHERE id >= ?1 << 32 AND id < ?1 + 1 << 32",
    [SQL_PUT_PREDICTION] =
        "INSERT OR IGNORE INTO predictions SELECT (?1 << 32) + number, ?3 FROM segments WHERE uid = ?2",
    [SQL_REPLACE_PREDICTION] = "UPDATE predictions SET record = ?3 WHERE id = (?1 << 32) + "
                               "(SELECT number FROM segments WHERE uid = ?2)",
    [SQL_PREDICTION] =
        "SELECT record FROM predictions WHERE id = (?1 << 32) + (SELECT number FROM segments WHERE uid = ?2)",
    [SQL_HAS_PREDICTION] =
        "SELECT 1 FROM predictions WHERE id = (?1 << 32) + (SELECT number FROM segments WHERE uid = ?2)",
    [SQL_SCAN] = "SELECT s.uid, s.\"group\", s.sequence, s.start, s.\"end\", s.action, s.verb, s.noun, p.record "
                 "FROM segments s LEFT JOIN predictions p ON p.id = (?1 << 32) + s.number "
                 "WHERE s.split = ?2 AND (?3 IS NULL OR s.\"group\" = ?3) ORDER BY s.number",
    [SQL_SCAN_FEATURES] = "SELECT s.uid, s.sequence, s.start, s.\"end\", p.record FROM predictions p JOIN segments s "
                          "ON s.number = (p.id & 0xffffffff) WHERE p.id >= ?1 << 32 AND p.id < ?1 + 1 << 32 "
                          "ORDER BY p.id",
    [SQL_RECORDS] = "SELECT p.id >> 32, s.uid, p.record FROM predictions p LEFT JOIN segments s "
                    "ON s.number = (p.id & 0xffffffff) ORDER BY p.id",
    [SQL_INTEGRITY] = "PRAGMA integrity_check(1)",
};

/* ---- errors and statements ----------------------------------------------------------------------------------------
 */

status store_meaning(const store *s, int code)
{
    switch (code & 0xff) {
    case SQLITE_NOMEM: return ERR_MEMORY;
    case SQLITE_FULL:
    case SQLITE_IOERR: return ERR_IO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return s->mode == STORE_WRITE && !s->in_transaction ? ERR_CREATE : ERR_IO;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN: return s->mode == STORE_WRITE ? ERR_CREATE : ERR_IO;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return ERR_INPUT;
    default: return ERR_INTERNAL;
    }
}

static const char *advice_for(const store *s, int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR: return s->mode == STORE_WRITE ? " (what was committed is safe; make room and run again)" : "";
    case SQLITE_BUSY:
        return s->in_transaction ? " (a reader holds it: end it, then run again)"
                                 : " (another process holds it: only one may write a store)";
    case SQLITE_CORRUPT: return " (the file is damaged or truncated: restore it from a copy, or predict again)";
    case SQLITE_NOTADB: return " (it is no prediction store)";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return " (does its directory exist, and may you write there?)";
    default: return "";
    }
}

status store_failure(store *s, const char *doing)
{
    int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
    bool by_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
    int reason = s->db && by_system ? sqlite3_system_errno(s->db) : 0;
    return FAIL(store_meaning(s, code), "%s: cannot %s: %s%s%s%s", s->path, doing,
                s->db ? sqlite3_errmsg(s->db) : "out of memory", reason ? ": " : "", reason ? strerror(reason) : "",
                advice_for(s, code));
}

status store_statement(store *s, sql_name name, sqlite3_stmt **out)
{
    sqlite3_stmt **statement = &s->statements[name];
    if (!*statement && sqlite3_prepare_v3(s->db, SQL[name], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL))
        return store_failure(s, "use it");
    *out = *statement;
    return OK;
}

status store_step(store *s, sql_name name, const char *doing, bool *row)
{
    int code = sqlite3_step(s->statements[name]);
    if (row) *row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? OK : store_failure(s, doing);
}

void store_reset(store *s, sql_name name)
{
    if (!s->statements[name]) return;
    sqlite3_reset(s->statements[name]);
    sqlite3_clear_bindings(s->statements[name]);
}

status store_integer(store *s, sql_name name, const char *doing, int64_t *out)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    bool row = false;
    TRY(store_statement(s, name, &statement));
    TRY(store_step(s, name, doing, &row));
    *out = row ? sqlite3_column_int64(statement, 0) : 0;
done:
    store_reset(s, name);
    return st;
}

const char *store_text(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

status store_run(store *s, sql_name name, const char *doing)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    TRY(store_statement(s, name, &statement));
    TRY(store_step(s, name, doing, NULL));
done:
    store_reset(s, name);
    return st;
}

status store_run_text(store *s, const char *sql, const char *doing)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) ? store_failure(s, doing) : OK;
}

/* One integer, for pragmas that have no place among the statements. */
status store_ask(store *s, const char *sql, const char *doing, int64_t *out)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    *out = 0;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL)) TRY(store_failure(s, doing));
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) TRY(store_failure(s, doing));
    if (code == SQLITE_ROW) *out = sqlite3_column_int64(statement, 0);
done:
    sqlite3_finalize(statement);
    return st;
}

/* ---- transactions -------------------------------------------------------------------------------------------------
 */

void store_release(store *s)
{
    if (s->mode != STORE_READ || !s->in_transaction) return;
    sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL); /* nothing was written: it cannot fail for want of anything */
    s->in_transaction = false;
}

status store_reading(store *s)
{
    status st = OK;
    if (s->mode == STORE_WRITE) return OK;
    if (s->in_transaction && ++s->reads >= READS_A_TRANSACTION && !s->scanning) store_release(s);
    if (s->in_transaction) return OK;
    TRY(store_run(s, SQL_BEGIN_READ, "read it"));
    s->in_transaction = true;
    s->reads = 0;
    TRY(store_load_sets(s));
done:
    if (st != OK) store_release(s);
    return st;
}

status store_writing(store *s)
{
    if (s->mode != STORE_WRITE) return FAIL(ERR_INTERNAL, "%s: written to, but opened for reading", s->path);
    if (s->failed) return FAIL(s->failed, "%s: an earlier write failed; close it and open it again", s->path);
    if (s->in_transaction) return OK;
    status st = store_run(s, SQL_BEGIN_WRITE, "write to it");
    s->in_transaction = st == OK;
    return st;
}

status store_commit(store *s)
{
    status st = OK;
    TRY(store_writing(s));
    TRY(store_flush_sets(s));
    TRY(store_run(s, SQL_COMMIT, "commit"));
    s->in_transaction = false;
    if (store_run(s, SQL_BEGIN_WRITE, "write to it") == OK) s->in_transaction = true;
    else fail_clear(); /* the commit is done; the next write tries again and says what is wrong */
done:
    if (st != OK && !s->failed && (sqlite3_errcode(s->db) & 0xff) != SQLITE_BUSY) s->failed = st;
    return st;
}
