#include "video/stream_frames.h"

#include "base/clock.h"
#include "video/decoding.h"

#include <stdio.h>
#include <string.h>

enum { FAILURES_MOST = 16, HELD_BACK_MOST = 16 };
static const double PACKET_SECONDS = 30; /* that finding the next packet of a file may take */

static double deadline(void)
{
    return monotonic_seconds() + PACKET_SECONDS;
}

static double seconds_at(const stream_frames *s, int64_t ticks)
{
    return (double)ticks * s->tick;
}

/* The first thing that goes wrong is the one to tell. What cannot be decoded just after seeking is no fault. */
static void note(stream_frames *s, const char *why)
{
    const char *said = libav_said();
    if (s->reason[0] || s->last < s->begin) return;
    snprintf(s->reason, sizeof s->reason, "packet %lld (about %.3f s): %s%s%s", (long long)s->read - 1,
             seconds_at(s, s->clock.high - s->zero), why, said[0] ? ": " : "", said);
}

/* ---- packets ----------------------------------------------------------------------------------------------------- */

static known_packet *known(stream_frames *s, int64_t number)
{
    known_packet *at = &s->known[(uint64_t)number % PACKETS_KNOWN];
    return number >= 0 && at->number == number ? at : NULL;
}

/* Whether packets tell all about frames: which there are, and when. */
static bool are_frames(const stream_frames *s)
{
    return s->orderly && container_frames_are_packets(&s->from);
}

static bool is_lost(const stream_frames *s, const known_packet *p)
{
    return p->number >= 0 && p->shown && !p->came && p->time != TIME_UNKNOWN && (p->failed || are_frames(s));
}

/* The codec could not read the packet it got last. */
static void fail_packet(stream_frames *s, int code)
{
    known_packet *at = known(s, s->read - 1);
    if (at) at->failed = true;
    note(s, libav_reason(code));
}

static void remember(stream_frames *s, const packet_entry *entry)
{
    known_packet *at = &s->known[(uint64_t)s->read % PACKETS_KNOWN];
    if (is_lost(s, at) && at->time < s->lost) s->lost = at->time;
    *at = (known_packet){.number = s->read, .time = entry->time, .duration = entry->duration, .shown = entry->shown};
    if (!entry->shown) return;
    if (entry->time == TIME_UNKNOWN) s->orderly = false;
    else if (entry->time + entry->duration > s->end) s->end = entry->time + entry->duration;
}

/* Reads on behind what cannot be read, but not forever: AVERROR_EOF and every other error then is the end. */
static int read_on(stream_frames *s)
{
    int code = 0;
    for (int failures = 0; failures < FAILURES_MOST; failures++) {
        libav_forget();
        if (!s->from.bytes.piped) s->from.bytes.deadline = deadline();
        code = container_read(&s->from, s->packet);
        if (code != AVERROR_INVALIDDATA) break;
        note(s, libav_reason(code));
    }
    return code;
}

/* The next packet into s->packet, its stamps moved to the stream's own time. */
static int next_packet(stream_frames *s, packet_entry *entry)
{
    int code = read_on(s);
    if (code < 0) return code;
    bool key = s->packet->flags & AV_PKT_FLAG_KEY;
    *entry = container_entry(&s->from, s->packet);
    bool jumped = stream_clock_take(&s->clock, entry, key);
    remember(s, entry);
    s->read++;
    if (!jumped) return 0;
    char what[80];
    snprintf(what, sizeof what, "its time stamp jumps by %.3f s; time goes on without it",
             seconds_at(s, s->clock.leap));
    note(s, what);
    return 0;
}

/* Why there is no more. A file that was cut off ends like others, but its index promised more. */
static void end_input(stream_frames *s, int code)
{
    const source_wait *wait = s->from.bytes.wait;
    int64_t missing = avformat_index_get_entries_count(s->from.stream) - s->read;
    bool listed = !strncmp(s->from.format->iformat->name, "mov", 3) && s->from.stream->nb_frames > 0;
    char what[120];
    s->whole = code == AVERROR_EOF && !wait->trouble[0] && !(listed && missing > 0);
    if (s->whole || atomic_load(wait->stop)) return;
    if (wait->trouble[0]) note(s, wait->trouble);
    else if (code == AVERROR_EXIT) note(s, "finding the next packet took longer than the time-out");
    else if (code == AVERROR(ENOMEM)) note(s, "a packet asks for more memory than there is"); /* its size is no size */
    else if (code != AVERROR_EOF) note(s, libav_reason(code));
    snprintf(what, sizeof what, "it ends there, and %lld more packets are in its index", (long long)missing);
    if (listed && missing > 0) note(s, what);
}

static status feed(stream_frames *s)
{
    status st = OK;
    packet_entry entry;
    int code = next_packet(s, &entry);
    if (code < 0) {
        s->drained = true;
        end_input(s, code);
        (void)avcodec_send_packet(s->codec, NULL);
        goto done;
    }
    if (s->read <= s->feed_from) goto done;
    s->packet->pts = s->read - 1;
    s->packet->dts = entry.decode_time == TIME_UNKNOWN ? AV_NOPTS_VALUE : entry.decode_time;
    code = avcodec_send_packet(s->codec, s->packet);
    if (code == AVERROR(ENOMEM)) TRY(FAIL(ERR_MEMORY, "%s: no memory to decode it", s->from.path));
    if (code < 0) fail_packet(s, code);
done:
    av_packet_unref(s->packet);
    return st;
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* The earliest of the packets so far. */
static int64_t first_time(const stream_frames *s, int64_t time)
{
    for (size_t i = 0; are_frames(s) && i < PACKETS_KNOWN; i++)
        if (is_lost(s, &s->known[i]) && s->known[i].time < time) time = s->known[i].time;
    return time;
}

/* Sets the time of the frame of packet `p`, and how long it is shown. */
static void set_time(stream_frames *s, const AVFrame *frame, const known_packet *p)
{
    bool first = s->last == INT64_MIN;
    int64_t time = p->time;
    if (time == TIME_UNKNOWN && frame->pkt_dts != AV_NOPTS_VALUE && frame->pkt_dts <= s->clock.high)
        time = frame->pkt_dts; /* beyond that it may be anything */
    if (time == TIME_UNKNOWN) time = first ? 0 : s->last + s->shown_for;
    if (!first && time < s->last) time = s->last;
    int64_t usual = !first && time > s->last ? time - s->last : s->clock.usual;
    s->shown_for = p->duration > 0 ? p->duration : usual;
    s->last = time;
    s->lost = INT64_MAX;
}

/* Takes the frame in `out`, unless its packet has brought one before, or it cannot be right. */
static bool take(stream_frames *s, stream_frame *out)
{
    known_packet *p = known(s, out->frame->pts);
    if (!p || p->came) return false;
    p->came = true;
    if (p->time != TIME_UNKNOWN && p->time < s->begin) return false;
    set_time(s, out->frame, p);
    if (!s->begun) s->zero = first_time(s, s->last);
    s->begun = true;
    out->time = s->last - s->zero;
    out->damaged = frame_is_damaged(out->frame);
    return true;
}

/* A codec that fails again and again has nothing more to give for this packet. */
static int receive(stream_frames *s, AVFrame *frame)
{
    for (int failures = 0; failures < FAILURES_MOST; failures++) {
        int code = avcodec_receive_frame(s->codec, frame);
        if (code >= 0 || code == AVERROR(EAGAIN) || code == AVERROR_EOF || code == AVERROR(ENOMEM)) return code;
        fail_packet(s, code);
    }
    return s->drained ? AVERROR_EOF : AVERROR(EAGAIN);
}

status stream_frames_next(stream_frames *s, stream_frame *out, bool *ended)
{
    status st = OK;
    *ended = false;
    for (;;) {
        int code = receive(s, out->frame);
        if (code == AVERROR(ENOMEM)) TRY(FAIL(ERR_MEMORY, "%s: no memory for a frame", s->from.path));
        if (code >= 0 && take(s, out)) break;
        if (code >= 0) continue;
        *ended = code == AVERROR_EOF || atomic_load(s->from.bytes.wait->stop);
        if (*ended) break;
        TRY(feed(s));
    }
done:
    return st;
}

bool stream_frames_lost(const stream_frames *s, int64_t from, int64_t time)
{
    from += s->zero;
    time += s->zero;
    for (size_t i = 0; i < PACKETS_KNOWN; i++)
        if (is_lost(s, &s->known[i]) && s->known[i].time > from && s->known[i].time <= time) return true;
    return s->lost > from && s->lost <= time;
}

int64_t stream_frames_end(const stream_frames *s)
{
    int64_t end = s->last + s->shown_for;
    return (are_frames(s) && s->end > end ? s->end : end) - s->zero;
}

/* ---- going on in the middle -------------------------------------------------------------------------------------- */

/* As before the first packet. */
static status start(stream_frames *s)
{
    const AVStream *stream = s->from.stream;
    for (size_t i = 0; i < PACKETS_KNOWN; i++) s->known[i].number = -1;
    s->read = s->feed_from = 0;
    s->last = s->end = s->begin = INT64_MIN;
    s->lost = INT64_MAX;
    s->orderly = true;
    s->drained = s->whole = false;
    s->tick = av_q2d(stream->time_base);
    if (stream_clock_start(&s->clock, s->tick, av_q2d(stream->avg_frame_rate)) == OK) return OK;
    fail_clear();
    return FAIL(ERR_INPUT, "%s: its clock ticks every %g seconds", s->from.path, s->tick);
}

/* Number and time of the last key packet whose frame is not shown after `time`. All that is decoded after a key packet
 * of a later time is also shown later, so there the search ends. A packet that does not say when it is shown is no
 * place to begin at. */
static void find_key(stream_frames *s, int64_t time, int64_t *number, int64_t *begin)
{
    packet_entry entry = {.time = TIME_UNKNOWN};
    *number = 0;
    *begin = INT64_MIN;
    while (s->orderly && next_packet(s, &entry) >= 0) {
        bool key = s->packet->flags & AV_PKT_FLAG_KEY;
        av_packet_unref(s->packet);
        if (!entry.shown || entry.time == TIME_UNKNOWN) continue;
        if (entry.time > time) break;
        if (!key) continue;
        *number = s->read - 1;
        *begin = entry.time;
    }
    if (s->orderly) return;
    *number = 0;
    *begin = INT64_MIN;
}

status stream_frames_seek(stream_frames *s, int64_t time)
{
    status st = OK;
    int64_t number = 0, begin = 0;
    if (__builtin_add_overflow(time, s->zero, &time)) time = INT64_MAX;
    find_key(s, time, &number, &begin);
    s->from.bytes.deadline = deadline();
    TRY(container_begin_again(&s->from));
    avcodec_free_context(&s->codec);
    TRY(start(s));
    TRY(codec_open(&s->from, s->options.threads, s->options.prompt ? 0 : HELD_BACK_MOST, &s->codec));
    codec_start_at_key(s->codec, number == 0);
    s->feed_from = number;
    s->begin = begin;
done:
    return st;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

status stream_frames_open(const char *path, source_wait *wait, const raw_pictures *raw,
                          const stream_frames_options *options, stream_frames *s)
{
    status st = OK;
    *s = (stream_frames){.options = *options, .from.bytes.fd = -1};
    TRY(container_begin(path, wait, raw, deadline(), &s->from));
    TRY(codec_open(&s->from, options->threads, options->prompt ? 0 : HELD_BACK_MOST, &s->codec));
    s->packet = av_packet_alloc();
    if (!s->packet) TRY(FAIL(ERR_MEMORY, "%s: no memory for a packet", path));
    TRY(start(s));
done:
    if (st != OK) stream_frames_close(s);
    return st;
}

void stream_frames_close(stream_frames *s)
{
    avcodec_free_context(&s->codec);
    av_packet_free(&s->packet);
    container_close(&s->from);
}
