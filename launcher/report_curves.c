/* Losses and development metrics while training: one small chart a trained set, its seeds drawn over each other. */
#include "base/file.h"
#include "conf/run.h"
#include "launcher/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CURVE_BYTES_MAX = 256 << 20,
    POINTS_MAX = 300,
    WIDTH = 330,
    HEIGHT = 170,
    LEFT = 42,
    RIGHT = 36,
    TOP = 8,
    BOTTOM = 22
};

typedef struct {
    double x, y;
} point;

typedef struct {
    point *loss, *metric; /* (loss_count), (metric_count); owned */
    size_t loss_count, metric_count;
} curve;

typedef struct {
    double x_most, least, most; /* least and most are NAN while nothing was seen */
} range;

static void curve_free(curve *c)
{
    free(c->loss);
    free(c->metric);
    *c = (curve){0};
}

static status add_point(point **list, size_t *count, double x, double y)
{
    if ((*count & (*count - 1)) == 0) { /* room doubles at every power of two */
        point *larger = realloc(*list, (*count ? 2 * *count : 1) * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for a curve of %zu points", *count);
        *list = larger;
    }
    (*list)[(*count)++] = (point){x, y};
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
static void thin(point *list, size_t *count)
{
    size_t each = (*count + POINTS_MAX - 1) / POINTS_MAX, kept = 0;
    if (each < 2) return;
    for (size_t i = 0; i < *count; i += each) {
        point sum = {0, 0};
        size_t n = i + each < *count ? each : *count - i;
        for (size_t j = 0; j < n; j++) sum.x += list[i + j].x, sum.y += list[i + j].y;
        list[kept++] = (point){sum.x / (double)n, sum.y / (double)n};
    }
    *count = kept;
}

static void widen(range *r, const point *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        r->x_most = fmax(r->x_most, list[i].x);
        r->least = fmin(r->least, list[i].y); /* fmin and fmax pass NAN over */
        r->most = fmax(r->most, list[i].y);
    }
}

static double place_x(const range *r, double x)
{
    return LEFT + (r->x_most > 0 ? x / r->x_most : 0) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const range *r, double y)
{
    double height = HEIGHT - TOP - BOTTOM, part = r->most > r->least ? (y - r->least) / (r->most - r->least) : 0.5;
    return TOP + (1 - part) * height;
}

static void draw_line(FILE *to, const range *r, const point *list, size_t count, const char *color, bool dots)
{
    if (!count) return;
    fprintf(to, "<polyline fill=none stroke=\"%s\" stroke-width=1.4 stroke-opacity=.8 points=\"", color);
    for (size_t i = 0; i < count; i++) fprintf(to, "%.1f,%.1f ", place_x(r, list[i].x), place_y(r, list[i].y));
    fputs("\"/>\n", to);
    for (size_t i = 0; dots && i < count; i++)
        fprintf(to, "<circle r=2 fill=\"%s\" cx=%.1f cy=%.1f />", color, place_x(r, list[i].x), place_y(r, list[i].y));
}

static void draw_axis(FILE *to, const range *r, int x, const char *anchor)
{
    if (isnan(r->least)) return;
    fprintf(to, "<text x=%d y=%d text-anchor=%s>%.3g</text><text x=%d y=%d text-anchor=%s>%.3g</text>\n", x, TOP + 8,
            anchor, r->most, x, HEIGHT - BOTTOM, anchor, r->least);
}

static void draw_chart(const report *p, const char *name, curve *curves, size_t count)
{
    range loss = {0, NAN, NAN}, metric = {0, NAN, NAN};
    for (size_t i = 0; i < count; i++) {
        thin(curves[i].loss, &curves[i].loss_count);
        widen(&loss, curves[i].loss, curves[i].loss_count);
        widen(&metric, curves[i].metric, curves[i].metric_count);
    }
    loss.x_most = metric.x_most = fmax(loss.x_most, metric.x_most);
    fputs("<div class=chart><h3>", p->to);
    html_text(p->to, name);
    fprintf(p->to, "</h3><svg width=%d height=%d viewBox=\"0 0 %d %d\">\n", WIDTH, HEIGHT, WIDTH, HEIGHT);
    fprintf(p->to, "<path d=\"M%d %dV%dH%dV%d\" fill=none stroke=\"#cfd6dd\"/>\n", LEFT, TOP, HEIGHT - BOTTOM,
            WIDTH - RIGHT, TOP);
    for (size_t i = 0; i < count; i++) {
        draw_line(p->to, &loss, curves[i].loss, curves[i].loss_count, "#2563a8", false);
        draw_line(p->to, &metric, curves[i].metric, curves[i].metric_count, "#c2571a", true);
    }
    draw_axis(p->to, &loss, LEFT - 4, "end");
    draw_axis(p->to, &metric, WIDTH - RIGHT + 4, "start");
    fprintf(p->to, "<text x=%d y=%d>0</text><text x=%d y=%d text-anchor=end>step %.0f</text></svg></div>\n", LEFT,
            HEIGHT - 6, WIDTH - RIGHT, HEIGHT - 6, loss.x_most);
}

static bool same_set(const plan_step *a, const plan_step *b)
{
    return !strcmp(a->step.section, b->step.section) && !strcmp(run_set_name(&a->step), run_set_name(&b->step));
}

/* The chart of the set that begins at place `i` of the plan, with all its seeds; `*next` is the place behind them. */
static status write_set(const report *p, size_t i, size_t *next)
{
    status st = OK;
    const plan_step *first = &p->plan->at[i];
    size_t count = 0, points = 0;
    while (i + count < p->plan->count && same_set(first, &p->plan->at[i + count])) count++;
    *next = i + count;
    curve *curves = calloc(count, sizeof *curves);
    if (!curves) TRY(FAIL(ERR_MEMORY, "no memory for the curves of %s", first->name));
    for (size_t c = 0; c < count; c++) {
        TRY(curve_read(p->run, p->plan->at[i + c].name, &curves[c]));
        points += curves[c].loss_count + curves[c].metric_count;
    }
    if (points) draw_chart(p, run_set_name(&first->step), curves, count);
done:
    for (size_t c = 0; curves && c < count; c++) curve_free(&curves[c]);
    free(curves);
    return st;
}

status report_curves(const report *p)
{
    status st = OK;
    fputs("<h2>Training</h2>\n<p class=note><span style=\"color:#2563a8\">Blue</span>: loss (left axis). "
          "<span style=\"color:#c2571a\">Orange</span>: metric on the development part (right axis). Seeds are drawn "
          "over each "
          "other.</p>\n<div class=charts>\n",
          p->to);
    for (size_t i = 0; i < p->plan->count;) {
        const char *section = p->plan->at[i].step.section;
        bool trained = !strcmp(section, "teacher") || !strcmp(section, "student");
        if (trained) TRY(write_set(p, i, &i));
        else i++;
    }
    fputs("</div>\n", p->to);
done:
    return st;
}
