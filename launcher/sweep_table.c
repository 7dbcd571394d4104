#include "launcher/sweep_table.h"

#include "base/file.h"
#include "conf/run.h"
#include "conf/suggest.h"
#include "launcher/json_file.h"
#include "launcher/sweep_rows.h"
#include "launcher/sweep_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_BYTES_MAX = 1 << 24, VALUE_BYTES = 512 };

static const char STANDARD_SCORES[] = "teacher.top1,teacher.top5,student.top1,student.top5";
static const char MAIN_SCORE[] = "student.top1";

static status no_memory(void)
{
    return FAIL(ERR_MEMORY, "no memory for the table of a sweep");
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

/* SET.SCORE or SET.KIND.SCORE; `into`: (3) of SCORE_NAME_MAX. */
static bool split_score(const char *name, char into[3][SCORE_NAME_MAX])
{
    const char *first = strchr(name, '.'), *last = strrchr(name, '.');
    if (!first || first == name || !last[1] || strlen(name) >= SCORE_NAME_MAX) return false;
    snprintf(into[0], SCORE_NAME_MAX, "%.*s", (int)(first - name), name);
    if (first == last) snprintf(into[1], SCORE_NAME_MAX, "action");
    else snprintf(into[1], SCORE_NAME_MAX, "%.*s", (int)(last - first - 1), first + 1);
    snprintf(into[2], SCORE_NAME_MAX, "%s", last + 1);
    return true;
}

/* "a,b" into the table's names of scores. */
static status name_scores(sweep_table *t, const char *list)
{
    char parts[3][SCORE_NAME_MAX];
    for (const char *at = list; *at; at += *at == ',') {
        int length = (int)strcspn(at, ",");
        if (t->score_count == SCORES_MAX) return FAIL(ERR_USAGE, "more than %d scores: say fewer of them", SCORES_MAX);
        char *name = t->score_names[t->score_count++];
        snprintf(name, SCORE_NAME_MAX, "%.*s", length, at);
        if (!split_score(name, parts))
            return FAIL(ERR_USAGE, "a score is SET.SCORE, as student.top1 or student.verb.top5, not %.*s", length, at);
        at += length;
    }
    return OK;
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static measure measure_of(const json_t *metrics, const char *name)
{
    char parts[3][SCORE_NAME_MAX], deviation[SCORE_NAME_MAX + 4];
    if (!split_score(name, parts)) return (measure){NAN, NAN};
    const json_t *scores = json_object_get(json_object_get(metrics, parts[0]), parts[1]);
    snprintf(deviation, sizeof deviation, "%s_sd", parts[2]);
    return (measure){number_of(scores, parts[2]), number_of(scores, deviation)};
}

/* metrics.json of a run; NULL when there is none, or none that can be read. */
static json_t *read_metrics(const char *run)
{
    char *path = run_path(run, "metrics.json"), *bytes = NULL;
    size_t count;
    json_t *metrics = NULL;
    bool clean = !fail_message()[0]; /* a failure that is waiting to be told stays */
    if (path && file_exists(path) && file_read(path, METRICS_BYTES_MAX, &bytes, &count) == OK)
        metrics = json_loadb(bytes, count, 0, NULL);
    if (clean) fail_clear();
    free(bytes);
    free(path);
    return metrics;
}

static bool has_score(const sweep_table *t, size_t s)
{
    for (size_t i = 0; i < t->count; i++)
        if (!isnan(t->rows[i].scores[s].mean)) return true;
    return false;
}

/* Scores that were not asked for are left out where no member has them. */
static void drop_empty_scores(sweep_table *t)
{
    size_t kept = 0;
    for (size_t s = 0; s < t->score_count; s++) {
        if (!has_score(t, s)) continue;
        if (kept != s) memcpy(t->score_names[kept], t->score_names[s], SCORE_NAME_MAX);
        for (size_t i = 0; i < t->count; i++) t->rows[i].scores[kept] = t->rows[i].scores[s];
        kept++;
    }
    t->score_count = kept;
}

static void choose_main_score(sweep_table *t)
{
    t->main_score = NONE;
    for (size_t s = 0; s < t->score_count; s++) {
        bool wanted = !strcmp(t->score_names[s], MAIN_SCORE);
        if (has_score(t, s) && (wanted || t->main_score == NONE)) t->main_score = (int)s;
    }
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* A value as a table shows it, on one line; NULL when out of memory. */
static const char *value_text(arena *strings, const json_t *value)
{
    char shown[VALUE_BYTES], *dumped = NULL;
    const char *text = json_string_value(value);
    if (json_is_real(value)) {
        snprintf(shown, sizeof shown, "%.10g", json_real_value(value));
    } else {
        if (!text) text = dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        if (!text) return NULL;
        text_copy_printable(shown, sizeof shown, text, strlen(text), false);
    }
    free(dumped);
    return arena_copy(strings, shown, strlen(shown));
}

static void take_state(sweep_row *row, const run_view *view)
{
    row->condition = view->condition;
    row->code = view->condition == VIEW_FAILED ? (int)view->state.error.code : 0;
    run_view_reason(view, row->message, sizeof row->message);
}

static status fill_row(sweep_table *t, const run_view *view, size_t i)
{
    status st = OK;
    sweep_row *row = &t->rows[i];
    const json_t *member = json_array_get(json_object_get(t->sweep, "members"), i), *keys = NULL;
    json_t *metrics = NULL;
    row->index = i;
    row->name = value_text(t->strings, json_object_get(member, "name"));
    row->values = arena_alloc(t->strings, (t->key_count + 1) * sizeof *row->values);
    if (!row->name || !row->values) TRY(no_memory());
    keys = json_object_get(member, "keys");
    for (size_t k = 0; k < t->key_count; k++) {
        row->values[k] = value_text(t->strings, json_object_get(keys, t->keys[k]));
        if (!row->values[k]) TRY(no_memory());
    }
    take_state(row, view);
    if (row->condition == VIEW_DONE) metrics = read_metrics(view->run);
    for (size_t s = 0; s < t->score_count; s++) row->scores[s] = measure_of(metrics, t->score_names[s]);
done:
    json_decref(metrics);
    return st;
}

static status name_keys(sweep_table *t)
{
    const json_t *keys = json_object_get(t->sweep, "keys"), *labels = json_object_get(t->sweep, "labels");
    t->key_count = json_array_size(keys);
    t->keys = arena_alloc(t->strings, (t->key_count + 1) * sizeof *t->keys);
    t->labels = arena_alloc(t->strings, (t->key_count + 1) * sizeof *t->labels);
    if (!t->keys || !t->labels) return no_memory();
    for (size_t k = 0; k < t->key_count; k++) {
        t->keys[k] = json_string_value(json_array_get(keys, k));
        t->labels[k] = value_text(t->strings, json_array_get(labels, k));
        if (!t->labels[k]) return no_memory();
        if (!strcmp(t->keys[k], "seed")) t->seed_key = (int)k;
    }
    return OK;
}

/* ---- over seeds -------------------------------------------------------------------------------------------------- */

static bool same_but_seed(const sweep_table *t, const char *const *a, const char *const *b)
{
    for (size_t k = 0; k < t->key_count; k++)
        if ((int)k != t->seed_key && strcmp(a[k], b[k])) return false;
    return true;
}

static measure measure_over(const sweep_table *t, const seed_group *g, size_t s)
{
    double sum = 0, squares = 0, n = 0;
    for (size_t i = 0; i < t->count; i++) {
        double x = t->rows[i].scores[s].mean;
        if (isnan(x) || !same_but_seed(t, t->rows[i].values, g->values)) continue;
        sum += x;
        n++;
    }
    double mean = sum / n; /* NAN without any */
    for (size_t i = 0; i < t->count; i++) {
        double x = t->rows[i].scores[s].mean;
        if (!isnan(x) && same_but_seed(t, t->rows[i].values, g->values)) squares += (x - mean) * (x - mean);
    }
    return (measure){mean, n > 1 ? sqrt(squares / (n - 1)) : NAN};
}

static seed_group *group_of(sweep_table *t, const sweep_row *row)
{
    for (size_t g = 0; g < t->group_count; g++)
        if (same_but_seed(t, row->values, t->groups[g].values)) return &t->groups[g];
    t->groups[t->group_count] = (seed_group){.values = row->values};
    return &t->groups[t->group_count++];
}

static status group_rows(sweep_table *t)
{
    if (t->seed_key == NONE) return OK;
    t->groups = arena_alloc(t->strings, t->count * sizeof *t->groups);
    if (!t->groups) return no_memory();
    for (size_t i = 0; i < t->count; i++) {
        seed_group *g = group_of(t, &t->rows[i]);
        g->count++;
        g->done += t->rows[i].condition == VIEW_DONE;
    }
    for (size_t g = 0; g < t->group_count; g++)
        for (size_t s = 0; s < t->score_count; s++) t->groups[g].scores[s] = measure_over(t, &t->groups[g], s);
    if (t->group_count == t->count) t->group_count = 0; /* one seed: the same table again */
    return OK;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

status sweep_table_make(const json_t *sweep, const char *directory, const char *scores, sweep_table **out)
{
    status st = OK;
    run_views members = {0};
    sweep_table *t = calloc(1, sizeof *t);
    if (!t) TRY(no_memory());
    *t = (sweep_table){.sweep = sweep, .strings = arena_new(), .seed_key = NONE, .main_score = NONE};
    t->count = json_array_size(json_object_get(sweep, "members"));
    t->rows = arena_alloc(t->strings, (t->count + 1) * sizeof *t->rows);
    if (!t->rows) TRY(no_memory());
    TRY(name_keys(t));
    TRY(name_scores(t, scores ? scores : STANDARD_SCORES));
    TRY(sweep_members_read(sweep, directory, &t->memory, &members));
    for (size_t i = 0; i < t->count; i++) TRY(fill_row(t, &members.at[i], i));
    if (!scores) drop_empty_scores(t);
    TRY(group_rows(t));
    choose_main_score(t);
    *out = t;
    t = NULL;
done:
    run_views_free(&members);
    sweep_table_free(&t);
    return st;
}

void sweep_table_free(sweep_table **t)
{
    if (!*t) return;
    arena_free(&(*t)->strings);
    slurm_memory_free(&(*t)->memory);
    free(*t);
    *t = NULL;
}

int sweep_best_row(const sweep_table *t)
{
    int best = NONE;
    for (size_t i = 0; i < t->count && t->main_score != NONE; i++) {
        double x = t->rows[i].scores[t->main_score].mean;
        if (!isnan(x) && (best == NONE || x > t->rows[best].scores[t->main_score].mean)) best = (int)i;
    }
    return best;
}

int sweep_best_group(const sweep_table *t)
{
    int best = NONE;
    for (size_t g = 0; g < t->group_count && t->main_score != NONE; g++) {
        double x = t->groups[g].scores[t->main_score].mean;
        if (!isnan(x) && (best == NONE || x > t->groups[best].scores[t->main_score].mean)) best = (int)g;
    }
    return best;
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

typedef struct {
    enum { BY_MEMBER, BY_STATE, BY_KEY, BY_SCORE } what;
    size_t at; /* of the key or score */
} sort_order;

static int compare_numbers(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

/* Numbers by size, and before words. */
static int compare_texts(const char *a, const char *b)
{
    char *a_end, *b_end;
    double x = strtod(a, &a_end), y = strtod(b, &b_end);
    bool a_number = *a && !*a_end, b_number = *b && !*b_end;
    if (a_number && b_number) return compare_numbers(x, y);
    return a_number != b_number ? b_number - a_number : strcmp(a, b);
}

static int compare_rows(const void *a, const void *b, void *order)
{
    const sweep_row *x = a, *y = b;
    const sort_order *by = order;
    int found = 0;
    if (by->what == BY_STATE) found = (int)x->condition - (int)y->condition;
    if (by->what == BY_KEY) found = compare_texts(x->values[by->at], y->values[by->at]);
    if (by->what == BY_SCORE) found = compare_numbers(-x->scores[by->at].mean, -y->scores[by->at].mean);
    return found ? found : (x->index > y->index) - (x->index < y->index);
}

static status find_column(const sweep_table *t, const char *column, sort_order *out)
{
    const char *known[2 + SCORES_MAX + 64] = {"member", "state"};
    size_t count = 2;
    for (size_t s = 0; s < t->score_count; s++) {
        known[count++] = t->score_names[s];
        if (!strcmp(column, t->score_names[s])) *out = (sort_order){BY_SCORE, s};
    }
    for (size_t k = 0; k < t->key_count; k++) {
        if (count < sizeof known / sizeof known[0]) known[count++] = t->labels[k];
        if (!strcmp(column, t->keys[k]) || !strcmp(column, t->labels[k])) *out = (sort_order){BY_KEY, k};
    }
    if (!strcmp(column, "state")) out->what = BY_STATE;
    if (out->what != BY_MEMBER || !strcmp(column, "member")) return OK;
    const char *near = suggest_word(column, known, count);
    return FAIL(ERR_USAGE, "the table has no column %.60s%s%s%s", column, near ? ": did you mean " : "",
                near ? near : "", near ? "?" : "");
}

status sweep_table_sort(sweep_table *t, const char *column)
{
    status st = OK;
    sort_order order = {BY_MEMBER, 0};
    TRY(find_column(t, column, &order));
    qsort_r(t->rows, t->count, sizeof *t->rows, compare_rows, &order);
    if (order.what == BY_SCORE && has_score(t, order.at)) t->main_score = (int)order.at;
done:
    return st;
}
