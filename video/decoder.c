#include "video/decoder.h"

#include "base/clock.h"
#include "video/decoding.h"
#include "video/details_of.h"
#include "video/libav.h"
#include "video/picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct video {
    container from;
    decoding codec;
    picture_maker maker;
    video_info info;
    double timeout;
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static double deadline_in(double seconds)
{
    return seconds > 0 ? monotonic_seconds() + seconds : INFINITY;
}

static double seconds_of(const video *v, int64_t ticks)
{
    return (double)ticks * av_q2d(v->from.stream->time_base);
}

static void describe_pictures(video *v)
{
    const picture_folder *folder = &v->from.pictures->folder;
    v->info.gaps = folder->frames - (int64_t)folder->count;
    v->info.first_gap = picture_folder_gap(folder);
    v->info.fps = av_q2d(v->from.stream->avg_frame_rate); /* as it was given, to the last digit */
}

static void describe(video *v)
{
    const frame_table *t = &v->from.table;
    const AVCodecContext *codec = v->codec.codec;
    const char *pixels = av_get_pix_fmt_name(codec->pix_fmt);
    video_info *info = &v->info;
    *info = (video_info){.stream = v->from.stream->index,
                         .frames = (int64_t)t->frame_count,
                         .missing = v->from.missing,
                         .rotation = container_rotation(&v->from),
                         .seconds = seconds_of(v, frame_table_end(t) - t->frames[0].time)};
    info->width = info->rotation % 180 ? codec->height : codec->width;
    info->height = info->rotation % 180 ? codec->width : codec->height;
    info->fps = info->seconds > 0 ? (double)info->frames / info->seconds : av_q2d(v->from.stream->avg_frame_rate);
    if (!isfinite(info->fps)) info->fps = 0;
    snprintf(info->codec, sizeof info->codec, "%s", avcodec_get_name(codec->codec_id));
    snprintf(info->pixels, sizeof info->pixels, "%s", pixels ? pixels : "unknown");
    if (v->from.pictures) describe_pictures(v);
}

status video_open(const char *path, const video_options *options, video **out)
{
    static const video_options usual = {.stream = -1, .threads = 1, .timeout = 30};
    status st = libav_open();
    if (st != OK) return st;
    const video_options *o = options ? options : &usual;
    video *v = calloc(1, sizeof *v);
    if (!v) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    v->from.bytes.fd = -1;
    v->timeout = o->timeout;
    TRY(container_open(path, o->stream, o->frame_rate, deadline_in(o->timeout), &v->from));
    TRY(decoding_open(&v->from, o->threads, &v->codec));
    describe(v);
    *out = v;
    v = NULL;
done:
    video_close(&v);
    return st;
}

void video_close(video **v)
{
    if (!*v) return;
    picture_maker_free(&(*v)->maker);
    decoding_close(&(*v)->codec);
    container_close(&(*v)->from);
    free(*v);
    *v = NULL;
}

/* ---- frames and times -------------------------------------------------------------------------------------------- */

const video_info *video_about(const video *v)
{
    return &v->info;
}

void video_describe(const video *v, video_details *out)
{
    details_of(&v->from, v->codec.codec, out);
    if (v->info.seconds > 0) out->bits_per_s = 8.0 * (double)out->bytes / v->info.seconds;
}

double video_frame_time(const video *v, int64_t index)
{
    if (index < 0 || index >= v->info.frames) return NAN;
    return seconds_of(v, v->from.table.frames[index].time - v->from.table.frames[0].time);
}

double video_frame_seconds(const video *v, int64_t index)
{
    if (index < 0 || index >= v->info.frames) return NAN;
    return seconds_of(v, frame_table_ticks(&v->from.table, index));
}

int64_t video_frame_at(const video *v, double seconds)
{
    const frame_table *t = &v->from.table;
    const double rounding = 1e-4; /* of a tick: a frame's time, as a double, must find that frame again */
    double ticks = floor(seconds / av_q2d(v->from.stream->time_base) + rounding);
    if (!(ticks > 0)) return 0;
    if (ticks >= (double)(t->frames[t->frame_count - 1].time - t->frames[0].time)) return v->info.frames - 1;
    return frame_table_at(t, t->frames[0].time + (int64_t)ticks);
}

/* ---- one call for frames ----------------------------------------------------------------------------------------- */

typedef enum { MISSING, REPLACED, WHOLE } outcome;

/* A place in the caller's memory, and the frame it is for. */
typedef struct {
    int64_t index;
    size_t place;
    outcome outcome;
} request;

typedef struct {
    video *v;
    picture_format format; /* with sides */
    size_t bytes, count;   /* of a picture; of the requests */
    request *requests;     /* (count), by index */
    int64_t *wanted;       /* the different indices */
    size_t wanted_count;
    uint8_t *out;
    AVFrame *before; /* the frame that came out last, while missing ones are replaced */
    bool from_start; /* nothing can come before what comes out first */
    size_t resized;  /* requests whose pictures have another size than the first */
    char reason[160];
} call;

static int by_index(const void *a, const void *b)
{
    const request *x = a, *y = b;
    if (x->index != y->index) return x->index < y->index ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static status check_asked(const video *v, const int64_t *index, size_t count, const picture_format *format)
{
    if (!picture_bytes(format, &v->info))
        return FAIL(ERR_INPUT, "%s: pictures of %d x %d: sides are from 1 to 16384", v->from.path, format->width,
                    format->height);
    for (size_t i = 0; i < count; i++)
        if (index[i] < 0 || index[i] >= v->info.frames)
            return FAIL(ERR_INPUT, "%s: frame %lld: it has frames 0 to %lld", v->from.path, (long long)index[i],
                        (long long)v->info.frames - 1);
    return OK;
}

static status begin(call *c, const int64_t *index)
{
    status st = OK;
    c->requests = calloc(c->count ? c->count : 1, sizeof *c->requests);
    c->wanted = calloc(c->count ? c->count : 1, sizeof *c->wanted);
    c->before = av_frame_alloc();
    if (!c->requests || !c->wanted || !c->before)
        TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu frames", c->v->from.path, c->count));
    for (size_t i = 0; i < c->count; i++) c->requests[i] = (request){.index = index[i], .place = i};
    qsort(c->requests, c->count, sizeof *c->requests, by_index);
    for (size_t i = 0; i < c->count; i++)
        if (!i || c->requests[i].index != c->requests[i - 1].index) c->wanted[c->wanted_count++] = c->requests[i].index;
done:
    return st;
}

/* First request for frame `index`, or for a later one. */
static size_t find_request(const call *c, int64_t index)
{
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->requests[middle].index < index) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* `frame` for all requests of one index, which begin at `first`. A frame that cannot be made a picture is passed over.
 */
static status fill(call *c, size_t first, const AVFrame *frame, outcome became)
{
    uint8_t *picture = c->out + c->requests[first].place * c->bytes;
    status st = picture_make(&c->v->maker, frame, c->v->info.rotation, &c->format, picture);
    if (st == ERR_INPUT) {
        if (!c->reason[0]) snprintf(c->reason, sizeof c->reason, "%s", fail_message());
        fail_clear();
        return OK;
    }
    bool resized = c->v->from.pictures && (frame->width != c->v->info.width || frame->height != c->v->info.height);
    for (size_t i = first; st == OK && i < c->count && c->requests[i].index == c->requests[first].index; i++) {
        c->resized += resized;
        if (i > first) memcpy(c->out + c->requests[i].place * c->bytes, picture, c->bytes);
        c->requests[i].outcome = became;
    }
    return st;
}

static status take_wanted(void *self, int64_t index, const AVFrame *frame, bool damaged)
{
    call *c = self;
    return fill(c, find_request(c, index), frame, damaged ? REPLACED : WHOLE);
}

static size_t next_missing(const call *c, size_t from)
{
    while (from < c->count && c->requests[from].outcome != MISSING) from++;
    return from;
}

/* Of what comes out, each missing frame gets the one before it, or where there can be none the one after. */
static status take_replacement(void *self, int64_t index, const AVFrame *frame, bool damaged)
{
    status st = OK;
    call *c = self;
    for (size_t i = next_missing(c, 0); i < c->count && c->requests[i].index <= index; i = next_missing(c, i + 1)) {
        if (c->requests[i].index == index) TRY(fill(c, i, frame, damaged ? REPLACED : WHOLE));
        else if (c->before->data[0]) TRY(fill(c, i, c->before, REPLACED));
        else if (c->from_start) TRY(fill(c, i, frame, REPLACED));
    }
    av_frame_unref(c->before);
    if (av_frame_ref(c->before, frame) < 0) TRY(FAIL(ERR_MEMORY, "%s: no memory for a frame", c->v->from.path));
done:
    return st;
}

/* A request, and whatever comes out for it. */
typedef struct {
    call *c;
    size_t request;
} instead;

static status take_instead(void *self, int64_t index, const AVFrame *frame, bool damaged)
{
    const instead *i = self;
    (void)index, (void)damaged;
    return fill(i->c, i->request, frame, REPLACED);
}

static status sweep(call *c, int64_t from)
{
    status st = OK;
    size_t last = c->count - 1;
    while (c->requests[last].outcome != MISSING) last--;
    c->from_start = from == 0;
    TRY(decoding_sweep(&c->v->codec, from, c->requests[last].index, &(frame_taker){take_replacement, c}));
    for (size_t i = next_missing(c, 0); c->before->data[0] && i < c->count; i = next_missing(c, i + 1))
        TRY(fill(c, i, c->before, REPLACED));
done:
    av_frame_unref(c->before);
    return st;
}

/* What is missing of a folder of pictures turned out to be bad. It gets the nearest before it that is not, or else
 * behind it. */
static status replace_picture(call *c, size_t first)
{
    status st = OK;
    picture_packets *p = c->v->from.pictures;
    for (int step = -1; step <= 1; step += 2) {
        int64_t near = c->requests[first].index;
        while ((near = picture_packets_near(p, near, step)) >= 0 && !source_is_late(&c->v->from.bytes)) {
            TRY(decoding_run(&c->v->codec, &near, 1, &(frame_taker){take_instead, &(instead){c, first}}));
            if (c->requests[first].outcome != MISSING) goto done;
            if (!source_is_late(&c->v->from.bytes)) p->bad[near] = 1;
        }
    }
done:
    return st;
}

static status replace_pictures(call *c)
{
    status st = OK;
    decoding *codec = &c->v->codec;
    memcpy(c->reason, codec->reason, sizeof c->reason); /* the first, before others are tried */
    for (size_t i = next_missing(c, 0); i < c->count; i = next_missing(c, i + 1))
        c->v->from.pictures->bad[c->requests[i].index] = 1;
    for (size_t i = next_missing(c, 0); i < c->count; i = next_missing(c, i + 1)) TRY(replace_picture(c, i));
done:
    memcpy(codec->reason, c->reason, sizeof codec->reason);
    return st;
}

/* Frames around the missing ones that nobody asked for may do in their place. */
static status replace_missing(call *c)
{
    status st = OK;
    size_t missing = next_missing(c, 0);
    if (missing == c->count || source_is_late(&c->v->from.bytes)) goto done;
    if (c->v->from.pictures) {
        TRY(replace_pictures(c));
        goto done;
    }
    int64_t from = frame_table_start(&c->v->from.table, c->requests[missing].index);
    TRY(sweep(c, from));
    if (from && next_missing(c, 0) < c->count && !source_is_late(&c->v->from.bytes)) TRY(sweep(c, 0));
done:
    return st;
}

/* What is missing even then (the time is over) gets its neighbour among those asked for. */
static status copy_neighbours(call *c)
{
    size_t good = 0;
    while (good < c->count && c->requests[good].outcome == MISSING) good++;
    if (good == c->count) return ERR_INPUT;
    for (size_t i = 0; i < c->count; i++) {
        if (c->requests[i].outcome != MISSING) good = i;
        else memcpy(c->out + c->requests[i].place * c->bytes, c->out + c->requests[good].place * c->bytes, c->bytes);
    }
    return OK;
}

static void explain(call *c, char *reason, size_t room)
{
    const char *why = c->v->codec.reason[0] ? c->v->codec.reason : c->reason[0] ? c->reason : "nothing came out";
    if (source_is_late(&c->v->from.bytes)) why = "took longer than the time-out";
    size_t first = 0;
    while (first < c->count && c->requests[first].outcome == WHOLE) first++;
    if (first < c->count)
        snprintf(reason, room, "frame %lld (%.3f s): %.100s", (long long)c->requests[first].index,
                 video_frame_time(c->v, c->requests[first].index), why);
}

/* A file that can no longer be read has no more frames: a reason like others. */
static status tolerate(call *c, status st)
{
    if (st != ERR_INPUT) return st;
    snprintf(c->reason, sizeof c->reason, "%s", fail_message());
    fail_clear();
    return OK;
}

static status get_frames(call *c, video_account *account)
{
    status st = OK;
    TRY(tolerate(c, decoding_run(&c->v->codec, c->wanted, c->wanted_count, &(frame_taker){take_wanted, c})));
    TRY(tolerate(c, replace_missing(c)));
    *account = (video_account){.asked = c->count, .resized = c->resized};
    for (size_t i = 0; i < c->count; i++) account->decoded += c->requests[i].outcome == WHOLE;
    explain(c, account->reason, sizeof account->reason);
    if (copy_neighbours(c) != OK) TRY(FAIL(ERR_INPUT, "%s: %s", c->v->from.path, account->reason));
done:
    return st;
}

status video_frames(video *v, const int64_t *index, size_t count, const picture_format *format, uint8_t *out,
                    video_account *account)
{
    status st = OK;
    call c = {.v = v, .format = *format, .count = count, .out = out};
    *account = (video_account){.asked = count};
    TRY(check_asked(v, index, count, format));
    if (!count) goto done;
    if (!c.format.width) c.format = (picture_format){v->info.width, v->info.height, format->fit};
    c.bytes = picture_bytes(&c.format, &v->info);
    v->from.bytes.deadline = deadline_in(v->timeout);
    TRY(begin(&c, index));
    TRY(get_frames(&c, account));
done:
    av_frame_free(&c.before);
    free(c.requests);
    free(c.wanted);
    return st;
}

status video_frames_by_time(video *v, const double *seconds, size_t count, const picture_format *format, uint8_t *out,
                            video_account *account)
{
    status st = OK;
    int64_t *index = calloc(count ? count : 1, sizeof *index);
    if (!index) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu frames", v->from.path, count));
    for (size_t i = 0; i < count; i++) index[i] = video_frame_at(v, seconds[i]);
    TRY(video_frames(v, index, count, format, out, account));
done:
    free(index);
    return st;
}
