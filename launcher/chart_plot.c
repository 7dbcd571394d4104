/* Plots: lines, columns and bubbles between two axes. */
#include "launcher/chart_draw.h"

#include <math.h>
#include <string.h>

enum { LEGEND_MAX = 6 };

typedef struct {
    cairo_t *to;
    const chart_plot *plot;
    scale x, left, right;
    double top, bottom; /* pixels of the frame */
    bool has_right;
} plotter;

static bool point_is_there(const chart_point *p)
{
    return can_be_drawn(p->x) && can_be_drawn(p->y);
}

static void widen_scales(plotter *p)
{
    for (size_t s = 0; s < p->plot->count; s++) {
        const chart_series *each = &p->plot->series[s];
        scale *y = each->right ? &p->right : &p->left;
        p->has_right = p->has_right || each->right;
        for (size_t i = 0; i < each->count; i++) {
            if (!point_is_there(&each->at[i])) continue;
            scale_widen(&p->x, each->at[i].x - each->width / 2);
            scale_widen(&p->x, each->at[i].x + each->width / 2);
            scale_widen(y, each->at[i].y);
            if (each->form == SERIES_COLUMNS) scale_widen(y, 0);
        }
    }
}

static double widest_number(cairo_t *to, const scale *s)
{
    double widest = 0;
    char number[TICK_TEXT];
    for (size_t i = 0; i < s->ticks; i++) {
        scale_number(s, s->tick[i], number);
        widest = fmax(widest, text_width(to, TEXT_SMALL, number));
    }
    return widest;
}

/* ---- legend ------------------------------------------------------------------------------------------------------ */

static bool shown_before(const chart_plot *plot, size_t series)
{
    for (size_t i = 0; i < series; i++)
        if (plot->series[i].label && !strcmp(plot->series[i].label, plot->series[series].label)) return true;
    return false;
}

static bool has_legend(const chart_plot *plot)
{
    for (size_t i = 0; i < plot->count; i++)
        if (plot->series[i].label) return true;
    return false;
}

static void draw_legend(const plotter *p, double y)
{
    double x = p->x.from;
    for (size_t i = 0, shown = 0; i < p->plot->count && shown < LEGEND_MAX; i++) {
        const chart_series *each = &p->plot->series[i];
        if (!each->label || shown_before(p->plot, i)) continue;
        draw_ink(p->to, each->ink, 1);
        cairo.rectangle(p->to, x, y - 6, 12, each->form == SERIES_COLUMNS ? 7 : 3);
        cairo.fill(p->to);
        draw_text(p->to, x + 16, y, TEXT_LEFT, TONE_PLAIN, TEXT_SMALL, p->x.to - x, each->label);
        x += 16 + text_width(p->to, TEXT_SMALL, each->label) + 14;
        shown++;
    }
}

/* ---- axes -------------------------------------------------------------------------------------------------------- */

static void draw_left_axis(const plotter *p)
{
    char number[TICK_TEXT];
    for (size_t i = 0; i < p->left.ticks; i++) {
        double y = scale_place(&p->left, p->left.tick[i]);
        draw_line(p->to, p->x.from, y, p->x.to, y, 0.92, 1);
        scale_number(&p->left, p->left.tick[i], number);
        draw_text(p->to, p->x.from - 6, y + 3.5, TEXT_RIGHT, TONE_FAINT, TEXT_SMALL, 0, number);
    }
}

static void draw_right_axis(const plotter *p)
{
    char number[TICK_TEXT];
    for (size_t i = 0; i < p->right.ticks; i++) {
        double y = scale_place(&p->right, p->right.tick[i]);
        draw_line(p->to, p->x.to, y, p->x.to + 4, y, 0.7, 1);
        scale_number(&p->right, p->right.tick[i], number);
        draw_text(p->to, p->x.to + 7, y + 3.5, TEXT_LEFT, TONE_FAINT, TEXT_SMALL, 0, number);
    }
}

static void draw_x_axis(const plotter *p)
{
    char number[TICK_TEXT];
    draw_line(p->to, p->x.from, p->bottom, p->x.to, p->bottom, 0.7, 1);
    for (size_t i = 0; i < p->x.ticks; i++) {
        double x = scale_place(&p->x, p->x.tick[i]);
        draw_line(p->to, x, p->bottom, x, p->bottom + 4, 0.7, 1);
        scale_number(&p->x, p->x.tick[i], number);
        draw_text(p->to, x, p->bottom + 15, TEXT_MIDDLE, TONE_FAINT, TEXT_SMALL, 0, number);
    }
}

/* A title that stands upright in the middle of the frame's height. */
static void draw_side_title(const plotter *p, double x, const char *title)
{
    cairo.save(p->to);
    cairo.translate(p->to, x, (p->top + p->bottom) / 2);
    cairo.rotate(p->to, -M_PI / 2);
    draw_text(p->to, 0, 0, TEXT_MIDDLE, TONE_FAINT, TEXT_SMALL, p->bottom - p->top, title);
    cairo.restore(p->to);
}

static void draw_titles(const plotter *p, const chart *c)
{
    const chart_plot *plot = p->plot;
    double middle = (p->x.from + p->x.to) / 2;
    if (plot->x.title)
        draw_text(p->to, middle, chart_height(c) - 5, TEXT_MIDDLE, TONE_FAINT, TEXT_SMALL, p->x.to - p->x.from,
                  plot->x.title);
    if (plot->left.title) draw_side_title(p, 11, plot->left.title);
    if (p->has_right && plot->right.title) draw_side_title(p, c->width - 4, plot->right.title);
}

/* ---- series ------------------------------------------------------------------------------------------------------ */

static void draw_curve(const plotter *p, const chart_series *s, const scale *y)
{
    static const double DASHES[] = {4, 3};
    bool drawing = false, guide = s->form == SERIES_GUIDE;
    draw_ink(p->to, s->ink, guide ? 0.9 : 0.85);
    cairo.set_line_width(p->to, guide ? 1 : 1.5);
    cairo.set_line_join(p->to, CAIRO_LINE_JOIN_ROUND);
    cairo.set_dash(p->to, DASHES, guide ? 2 : 0, 0);
    for (size_t i = 0; i < s->count; i++) {
        bool there = point_is_there(&s->at[i]);
        double px = scale_place(&p->x, s->at[i].x), py = scale_place(y, s->at[i].y);
        if (there && drawing) cairo.line_to(p->to, px, py);
        else if (there) cairo.move_to(p->to, px, py);
        drawing = there;
    }
    cairo.stroke(p->to);
    cairo.set_dash(p->to, NULL, 0, 0);
}

/* A line's points as dots: all of them, or only those that no line reaches. */
static void draw_dots(const plotter *p, const chart_series *s, const scale *y)
{
    draw_ink(p->to, s->ink, 1);
    for (size_t i = 0; i < s->count; i++) {
        bool alone =
            (i == 0 || !point_is_there(&s->at[i - 1])) && (i + 1 == s->count || !point_is_there(&s->at[i + 1]));
        if (point_is_there(&s->at[i]) && (alone || s->form == SERIES_DOTTED_LINE))
            draw_dot(p->to, scale_place(&p->x, s->at[i].x), scale_place(y, s->at[i].y), 2.2);
    }
}

static void draw_columns(const plotter *p, const chart_series *s, const scale *y)
{
    double zero = scale_place(y, fmin(fmax(0, y->low), y->high));
    draw_ink(p->to, s->ink, 0.55);
    for (size_t i = 0; i < s->count; i++) {
        if (!point_is_there(&s->at[i])) continue;
        double from = scale_place(&p->x, s->at[i].x - s->width / 2), to = scale_place(&p->x, s->at[i].x + s->width / 2);
        cairo.rectangle(p->to, from + 0.75, zero, fmax(to - from - 1.5, 0.5), scale_place(y, s->at[i].y) - zero);
        cairo.fill(p->to);
    }
}

static void draw_bubbles(const plotter *p, const chart_series *s, const scale *y)
{
    double largest = 0;
    for (size_t i = 0; i < s->count; i++)
        if (can_be_drawn(s->at[i].size)) largest = fmax(largest, s->at[i].size);
    draw_ink(p->to, s->ink, 0.9);
    for (size_t i = 0; i < s->count; i++) {
        if (!point_is_there(&s->at[i]) || !(s->at[i].size > 0) || !can_be_drawn(s->at[i].size)) continue;
        double radius = fmax(7 * sqrt(s->at[i].size / largest), 1.2);
        draw_dot(p->to, scale_place(&p->x, s->at[i].x), scale_place(y, s->at[i].y), radius);
    }
}

static void draw_rings(const plotter *p, const chart_series *s, const scale *y)
{
    draw_ink(p->to, s->ink, 1);
    cairo.set_line_width(p->to, 2);
    for (size_t i = 0; i < s->count; i++) {
        if (!point_is_there(&s->at[i])) continue;
        cairo.new_path(p->to);
        cairo.arc(p->to, scale_place(&p->x, s->at[i].x), scale_place(y, s->at[i].y), 5, 0, 2 * M_PI);
        cairo.stroke(p->to);
    }
}

static void draw_series(const plotter *p, const chart_series *s)
{
    const scale *y = s->right ? &p->right : &p->left;
    if (s->form == SERIES_COLUMNS) draw_columns(p, s, y);
    else if (s->form == SERIES_BUBBLES) draw_bubbles(p, s, y);
    else if (s->form == SERIES_RINGS) draw_rings(p, s, y);
    else draw_curve(p, s, y);
    if (s->form == SERIES_LINE || s->form == SERIES_DOTTED_LINE) draw_dots(p, s, y);
}

void draw_plot(cairo_t *to, const chart *c)
{
    const scale unknown = {.low = NAN, .high = NAN};
    plotter p = {to,
                 c->plot,
                 unknown,
                 unknown,
                 unknown,
                 has_legend(c->plot) ? 24 : 10,
                 chart_height(c) - (c->plot->x.title ? 34 : 22),
                 false};
    widen_scales(&p);
    scale_settle(&p.left, &c->plot->left, 5);
    scale_settle(&p.right, &c->plot->right, 5);
    scale_settle(&p.x, &c->plot->x, c->width < 280 ? 5 : 6);
    p.left.from = p.right.from = p.bottom;
    p.left.to = p.right.to = p.top;
    p.x.from = widest_number(to, &p.left) + (c->plot->left.title ? 24 : 10);
    double last = widest_number(to, &p.x) / 2 + 2; /* the last number of the x axis stands half behind its end */
    double right = p.has_right ? widest_number(to, &p.right) + (c->plot->right.title ? 28 : 10) : 10;
    p.x.to = c->width - fmax(right, last);
    if (p.x.to <= p.x.from) p.x.to = p.x.from + 1;
    draw_left_axis(&p);
    for (size_t i = 0; i < c->plot->count; i++) draw_series(&p, &c->plot->series[i]);
    if (p.has_right) draw_right_axis(&p);
    draw_x_axis(&p);
    draw_titles(&p, c);
    if (has_legend(c->plot)) draw_legend(&p, 12);
}
