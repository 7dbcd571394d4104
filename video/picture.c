#include "video/picture.h"
#include "video/libav.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_ALIGN = 64, ROWS_BEHIND = 1, COLUMNS_AT_ONCE = 16 };

/* ---- the part of the frame that is shown ------------------------------------------------------------------------- */

/* What is left of `side` when `across` shrinks or grows to `to_across`, and this side to `to_side`. */
static int64_t covered(int64_t side, int64_t to_side, int64_t across, int64_t to_across)
{
    int64_t part = (to_side * across + to_across / 2) / to_across;
    return part < 1 ? 1 : part < side ? part : side;
}

static status crop(picture_maker *p, const AVFrame *frame, int to_width, int to_height)
{
    if (!p->cropped) p->cropped = av_frame_alloc();
    if (!p->cropped || av_frame_ref(p->cropped, frame) < 0) return FAIL(ERR_MEMORY, "no memory for a frame");
    int width = (int)covered(frame->width, to_width, frame->height, to_height);
    int height = (int)covered(frame->height, to_height, frame->width, to_width);
    size_t left = (size_t)(frame->width - width) / 2, top = (size_t)(frame->height - height) / 2;
    p->cropped->crop_left = left;
    p->cropped->crop_top = top;
    p->cropped->crop_right = (size_t)(frame->width - width) - left;
    p->cropped->crop_bottom = (size_t)(frame->height - height) - top;
    if (av_frame_apply_cropping(p->cropped, AV_FRAME_CROP_UNALIGNED) < 0)
        return FAIL(ERR_INPUT, "a frame of %d x %d cannot be cropped to %d x %d", frame->width, frame->height, width,
                    height);
    return OK;
}

/* ---- scaling and colours ----------------------------------------------------------------------------------------- */

static status set_colors(picture_maker *p, const picture_shape *shape)
{
    int *unused = NULL, full = 0, unused_full = 0, brightness = 0, contrast = 0, saturation = 0;
    if (sws_getColorspaceDetails(p->scale, &unused, &full, &unused, &unused_full, &brightness, &contrast, &saturation) <
        0)
        return OK; /* no colours to set: the frames are RGB or grey already */
    if (shape->color_range != AVCOL_RANGE_UNSPECIFIED) full = shape->color_range == AVCOL_RANGE_JPEG;
    const int *from = sws_getCoefficients((int)shape->color_space), *to = sws_getCoefficients(SWS_CS_DEFAULT);
    sws_setColorspaceDetails(p->scale, from, full, to, unused_full, brightness, contrast, saturation);
    return OK;
}

static status prepare(picture_maker *p, const AVFrame *frame, int to_width, int to_height)
{
    const picture_shape shape = {frame->width,      frame->height, frame->format, frame->color_range,
                                 frame->colorspace, to_width,      to_height};
    if (p->scale && !memcmp(&shape, &p->shape, sizeof shape)) return OK;
    sws_freeContext(p->scale);
    bool same = shape.width == to_width && shape.height == to_height;
    p->shape = shape;
    p->scale = sws_getContext(shape.width, shape.height, shape.format, to_width, to_height, AV_PIX_FMT_RGB24,
                              same ? SWS_BICUBIC : SWS_AREA, NULL, NULL, NULL);
    if (!p->scale) {
        const char *name = av_get_pix_fmt_name(shape.format);
        return FAIL(ERR_INPUT, "frames of %d x %d in %s cannot be turned into pictures", shape.width, shape.height,
                    name ? name : "an unknown form");
    }
    return set_colors(p, &shape);
}

static status scale(picture_maker *p, const AVFrame *frame, uint8_t *to, int stride)
{
    uint8_t *planes[4] = {to};
    const int strides[4] = {stride};
    int rows =
        sws_scale(p->scale, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes, strides);
    return rows > 0 ? OK : FAIL(ERR_INPUT, "a frame of %d x %d cannot be scaled", frame->width, frame->height);
}

/* ---- turning ----------------------------------------------------------------------------------------------------- */

/* `from`: rows of `stride` bytes that show (width, height) before turning. */
static void turn(const uint8_t *from, size_t stride, size_t width, size_t height, int rotation, uint8_t *out)
{
    size_t rows = rotation % 180 ? width : height, columns = rotation % 180 ? height : width;
    for (size_t y = 0; y < rows; y++) {
        for (size_t x = 0; x < columns; x++) {
            size_t row = rotation == 90 ? height - 1 - x : rotation == 180 ? height - 1 - y : x;
            size_t column = rotation == 90 ? y : rotation == 180 ? width - 1 - x : width - 1 - y;
            memcpy(out, from + row * stride + 3 * column, 3);
            out += 3;
        }
    }
}

static void copy_rows(const uint8_t *from, size_t stride, size_t row_bytes, size_t rows, uint8_t *out)
{
    for (size_t y = 0; y < rows; y++) memcpy(out + y * row_bytes, from + y * stride, row_bytes);
}

static status need_scratch(picture_maker *p, size_t bytes)
{
    if (bytes <= p->scratch_bytes) return OK;
    free(p->scratch);
    p->scratch_bytes = 0;
    p->scratch = aligned_alloc(ROW_ALIGN, bytes);
    if (!p->scratch) return FAIL(ERR_MEMORY, "no memory for a picture of %zu bytes", bytes);
    p->scratch_bytes = bytes;
    return OK;
}

static status make(picture_maker *p, const AVFrame *frame, int rotation, int width, int height, uint8_t *out)
{
    status st = OK;
    size_t row_bytes = (size_t)width * 3, rows = (size_t)height;
    TRY(prepare(p, frame, width, height));
    if (rotation == 0 && width % COLUMNS_AT_ONCE == 0) { /* nothing is written behind a row */
        TRY(scale(p, frame, out, (int)row_bytes));
        goto done;
    }
    size_t stride = (row_bytes + 2 * ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
    TRY(need_scratch(p, stride * (rows + ROWS_BEHIND)));
    TRY(scale(p, frame, p->scratch, (int)stride));
    if (rotation) turn(p->scratch, stride, (size_t)width, rows, rotation, out);
    else copy_rows(p->scratch, stride, row_bytes, rows, out);
done:
    return st;
}

status picture_make(picture_maker *p, const AVFrame *frame, int rotation, const picture_format *format, uint8_t *out)
{
    status st = OK;
    bool lying = rotation % 180;
    int width = lying ? format->height : format->width, height = lying ? format->width : format->height;
    if (format->fit == FIT_CROP) TRY(crop(p, frame, width, height));
    TRY(make(p, format->fit == FIT_CROP ? p->cropped : frame, rotation, width, height, out));
done:
    if (p->cropped) av_frame_unref(p->cropped);
    return st;
}

void picture_maker_free(picture_maker *p)
{
    sws_freeContext(p->scale);
    av_frame_free(&p->cropped);
    free(p->scratch);
    *p = (picture_maker){0};
}
