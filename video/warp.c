#include "video/warp.h"

#include <math.h>
#include <string.h>

enum { RGB = 3, PLACE_BITS = 32, PART_BITS = 10, PART = 1 << PART_BITS };
static const double PLACE_MOST = 1e5; /* beyond it a place is outside of every picture */

warp warp_rotate(double degrees)
{
    double angle = degrees * 0.017453292519943295, c = cos(angle), s = sin(angle);
    return (warp){c, -s, 0, s, c, 0};
}

warp warp_shear_x(double by, size_t height)
{
    return (warp){1, by, by * (double)height / 2, 0, 1, 0};
}

warp warp_shear_y(double by, size_t width)
{
    return (warp){1, 0, 0, by, 1, by * (double)width / 2};
}

warp warp_translate(double right, double down)
{
    return (warp){1, 0, -right, 0, 1, -down};
}

typedef struct {
    const uint8_t *rgb;
    int64_t height, width;
    float fill;
} source;

/* A pixel whose four neighbours are not all inside; x, y: the first of them, fx, fy: parts of PART. */
static void take_edge(const source *from, int64_t x, int64_t y, int fx, int fy, uint8_t *out)
{
    float sum[RGB] = {0}, mask = 0;
    for (int i = 0; i < 4; i++) {
        int64_t column = x + i % 2, row = y + i / 2;
        if (column < 0 || row < 0 || column >= from->width || row >= from->height) continue;
        float weight = (float)((i % 2 ? fx : PART - fx) * (i / 2 ? fy : PART - fy)) / ((float)PART * PART);
        const uint8_t *pixel = from->rgb + (row * from->width + column) * RGB;
        for (int c = 0; c < RGB; c++) sum[c] += weight * pixel[c];
        mask += weight;
    }
    for (int c = 0; c < RGB; c++) out[c] = (uint8_t)lrintf(mask * (sum[c] - from->fill) + from->fill);
}

/* a where part is 0, b where it would be PART; PART_BITS more behind the point */
static int between(int a, int b, int part)
{
    return (a << PART_BITS) + (b - a) * part;
}

static void take_inside(const uint8_t *at, size_t stride, int fx, int fy, uint8_t *out)
{
    const uint8_t *below = at + stride;
    for (int c = 0; c < RGB; c++) {
        int mixed = between(between(at[c], at[c + RGB], fx), between(below[c], below[c + RGB], fx), fy);
        out[c] = (uint8_t)((mixed + (1 << (2 * PART_BITS - 1))) >> (2 * PART_BITS));
    }
}

static int64_t place(double x)
{
    return (int64_t)(fmin(fmax(x, -PLACE_MOST), PLACE_MOST) * ((int64_t)1 << PLACE_BITS));
}

static void warp_row(const source *from, int64_t x, int64_t y, int64_t step_x, int64_t step_y, uint8_t *out)
{
    const int64_t half = (int64_t)1 << (PLACE_BITS - PART_BITS - 1);
    for (int64_t i = 0; i < from->width; i++, x += step_x, y += step_y, out += RGB) {
        int64_t fine_x = (x + half) >> (PLACE_BITS - PART_BITS), fine_y = (y + half) >> (PLACE_BITS - PART_BITS);
        int64_t column = fine_x >> PART_BITS, row = fine_y >> PART_BITS;
        int fx = (int)(fine_x & (PART - 1)), fy = (int)(fine_y & (PART - 1));
        if (column >= 0 && row >= 0 && column + 1 < from->width && row + 1 < from->height)
            take_inside(from->rgb + (row * from->width + column) * RGB, (size_t)from->width * RGB, fx, fy, out);
        else take_edge(from, column, row, fx, fy, out);
    }
}

void warp_apply(const warp *w, uint8_t *rgb, size_t height, size_t width, double fill, uint8_t *copy)
{
    const double middle_x = ((double)width - 1) / 2, middle_y = ((double)height - 1) / 2;
    const source from = {copy, (int64_t)height, (int64_t)width, (float)fill};
    memcpy(copy, rgb, height * width * RGB);
    for (size_t i = 0; i < height; i++) {
        double y = (double)i - middle_y, x = -middle_x;
        warp_row(&from, place(w->xx * x + w->xy * y + w->x0 + middle_x),
                 place(w->yx * x + w->yy * y + w->y0 + middle_y), place(w->xx), place(w->yx), rgb + i * width * RGB);
    }
}
