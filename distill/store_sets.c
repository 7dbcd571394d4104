/* Prediction sets: what made them, how their records look, whether they are complete. */
#include "distill/store_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const ENCODINGS[] = {[ENCODE_DENSE] = "dense", [ENCODE_TOPK] = "topk"};
static const char *const FEATURES[] = {
    [FEATURES_NONE] = "none", [FEATURES_F16] = "float16", [FEATURES_F32] = "float32"};

void store_forget_sets(store *s)
{
    for (size_t i = 0; i < s->set_count; i++) {
        record_coder_free(&s->sets[i].coder);
        free(s->sets[i].record);
    }
    free(s->sets);
    s->sets = NULL;
    s->set_count = 0;
}

/* Adds a set to those known. `info` has been checked. */
static status know_set(store *s, int64_t id, const set_info *info)
{
    status st = OK;
    stored_set fresh = {.id = id, .info = *info};
    stored_set *more = realloc(s->sets, (s->set_count + 1) * sizeof *more);
    if (!more) TRY(FAIL(ERR_MEMORY, "%s: no memory for its sets", s->path));
    s->sets = more;
    TRY(record_coder_new(info, &fresh.coder));
    fresh.record = malloc(record_bytes(fresh.coder));
    if (!fresh.record) TRY(FAIL(ERR_MEMORY, "%s: no memory for records of set %s", s->path, info->name));
    s->sets[s->set_count++] = fresh;
    fresh = (stored_set){0};
done:
    record_coder_free(&fresh.coder);
    return st;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------
 */

/* A text column into a field of `size` bytes; one that does not fit leaves it empty, which set_info_check refuses. */
static void read_field(sqlite3_stmt *row, int column, char *field, size_t size)
{
    const char *text = store_text(row, column);
    if (strlen(text) < size) memcpy(field, text, strlen(text) + 1);
}

static int index_of(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(names[i], name)) return i;
    return -1; /* which set_info_check refuses */
}

static status read_row(store *s, sqlite3_stmt *row)
{
    status st = OK;
    set_info info = {.seed = sqlite3_column_int64(row, 2),
                     .encoding = (store_encoding)index_of(ENCODINGS, 2, store_text(row, 7)),
                     .features = (store_features)index_of(FEATURES, 3, store_text(row, 8)),
                     .classes = sqlite3_column_int64(row, 9),
                     .k = sqlite3_column_int64(row, 10),
                     .feature_width = sqlite3_column_int64(row, 11),
                     .complete = sqlite3_column_int(row, 12) != 0,
                     .count = sqlite3_column_int64(row, 13)};
    read_field(row, 1, info.name, sizeof info.name);
    read_field(row, 3, info.role, sizeof info.role);
    read_field(row, 4, info.model_hash, sizeof info.model_hash);
    read_field(row, 5, info.vocabulary_hash, sizeof info.vocabulary_hash);
    read_field(row, 6, info.recipe_hash, sizeof info.recipe_hash);
    TRY(set_info_check(&info));
    TRY(know_set(s, sqlite3_column_int64(row, 0), &info));
done:
    return st;
}

status store_load_sets(store *s)
{
    status st = OK;
    sqlite3_stmt *rows = NULL;
    bool row = false;
    store_forget_sets(s);
    TRY(store_statement(s, SQL_SETS, &rows));
    for (;;) {
        TRY(store_step(s, SQL_SETS, "read its sets", &row));
        if (!row) break;
        TRY(read_row(s, rows));
    }
done:
    store_reset(s, SQL_SETS);
    return st;
}

status store_flush_sets(store *s)
{
    status st = OK;
    sqlite3_stmt *update = NULL;
    for (size_t i = 0; i < s->set_count; i++) {
        stored_set *set = &s->sets[i];
        if (!set->changed) continue;
        TRY(store_statement(s, SQL_UPDATE_SET, &update));
        sqlite3_bind_int64(update, 1, set->id);
        sqlite3_bind_int(update, 2, set->info.complete);
        sqlite3_bind_int64(update, 3, set->info.count);
        TRY(store_step(s, SQL_UPDATE_SET, "write its sets", NULL));
        store_reset(s, SQL_UPDATE_SET);
        set->changed = false;
    }
done:
    store_reset(s, SQL_UPDATE_SET);
    return st;
}

status store_known_set(store *s, int64_t set, stored_set **out)
{
    for (size_t i = 0; i < s->set_count; i++)
        if (s->sets[i].id == set) {
            *out = &s->sets[i];
            return OK;
        }
    return FAIL(ERR_MISSING, "%s: has no prediction set number %" PRId64 " (any more)", s->path, set);
}

/* ---- starting and completing --------------------------------------------------------------------------------------
 */

static bool says_the_same(const set_info *a, const set_info *b)
{
    return !strcmp(a->role, b->role) && !strcmp(a->model_hash, b->model_hash) &&
           !strcmp(a->vocabulary_hash, b->vocabulary_hash) && !strcmp(a->recipe_hash, b->recipe_hash) &&
           a->encoding == b->encoding && a->features == b->features && a->classes == b->classes && a->k == b->k &&
           a->feature_width == b->feature_width;
}

/* Runs a statement whose one parameter is a set. */
static status run_for_set(store *s, sql_name name, int64_t set, const char *doing)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    TRY(store_statement(s, name, &statement));
    sqlite3_bind_int64(statement, 1, set);
    TRY(store_step(s, name, doing, NULL));
done:
    store_reset(s, name);
    return st;
}

static status remove_set(store *s, size_t i)
{
    status st = OK;
    TRY(run_for_set(s, SQL_DELETE_PREDICTIONS, s->sets[i].id, "remove an older set"));
    TRY(run_for_set(s, SQL_DELETE_SET, s->sets[i].id, "remove an older set"));
    record_coder_free(&s->sets[i].coder);
    free(s->sets[i].record);
    memmove(&s->sets[i], &s->sets[i + 1], (s->set_count - i - 1) * sizeof *s->sets);
    s->set_count--;
done:
    return st;
}

static status add_set(store *s, const set_info *info)
{
    status st = OK;
    sqlite3_stmt *put = NULL;
    TRY(store_statement(s, SQL_PUT_SET, &put));
    const char *texts[] = {info->name,
                           NULL,
                           info->role,
                           info->model_hash,
                           info->vocabulary_hash,
                           info->recipe_hash,
                           ENCODINGS[info->encoding],
                           FEATURES[info->features]};
    for (int i = 0; i < 8; i++)
        if (texts[i]) sqlite3_bind_text(put, i + 1, texts[i], -1, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, info->seed);
    sqlite3_bind_int64(put, 9, info->classes);
    sqlite3_bind_int64(put, 10, info->k);
    sqlite3_bind_int64(put, 11, info->feature_width);
    TRY(store_step(s, SQL_PUT_SET, "add a set", NULL));
    TRY(know_set(s, sqlite3_last_insert_rowid(s->db), info));
done:
    store_reset(s, SQL_PUT_SET);
    return st;
}

status store_begin_set(store *s, const set_info *info, int64_t *set)
{
    status st = OK;
    set_info wanted = *info;
    size_t i = 0;
    TRY(store_writing(s));
    TRY(set_info_check(&wanted));
    wanted.complete = false;
    wanted.count = 0;
    while (i < s->set_count && (strcmp(s->sets[i].info.name, wanted.name) || s->sets[i].info.seed != wanted.seed)) i++;
    if (i < s->set_count && says_the_same(&s->sets[i].info, &wanted)) {
        *set = s->sets[i].id;
        goto done;
    }
    if (i < s->set_count) TRY(remove_set(s, i));
    TRY(add_set(s, &wanted));
    *set = s->sets[s->set_count - 1].id;
done:
    return st;
}

static status count_predictions(store *s, int64_t set, int64_t *out)
{
    status st = OK;
    sqlite3_stmt *count = NULL;
    TRY(store_statement(s, SQL_COUNT_PREDICTIONS, &count));
    sqlite3_bind_int64(count, 1, set);
    TRY(store_integer(s, SQL_COUNT_PREDICTIONS, "count records", out));
done:
    store_reset(s, SQL_COUNT_PREDICTIONS);
    return st;
}

status store_complete_set(store *s, int64_t set, int64_t expected)
{
    status st = OK;
    stored_set *at = NULL;
    int64_t count = 0;
    TRY(store_writing(s));
    TRY(store_known_set(s, set, &at));
    TRY(count_predictions(s, set, &count));
    if (count != expected)
        TRY(FAIL(ERR_INPUT, "%s: set %s (seed %" PRId64 ") has %" PRId64 " records, but %" PRId64 " were expected",
                 s->path, at->info.name, at->info.seed, count, expected));
    at->info.count = count;
    at->info.complete = at->changed = true;
    TRY(store_flush_sets(s));
done:
    return st;
}

/* ---- finding ------------------------------------------------------------------------------------------------------
 */

size_t store_set_count(store *s)
{
    if (store_reading(s) != OK) fail_clear(); /* the sets last known are still told; the next read says what is wrong */
    return s->set_count;
}

status store_set_at(store *s, size_t i, set_info *out, int64_t *set)
{
    if (i >= s->set_count) return FAIL(ERR_INTERNAL, "%s: has no %zu sets", s->path, i + 1);
    *out = s->sets[i].info;
    *set = s->sets[i].id;
    return OK;
}

/* "teacher (seed 0), student (seed 1)", or as much of it as there is room for. */
static void list_sets(const store *s, char *out, size_t size)
{
    size_t used = 0;
    snprintf(out, size, "it holds no sets");
    for (size_t i = 0; i < s->set_count && used + 1 < size; i++) {
        int wrote = snprintf(out + used, size - used, "%s%s (seed %" PRId64 ")", i ? ", " : "it holds ",
                             s->sets[i].info.name, s->sets[i].info.seed);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}

status store_find_set(store *s, const char *name, int64_t seed, set_info *out, int64_t *set)
{
    status st = OK;
    const stored_set *found = NULL;
    char there[1024];
    TRY(store_reading(s));
    for (size_t i = 0; i < s->set_count; i++) {
        const stored_set *at = &s->sets[i];
        if (strcmp(at->info.name, name) || (seed >= 0 && at->info.seed != seed)) continue;
        if (!found || at->info.seed < found->info.seed) found = at;
    }
    if (!found) {
        list_sets(s, there, sizeof there);
        if (seed < 0) TRY(FAIL(ERR_MISSING, "%s: no prediction set %s (%s)", s->path, name, there));
        TRY(FAIL(ERR_MISSING, "%s: no prediction set %s of seed %" PRId64 " (%s)", s->path, name, seed, there));
    }
    *out = found->info;
    *set = found->id;
done:
    return st;
}

static status require_hash(const set_info *info, const char *what, const char *stored, const char *wanted)
{
    if (!wanted || !wanted[0] || !strcmp(stored, wanted)) return OK;
    return FAIL(ERR_INPUT,
                "prediction set %s (seed %" PRId64 ") was made by another %s: its hash is %s, not %s; predict again",
                info->name, info->seed, what, stored[0] ? stored : "unknown", wanted);
}

status set_require(const set_info *info, const char *model_hash, const char *vocabulary_hash)
{
    status st = require_hash(info, "teacher", info->model_hash, model_hash);
    return st == OK ? require_hash(info, "vocabulary", info->vocabulary_hash, vocabulary_hash) : st;
}
