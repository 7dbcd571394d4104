#include "video/container.h"

#include "base/file.h"
#include "video/libav.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_BYTES_MOST = 32 << 20, TIME_BITS = 60 };

/* What may be read at all. FFmpeg knows stranger things: lists of addresses, text, pictures by pattern. */
static const char CONTAINERS[] = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,mxf,nut,ivf,obu,"
                                 "h264,hevc,m4v,mpegvideo,mjpeg,dv,rm,gif";

static status refuse(const container *c, const char *what, int code)
{
    const char *said = libav_said();
    const source_wait *wait = c->bytes.wait;
    if (wait && wait->trouble[0]) return FAIL(ERR_INPUT, "%s: %s", c->path, wait->trouble);
    if (code == AVERROR(ENOMEM)) /* mostly a size in the file that makes no sense */
        return FAIL(ERR_INPUT, "%s: %s: more memory is asked for than there is", c->path, what);
    if (source_is_late(&c->bytes)) return FAIL(ERR_INPUT, "%s: %s: took longer than the time-out", c->path, what);
    return FAIL(ERR_INPUT, "%s: %s: %s%s%s", c->path, what, libav_reason(code), said[0] ? ": " : "", said);
}

/* ---- the file and its stream ------------------------------------------------------------------------------------- */

static void close_format(container *c)
{
    avformat_close_input(&c->format);
    source_close(&c->bytes);
    picture_packets_close(&c->pictures);
    c->stream = NULL;
    c->next = 0;
}

static bool is_named(const container *c, const char *name)
{
    return !strncmp(c->format->iformat->name, name, strlen(name));
}

/* FFmpeg's own look at the streams decodes up to twenty frames. Where the header says what a decoder needs, that is for
 * nothing. */
static bool is_described(const container *c)
{
    const AVCodecParameters *p = c->stream->codecpar;
    return (is_named(c, "mov") || is_named(c, "matroska")) && p->width > 0 && p->height > 0 && p->extradata_size > 0;
}

static status look_at_streams(container *c)
{
    int code = avformat_find_stream_info(c->format, NULL);
    return code < 0 ? refuse(c, "its streams cannot be read", code) : OK;
}

static bool is_video(const container *c, int stream)
{
    return stream >= 0 && (unsigned)stream < c->format->nb_streams &&
           c->format->streams[stream]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
}

static status choose_stream(container *c, int wanted)
{
    int stream = wanted;
    if (wanted < 0) stream = av_find_best_stream(c->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (wanted < 0 && stream < 0) {
        c->fault = FAULT_NO_STREAM;
        return FAIL(ERR_INPUT, "%s: no video stream in it", c->path);
    }
    if (!is_video(c, stream))
        return FAIL(ERR_INPUT, "%s: stream %d is no video: its streams are 0 to %d", c->path, wanted,
                    (int)c->format->nb_streams - 1);
    for (unsigned i = 0; i < c->format->nb_streams; i++)
        c->format->streams[i]->discard = (int)i == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    c->stream = c->format->streams[stream];
    return OK;
}

static status set_option(const container *c, AVDictionary **options, const char *key, const char *value)
{
    return av_dict_set(options, key, value, 0) < 0 ? FAIL(ERR_MEMORY, "%s: no memory to open it", c->path) : OK;
}

static status describe_raw(const container *c, AVDictionary **options)
{
    status st = OK;
    char size[32], fps[32];
    if (av_get_pix_fmt(c->raw->pixels) == AV_PIX_FMT_NONE)
        TRY(FAIL(ERR_CONFIG, "%s: FFmpeg has no pixels called %s: `ffmpeg -pix_fmts` lists them", c->path,
                 c->raw->pixels));
    snprintf(size, sizeof size, "%dx%d", c->raw->width, c->raw->height);
    snprintf(fps, sizeof fps, "%.9f", c->raw->fps);
    TRY(set_option(c, options, "video_size", size));
    TRY(set_option(c, options, "framerate", fps));
    TRY(set_option(c, options, "pixel_format", c->raw->pixels));
done:
    return st;
}

static status open_format(container *c, int stream)
{
    status st = OK;
    AVDictionary *options = NULL;
    const AVInputFormat *kind = c->raw ? av_find_input_format("rawvideo") : NULL;
    TRY(source_open(c->path, &c->bytes));
    c->bytes.boxes.known = c->raw != NULL;
    c->format = avformat_alloc_context();
    if (!c->format) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", c->path));
    source_attach(&c->bytes, c->format);
    TRY(set_option(c, &options, "format_whitelist", c->raw ? "rawvideo" : CONTAINERS));
    if (c->raw) TRY(describe_raw(c, &options));
    int code = avformat_open_input(&c->format, NULL, kind, &options);
    if (code < 0) {
        c->fault = FAULT_FORMAT;
        TRY(refuse(c, "no video that can be read", code));
    }
    bool late = c->format->ctx_flags & AVFMTCTX_NOHEADER; /* streams begin where their first packet is */
    if (!late) TRY(choose_stream(c, stream));
    if (!late && is_described(c)) goto done;
    TRY(look_at_streams(c)); /* once: twice it crashes */
    TRY(choose_stream(c, stream));
done:
    av_dict_free(&options);
    return st;
}

/* ---- reading all packets ----------------------------------------------------------------------------------------- */

static int64_t bounded(int64_t ticks)
{
    const int64_t most = INT64_C(1) << TIME_BITS; /* differences must not overflow */
    return ticks == AV_NOPTS_VALUE || ticks > most || ticks < -most ? TIME_UNKNOWN : ticks;
}

/* VP8 keeps pictures only to refer to them, in packets of their own. */
static bool is_shown(const container *c, const AVPacket *p)
{
    if (p->flags & AV_PKT_FLAG_DISCARD) return false; /* cut away by an edit list */
    return c->stream->codecpar->codec_id != AV_CODEC_ID_VP8 || (p->data[0] & 0x10);
}

packet_entry container_entry(const container *c, const AVPacket *p)
{
    int64_t duration = bounded(p->duration);
    return (packet_entry){.time = bounded(p->pts),
                          .decode_time = bounded(p->dts),
                          .duration = duration > 0 ? duration : 0,
                          .position = p->pos,
                          .shown = is_shown(c, p)};
}

static void drop_kept(container *c)
{
    for (size_t i = 0; i < c->kept_count; i++) av_packet_free(&c->kept[i]);
    free(c->kept);
    c->kept = NULL;
    c->kept_count = c->kept_room = 0;
}

/* Keeps one more packet, which is empty then, or, when all are too many bytes, none. */
static status keep(container *c, AVPacket *packet)
{
    status st = OK;
    c->kept_bytes += (size_t)packet->size + sizeof *packet;
    if (c->kept_bytes > KEPT_BYTES_MOST) {
        drop_kept(c);
        goto done;
    }
    if (c->kept_count == c->kept_room) {
        size_t room = c->kept_room ? c->kept_room * 2 : 256;
        AVPacket **larger = realloc(c->kept, room * sizeof(AVPacket *));
        if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu packets", c->path, room));
        c->kept = larger;
        c->kept_room = room;
    }
    c->kept[c->kept_count] = av_packet_alloc();
    if (!c->kept[c->kept_count]) TRY(FAIL(ERR_MEMORY, "%s: no memory for packet %zu", c->path, c->kept_count));
    av_packet_move_ref(c->kept[c->kept_count++], packet);
done:
    return st;
}

int container_read(const container *c, AVPacket *packet)
{
    for (;;) {
        av_packet_unref(packet);
        int code = av_read_frame(c->format, packet);
        if (code == AVERROR(EAGAIN) && !source_is_late(&c->bytes)) continue;
        if (code < 0) return code;
        if (packet->stream_index == c->stream->index && packet->size > 0) return 0;
    }
}

static bool is_key(const container *c, const AVPacket *packet)
{
    if (!c->bytes.blank) return packet->flags & AV_PKT_FLAG_KEY;
    const AVIndexEntry *said = avformat_index_get_entry_from_timestamp(c->stream, packet->dts, AVSEEK_FLAG_ANY);
    return said && (said->flags & AVINDEX_KEYFRAME);
}

static status read_all(container *c)
{
    status st = OK;
    int code = 0;
    AVPacket *packet = av_packet_alloc();
    if (!packet) TRY(FAIL(ERR_MEMORY, "%s: no memory for a packet", c->path));
    while ((code = container_read(c, packet)) >= 0) {
        packet_entry entry = container_entry(c, packet);
        c->corrupt += (packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
        TRY(frame_table_add(&c->table, &entry, is_key(c, packet)));
        if (c->kept_bytes <= KEPT_BYTES_MOST) TRY(keep(c, packet));
    }
    if (source_is_late(&c->bytes)) TRY(refuse(c, "its packets cannot be listed", code));
    if (code != AVERROR_EOF) snprintf(c->reason, sizeof c->reason, "%s", libav_reason(code));
    snprintf(c->said, sizeof c->said, "%s", libav_said());
    if (!c->table.packet_count) {
        c->fault = avformat_index_get_entries_count(c->stream) > 0 ? FAULT_CUT : FAULT_NO_FRAMES;
        TRY(FAIL(ERR_INPUT, "%s: nothing in its video stream can be read", c->path));
    }
done:
    av_packet_free(&packet);
    return st;
}

/* A large MP4 that names all its packets at its beginning or end, and not in pieces on the way. */
static bool is_listed(const container *c)
{
    return is_named(c, "mov") && is_described(c) && c->bytes.size > KEPT_BYTES_MOST && c->stream->nb_frames > 0 &&
           c->stream->nb_frames == avformat_index_get_entries_count(c->stream) &&
           c->stream->codecpar->codec_id != AV_CODEC_ID_VP8; /* which is_shown has to look into */
}

static status list_packets(container *c)
{
    status st = OK;
    int stream = c->stream->index;
    bool blank = is_listed(c);
    if (blank) {
        c->bytes.blank = true;
        c->kept_bytes = KEPT_BYTES_MOST + 1; /* zeros are not worth it */
        c->format->flags |= AVFMT_FLAG_NOPARSE;
    }
    TRY(read_all(c));
    c->missing = avformat_index_get_entries_count(c->stream) - (int64_t)c->table.packet_count;
    if (c->missing < 0 || !is_named(c, "mov")) c->missing = 0;
    if (c->kept) goto done;
    close_format(c); /* and from the beginning, with the data */
    TRY(open_format(c, stream));
done:
    return st;
}

/* In other containers a packet can be half a frame, or none. */
bool container_frames_are_packets(const container *c)
{
    const int untold = AVFMT_TS_DISCONT | AVFMT_NOTIMESTAMPS;
    return !(c->format->iformat->flags & untold);
}

/* ---- a folder of pictures ---------------------------------------------------------------------------------------- */

static status check_rate(const container *c, double rate)
{
    return rate >= 0.001 && rate <= 1000
               ? OK
               : FAIL(ERR_INPUT, "%s: pictures at %g frames a second: from 0.001 to 1000 are possible", c->path, rate);
}

/* A stream as a file would have it, of one tick a frame. */
static status describe_pictures(container *c, double rate)
{
    enum { FINENESS = 1000000 };
    c->format = avformat_alloc_context();
    c->stream = c->format ? avformat_new_stream(c->format, NULL) : NULL;
    if (!c->stream) return FAIL(ERR_MEMORY, "%s: no memory to open it", c->path);
    c->stream->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    c->stream->codecpar->codec_id = c->pictures->codec;
    c->stream->time_base = (AVRational){FINENESS, (int)lround(rate * FINENESS)};
    c->stream->avg_frame_rate = (AVRational){c->stream->time_base.den, FINENESS};
    return OK;
}

static status open_pictures(container *c, int stream, double rate)
{
    status st = OK;
    rate = picture_rate(rate);
    TRY(check_rate(c, rate));
    if (stream > 0) TRY(FAIL(ERR_INPUT, "%s: a folder of pictures has no stream %d", c->path, stream));
    TRY(picture_packets_open(c->path, &c->pictures));
    TRY(describe_pictures(c, rate));
    for (int64_t i = 0; i < c->pictures->folder.frames; i++) {
        const packet_entry entry = {.time = i, .decode_time = i, .duration = 1, .position = -1, .shown = true};
        TRY(frame_table_add(&c->table, &entry, true));
    }
    TRY(frame_table_order(&c->table));
    if (source_is_late(&c->bytes)) TRY(FAIL(ERR_INPUT, "%s: listing it took longer than the time-out", c->path));
done:
    return st;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static status open_file(container *c, int stream)
{
    status st = OK;
    TRY(open_format(c, stream));
    TRY(list_packets(c));
    c->counted = !container_frames_are_packets(c) || !frame_table_knows_times(&c->table);
    if (!c->counted) TRY(frame_table_order(&c->table));
done:
    return st;
}

status container_open(const char *path, int stream, double frame_rate, double deadline, container *c)
{
    status st = OK;
    *c = (container){.bytes = {.fd = -1, .deadline = deadline}};
    libav_forget();
    c->path = strdup(path);
    if (!c->path) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    TRY(directory_exists(path) ? open_pictures(c, stream, frame_rate) : open_file(c, stream));
done:
    if (st != OK) {
        container_fault fault = c->fault;
        container_close(c);
        c->fault = fault;
    }
    return st;
}

status container_begin(const char *path, source_wait *wait, const raw_pictures *raw, double deadline, container *c)
{
    status st = OK;
    *c = (container){.bytes = {.fd = -1, .deadline = deadline, .wait = wait}, .raw = raw};
    libav_forget();
    c->path = strdup(path);
    if (!c->path) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    TRY(open_format(c, -1));
done:
    if (st != OK) container_close(c);
    return st;
}

void container_close(container *c)
{
    drop_kept(c);
    close_format(c);
    frame_table_free(&c->table);
    free(c->path);
    *c = (container){.bytes.fd = -1};
}

int container_rotation(const container *c)
{
    size_t bytes = 0;
    const uint8_t *matrix = av_stream_get_side_data(c->stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    double anticlockwise =
        matrix && bytes >= 9 * sizeof(int32_t) ? av_display_rotation_get((const int32_t *)matrix) : 0;
    if (!isfinite(anticlockwise)) return 0;
    return (int)((lround(-anticlockwise / 90) % 4 + 4) % 4) * 90;
}

/* ---- a packet again ---------------------------------------------------------------------------------------------- */

/* The number of a packet that was read after seeking for key packet `key`; -1: none up to that one. */
static int64_t number_of(const container *c, const AVPacket *packet, int64_t key)
{
    for (; key >= 0 && packet->pos >= 0; key = key > 0 ? c->table.packets[key - 1].key : -1)
        if (c->table.packets[key].position == packet->pos) return key;
    return -1;
}

/* Reads the key packet `key`, or one before it, where seeking leads. */
static bool seek_packet(container *c, int64_t key, AVPacket *packet)
{
    const packet_entry *wanted = &c->table.packets[key];
    int64_t time = is_named(c, "mov") ? wanted->decode_time : wanted->time; /* as their indices are sorted */
    if (time == TIME_UNKNOWN || av_seek_frame(c->format, c->stream->index, time, AVSEEK_FLAG_BACKWARD) < 0)
        return false;
    if (container_read(c, packet) < 0) return false;
    int64_t number = number_of(c, packet, key);
    c->next = number + 1;
    return number >= 0;
}

status container_begin_again(container *c)
{
    int stream = c->stream->index;
    close_format(c);
    return open_format(c, stream);
}

static status read_number(container *c, int64_t number, AVPacket *packet)
{
    status st = OK;
    int64_t key = c->table.packets[number].key;
    bool here = false;
    if (number < c->next || key > c->next) {
        here = key >= 0 && seek_packet(c, key, packet);
        if (!here) TRY(container_begin_again(c));
    }
    while (!here || c->next <= number) {
        int code = container_read(c, packet);
        if (code < 0) TRY(refuse(c, "a packet cannot be read again", code));
        here = true;
        c->next++;
    }
    if (packet->pos != c->table.packets[number].position)
        TRY(FAIL(ERR_INPUT, "%s: packet %lld is not where it was: the file has changed", c->path, (long long)number));
done:
    return st;
}

status container_packet(container *c, int64_t number, AVPacket *packet)
{
    if (c->pictures) return picture_packets_read(c->pictures, number, packet);
    if (!c->kept)
        return c->stream ? read_number(c, number, packet) : FAIL(ERR_INPUT, "%s: cannot be read again", c->path);
    if (av_packet_ref(packet, c->kept[number]) < 0)
        return FAIL(ERR_MEMORY, "%s: no memory for packet %lld", c->path, (long long)number);
    return OK;
}
