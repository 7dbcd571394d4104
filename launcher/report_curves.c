/* Losses and development metrics while training: one small chart a trained set, its seeds drawn over each other. */
#include "base/file.h"
#include "conf/run.h"
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_BYTES_MAX = 256 << 20, POINTS_MAX = 300, SEEDS_MAX = 32, WIDTH = 360, HEIGHT = 200 };

static const char METRIC[] = "metric on the development part";

typedef struct {
    chart_point *loss, *metric; /* (loss_count), (metric_count); owned */
    size_t loss_count, metric_count;
} curve;

static void curve_free(curve *c)
{
    free(c->loss);
    free(c->metric);
    *c = (curve){0};
}

static status add_point(chart_point **list, size_t *count, double x, double y)
{
    if ((*count & (*count - 1)) == 0) { /* room doubles at every power of two */
        chart_point *larger = realloc(*list, (*count ? 2 * *count : 1) * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for a curve of %zu points", *count);
        *list = larger;
    }
    (*list)[(*count)++] = (chart_point){x, y, 0};
    return OK;
}

static status add_line(curve *c, const char *path, size_t line, const char *text, size_t length)
{
    status st = OK;
    json_error_t error;
    json_t *object = json_loadb(text, length, 0, &error);
    if (!json_is_object(object)) TRY(FAIL(ERR_INPUT, "%s:%zu: is no JSON object", path, line));
    json_t *step = json_object_get(object, "step"), *loss = json_object_get(object, "loss"),
           *metric = json_object_get(object, "metric");
    double x = json_number_value(step);
    if (!json_is_number(step)) goto done; /* nowhere to draw it */
    if (json_is_number(loss)) TRY(add_point(&c->loss, &c->loss_count, x, json_number_value(loss)));
    if (json_is_number(metric)) TRY(add_point(&c->metric, &c->metric_count, x, json_number_value(metric)));
done:
    json_decref(object);
    return st;
}

/* A step that has no curve (a baseline, a prediction) leaves an empty one. A last line that is cut off was being
 * written when the program ended; it is passed over. */
static status curve_read(const char *run, const char *step, curve *out)
{
    status st = OK;
    curve c = {0};
    char *directory = run_step_directory(run, step), *path = directory ? path_join(directory, "curve.jsonl") : NULL;
    char *bytes = NULL;
    size_t count, line = 1;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the curve of %s", step));
    if (!file_exists(path)) goto done;
    TRY(file_read(path, CURVE_BYTES_MAX, &bytes, &count));
    for (char *at = bytes, *end; (end = strchr(at, '\n')); at = end + 1, line++)
        if (end > at) TRY(add_line(&c, path, line, at, (size_t)(end - at)));
    *out = c;
    c = (curve){0};
done:
    curve_free(&c);
    free(bytes);
    free(path);
    free(directory);
    return st;
}

/* Means of neighbours, so that long curves stay small. */
static void thin(chart_point *list, size_t *count)
{
    size_t each = (*count + POINTS_MAX - 1) / POINTS_MAX, kept = 0;
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
        thin(curves[i].loss, &curves[i].loss_count);
        if (curves[i].loss_count)
            out[made++] = (chart_series){SERIES_LINE, INK_BLUE, false, 0, "loss", curves[i].loss, curves[i].loss_count};
    }
    for (size_t i = 0; i < count; i++) {
        thin(curves[i].metric, &curves[i].metric_count);
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

static status draw_curves(const report *p, const char *name, const char *metric, curve *curves, size_t count)
{
    status st = OK;
    char file[128];
    chart_series series[2 * SEEDS_MAX];
    size_t made = make_series(curves, count < SEEDS_MAX ? count : SEEDS_MAX, series);
    const chart_plot plot = {
        {"step", 0, last_step(series, made)}, {"loss", NAN, NAN}, {metric, NAN, NAN}, series, made};
    fputs("<figure><figcaption>", p->to);
    html_text(p->to, name);
    if (count > 1) fprintf(p->to, " <span class=faint>%zu seeds</span>", count);
    fputs("</figcaption>\n", p->to);
    snprintf(file, sizeof file, "training-%s", name);
    TRY(picture_write(p->to, p->pictures, file, &(chart){WIDTH, HEIGHT, &plot, NULL, NULL},
                      "Loss and development metric by step"));
    fputs("</figure>\n", p->to);
done:
    return st;
}

static bool same_set(const plan_step *a, const plan_step *b)
{
    return !strcmp(a->step.section, b->step.section) && !strcmp(run_set_name(&a->step), run_set_name(&b->step));
}

static void write_title(const report *p)
{
    fputs("<h2>Training</h2>\n<p class=note>Loss on the left axis, the metric on the development part, which no score "
          "above is made of, on the right one. Axes do not begin at 0. Seeds are drawn over each other.</p>\n"
          "<div class=charts>\n",
          p->to);
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
    curve *curves = calloc(count, sizeof *curves);
    if (!curves) TRY(FAIL(ERR_MEMORY, "no memory for the curves of %s", first->name));
    for (size_t c = 0; c < count; c++) {
        TRY(curve_read(p->run, p->plan->at[i + c].name, &curves[c]));
        points += curves[c].loss_count + curves[c].metric_count;
    }
    bool pretrains = !strcmp(first->step.section, "pretrain");
    snprintf(title, sizeof title, "%s%s", pretrains ? "pretrain." : "", run_set_name(&first->step));
    if (points && !*titled) write_title(p);
    *titled = *titled || points;
    if (points) TRY(draw_curves(p, title, metric_name(p, first->name), curves, count));
done:
    for (size_t c = 0; curves && c < count; c++) curve_free(&curves[c]);
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
