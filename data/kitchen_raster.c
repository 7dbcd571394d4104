#include "data/kitchen_raster.h"

#include <math.h>

#define RING_HALF 0.12F /* half the thickness of a ring */
#define CORNER 0.3F     /* radius of a box's corners, of its shorter half side */
#define SHADE 0.22F     /* how much brighter the upper edge of a shape is than its middle */
#define STRIPES 2.5F    /* a unit of length */
#define DOTS 2.2F
#define GRAINS 7.0F

static float clamp(float x, float least, float most)
{
    return x < least ? least : x > most ? most : x;
}

/* Largest whole number not above `x`, for |x| < 2^20: floorf is a call where the processor has no instruction. */
static float whole(float x)
{
    return (float)((int)(x + 1048576.0F) - 1048576);
}

float wave(float turns)
{
    float x = turns - whole(turns) - 0.5F; /* sin(2 pi (x + 1/2)) = -sin(2 pi x) */
    float y = -(8 * x - 16 * x * fabsf(x));
    return y * (0.775F + 0.225F * fabsf(y));
}

placement placement_inside(const placement *outer, float x, float y, float turn, float scale)
{
    float c = scale * wave(turn + 0.25F), s = scale * wave(turn);
    return (placement){.xx = outer->xx * c + outer->xy * s,
                       .xy = outer->xy * c - outer->xx * s,
                       .yx = outer->yx * c + outer->yy * s,
                       .yy = outer->yy * c - outer->yx * s,
                       .x = outer->xx * x + outer->xy * y + outer->x,
                       .y = outer->yx * x + outer->yy * y + outer->y};
}

/* ---- distances from the edge, negative inside -------------------------------------------------------------------- */

/* To first order: the ellipse's equation over its gradient. */
static float disc_distance(float u, float v, float w, float h)
{
    float a = u / w, b = v / h, ga = a / w, gb = b / h;
    return (a * a + b * b - 1) / (2 * sqrtf(ga * ga + gb * gb) + 1e-6F);
}

static float box_distance(float u, float v, float w, float h)
{
    float corner = CORNER * (w < h ? w : h);
    float a = fabsf(u) - w + corner, b = fabsf(v) - h + corner;
    float oa = a > 0 ? a : 0, ob = b > 0 ? b : 0, inside = a > b ? a : b;
    return sqrtf(oa * oa + ob * ob) + (inside < 0 ? inside : 0) - corner;
}

static float rod_distance(float u, float v, float w, float h, float taper)
{
    float along = clamp(u, -w, w), a = u - along;
    return sqrtf(a * a + v * v) - h * (1 - taper * (along + w));
}

/* ---- textures: how bright a point is ----------------------------------------------------------------------------- */

static float stripe_tone(float u)
{
    float s = u * STRIPES;
    return s - whole(s) < 0.5F ? 1.08F : 0.74F;
}

static float dot_tone(float u, float v)
{
    float a = u * DOTS, b = v * DOTS;
    a -= whole(a) + 0.5F;
    b -= whole(b) + 0.5F;
    return a * a + b * b < 0.07F ? 0.6F : 1.05F;
}

static float grain_tone(float u, float v)
{
    uint32_t a = (uint32_t)(int)whole(u * GRAINS), b = (uint32_t)(int)whole(v * GRAINS);
    uint32_t mixed = (a * 0x9e3779b1U) ^ (b * 0x85ebca77U);
    mixed = (mixed ^ mixed >> 15) * 0x2c1b3c6dU;
    return 0.78F + 0.36F * (float)(mixed >> 24) / 255;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* One row of a shape: its own coordinates at the first pixel and their steps. */
typedef struct {
    float u, v, du, dv;
    size_t count;
} row;

/* Narrows [first, last] to where |start + step x| can be at most `most`. */
static void narrow(float start, float step, float most, float *first, float *last)
{
    if (fabsf(step) < 1e-6F) return;
    float a = (-most - start) / step, b = (most - start) / step;
    float low = a < b ? a : b, high = a < b ? b : a;
    *first = low > *first ? low : *first;
    *last = high < *last ? high : *last;
}

/* Cuts off what lies outside of the half sides w, h at either end; returns how many pixels the row begins later. */
static size_t row_cut(row *r, float w, float h)
{
    float first = 0, last = (float)(int)r->count - 1;
    narrow(r->u, r->du, w, &first, &last);
    narrow(r->v, r->dv, h, &first, &last);
    if (last < first) {
        r->count = 0;
        return 0;
    }
    int from = (int)first, to = (int)last + 1;
    r->u += r->du * (float)from;
    r->v += r->dv * (float)from;
    if (to < (int)r->count) r->count = (size_t)to + 1;
    r->count -= (size_t)from;
    return (size_t)from;
}

static void row_cover(const row *r, const part *p, float scale, float *cover)
{
    float taper = p->form == CONE ? 0.35F / p->w : 0;
#define COVER(distance)                                                                                                \
    for (int i = 0; i < (int)r->count; i++) {                                                                          \
        float u = r->u + r->du * (float)i, v = r->v + r->dv * (float)i;                                                \
        cover[i] = clamp(0.5F - scale * (distance), 0, 1);                                                             \
    }
    switch (p->form) {
    case DISC: COVER(disc_distance(u, v, p->w, p->h)) break;
    case BOX: COVER(box_distance(u, v, p->w, p->h)) break;
    case ROD:
    case CONE: COVER(rod_distance(u, v, p->w, p->h, taper)) break;
    case RING: COVER(fabsf(disc_distance(u, v, p->w, p->h)) - RING_HALF) break;
    }
#undef COVER
}

static void row_tone(const row *r, texture kind, float shade, float *tone)
{
#define TONE(value)                                                                                                    \
    for (int i = 0; i < (int)r->count; i++) {                                                                          \
        float u = r->u + r->du * (float)i, v = r->v + r->dv * (float)i;                                                \
        (void)u, (void)v;                                                                                              \
        tone[i] = shade * (value);                                                                                     \
    }
    switch (kind) {
    case PLAIN: TONE(1) break;
    case STRIPED: TONE(stripe_tone(u)) break;
    case DOTTED: TONE(dot_tone(u, v)) break;
    case ROUGH: TONE(grain_tone(u, v)) break;
    }
#undef TONE
}

static void row_blend(float *restrict to, const float *restrict cover, const float *restrict tone, size_t count,
                      float colour, float opacity)
{
    for (size_t i = 0; i < count; i++) to[i] += (colour * tone[i] - to[i]) * (opacity * cover[i]);
}

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

typedef struct {
    int left, right, top, bottom;
} bounds; /* half open */

static bounds bounds_of(const placement *m, float w, float h, int size)
{
    float across = fabsf(m->xx) * w + fabsf(m->xy) * h, down = fabsf(m->yx) * w + fabsf(m->yy) * h;
    float most = (float)size;
    return (bounds){(int)clamp(m->x - across, 0, most), (int)clamp(m->x + across + 1, 0, most),
                    (int)clamp(m->y - down, 0, most), (int)clamp(m->y + down + 1, 0, most)};
}

void canvas_part(canvas *c, const placement *at, const part *shape, const float tint[3], float opacity)
{
    float cover[PICTURE_MOST], tone[PICTURE_MOST];
    placement m = placement_inside(at, shape->x, shape->y, shape->turn, 1);
    float area = m.xx * m.yy - m.xy * m.yx;
    if (fabsf(area) < 1e-4F) return; /* too small to be seen */
    float scale = sqrtf(fabsf(area)), height = fabsf(m.yx) * shape->w + fabsf(m.yy) * shape->h + 1;
    float edge = 1 / scale + (shape->form == RING ? RING_HALF : 0);
    float w = shape->w + edge + (shape->form == ROD || shape->form == CONE ? shape->h : 0), h = shape->h + edge;
    bounds b = bounds_of(&m, w, h, c->size);
    if (b.left >= b.right) return;
    size_t pixels = (size_t)c->size * (size_t)c->size;
    for (int y = b.top; y < b.bottom; y++) {
        float x = (float)b.left + 0.5F - m.x, below = (float)y + 0.5F - m.y;
        row r = {.u = (m.yy * x - m.xy * below) / area,
                 .v = (m.xx * below - m.yx * x) / area,
                 .du = m.yy / area,
                 .dv = -m.yx / area,
                 .count = (size_t)(b.right - b.left)};
        size_t first = (size_t)y * (size_t)c->size + (size_t)b.left + row_cut(&r, w, h);
        row_cover(&r, shape, scale, cover);
        row_tone(&r, shape->texture, 1 - SHADE * below / height, tone);
        for (size_t channel = 0; channel < 3; channel++) {
            float colour = (float)(shape->colour >> (16 - 8 * channel) & 255) * tint[channel];
            row_blend(c->planes + channel * pixels + first, cover, tone, r.count, colour, opacity);
        }
    }
}

/* ---- the finished picture ---------------------------------------------------------------------------------------- */

void grain_fill(rng *source, float deviation, int8_t *out, size_t count)
{
    float strength = deviation * 1.73F / 128; /* four bytes of deviation 74 make one of 148 */
    for (size_t i = 0; i < count; i++) {
        uint64_t draw = rng_u64(source);
        int sum = (int)(draw & 255) + (int)(draw >> 8 & 255) + (int)(draw >> 16 & 255) + (int)(draw >> 24 & 255);
        float value = (float)(sum - 510) * strength / 2;
        out[i] = (int8_t)(value > 127 ? 127 : value < -127 ? -127 : value);
    }
}

void canvas_develop(const canvas *c, const float *light, const float gain[3], const int8_t *grain, uint8_t *rgb)
{
    size_t pixels = (size_t)c->size * (size_t)c->size;
    for (size_t channel = 0; channel < 3; channel++) {
        const float *plane = c->planes + channel * pixels;
        for (size_t i = 0; i < pixels; i++) {
            float value = plane[i] * light[i] * gain[channel] + (float)grain[channel * pixels + i] + .5F;
            value = value < 0 ? 0 : value > 255 ? 255 : value;
            rgb[3 * i + channel] = (uint8_t)(int)value;
        }
    }
}
