#include "video/rand_augment.h"

#include "video/colors.h"
#include "video/warp.h"

#include <math.h>
#include <stdbool.h>

static const double MAGNITUDE_MOST = 10, FILL = 127.5;
static const double FACTOR = 0.9, DEGREES = 30, SHEAR = 0.3, TRANSLATE = 0.45; /* the most of each */
enum { POSTERIZE_BITS = 4, TOP = 255 };

static const char *const NAMES[AUGMENT_KINDS] = {
    "brightness", "contrast",  "saturation", "sharpness", "autocontrast", "equalize",    "invert",
    "rotate",     "posterize", "solarize",   "shear_x",   "shear_y",      "translate_x", "translate_y",
};

const char *augment_name(augment_kind kind)
{
    return NAMES[kind];
}

static bool has_direction(augment_kind kind)
{
    switch (kind) {
    case AUGMENT_AUTOCONTRAST:
    case AUGMENT_EQUALIZE:
    case AUGMENT_INVERT:
    case AUGMENT_POSTERIZE:
    case AUGMENT_SOLARIZE: return false;
    default: return true;
    }
}

size_t rand_augment_draw(const rand_augment *options, rng *random, augment_operation *out)
{
    size_t order[AUGMENT_KINDS], drawn = 0;
    for (size_t i = 0; i < AUGMENT_KINDS; i++) order[i] = i;
    rng_shuffle(random, order, AUGMENT_KINDS);
    for (int i = 0; i < options->count && i < AUGMENT_KINDS; i++) {
        augment_kind kind = (augment_kind)order[i];
        double magnitude = options->magnitude + options->deviation * rng_normal(random);
        double amount = fmin(fmax(magnitude, 0), MAGNITUDE_MOST) / MAGNITUDE_MOST;
        bool back = rng_uniform(random) < 0.5 && has_direction(kind);
        if (rng_uniform(random) < options->probability)
            out[drawn++] = (augment_operation){kind, back ? -amount : amount};
    }
    return drawn;
}

static void bend(warp how, uint8_t *rgb, size_t height, size_t width, uint8_t *copy)
{
    warp_apply(&how, rgb, height, width, FILL, copy);
}

void augment_apply(const augment_operation *what, uint8_t *rgb, size_t height, size_t width, uint8_t *copy)
{
    const double amount = what->amount, factor = 1 + FACTOR * amount;
    size_t pixels = height * width;
    switch (what->kind) {
    case AUGMENT_BRIGHTNESS: color_brightness(rgb, pixels, factor); break;
    case AUGMENT_CONTRAST: color_contrast(rgb, pixels, factor); break;
    case AUGMENT_SATURATION: color_saturation(rgb, pixels, factor); break;
    case AUGMENT_SHARPNESS: color_sharpness(rgb, height, width, factor, copy); break;
    case AUGMENT_AUTOCONTRAST: color_autocontrast(rgb, pixels); break;
    case AUGMENT_EQUALIZE: color_equalize(rgb, pixels); break;
    case AUGMENT_INVERT: color_invert(rgb, pixels); break;
    case AUGMENT_POSTERIZE: color_posterize(rgb, pixels, POSTERIZE_BITS - (int)(POSTERIZE_BITS * amount)); break;
    case AUGMENT_SOLARIZE: color_solarize(rgb, pixels, TOP * (1 - amount)); break;
    case AUGMENT_ROTATE: bend(warp_rotate(DEGREES * amount), rgb, height, width, copy); break;
    case AUGMENT_SHEAR_X: bend(warp_shear_x(SHEAR * amount, height), rgb, height, width, copy); break;
    case AUGMENT_SHEAR_Y: bend(warp_shear_y(SHEAR * amount, width), rgb, height, width, copy); break;
    case AUGMENT_TRANSLATE_X:
        bend(warp_translate(TRANSLATE * amount * (double)width, 0), rgb, height, width, copy);
        break;
    case AUGMENT_TRANSLATE_Y:
        bend(warp_translate(0, TRANSLATE * amount * (double)height), rgb, height, width, copy);
        break;
    case AUGMENT_KINDS: break;
    }
}
