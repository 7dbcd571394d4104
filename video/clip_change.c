/* What is drawn for a clip: the part of transforms.h that touches no pixel. */
#include "video/transforms.h"

#include <math.h>

enum { TRANSFORM_PLACE = 0x706c61, TRANSFORM_COLOR = 0x636f6c }; /* purposes of random streams */
enum { SIDE_MOST = 16384, SIZE_MOST = 4096, SHORT_MOST = 8192, SCALED_MOST = 1 << 20, TRIES = 10 };

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* lower <= pair[0] <= pair[1] <= upper; false for numbers that are none. */
static bool ordered(const double pair[2], double lower, double upper)
{
    return pair[0] >= lower && pair[0] <= pair[1] && pair[1] <= upper;
}

static bool within(double x, double least, double most)
{
    return x >= least && x <= most;
}

static status check_place(const transform_options *o)
{
    if (o->size < 1 || o->size > SIZE_MOST)
        return FAIL(ERR_CONFIG, "pictures for a model have sides of 1 to %d pixels, not %d", SIZE_MOST, o->size);
    const int *sides = o->short_side;
    bool rising = o->size <= sides[0] && sides[0] <= sides[1] && sides[1] <= SHORT_MOST;
    if (o->crop != CROP_STRETCH && !rising)
        return FAIL(ERR_CONFIG,
                    "the shorter side of a picture is scaled to %d .. %d pixels: the numbers go up, from the %d of the "
                    "square that is cut out of it to at most %d",
                    sides[0], sides[1], o->size, SHORT_MOST);
    if (o->crops != 1 && o->crops != 3) return FAIL(ERR_CONFIG, "a clip is scored by 1 or 3 crops, not %d", o->crops);
    if (!ordered(o->area, 1e-6, 1))
        return FAIL(ERR_CONFIG,
                    "random crops have areas between 1e-6 and 1 of a picture, the least first, not %g .. %g",
                    o->area[0], o->area[1]);
    if (!ordered(o->proportions, 0.01, 100))
        return FAIL(ERR_CONFIG, "random crops have proportions between 0.01 and 100, the least first, not %g .. %g",
                    o->proportions[0], o->proportions[1]);
    if (!within(o->flip, 0, 1)) return FAIL(ERR_CONFIG, "clips are mirrored with probability 0 to 1, not %g", o->flip);
    if (!within(o->box_margin, 0, 10))
        return FAIL(ERR_CONFIG, "the margin around a box is 0 to 10 of its side, not %g", o->box_margin);
    return OK;
}

static status check_colors(const transform_options *o)
{
    const double jitter[] = {o->color_jitter.brightness, o->color_jitter.contrast, o->color_jitter.saturation};
    for (int i = 0; i < 3; i++)
        if (!within(jitter[i], 0, 10)) return FAIL(ERR_CONFIG, "color_jitter is 0 to 10, not %g", jitter[i]);
    if (!within(o->color_jitter.hue, 0, 0.5))
        return FAIL(ERR_CONFIG, "color_jitter.hue is 0 to 0.5, not %g", o->color_jitter.hue);
    const rand_augment *a = &o->augment;
    if (a->count < 0 || a->count > AUGMENT_KINDS)
        return FAIL(ERR_CONFIG, "rand_augment draws 0 to %d operations, not %d", AUGMENT_KINDS, a->count);
    if (!within(a->magnitude, 0, 10) || !within(a->deviation, 0, 10) || !within(a->probability, 0, 1))
        return FAIL(ERR_CONFIG,
                    "rand_augment has a magnitude and deviation of 0 to 10 and a probability of 0 to 1, not %g, %g, %g",
                    a->magnitude, a->deviation, a->probability);
    for (int c = 0; c < 3; c++)
        if (!isfinite(o->mean[c]) || !isfinite(o->std[c]) || !(o->std[c] >= 1e-6f))
            return FAIL(ERR_CONFIG,
                        "channel %d is normalised by mean %g and deviation %g: they are finite, and the "
                        "deviation is at least 1e-6",
                        c, (double)o->mean[c], (double)o->std[c]);
    return OK;
}

status transform_options_check(const transform_options *o)
{
    status st = OK;
    TRY(check_place(o));
    TRY(check_colors(o));
done:
    return st;
}

size_t transform_bytes(const transform_options *o, size_t count)
{
    return count * (size_t)o->size * (size_t)o->size * 3;
}

size_t transform_views(const transform_options *o)
{
    return (size_t)o->crops * (o->flip_views ? 2 : 1);
}

/* ---- the part that is looked at ---------------------------------------------------------------------------------- */

static status check_clip(const clip_pictures *clip)
{
    if (!clip->count) return FAIL(ERR_INPUT, "a clip without pictures cannot be transformed");
    if (clip->width < 1 || clip->height < 1 || clip->width > SIDE_MOST || clip->height > SIDE_MOST)
        return FAIL(ERR_INPUT, "pictures of %d x %d cannot be transformed: sides are 1 to %d pixels", clip->width,
                    clip->height, SIDE_MOST);
    return OK;
}

/* Whole pixels of start .. end, at least one, inside of 0 .. side. */
static void cut_side(double start, double end, int side, int *from, int *length)
{
    int first = (int)floor(fmax(start, 0)), last = (int)ceil(fmin(end, side));
    if (first > side - 1) first = side - 1;
    if (last <= first) last = first + 1;
    *from = first;
    *length = last - first;
}

static status choose_part(const transform_options *o, const clip_pictures *clip, clip_change *out)
{
    out->width = clip->width;
    out->height = clip->height;
    if (!o->box || !clip->box) return OK;
    const clip_box *b = clip->box;
    bool inside = b->left < 1 && b->top < 1 && b->right > 0 && b->bottom > 0;
    if (!(b->right > b->left) || !(b->bottom > b->top) || !inside || !isfinite(b->right - b->left) ||
        !isfinite(b->bottom - b->top))
        return FAIL(ERR_INPUT,
                    "the box (left %g, top %g, right %g, bottom %g, in parts of the picture) shows nothing of it",
                    b->left, b->top, b->right, b->bottom);
    double width = (b->right - b->left) * clip->width, height = (b->bottom - b->top) * clip->height;
    double margin = o->box_margin * fmax(width, height);
    cut_side(b->left * clip->width - margin, b->right * clip->width + margin, clip->width, &out->left, &out->width);
    cut_side(b->top * clip->height - margin, b->bottom * clip->height + margin, clip->height, &out->top, &out->height);
    return OK;
}

/* PyTorchVideo's: the long side is cut off to whole pixels. */
static int long_side(int length, int across, int to)
{
    double scaled = floor((double)length / across * to);
    return scaled < to ? to : scaled > SCALED_MOST ? SCALED_MOST : (int)scaled;
}

/* The part in its proportions, its shorter side `to` pixels. */
static void scale_short_side(int to, clip_change *c)
{
    bool upright = c->width < c->height;
    c->scaled_width = upright ? to : long_side(c->width, c->height, to);
    c->scaled_height = upright ? long_side(c->height, c->width, to) : to;
}

static void stretch(const transform_options *o, clip_change *c)
{
    c->scaled_width = c->scaled_height = o->size;
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

static double draw_between(rng *random, double least, double most)
{
    return least + (most - least) * rng_uniform(random);
}

/* RandomResizedCrop: a part of the part; what is asked for does not fit always. */
static void draw_resized(const transform_options *o, rng *random, clip_change *c)
{
    const double *p = o->proportions, pixels = (double)c->width * c->height, own = (double)c->width / c->height;
    int width = own > p[1] ? (int)lround(c->height * p[1]) : c->width;
    int height = own < p[0] ? (int)lround(c->width / p[0]) : c->height;
    int left = (c->width - width) / 2, top = (c->height - height) / 2;
    for (int i = 0; i < TRIES; i++) {
        double area = pixels * draw_between(random, o->area[0], o->area[1]);
        double proportion = exp(draw_between(random, log(p[0]), log(p[1])));
        double w = round(sqrt(area * proportion)), h = round(sqrt(area / proportion));
        if (w < 1 || h < 1 || w > c->width || h > c->height) continue;
        width = (int)w;
        height = (int)h;
        left = (int)rng_below(random, (size_t)(c->width - width) + 1);
        top = (int)rng_below(random, (size_t)(c->height - height) + 1);
        break;
    }
    c->left += left;
    c->top += top;
    c->width = width > 0 ? width : 1;
    c->height = height > 0 ? height : 1;
    stretch(o, c);
}

static void draw_place(const transform_options *o, rng *random, clip_change *c)
{
    size_t sides = (size_t)(o->short_side[1] - o->short_side[0]) + 1;
    switch (o->crop) {
    case CROP_RESIZED: draw_resized(o, random, c); return;
    case CROP_STRETCH: stretch(o, c); return;
    case CROP_RANDOM:
    case CROP_CENTRE: break;
    }
    scale_short_side(o->short_side[0] + (int)rng_below(random, sides), c);
    int over_x = c->scaled_width - o->size, over_y = c->scaled_height - o->size;
    bool random_place = o->crop == CROP_RANDOM;
    c->cut_left = random_place ? (int)rng_below(random, (size_t)over_x + 1) : over_x / 2;
    c->cut_top = random_place ? (int)rng_below(random, (size_t)over_y + 1) : over_y / 2;
}

static void draw_jitter(const transform_options *o, rng *random, clip_change *c)
{
    const double by[JITTERS] = {o->color_jitter.brightness, o->color_jitter.contrast, o->color_jitter.saturation,
                                o->color_jitter.hue};
    size_t order[JITTERS] = {0, 1, 2, 3};
    rng_shuffle(random, order, JITTERS);
    for (int i = 0; i < JITTERS; i++) {
        bool shift = i == JITTERS - 1;
        c->jitter_order[i] = (int)order[i];
        c->jittered[i] = by[i] > 0;
        c->jitter[i] =
            shift ? draw_between(random, -by[i], by[i]) : draw_between(random, fmax(1 - by[i], 0), 1 + by[i]);
    }
}

status clip_change_draw(const transform_options *o, const clip_pictures *clip, uint64_t key, clip_change *out)
{
    status st = OK;
    clip_change c = {0};
    rng places = rng_stream(key, TRANSFORM_PLACE, 0), colors = rng_stream(key, TRANSFORM_COLOR, 0);

    TRY(check_clip(clip));
    TRY(choose_part(o, clip, &c));
    c.mirrored = rng_uniform(&places) < o->flip;
    draw_place(o, &places, &c);
    draw_jitter(o, &colors, &c);
    c.augments = rand_augment_draw(&o->augment, &colors, c.augment);
    *out = c;
done:
    return st;
}

/* ---- scoring ----------------------------------------------------------------------------------------------------- */

/* Of three crops the first is at the start of the longer side, the last at its end; a single one is in the middle. */
static int view_place(int over, int crops, size_t crop)
{
    if (crops == 1 || crop == 1) return over / 2;
    return crop == 0 ? 0 : over;
}

status clip_change_view(const transform_options *o, const clip_pictures *clip, size_t view, clip_change *out)
{
    status st = OK;
    clip_change c = {0};

    CHECK(view < transform_views(o));
    TRY(check_clip(clip));
    TRY(choose_part(o, clip, &c));
    c.mirrored = view >= (size_t)o->crops;
    size_t crop = view % (size_t)o->crops;
    if (o->crop == CROP_STRETCH) {
        stretch(o, &c);
    } else {
        scale_short_side(o->short_side[0], &c);
        bool wide = c.scaled_width >= c.scaled_height;
        c.cut_left = view_place(c.scaled_width - o->size, wide ? o->crops : 1, crop);
        c.cut_top = view_place(c.scaled_height - o->size, wide ? 1 : o->crops, crop);
    }
    *out = c;
done:
    return st;
}
