#include "student/attention.h"

#include "video/encoder.h"

#include <stdlib.h>
#include <string.h>

enum {
    ROW = 8,
    TILE_MOST = 112,
    GAP = 4,
    BAR_PART = 3
}; /* frames in a row; pixels; bars are a third as high as tiles */

static const uint8_t BAR[3] = {42, 111, 187}, GROUND[3] = {255, 255, 255}, TRACK[3] = {226, 230, 236};

typedef struct {
    uint8_t *pixels; /* (height, width, 3) */
    int width, height, tile, bar;
} sheet;

static void fill(sheet *s, int left, int top, int width, int height, const uint8_t color[3])
{
    for (int y = top; y < top + height; y++)
        for (int x = left; x < left + width; x++)
            memcpy(s->pixels + ((size_t)y * (size_t)s->width + (size_t)x) * 3, color, 3);
}

/* Every step-th pixel of a frame: tiles are whole parts of frames. */
static void draw_frame(sheet *s, int left, int top, const uint8_t *picture, int size)
{
    int step = size / s->tile;
    for (int y = 0; y < s->tile; y++)
        for (int x = 0; x < s->tile; x++)
            memcpy(s->pixels + ((size_t)(top + y) * (size_t)s->width + (size_t)(left + x)) * 3,
                   picture + ((size_t)(y * step) * (size_t)size + (size_t)(x * step)) * 3, 3);
}

static void draw(sheet *s, size_t place, const uint8_t *picture, int size, float share)
{
    int left = GAP + (int)(place % ROW) * (s->tile + GAP),
        top = GAP + (int)(place / ROW) * (s->tile + s->bar + 2 * GAP);
    int height = (int)((float)s->bar * share + 0.5f);
    draw_frame(s, left, top, picture, size);
    fill(s, left, top + s->tile + GAP / 2, s->tile, s->bar, TRACK);
    fill(s, left, top + s->tile + GAP / 2 + s->bar - height, s->tile, height, BAR);
}

static status lay_out(size_t count, int size, sheet *s)
{
    size_t columns = count < ROW ? count : ROW, rows = (count + ROW - 1) / ROW;
    int step = (size + TILE_MOST - 1) / TILE_MOST;
    s->tile = size / step;
    s->bar = s->tile / BAR_PART + 1;
    s->width = GAP + (int)columns * (s->tile + GAP);
    s->height = GAP + (int)rows * (s->tile + s->bar + 2 * GAP);
    s->pixels = malloc((size_t)s->width * (size_t)s->height * 3);
    if (!s->pixels) return FAIL(ERR_MEMORY, "no memory for a picture of %d x %d", s->width, s->height);
    fill(s, 0, 0, s->width, s->height, GROUND);
    return OK;
}

status attention_write(const char *path, const uint8_t *pictures, const float *weights, size_t count, int size)
{
    status st = OK;
    sheet s = {0};
    float most = 0;
    TRY(lay_out(count, size, &s));
    for (size_t i = 0; i < count; i++)
        if (weights[i] > most) most = weights[i];
    for (size_t i = 0; i < count; i++)
        draw(&s, i, pictures + i * (size_t)size * (size_t)size * 3, size, most > 0 ? weights[i] / most : 0);
    TRY(picture_write_png(path, s.pixels, s.width, s.height));
done:
    free(s.pixels);
    return st;
}
