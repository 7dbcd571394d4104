/* Losses and development metrics while training: small charts for each trained set, its seeds drawn over each other.
 * Sets that know no more than loss and metric have one by step; others have their history by epoch (report_history.c).
 */
#include "launcher/report_curves.h"
#include "conf/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 360, HEIGHT = 200 };

static const char METRIC[] = "metric on the development part";

/* The points of one step's chart. All owned. */
typedef struct {
    chart_point *loss, *metric; /* (loss_count), (metric_count) */
    size_t loss_count, metric_count;
} curve;

static void curve_free(curve *c)
{
    free(c->loss);
    free(c->metric);
    *c = (curve){0};
}

static status curve_of(const curve_file *file, curve *out)
{
    out->loss = calloc(file->loss_count + 1, sizeof *out->loss);
    out->metric = calloc(file->score_count + 1, sizeof *out->metric);
    if (!out->loss || !out->metric)
        return FAIL(ERR_MEMORY, "no memory for a curve of %zu points", file->loss_count + file->score_count);
    for (size_t i = 0; i < file->loss_count; i++)
        out->loss[out->loss_count++] = (chart_point){file->losses[i].step, file->losses[i].loss, 0};
    for (size_t i = 0; i < file->score_count; i++)
        out->metric[out->metric_count++] = (chart_point){file->scores[i].step, file->scores[i].metric, 0};
    return OK;
}

void curve_thin(chart_point *list, size_t *count)
{
    size_t each = (*count + CURVE_POINTS_MAX - 1) / CURVE_POINTS_MAX, kept = 0;
    if (each < 2) return;
    for (size_t i = 0; i < *count; i += each) {
        chart_point sum = {0, 0, 0};
        size_t n = i + each < *count ? each : *count - i;
        for (size_t j = 0; j < n; j++) sum.x += list[i + j].x, sum.y += list[i + j].y;
        list[kept++] = (chart_point){sum.x / (double)n, sum.y / (double)n, 0};
    }
    *count = kept;
}

/* Losses are drawn first, so that no metric hides behind them. */
static size_t make_series(curve *curves, size_t count, chart_series *out)
{
    size_t made = 0;
    for (size_t i = 0; i < count; i++) {
        curve_thin(curves[i].loss, &curves[i].loss_count);
        if (curves[i].loss_count)
            out[made++] = (chart_series){SERIES_LINE, INK_BLUE, false, 0, "loss", curves[i].loss, curves[i].loss_count};
    }
    for (size_t i = 0; i < count; i++) {
        curve_thin(curves[i].metric, &curves[i].metric_count);
        if (curves[i].metric_count)
            out[made++] = (chart_series){SERIES_DOTTED_LINE,    INK_ORANGE, true, 0, METRIC, curves[i].metric,
                                         curves[i].metric_count};
    }
    return made;
}

static double last_step(const chart_series *series, size_t count)
{
    double last = NAN;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < series[i].count; j++) last = fmax(last, series[i].at[j].x);
    return last;
}

/* What a step's metric is called in its stats: "development top-1 %". */
static const char *metric_name(const report *p, const char *step)
{
    const char *name = json_text_at(json_object_get(json_object_get(p->metrics, "throughput"), step), "metric");
    return name[0] ? name : METRIC;
}

static status draw_curves(const report *p, const char *name, const char *metric, const curve_file *files, size_t count)
{
    status st = OK;
    char file[128];
    chart_series series[2 * CURVE_SEEDS_MAX];
    curve curves[CURVE_SEEDS_MAX] = {{0}};
    if (count > CURVE_SEEDS_MAX) count = CURVE_SEEDS_MAX;
    for (size_t i = 0; i < count; i++) TRY(curve_of(&files[i], &curves[i]));
    size_t made = make_series(curves, count, series);
    const chart_plot plot = {
        {"step", 0, last_step(series, made)}, {"loss", NAN, NAN}, {metric, NAN, NAN}, series, made};
    snprintf(file, sizeof file, "training-%s", name);
    TRY(picture_write(p->to, p->pictures, file, &(chart){.width = WIDTH, .height = HEIGHT, .plot = &plot},
                      "Loss and development metric by step"));
done:
    for (size_t i = 0; i < count && i < CURVE_SEEDS_MAX; i++) curve_free(&curves[i]);
    return st;
}

static bool same_set(const plan_step *a, const plan_step *b)
{
    return !strcmp(a->step.section, b->step.section) && !strcmp(run_set_name(&a->step), run_set_name(&b->step));
}

static void write_title(const report *p)
{
    fputs("<h2>Training</h2>\n<p class=note>Loss on the left axis, the metric on the development part, which no score "
          "above is made of, on the right one; where more is known, losses and accuracies by epoch. Accuracy in "
          "training is "
          "that of each sample when it was learned from, changed at random as it was; the loss in training has all "
          "terms of the recipe, that on the development part is the cross entropy alone. Kept are the weights of the "
          "marked evaluation. Axes do not begin at 0. Seeds are drawn over each other.</p>\n"
          "<div class=charts>\n",
          p->to);
}

static status write_chart(const report *p, const char *title, const char *metric, const curve_file *curves,
                          size_t count)
{
    status st = OK;
    fputs("<figure><figcaption>", p->to);
    html_text(p->to, title);
    if (count > 1) fprintf(p->to, " <span class=faint>%zu seeds</span>", count);
    fputs("</figcaption>\n", p->to);
    if (history_is_known(curves, count)) TRY(history_draw(p, title, metric, curves, count));
    else TRY(draw_curves(p, title, metric, curves, count));
    fputs("</figure>\n", p->to);
done:
    return st;
}

/* The chart of the set that begins at place `i` of the plan, with all its seeds; `*next` is the place behind them. */
static status write_set(const report *p, size_t i, size_t *next, bool *titled)
{
    status st = OK;
    const plan_step *first = &p->plan->at[i];
    size_t count = 0, points = 0;
    char title[128];
    while (i + count < p->plan->count && same_set(first, &p->plan->at[i + count])) count++;
    *next = i + count;
    curve_file *curves = calloc(count, sizeof *curves);
    if (!curves) TRY(FAIL(ERR_MEMORY, "no memory for the curves of %s", first->name));
    for (size_t c = 0; c < count; c++) {
        TRY(curve_file_read(p->run, p->plan->at[i + c].name, &curves[c]));
        points += curves[c].loss_count + curves[c].score_count;
    }
    bool pretrains = !strcmp(first->step.section, "pretrain");
    snprintf(title, sizeof title, "%s%s", pretrains ? "pretrain." : "", run_set_name(&first->step));
    if (points && !*titled) write_title(p);
    *titled = *titled || points;
    if (points) TRY(write_chart(p, title, metric_name(p, first->name), curves, count));
done:
    for (size_t c = 0; curves && c < count; c++) curve_file_free(&curves[c]);
    free(curves);
    return st;
}

static bool is_training(const plan_step *step)
{
    const char *section = step->step.section;
    return !strcmp(section, "pretrain") || !strcmp(section, "teacher") || !strcmp(section, "student");
}

status report_curves(const report *p)
{
    status st = OK;
    bool titled = false;
    for (size_t i = 0; i < p->plan->count;) {
        if (is_training(&p->plan->at[i])) TRY(write_set(p, i, &i, &titled));
        else i++;
    }
    if (titled) fputs("</div>\n", p->to);
done:
    return st;
}
