#include "launcher/chart.h"

#include "launcher/chart_draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double SIDE_MAX = 8192;

double chart_height(const chart *c)
{
    if (c->height > 0) return c->height;
    if (c->rows) return rows_height(c->rows);
    if (c->timeline) return timeline_height(c->timeline);
    return c->grid ? grid_height(c->grid) : 0;
}

/* Hints would move text to whole pixels of one size of picture; without them SVG and PNG are laid out alike. */
static void choose_font(cairo_t *to)
{
    cairo_font_options_t *options = cairo.font_options_create();
    cairo.font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo.font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo.set_font_options(to, options);
    cairo.font_options_destroy(options);
}

static void draw(cairo_t *to, const chart *c)
{
    choose_font(to);
    cairo.set_source_rgb(to, 1, 1, 1);
    cairo.paint(to);
    if (c->plot) draw_plot(to, c);
    if (c->rows) draw_rows(to, c);
    if (c->grid) draw_grid(to, c);
    if (c->timeline) draw_timeline(to, c);
}

static cairo_status_t take_bytes(void *file, const unsigned char *bytes, unsigned count)
{
    return fwrite(bytes, 1, count, file) == count ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_surface_t *make_surface(chart_form form, double width, double height, FILE *to)
{
    if (form == CHART_PNG)
        return cairo.image_surface_create(CAIRO_FORMAT_RGB24, PNG_SCALE * (int)width, PNG_SCALE * (int)height);
    cairo_surface_t *surface = cairo.svg_surface_create_for_stream(take_bytes, to, width, height);
    cairo.svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    return surface;
}

static status finish(cairo_t *to, cairo_surface_t *surface, chart_form form, FILE *file)
{
    cairo_status_t how = cairo.status(to);
    if (how == CAIRO_STATUS_SUCCESS && form == CHART_PNG)
        how = cairo.surface_write_to_png_stream(surface, take_bytes, file);
    cairo.surface_finish(surface);
    if (how == CAIRO_STATUS_SUCCESS) how = cairo.surface_status(surface);
    return how == CAIRO_STATUS_SUCCESS ? OK : FAIL(ERR_MEMORY, "cairo cannot draw: %s", cairo.status_to_string(how));
}

/* cairo 1.16 numbers the surfaces of a process, and the number stands in the file: it would tell how many pictures came
 * before. */
static size_t forget_number(char *svg, size_t length)
{
    static const char NAME[] = "<g id=\"surface";
    char *number = strstr(svg, NAME);
    if (!number || strstr(svg, "#surface")) return length;
    number += sizeof NAME - 1;
    size_t digits = strspn(number, "0123456789");
    memmove(number, number + digits, strlen(number + digits) + 1);
    return length - digits;
}

status chart_render(const chart *c, chart_form form, char **out, size_t *count)
{
    status st = OK;
    char *bytes = NULL;
    size_t length = 0;
    FILE *file = NULL;
    cairo_surface_t *surface = NULL;
    cairo_t *to = NULL;
    double width = floor(c->width), height = ceil(chart_height(c));
    if (!(width >= 1 && width <= SIDE_MAX && height >= 1 && height <= SIDE_MAX))
        TRY(FAIL(ERR_INTERNAL, "a chart cannot be %g x %g pixels", width, height));
    TRY(cairo_open());
    file = open_memstream(&bytes, &length);
    if (!file) TRY(FAIL(ERR_MEMORY, "no memory for a chart"));
    surface = make_surface(form, width, height, file);
    to = cairo.create(surface);
    if (form == CHART_PNG) cairo.scale(to, PNG_SCALE, PNG_SCALE);
    draw(to, c);
    TRY(finish(to, surface, form, file));
    int failed = fclose(file);
    file = NULL;
    if (failed) TRY(FAIL(ERR_MEMORY, "no memory for a chart"));
    *count = form == CHART_SVG ? forget_number(bytes, length) : length;
    *out = bytes;
    bytes = NULL;
done:
    if (to) cairo.destroy(to);
    if (surface) cairo.surface_destroy(surface);
    if (file) fclose(file);
    free(bytes);
    return st;
}
