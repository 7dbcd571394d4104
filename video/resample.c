#include "video/resample.h"

#include <math.h>
#include <stdlib.h>

enum { ONE = 1 << RESAMPLE_BITS, ROW_BITS = 7, RGB = 3 }; /* a row between the passes has ROW_BITS behind the point */

/* ---- planning ---------------------------------------------------------------------------------------------------- */

static status make_room(resample_axis *a, int count, int taps)
{
    if (count > a->room) {
        int *begin = realloc(a->begin, (size_t)count * sizeof *begin);
        if (!begin) return FAIL(ERR_MEMORY, "no memory to scale a picture to %d pixels", count);
        a->begin = begin;
        a->room = count;
    }
    int64_t weights = (int64_t)count * taps;
    if (weights > a->weight_room) {
        int16_t *weight = realloc(a->weight, (size_t)weights * sizeof *weight);
        if (!weight) return FAIL(ERR_MEMORY, "no memory to scale a picture to %d pixels", count);
        a->weight = weight;
        a->weight_room = (int)weights;
    }
    return OK;
}

/* Half of the width that a pixel of the result covers, in pixels of the picture. */
static double support_of(const resample_side *side, bool antialias)
{
    double scale = (double)side->length / side->scaled;
    return antialias && scale > 1 ? scale : 1;
}

static int taps_of(const resample_side *side, double support)
{
    double taps = 2 * ceil(support) + (support > 1 ? 1 : 0);
    return taps < side->length ? (int)taps : side->length;
}

/* Whole numbers in the proportions of `real` (taps), whose sum is ONE. */
static void quantise(const double *real, int taps, int16_t *out)
{
    double sum = 0;
    int left = ONE, largest = 0;
    for (int i = 0; i < taps; i++) sum += real[i];
    for (int i = 0; i < taps; i++) {
        out[i] = (int16_t)lround(real[i] / sum * ONE);
        left -= out[i];
        if (out[i] > out[largest]) largest = i;
    }
    out[largest] = (int16_t)(out[largest] + left);
}

/* A triangle around `middle`; what of it lies beyond the picture's sides falls to the pixels inside. Returns the first.
 */
static int plan_pixel(const resample_side *side, double support, int taps, int at, double *real, int16_t *out)
{
    double scale = (double)side->length / side->scaled, middle = scale * (at + 0.5) - 0.5;
    int first = (int)floor(middle - support) + 1;
    if (first > side->length - taps) first = side->length - taps;
    if (first < 0) first = 0;
    for (int i = 0; i < taps; i++) real[i] = fmax(1 - fabs(first + i - middle) / support, 0);
    quantise(real, taps, out);
    return first;
}

static void find_span(resample_axis *a)
{
    int first = a->begin[0], last = a->begin[0];
    for (int i = 1; i < a->count; i++) {
        if (a->begin[i] < first) first = a->begin[i];
        if (a->begin[i] > last) last = a->begin[i];
    }
    for (int i = 0; i < a->count; i++) a->begin[i] -= first;
    a->first = first;
    a->span = last - first + a->taps;
}

status resample_plan(const resample_side *side, bool antialias, resample_axis *out)
{
    status st = OK;
    double support = support_of(side, antialias), *real = NULL;
    int taps = taps_of(side, support);

    TRY(make_room(out, side->count, taps));
    real = calloc((size_t)taps, sizeof *real);
    if (!real) TRY(FAIL(ERR_MEMORY, "no memory to scale a picture to %d pixels", side->count));
    out->count = side->count;
    out->taps = taps;
    for (int i = 0; i < side->count; i++) {
        int at = side->start + (side->mirrored ? side->count - 1 - i : i);
        out->begin[i] = side->from + plan_pixel(side, support, taps, at, real, out->weight + (size_t)i * (size_t)taps);
    }
    find_span(out);
done:
    free(real);
    return st;
}

void resample_axis_free(resample_axis *a)
{
    free(a->begin);
    free(a->weight);
    *a = (resample_axis){0};
}

/* ---- the passes -------------------------------------------------------------------------------------------------- */

/* Weighs `taps` rows, `stride` bytes apart: (count) numbers with ROW_BITS behind the point. */
static void mix_rows(const uint8_t *from, size_t stride, const int16_t *weight, int taps, size_t count, int16_t *out)
{
    const int shift = RESAMPLE_BITS - ROW_BITS, half = 1 << (shift - 1);
    if (taps == 2) { /* nearly always: kept apart, because it is twice as fast */
        const uint8_t *below = from + stride;
        const int16_t w = weight[0], v = weight[1];
        for (size_t i = 0; i < count; i++) {
            int16_t a = from[i], b = below[i];
            out[i] = (int16_t)((a * w + b * v + half) >> shift);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        int sum = half;
        for (int t = 0; t < taps; t++) sum += weight[t] * from[(size_t)t * stride + i];
        out[i] = (int16_t)(sum >> shift);
    }
}

static void mix_columns(const resample_axis *across, const int16_t *row, uint8_t *out)
{
    const int shift = RESAMPLE_BITS + ROW_BITS, half = 1 << (shift - 1), taps = across->taps;
    const int16_t *weight = across->weight;
    for (int x = 0; x < across->count; x++, weight += taps, out += RGB) {
        const int16_t *at = row + RGB * across->begin[x];
        int red = half, green = half, blue = half;
        for (int t = 0; t < taps; t++, at += RGB) {
            red += weight[t] * at[0];
            green += weight[t] * at[1];
            blue += weight[t] * at[2];
        }
        out[0] = (uint8_t)(red >> shift);
        out[1] = (uint8_t)(green >> shift);
        out[2] = (uint8_t)(blue >> shift);
    }
}

void resample(const resample_axis *across, const resample_axis *down, const uint8_t *from, int width, int16_t *row,
              uint8_t *out)
{
    size_t stride = (size_t)width * RGB;
    const uint8_t *corner = from + (size_t)down->first * stride + (size_t)across->first * RGB;
    for (int y = 0; y < down->count; y++) {
        mix_rows(corner + (size_t)down->begin[y] * stride, stride, down->weight + (size_t)y * (size_t)down->taps,
                 down->taps, (size_t)across->span * RGB, row);
        mix_columns(across, row, out + (size_t)y * (size_t)across->count * RGB);
    }
}
