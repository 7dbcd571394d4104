/* The store's file: its schema, its journal, and what is checked before anything in it is believed.
 *
 * Invariants: a writer holds SQLite's write lock from store_open to store_close (it begins the next transaction as soon
 * as one is committed), so two writers cannot take turns. After a failed write SQLite may have rolled the transaction
 * back; `failed` then keeps later writes from landing outside of it.
 *
 * A writer uses WAL on local file systems, where readers and writer do not wait for each other, and the rollback
 * journal elsewhere, where WAL's shared memory does not work. Readers may repair what a killed writer left (SQLite
 * replays or rolls back its journal); where the file's directory cannot be written they read it as an unchanging file.
 */
#include "base/file.h"
#include "base/filesystem.h"
#include "distill/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x4d475354, /* "MGST" */
    SCHEMA_VERSION = 1,
    OPEN_WAIT_MS = 1000,    /* for another writer to end */
    COMMIT_WAIT_MS = 60000, /* for readers to let go, where the journal makes a commit wait for them */
};

/* A page holds 37 records of 50 logits and 768 features with little left over; one of 16 KiB 9, one of 4 KiB 2. */
#define PAGE_BYTES "65536"
#define MAP_BYTES "67108864"
#define CACHE_KIB "8192"

static const struct {
    const char *table, *sql;
} SCHEMA[] = {
    {"classes", "CREATE TABLE classes(kind TEXT NOT NULL, id INTEGER NOT NULL, name TEXT, text TEXT, verb INTEGER, "
                "noun INTEGER, many_shot INTEGER NOT NULL, PRIMARY KEY(kind, id)) STRICT, WITHOUT ROWID"},
    {"segments", "CREATE TABLE segments(number INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, split TEXT NOT NULL, "
                 "\"group\" TEXT, sequence TEXT NOT NULL, start REAL NOT NULL, \"end\" REAL NOT NULL, "
                 "action INTEGER NOT NULL, verb INTEGER NOT NULL, noun INTEGER NOT NULL) STRICT"},
    {"sets", "CREATE TABLE sets(id INTEGER PRIMARY KEY, name TEXT NOT NULL, seed INTEGER NOT NULL, role TEXT NOT NULL, "
             "model_hash TEXT NOT NULL, vocabulary_hash TEXT NOT NULL, recipe_hash TEXT NOT NULL, "
             "encoding TEXT NOT NULL, features TEXT NOT NULL, classes INTEGER NOT NULL, k INTEGER NOT NULL, "
             "feature_width INTEGER NOT NULL, complete INTEGER NOT NULL, records INTEGER NOT NULL) STRICT"},
    {"predictions", "CREATE TABLE predictions(id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT"},
};

/* ---- opening ------------------------------------------------------------------------------------------------------
 */

/* WAL works on file systems of one machine. */
static bool is_local(const char *path)
{
    filesystem kind;
    bool known = filesystem_of_parent(path, &kind) == OK;
    if (!known) fail_clear(); /* opening the store tells what is wrong */
    return known && kind.local;
}

static status connect(store *s, const char *name, int flags)
{
    if (s->db) sqlite3_close(s->db);
    s->db = NULL;
    if (sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL))
        return store_failure(s, s->mode == STORE_WRITE ? "open or create it" : "open it");
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, OPEN_WAIT_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return OK;
}

static status tune(store *s)
{
    const char *reader = "PRAGMA mmap_size = " MAP_BYTES, *writer = "PRAGMA synchronous = FULL;"
                                                                    "PRAGMA secure_delete = OFF;"
                                                                    "PRAGMA wal_autocheckpoint = 256";
    status st = OK;
    TRY(store_run_text(s, s->mode == STORE_WRITE ? writer : reader, "open it"));
    TRY(store_run_text(s, "PRAGMA cache_size = -" CACHE_KIB, "open it"));
done:
    return st;
}

/* Something that SQLite would take for empty and write over may be somebody's file: it looks at its first bytes only.
 */
static status check_magic(const char *path)
{
    char start[16] = "";
    FILE *file = fopen(path, "rbe");
    if (!file) return OK; /* to be made, or SQLite says why not */
    size_t count = fread(start, 1, sizeof start, file);
    fclose(file);
    if (count && memcmp(start, "SQLite format 3", sizeof start))
        return FAIL(ERR_INPUT, "%s: it is no prediction store", path);
    return OK;
}

/* The file as a URI that SQLite reads without locks or journals. New memory; NULL when out of it. */
static char *unchanging_uri(const char *path)
{
    char *uri = malloc(3 * strlen(path) + 32), *at = uri;
    if (!uri) return NULL;
    at += sprintf(at, "file:");
    for (; *path; path++)
        if (strchr("%?#", *path)) at += sprintf(at, "%%%02x", (unsigned)(unsigned char)*path);
        else *at++ = *path;
    sprintf(at, "?immutable=1");
    return uri;
}

/* True when no journal beside the file holds anything: then the file alone is the whole store. */
static bool stands_alone(const char *path)
{
    static const char *const JOURNALS[] = {"-wal", "-journal"};
    bool alone = true;
    for (size_t i = 0; i < 2; i++) {
        struct stat info;
        char *name = NULL;
        if (asprintf(&name, "%s%s", path, JOURNALS[i]) < 0) return false;
        alone = alone && (stat(name, &info) || info.st_size == 0);
        free(name);
    }
    return alone;
}

/* Readers connect for writing too, so that SQLite can repair what a killed writer left; query_only keeps them from it
 * otherwise. Where that fails for want of permission the file is read as unchanging. */
static status connect_reader(store *s)
{
    status st = OK;
    char *uri = NULL;
    int64_t ignored = 0;
    TRY(connect(s, s->path, SQLITE_OPEN_READWRITE));
    TRY(store_run_text(s, "PRAGMA query_only = ON", "open it"));
    if (store_ask(s, "PRAGMA schema_version", "read it", &ignored) == OK) goto done;
    int code = sqlite3_errcode(s->db) & 0xff;
    if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) TRY(store_meaning(s, code));
    fail_clear();
    if (!stands_alone(s->path))
        TRY(FAIL(ERR_IO,
                 "%s: a writer that was killed left a journal beside it: open it once where its directory can be "
                 "written",
                 s->path));
    uri = unchanging_uri(s->path);
    if (!uri) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", s->path));
    TRY(connect(s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI));
    TRY(store_ask(s, "PRAGMA schema_version", "read it", &ignored));
done:
    free(uri);
    return st;
}

/* Inside the first transaction, so that a crash leaves an empty file and no half-made store. */
static status make_schema(store *s)
{
    status st = OK;
    char pragmas[128];
    for (size_t i = 0; i < sizeof SCHEMA / sizeof SCHEMA[0]; i++) TRY(store_run_text(s, SCHEMA[i].sql, "create it"));
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID,
             SCHEMA_VERSION);
    TRY(store_run_text(s, pragmas, "create it"));
    TRY(store_run(s, SQL_COMMIT, "create it"));
    TRY(store_run(s, SQL_BEGIN_WRITE, "write to it"));
done:
    return st;
}

/* The tables must be the ones of this version to the letter: a file that looks alike is refused here and not halfway.
 */
static status check_tables(store *s)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(s->db, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", -1, &statement,
                           NULL))
        TRY(store_failure(s, "read it"));
    for (size_t i = 0; i < sizeof SCHEMA / sizeof SCHEMA[0]; i++) {
        sqlite3_bind_text(statement, 1, SCHEMA[i].table, -1, SQLITE_STATIC);
        int code = sqlite3_step(statement);
        if (code != SQLITE_ROW && code != SQLITE_DONE) TRY(store_failure(s, "read it"));
        if (code == SQLITE_DONE || strcmp(store_text(statement, 0), SCHEMA[i].sql))
            TRY(FAIL(ERR_INPUT, "%s: its table %s is not that of a prediction store of version %d", s->path,
                     SCHEMA[i].table, SCHEMA_VERSION));
        sqlite3_reset(statement);
    }
done:
    sqlite3_finalize(statement);
    return st;
}

/* SQLite reads what is cut off the last page as zeros. Where a journal is at work the size says nothing. */
static status check_size(store *s)
{
    status st = OK;
    struct stat info;
    int64_t pages = 0, page_bytes = 0;
    TRY(store_ask(s, "PRAGMA page_count", "read it", &pages));
    TRY(store_ask(s, "PRAGMA page_size", "read it", &page_bytes));
    if (!stands_alone(s->path) || stat(s->path, &info)) goto done;
    if (info.st_size < pages * page_bytes || info.st_size % page_bytes)
        TRY(FAIL(ERR_INPUT, "%s: cut off: %lld bytes instead of %lld", s->path, (long long)info.st_size,
                 (long long)(pages * page_bytes)));
done:
    return st;
}

static status check_kind(store *s)
{
    status st = OK;
    int64_t application = 0, version = 0;
    TRY(check_size(s));
    TRY(store_ask(s, "PRAGMA application_id", "read it", &application));
    TRY(store_ask(s, "PRAGMA user_version", "read it", &version));
    if (application != APPLICATION_ID) TRY(FAIL(ERR_INPUT, "%s: an SQLite file, but no prediction store", s->path));
    if (version != SCHEMA_VERSION)
        TRY(FAIL(ERR_INPUT, "%s: a prediction store of version %lld; this program reads version %d", s->path,
                 (long long)version, SCHEMA_VERSION));
    TRY(check_tables(s));
done:
    return st;
}

/* A file in use keeps the journal it has, which is as safe. */
static status choose_journal(store *s)
{
    const char *sql = is_local(s->path) ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE";
    if (!sqlite3_exec(s->db, sql, NULL, NULL, NULL) || (sqlite3_errcode(s->db) & 0xff) == SQLITE_BUSY) return OK;
    return store_failure(s, "write to it");
}

/* A file that never had a table is one to be made. */
static status open_writer(store *s)
{
    status st = OK;
    int64_t made = 0;
    TRY(connect(s, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    TRY(store_run_text(s, "PRAGMA page_size = " PAGE_BYTES, "create it"));
    TRY(store_ask(s, "PRAGMA schema_version", "read it", &made));
    if (made) TRY(check_kind(s));
    TRY(choose_journal(s));
    TRY(tune(s));
    TRY(store_run(s, SQL_BEGIN_WRITE, "write to it"));
    s->in_transaction = true;
    TRY(store_ask(s, "PRAGMA schema_version", "read it", &made));
    if (!made) TRY(make_schema(s));
    TRY(check_kind(s));
    TRY(store_load_sets(s));
done:
    return st;
}

static status open_reader(store *s)
{
    status st = OK;
    TRY(connect_reader(s));
    TRY(check_kind(s));
    TRY(tune(s));
    TRY(store_reading(s));
done:
    return st;
}

status store_open(const char *path, store_mode mode, store **out)
{
    status st = OK;
    store *s = NULL;
    if (directory_exists(path)) return FAIL(ERR_INPUT, "%s: a directory and no prediction store", path);
    if (mode == STORE_READ && access(path, R_OK))
        return FAIL(ERR_MISSING, "%s: cannot open the prediction store: %s", path, strerror(errno));
    TRY(check_magic(path));
    s = calloc(1, sizeof *s);
    if (s) s->path = strdup(path);
    if (!s || !s->path) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    s->mode = mode;
    TRY(mode == STORE_WRITE ? open_writer(s) : open_reader(s));
    sqlite3_busy_timeout(s->db, COMMIT_WAIT_MS);
    *out = s;
    s = NULL;
done:
    store_close(&s);
    return st;
}

void store_close(store **s)
{
    if (!s || !*s) return;
    store *old = *s;
    for (size_t i = 0; i < SQL_STATEMENTS; i++) sqlite3_finalize(old->statements[i]);
    sqlite3_close(old->db); /* rolls back; the last one to close a WAL takes it into the file */
    store_forget_sets(old);
    free(old->path);
    free(old);
    *s = NULL;
}
