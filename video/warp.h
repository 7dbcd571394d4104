/* warp - a picture turned, sheared or moved, bilinear, what comes in from outside filled with grey.
 *
 * torchvision's affine on uint8 tensors with a fill, within one level; so pixels at the picture's edge are blended as
 * there, with the part of the picture counted twice.
 */
#ifndef MAGISTER_VIDEO_WARP_H
#define MAGISTER_VIDEO_WARP_H

#include <stddef.h>
#include <stdint.h>

/* Where a pixel of the result comes from: x = xx * x' + xy * y' + x0, y likewise; from the picture's middle, in pixels,
 * x to the right and y down. */
typedef struct {
    double xx, xy, x0;
    double yx, yy, y0;
} warp;

warp warp_rotate(double degrees);            /* counterclockwise */
warp warp_shear_x(double by, size_t height); /* rows move left by `by` for each row from the top on */
warp warp_shear_y(double by, size_t width);
warp warp_translate(double right, double down); /* pixels */

/* (height, width, 3) in place; `copy` is room for the picture; fill 0 .. 255. Sides up to 16384. */
void warp_apply(const warp *w, uint8_t *rgb, size_t height, size_t width, double fill, uint8_t *copy);

#endif
