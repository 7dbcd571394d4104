#include "video/encoder.h"

#include "base/file.h"
#include "video/libav.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SIDE_LEAST = 16, SIDE_MOST = 4096, FPS_MOST = 240, QUALITY_MOST = 51, KEYFRAME_MOST = 1000, PNG_MOST = 16384 };

struct encoder_file {
    char *path;
    AVCodecContext *codec;
    AVBSFContext *clean; /* takes out x264's note of its own version */
    AVFormatContext *container;
    struct SwsContext *scale;
    uint8_t *rgb;   /* the picture as it came, with room behind it: swscale reads a few bytes past its end */
    AVFrame *frame; /* the picture as YUV */
    AVPacket *packet;
    int64_t frames; /* added so far */
};

/* The status of a failed call of FFmpeg, with its words. */
static status refuse(const char *path, const char *what, int code)
{
    status st = code == AVERROR(ENOMEM) ? ERR_MEMORY : ERR_IO;
    return FAIL(st, "%s: %s: %s", path, what, libav_reason(code));
}

#define TRY_LIBAV(call, path, what)                                                                                    \
    do {                                                                                                               \
        int libav_code = (call);                                                                                       \
        if (libav_code < 0) TRY(refuse(path, what, libav_code));                                                       \
    } while (0)

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static bool within(int value, int least, int most)
{
    return value >= least && value <= most;
}

static status check_options(const char *path, const encode_options *o)
{
    if (!within(o->width, SIDE_LEAST, SIDE_MOST) || !within(o->height, SIDE_LEAST, SIDE_MOST) || o->width % 2 ||
        o->height % 2)
        return FAIL(ERR_CONFIG, "%s: %d x %d is no size for a video: sides are even, from %d to %d", path, o->width,
                    o->height, SIDE_LEAST, SIDE_MOST);
    if (!within(o->fps, 1, FPS_MOST))
        return FAIL(ERR_CONFIG, "%s: %d frames a second: from 1 to %d can be written", path, o->fps, FPS_MOST);
    if (!within(o->quality, 0, QUALITY_MOST))
        return FAIL(ERR_CONFIG, "%s: quality %d is not from 0 (best) to %d", path, o->quality, QUALITY_MOST);
    if (!within(o->keyframe, 1, KEYFRAME_MOST))
        return FAIL(ERR_CONFIG, "%s: a key frame every %d frames: from 1 to %d", path, o->keyframe, KEYFRAME_MOST);
    return OK;
}

/* Told at the start what would otherwise come out at the end of the work. */
static status check_place(const char *path)
{
    status st = OK;
    struct stat info;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    if (!directory_exists(folder)) TRY(FAIL(ERR_CREATE, "%s: there is no folder %s", path, folder));
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        TRY(FAIL(ERR_CREATE, "%s: is there and is no file that may be replaced", path));
done:
    free(folder);
    return st;
}

static status open_codec(encoder_file *e, const encode_options *o)
{
    status st = OK;
    const AVCodec *x264 = avcodec_find_encoder_by_name("libx264");
    if (!x264) TRY(FAIL(ERR_CONFIG, "%s: this FFmpeg has no libx264, which writes videos", e->path));
    e->codec = avcodec_alloc_context3(x264);
    if (!e->codec) TRY(FAIL(ERR_MEMORY, "%s: no memory for its encoder", e->path));
    e->codec->width = o->width;
    e->codec->height = o->height;
    e->codec->time_base = (AVRational){1, o->fps};
    e->codec->framerate = (AVRational){o->fps, 1};
    e->codec->pix_fmt = AV_PIX_FMT_YUV420P;
    e->codec->color_range = AVCOL_RANGE_MPEG;
    e->codec->colorspace = AVCOL_SPC_SMPTE170M;
    e->codec->gop_size = o->keyframe;
    e->codec->thread_count = 1;
    e->codec->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
    TRY_LIBAV(av_opt_set(e->codec->priv_data, "preset", "veryfast", 0), e->path, "x264's preset");
    TRY_LIBAV(av_opt_set(e->codec->priv_data, "tune", "fastdecode", 0), e->path, "x264's tune"); /* read many times */
    /* its tree of macroblocks reads memory that was never written: files would differ from run to run */
    TRY_LIBAV(av_opt_set_int(e->codec->priv_data, "mbtree", 0, 0), e->path, "x264's mbtree");
    TRY_LIBAV(av_opt_set_double(e->codec->priv_data, "crf", o->quality, 0), e->path, "x264's quality");
    TRY_LIBAV(avcodec_open2(e->codec, x264, NULL), e->path, "x264 does not begin");
done:
    return st;
}

static status open_cleaner(encoder_file *e)
{
    status st = OK;
    const AVBitStreamFilter *filter = av_bsf_get_by_name("filter_units");
    if (!filter) TRY(FAIL(ERR_CONFIG, "%s: this FFmpeg has no filter_units, which writing videos needs", e->path));
    TRY_LIBAV(av_bsf_alloc(filter, &e->clean), e->path, "filter_units");
    TRY_LIBAV(avcodec_parameters_from_context(e->clean->par_in, e->codec), e->path, "filter_units");
    e->clean->time_base_in = e->codec->time_base;
    TRY_LIBAV(av_opt_set(e->clean->priv_data, "remove_types", "6", 0), e->path, "filter_units"); /* 6: SEI */
    TRY_LIBAV(av_bsf_init(e->clean), e->path, "filter_units");
done:
    return st;
}

static status open_container(encoder_file *e)
{
    status st = OK;
    AVStream *stream = NULL;
    TRY_LIBAV(avformat_alloc_output_context2(&e->container, NULL, "mp4", NULL), e->path, "MP4");
    TRY_LIBAV(avio_open_dyn_buf(&e->container->pb), e->path, "MP4");
    stream = avformat_new_stream(e->container, NULL);
    if (!stream) TRY(FAIL(ERR_MEMORY, "%s: no memory for its stream", e->path));
    TRY_LIBAV(avcodec_parameters_copy(stream->codecpar, e->clean->par_out), e->path, "MP4");
    stream->time_base = e->codec->time_base;
    stream->avg_frame_rate = e->codec->framerate;
    e->container->flags |= AVFMT_FLAG_BITEXACT;
    TRY_LIBAV(avformat_write_header(e->container, NULL), e->path, "MP4");
done:
    return st;
}

static status open_frame(encoder_file *e)
{
    status st = OK;
    int width = e->codec->width, height = e->codec->height;
    e->packet = av_packet_alloc();
    e->frame = av_frame_alloc();
    e->rgb = calloc(1, 3 * (size_t)width * (size_t)height + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!e->packet || !e->frame || !e->rgb) TRY(FAIL(ERR_MEMORY, "%s: no memory for a picture", e->path));
    e->frame->format = e->codec->pix_fmt;
    e->frame->width = width;
    e->frame->height = height;
    TRY_LIBAV(av_frame_get_buffer(e->frame, 0), e->path, "a picture");
    e->scale = sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P,
                              SWS_BILINEAR | SWS_BITEXACT | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!e->scale) TRY(FAIL(ERR_MEMORY, "%s: no memory to convert its colours", e->path));
done:
    return st;
}

status encoder_open(const char *path, const encode_options *options, encoder_file **out)
{
    encoder_file *e = NULL;
    status st = libav_open();
    if (st != OK) return st;
    TRY(check_options(path, options));
    TRY(check_place(path));
    e = calloc(1, sizeof *e);
    if (!e) TRY(FAIL(ERR_MEMORY, "%s: no memory for its encoder", path));
    e->path = strdup(path);
    if (!e->path) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    TRY(open_codec(e, options));
    TRY(open_cleaner(e));
    TRY(open_container(e));
    TRY(open_frame(e));
    *out = e;
    e = NULL;
done:
    encoder_close(&e);
    return st;
}

void encoder_close(encoder_file **at)
{
    encoder_file *e = *at;
    if (!e) return;
    if (e->container && e->container->pb) {
        uint8_t *bytes = NULL;
        avio_close_dyn_buf(e->container->pb, &bytes);
        av_free(bytes);
    }
    avformat_free_context(e->container);
    av_bsf_free(&e->clean);
    avcodec_free_context(&e->codec);
    sws_freeContext(e->scale);
    av_frame_free(&e->frame);
    av_packet_free(&e->packet);
    free(e->rgb);
    free(e->path);
    free(e);
    *at = NULL;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool wants_more(int code)
{
    return code == AVERROR(EAGAIN) || code == AVERROR_EOF;
}

/* What the cleaner has ready goes into the container. */
static status write_cleaned(encoder_file *e)
{
    status st = OK;
    AVStream *stream = e->container->streams[0];
    for (;;) {
        int code = av_bsf_receive_packet(e->clean, e->packet);
        if (wants_more(code)) break;
        TRY_LIBAV(code, e->path, "cannot write a picture");
        e->packet->stream_index = 0;
        e->packet->duration = 1;
        av_packet_rescale_ts(e->packet, e->codec->time_base, stream->time_base);
        TRY_LIBAV(av_interleaved_write_frame(e->container, e->packet), e->path, "cannot write a picture");
    }
done:
    av_packet_unref(e->packet);
    return st;
}

/* Encodes `frame`; NULL: what the encoder still holds. */
static status encode(encoder_file *e, const AVFrame *frame)
{
    status st = OK;
    TRY_LIBAV(avcodec_send_frame(e->codec, frame), e->path, "cannot encode a picture");
    for (;;) {
        int code = avcodec_receive_packet(e->codec, e->packet);
        if (wants_more(code)) break;
        TRY_LIBAV(code, e->path, "cannot encode a picture");
        TRY_LIBAV(av_bsf_send_packet(e->clean, e->packet), e->path, "cannot write a picture");
        TRY(write_cleaned(e));
    }
done:
    av_packet_unref(e->packet);
    return st;
}

status encoder_add(encoder_file *e, const uint8_t *rgb)
{
    status st = OK;
    const uint8_t *planes[4] = {e->rgb};
    const int strides[4] = {e->codec->width * 3};
    TRY_LIBAV(av_frame_make_writable(e->frame), e->path, "a picture"); /* x264 may hold the one before */
    memcpy(e->rgb, rgb, 3 * (size_t)e->codec->width * (size_t)e->codec->height);
    sws_scale(e->scale, planes, strides, 0, e->codec->height, e->frame->data, e->frame->linesize);
    e->frame->pts = e->frames++;
    TRY(encode(e, e->frame));
    TRY_LIBAV(e->container->pb->error, e->path, "the video is too large");
done:
    return st;
}

status encoder_finish(encoder_file *e)
{
    status st = OK;
    uint8_t *bytes = NULL;
    int count = 0;
    if (!e->frames) TRY(FAIL(ERR_INPUT, "%s: a video without a picture is not written", e->path));
    TRY(encode(e, NULL));
    TRY_LIBAV(av_bsf_send_packet(e->clean, NULL), e->path, "cannot end the video");
    TRY(write_cleaned(e));
    TRY_LIBAV(av_write_trailer(e->container), e->path, "cannot end the video");
    TRY_LIBAV(e->container->pb->error, e->path, "the video is too large");
    count = avio_close_dyn_buf(e->container->pb, &bytes);
    e->container->pb = NULL;
    TRY(file_write(e->path, bytes, (size_t)count));
done:
    av_free(bytes);
    return st;
}

/* ---- PNG --------------------------------------------------------------------------------------------------------- */

static status png_encode(const char *path, AVCodecContext *codec, const AVFrame *frame, AVPacket *packet)
{
    status st = OK;
    TRY_LIBAV(avcodec_send_frame(codec, frame), path, "cannot make a PNG");
    TRY_LIBAV(avcodec_receive_packet(codec, packet), path, "cannot make a PNG");
    TRY(file_write(path, packet->data, (size_t)packet->size));
done:
    return st;
}

static status png_open(const char *path, int width, int height, AVCodecContext **out)
{
    status st = OK;
    const AVCodec *png = avcodec_find_encoder_by_name("png");
    if (!png) TRY(FAIL(ERR_CONFIG, "%s: this FFmpeg cannot write PNG", path));
    *out = avcodec_alloc_context3(png);
    if (!*out) TRY(FAIL(ERR_MEMORY, "%s: no memory for its encoder", path));
    (*out)->width = width;
    (*out)->height = height;
    (*out)->time_base = (AVRational){1, 1};
    (*out)->pix_fmt = AV_PIX_FMT_RGB24;
    (*out)->thread_count = 1;
    (*out)->flags |= AV_CODEC_FLAG_BITEXACT;
    TRY_LIBAV(avcodec_open2(*out, png, NULL), path, "cannot make a PNG");
done:
    return st;
}

status picture_write_png(const char *path, const uint8_t *rgb, int width, int height)
{
    AVCodecContext *codec = NULL;
    AVFrame *frame = NULL;
    AVPacket *packet = NULL;
    status st = libav_open();
    if (st != OK) return st;
    if (!within(width, 1, PNG_MOST) || !within(height, 1, PNG_MOST))
        TRY(FAIL(ERR_CONFIG, "%s: %d x %d is no size for a picture", path, width, height));
    TRY(png_open(path, width, height, &codec));
    frame = av_frame_alloc();
    packet = av_packet_alloc();
    if (!frame || !packet) TRY(FAIL(ERR_MEMORY, "%s: no memory for a picture", path));
    frame->format = AV_PIX_FMT_RGB24;
    frame->width = width;
    frame->height = height;
    TRY_LIBAV(av_frame_get_buffer(frame, 0), path, "a picture");
    av_image_copy_plane(frame->data[0], frame->linesize[0], rgb, width * 3, width * 3, height);
    TRY(png_encode(path, codec, frame, packet));
done:
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&codec);
    return st;
}
