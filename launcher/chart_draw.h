/* chart_draw - what the kinds of charts have in common: ink, text, axes. Private to the charts. */
#ifndef MAGISTER_LAUNCHER_CHART_DRAW_H
#define MAGISTER_LAUNCHER_CHART_DRAW_H

#include "launcher/chart.h"
#include "launcher/chart_cairo.h"

enum { TICKS_MAX = 16, TICK_TEXT = 32 };

typedef enum { TEXT_LEFT, TEXT_MIDDLE, TEXT_RIGHT } text_side;
typedef enum { TONE_STRONG, TONE_PLAIN, TONE_FAINT } text_tone;

static const double TEXT_SIZE = 12, TEXT_SMALL = 11;

/* Whether a value can stand in a chart. */
bool can_be_drawn(double x);

/* ---- a scale: values onto pixels --------------------------------------------------------------------------------- */

typedef struct {
    double low, high;       /* values at the ends; low < high */
    double from, to;        /* pixels there */
    double tick[TICKS_MAX]; /* (ticks) round values inside */
    size_t ticks;
    int digits; /* after the point, of a tick's number */
} scale;

/* Takes a value into low .. high; to begin with both are NAN. */
void scale_widen(scale *s, double value);

/* Fixes both ends (`axis` may give one or both; without values 0 .. 1), on round numbers where the axis gives none, and
 * about `most` ticks. */
void scale_settle(scale *s, const chart_axis *axis, size_t most);

double scale_place(const scale *s, double value);

/* A tick's number, with a real minus sign. */
void scale_number(const scale *s, double value, char out[TICK_TEXT]);

/* ---- ink and text ------------------------------------------------------------------------------------------------ */

void draw_ink(cairo_t *to, chart_ink ink, double opacity);
void draw_line(cairo_t *to, double x0, double y0, double x1, double y1, double grey, double width);
void draw_dot(cairo_t *to, double x, double y, double radius);

/* `y` is the base line. Text wider than `room` is cut (room 0: as wide as it is). */
void draw_text(cairo_t *to, double x, double y, text_side side, text_tone tone, double size, double room,
               const char *text);
double text_width(cairo_t *to, double size, const char *text);

/* ---- the kinds --------------------------------------------------------------------------------------------------- */

void draw_plot(cairo_t *to, const chart *c);
void draw_rows(cairo_t *to, const chart *c);
void draw_grid(cairo_t *to, const chart *c);
void draw_timeline(cairo_t *to, const chart *c);

double rows_height(const chart_rows *rows);
double grid_height(const chart_grid *grid);
double timeline_height(const chart_timeline *timeline);

#endif
