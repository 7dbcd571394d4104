#include "video/details.h"

#include "video/details_of.h"

#include <stdio.h>
#include <string.h>

static void put(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

static const char *type_name(enum AVMediaType type)
{
    switch (type) {
    case AVMEDIA_TYPE_VIDEO: return "video";
    case AVMEDIA_TYPE_AUDIO: return "audio";
    case AVMEDIA_TYPE_SUBTITLE: return "subtitle";
    case AVMEDIA_TYPE_ATTACHMENT: return "attachment";
    case AVMEDIA_TYPE_DATA:
    case AVMEDIA_TYPE_UNKNOWN:
    case AVMEDIA_TYPE_NB:
    default: return "data";
    }
}

static int channels_of(const AVCodecParameters *p)
{
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(59, 24, 100)
    return p->ch_layout.nb_channels;
#else
    return p->channels;
#endif
}

static void describe_stream(const AVStream *stream, stream_details *out)
{
    const AVCodecParameters *p = stream->codecpar;
    bool sound = p->codec_type == AVMEDIA_TYPE_AUDIO;
    *out = (stream_details){.number = stream->index,
                            .rate = sound ? p->sample_rate : 0,
                            .channels = sound ? channels_of(p) : 0,
                            .width = p->width,
                            .height = p->height};
    put(out->type, sizeof out->type, type_name(p->codec_type));
    codec_name(p, out->codec, sizeof out->codec);
}

static void describe_keys(const frame_table *t, video_details *out)
{
    int64_t since = 0, longest = 0;
    for (int64_t i = 0; i < (int64_t)t->packet_count; i++) {
        if (t->packets[i].key == i) {
            out->key_frames++;
            since = 0;
        }
        if (++since > longest) longest = since;
    }
    out->key_distance = longest;
}

void details_of(const container *from, const AVCodecContext *codec, video_details *out)
{
    const AVCodecParameters *p = from->stream->codecpar;
    int profile = codec->profile != FF_PROFILE_UNKNOWN ? codec->profile : p->profile;
    int level = codec->level != FF_LEVEL_UNKNOWN ? codec->level : p->level;
    enum AVColorSpace space = codec->colorspace;
    *out = (video_details){.bytes = from->bytes.size, .level = level};
    put(out->container, sizeof out->container, from->pictures ? "numbered pictures" : from->format->iformat->name);
    if (from->pictures) out->bytes = picture_packets_bytes(from->pictures);
    put(out->profile, sizeof out->profile, avcodec_profile_name(p->codec_id, profile));
    put(out->colours, sizeof out->colours, space == AVCOL_SPC_UNSPECIFIED ? "" : av_color_space_name(space));
    put(out->range, sizeof out->range,
        codec->color_range == AVCOL_RANGE_UNSPECIFIED ? "" : av_color_range_name(codec->color_range));
    describe_keys(&from->table, out);
    for (unsigned i = 0; i < from->format->nb_streams; i++) {
        if (out->stream_count == STREAMS_TOLD_MOST) out->streams_left++;
        else describe_stream(from->format->streams[i], &out->streams[out->stream_count++]);
    }
}
