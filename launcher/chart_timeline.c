/* Timelines: tracks of coloured spans above curves, all over one axis of time. */
#include "launcher/chart_draw.h"

#include <math.h>
#include <stdio.h>

static const double TOP = 6, TRACK = 22, BAR = 16, GAP = 10, PANEL = 96, PANEL_TITLE = 15, AXIS = 34, RIGHT = 12;

double timeline_height(const chart_timeline *t)
{
    return TOP + TRACK * (double)t->track_count + (t->track_count ? GAP : 0) +
           (PANEL_TITLE + PANEL) * (double)t->panel_count + AXIS;
}

/* ---- tracks ------------------------------------------------------------------------------------------------------ */

/* Spans are parted by a sliver of the page where there is room for it; those thinner than half a pixel are drawn half a
 * pixel wide, and left out where another one stands already. */
static void draw_track(cairo_t *to, const scale *x, const chart_track *track, double y)
{
    double drawn = x->from - 1;
    draw_text(to, x->from - GAP, y + BAR - 4, TEXT_RIGHT, TONE_PLAIN, TEXT_SMALL, x->from - GAP - 2, track->label);
    draw_line(to, x->from, y + BAR / 2, x->to, y + BAR / 2, 0.93, 1);
    for (size_t i = 0; i < track->count; i++) {
        const chart_span *s = &track->at[i];
        if (!can_be_drawn(s->from) || !can_be_drawn(s->to)) continue;
        double from = fmax(scale_place(x, s->from), x->from), end = fmin(scale_place(x, s->to), x->to);
        double width = fmax(end - from, 0.5);
        if (from + width <= drawn + 0.25 || from >= x->to) continue;
        cairo.set_source_rgb(to, s->rgb[0] / 255.0, s->rgb[1] / 255.0, s->rgb[2] / 255.0);
        cairo.rectangle(to, from, y, width > 3 ? width - 0.75 : width, BAR);
        cairo.fill(to);
        drawn = from + width;
    }
}

/* ---- panels ------------------------------------------------------------------------------------------------------ */

static void draw_marks(cairo_t *to, const scale *x, const chart_panel *panel, double top, double bottom)
{
    double last = -INFINITY;
    draw_ink(to, INK_GREY, 0.35);
    cairo.set_line_width(to, 1);
    for (size_t i = 0; i < panel->mark_count; i++) {
        double at = can_be_drawn(panel->marks[i]) ? scale_place(x, panel->marks[i]) : NAN;
        if (!(at >= x->from && at <= x->to && at - last >= 0.5)) continue;
        cairo.move_to(to, at, top);
        cairo.line_to(to, at, bottom);
        cairo.stroke(to);
        last = at;
    }
}

static void draw_curve(cairo_t *to, const scale *x, const scale *y, const chart_curve *curve)
{
    bool drawing = false;
    draw_ink(to, curve->ink, 0.9);
    cairo.set_line_width(to, curve->width);
    cairo.set_line_join(to, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < curve->count; i++) {
        const chart_point *p = &curve->at[i];
        bool there = can_be_drawn(p->x) && can_be_drawn(p->y) && p->x >= x->low && p->x <= x->high;
        if (there && drawing) cairo.line_to(to, scale_place(x, p->x), scale_place(y, p->y));
        else if (there) cairo.move_to(to, scale_place(x, p->x), scale_place(y, p->y));
        drawing = there;
    }
    cairo.stroke(to);
}

static scale find_scale(const chart_panel *panel, double top, double bottom)
{
    scale y = {.low = NAN, .high = NAN};
    for (size_t c = 0; c < panel->curve_count; c++)
        for (size_t i = 0; i < panel->curves[c].count; i++) scale_widen(&y, panel->curves[c].at[i].y);
    scale_settle(&y, &(chart_axis){NULL, NAN, NAN}, 3);
    y.from = bottom;
    y.to = top;
    return y;
}

/* The panel's title, and what its curves are. */
static void draw_heading(cairo_t *to, const scale *x, const chart_panel *panel, double y)
{
    double at = x->from;
    draw_text(to, at, y, TEXT_LEFT, TONE_PLAIN, TEXT_SMALL, x->to - at, panel->label);
    at += text_width(to, TEXT_SMALL, panel->label) + 16;
    for (size_t i = 0; i < panel->curve_count; i++) {
        const chart_curve *curve = &panel->curves[i];
        draw_ink(to, curve->ink, 1);
        cairo.rectangle(to, at, y - 5, 12, 3);
        cairo.fill(to);
        draw_text(to, at + 16, y, TEXT_LEFT, TONE_FAINT, TEXT_SMALL, fmax(x->to - at - 16, 1), curve->label);
        at += 16 + text_width(to, TEXT_SMALL, curve->label) + 14;
    }
}

static void draw_panel(cairo_t *to, const scale *x, const chart_panel *panel, double top)
{
    char number[TICK_TEXT];
    double low = top + PANEL - GAP;
    scale y = find_scale(panel, top + 4, low);
    draw_heading(to, x, panel, top - 4);
    for (size_t i = 0; i < y.ticks; i++) {
        double at = scale_place(&y, y.tick[i]);
        draw_line(to, x->from, at, x->to, at, 0.92, 1);
        scale_number(&y, y.tick[i], number);
        draw_text(to, x->from - 6, at + 3.5, TEXT_RIGHT, TONE_FAINT, TEXT_SMALL, 0, number);
    }
    draw_marks(to, x, panel, top + 2, low);
    for (size_t i = 0; i < panel->curve_count; i++) draw_curve(to, x, &y, &panel->curves[i]);
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static double left_edge(cairo_t *to, const chart *c)
{
    double labels = c->timeline->panel_count ? 44 : 0;
    for (size_t i = 0; i < c->timeline->track_count; i++)
        labels = fmax(labels, text_width(to, TEXT_SMALL, c->timeline->tracks[i].label));
    return fmin(labels + GAP + 4, 0.3 * c->width);
}

static void draw_axis(cairo_t *to, const scale *x, const char *title, double bottom)
{
    char number[TICK_TEXT];
    draw_line(to, x->from, bottom, x->to, bottom, 0.7, 1);
    for (size_t i = 0; i < x->ticks; i++) {
        double at = scale_place(x, x->tick[i]);
        draw_line(to, at, bottom, at, bottom + 4, 0.7, 1);
        scale_number(x, x->tick[i], number);
        draw_text(to, at, bottom + 15, TEXT_MIDDLE, TONE_FAINT, TEXT_SMALL, 0, number);
    }
    if (title) draw_text(to, (x->from + x->to) / 2, bottom + 29, TEXT_MIDDLE, TONE_FAINT, TEXT_SMALL, 0, title);
}

void draw_timeline(cairo_t *to, const chart *c)
{
    const chart_timeline *t = c->timeline;
    scale x = {.low = t->x.low, .high = t->x.high};
    double y = TOP;
    scale_settle(&x, &t->x, 8);
    x.from = left_edge(to, c);
    x.to = fmax(c->width - RIGHT, x.from + 1);
    for (size_t i = 0; i < t->track_count; i++, y += TRACK) draw_track(to, &x, &t->tracks[i], y);
    if (t->track_count) y += GAP;
    for (size_t i = 0; i < t->panel_count; i++, y += PANEL_TITLE + PANEL)
        draw_panel(to, &x, &t->panels[i], y + PANEL_TITLE);
    draw_axis(to, &x, t->x.title, y);
}
