#include "video/check.h"

#include "base/clock.h"
#include "video/check_bytes.h"
#include "video/decoding.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROMISE_SLACK = 64 }; /* bytes that careless writers are off by */

/* A file in the middle of its check. */
typedef struct {
    const char *path;
    double timeout, deadline;
    int64_t promised; /* bytes, by the container's word; 0: not known */
    container from;
    decoding codec;
    uint8_t *seen;                  /* (frames) of these below */
    int64_t whole, broken, first;   /* frames; `first` of those that are not whole */
    int width, height;              /* of the first picture of a folder */
    int64_t resized, resized_first; /* of a folder's pictures: those of another size */
    video_verdict *verdict;
} checking;

enum { FRAME_ABSENT, FRAME_BROKEN, FRAME_WHOLE };

__attribute__((format(printf, 3, 4))) static void judge(checking *c, video_kind kind, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    c->verdict->kind = kind;
    vsnprintf(c->verdict->reason, sizeof c->verdict->reason, format, values);
    va_end(values);
}

static bool is_late(const checking *c)
{
    return monotonic_seconds() > c->deadline;
}

/* A failure's words without the path, which stands beside them. */
static const char *failure_words(const checking *c)
{
    const char *words = fail_message();
    size_t length = strlen(c->path);
    return !strncmp(words, c->path, length) && words[length] == ':' ? words + length + 1 + (words[length + 1] == ' ')
                                                                    : words;
}

/* ---- every frame ------------------------------------------------------------------------------------------------- */

static status take_frame(void *self, int64_t index, const AVFrame *frame, bool damaged)
{
    checking *c = self;
    if (index < 0 || index >= (int64_t)c->from.table.frame_count) return OK;
    if (c->from.pictures && (frame->width != c->width || frame->height != c->height))
        if (!c->resized++) c->resized_first = index;
    uint8_t now = damaged ? FRAME_BROKEN : FRAME_WHOLE;
    if (c->seen[index] < now) c->seen[index] = now;
    return OK;
}

static status decode_all(checking *c)
{
    status st = OK;
    int64_t count = (int64_t)c->from.table.frame_count;
    if (c->from.counted) { /* by decoding all of it */
        c->broken = c->codec.damaged;
        c->whole = count > c->broken ? count - c->broken : 0;
        c->first = c->codec.damaged_first;
        goto done;
    }
    c->seen = calloc((size_t)count, sizeof *c->seen);
    if (!c->seen) TRY(FAIL(ERR_MEMORY, "no memory for %lld frames", (long long)count));
    libav_forget(); /* what was said of the container is no reason of the codec's */
    TRY(decoding_sweep(&c->codec, 0, count - 1, &(frame_taker){take_frame, c}));
    c->first = -1;
    for (int64_t i = 0; i < count; i++) {
        c->whole += c->seen[i] == FRAME_WHOLE;
        c->broken += c->seen[i] == FRAME_BROKEN;
        if (c->seen[i] != FRAME_WHOLE && c->first < 0) c->first = i;
    }
done:
    return st;
}

/* The byte behind the last packet that an MP4's index promises; 0 where there is no such index. */
static int64_t index_end(const container *from)
{
    int64_t end = 0;
    bool listed = from->format->iformat && !strncmp(from->format->iformat->name, "mov", 3);
    int count = !listed ? 0 : avformat_index_get_entries_count(from->stream);
    for (int i = 0; i < count; i++) {
        const AVIndexEntry *entry = avformat_index_get_entry(from->stream, i);
        if (entry && entry->pos + entry->size > end) end = entry->pos + entry->size;
    }
    return end;
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

static bool judge_length(checking *c)
{
    const container *from = &c->from;
    int64_t end = index_end(from), bytes = from->bytes.size;
    if (from->missing)
        judge(c, VIDEO_TRUNCATED, "ends early: %lld of %lld frames are missing", (long long)from->missing,
              (long long)(from->missing + (int64_t)from->table.frame_count));
    else if (end > bytes || c->promised > bytes + PROMISE_SLACK)
        judge(c, VIDEO_TRUNCATED, "ends early: %lld of %lld bytes are there", (long long)bytes,
              (long long)(end > bytes ? end : c->promised));
    else if (from->reason[0])
        judge(c, VIDEO_TRUNCATED, "cannot be read to its end: %s%s%s", from->reason, from->said[0] ? ": " : "",
              from->said);
    else return false;
    return true;
}

static void judge_frames(checking *c)
{
    const frame_table *t = &c->from.table;
    const char *why = c->codec.reason[0] ? c->codec.reason
                      : libav_said()[0]  ? libav_said()
                      : c->broken        ? "parts of its picture are guessed"
                                         : "nothing came out";
    long long count = (long long)t->frame_count, bad = count - c->whole;
    if (bad)
        judge(c, VIDEO_DAMAGED, "%lld of %lld frames cannot be decoded whole, the first is frame %lld (%.3f s): %s",
              bad, count, (long long)c->first,
              (double)(t->frames[c->first].time - t->frames[0].time) * av_q2d(c->from.stream->time_base), why);
    else if (c->from.counted && c->codec.reason[0])
        judge(c, VIDEO_DAMAGED, "something in it cannot be decoded: %s", why);
    else if (c->from.corrupt)
        judge(c, VIDEO_DAMAGED, "%lld of %zu packets are damaged", (long long)c->from.corrupt, t->packet_count);
    else snprintf(c->verdict->remark, sizeof c->verdict->remark, "%s", libav_said());
}

static void judge_fault(checking *c, status st)
{
    const char *words = failure_words(c);
    if (strstr(words, "not on whitelist")) words = "in no container of videos"; /* FFmpeg takes it for something else */
    if (st == ERR_MISSING) judge(c, VIDEO_MISSING, "%s", words);                /* gone in the meantime */
    else if (st == ERR_MEMORY || st == ERR_IO) judge(c, VIDEO_UNREADABLE, "%s", words);
    else if (c->from.fault == FAULT_FORMAT) check_strange(c->path, words, c->verdict);
    else if (c->from.fault == FAULT_NO_STREAM) judge(c, VIDEO_NO_STREAM, "no video stream in it");
    else if (c->from.fault == FAULT_NO_FRAMES) judge(c, VIDEO_NO_FRAMES, "not one frame in its video stream");
    else if (c->from.fault == FAULT_CUT) judge(c, VIDEO_TRUNCATED, "ends before its first frame");
    else if (c->from.fault == FAULT_CODEC) judge(c, VIDEO_CODEC, "FFmpeg decodes no %s here", c->from.codec);
    else judge(c, VIDEO_DAMAGED, "%s", words);
}

/* Asks the first bad picture again, as it is the one to tell about, and not a gap before it. */
static void judge_bad_pictures(checking *c, int64_t bad)
{
    const picture_folder *folder = &c->from.pictures->folder;
    int64_t first = 0;
    while (c->seen[first] == FRAME_WHOLE || !picture_folder_name(folder, first)) first++;
    status st = decoding_run(&c->codec, &first, 1, &(frame_taker){take_frame, c});
    if (st != OK) fail_clear();
    judge(c, VIDEO_DAMAGED, "%lld of %zu pictures cannot be decoded, the first is %s", (long long)bad, folder->count,
          c->codec.reason[0] ? c->codec.reason : picture_folder_name(folder, first));
}

/* Numbers without a picture are less than the numbers promise; pictures that are there and no good weigh more. */
static void judge_pictures(checking *c)
{
    const picture_packets *p = c->from.pictures;
    long long count = (long long)p->folder.count, gaps = (long long)p->folder.frames - count;
    if (c->whole < count) judge_bad_pictures(c, count - c->whole);
    else if (gaps)
        judge(c, VIDEO_TRUNCATED, "%lld of %lld pictures are missing, the first is number %lld", gaps, gaps + count,
              (long long)picture_folder_gap(&p->folder));
    else if (c->resized)
        snprintf(c->verdict->remark, sizeof c->verdict->remark,
                 "%lld pictures have another size than the first, as %.40s", (long long)c->resized,
                 picture_folder_name(&p->folder, c->resized_first));
}

/* What is missing explains what cannot be decoded. */
static void judge_failure(checking *c, status st)
{
    if (!c->from.format || !judge_length(c)) judge_fault(c, st);
    fail_clear();
}

static void describe(checking *c)
{
    const frame_table *t = &c->from.table;
    const AVCodecContext *codec = c->codec.codec;
    video_verdict *v = c->verdict;
    int rotation = container_rotation(&c->from);
    v->frames = c->whole;
    v->width = rotation % 180 ? codec->height : codec->width;
    v->height = rotation % 180 ? codec->width : codec->height;
    v->seconds = (double)(frame_table_end(t) - t->frames[0].time) * av_q2d(c->from.stream->time_base);
    v->fps = v->seconds > 0 ? (double)t->frame_count / v->seconds : av_q2d(c->from.stream->avg_frame_rate);
    if (!isfinite(v->fps)) v->fps = 0;
    snprintf(v->codec, sizeof v->codec, "%s", avcodec_get_name(codec->codec_id));
    if (!c->from.pictures) return;
    v->width = c->width; /* the codec has the last one's */
    v->height = c->height;
    v->fps = v->seconds = -1;
    v->bytes = picture_packets_bytes(c->from.pictures);
}

static status run(checking *c)
{
    status st = OK;
    TRY(container_open(c->path, -1, 0, c->deadline, &c->from));
    if (c->from.stream->disposition & AV_DISPOSITION_ATTACHED_PIC) {
        judge(c, VIDEO_NO_STREAM, "no video stream in it, only a cover picture");
        goto done;
    }
    TRY(decoding_open(&c->from, 1, &c->codec));
    c->width = c->codec.codec->width;
    c->height = c->codec.codec->height;
    TRY(decode_all(c));
    describe(c);
    if (c->from.pictures) judge_pictures(c);
    else if (!judge_length(c)) judge_frames(c);
done:
    return st;
}

static void check_video(checking *c)
{
    status st = run(c);
    if (st != OK) judge_failure(c, st);
    if (is_late(c)) video_verdict_late(c->path, c->timeout, c->verdict);
    decoding_close(&c->codec);
    container_close(&c->from);
    free(c->seen);
}

status video_check(const char *path, double timeout, video_verdict *out)
{
    *out = (video_verdict){0};
    checking c = {.path = path, .timeout = timeout, .verdict = out, .from.bytes.fd = -1};
    status st = libav_open();
    if (st != OK) return st;
    c.deadline = timeout > 0 ? monotonic_seconds() + timeout : INFINITY;
    if (picture_folder_is(path)) out->bytes = -1;
    else check_bytes(path, out, &c.promised);
    if (out->kind == VIDEO_GOOD) check_video(&c);
    video_verdict_hash(path, out);
    return OK;
}
