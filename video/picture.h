/* picture - inside this room: a decoded frame as an upright RGB picture of a given size.
 *
 * Scaling and conversion are one pass of swscale, whose set-up is kept as long as frames look alike. At the video's own
 * size the bytes are those of `ffmpeg -pix_fmt rgb24`; other sizes weigh all pixels by area when shrinking and are
 * bilinear when growing.
 */
#ifndef MAGISTER_VIDEO_PICTURE_H
#define MAGISTER_VIDEO_PICTURE_H

#include "video/decoder.h"
#include "video/libav.h"

typedef struct {
    int width, height, format; /* of what comes in */
    enum AVColorRange color_range;
    enum AVColorSpace color_space;
    int to_width, to_height;
} picture_shape;

typedef struct {
    struct SwsContext *scale;
    picture_shape shape; /* that `scale` was made for */
    AVFrame *cropped;
    uint8_t *scratch; /* rows with room behind them, which swscale may write to */
    size_t scratch_bytes;
} picture_maker;

/* `format` has sides; `rotation` as in video_info. `out`: (height, width, 3).
 * Errors: ERR_INPUT for frames of a kind that swscale does not know; ERR_MEMORY. */
status picture_make(picture_maker *p, const AVFrame *frame, int rotation, const picture_format *format, uint8_t *out);

void picture_maker_free(picture_maker *p);

#endif
