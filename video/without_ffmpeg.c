/* Stands in for decoder.c and encoder.c where FFmpeg's libraries are not: everything says so. */
#include "video/check.h"
#include "video/decoder.h"
#include "video/details.h"
#include "video/encoder.h"
#include "video/frame_stream.h"

#include <math.h>

static status without(const char *path)
{
    return FAIL(ERR_CONFIG,
                "%s: built without FFmpeg: install libavformat-dev, libavcodec-dev, libavutil-dev and "
                "libswscale-dev, and build again",
                path);
}

status video_open(const char *path, const video_options *options, video **out)
{
    (void)options, (void)out;
    return without(path);
}

void video_close(video **v)
{
    (void)v;
}

const video_info *video_about(const video *v)
{
    (void)v;
    return NULL;
}

void video_describe(const video *v, video_details *out)
{
    (void)v;
    *out = (video_details){0};
}

double video_frame_time(const video *v, int64_t index)
{
    (void)v, (void)index;
    return NAN;
}

double video_frame_seconds(const video *v, int64_t index)
{
    (void)v, (void)index;
    return NAN;
}

int64_t video_frame_at(const video *v, double seconds)
{
    (void)v, (void)seconds;
    return 0;
}

status video_frames(video *v, const int64_t *index, size_t count, const picture_format *format, uint8_t *out,
                    video_account *account)
{
    (void)v, (void)index, (void)count, (void)format, (void)out, (void)account;
    return without("video");
}

status video_frames_by_time(video *v, const double *seconds, size_t count, const picture_format *format, uint8_t *out,
                            video_account *account)
{
    (void)v, (void)seconds, (void)count, (void)format, (void)out, (void)account;
    return without("video");
}

const char *video_library(void)
{
    return "no FFmpeg";
}

status frame_stream_open(const char *path, const frame_stream_options *options, frame_stream **out)
{
    (void)options, (void)out;
    return without(path);
}

size_t frame_stream_ready(frame_stream *s, double seconds)
{
    (void)s, (void)seconds;
    return 1;
}

status frame_stream_next(frame_stream *s, size_t most, uint8_t *pictures, int64_t *numbers, size_t *count, bool *ended)
{
    (void)s, (void)most, (void)pictures, (void)numbers, (void)count, (void)ended;
    return without("video");
}

void frame_stream_account_read(frame_stream *s, frame_stream_account *out)
{
    (void)s;
    *out = (frame_stream_account){0};
}

void frame_stream_close(frame_stream **s)
{
    (void)s;
}

status encoder_open(const char *path, const encode_options *options, encoder_file **out)
{
    (void)options, (void)out;
    return without(path);
}

status encoder_add(encoder_file *e, const uint8_t *rgb)
{
    (void)e, (void)rgb;
    return without("video");
}

status encoder_finish(encoder_file *e)
{
    (void)e;
    return without("video");
}

void encoder_close(encoder_file **e)
{
    (void)e;
}

status picture_write_png(const char *path, const uint8_t *rgb, int width, int height)
{
    (void)rgb, (void)width, (void)height;
    return without(path);
}

status video_check(const char *path, double timeout, video_verdict *out)
{
    (void)timeout, (void)out;
    return without(path);
}
