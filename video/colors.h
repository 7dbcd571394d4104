/* colors - changes of a picture's colours, in place: (pixels, 3) bytes.
 *
 * They are torchvision's (transforms.v2.functional on uint8 tensors) within one level; what looks at a whole picture
 * (contrast, autocontrast, equalize) looks at one frame, not at a clip. A factor of 1 changes nothing, 0 gives black,
 * grey of the mean, shades of grey, or a blurred picture.
 */
#ifndef MAGISTER_VIDEO_COLORS_H
#define MAGISTER_VIDEO_COLORS_H

#include <stddef.h>
#include <stdint.h>

void color_brightness(uint8_t *rgb, size_t pixels, double factor);
void color_contrast(uint8_t *rgb, size_t pixels, double factor);
void color_saturation(uint8_t *rgb, size_t pixels, double factor);
void color_hue(uint8_t *rgb, size_t pixels, double shift); /* in turns, -0.5 .. 0.5 */
void color_invert(uint8_t *rgb, size_t pixels);
void color_posterize(uint8_t *rgb, size_t pixels, int bits);        /* keeps the highest `bits`, 0 .. 8 */
void color_solarize(uint8_t *rgb, size_t pixels, double threshold); /* inverts values from it on, 0 .. 255 */
void color_autocontrast(uint8_t *rgb, size_t pixels);               /* each channel from 0 to 255 */
void color_equalize(uint8_t *rgb, size_t pixels);                   /* of each channel's histogram */

/* Needs neighbours: `copy` is room for the picture (height, width, 3). Its border stays as it is. */
void color_sharpness(uint8_t *rgb, size_t height, size_t width, double factor, uint8_t *copy);

#endif
