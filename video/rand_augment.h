/* rand_augment - RandAugment as PyTorchVideo draws it: a few of fourteen operations, one draw for a whole clip.
 *
 * `count` of the operations are drawn without replacement; each of them is done with `probability`, with a magnitude of
 * normal(magnitude, deviation) between 0 and 10, of which 10 is the most that it can do. Those with a direction go
 * either way. At magnitude 0 nothing changes, except by the four that know no magnitude or end elsewhere: autocontrast,
 * equalize, invert, posterize (which keeps 4 bits at 0, none at 10); solarize inverts pure white at 0.
 */
#ifndef MAGISTER_VIDEO_RAND_AUGMENT_H
#define MAGISTER_VIDEO_RAND_AUGMENT_H

#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>

typedef enum {
    AUGMENT_BRIGHTNESS, /* 1 +- .9 */
    AUGMENT_CONTRAST,
    AUGMENT_SATURATION,
    AUGMENT_SHARPNESS,
    AUGMENT_AUTOCONTRAST,
    AUGMENT_EQUALIZE,
    AUGMENT_INVERT,
    AUGMENT_ROTATE, /* +- 30 degrees */
    AUGMENT_POSTERIZE,
    AUGMENT_SOLARIZE,
    AUGMENT_SHEAR_X, /* +- .3 */
    AUGMENT_SHEAR_Y,
    AUGMENT_TRANSLATE_X, /* +- .45 of the side */
    AUGMENT_TRANSLATE_Y,
    AUGMENT_KINDS,
} augment_kind;

typedef struct {
    int count; /* 0 .. AUGMENT_KINDS; 0: none */
    double magnitude, deviation, probability;
} rand_augment;

typedef struct {
    augment_kind kind;
    double amount; /* 0 .. 1 of the most; with a direction -1 .. 1 */
} augment_operation;

/* How many operations were drawn, into `out` (AUGMENT_KINDS), in the order they are to be done. */
size_t rand_augment_draw(const rand_augment *options, rng *random, augment_operation *out);

/* Does it to a picture (height, width, 3) in place; `copy` is room for one. Sides up to 16384. */
void augment_apply(const augment_operation *what, uint8_t *rgb, size_t height, size_t width, uint8_t *copy);

const char *augment_name(augment_kind kind); /* "shear_x" */

#endif
