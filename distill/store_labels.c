/* What scoring needs besides predictions: classes, segments with their labels, many-shot sets. All of it is written
 * once and compared after that, so that two steps of a run cannot score against different labels without anybody
 * noticing. */
#include "distill/store_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
    sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC); /* NULL binds NULL */
}

/* ---- classes ------------------------------------------------------------------------------------------------------
 */

/* The row of a class; an action's (`action` not NULL) has text, verb and noun besides. */
static status put_class(store *s, const char *kind, size_t id, const char *name, const action_class *action)
{
    status st = OK;
    sqlite3_stmt *put = NULL;
    TRY(store_statement(s, SQL_PUT_CLASS, &put));
    bind_text(put, 1, kind);
    sqlite3_bind_int64(put, 2, (int64_t)id);
    bind_text(put, 3, name);
    if (action) {
        bind_text(put, 4, action->text);
        sqlite3_bind_int64(put, 5, action->verb);
        sqlite3_bind_int64(put, 6, action->noun);
    }
    TRY(store_step(s, SQL_PUT_CLASS, "write classes", NULL));
done:
    store_reset(s, SQL_PUT_CLASS);
    return st;
}

static status put_all_classes(store *s, const class_list *classes)
{
    status st = OK;
    for (size_t i = 0; i < classes->action_count; i++)
        TRY(put_class(s, "action", i, classes->actions[i].name, &classes->actions[i]));
    for (size_t i = 0; i < classes->verb_count; i++) TRY(put_class(s, "verb", i, classes->verbs[i], NULL));
    for (size_t i = 0; i < classes->noun_count; i++) TRY(put_class(s, "noun", i, classes->nouns[i], NULL));
done:
    return st;
}

static status count_classes(store *s, const char *kind, size_t *out)
{
    status st = OK;
    sqlite3_stmt *count = NULL;
    int64_t found = 0;
    TRY(store_statement(s, SQL_COUNT_CLASSES, &count));
    bind_text(count, 1, kind);
    TRY(store_integer(s, SQL_COUNT_CLASSES, "read classes", &found));
    *out = (size_t)found;
done:
    store_reset(s, SQL_COUNT_CLASSES);
    return st;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static status compare_classes(const store *s, const class_list *there, const class_list *given)
{
    if (there->action_count != given->action_count || there->verb_count != given->verb_count ||
        there->noun_count != given->noun_count)
        return FAIL(ERR_INPUT,
                    "%s: holds %zu actions, %zu verbs, %zu nouns; this run has %zu, %zu, %zu: use a new store", s->path,
                    there->action_count, there->verb_count, there->noun_count, given->action_count, given->verb_count,
                    given->noun_count);
    for (size_t i = 0; i < given->action_count; i++) {
        const action_class *a = &there->actions[i], *b = &given->actions[i];
        if (!same_text(a->name, b->name) || !same_text(a->text, b->text) || a->verb != b->verb || a->noun != b->noun)
            return FAIL(ERR_INPUT,
                        "%s: its action %zu is %s (verb %" PRId64 ", noun %" PRId64 "), this run's is %s (%" PRId64
                        ", %" PRId64 "): use a new store",
                        s->path, i, a->name, a->verb, a->noun, b->name, b->verb, b->noun);
    }
    return OK;
}

static status check_classes(const class_list *classes)
{
    if (!classes->action_count) return FAIL(ERR_INPUT, "no action classes to store");
    for (size_t i = 0; i < classes->action_count; i++) {
        const action_class *a = &classes->actions[i];
        if (a->verb < -1 || a->verb >= (int64_t)classes->verb_count || a->noun < -1 ||
            a->noun >= (int64_t)classes->noun_count)
            return FAIL(ERR_INPUT, "action %zu (%s): verb %" PRId64 " of %zu, noun %" PRId64 " of %zu", i, a->name,
                        a->verb, classes->verb_count, a->noun, classes->noun_count);
    }
    return OK;
}

status store_put_classes(store *s, const class_list *classes)
{
    status st = OK;
    class_list there = {0};
    size_t count = 0;
    TRY(store_writing(s));
    TRY(check_classes(classes));
    TRY(count_classes(s, "action", &count));
    if (count) {
        TRY(store_get_classes(s, &there));
        TRY(compare_classes(s, &there, classes));
    } else TRY(put_all_classes(s, classes));
done:
    classes_free(&there);
    return st;
}

static status copy_text(store *s, arena *strings, sqlite3_stmt *statement, int column, const char **out)
{
    const char *text = store_text(statement, column);
    *out = arena_copy(strings, text, strlen(text));
    return *out ? OK : FAIL(ERR_MEMORY, "%s: no memory for its classes", s->path);
}

/* Starts reading the classes of a kind. */
static status start_classes(store *s, const char *kind, sqlite3_stmt **out)
{
    status st = store_statement(s, SQL_CLASSES, out);
    if (st == OK) bind_text(*out, 1, kind);
    return st;
}

/* Rows come by id, which must be 0, 1, 2 ... */
static status next_class(store *s, sqlite3_stmt *rows, const char *kind, size_t i)
{
    bool row = false;
    status st = store_step(s, SQL_CLASSES, "read classes", &row);
    if (st != OK) return st;
    if (!row || sqlite3_column_int64(rows, 0) != (int64_t)i)
        return FAIL(ERR_INPUT, "%s: %s %zu is missing", s->path, kind, i);
    return OK;
}

static status get_actions(store *s, class_list *list)
{
    status st = OK;
    sqlite3_stmt *rows = NULL;
    TRY(start_classes(s, "action", &rows));
    for (size_t i = 0; i < list->action_count; i++) {
        action_class *a = &list->actions[i];
        TRY(next_class(s, rows, "action", i));
        TRY(copy_text(s, list->strings, rows, 1, &a->name));
        TRY(copy_text(s, list->strings, rows, 2, &a->text));
        a->verb = sqlite3_column_int64(rows, 3);
        a->noun = sqlite3_column_int64(rows, 4);
    }
    TRY(check_classes(list));
done:
    store_reset(s, SQL_CLASSES);
    return st;
}

static status get_names(store *s, const char *kind, arena *strings, const char **names, size_t count)
{
    status st = OK;
    sqlite3_stmt *rows = NULL;
    TRY(start_classes(s, kind, &rows));
    for (size_t i = 0; i < count; i++) {
        TRY(next_class(s, rows, kind, i));
        if (sqlite3_column_type(rows, 1) != SQLITE_NULL) TRY(copy_text(s, strings, rows, 1, &names[i]));
    }
done:
    store_reset(s, SQL_CLASSES);
    return st;
}

status store_get_classes(store *s, class_list *out)
{
    status st = OK;
    class_list list = {0};
    TRY(store_reading(s));
    TRY(count_classes(s, "action", &list.action_count));
    TRY(count_classes(s, "verb", &list.verb_count));
    TRY(count_classes(s, "noun", &list.noun_count));
    if (!list.action_count) TRY(FAIL(ERR_MISSING, "%s: holds no classes yet", s->path));
    list.strings = arena_new();
    list.actions = arena_alloc(list.strings, list.action_count * sizeof *list.actions);
    list.verbs = arena_alloc(list.strings, list.verb_count * sizeof *list.verbs);
    list.nouns = arena_alloc(list.strings, list.noun_count * sizeof *list.nouns);
    if (!list.actions || !list.verbs || !list.nouns) TRY(FAIL(ERR_MEMORY, "%s: no memory for its classes", s->path));
    TRY(get_actions(s, &list));
    TRY(get_names(s, "verb", list.strings, list.verbs, list.verb_count));
    TRY(get_names(s, "noun", list.strings, list.nouns, list.noun_count));
    *out = list;
    list = (class_list){0};
done:
    classes_free(&list);
    return st;
}

/* ---- segments -----------------------------------------------------------------------------------------------------
 */

static status check_segment(const segment *at, size_t actions)
{
    if (!at->uid || !at->uid[0] || strlen(at->uid) > UINT16_MAX)
        return FAIL(ERR_INPUT, "segment %zu: its uid is empty or longer than %d bytes", at->place, UINT16_MAX);
    if (at->action < -1 || (actions && at->action >= (int64_t)actions))
        return FAIL(ERR_INPUT, "segment %s: action %" PRId64 " of %zu", at->uid, at->action, actions);
    return OK;
}

static status put_segment(store *s, const char *split, const segment *at, const char *group)
{
    status st = OK;
    sqlite3_stmt *put = NULL;
    TRY(store_statement(s, SQL_PUT_SEGMENT, &put));
    bind_text(put, 1, at->uid);
    bind_text(put, 2, split);
    bind_text(put, 3, group);
    bind_text(put, 4, at->sequence);
    sqlite3_bind_double(put, 5, at->start);
    sqlite3_bind_double(put, 6, at->end);
    sqlite3_bind_int64(put, 7, at->action);
    sqlite3_bind_int64(put, 8, at->verb);
    sqlite3_bind_int64(put, 9, at->noun);
    TRY(store_step(s, SQL_PUT_SEGMENT, "write segments", NULL));
done:
    store_reset(s, SQL_PUT_SEGMENT);
    return st;
}

static status regroup_segment(store *s, const char *uid, const char *group)
{
    status st = OK;
    sqlite3_stmt *update = NULL;
    TRY(store_statement(s, SQL_REGROUP_SEGMENT, &update));
    bind_text(update, 1, uid);
    bind_text(update, 2, group);
    TRY(store_step(s, SQL_REGROUP_SEGMENT, "write segments", NULL));
done:
    store_reset(s, SQL_REGROUP_SEGMENT);
    return st;
}

/* Compares the segment with the row of its uid. `*known`: there is one; `*ungrouped`: it has no group. */
static status compare_segment(store *s, const char *split, const segment *at, const char *group, bool *known,
                              bool *ungrouped)
{
    status st = OK;
    sqlite3_stmt *row = NULL;
    TRY(store_statement(s, SQL_SEGMENT, &row));
    bind_text(row, 1, at->uid);
    TRY(store_step(s, SQL_SEGMENT, "read segments", known));
    if (!*known) goto done;
    *ungrouped = sqlite3_column_type(row, 1) == SQLITE_NULL;
    if (strcmp(store_text(row, 0), split))
        TRY(FAIL(ERR_INPUT, "%s: segment %s belongs to split %s there, to %s here", s->path, at->uid,
                 store_text(row, 0), split));
    if (group && !*ungrouped && strcmp(store_text(row, 1), group))
        TRY(FAIL(ERR_INPUT, "%s: segment %s belongs to group %s there, to %s here", s->path, at->uid,
                 store_text(row, 1), group));
    if (strcmp(store_text(row, 2), at->sequence) || sqlite3_column_double(row, 3) != at->start ||
        sqlite3_column_double(row, 4) != at->end || sqlite3_column_int64(row, 5) != at->action ||
        sqlite3_column_int64(row, 6) != at->verb || sqlite3_column_int64(row, 7) != at->noun)
        TRY(FAIL(ERR_INPUT,
                 "%s: segment %s is %s %g-%g s, action %lld there, and %s %g-%g s, action %" PRId64
                 " here: use a new store",
                 s->path, at->uid, store_text(row, 2), sqlite3_column_double(row, 3), sqlite3_column_double(row, 4),
                 (long long)sqlite3_column_int64(row, 5), at->sequence, at->start, at->end, at->action));
done:
    store_reset(s, SQL_SEGMENT);
    return st;
}

status store_put_segments(store *s, const char *split, const segment_list *list, const char *const *group)
{
    status st = OK;
    size_t actions = 0;
    TRY(store_writing(s));
    if (strcmp(split, "train") && strcmp(split, "development") && strcmp(split, "eval") && strcmp(split, "events"))
        TRY(FAIL(ERR_INTERNAL, "no split is called %s", split));
    TRY(count_classes(s, "action", &actions));
    for (size_t i = 0; i < list->count; i++) {
        const char *label = group ? group[i] : NULL;
        bool known = false, ungrouped = false;
        TRY(check_segment(&list->at[i], actions));
        TRY(compare_segment(s, split, &list->at[i], label, &known, &ungrouped));
        if (!known) TRY(put_segment(s, split, &list->at[i], label));
        else if (ungrouped && label) TRY(regroup_segment(s, list->at[i].uid, label));
    }
done:
    return st;
}

status store_count_segments(store *s, const char *split, const char *group, int64_t *out)
{
    status st = OK;
    sqlite3_stmt *count = NULL;
    TRY(store_reading(s));
    TRY(store_statement(s, SQL_COUNT_SEGMENTS, &count));
    bind_text(count, 1, split);
    bind_text(count, 2, group);
    TRY(store_integer(s, SQL_COUNT_SEGMENTS, "read segments", out));
done:
    store_reset(s, SQL_COUNT_SEGMENTS);
    return st;
}

/* Texts of the first column, each with its NUL, one after another in new memory of `*bytes`. */
static status gather_texts(store *s, sql_name name, sqlite3_stmt *rows, char **out, size_t *bytes, size_t *count)
{
    status st = OK;
    bool row = false;
    for (;;) {
        TRY(store_step(s, name, "read segments", &row));
        if (!row) break;
        const char *text = store_text(rows, 0);
        size_t length = strlen(text) + 1;
        char *more = realloc(*out, *bytes + length);
        if (!more) TRY(FAIL(ERR_MEMORY, "%s: no memory for its groups", s->path));
        *out = more;
        memcpy(*out + *bytes, text, length);
        *bytes += length;
        ++*count;
    }
done:
    return st;
}

status store_get_groups(store *s, const char *split, char ***out, size_t *count)
{
    status st = OK;
    sqlite3_stmt *rows = NULL;
    char *texts = NULL, **block = NULL;
    size_t bytes = 0, found = 0;
    TRY(store_reading(s));
    TRY(store_statement(s, SQL_GROUPS, &rows));
    bind_text(rows, 1, split);
    TRY(gather_texts(s, SQL_GROUPS, rows, &texts, &bytes, &found));
    if (found) {
        block = malloc(found * sizeof *block + bytes);
        if (!block) TRY(FAIL(ERR_MEMORY, "%s: no memory for its groups", s->path));
        char *at = memcpy(block + found, texts, bytes);
        for (size_t i = 0; i < found; i++, at += strlen(at) + 1) block[i] = at;
    }
    *out = block;
    *count = found;
done:
    store_reset(s, SQL_GROUPS);
    free(texts);
    return st;
}

/* ---- many-shot sets -----------------------------------------------------------------------------------------------
 */

static status check_many_shot_kind(const char *kind)
{
    return strcmp(kind, "verb") && strcmp(kind, "noun")
               ? FAIL(ERR_INTERNAL, "many-shot sets are of verbs or nouns, not %s", kind)
               : OK;
}

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* A sorted copy without repetitions. */
static status sorted_ids(const int64_t *ids, size_t count, int64_t **out, size_t *left)
{
    int64_t *sorted = malloc((count ? count : 1) * sizeof *sorted);
    if (!sorted) return FAIL(ERR_MEMORY, "no memory for %zu many-shot classes", count);
    if (count) memcpy(sorted, ids, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    *left = 0;
    for (size_t i = 0; i < count; i++)
        if (!*left || sorted[*left - 1] != sorted[i]) sorted[(*left)++] = sorted[i];
    *out = sorted;
    return OK;
}

static status put_many_shot(store *s, const char *kind, int64_t id)
{
    status st = OK;
    sqlite3_stmt *put = NULL;
    TRY(store_statement(s, SQL_PUT_MANY_SHOT, &put));
    bind_text(put, 1, kind);
    sqlite3_bind_int64(put, 2, id);
    TRY(store_step(s, SQL_PUT_MANY_SHOT, "write many-shot classes", NULL));
    if (!sqlite3_changes(s->db))
        TRY(FAIL(ERR_INPUT, "%s: many-shot %s %" PRId64 " is no class of this store", s->path, kind, id));
done:
    store_reset(s, SQL_PUT_MANY_SHOT);
    return st;
}

status store_put_many_shot(store *s, const char *kind, const int64_t *ids, size_t count)
{
    status st = OK;
    int64_t *sorted = NULL, *there = NULL;
    size_t left = 0, there_count = 0;
    TRY(check_many_shot_kind(kind));
    TRY(store_writing(s));
    TRY(sorted_ids(ids, count, &sorted, &left));
    TRY(store_get_many_shot(s, kind, &there, &there_count));
    for (size_t i = 0; !there_count && i < left; i++) TRY(put_many_shot(s, kind, sorted[i]));
    if (there_count && (there_count != left || memcmp(there, sorted, left * sizeof *there)))
        TRY(FAIL(ERR_INPUT, "%s: its %zu many-shot %ss are others than the %zu of this run: use a new store", s->path,
                 there_count, kind, left));
done:
    free(sorted);
    free(there);
    return st;
}

status store_get_many_shot(store *s, const char *kind, int64_t **ids, size_t *count)
{
    status st = OK;
    sqlite3_stmt *statement = NULL;
    int64_t *found = NULL, most = 0;
    bool row = false;
    size_t read = 0;
    TRY(check_many_shot_kind(kind));
    TRY(store_reading(s));
    TRY(store_statement(s, SQL_COUNT_MANY_SHOT, &statement));
    bind_text(statement, 1, kind);
    TRY(store_integer(s, SQL_COUNT_MANY_SHOT, "read many-shot classes", &most));
    if (most) {
        found = malloc((size_t)most * sizeof *found);
        if (!found) TRY(FAIL(ERR_MEMORY, "%s: no memory for %" PRId64 " many-shot classes", s->path, most));
        TRY(store_statement(s, SQL_MANY_SHOT, &statement));
        bind_text(statement, 1, kind);
        for (; read < (size_t)most; read++) {
            TRY(store_step(s, SQL_MANY_SHOT, "read many-shot classes", &row));
            if (!row) break;
            found[read] = sqlite3_column_int64(statement, 0);
        }
    }
    *ids = found;
    *count = read;
    found = NULL;
done:
    store_reset(s, SQL_MANY_SHOT);
    free(found);
    return st;
}
