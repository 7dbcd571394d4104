/* Scores with their intervals, and every two students compared on the same segments. */
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 64, NOTE_BYTES = 96, LABEL_BYTES = 288, WIDTH = 600, PAIRS_OPEN = 14 };

/* Rows of a chart with the texts they show. */
typedef struct {
    chart_row at[ROWS_MAX]; /* (count) */
    char label[ROWS_MAX][LABEL_BYTES], note[ROWS_MAX][NOTE_BYTES];
    size_t count, left_out;
} row_list;

/* ---- scores ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *role, *title;
} ROLES[] = {
    {"teacher", "Teachers: earlier actions, no video"},
    {"baseline", "Baselines: count earlier actions"},
    {"backbone", "Backbones: what students see through; another task"},
    {"student", "Students: video"},
    {"control", "Controls"},
};

/* The next row, with its label and note in place; NULL when there is no room. */
static chart_row *next_row(row_list *rows)
{
    if (rows->count == ROWS_MAX) {
        rows->left_out++;
        return NULL;
    }
    chart_row *row = &rows->at[rows->count];
    *row = (chart_row){.label = rows->label[rows->count], .note = rows->note[rows->count], .value = NAN};
    rows->count++;
    return row;
}

static void write_left_out(const report *p, const row_list *rows)
{
    if (rows->left_out) fprintf(p->to, "<p class=note>%zu more are in the tables below.</p>\n", rows->left_out);
}

static void add_score(const report *p, row_list *rows, const char *name, const char *role)
{
    json_t *interval = report_interval(p, name, "top1");
    double value = json_real_at(interval, "mean"), low = json_real_at(interval, "low"),
           high = json_real_at(interval, "high");
    chart_row *row = isfinite(value) ? next_row(rows) : NULL;
    if (!row) return;
    char *label = rows->label[rows->count - 1], *note = rows->note[rows->count - 1];
    *row = (chart_row){label, note, value, low, high, report_ink(p, name, role)};
    snprintf(label, LABEL_BYTES, "%s", name);
    if (isfinite(low) && isfinite(high)) snprintf(note, NOTE_BYTES, "%.1f  (%.1f to %.1f)", value, low, high);
    else snprintf(note, NOTE_BYTES, "%.1f", value);
}

static void add_role(const report *p, row_list *rows, size_t role)
{
    const char *name;
    json_t *set;
    bool titled = false;
    json_object_foreach(p->metrics, name, set)
    {
        if (strcmp(json_text_at(set, "role"), ROLES[role].role)) continue;
        if (!isfinite(json_real_at(report_interval(p, name, "top1"), "mean"))) continue;
        if (!titled && rows->count < ROWS_MAX)
            rows->at[rows->count++] = (chart_row){.label = ROLES[role].title, .value = NAN};
        titled = true;
        add_score(p, rows, name, ROLES[role].role);
    }
}

static status write_scores(const report *p, row_list *rows)
{
    status st = OK;
    for (size_t role = 0; role < sizeof ROLES / sizeof ROLES[0]; role++) add_role(p, rows, role);
    if (!rows->count) return OK;
    const chart_rows list = {
        {"action top-1, %, with intervals over videos", 0, NAN}, false, true, rows->at, rows->count};
    fputs("<figure><figcaption>Actions named right</figcaption>\n", p->to);
    TRY(picture_write(p->to, p->pictures, "scores", &(chart){.width = WIDTH, .rows = &list},
                      "Top-1 of every prediction set with its interval"));
    write_left_out(p, rows);
    fputs("</figure>\n", p->to);
done:
    return st;
}

/* ---- differences ------------------------------------------------------------------------------------------------- */

/* Whether a set is of a student: a control that is none (the grammar's own ceiling) would dwarf all differences. */
static bool is_student(const report *p, const char *name)
{
    if (!strcmp(json_text_at(json_object_get(p->metrics, name), "role"), "student")) return true;
    for (size_t i = 0; i < recipe_variant_count(p->recipe, "student"); i++)
        if (!strcmp(recipe_variant_name(p->recipe, "student", i), name)) return true;
    return false;
}

/* The distilled student against another; all students when the run has no such one. */
static bool is_of_interest(const report *p, json_t *pair)
{
    const char *a = json_text_at(pair, "a"), *b = json_text_at(pair, "b");
    if (strcmp(json_text_at(pair, "metric"), "top1") || !is_student(p, a) || !is_student(p, b)) return false;
    return !p->student || !strcmp(a, p->student) || !strcmp(b, p->student);
}

static void add_difference(const report *p, row_list *rows, json_t *pair)
{
    char chance[24], difference[24];
    const char *a = json_text_at(pair, "a"), *b = json_text_at(pair, "b");
    if (p->student && !strcmp(b, p->student)) b = a, a = p->student;
    report_difference d = report_difference_find(json_object_get(p->analysis, "pairs"), a, b, "top1");
    chart_row *row = isfinite(d.value) ? next_row(rows) : NULL;
    if (!row) return;
    report_p_value(d.p, chance);
    report_signed(d.value, difference);
    snprintf(rows->label[rows->count - 1], LABEL_BYTES, "%s \xE2\x88\x92 %s", a, b);
    snprintf(rows->note[rows->count - 1], NOTE_BYTES, "%s,  %s", difference, chance);
    row->value = d.value;
    row->low = d.low;
    row->high = d.high;
    row->ink = report_difference_ink(&d, report_level(p));
}

static status write_differences(const report *p, row_list *rows)
{
    status st = OK;
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(p->analysis, "pairs"), i, pair)
    {
        if (is_of_interest(p, pair)) add_difference(p, rows, pair);
    }
    if (!rows->count) return OK;
    const chart_rows list = {
        {"points of action top-1 on the same segments", NAN, NAN}, false, true, rows->at, rows->count};
    fputs(
        "<figure><figcaption>Differences between students <span class=faint>grey: may be chance</span></figcaption>\n",
        p->to);
    TRY(picture_write(p->to, p->pictures, "differences", &(chart){.width = WIDTH, .rows = &list},
                      "Differences between students with their intervals"));
    write_left_out(p, rows);
    fputs("</figure>\n", p->to);
done:
    return st;
}

static void write_pair(const report *p, json_t *pairs, json_t *pair)
{
    const char *a = json_text_at(pair, "a"), *b = json_text_at(pair, "b");
    report_difference top1 = report_difference_of(pair), top5 = report_difference_find(pairs, a, b, "top5");
    fputs("<tr><td class=text>", p->to);
    html_text(p->to, a);
    fputs("</td><td class=text>", p->to);
    html_text(p->to, b);
    fputs("</td>", p->to);
    report_difference_cells(p->to, &top1, report_level(p));
    report_difference_cells(p->to, &top5, report_level(p));
    fputs("</tr>\n", p->to);
}

static void write_pairs(const report *p)
{
    size_t i;
    json_t *pair, *pairs = json_object_get(p->analysis, "pairs");
    if (!json_array_size(pairs)) return;
    fprintf(p->to,
            "<details%s><summary>Every two students, and students with controls, on the same segments</summary>"
            "\n<div class=scroll><table><thead><tr><th class=text>set</th><th class=text>minus</th>"
            "<th>top-1,<br>points</th><th>interval</th><th>p</th><th>top-5,<br>points</th><th>interval</th>"
            "<th>p</th></tr></thead><tbody>\n",
            json_array_size(pairs) <= PAIRS_OPEN ? " open" : "");
    json_array_foreach(pairs, i, pair)
    {
        if (!strcmp(json_text_at(pair, "metric"), "top1")) write_pair(p, pairs, pair);
    }
    fputs("</tbody></table></div></details>\n", p->to);
}

static bool has_one_seed(const report *p)
{
    return (p->student && report_seeds(p, p->student) == 1) || (p->plain && report_seeds(p, p->plain) == 1);
}

static bool has_few_videos(const report *p)
{
    return json_real_at(p->analysis, "videos") < 20;
}

static void write_method(const report *p)
{
    char interval[32], resamples[24], segments[24], videos[24];
    double chance = 1 - report_level(p);
    report_interval_name(p, interval);
    report_count(p->analysis, "resamples", resamples);
    report_count(p->analysis, "segments", segments);
    report_count(p->analysis, "videos", videos);
    fprintf(p->to,
            "<p class=note>Each %s is that of the percentiles of a bootstrap that draws whole videos, p is of a "
            "permutation test that exchanges two sets in whole videos (%s resamples; %s segments of %s videos). Seeds "
            "of a set are averaged segment by segment before: an interval speaks of the videos, the deviation over "
            "seeds stands in the table of results. Values of p are not corrected for their number.",
            interval, resamples, segments, videos);
    if (isfinite(chance))
        fprintf(p->to, " A difference is bold, or has a colour, when its interval leaves out 0 and p is below %.2g.",
                chance);
    if (has_few_videos(p)) fputs(" With fewer than about 20 videos such intervals are too narrow.", p->to);
    if (has_one_seed(p))
        fputs(" A student has a single seed: what another seed would change is not in these numbers.", p->to);
    fputs("</p>\n", p->to);
}

/* Whether the analysis has a score of any set: a store without labels has none. */
static bool has_scores(const report *p)
{
    const char *name;
    json_t *set;
    json_object_foreach(json_object_get(p->analysis, "sets"), name, set)
    {
        if (isfinite(json_real_at(json_object_get(set, "top1"), "mean"))) return true;
    }
    return false;
}

status report_scores(const report *p)
{
    status st = OK;
    row_list *rows = NULL;
    if (!has_scores(p)) return OK;
    rows = calloc(2, sizeof *rows);
    if (!rows) TRY(FAIL(ERR_MEMORY, "no memory for the chart of scores"));
    fputs("<h2>At a glance</h2>\n<div class=charts>\n", p->to);
    TRY(write_scores(p, &rows[0]));
    TRY(write_differences(p, &rows[1]));
    fputs("</div>\n", p->to);
    write_pairs(p);
    write_method(p);
done:
    free(rows);
    return st;
}
