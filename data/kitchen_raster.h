/* kitchen_raster - inside this room: soft-edged shapes on a picture.
 *
 * A shape's edge is drawn by its distance from each pixel's centre, so that it stays smooth in the smallest pictures.
 * Only +, -, *, / and square roots of floats are used, which IEEE 754 rounds exactly, and sines of our own: the same
 * calls give the same picture whatever compiler and library (CMakeLists.txt forbids fused operations here).
 */
#ifndef MAGISTER_DATA_KITCHEN_RASTER_H
#define MAGISTER_DATA_KITCHEN_RASTER_H

#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>

enum { PICTURE_LEAST = 16, PICTURE_MOST = 512 };

typedef struct {
    int size;      /* side in pixels, PICTURE_LEAST .. PICTURE_MOST */
    float *planes; /* (3, size, size): red, green, blue, 0 .. 255; owned by the caller */
} canvas;

/* Where a shape's own coordinates (u right, v down) lie: x + xx u + xy v, y + yx u + yy v. */
typedef struct {
    float xx, xy, yx, yy, x, y;
} placement;

/* A place inside another: at (x, y), turned by `turn` turns clockwise, `scale` times as large. */
placement placement_inside(const placement *outer, float x, float y, float turn, float scale);

typedef enum {
    DISC, /* ellipse of radii w, h */
    BOX,  /* rounded corners, half sides w, h */
    ROD,  /* rounded ends: half length w along u, radius h */
    CONE, /* a rod that is thick at -w and thin at +w */
    RING, /* the outline of the ellipse */
} form;

typedef enum { PLAIN, STRIPED, DOTTED, ROUGH } texture;

typedef struct {
    form form;
    texture texture;
    float x, y, w, h, turn;
    uint32_t colour; /* 0xRRGGBB */
} part;

/* Draws a shape, its colour multiplied by `tint` (red, green, blue), over what is there with `opacity` 0 .. 1. */
void canvas_part(canvas *c, const placement *at, const part *shape, const float tint[3], float opacity);

/* Noise of a camera: `count` values of this deviation (of 255), near enough to normal ones. */
void grain_fill(rng *source, float deviation, int8_t *out, size_t count);

/* The picture as packed RGB (size, size, 3): each value times its light (size, size) and its channel's gain, with grain
 * (3, size, size) on it. */
void canvas_develop(const canvas *c, const float *light, const float gain[3], const int8_t *grain, uint8_t *rgb);

/* sin of `turns` full turns, to 0.002. */
float wave(float turns);

#endif
