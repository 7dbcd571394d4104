/* chart - small charts for a page: described as data, drawn once, given as SVG or PNG.
 *
 * A chart is a plot (two axes), rows (one value a row, with an interval or as a bar), a grid (numbers as squares of
 * their area), or a timeline (coloured spans above curves, over one axis). Sizes are in pixels; a PNG has PNG_SCALE
 * pixels for each. Strings and arrays are borrowed for the call; text is UTF-8 (other bytes become U+FFFD) and is cut
 * with an ellipsis where it has no room.
 *
 * Values that are NAN, infinite or beyond 1e30 are left out; a chart without values is its empty frame. Axes end at
 * round numbers. Inks are from the palette of Okabe and Ito (2008), which colour-blind readers can tell apart.
 */
#ifndef MAGISTER_LAUNCHER_CHART_H
#define MAGISTER_LAUNCHER_CHART_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { PNG_SCALE = 2 };

typedef enum {
    INK_BLUE,
    INK_ORANGE,
    INK_GREEN,
    INK_PURPLE,
    INK_AMBER,
    INK_SKY,
    INK_GREY,
    INK_PALE,
    INK_COUNT
} chart_ink;

/* ---- plot -------------------------------------------------------------------------------------------------------- */

typedef struct {
    double x, y;
    double size; /* of a bubble: its area, in any unit */
} chart_point;

typedef enum {
    SERIES_LINE,
    SERIES_DOTTED_LINE, /* a line with a dot at every point */
    SERIES_GUIDE,       /* a thin dashed line that is no data */
    SERIES_COLUMNS,     /* from 0 to y, `width` wide, x in the middle */
    SERIES_BUBBLES,
    SERIES_RINGS, /* a circle around each point */
} series_form;

typedef struct {
    series_form form;
    chart_ink ink;
    bool right;            /* measured on the right axis */
    double width;          /* of columns, in units of x */
    const char *label;     /* in the legend, once; NULL: not there */
    const chart_point *at; /* (count) */
    size_t count;
} chart_series;

typedef struct {
    const char *title; /* NULL: none */
    double low, high;  /* NAN: as the values need */
} chart_axis;

typedef struct {
    chart_axis x, left, right; /* the right one is drawn when a series is measured on it */
    const chart_series *series;
    size_t count;
} chart_plot;

/* ---- rows -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *label;
    const char *note;        /* at the right edge; NULL: none */
    double value, low, high; /* low and high NAN: no interval; value NAN: the label is a heading */
    chart_ink ink;
} chart_row;

typedef struct {
    chart_axis axis;
    bool bars; /* from 0 to the value; otherwise a dot */
    bool zero; /* the axis takes in 0 where its values lie on one side of it; with bars it always does */
    const chart_row *at;
    size_t count;
} chart_rows;

/* ---- grid -------------------------------------------------------------------------------------------------------- */

typedef struct {
    double amount;
    chart_ink ink;
    const char *text, *note; /* beside the square: large, and small below it */
} chart_cell;

typedef struct {
    const char *const *row_labels;    /* (rows) "first line\nsecond line" */
    const char *const *column_labels; /* (columns) */
    const chart_cell *cells;          /* (rows, columns) */
    size_t rows, columns;
} chart_grid;

/* ---- timeline ---------------------------------------------------------------------------------------------------- */

typedef struct {
    double from, to;
    unsigned char rgb[3];
} chart_span;

/* A row of spans, by rising `from`. */
typedef struct {
    const char *label;
    const chart_span *at; /* (count) */
    size_t count;
} chart_track;

typedef struct {
    chart_ink ink;
    double width; /* of the line, in pixels */
    const char *label;
    const chart_point *at; /* (count) by rising x */
    size_t count;
} chart_curve;

/* Curves over the same axis, with upright lines at the marks. */
typedef struct {
    const char *label;
    const chart_curve *curves; /* (curve_count) */
    const double *marks;       /* (mark_count) rising */
    size_t curve_count, mark_count;
} chart_panel;

typedef struct {
    chart_axis x;              /* low and high are given */
    const chart_track *tracks; /* (track_count) top one first, above the panels */
    const chart_panel *panels; /* (panel_count) */
    size_t track_count, panel_count;
} chart_timeline;

/* ---- drawing ----------------------------------------------------------------------------------------------------- */

/* Exactly one of plot, rows, grid and timeline is not NULL. */
typedef struct {
    double width, height; /* height 0: as its rows need */
    const chart_plot *plot;
    const chart_rows *rows;
    const chart_grid *grid;
    const chart_timeline *timeline;
} chart;

typedef enum { CHART_SVG, CHART_PNG } chart_form;

/* Whole pixels: the height of a chart that leaves it to its rows. */
double chart_height(const chart *c);

/* The same chart gives the same bytes. `*out` is new memory, freed by the caller. Errors: ERR_MISSING without cairo;
 * ERR_INTERNAL for sides outside 1 .. 8192; ERR_MEMORY. */
status chart_render(const chart *c, chart_form form, char **out, size_t *count);

#endif
