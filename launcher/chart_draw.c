#include "launcher/chart_draw.h"

#include "launcher/html.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool can_be_drawn(double x)
{
    return fabs(x) <= 1e30; /* false for NAN */
}

/* ---- scales ------------------------------------------------------------------------------------------------------ */

void scale_widen(scale *s, double value)
{
    if (!can_be_drawn(value)) return;
    s->low = fmin(s->low, value); /* fmin and fmax pass NAN over */
    s->high = fmax(s->high, value);
}

/* The smallest of 1, 2 and 5 times a power of ten that makes at most `most` steps of `length`. */
static double round_step(double length, size_t most)
{
    double rough = length / (double)most, power = pow(10, floor(log10(rough)));
    double times = rough / power;
    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static void place_ticks(scale *s, double step)
{
    double first = ceil(s->low / step - 1e-9);
    s->ticks = 0;
    while (s->ticks < TICKS_MAX) {
        double value = (first + (double)s->ticks) * step;
        if (value > s->high + 1e-9 * step) break;
        s->tick[s->ticks++] = value;
    }
    s->digits = step < 1 ? (int)fmin(ceil(-log10(step) - 1e-9), 12) : 0;
}

void scale_settle(scale *s, const chart_axis *axis, size_t most)
{
    bool low_given = can_be_drawn(axis->low), high_given = can_be_drawn(axis->high);
    if (!can_be_drawn(s->low)) s->low = 0, s->high = 1;
    if (low_given) s->low = axis->low;
    if (high_given) s->high = axis->high;
    double least = fmax(fabs(s->low), fabs(s->high)) * 1e-6; /* shorter, and steps would be lost in rounding */
    if (!(s->high - s->low > fmax(least, DBL_MIN))) {
        double middle = s->low, half = middle != 0 ? fabs(middle) / 10 : 0.5;
        s->low = middle - half;
        s->high = middle + half;
    }
    double step = round_step(s->high - s->low, most);
    if (!low_given) s->low = floor(s->low / step + 1e-9) * step;
    if (!high_given) s->high = ceil(s->high / step - 1e-9) * step;
    place_ticks(s, step);
}

double scale_place(const scale *s, double value)
{
    return s->from + (value - s->low) / (s->high - s->low) * (s->to - s->from);
}

void scale_number(const scale *s, double value, char out[TICK_TEXT])
{
    double size = fabs(value);
    bool plain = size < 1e6 && s->digits <= 6;
    if (size < 1e-12) value = 0; /* of a sum that does not quite cancel */
    const char *sign = value < 0 ? "\xE2\x88\x92" : "";
    snprintf(out, TICK_TEXT, plain ? "%s%.*f" : "%s%.*g", sign, plain ? s->digits : 4, fabs(value));
}

/* ---- ink --------------------------------------------------------------------------------------------------------- */

void draw_ink(cairo_t *to, chart_ink ink, double opacity)
{
    static const unsigned char COLORS[INK_COUNT][3] = {
        [INK_BLUE] = {0x00, 0x72, 0xB2},   [INK_ORANGE] = {0xD5, 0x5E, 0x00}, [INK_GREEN] = {0x00, 0x9E, 0x73},
        [INK_PURPLE] = {0xAA, 0x4A, 0x86}, [INK_AMBER] = {0xE6, 0x9F, 0x00},  [INK_SKY] = {0x56, 0xB4, 0xE9},
        [INK_GREY] = {0x7B, 0x87, 0x94},   [INK_PALE] = {0xC9, 0xD2, 0xDA},
    };
    const unsigned char *c = COLORS[ink < INK_COUNT ? ink : INK_GREY];
    cairo.set_source_rgba(to, c[0] / 255.0, c[1] / 255.0, c[2] / 255.0, opacity);
}

void draw_line(cairo_t *to, double x0, double y0, double x1, double y1, double grey, double width)
{
    cairo.set_source_rgb(to, grey, grey, grey);
    cairo.set_line_width(to, width);
    cairo.move_to(to, x0, y0);
    cairo.line_to(to, x1, y1);
    cairo.stroke(to);
}

void draw_dot(cairo_t *to, double x, double y, double radius)
{
    cairo.new_path(to);
    cairo.arc(to, x, y, radius, 0, 2 * M_PI);
    cairo.fill(to);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

enum { TEXT_BYTES = 256 };

/* At most `most` bytes of `text` that are whole characters, bytes that are none replaced; cairo takes nothing else. */
static void clean(const char *text, size_t most, char out[TEXT_BYTES])
{
    size_t used = 0;
    for (const char *at = text; *at && used < most;) {
        size_t length = utf8_length(at);
        const char *from = length ? at : "\xEF\xBF\xBD";
        size_t bytes = length ? length : 3;
        if (used + bytes > most) break;
        if (length == 1 && (unsigned char)*at < 0x20) from = " ";
        memcpy(out + used, from, bytes);
        used += bytes;
        at += length ? length : 1;
    }
    out[used] = '\0';
}

static void use_font(cairo_t *to, double size, text_tone tone)
{
    cairo.select_font_face(to, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           tone == TONE_STRONG ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo.set_font_size(to, size);
}

static double width_of(cairo_t *to, const char *cleaned)
{
    cairo_text_extents_t extents;
    cairo.text_extents(to, cleaned, &extents);
    return extents.x_advance;
}

double text_width(cairo_t *to, double size, const char *text)
{
    char cleaned[TEXT_BYTES];
    clean(text, TEXT_BYTES - 1, cleaned);
    use_font(to, size, TONE_PLAIN);
    return width_of(to, cleaned);
}

/* Takes characters off the end until the text and an ellipsis fit. */
static void cut(cairo_t *to, char text[TEXT_BYTES], double room)
{
    size_t length = strlen(text);
    if (length > TEXT_BYTES - 4) length = TEXT_BYTES - 4;
    while (length) {
        do length--;
        while (length && ((unsigned char)text[length] & 0xC0) == 0x80);
        memcpy(text + length, "\xE2\x80\xA6", 4);
        if (width_of(to, text) <= room) return;
    }
}

void draw_text(cairo_t *to, double x, double y, text_side side, text_tone tone, double size, double room,
               const char *text)
{
    static const double GREY[] = {[TONE_STRONG] = 0.13, [TONE_PLAIN] = 0.22, [TONE_FAINT] = 0.43};
    char cleaned[TEXT_BYTES];
    clean(text, TEXT_BYTES - 1, cleaned);
    use_font(to, size, tone);
    if (room > 0 && width_of(to, cleaned) > room) cut(to, cleaned, room);
    double width = width_of(to, cleaned), grey = GREY[tone];
    cairo.set_source_rgb(to, grey, grey, grey);
    cairo.move_to(to, side == TEXT_LEFT ? x : side == TEXT_MIDDLE ? x - width / 2 : x - width, y);
    cairo.show_text(to, cleaned);
    cairo.new_path(to);
}
