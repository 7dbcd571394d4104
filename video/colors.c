#include "video/colors.h"

#include <math.h>
#include <string.h>

enum { RGB = 3, LEVELS = 256, TOP = 255 };

/* Brightness of a pixel in parts of 65536: torchvision's .2989, .587, .114. */
enum { RED_PART = 19589, GREEN_PART = 38470, BLUE_PART = 7471 };

/* A pixel's value becomes another one, whatever stands beside it. */
typedef struct {
    uint8_t of[RGB][LEVELS];
} color_table;

static uint8_t clamped(float x)
{
    return (uint8_t)(x < 0 ? 0 : x > TOP ? TOP : x); /* cut off, as torchvision does */
}

static void table_apply(const color_table *table, uint8_t *rgb, size_t pixels)
{
    for (size_t i = 0; i < pixels; i++, rgb += RGB) {
        rgb[0] = table->of[0][rgb[0]];
        rgb[1] = table->of[1][rgb[1]];
        rgb[2] = table->of[2][rgb[2]];
    }
}

/* The same for all channels. */
static void values_apply(const uint8_t values[LEVELS], uint8_t *rgb, size_t pixels)
{
    for (size_t i = 0; i < pixels * RGB; i++) rgb[i] = values[rgb[i]];
}

static int grey_of(const uint8_t *rgb)
{
    return (rgb[0] * RED_PART + rgb[1] * GREEN_PART + rgb[2] * BLUE_PART) >> 16;
}

/* ---- one table for all channels ---------------------------------------------------------------------------------- */

/* factor x value + (1 - factor) x other */
static void blend_with(uint8_t *rgb, size_t pixels, double factor, double other)
{
    uint8_t values[LEVELS];
    float by = (float)factor, add = (float)other * (float)(1 - factor);
    for (int i = 0; i < LEVELS; i++) values[i] = clamped((float)i * by + add);
    values_apply(values, rgb, pixels);
}

void color_brightness(uint8_t *rgb, size_t pixels, double factor)
{
    blend_with(rgb, pixels, factor, 0);
}

void color_contrast(uint8_t *rgb, size_t pixels, double factor)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < pixels; i++) sum += (uint64_t)grey_of(rgb + RGB * i);
    if (pixels) blend_with(rgb, pixels, factor, (double)sum / (double)pixels);
}

void color_invert(uint8_t *rgb, size_t pixels)
{
    for (size_t i = 0; i < pixels * RGB; i++) rgb[i] = (uint8_t)(TOP - rgb[i]);
}

void color_posterize(uint8_t *rgb, size_t pixels, int bits)
{
    const uint8_t mask = (uint8_t)(TOP << (8 - bits));
    for (size_t i = 0; i < pixels * RGB; i++) rgb[i] &= mask;
}

void color_solarize(uint8_t *rgb, size_t pixels, double threshold)
{
    uint8_t values[LEVELS];
    for (int i = 0; i < LEVELS; i++) values[i] = (uint8_t)(i >= threshold ? TOP - i : i);
    values_apply(values, rgb, pixels);
}

/* ---- a table for each channel ------------------------------------------------------------------------------------ */

static void count_values(const uint8_t *rgb, size_t pixels, size_t counts[RGB][LEVELS])
{
    memset(counts, 0, RGB * sizeof *counts);
    for (size_t i = 0; i < pixels; i++, rgb += RGB) {
        counts[0][rgb[0]]++;
        counts[1][rgb[1]]++;
        counts[2][rgb[2]]++;
    }
}

static void stretch_channel(const size_t counts[LEVELS], uint8_t values[LEVELS])
{
    int least = 0, most = TOP;
    while (least < TOP && !counts[least]) least++;
    while (most > least && !counts[most]) most--;
    float step = most > least ? (float)(most - least) * (1.0f / TOP) : 1;
    float zero = most > least ? (float)least : 0;
    for (int i = 0; i < LEVELS; i++) values[i] = clamped(((float)i - zero) / step);
}

void color_autocontrast(uint8_t *rgb, size_t pixels)
{
    size_t counts[RGB][LEVELS];
    color_table table;
    count_values(rgb, pixels, counts);
    for (int c = 0; c < RGB; c++) stretch_channel(counts[c], table.of[c]);
    table_apply(&table, rgb, pixels);
}

/* Pillow's: `step` pixels a level, without those of the largest value. */
static void equalize_channel(const size_t counts[LEVELS], size_t pixels, uint8_t values[LEVELS])
{
    int most = TOP;
    while (most > 0 && !counts[most]) most--;
    size_t step = (pixels - counts[most]) / TOP, sum = step / 2;
    for (int i = 0; i < LEVELS; i++) {
        size_t level = step ? sum / step : (size_t)i;
        values[i] = (uint8_t)(level < TOP ? level : TOP);
        sum += counts[i];
    }
}

void color_equalize(uint8_t *rgb, size_t pixels)
{
    size_t counts[RGB][LEVELS];
    color_table table;
    count_values(rgb, pixels, counts);
    for (int c = 0; c < RGB; c++) equalize_channel(counts[c], pixels, table.of[c]);
    table_apply(&table, rgb, pixels);
}

/* ---- pixels ------------------------------------------------------------------------------------------------------ */

static uint8_t clamped_whole(int x)
{
    return (uint8_t)(x < 0 ? 0 : x > TOP ? TOP : x);
}

enum { BLEND_BITS = 14 };

static int blend_part(double factor)
{
    return (int)lround(factor * (1 << BLEND_BITS));
}

void color_saturation(uint8_t *rgb, size_t pixels, double factor)
{
    const int by = blend_part(factor), rest = (1 << BLEND_BITS) - by;
    for (size_t i = 0; i < pixels; i++, rgb += RGB) {
        int grey = grey_of(rgb) * rest;
        for (int c = 0; c < RGB; c++) rgb[c] = clamped_whole((rgb[c] * by + grey) >> BLEND_BITS);
    }
}

/* Where on the circle of colours, in sixths of a turn, 0 .. 6. `range`: largest less smallest, not 0. */
static float sixths_of(const uint8_t *rgb, int most, float range)
{
    if (most == rgb[0]) {
        float at = (float)(rgb[1] - rgb[2]) / range;
        return at < 0 ? at + 6 : at;
    }
    if (most == rgb[1]) return 2 + (float)(rgb[2] - rgb[0]) / range;
    return 4 + (float)(rgb[0] - rgb[1]) / range;
}

/* How strong a primary colour is, `away` sixths from the hue: 1 near it, falling to 0. */
static float strength(float away)
{
    if (away >= 6) away -= 6;
    float distance = fabsf(away - 3); /* 3 at the colour itself, 0 opposite of it */
    return fminf(fmaxf(distance - 1, 0), 1);
}

void color_hue(uint8_t *rgb, size_t pixels, double shift)
{
    const float by = (float)(6 * (shift - floor(shift)));
    for (size_t i = 0; i < pixels; i++, rgb += RGB) {
        int most = rgb[0] > rgb[1] ? rgb[0] : rgb[1], least = rgb[0] < rgb[1] ? rgb[0] : rgb[1];
        most = most > rgb[2] ? most : rgb[2];
        least = least < rgb[2] ? least : rgb[2];
        if (most == least) continue;
        float range = (float)(most - least), hue = sixths_of(rgb, most, range) + by;
        if (hue >= 6) hue -= 6;
        const float away[RGB] = {hue, hue + 4, hue + 2};
        for (int c = 0; c < RGB; c++) rgb[c] = (uint8_t)((float)least + range * strength(away[c]) + 0.5f);
    }
}

/* ---- neighbours -------------------------------------------------------------------------------------------------- */

/* 65536 / 13 rounded: the middle counts five times among nine pixels, which are 13 parts. */
enum { MIDDLE = 5, PART = 5041 };

static void sharpen_row(const uint8_t *above, const uint8_t *row, const uint8_t *below, size_t count, int rest,
                        uint8_t *out)
{
    for (size_t i = RGB; i + RGB < count; i++) {
        int sum = above[i - RGB] + above[i] + above[i + RGB] + row[i - RGB] + row[i + RGB] + below[i - RGB] + below[i] +
                  below[i + RGB] + MIDDLE * row[i];
        int blurred = (sum * PART + (1 << 15)) >> 16;
        out[i] = clamped_whole(((row[i] << BLEND_BITS) + rest * (blurred - row[i])) >> BLEND_BITS);
    }
}

void color_sharpness(uint8_t *rgb, size_t height, size_t width, double factor, uint8_t *copy)
{
    size_t stride = RGB * width;
    const int rest = (1 << BLEND_BITS) - blend_part(factor);
    if (height < 3 || width < 3) return;
    memcpy(copy, rgb, height * stride);
    for (size_t y = 1; y + 1 < height; y++) {
        const uint8_t *row = copy + y * stride;
        sharpen_row(row - stride, row, row + stride, stride, rest, rgb + y * stride);
    }
}
