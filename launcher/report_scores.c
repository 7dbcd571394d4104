/* Scores with their intervals, and every two students compared on the same segments. */
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 64, NOTE_BYTES = 96, LABEL_BYTES = 160, WIDTH = 600, PAIRS_OPEN = 14 };

/* Rows of a chart with the texts they show. */
typedef struct {
    chart_row at[ROWS_MAX]; /* (count) */
    char label[ROWS_MAX][LABEL_BYTES], note[ROWS_MAX][NOTE_BYTES];
    size_t count;
} row_list;

void report_signed(double x, char out[24])
{
    if (isfinite(x)) snprintf(out, 24, "%s%.1f", x < 0 ? "\xE2\x88\x92" : "+", fabs(x));
    else snprintf(out, 24, "?");
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *role, *title;
} ROLES[] = {
    {"teacher", "Teachers: earlier actions, no video"},
    {"baseline", "Baselines: count earlier actions"},
    {"student", "Students: video"},
    {"control", "Controls"},
};

static void add_score(const report *p, row_list *rows, const char *name, const char *role)
{
    if (rows->count == ROWS_MAX) return;
    chart_row *row = &rows->at[rows->count];
    char *label = rows->label[rows->count], *note = rows->note[rows->count];
    json_t *interval = report_interval(p, name, "top1");
    *row = (chart_row){label,
                       note,
                       json_real_at(interval, "mean"),
                       json_real_at(interval, "low"),
                       json_real_at(interval, "high"),
                       report_ink(p, name, role)};
    if (isnan(row->value)) return;
    snprintf(label, LABEL_BYTES, "%s", name);
    if (isfinite(row->low) && isfinite(row->high))
        snprintf(note, NOTE_BYTES, "%.1f  (%.1f to %.1f)", row->value, row->low, row->high);
    else snprintf(note, NOTE_BYTES, "%.1f", row->value);
    rows->count++;
}

static void add_role(const report *p, row_list *rows, size_t role)
{
    const char *name;
    json_t *set;
    bool titled = false;
    json_object_foreach(p->metrics, name, set)
    {
        if (strcmp(json_text_at(set, "role"), ROLES[role].role) || !report_interval(p, name, "top1")) continue;
        if (!titled && rows->count < ROWS_MAX)
            rows->at[rows->count++] = (chart_row){.label = ROLES[role].title, .value = NAN};
        titled = true;
        add_score(p, rows, name, ROLES[role].role);
    }
}

static status write_scores(const report *p, row_list *rows)
{
    status st = OK;
    const chart_rows list = {{"action top-1, %, with intervals over videos", 0, NAN}, false, rows->at, 0};
    for (size_t role = 0; role < sizeof ROLES / sizeof ROLES[0]; role++) add_role(p, rows, role);
    if (!rows->count) return OK;
    chart_rows all = list;
    all.count = rows->count;
    fputs("<figure><figcaption>Actions named right</figcaption>\n", p->to);
    TRY(picture_write(p->to, p->pictures, "scores", &(chart){WIDTH, 0, NULL, &all, NULL},
                      "Top-1 of every prediction set with its interval"));
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
    if (rows->count == ROWS_MAX) return;
    char chance[24], difference[24];
    bool turn = p->student && !strcmp(json_text_at(pair, "b"), p->student);
    double value = json_real_at(pair, "difference"), low = json_real_at(pair, "low"), high = json_real_at(pair, "high");
    if (isnan(value)) return;
    if (turn) {
        double other = -low;
        value = -value, low = -high, high = other;
    }
    char *label = rows->label[rows->count], *note = rows->note[rows->count];
    snprintf(label, LABEL_BYTES, "%.64s \xE2\x88\x92 %.64s", json_text_at(pair, turn ? "b" : "a"),
             json_text_at(pair, turn ? "a" : "b"));
    report_p_value(json_real_at(pair, "p"), chance);
    report_signed(value, difference);
    snprintf(note, NOTE_BYTES, "%s,  %s", difference, chance);
    rows->at[rows->count++] =
        (chart_row){label, note, value, low, high, low > 0 ? INK_BLUE : high < 0 ? INK_ORANGE : INK_GREY};
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
    const chart_rows list = {{"points of top-1 on the same segments", NAN, NAN}, false, rows->at, rows->count};
    fputs("<figure><figcaption>What makes a difference</figcaption>\n", p->to);
    TRY(picture_write(p->to, p->pictures, "differences", &(chart){WIDTH, 0, NULL, &list, NULL},
                      "Differences between students with their intervals"));
    fputs("</figure>\n", p->to);
done:
    return st;
}

void report_pair_cells(FILE *to, const json_t *pair)
{
    char text[24];
    double low = json_real_at(pair, "low"), high = json_real_at(pair, "high");
    if (!json_is_object(pair)) {
        fputs("<td>&ndash;</td><td>&ndash;</td><td>&ndash;</td>", to);
        return;
    }
    report_signed(json_real_at(pair, "difference"), text);
    fprintf(to, low > 0 || high < 0 ? "<td><b>%s</b></td>" : "<td>%s</td>", text);
    report_signed(low, text);
    fprintf(to, "<td>%s to ", text);
    report_signed(high, text);
    fprintf(to, "%s</td>", text);
    report_p_value(json_real_at(pair, "p"), text);
    fputs("<td>", to);
    html_text(to, text + strlen(text[2] == '=' ? "p = " : "p ")); /* the column says p */
    fputs("</td>", to);
}

static json_t *find_pair(json_t *pairs, json_t *like, const char *metric)
{
    size_t i;
    json_t *pair;
    json_array_foreach(pairs, i, pair)
    {
        bool same = !strcmp(json_text_at(pair, "a"), json_text_at(like, "a")) &&
                    !strcmp(json_text_at(pair, "b"), json_text_at(like, "b"));
        if (same && !strcmp(json_text_at(pair, "metric"), metric)) return pair;
    }
    return NULL;
}

static void write_pair(const report *p, json_t *pairs, json_t *pair)
{
    fputs("<tr><td class=text>", p->to);
    html_text(p->to, json_text_at(pair, "a"));
    fputs("</td><td class=text>", p->to);
    html_text(p->to, json_text_at(pair, "b"));
    fputs("</td>", p->to);
    report_pair_cells(p->to, pair);
    report_pair_cells(p->to, find_pair(pairs, pair, "top5"));
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
    return p->student && json_array_size(json_object_get(json_object_get(p->metrics, p->student), "seeds")) == 1;
}

static void write_method(const report *p)
{
    fprintf(p->to,
            "<p class=note>Intervals (%.0f&nbsp;%%) are percentiles of a bootstrap that draws whole videos, p is of a "
            "permutation test that exchanges two sets in whole videos (%lld resamples; %lld segments of %lld videos). "
            "Seeds of a set are averaged segment by segment before: an interval speaks of the videos, the deviation "
            "over seeds stands in the table of results. Values of p are not corrected for their number.%s</p>\n",
            100 * json_real_at(p->analysis, "level"),
            (long long)json_integer_value(json_object_get(p->analysis, "resamples")),
            (long long)json_integer_value(json_object_get(p->analysis, "segments")),
            (long long)json_integer_value(json_object_get(p->analysis, "videos")),
            has_one_seed(p) ? " The student has one seed: what another seed would change is not in these numbers."
                            : "");
}

status report_scores(const report *p)
{
    status st = OK;
    row_list *rows = NULL;
    if (!p->analysis) return OK;
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
