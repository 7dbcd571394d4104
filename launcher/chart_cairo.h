/* chart_cairo - cairo, opened when the first picture is drawn and not before.
 *
 * Linking it would bring some twenty libraries (fonts, X11) into every start of `magister`, 5 ms on top of 3; so its
 * functions are looked up at run time and called as cairo.move_to(...). They are checked against cairo.h as if they
 * were linked. Opening is not for several threads at once.
 */
#ifndef MAGISTER_LAUNCHER_CHART_CAIRO_H
#define MAGISTER_LAUNCHER_CHART_CAIRO_H

#include "base/status.h"

#include <cairo-svg.h>
#include <cairo.h>

// clang-format off
#define CAIRO_FUNCTIONS(X)                                                                                             \
    X(arc) X(clip) X(close_path) X(create) X(destroy) X(fill) X(fill_preserve) X(font_options_create)                  \
    X(font_options_destroy) X(font_options_set_hint_metrics) X(font_options_set_hint_style)                            \
    X(image_surface_create) X(line_to) X(move_to) X(new_path) X(paint) X(rectangle) X(restore) X(rotate) X(save)       \
    X(scale) X(select_font_face) X(set_dash) X(set_font_options) X(set_font_size) X(set_line_cap) X(set_line_join)     \
    X(set_line_width) X(set_source_rgb) X(set_source_rgba) X(show_text) X(status) X(status_to_string) X(stroke)        \
    X(surface_destroy) X(surface_finish) X(surface_status) X(surface_write_to_png_stream)                              \
    X(svg_surface_create_for_stream) X(svg_surface_set_document_unit) X(text_extents) X(translate)
// clang-format on

#define CAIRO_FIELD(name) __typeof__(&cairo_##name) name;
typedef struct {
    CAIRO_FUNCTIONS(CAIRO_FIELD)
} cairo_functions;
#undef CAIRO_FIELD

extern cairo_functions cairo;

/* To be called before the first use; does nothing the second time. Errors: ERR_MISSING names the library to install. */
status cairo_open(void);

#endif
