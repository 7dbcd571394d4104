/* Rows: a label, a dot with its interval or a bar, and a note at the right edge. */
#include "launcher/chart_draw.h"

#include <math.h>

static const double ROW = 21, TOP = 6, AXIS = 22, TITLE = 16, GAP = 10;

double rows_height(const chart_rows *rows)
{
    return TOP + ROW * (double)(rows->count ? rows->count : 1) + AXIS + (rows->axis.title ? TITLE : 0);
}

static bool is_heading(const chart_row *row)
{
    return !can_be_drawn(row->value);
}

static scale find_scale(const chart_rows *rows)
{
    scale x = {.low = NAN, .high = NAN};
    for (size_t i = 0; i < rows->count; i++) {
        if (is_heading(&rows->at[i])) continue;
        scale_widen(&x, rows->at[i].value);
        scale_widen(&x, rows->at[i].low);
        scale_widen(&x, rows->at[i].high);
        if (rows->bars || rows->zero) scale_widen(&x, 0);
    }
    scale_settle(&x, &rows->axis, 6);
    return x;
}

static void find_columns(cairo_t *to, const chart *c, scale *x)
{
    double labels = 0, notes = 0;
    for (size_t i = 0; i < c->rows->count; i++) {
        const chart_row *row = &c->rows->at[i];
        if (!is_heading(row)) labels = fmax(labels, text_width(to, TEXT_SIZE, row->label));
        if (row->note) notes = fmax(notes, text_width(to, TEXT_SMALL, row->note));
    }
    x->from = fmin(labels + GAP + 4, 0.45 * c->width);
    x->to = fmax(c->width - fmin(notes + (notes > 0 ? GAP : 0), 0.4 * c->width) - GAP, x->from + 1);
}

static void draw_axis(cairo_t *to, const chart *c, const scale *x, double bottom)
{
    char number[TICK_TEXT];
    for (size_t i = 0; i < x->ticks; i++) {
        double at = scale_place(x, x->tick[i]);
        bool zero = fabs(x->tick[i]) < 1e-9 * (x->high - x->low);
        draw_line(to, at, TOP, at, bottom, zero && x->low < 0 ? 0.55 : 0.92, 1);
        scale_number(x, x->tick[i], number);
        draw_text(to, at, bottom + 14, TEXT_MIDDLE, TONE_FAINT, TEXT_SMALL, 0, number);
    }
    if (c->rows->axis.title)
        draw_text(to, (x->from + x->to) / 2, chart_height(c) - 5, TEXT_MIDDLE, TONE_FAINT, TEXT_SMALL,
                  c->width - 2 * GAP, c->rows->axis.title);
}

static void draw_bar(cairo_t *to, const scale *x, const chart_row *row, double y)
{
    double zero = scale_place(x, fmin(fmax(0, x->low), x->high)), end = scale_place(x, row->value);
    draw_ink(to, row->ink, 0.85);
    cairo.rectangle(to, fmin(zero, end), y - 6, fmax(fabs(end - zero), 1), 12);
    cairo.fill(to);
}

static void draw_interval(cairo_t *to, const scale *x, const chart_row *row, double y)
{
    if (!can_be_drawn(row->low) || !can_be_drawn(row->high)) return;
    draw_ink(to, row->ink, 0.55);
    cairo.set_line_width(to, 3);
    cairo.set_line_cap(to, CAIRO_LINE_CAP_ROUND);
    cairo.move_to(to, scale_place(x, row->low), y);
    cairo.line_to(to, scale_place(x, row->high), y);
    cairo.stroke(to);
    cairo.set_line_cap(to, CAIRO_LINE_CAP_BUTT);
}

static void draw_row(cairo_t *to, const chart *c, const scale *x, const chart_row *row, double y)
{
    double right = c->width - 4;
    if (is_heading(row)) {
        draw_text(to, 4, y + 6, TEXT_LEFT, TONE_FAINT, TEXT_SMALL, c->width - 8, row->label);
        return;
    }
    draw_text(to, x->from - GAP, y + 4, TEXT_RIGHT, TONE_PLAIN, TEXT_SIZE, x->from - GAP - 2, row->label);
    if (c->rows->bars) draw_bar(to, x, row, y);
    draw_interval(to, x, row, y);
    draw_ink(to, row->ink, 1);
    if (!c->rows->bars) draw_dot(to, scale_place(x, row->value), y, 4.2);
    if (row->note) draw_text(to, right, y + 4, TEXT_RIGHT, TONE_FAINT, TEXT_SMALL, right - x->to - GAP / 2, row->note);
}

void draw_rows(cairo_t *to, const chart *c)
{
    double bottom = chart_height(c) - AXIS - (c->rows->axis.title ? TITLE : 0);
    scale x = find_scale(c->rows);
    find_columns(to, c, &x);
    draw_axis(to, c, &x, bottom);
    for (size_t i = 0; i < c->rows->count; i++) draw_row(to, c, &x, &c->rows->at[i], TOP + ROW * ((double)i + 0.5));
}
