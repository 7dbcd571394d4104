/* How far a set's confidence can be believed, and what it takes for what. */
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SETS_MAX = 6, BINS_MAX = 100, SHOWN_MAX = 8, SIDE = 250 };

/* ---- sets to show ------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *at[SETS_MAX]; /* (count) */
    size_t count;
} name_list;

static void add_name(name_list *list, const char *name)
{
    if (!name || list->count == SETS_MAX) return;
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->at[i], name)) return;
    list->at[list->count++] = name;
}

/* The three that distillation is judged by, then other teachers and students. */
static name_list choose_sets(const report *p)
{
    static const char *const ROLES[] = {"teacher", "student"};
    const char *name;
    json_t *set;
    name_list list = {{NULL}, 0};
    add_name(&list, p->teacher);
    add_name(&list, p->plain);
    add_name(&list, p->student);
    for (size_t r = 0; r < 2; r++) json_object_foreach(p->metrics, name, set)
        {
            if (!strcmp(json_text_at(set, "role"), ROLES[r])) add_name(&list, name);
        }
    return list;
}

/* ---- calibration ------------------------------------------------------------------------------------------------- */

typedef struct {
    chart_point columns[BINS_MAX], bubbles[BINS_MAX]; /* (count) */
    size_t count;
    double width; /* of a bin */
} diagram;

static json_t *reliability_of(const report *p, const char *set)
{
    return json_object_get(json_object_get(json_object_get(p->analysis, "sets"), set), "reliability");
}

static json_t *bins_of(const report *p, const char *set)
{
    return json_object_get(reliability_of(p, set), "bins");
}

static void read_diagram(json_t *bins, diagram *out)
{
    size_t i;
    json_t *bin;
    *out = (diagram){.width = 0.1};
    json_array_foreach(bins, i, bin)
    {
        double low = json_real_at(bin, "low"), high = json_real_at(bin, "high"), n = json_real_at(bin, "n");
        double right = json_real_at(bin, "accuracy");
        if (!(n > 0) || out->count == BINS_MAX) continue;
        out->columns[out->count] = (chart_point){(low + high) / 2, right, 0};
        out->bubbles[out->count++] = (chart_point){json_real_at(bin, "confidence"), right, n};
        out->width = high - low;
    }
}

/* The end of both axes: diagrams of one report share it. Many classes make small confidences. */
static double common_end(const report *p, const name_list *sets)
{
    double most = 0.1;
    for (size_t i = 0; i < sets->count; i++) {
        diagram d;
        read_diagram(bins_of(p, sets->at[i]), &d);
        for (size_t b = 0; b < d.count; b++) most = fmax(most, fmax(d.columns[b].x + d.width / 2, d.columns[b].y));
    }
    return fmin(ceil(most * 10 - 1e-9) / 10, 1);
}

static status draw_diagram(const report *p, const char *set, const diagram *d, double end)
{
    const chart_point diagonal[] = {{0, 0, 0}, {end, end, 0}};
    char name[128];
    chart_ink ink = report_ink(p, set, json_text_at(json_object_get(p->metrics, set), "role"));
    const chart_series series[] = {
        {SERIES_COLUMNS, INK_PALE, false, d->width, NULL, d->columns, d->count},
        {SERIES_GUIDE, INK_GREY, false, 0, NULL, diagonal, 2},
        {SERIES_BUBBLES, ink, false, 0, NULL, d->bubbles, d->count},
    };
    const chart_plot plot = {{"confidence", 0, end}, {"share that is right", 0, end}, {NULL, NAN, NAN}, series, 3};
    snprintf(name, sizeof name, "reliability-%s", set);
    return picture_write(p->to, p->pictures, name, &(chart){.width = SIDE, .height = SIDE, .plot = &plot},
                         "Reliability diagram");
}

static status write_diagram(const report *p, const char *set, double end)
{
    status st = OK;
    diagram d;
    read_diagram(bins_of(p, set), &d);
    if (!d.count) return OK;
    fputs("<figure><figcaption>", p->to);
    html_text(p->to, set);
    double error = json_real_at(reliability_of(p, set), "ece");
    if (isfinite(error)) fprintf(p->to, " <span class=faint>ECE %.3f</span>", error);
    fputs("</figcaption>\n", p->to);
    TRY(draw_diagram(p, set, &d, end));
    fputs("</figure>\n", p->to);
done:
    return st;
}

status report_calibration(const report *p)
{
    status st = OK;
    name_list sets = choose_sets(p);
    double end = common_end(p, &sets);
    bool titled = false;
    for (size_t i = 0; i < sets.count; i++) {
        if (!json_array_size(bins_of(p, sets.at[i]))) continue;
        if (!titled)
            fputs("<h2>Calibration</h2>\n<p class=note>Dots on the diagonal: as often right as the model believes. "
                  "Below it, too sure of itself. The area of a dot is the number of predictions; the expected "
                  "calibration error (ECE) is the mean distance to the diagonal. Confidence is the largest softmax "
                  "over the stored logits of all seeds; a set that stores its best K classes alone looks surer by "
                  "that.</p>\n<div class=charts>\n",
                  p->to);
        titled = true;
        TRY(write_diagram(p, sets.at[i], end));
    }
    if (titled) fputs("</div>\n", p->to);
done:
    return st;
}

/* ---- confusions -------------------------------------------------------------------------------------------------- */

static void write_confusion(const report *p, json_t *each)
{
    char n[24];
    fputs("<tr><td class=text>", p->to);
    const char *label = json_text_at(each, "label_name");
    html_text(p->to, label[0] ? label : "(no class)");
    fputs("</td><td class=text>", p->to);
    const char *predicted = json_text_at(each, "predicted_name");
    html_text(p->to, predicted[0] ? predicted : "(no name)");
    report_count(each, "n", n);
    fprintf(p->to, "</td><td>%s</td></tr>\n", n);
}

static void write_confused_set(const report *p, const char *set, json_t *list)
{
    size_t i;
    json_t *each;
    fputs("<div class=panel><h3>", p->to);
    html_text(p->to, set);
    fputs(
        "</h3><table><thead><tr><th class=text>label</th><th class=text>predicted</th><th>n</th></tr></thead><tbody>\n",
        p->to);
    json_array_foreach(list, i, each)
    {
        if (i < SHOWN_MAX) write_confusion(p, each);
    }
    fputs("</tbody></table></div>\n", p->to);
}

void report_confusions(const report *p)
{
    name_list sets = choose_sets(p);
    bool titled = false;
    for (size_t i = 0; i < sets.count && i < 3; i++) {
        json_t *list = json_object_get(json_object_get(p->analysis, "confused"), sets.at[i]);
        if (!json_array_size(list)) continue;
        if (!titled)
            fputs("<h2>Most confused</h2>\n<p class=note>Pairs of label and first prediction, most frequent first, "
                  "over all seeds.</p>\n<div class=charts>\n",
                  p->to);
        titled = true;
        write_confused_set(p, sets.at[i], list);
    }
    if (titled) fputs("</div>\n", p->to);
}
