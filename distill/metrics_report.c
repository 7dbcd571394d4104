/* Metrics of a whole store: as the JSON of metrics.json, and as a table made from it. */
#include "distill/metrics.h"

#include "distill/families.h"
#include "distill/json_put.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON ---------------------------------------------------------------------------------------------------------
 */

/* The mean of `values` (count) under `key`, and their deviation under `key`_sd where there are several. */
static status put_mean(json_t *object, const char *key, const double *values, size_t count)
{
    status st = OK;
    double sum = 0, squares = 0;
    char key_sd[64];
    for (size_t i = 0; i < count; i++) sum += values[i];
    double mean = sum / (double)count;
    TRY(put_new(object, key, real_or_null(mean)));
    if (count < 2) goto done;
    for (size_t i = 0; i < count; i++) squares += (values[i] - mean) * (values[i] - mean);
    snprintf(key_sd, sizeof key_sd, "%s_sd", key);
    TRY(put_new(object, key_sd, real_or_null(sqrt(squares / (double)(count - 1)))));
done:
    return st;
}

/* Where the numbers of a score stand, and what they are called. */
static const struct {
    const char *key;
    size_t offset;
    bool of_actions_only;
} SCORE_KEYS[] = {
    {"top1", offsetof(score, top1), false},
    {"top5", offsetof(score, top5), false},
    {"class_mean_top1", offsetof(score, class_mean_top1[CLASSES_WITH_LABELS]), false},
    {"class_mean_top1_all", offsetof(score, class_mean_top1[CLASSES_ALL]), false},
    {"class_mean_top1_labels_or_predictions", offsetof(score, class_mean_top1[CLASSES_WITH_LABELS_OR_PREDICTIONS]),
     false},
    {"many_shot_recall5", offsetof(score, many_shot_recall5_and), false},
    {"many_shot_recall5_or", offsetof(score, many_shot_recall5_or), true},
};

/* The scores that stand at `offset` in each of `metrics` (count), as one object. */
static status put_scores(json_t *parent, const char *key, const set_metrics *metrics, size_t count, size_t offset,
                         bool actions)
{
    status st = OK;
    double *values = malloc(count * sizeof *values);
    json_t *object = json_object();
    if (!values || !object) TRY(FAIL(ERR_MEMORY, "no memory for metrics"));
    for (size_t k = 0; k < sizeof SCORE_KEYS / sizeof SCORE_KEYS[0]; k++) {
        if (SCORE_KEYS[k].of_actions_only && !actions) continue;
        for (size_t i = 0; i < count; i++)
            memcpy(&values[i], (const char *)&metrics[i] + offset + SCORE_KEYS[k].offset, sizeof values[i]);
        TRY(put_mean(object, SCORE_KEYS[k].key, values, count));
    }
    TRY(put_new(parent, key, json_incref(object)));
done:
    json_decref(object);
    free(values);
    return st;
}

static status put_metrics(json_t *object, const set_metrics *metrics, size_t count)
{
    status st = OK;
    int64_t n = metrics[0].n;
    double coverage = metrics[0].coverage;
    for (size_t i = 1; i < count; i++) {
        if (metrics[i].n < n) n = metrics[i].n;
        if (metrics[i].coverage < coverage) coverage = metrics[i].coverage;
    }
    TRY(put_scores(object, "action", metrics, count, offsetof(set_metrics, action), true));
    TRY(put_scores(object, "verb", metrics, count, offsetof(set_metrics, verb), false));
    TRY(put_scores(json_object_get(object, "verb"), "marginal", metrics, count, offsetof(set_metrics, verb_marginal),
                   false));
    TRY(put_scores(object, "noun", metrics, count, offsetof(set_metrics, noun), false));
    TRY(put_scores(json_object_get(object, "noun"), "marginal", metrics, count, offsetof(set_metrics, noun_marginal),
                   false));
    TRY(put_new(object, "n", json_integer(n)));
    TRY(put_new(object, "coverage", real_or_null(coverage)));
done:
    return st;
}

/* Scores of all seeds on one group (NULL: all) into `object`. */
static status put_group(store *s, const set_family *family, const char *group, json_t *object)
{
    status st = OK;
    set_metrics *metrics = calloc(family->count, sizeof *metrics);
    if (!metrics) TRY(FAIL(ERR_MEMORY, "no memory for metrics"));
    for (size_t i = 0; i < family->count; i++) TRY(metrics_compute(s, family->sets[i], "eval", group, &metrics[i]));
    TRY(put_metrics(object, metrics, family->count));
done:
    free(metrics);
    return st;
}

static status put_groups(store *s, const set_family *family, json_t *object)
{
    status st = OK;
    char **names = NULL;
    size_t count = 0;
    json_t *groups = json_object();
    TRY(store_get_groups(s, "eval", &names, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(put_new(groups, names[i], json_object()));
        TRY(put_group(s, family, names[i], json_object_get(groups, names[i])));
    }
    if (count) TRY(put_new(object, "groups", json_incref(groups)));
done:
    json_decref(groups);
    free(names);
    return st;
}

static status put_family(store *s, const set_family *family, json_t *object)
{
    status st = OK;
    json_t *seeds = json_array();
    for (size_t i = 0; i < family->count; i++) TRY(append_new(seeds, json_integer(family->seeds[i])));
    TRY(put_new(object, "role", json_string(family->role)));
    TRY(put_new(object, "seeds", json_incref(seeds)));
    TRY(put_new(object, "complete", json_boolean(family->complete)));
    TRY(put_group(s, family, NULL, object));
    TRY(put_groups(s, family, object));
done:
    json_decref(seeds);
    return st;
}

/* `name` NULL: all sets. */
static status make_json(store *s, const char *name, json_t **out)
{
    status st = OK;
    family_list families = {0};
    json_t *all = json_object();
    TRY(families_read(s, &families));
    for (size_t i = 0; i < families.count; i++) {
        const set_family *family = &families.at[i];
        if (name && strcmp(name, family->name)) continue;
        TRY(put_new(all, family->name, json_object()));
        TRY(put_family(s, family, json_object_get(all, family->name)));
    }
    *out = all;
    all = NULL;
done:
    families_free(&families);
    json_decref(all);
    return st;
}

status metrics_json(store *s, json_t **out)
{
    return make_json(s, NULL, out);
}

/* ---- table --------------------------------------------------------------------------------------------------------
 */

enum { COLUMNS = 10, CELL_BYTES = 96 };

typedef struct {
    char cell[COLUMNS][CELL_BYTES];
} table_row;

typedef struct {
    table_row *at; /* (count) */
    size_t count;
} table;

static const char *const HEADINGS[COLUMNS] = {"set",           "seeds",      "top-1",      "top-5", "class mean",
                                              "many-shot R@5", "verb top-1", "noun top-1", "n",     "coverage"};

/* Characters on the screen: every byte of UTF-8 but the continuing ones. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++) width += (*text & 0xc0) != 0x80;
    return width;
}

static void fill_score(char *cell, const json_t *object, const char *part, const char *key)
{
    const json_t *score_object = json_object_get(object, part);
    char key_sd[64];
    snprintf(key_sd, sizeof key_sd, "%s_sd", key);
    const json_t *mean = json_object_get(score_object, key), *sd = json_object_get(score_object, key_sd);
    if (!json_is_number(mean)) snprintf(cell, CELL_BYTES, "-");
    else if (!json_is_number(sd)) snprintf(cell, CELL_BYTES, "%.2f", json_number_value(mean));
    else snprintf(cell, CELL_BYTES, "%.2f ±%.2f", json_number_value(mean), json_number_value(sd));
}

static void fill_row(table_row *row, const char *name, size_t seeds, const json_t *object)
{
    const json_t *coverage = json_object_get(object, "coverage");
    snprintf(row->cell[0], CELL_BYTES, "%s", name);
    if (seeds) snprintf(row->cell[1], CELL_BYTES, "%zu", seeds);
    fill_score(row->cell[2], object, "action", "top1");
    fill_score(row->cell[3], object, "action", "top5");
    fill_score(row->cell[4], object, "action", "class_mean_top1");
    fill_score(row->cell[5], object, "action", "many_shot_recall5");
    fill_score(row->cell[6], object, "verb", "top1");
    fill_score(row->cell[7], object, "noun", "top1");
    snprintf(row->cell[8], CELL_BYTES, "%lld", (long long)json_integer_value(json_object_get(object, "n")));
    if (json_is_number(coverage)) snprintf(row->cell[9], CELL_BYTES, "%.1f %%", 100 * json_number_value(coverage));
    else snprintf(row->cell[9], CELL_BYTES, "-");
}

static table_row *add_row(table *t)
{
    table_row *more = realloc(t->at, (t->count + 1) * sizeof *more);
    if (!more) return NULL;
    t->at = more;
    t->at[t->count] = (table_row){0};
    return &t->at[t->count++];
}

/* A row of a set, and one of each of its groups. */
static status add_set_rows(table *t, const char *name, json_t *object)
{
    char label[CELL_BYTES];
    const char *group;
    json_t *of_group;
    table_row *row = add_row(t);
    if (!row) return FAIL(ERR_MEMORY, "no memory for the table");
    snprintf(label, sizeof label, "%s%s", name, json_is_true(json_object_get(object, "complete")) ? "" : " *");
    fill_row(row, label, json_array_size(json_object_get(object, "seeds")), object);
    json_object_foreach(json_object_get(object, "groups"), group, of_group)
    {
        row = add_row(t);
        if (!row) return FAIL(ERR_MEMORY, "no memory for the table");
        snprintf(label, sizeof label, "  %.80s", group);
        fill_row(row, label, 0, of_group);
    }
    return OK;
}

static void print_cells(const table_row *row, const size_t *widths, FILE *to)
{
    for (size_t c = 0; c < COLUMNS; c++) {
        int pad = (int)(widths[c] - width_of(row->cell[c]));
        if (c == 0) fprintf(to, "%s%*s", row->cell[c], pad, ""); /* names to the left, numbers to the right */
        else fprintf(to, "  %*s%s", pad, "", row->cell[c]);
    }
    fputc('\n', to);
}

static status print_table(const table *t, FILE *to)
{
    size_t widths[COLUMNS] = {0};
    bool incomplete = false;
    for (size_t r = 0; r < t->count; r++)
        for (size_t c = 0; c < COLUMNS; c++) {
            size_t width = width_of(t->at[r].cell[c]);
            if (width > widths[c]) widths[c] = width;
            incomplete = incomplete || (c == 0 && strstr(t->at[r].cell[0], " *"));
        }
    for (size_t r = 0; r < t->count; r++) print_cells(&t->at[r], widths, to);
    if (incomplete) fprintf(to, "* not complete: its step has not finished\n");
    return fflush(to) || ferror(to) ? FAIL(ERR_IO, "cannot write the table of metrics") : OK;
}

status metrics_print(store *s, const char *name, FILE *to)
{
    status st = OK;
    json_t *all = NULL, *object;
    const char *set;
    table t = {0};
    table_row *headings = NULL;
    set_info info;
    int64_t id = 0;
    if (name) TRY(store_find_set(s, name, -1, &info, &id));
    TRY(make_json(s, name, &all));
    headings = add_row(&t);
    if (!headings) TRY(FAIL(ERR_MEMORY, "no memory for the table"));
    for (size_t c = 0; c < COLUMNS; c++) snprintf(headings->cell[c], CELL_BYTES, "%s", HEADINGS[c]);
    json_object_foreach(all, set, object) TRY(add_set_rows(&t, set, object));
    TRY(print_table(&t, to));
done:
    json_decref(all);
    free(t.at);
    return st;
}
