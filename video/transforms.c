#include "video/transforms.h"

#include "video/colors.h"
#include "video/resample.h"

#include <stdlib.h>

enum { RGB = 3 };

struct transform {
    transform_options options;
    resample_axis across, down;
    int16_t *row; /* (row_room) between the passes of resample */
    size_t row_room;
    uint8_t *copy; /* (size, size, 3) */
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

status transform_open(const transform_options *options, transform **out)
{
    status st = OK;
    transform *t = NULL;

    TRY(transform_options_check(options));
    t = calloc(1, sizeof *t);
    if (!t) TRY(FAIL(ERR_MEMORY, "no memory to transform clips"));
    t->options = *options;
    t->copy = malloc(transform_bytes(options, 1));
    if (!t->copy) TRY(FAIL(ERR_MEMORY, "no memory to transform pictures of %d x %d", options->size, options->size));
    *out = t;
    t = NULL;
done:
    transform_close(&t);
    return st;
}

void transform_close(transform **at)
{
    transform *t = at ? *at : NULL;
    if (!t) return;
    resample_axis_free(&t->across);
    resample_axis_free(&t->down);
    free(t->row);
    free(t->copy);
    free(t);
    *at = NULL;
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

static status plan_axes(transform *t, const clip_change *c)
{
    status st = OK;
    const int size = t->options.size;
    const resample_side across = {c->left, c->width, c->scaled_width, c->cut_left, size, c->mirrored};
    const resample_side down = {c->top, c->height, c->scaled_height, c->cut_top, size, false};

    TRY(resample_plan(&across, t->options.antialias, &t->across));
    TRY(resample_plan(&down, t->options.antialias, &t->down));
    size_t row = (size_t)t->across.span * RGB;
    if (row > t->row_room) {
        free(t->row);
        t->row = malloc(row * sizeof *t->row);
        t->row_room = t->row ? row : 0;
        if (!t->row) TRY(FAIL(ERR_MEMORY, "no memory for a row of %d pixels", t->across.span));
    }
done:
    return st;
}

static void jitter(const clip_change *c, uint8_t *rgb, size_t pixels)
{
    for (int i = 0; i < JITTERS; i++) {
        int which = c->jitter_order[i];
        if (!c->jittered[which]) continue;
        switch (which) {
        case 0: color_brightness(rgb, pixels, c->jitter[0]); break;
        case 1: color_contrast(rgb, pixels, c->jitter[1]); break;
        case 2: color_saturation(rgb, pixels, c->jitter[2]); break;
        default: color_hue(rgb, pixels, c->jitter[3]); break;
        }
    }
}

status clip_change_apply(transform *t, const clip_change *change, const clip_pictures *clip, uint8_t *out)
{
    status st = OK;
    const size_t side = (size_t)t->options.size, from_bytes = (size_t)clip->width * (size_t)clip->height * RGB;

    TRY(plan_axes(t, change));
    for (size_t i = 0; i < clip->count; i++) { /* picture by picture, while it is in the cache */
        uint8_t *rgb = out + i * side * side * RGB;
        resample(&t->across, &t->down, clip->pictures + i * from_bytes, clip->width, t->row, rgb);
        jitter(change, rgb, side * side);
        for (size_t a = 0; a < change->augments; a++) augment_apply(&change->augment[a], rgb, side, side, t->copy);
    }
done:
    return st;
}
