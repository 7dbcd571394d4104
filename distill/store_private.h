/* store_private - inside this room: what the parts of the store share.
 *
 * store_file.c opens and closes; store_sql.c has the statements, transactions and errors; store_labels.c keeps what
 * scoring needs; store_sets.c keeps the sets and store_predictions.c their records. Statements are prepared once and
 * reset after use: one left standing would keep a reader's transaction open.
 */
#ifndef MAGISTER_DISTILL_STORE_PRIVATE_H
#define MAGISTER_DISTILL_STORE_PRIVATE_H

#include "distill/record.h"
#include "distill/store.h"

#include <sqlite3.h>

typedef enum {
    SQL_BEGIN_READ,
    SQL_BEGIN_WRITE,
    SQL_COMMIT,
    SQL_COUNT_CLASSES,
    SQL_PUT_CLASS,
    SQL_CLASSES,
    SQL_PUT_SEGMENT,
    SQL_SEGMENT,
    SQL_REGROUP_SEGMENT,
    SQL_COUNT_SEGMENTS,
    SQL_GROUPS,
    SQL_PUT_MANY_SHOT,
    SQL_COUNT_MANY_SHOT,
    SQL_MANY_SHOT,
    SQL_SETS,
    SQL_PUT_SET,
    SQL_UPDATE_SET,
    SQL_DELETE_SET,
    SQL_DELETE_PREDICTIONS,
    SQL_COUNT_PREDICTIONS,
    SQL_PUT_PREDICTION,
    SQL_REPLACE_PREDICTION,
    SQL_PREDICTION,
    SQL_HAS_PREDICTION,
    SQL_SCAN,
    SQL_SCAN_FEATURES,
    SQL_RECORDS,
    SQL_INTEGRITY,
    SQL_STATEMENTS /* how many there are */
} sql_name;

/* A prediction set as this connection knows it. */
typedef struct {
    int64_t id;
    set_info info;
    bool changed; /* count or complete differ from its row */
    record_coder *coder;
    unsigned char *record; /* (record_bytes) scratch for writing */
} stored_set;

struct store {
    sqlite3 *db;
    char *path;
    store_mode mode;
    bool in_transaction;
    status failed;    /* the first failed write: SQLite may have rolled back, so nothing more is written */
    bool scanning;    /* a scan is under way: its transaction stays */
    size_t reads;     /* since the read transaction began */
    stored_set *sets; /* (set_count) by id */
    size_t set_count;
    sqlite3_stmt *statements[SQL_STATEMENTS];
};

/* The failure SQLite has just reported, as status and message ("PATH: cannot <doing>: ..."). */
status store_failure(store *s, const char *doing);
/* The status for one of SQLite's codes. */
status store_meaning(const store *s, int code);

/* A statement, reset and with its parameters unbound; borrowed. */
status store_statement(store *s, sql_name name, sqlite3_stmt **out);
/* One step: `*row` says whether there is a row (may be NULL where none is awaited). */
status store_step(store *s, sql_name name, const char *doing, bool *row);
void store_reset(store *s, sql_name name);
/* A statement without parameters and results, from prepare to reset. */
status store_run(store *s, sql_name name, const char *doing);
/* SQL that has no place among the statements: pragmas and the schema. */
status store_run_text(store *s, const char *sql, const char *doing);
status store_ask(store *s, const char *sql, const char *doing, int64_t *out);
/* A statement of one integer result. */
status store_integer(store *s, sql_name name, const char *doing, int64_t *out);

/* Text of a column; never NULL (a file may hold anything). Borrowed until the next step. */
const char *store_text(sqlite3_stmt *statement, int column);

/* Before any read or write: the transaction is open, the sets are known. store_writing refuses a reader's store. */
status store_reading(store *s);
status store_writing(store *s);

/* The table of sets, read again from the file. */
status store_load_sets(store *s);
void store_forget_sets(store *s);
status store_known_set(store *s, int64_t set, stored_set **out);
/* Writes what changed about the sets to their rows. */
status store_flush_sets(store *s);

#endif
