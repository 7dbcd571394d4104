/* The history of a training by epoch: losses beside accuracies, of training and development. */
#include "launcher/report_curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 370, HEIGHT = 230, LINES = 4 };

typedef struct {
    chart_point *at; /* (count) */
    size_t count;
} point_list;

/* Of one seed. All lists lie in `block`, which is owned. */
typedef struct {
    point_list loss, rate, development_loss, learned, metric, best_loss, best_metric;
    chart_point *block;
} history;

static void history_free(history *h)
{
    free(h->block);
    *h = (history){0};
}

static void add(point_list *list, double x, double y)
{
    if (isfinite(x) && isfinite(y)) list->at[list->count++] = (chart_point){x, y, 1};
}

/* ---- places on the axis of epochs -------------------------------------------------------------------------------- */

static bool same_epoch(double a, double b)
{
    return fabs(a - b) < 0.5; /* false for what is not known */
}

/* Line `k` (from 0) of the `count` lines of an epoch: evenly over it, the last at its end. */
static double place_in(double epoch, size_t k, size_t count)
{
    return epoch - 1 + (double)(k + 1) / (double)count;
}

/* The mean over an epoch's steps: a line is a mean itself, over the steps since the line before. */
static double mean_loss(const curve_loss *at, size_t count, double before)
{
    double sum = 0, steps = 0;
    for (size_t i = 0; i < count; i++) {
        double weight = at[i].step - (i ? at[i - 1].step : before);
        if (!(weight > 0)) weight = 1;
        sum += weight * at[i].loss;
        steps += weight;
    }
    return sum / steps;
}

static void add_losses(const curve_file *c, history *h)
{
    for (size_t i = 0, count; i < c->loss_count; i += count) {
        double epoch = c->losses[i].epoch;
        for (count = 1; i + count < c->loss_count && same_epoch(c->losses[i + count].epoch, epoch);) count++;
        add(&h->loss, epoch, mean_loss(&c->losses[i], count, i ? c->losses[i - 1].step : 0));
        for (size_t k = 0; k < count; k++) add(&h->rate, place_in(epoch, k, count), c->losses[i + k].rate);
    }
}

static void add_scores(const curve_file *c, history *h)
{
    const curve_score *best = curve_file_best(c);
    for (size_t i = 0, count; i < c->score_count; i += count) {
        double epoch = c->scores[i].epoch;
        for (count = 1; i + count < c->score_count && same_epoch(c->scores[i + count].epoch, epoch);) count++;
        for (size_t k = 0; k < count; k++) {
            const curve_score *at = &c->scores[i + k];
            double x = place_in(epoch, k, count);
            add(&h->development_loss, x, at->development_loss);
            add(&h->learned, x, at->learned);
            add(&h->metric, x, at->metric);
            if (at != best) continue;
            add(&h->best_loss, x, at->development_loss);
            add(&h->best_metric, x, at->metric);
        }
    }
}

static status history_of(const curve_file *c, history *h)
{
    chart_point *at = calloc(2 * c->loss_count + 3 * c->score_count + 2, sizeof *at);
    if (!at) return FAIL(ERR_MEMORY, "no memory for a curve of %zu points", c->loss_count + c->score_count);
    h->block = at;
    h->loss.at = at;
    h->rate.at = h->loss.at + c->loss_count;
    h->development_loss.at = h->rate.at + c->loss_count;
    h->learned.at = h->development_loss.at + c->score_count;
    h->metric.at = h->learned.at + c->score_count;
    h->best_loss.at = h->metric.at + c->score_count;
    h->best_metric.at = h->best_loss.at + 1;
    add_losses(c, h);
    add_scores(c, h);
    curve_thin(h->loss.at, &h->loss.count);
    curve_thin(h->rate.at, &h->rate.count);
    curve_thin(h->development_loss.at, &h->development_loss.count);
    curve_thin(h->learned.at, &h->learned.count);
    curve_thin(h->metric.at, &h->metric.count);
    return OK;
}

/* ---- charts ------------------------------------------------------------------------------------------------------ */

typedef struct {
    chart_series at[CURVE_SEEDS_MAX * LINES]; /* (count) */
    size_t count;
    double low, high; /* the first and last place on the axis of epochs */
} series_list;

static void draw_list(series_list *to, series_form form, chart_ink ink, bool right, const char *label,
                      const point_list *list)
{
    if (!list->count) return;
    to->at[to->count++] = (chart_series){form, ink, right, 0, label, list->at, list->count};
    for (size_t i = 0; i < list->count; i++) {
        to->low = fmin(to->low, list->at[i].x); /* fmin and fmax pass NAN over */
        to->high = fmax(to->high, list->at[i].x);
    }
}

/* What is thin or pale comes first, so that it hides nothing. */
static void list_losses(const history *all, size_t count, series_list *to)
{
    *to = (series_list){.low = NAN, .high = NAN};
    for (size_t i = 0; i < count; i++) draw_list(to, SERIES_GUIDE, INK_GREY, true, "learning rate", &all[i].rate);
    for (size_t i = 0; i < count; i++) draw_list(to, SERIES_LINE, INK_BLUE, false, "training", &all[i].loss);
    for (size_t i = 0; i < count; i++)
        draw_list(to, SERIES_DOTTED_LINE, INK_ORANGE, false, "development", &all[i].development_loss);
    for (size_t i = 0; i < count; i++) draw_list(to, SERIES_RINGS, INK_GREEN, false, "kept", &all[i].best_loss);
}

static void list_accuracies(const history *all, size_t count, series_list *to)
{
    *to = (series_list){.low = NAN, .high = NAN};
    for (size_t i = 0; i < count; i++) draw_list(to, SERIES_LINE, INK_BLUE, false, "training", &all[i].learned);
    for (size_t i = 0; i < count; i++)
        draw_list(to, SERIES_DOTTED_LINE, INK_ORANGE, false, "development", &all[i].metric);
    for (size_t i = 0; i < count; i++) draw_list(to, SERIES_RINGS, INK_GREEN, false, "kept", &all[i].best_metric);
}

static status draw(const report *p, const char *name, const char *which, const char *title, const series_list *list,
                   const char *alt)
{
    char file[160];
    const chart_plot plot = {
        {"epoch", list->low, list->high}, {title, NAN, NAN}, {"learning rate", NAN, NAN}, list->at, list->count};
    snprintf(file, sizeof file, "training-%s-%s", name, which);
    return picture_write(p->to, p->pictures, file, &(chart){.width = WIDTH, .height = HEIGHT, .plot = &plot}, alt);
}

/* The metric of both parts: "development top-1 %" without its first word. */
static const char *without_part(const char *metric)
{
    static const char PART[] = "development ";
    return strncmp(metric, PART, sizeof PART - 1) ? metric : metric + sizeof PART - 1;
}

status history_draw(const report *p, const char *name, const char *metric, const curve_file *curves, size_t count)
{
    status st = OK;
    history all[CURVE_SEEDS_MAX] = {{.block = NULL}};
    series_list *list = calloc(1, sizeof *list);
    if (!list) TRY(FAIL(ERR_MEMORY, "no memory for the training of %s", name));
    if (count > CURVE_SEEDS_MAX) count = CURVE_SEEDS_MAX;
    for (size_t i = 0; i < count; i++) TRY(history_of(&curves[i], &all[i]));
    list_losses(all, count, list);
    if (list->count) TRY(draw(p, name, "loss", "loss", list, "Losses of training and development by epoch"));
    list_accuracies(all, count, list);
    if (list->count)
        TRY(draw(p, name, "accuracy", without_part(metric), list, "Accuracy in training and on development by epoch"));
done:
    for (size_t i = 0; i < CURVE_SEEDS_MAX; i++) history_free(&all[i]);
    free(list);
    return st;
}

bool history_is_known(const curve_file *curves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < curves[i].score_count; k++) {
            const curve_score *at = &curves[i].scores[k];
            if (isfinite(at->epoch) && (isfinite(at->development_loss) || isfinite(at->learned))) return true;
        }
    return false;
}
