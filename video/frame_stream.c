#include "video/frame_stream.h"

#include "video/frame_ring.h"
#include "video/picture.h"
#include "video/stream_frames.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AHEAD_MOST = 65536, THREADS_MOST = 64, RATE_MOST = 1000, FOLDER_FRAMES = 16, FOLDER_TIMEOUT = 60 };
static const double SNIPPET_LEAST = 0.001, SNIPPET_MOST = 86400;

struct frame_stream {
    frame_stream_options options;
    char *path, *pixels;
    bool folder;
    size_t bytes; /* of a picture */
    frame_ring *ring;
    atomic_bool stop;
    int wake; /* eventfd */
    source_wait wait;
    raw_pictures raw;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* of all below */
    frame_stream_account account;
    status failed; /* why there are no more frames; OK: the end */
    char message[400];
};

/* ---- the thread: pictures on their way --------------------------------------------------------------------------- */

/* What is on screen, and which frame is to be given next. */
typedef struct {
    frame_stream *s;
    stream_frames *from;
    picture_maker maker;
    uint8_t *picture; /* what was on screen when a frame was last given */
    int64_t number;
    int width, height; /* of the frames so far */
} sampler;

static void note(frame_stream *s, const char *why)
{
    if (!s->account.reason[0]) snprintf(s->account.reason, sizeof s->account.reason, "%s", why);
}

/* Frame `number` lies here: ticks after the first picture. */
static int64_t target(const sampler *p, int64_t number)
{
    const double rounding = 1e-4, most = 0x1p62; /* as video_frame_at; and no time of any stream */
    double ticks = floor((double)number * p->s->options.snippet / p->from->tick + rounding);
    return ticks < most ? (int64_t)ticks : INT64_MAX;
}

static void count_size(sampler *p, const AVFrame *frame)
{
    bool other = p->width && (p->width != frame->width || p->height != frame->height);
    p->width = frame->width;
    p->height = frame->height;
    if (!other) return;
    pthread_mutex_lock(&p->s->lock);
    p->s->account.sizes++;
    pthread_mutex_unlock(&p->s->lock);
}

/* A frame that cannot be made a picture leaves the one before. */
static status convert(sampler *p, const AVFrame *frame, bool *replaced)
{
    status st = picture_make(&p->maker, frame, container_rotation(&p->from->from), &p->s->options.format, p->picture);
    if (st != ERR_INPUT) return st;
    *replaced = true;
    pthread_mutex_lock(&p->s->lock);
    note(p->s, fail_message());
    pthread_mutex_unlock(&p->s->lock);
    fail_clear();
    return OK;
}

static bool give(sampler *p, bool replaced)
{
    frame_stream *s = p->s;
    if (replaced) {
        char what[100];
        snprintf(what, sizeof what, "frame %lld (%.3f s): its picture did not come out of the codec whole",
                 (long long)p->number, (double)p->number * s->options.snippet);
        pthread_mutex_lock(&s->lock);
        s->account.replaced++;
        note(s, p->from->reason[0] ? p->from->reason : what);
        pthread_mutex_unlock(&s->lock);
    }
    return frame_ring_put(s->ring, p->picture, p->number++, s->options.live);
}

/* Gives all frames for which `f` is on screen: those before `until`, ticks. */
static status show(sampler *p, const stream_frame *f, int64_t until)
{
    status st = OK;
    bool replaced = f->damaged;
    count_size(p, f->frame);
    for (bool made = false; target(p, p->number) < until; made = true) {
        int64_t at = target(p, p->number);
        if (!made) TRY(convert(p, f->frame, &replaced));
        if (!give(p, replaced || at < f->time || stream_frames_lost(p->from, f->time, at))) break;
    }
done:
    return st;
}

/* What the reading of packets knows, for whoever asks. */
static void tell(sampler *p, int64_t ticks, bool ended)
{
    frame_stream *s = p->s;
    pthread_mutex_lock(&s->lock);
    s->account.jumps = p->from->clock.jumps;
    s->account.seconds = (double)ticks * p->from->tick;
    s->account.stalled = s->wait.stalled;
    s->account.whole = ended && p->from->whole;
    if (p->from->reason[0]) note(s, p->from->reason);
    else if (ended && s->wait.trouble[0]) note(s, s->wait.trouble);
    pthread_mutex_unlock(&s->lock);
}

/* To the frame that is on screen when the first one is due. `f` is the very first, and becomes that one. */
static status go_to_first(sampler *p, stream_frame *f, bool *ended)
{
    status st = OK;
    int64_t at = target(p, p->number);
    if (p->number == 0 || p->from->from.bytes.piped) goto done;
    TRY(stream_frames_seek(p->from, at));
    TRY(stream_frames_next(p->from, f, ended));
    if (!*ended && f->time <= at) goto done;
    TRY(stream_frames_seek(p->from, STREAM_START)); /* what says it is a key packet may be none */
    TRY(stream_frames_next(p->from, f, ended));
done:
    return st;
}

/* The last picture is shown until its end, and so are the frames that belong to it. */
static int64_t last_target(const sampler *p)
{
    double seconds = (double)stream_frames_end(p->from) * p->from->tick, snippet = p->s->options.snippet;
    double count = fmax(1, ceil(seconds / snippet - 1e-6));
    return count < 0x1p62 && p->number < (int64_t)count ? target(p, (int64_t)count - 1) + 1 : INT64_MIN;
}

static status sample(sampler *p, stream_frame *shown, stream_frame *next)
{
    status st = OK;
    bool ended = false;
    TRY(stream_frames_next(p->from, shown, &ended));
    if (!ended) TRY(go_to_first(p, shown, &ended));
    if (atomic_load(&p->s->stop)) goto done;
    if (ended)
        TRY(FAIL(ERR_INPUT, "%s: nothing in it can be decoded: %s", p->from->from.path,
                 p->from->reason[0] ? p->from->reason : "no frames came out"));
    while (!ended && !atomic_load(&p->s->stop)) {
        tell(p, shown->time, false);
        TRY(stream_frames_next(p->from, next, &ended));
        TRY(show(p, shown, ended ? last_target(p) : next->time));
        if (ended) break;
        stream_frame other = *shown;
        *shown = *next;
        *next = other;
    }
    tell(p, stream_frames_end(p->from), true);
done:
    return st;
}

static status read_stream(frame_stream *s)
{
    status st = OK;
    stream_frames from = {.from.bytes.fd = -1};
    sampler p = {.s = s, .from = &from, .number = s->options.first};
    stream_frame frames[2] = {{.frame = av_frame_alloc()}, {.frame = av_frame_alloc()}};
    const stream_frames_options how = {.threads = s->options.threads, .prompt = s->options.live};
    p.picture = calloc(1, s->bytes);
    if (!frames[0].frame || !frames[1].frame || !p.picture) TRY(FAIL(ERR_MEMORY, "%s: no memory for a frame", s->path));
    TRY(stream_frames_open(s->path, &s->wait, s->raw.width ? &s->raw : NULL, &how, &from));
    TRY(sample(&p, &frames[0], &frames[1]));
done:
    av_frame_free(&frames[0].frame);
    av_frame_free(&frames[1].frame);
    picture_maker_free(&p.maker);
    free(p.picture);
    stream_frames_close(&from);
    return st;
}

/* ---- the thread: folders ----------------------------------------------------------------------------------------- */

static status folder_frames(frame_stream *s, video *v, int64_t first, size_t count, uint8_t *pictures)
{
    status st = OK;
    double seconds[FOLDER_FRAMES];
    video_account account;
    for (size_t i = 0; i < count; i++) seconds[i] = (double)(first + (int64_t)i) * s->options.snippet;
    TRY(video_frames_by_time(v, seconds, count, &s->options.format, pictures, &account));
    pthread_mutex_lock(&s->lock);
    s->account.replaced += (int64_t)(account.asked - account.decoded);
    s->account.seconds = fmin(seconds[count - 1], video_about(v)->seconds);
    if (account.reason[0]) note(s, account.reason);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < count; i++)
        if (!frame_ring_put(s->ring, pictures + i * s->bytes, first + (int64_t)i, s->options.live)) break;
done:
    return st;
}

static status read_folder(frame_stream *s)
{
    status st = OK;
    video *v = NULL;
    uint8_t *pictures = calloc(FOLDER_FRAMES, s->bytes);
    if (!pictures) TRY(FAIL(ERR_MEMORY, "%s: no memory for %d frames", s->path, FOLDER_FRAMES));
    const video_options how = {
        .stream = -1, .threads = s->options.threads, .timeout = FOLDER_TIMEOUT, .frame_rate = s->options.frame_rate};
    TRY(video_open(s->path, &how, &v));
    double frames = fmax(1, ceil(video_about(v)->seconds / s->options.snippet - 1e-6));
    int64_t end = frames < 0x1p62 ? (int64_t)frames : 0;
    for (int64_t at = s->options.first; at < end && !atomic_load(&s->stop); at += FOLDER_FRAMES) {
        size_t count = end - at < FOLDER_FRAMES ? (size_t)(end - at) : FOLDER_FRAMES;
        TRY(folder_frames(s, v, at, count, pictures));
    }
    pthread_mutex_lock(&s->lock);
    s->account.seconds = video_about(v)->seconds;
    s->account.whole = video_about(v)->missing == 0;
    pthread_mutex_unlock(&s->lock);
done:
    video_close(&v);
    free(pictures);
    return st;
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

static void *read_input(void *at)
{
    frame_stream *s = at;
    status st = s->folder ? read_folder(s) : read_stream(s);
    if (st != OK) {
        pthread_mutex_lock(&s->lock);
        s->failed = st;
        snprintf(s->message, sizeof s->message, "%s", fail_message());
        s->account.stalled = s->wait.stalled;
        note(s, fail_message());
        pthread_mutex_unlock(&s->lock);
        fail_clear();
    }
    frame_ring_end(s->ring);
    return NULL;
}

/* Signals are for the thread that has asked for them. */
static status start_thread(frame_stream *s)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&s->thread, NULL, read_input, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    s->started = !failed;
    return failed ? FAIL(ERR_MEMORY, "%s: cannot start a thread to read it: %s", s->path, strerror(failed)) : OK;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static status check_raw(const frame_stream_options *o)
{
    video_info none = {0};
    if (!o->raw.width) return OK;
    if (!picture_bytes(&(picture_format){o->raw.width, o->raw.height, FIT_STRETCH}, &none))
        return FAIL(ERR_CONFIG, "raw pictures of %d x %d: sides are from 1 to 16384", o->raw.width, o->raw.height);
    if (!(o->raw.fps > 0 && o->raw.fps <= RATE_MOST))
        return FAIL(ERR_CONFIG, "raw pictures at %g a second: up to %d are read", o->raw.fps, RATE_MOST);
    if (!o->raw.pixels) return FAIL(ERR_CONFIG, "raw pictures need the name of their pixels' form, such as rgb24");
    return OK;
}

static status check_options(const frame_stream_options *o)
{
    if (!(o->snippet >= SNIPPET_LEAST && o->snippet <= SNIPPET_MOST))
        return FAIL(ERR_CONFIG, "frames every %g seconds: %g to %g are possible", o->snippet, SNIPPET_LEAST,
                    SNIPPET_MOST);
    if (o->format.width < 1 || o->format.height < 1 || !picture_bytes(&o->format, NULL))
        return FAIL(ERR_CONFIG, "%d x %d is no size for pictures", o->format.width, o->format.height);
    if (o->ahead < 1 || o->ahead > AHEAD_MOST)
        return FAIL(ERR_CONFIG, "%zu frames cannot be held ahead: 1 to %d can", o->ahead, AHEAD_MOST);
    if (o->threads < 1 || o->threads > THREADS_MOST)
        return FAIL(ERR_CONFIG, "a video can be decoded by 1 to %d threads, not %d", THREADS_MOST, o->threads);
    if (o->first < 0) return FAIL(ERR_CONFIG, "frame %lld: frames count from 0", (long long)o->first);
    return check_raw(o);
}

static status check_path(const char *path, bool *folder)
{
    struct stat info;
    *folder = false;
    if (!strcmp(path, "-")) return OK;
    if (stat(path, &info)) return FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno));
    *folder = S_ISDIR(info.st_mode);
    return OK;
}

static status keep_options(const char *path, const frame_stream_options *o, frame_stream *s)
{
    bool standard = !strcmp(path, "-");
    s->options = *o;
    s->path = strdup(standard ? "standard input" : path);
    if (o->raw.width) s->pixels = strdup(o->raw.pixels);
    if (!s->path || (o->raw.width && !s->pixels)) return FAIL(ERR_MEMORY, "%s: no memory to open it", path);
    s->raw = (raw_pictures){o->raw.width, o->raw.height, o->raw.fps, s->pixels};
    s->bytes = picture_bytes(&o->format, NULL);
    s->wait = (source_wait){.from = standard ? STDIN_FILENO : -1, .stop = &s->stop, .wake = s->wake, .stall = o->stall};
    return OK;
}

status frame_stream_open(const char *path, const frame_stream_options *options, frame_stream **out)
{
    status st = OK;
    frame_stream *s = NULL;
    bool folder = false;
    TRY(check_options(options));
    TRY(check_path(path, &folder));
    TRY(libav_open());
    s = calloc(1, sizeof *s);
    if (!s) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    pthread_mutex_init(&s->lock, NULL);
    s->folder = folder;
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake < 0) TRY(FAIL(ERR_MEMORY, "%s: cannot be waited for: %s", path, strerror(errno)));
    TRY(keep_options(path, options, s));
    TRY(frame_ring_open(options->ahead, s->bytes, &s->ring));
    TRY(start_thread(s));
    *out = s;
    s = NULL;
done:
    frame_stream_close(&s);
    return st;
}

void frame_stream_close(frame_stream **at)
{
    frame_stream *s = *at;
    if (!s) return;
    if (s->started) {
        atomic_store(&s->stop, true);
        frame_ring_stop(s->ring);
        (void)eventfd_write(s->wake, 1);
        pthread_join(s->thread, NULL);
    }
    frame_ring_close(&s->ring);
    if (s->wake >= 0) close(s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s->pixels);
    free(s);
    *at = NULL;
}

/* ---- taking ------------------------------------------------------------------------------------------------------ */

size_t frame_stream_ready(frame_stream *s, double seconds)
{
    return frame_ring_wait(s->ring, seconds);
}

status frame_stream_next(frame_stream *s, size_t most, uint8_t *pictures, int64_t *numbers, size_t *count, bool *ended)
{
    status st = OK;
    *count = frame_ring_take(s->ring, most, pictures, numbers);
    *ended = *count == 0;
    pthread_mutex_lock(&s->lock);
    s->account.given += (int64_t)*count;
    if (*ended && s->failed != OK) st = FAIL(s->failed, "%s", s->message);
    pthread_mutex_unlock(&s->lock);
    return st;
}

void frame_stream_account_read(frame_stream *s, frame_stream_account *out)
{
    pthread_mutex_lock(&s->lock);
    *out = s->account;
    pthread_mutex_unlock(&s->lock);
    out->dropped = frame_ring_dropped(s->ring);
}
