#include "video/decoding.h"

#include "video/libav.h"

#include <stdio.h>
#include <string.h>

enum { SIDE_MOST = 16384, PIXELS_MOST = 1 << 26, LOOK_MOST = 64 };

static status no_memory(const decoding *d)
{
    return FAIL(ERR_MEMORY, "%s: no memory to decode it", d->from->path);
}

/* A packet as a reader knows it: of a folder by the picture's name. */
static void name_packet(const decoding *d, int64_t packet, char *out, size_t size)
{
    const picture_packets *p = d->from->pictures;
    const char *name = p ? picture_folder_name(&p->folder, packet) : NULL;
    if (name) snprintf(out, size, "%s", name);
    else if (p) snprintf(out, size, "picture %lld", (long long)(packet + p->folder.first));
    else snprintf(out, size, "packet %lld", (long long)packet);
}

/* The first thing that goes wrong is the one to tell. */
static void note(decoding *d, int64_t packet, const char *why)
{
    char name[64];
    const char *said = libav_said();
    if (d->reason[0]) return;
    name_packet(d, packet, name, sizeof name);
    snprintf(d->reason, sizeof d->reason, "%s: %s%s%s", name, why, said[0] ? ": " : "", said);
}

/* ---- frames held for later --------------------------------------------------------------------------------------- */

static void drop_held(decoding *d, size_t count)
{
    for (size_t i = 0; i < count; i++) av_frame_free(&d->held[i]);
    d->held_count -= count;
    memmove(d->held, d->held + count, d->held_count * sizeof(AVFrame *));
}

static status hold(decoding *d)
{
    if (d->held_count == FRAMES_HELD_MOST) drop_held(d, 1);
    AVFrame *frame = av_frame_clone(d->frame);
    if (!frame) return no_memory(d);
    d->held[d->held_count++] = frame;
    return OK;
}

static bool is_held(const decoding *d, int64_t index)
{
    for (size_t i = 0; i < d->held_count; i++)
        if (d->held[i]->pts == index) return true;
    return false;
}

/* ---- one call's work --------------------------------------------------------------------------------------------- */

/* A stretch of one call that is decoded without starting anew. */
typedef struct {
    const int64_t *wanted; /* (count), ascending */
    size_t count, done;    /* `done` of them have been taken, or passed */
    int64_t start, end;    /* packets to feed: start .. end - 1 */
    int64_t hold_after;    /* frames past this index are held; INT64_MAX: none */
    bool all;              /* every frame is taken, wanted or not */
    const frame_taker *taker;
} stretch;

static bool is_wanted(const stretch *s, int64_t index)
{
    size_t low = s->done, high = s->count;
    if (s->all || index >= s->hold_after) return true;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->wanted[middle] < index) low = middle + 1;
        else high = middle;
    }
    return low < s->count && s->wanted[low] == index;
}

bool frame_is_damaged(const AVFrame *frame)
{
    return frame->decode_error_flags || (frame->flags & AV_FRAME_FLAG_CORRUPT);
}

static status give(stretch *s, const AVFrame *frame)
{
    bool damaged = frame_is_damaged(frame);
    int64_t index = frame->pts;
    while (s->done < s->count && s->wanted[s->done] < index) s->done++; /* these did not come out */
    bool wanted = s->done < s->count && s->wanted[s->done] == index;
    if (wanted) s->done++;
    return wanted || s->all ? s->taker->take(s->taker->self, index, frame, damaged) : OK;
}

/* Takes what the codec has ready. */
static status receive(decoding *d, stretch *s)
{
    status st = OK;
    for (int failures = 0; failures < LOOK_MOST;) {
        int code = avcodec_receive_frame(d->codec, d->frame);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) break;
        if (code == AVERROR(ENOMEM)) TRY(no_memory(d));
        if (code < 0) {
            note(d, d->next - 1, libav_reason(code));
            failures++;
            continue;
        }
        if (d->frame->pts > d->shown) d->shown = d->frame->pts;
        if (d->frame->pts > s->hold_after) TRY(hold(d));
        if (d->frame->pts >= 0) TRY(give(s, d->frame));
        av_frame_unref(d->frame);
    }
done:
    av_frame_unref(d->frame);
    return st;
}

/* Feeds packet d->next. One that cannot be decoded is noted, and the work goes on behind it. */
static status feed(decoding *d, stretch *s)
{
    status st = OK;
    int64_t number = d->next++;
    const packet_entry *entry = &d->from->table.packets[number];
    TRY(container_packet(d->from, number, d->packet));
    if (!d->packet->size) { /* to a codec it would be the end */
        note(d, number, d->from->pictures->reason);
        goto done;
    }
    d->packet->pts = entry->frame;
    d->packet->dts = AV_NOPTS_VALUE;
    d->codec->skip_frame = is_wanted(s, entry->frame) ? AVDISCARD_DEFAULT : AVDISCARD_NONREF;
    int code = avcodec_send_packet(d->codec, d->packet);
    if (code == AVERROR(ENOMEM)) TRY(no_memory(d));
    if (code < 0) note(d, number, libav_reason(code));
    TRY(receive(d, s));
done:
    av_packet_unref(d->packet);
    return st;
}

static status drain(decoding *d, stretch *s)
{
    status st = OK;
    d->drained = true;
    (void)avcodec_send_packet(d->codec, NULL);
    TRY(receive(d, s));
done:
    return st;
}

void codec_start_at_key(AVCodecContext *codec, bool at_beginning)
{
    if (at_beginning) codec->flags &= ~AV_CODEC_FLAG_OUTPUT_CORRUPT;
    else codec->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
}

static void start_anew(decoding *d, int64_t packet)
{
    drop_held(d, d->held_count);
    avcodec_flush_buffers(d->codec);
    codec_start_at_key(d->codec, packet == 0);
    d->origin = d->next = packet;
    d->shown = -1;
    d->drained = false;
}

static bool can_go_on(const decoding *d, const stretch *s)
{
    if (d->drained || s->start < d->origin || s->start >= d->next) return false;
    return s->wanted[0] > d->shown || is_held(d, s->wanted[0]);
}

static status give_held(decoding *d, stretch *s)
{
    status st = OK;
    while (d->held_count && d->held[0]->pts <= s->wanted[s->count - 1]) {
        TRY(give(s, d->held[0]));
        drop_held(d, 1);
    }
done:
    return st;
}

/* Feeds on past the end, so that what is still wanted comes out and the next call finds all that follows. */
static status feed_on(decoding *d, stretch *s)
{
    status st = OK;
    int64_t most = s->end + d->codec->has_b_frames + d->codec->thread_count + 2;
    int64_t count = (int64_t)d->from->table.packet_count;
    while (s->done < s->count && d->next < count && d->next < most && !source_is_late(&d->from->bytes)) TRY(feed(d, s));
done:
    return st;
}

static status run_stretch(decoding *d, stretch *s, bool onwards)
{
    status st = OK;
    if (!can_go_on(d, s)) start_anew(d, s->start);
    TRY(give_held(d, s));
    while (d->next < s->end && !source_is_late(&d->from->bytes)) TRY(feed(d, s));
    if (onwards) TRY(feed_on(d, s));
    if (s->done < s->count && !source_is_late(&d->from->bytes)) TRY(drain(d, s));
    if (d->shown < s->wanted[s->count - 1]) d->shown = s->wanted[s->count - 1];
done:
    return st;
}

/* As many of the wanted as are best decoded in one go: the next one joins unless it starts at a key packet that lies
 * beyond all that is fed anyway. */
static stretch next_stretch(const decoding *d, const int64_t *wanted, size_t count)
{
    const frame_table *t = &d->from->table;
    stretch s = {.wanted = wanted, .start = frame_table_start(t, wanted[0]), .hold_after = INT64_MAX};
    while (s.count < count && (!s.count || frame_table_start(t, wanted[s.count]) < s.end)) {
        int64_t packet = t->frames[wanted[s.count++]].packet;
        if (packet >= s.end) s.end = packet + 1;
    }
    return s;
}

status decoding_run(decoding *d, const int64_t *wanted, size_t count, const frame_taker *taker)
{
    status st = OK;
    d->reason[0] = 0;
    libav_forget();
    if (!count) goto done;
    int64_t start = frame_table_start(&d->from->table, wanted[0]);
    bool onwards = d->last >= 0 && wanted[0] > d->last && start >= d->origin && start < d->next;
    for (size_t at = 0; at < count && !source_is_late(&d->from->bytes);) {
        stretch s = next_stretch(d, wanted + at, count - at);
        at += s.count;
        s.taker = taker;
        bool last = at == count && onwards;
        if (last) s.hold_after = wanted[count - 1];
        TRY(run_stretch(d, &s, last));
    }
    d->last = wanted[count - 1];
done:
    return st;
}

status decoding_sweep(decoding *d, int64_t from, int64_t last, const frame_taker *taker)
{
    status st = OK;
    const int64_t count = (int64_t)d->from->table.packet_count;
    const int64_t after = last + 1 < (int64_t)d->from->table.frame_count ? last + 1 : last;
    stretch s = {.wanted = &after, .count = 1, .hold_after = INT64_MAX, .all = true, .taker = taker};
    start_anew(d, from);
    while (d->next < count && !s.done && !source_is_late(&d->from->bytes)) TRY(feed(d, &s));
    if (!s.done && !source_is_late(&d->from->bytes)) TRY(drain(d, &s));
    d->drained = true;
done:
    return st;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static status too_late(const decoding *d, const char *what)
{
    return FAIL(ERR_INPUT, "%s: %s: took longer than the time-out", d->from->path, what);
}

void codec_name(const AVCodecParameters *p, char *out, size_t size)
{
    if (p->codec_id != AV_CODEC_ID_NONE) snprintf(out, size, "%s", avcodec_get_name(p->codec_id));
    else av_fourcc_make_string(memset(out, 0, size), p->codec_tag);
}

/* A damaged picture is to be no picture: the one beside it is whole. And threads would hold pictures back. */
static void be_strict(AVCodecContext *codec)
{
    codec->err_recognition |= AV_EF_EXPLODE | AV_EF_CRCCHECK;
    codec->thread_count = 1;
}

status codec_open(container *from, int threads, int delay, AVCodecContext **out)
{
    status st = OK;
    AVCodecContext *codec = NULL;
    const AVCodecParameters *p = from->stream->codecpar;
    const AVCodec *kind = avcodec_find_decoder(p->codec_id);
    if (!kind) {
        from->fault = FAULT_CODEC;
        codec_name(p, from->codec, sizeof from->codec);
        TRY(FAIL(ERR_INPUT, "%s: stream %d: this FFmpeg decodes no %s", from->path, from->stream->index, from->codec));
    }
    if (p->width > SIDE_MOST || p->height > SIDE_MOST)
        TRY(FAIL(ERR_INPUT, "%s: %d x %d: sides up to %d are decoded", from->path, p->width, p->height, SIDE_MOST));
    codec = avcodec_alloc_context3(kind);
    if (!codec) TRY(FAIL(ERR_MEMORY, "%s: no memory to decode it", from->path));
    int code = avcodec_parameters_to_context(codec, p);
    codec->thread_count = threads > 1 ? threads : 1;
    codec->pkt_timebase = from->stream->time_base;
    codec->max_pixels = PIXELS_MOST;
    if (p->codec_id == AV_CODEC_ID_H264 && codec->has_b_frames < delay) /* it would guess, and lose frames over it */
        codec->has_b_frames = delay;
    if (from->pictures) be_strict(codec);
    if (code >= 0) code = avcodec_open2(codec, kind, NULL);
    if (code < 0)
        TRY(FAIL(code == AVERROR(ENOMEM) ? ERR_MEMORY : ERR_INPUT, "%s: its %s cannot be decoded: %s", from->path,
                 kind->name, libav_reason(code)));
    *out = codec;
    codec = NULL;
done:
    avcodec_free_context(&codec);
    return st;
}

static status open_codec(decoding *d, int threads)
{
    status st = OK;
    TRY(codec_open(d->from, threads, frame_table_delay(&d->from->table), &d->codec));
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    if (!d->packet || !d->frame) TRY(no_memory(d));
done:
    return st;
}

/* A frame's packet number stands in `pts`; where its packet has no time, the one that brought it out tells. */
static status count_received(decoding *d)
{
    status st = OK;
    frame_table *t = &d->from->table;
    for (int failures = 0; failures < LOOK_MOST;) {
        int code = avcodec_receive_frame(d->codec, d->frame);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) break;
        if (code == AVERROR(ENOMEM)) TRY(no_memory(d));
        if (code < 0) {
            note(d, d->next - 1, libav_reason(code));
            failures++;
            continue;
        }
        int64_t number = d->frame->pts;
        if (number < 0 || number >= (int64_t)t->packet_count) continue;
        int64_t time = t->packets[number].time;
        if (time == TIME_UNKNOWN && d->frame->pkt_dts != AV_NOPTS_VALUE) time = d->frame->pkt_dts;
        if (time == TIME_UNKNOWN) time = frame_table_end(t);
        if (frame_is_damaged(d->frame) && !d->damaged++) d->damaged_first = (int64_t)t->frame_count;
        TRY(frame_table_add_frame(t, number, time));
    }
done:
    return st;
}

static status count_packet(decoding *d, int64_t number)
{
    status st = OK;
    TRY(container_packet(d->from, number, d->packet));
    d->packet->pts = number;
    int64_t time = d->from->table.packets[number].decode_time;
    d->packet->dts = time == TIME_UNKNOWN ? AV_NOPTS_VALUE : time;
    int code = avcodec_send_packet(d->codec, d->packet);
    if (code == AVERROR(ENOMEM)) TRY(no_memory(d));
    if (code < 0) note(d, number, libav_reason(code));
    TRY(count_received(d));
done:
    av_packet_unref(d->packet);
    return st;
}

static status count_frames(decoding *d)
{
    status st = OK;
    const int64_t count = (int64_t)d->from->table.packet_count;
    libav_forget(); /* what was said of the container is no reason of the codec's */
    for (d->next = 0; d->next < count; d->next++) {
        if (source_is_late(&d->from->bytes)) TRY(too_late(d, "counting its frames"));
        TRY(count_packet(d, d->next));
    }
    (void)avcodec_send_packet(d->codec, NULL);
    TRY(count_received(d));
    start_anew(d, 0);
done:
    return st;
}

static bool knows_form(const decoding *d)
{
    return d->codec->width > 0 && d->codec->height > 0 && d->codec->pix_fmt != AV_PIX_FMT_NONE;
}

/* The first frames say what the header may not, or wrongly. They are needed anyway, and held. */
static status look(decoding *d)
{
    status st = OK;
    stretch s = {.hold_after = -1};
    const int64_t count = (int64_t)d->from->table.packet_count;
    for (int looks = 0; !knows_form(d) && d->next < count && looks < LOOK_MOST;) {
        if (source_is_late(&d->from->bytes)) TRY(too_late(d, "its first frame"));
        looks += !d->from->pictures || picture_folder_name(&d->from->pictures->folder, d->next);
        TRY(feed(d, &s));
    }
    if (!knows_form(d) && d->next == count) TRY(drain(d, &s));
done:
    return st;
}

status decoding_open(container *from, int threads, decoding *d)
{
    status st = OK;
    *d = (decoding){.from = from, .shown = -1, .last = -1};
    TRY(open_codec(d, threads));
    if (from->counted) TRY(count_frames(d));
    else TRY(look(d));
    if (!from->table.frame_count || !knows_form(d))
        TRY(FAIL(ERR_INPUT, "%s: nothing in it can be decoded: %s", from->path,
                 d->reason[0] ? d->reason : "no frames came out"));
    if (d->codec->width > SIDE_MOST || d->codec->height > SIDE_MOST)
        TRY(FAIL(ERR_INPUT, "%s: %d x %d: sides up to %d are decoded", from->path, d->codec->width, d->codec->height,
                 SIDE_MOST));
done:
    if (st != OK) decoding_close(d);
    return st;
}

void decoding_close(decoding *d)
{
    drop_held(d, d->held_count);
    avcodec_free_context(&d->codec);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    *d = (decoding){0};
}
