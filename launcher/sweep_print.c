/* The table of a sweep for a terminal, as CSV and as JSON. */
#include "launcher/json_file.h"
#include "launcher/sweep_dir.h"
#include "launcher/sweep_rows.h"
#include "launcher/sweep_view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_BYTES = 128, MESSAGE_SHOWN = 100 };

static const char NO_MEMORY[] = "no memory for the table\n";

/* ---- a grid of cells --------------------------------------------------------------------------------------------- */

typedef struct {
    char (*cells)[CELL_BYTES]; /* (rows, columns) */
    size_t rows, columns;
    FILE *to;
} grid;

/* An empty grid when out of memory: it prints nothing, and the failure is told. */
static grid grid_new(size_t rows, size_t columns, FILE *to)
{
    grid g = {calloc(rows * columns, CELL_BYTES), rows, columns, to};
    if (!g.cells) fputs(NO_MEMORY, to);
    if (!g.cells) g.rows = 0;
    return g;
}

static char *cell(const grid *g, size_t row, size_t column)
{
    return g->cells[row * g->columns + column];
}

/* Characters of UTF-8 text; all of ours are one column wide. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++) width += (*text & 0xC0) != 0x80;
    return width;
}

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789+-.e *") == strlen(text);
}

typedef struct {
    int width;
    bool number; /* a column of numbers alone */
} column_form;

static column_form form_of(const grid *g, size_t column)
{
    column_form form = {0, true};
    for (size_t row = 0; row < g->rows; row++) {
        const char *text = cell(g, row, column);
        if ((int)width_of(text) > form.width) form.width = (int)width_of(text);
        bool number = !text[0] || !strcmp(text, "-") || is_number(text) || strstr(text, "±");
        if (row) form.number = form.number && number;
    }
    return form;
}

static void row_print(const grid *g, size_t row, const column_form *forms)
{
    size_t last = g->columns;
    while (last && !cell(g, row, last - 1)[0]) last--;
    for (size_t column = 0; column < last; column++) {
        const char *text = cell(g, row, column);
        int pad = forms[column].width - (int)width_of(text);
        bool number = forms[column].number, ends = column + 1 == last;
        fprintf(g->to, "%s%*s%s%*s", column ? "  " : "", number ? pad : 0, "", text, number || ends ? 0 : pad, "");
    }
    fputc('\n', g->to);
}

/* Numbers to the right, words to the left. */
static void grid_print(grid *g)
{
    column_form *forms = calloc(g->columns, sizeof *forms);
    for (size_t column = 0; forms && column < g->columns; column++) forms[column] = form_of(g, column);
    for (size_t row = 0; forms && row < g->rows; row++) row_print(g, row, forms);
    if (!forms) fputs(NO_MEMORY, g->to);
    free(forms);
    free(g->cells);
}

static void show_measure(char *out, const measure *m, bool best)
{
    const char *star = best ? "* " : "";
    if (isnan(m->mean)) snprintf(out, CELL_BYTES, "-");
    else if (isnan(m->deviation)) snprintf(out, CELL_BYTES, "%s%.2f", star, m->mean);
    else snprintf(out, CELL_BYTES, "%s%.2f ±%.2f", star, m->mean, m->deviation);
}

/* ---- a terminal -------------------------------------------------------------------------------------------------- */

static void show_state(char *out, const sweep_row *row)
{
    if (row->code) snprintf(out, CELL_BYTES, "%s (%d)", run_condition_name(row->condition), row->code);
    else snprintf(out, CELL_BYTES, "%s", run_condition_name(row->condition));
}

static void show_message(char *out, const char *message)
{
    bool whole = strlen(message) <= MESSAGE_SHOWN;
    snprintf(out, CELL_BYTES, "%.*s%s", MESSAGE_SHOWN, message, whole ? "" : "...");
}

static void print_rows(const sweep_table *t, FILE *to)
{
    size_t k = t->key_count, s = t->score_count;
    int best = sweep_best_row(t);
    grid g = grid_new(t->count + 1, k + s + 3, to);
    for (size_t row = 0; row < g.rows; row++) {
        const sweep_row *r = row ? &t->rows[row - 1] : NULL;
        if (r) snprintf(cell(&g, row, 0), CELL_BYTES, "%zu", r->index);
        else snprintf(cell(&g, row, 0), CELL_BYTES, "member");
        for (size_t i = 0; i < k; i++)
            snprintf(cell(&g, row, 1 + i), CELL_BYTES, "%s", r ? r->values[i] : t->labels[i]);
        if (r) show_state(cell(&g, row, 1 + k), r);
        else snprintf(cell(&g, row, 1 + k), CELL_BYTES, "state");
        for (size_t i = 0; i < s; i++) {
            char *out = cell(&g, row, 2 + k + i);
            if (r) show_measure(out, &r->scores[i], (int)row - 1 == best && (int)i == t->main_score);
            else snprintf(out, CELL_BYTES, "%s", t->score_names[i]);
        }
        if (r) show_message(cell(&g, row, 2 + k + s), r->message);
    }
    grid_print(&g);
}

static void print_groups(const sweep_table *t, FILE *to)
{
    size_t k = t->key_count, s = t->score_count;
    int best = sweep_best_group(t);
    grid g = grid_new(t->group_count + 1, k + s, to);
    for (size_t row = 0; row < g.rows; row++) {
        const seed_group *group = row ? &t->groups[row - 1] : NULL;
        size_t column = 0;
        for (size_t i = 0; i < k; i++)
            if ((int)i != t->seed_key)
                snprintf(cell(&g, row, column++), CELL_BYTES, "%s", group ? group->values[i] : t->labels[i]);
        char *seeds = cell(&g, row, column++);
        if (group) snprintf(seeds, CELL_BYTES, "%zu of %zu", group->done, group->count);
        else snprintf(seeds, CELL_BYTES, "seeds");
        for (size_t i = 0; i < s; i++) {
            char *out = cell(&g, row, column++);
            if (group) show_measure(out, &group->scores[i], (int)row - 1 == best && (int)i == t->main_score);
            else snprintf(out, CELL_BYTES, "%s", t->score_names[i]);
        }
    }
    grid_print(&g);
}

static void print_summary(const sweep_table *t, FILE *to)
{
    char text[400];
    size_t counts[RUN_CONDITIONS] = {0};
    for (size_t i = 0; i < t->count; i++) counts[t->rows[i].condition]++;
    sweep_counts_write(counts, text, sizeof text);
    fprintf(to, "\n%s", text);
    int best = sweep_best_row(t);
    if (best != NONE) fprintf(to, "; best %s: %s", t->score_names[t->main_score], t->rows[best].name);
    fputc('\n', to);
}

void sweep_table_print(const sweep_table *t, FILE *to)
{
    print_rows(t, to);
    if (t->group_count && t->score_count) {
        fputs("\nover seeds: mean ± deviation\n", to);
        print_groups(t, to);
    }
    print_summary(t, to);
    if (t->memory.trouble[0]) fprintf(to, "Slurm does not answer: %s\n", t->memory.trouble);
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

static void csv_text(const char *text, FILE *to)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static void csv_number(double x, FILE *to)
{
    fputc(',', to);
    if (!isnan(x)) fprintf(to, "%.10g", x);
}

status sweep_table_show(const char *directory, FILE *to)
{
    status st = OK;
    json_t *sweep = NULL;
    sweep_table *table = NULL;
    char waiting[2048]; /* a failure that is to be told: looking at members has failures of its own, which are not */
    snprintf(waiting, sizeof waiting, "%s", fail_message());
    fail_clear();
    TRY(sweep_dir_read(directory, &sweep));
    TRY(sweep_table_make(sweep, directory, NULL, &table));
    sweep_table_print(table, to);
done:
    sweep_table_free(&table);
    json_decref(sweep);
    if (waiting[0]) {
        fail_clear();
        FAIL(st, "%s", waiting);
    }
    return st;
}

void sweep_table_csv(const sweep_table *t, FILE *to)
{
    fputs("member,name", to);
    for (size_t k = 0; k < t->key_count; k++) {
        fputc(',', to);
        csv_text(t->keys[k], to);
    }
    fputs(",state,exit_code,message", to);
    for (size_t s = 0; s < t->score_count; s++) fprintf(to, ",%s,%s_sd", t->score_names[s], t->score_names[s]);
    fputc('\n', to);
    for (size_t i = 0; i < t->count; i++) {
        const sweep_row *r = &t->rows[i];
        fprintf(to, "%zu,%s", r->index, r->name);
        for (size_t k = 0; k < t->key_count; k++) {
            fputc(',', to);
            csv_text(r->values[k], to);
        }
        fprintf(to, ",%s,%d,", run_condition_name(r->condition), r->code);
        csv_text(r->message, to);
        for (size_t s = 0; s < t->score_count; s++) {
            csv_number(r->scores[s].mean, to);
            csv_number(r->scores[s].deviation, to);
        }
        fputc('\n', to);
    }
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *scores_json(const sweep_table *t, const measure *scores)
{
    json_t *all = json_object();
    for (size_t s = 0; s < t->score_count; s++) {
        char deviation[SCORE_NAME_MAX + 4];
        snprintf(deviation, sizeof deviation, "%s_sd", t->score_names[s]);
        json_object_set_new(all, t->score_names[s], json_real_of(scores[s].mean));
        if (!isnan(scores[s].deviation)) json_object_set_new(all, deviation, json_real(scores[s].deviation));
    }
    return all;
}

static json_t *row_json(const sweep_table *t, const sweep_row *r)
{
    json_t *member = json_array_get(json_object_get(t->sweep, "members"), r->index);
    return json_pack("{s:I, s:s, s:O, s:s, s:i, s:o, s:o}", "index", (json_int_t)r->index, "name", r->name, "keys",
                     json_object_get(member, "keys"), "state", run_condition_name(r->condition), "exit_code", r->code,
                     "message", r->message[0] ? json_text_of(r->message) : json_null(), "scores",
                     scores_json(t, r->scores));
}

static json_t *group_json(const sweep_table *t, const seed_group *g)
{
    json_t *values = json_object();
    for (size_t k = 0; k < t->key_count; k++)
        if ((int)k != t->seed_key) json_object_set_new(values, t->keys[k], json_string(g->values[k]));
    return json_pack("{s:o, s:I, s:I, s:o}", "keys", values, "seeds", (json_int_t)g->count, "done", (json_int_t)g->done,
                     "scores", scores_json(t, g->scores));
}

status sweep_table_json(const sweep_table *t, FILE *to)
{
    status st = OK;
    json_t *members = json_array(), *groups = json_array(), *all = NULL;
    int best = sweep_best_row(t);
    bool failed = false;
    for (size_t i = 0; i < t->count; i++) failed |= json_array_append_new(members, row_json(t, &t->rows[i])) != 0;
    for (size_t g = 0; g < t->group_count; g++)
        failed |= json_array_append_new(groups, group_json(t, &t->groups[g])) != 0;
    all = json_pack("{s:O, s:O, s:o, s:o, s:o}", "members", members, "over_seeds", groups, "best",
                    best == NONE ? json_null() : json_string(t->rows[best].name), "best_by",
                    best == NONE ? json_null() : json_string(t->score_names[t->main_score]), "slurm_error",
                    t->memory.trouble[0] ? json_text_of(t->memory.trouble) : json_null());
    if (failed || !all) TRY(FAIL(ERR_MEMORY, "no memory for the table of a sweep"));
    if (json_dumpf(all, to, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) || fputc('\n', to) == EOF)
        TRY(FAIL(ERR_IO, "cannot write the table of a sweep: %s", strerror(errno)));
done:
    json_decref(all);
    json_decref(members);
    json_decref(groups);
    return st;
}
