#include "video/loader.h"

#include "base/clock.h"
#include "video/cache.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MOST = 256 };

/* Memory for the pictures of one clip. */
typedef struct buffer {
    struct buffer *next; /* in the list it is in */
    size_t bytes;
    uint8_t pictures[];
} buffer;

/* A clip that was asked for. Clips stand in one list in the order they were asked for; threads take them up in it. */
typedef struct clip {
    struct clip *next;
    char *path, *name; /* NULL where not given */
    double *seconds;   /* (count), or NULL */
    clip_choice frames;
    clip_look look;
    size_t count, bytes;
    buffer *memory; /* NULL until taken up, or when there was none */
    bool done;
    video_account account;
} clip;

struct loader {
    loader_options options;
    transform_options transform; /* with options.transform */
    size_t picture;              /* bytes of one */
    pthread_t *threads;
    int started;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work;  /* a clip, room for it, or the end: for the threads */
    pthread_cond_t ready; /* the first clip is done: for loader_take */
    bool stopping;
    clip *first, **end; /* asked for and not taken */
    clip *open;         /* the first of them that no thread has taken up */
    buffer *spare;      /* to be used again */
    buffer *lent;       /* with the caller */
    size_t working;     /* bytes of clips that are decoded or wait to be taken */
    size_t held;        /* bytes: working and spare */
    loader_stats stats;
};

/* ---- clips ------------------------------------------------------------------------------------------------------- */

static void clip_free(clip **at)
{
    clip *c = *at;
    if (!c) return;
    free(c->path);
    free(c->name);
    free(c->seconds);
    free(c->memory);
    free(c);
    *at = NULL;
}

static status clip_check(const loader *l, const clip_request *request)
{
    bool cached = l->options.cache != NULL;
    const char *from = cached ? request->name : request->path;
    if (!from) return FAIL(ERR_INPUT, "a clip without a %s was asked for", cached ? "video's name" : "file");
    const clip_choice *frames = &request->frames;
    if (!frames->count) return FAIL(ERR_INPUT, "%s: a clip without frames was asked for", from);
    size_t views = clip_look_views(&request->look);
    if (views > VIEWS_MOST) return FAIL(ERR_INTERNAL, "%s: %zu views of a clip were asked for", from, views);
    if (frames->count > PTRDIFF_MAX / (l->picture * views) - sizeof(buffer))
        return FAIL(ERR_INPUT, "%s: a clip of %zu frames is more than memory can hold", from, frames->count);
    if (!frames->seconds && !l->options.transform)
        return FAIL(ERR_INTERNAL, "%s: frames at even distances are asked of a loader without a transform", from);
    for (size_t i = 0; frames->seconds && i < frames->count; i++)
        if (!isfinite(frames->seconds[i])) return FAIL(ERR_INPUT, "%s: time %zu of a clip is not finite", from, i);
    if (!isfinite(frames->begin) || !isfinite(frames->end))
        return FAIL(ERR_INPUT, "%s: the bounds of a clip are not finite", from);
    return OK;
}

/* The caller's moments may go. */
static status keep_seconds(clip *c)
{
    if (!c->frames.seconds) return OK;
    c->seconds = calloc(c->count, sizeof *c->seconds);
    if (!c->seconds) return ERR_MEMORY;
    memcpy(c->seconds, c->frames.seconds, c->count * sizeof *c->seconds);
    c->frames.seconds = c->seconds;
    return OK;
}

static status clip_new(const loader *l, const clip_request *request, clip **out)
{
    status st = OK;
    clip *c = NULL;
    TRY(clip_check(l, request));
    c = calloc(1, sizeof *c);
    if (!c) TRY(FAIL(ERR_MEMORY, "no memory to ask for a clip"));
    c->frames = request->frames;
    c->look = request->look;
    c->count = c->frames.count;
    c->bytes = c->count * clip_look_views(&c->look) * l->picture;
    c->path = request->path ? strdup(request->path) : NULL;
    c->name = request->name ? strdup(request->name) : NULL;
    if ((request->path && !c->path) || (request->name && !c->name) || keep_seconds(c) != OK)
        TRY(FAIL(ERR_MEMORY, "no memory to ask for a clip of %zu frames", c->count));
    *out = c;
    c = NULL;
done:
    clip_free(&c);
    return st;
}

/* ---- buffers: all under the lock --------------------------------------------------------------------------------- */

static bool has_room(const loader *l, size_t bytes)
{
    return !l->working || (bytes <= l->options.memory && l->working <= l->options.memory - bytes);
}

/* Gives spare buffers back until `bytes` more fit. */
static void drop_spare(loader *l, size_t bytes)
{
    while (l->spare && (bytes > l->options.memory || l->held > l->options.memory - bytes)) {
        buffer *b = l->spare;
        l->spare = b->next;
        l->held -= b->bytes;
        free(b);
    }
}

static buffer *take_from(buffer **list, size_t bytes)
{
    for (buffer **at = list; *at; at = &(*at)->next) {
        buffer *b = *at;
        if (b->bytes != bytes) continue;
        *at = b->next;
        return b;
    }
    return NULL;
}

/* A buffer of exactly `bytes`, so that what is counted is what is held; NULL when out of memory. */
static buffer *buffer_get(loader *l, size_t bytes)
{
    buffer *b = take_from(&l->spare, bytes);
    if (!b) {
        drop_spare(l, bytes);
        b = malloc(sizeof *b + bytes);
        if (!b) return NULL;
        b->bytes = bytes;
        l->held += bytes;
    }
    l->working += bytes;
    if (l->held > l->stats.memory_peak) l->stats.memory_peak = l->held;
    return b;
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

/* The file a thread has open, and what it changes pictures with. */
typedef struct {
    video *file;
    char *path;
    transform *transform;
    clip_room room;
} opened;

static void opened_close(opened *o)
{
    video_close(&o->file);
    free(o->path);
    o->path = NULL;
}

static void opened_free(opened *o)
{
    opened_close(o);
    transform_close(&o->transform);
    clip_room_free(&o->room);
}

static status opened_get(opened *o, const char *path, const loader_options *how)
{
    status st = OK;
    if (o->file && !strcmp(o->path, path)) return OK;
    opened_close(o);
    o->path = strdup(path);
    if (!o->path) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    const video_options options = {.stream = -1, .threads = 1, .timeout = how->timeout, .frame_rate = how->frame_rate};
    TRY(video_open(path, &options, &o->file));
done:
    return st;
}

static status read_changed(const loader *l, opened *o, clip *c)
{
    if (!o->transform) {
        status st = transform_open(&l->transform, &o->transform);
        if (st != OK) return st;
    }
    return video_clip_read(o->file, &c->frames, &c->look, &l->transform, o->transform, &o->room, c->memory->pictures,
                           &c->account);
}

static status read_file(const loader *l, opened *o, clip *c)
{
    status st = OK;
    TRY(opened_get(o, c->path, &l->options));
    if (l->options.transform) TRY(read_changed(l, o, c));
    else TRY(video_frames_by_time(o->file, c->seconds, c->count, &l->options.format, c->memory->pictures, &c->account));
done:
    if (st != OK) opened_close(o); /* nobody knows what state it is in */
    return st;
}

static status read_cache(const loader *l, clip *c)
{
    const cached_video *v = frame_cache_find(l->options.cache, c->name);
    if (!v) return FAIL(ERR_INPUT, "%s: not in the cache of frames", c->name);
    if (!v->frames) return FAIL(ERR_INPUT, "%s", v->reason);
    c->account = (video_account){.asked = c->count};
    for (size_t i = 0; i < c->count; i++) {
        bool replaced;
        size_t frame = frame_cache_at(l->options.cache, v, c->seconds[i]);
        const uint8_t *from = frame_cache_picture(l->options.cache, v, frame, &replaced);
        memcpy(c->memory->pictures + i * l->picture, from, l->picture);
        c->account.decoded += !replaced;
    }
    if (c->account.decoded < c->count) snprintf(c->account.reason, sizeof c->account.reason, "%s", v->reason);
    return OK;
}

static void clip_read(const loader *l, opened *o, clip *c)
{
    status st = l->options.cache ? read_cache(l, c) : read_file(l, o, c);
    if (st == OK) return;
    memset(c->memory->pictures, 0, c->bytes);
    c->account = (video_account){.asked = c->count};
    snprintf(c->account.reason, sizeof c->account.reason, "%s", fail_message());
    fail_clear();
}

static void *decode_clips(void *at)
{
    loader *l = at;
    opened o = {0};
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (!l->stopping && !(l->open && has_room(l, l->open->bytes))) pthread_cond_wait(&l->work, &l->lock);
        if (l->stopping) break;
        clip *c = l->open;
        l->open = c->next;
        c->memory = buffer_get(l, c->bytes);
        pthread_mutex_unlock(&l->lock);
        if (c->memory) clip_read(l, &o, c);
        pthread_mutex_lock(&l->lock);
        c->done = true;
        if (c == l->first) pthread_cond_signal(&l->ready);
    }
    pthread_mutex_unlock(&l->lock);
    opened_free(&o);
    return NULL;
}

/* Signals are for the thread that has asked for them. */
static status threads_start(loader *l)
{
    status st = OK;
    sigset_t all, old;
    int failed = 0;
    l->threads = calloc((size_t)l->options.threads, sizeof *l->threads);
    if (!l->threads) TRY(FAIL(ERR_MEMORY, "no memory for %d threads", l->options.threads));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (!failed && l->started < l->options.threads) {
        failed = pthread_create(&l->threads[l->started], NULL, decode_clips, l);
        l->started += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed)
        TRY(FAIL(ERR_MEMORY, "cannot start thread %d of %d: %s", l->started + 1, l->options.threads, strerror(failed)));
done:
    return st;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static status check_options(const loader_options *o)
{
    if (o->threads < 1 || o->threads > THREADS_MOST)
        return FAIL(ERR_CONFIG, "clips can be decoded by 1 to %d threads, not %d", THREADS_MOST, o->threads);
    if (o->transform && o->cache)
        return FAIL(ERR_CONFIG, "a cache of frames holds small pictures, which cannot be cut and changed further");
    if (o->transform) return transform_options_check(o->transform);
    if (o->format.width < 1 || o->format.height < 1 || !picture_bytes(&o->format, NULL))
        return FAIL(ERR_CONFIG, "%d x %d is no size for pictures", o->format.width, o->format.height);
    if (!o->cache) return OK;
    const picture_format *made = &frame_cache_made_as(o->cache)->format;
    if (made->width != o->format.width || made->height != o->format.height || made->fit != o->format.fit)
        return FAIL(ERR_CONFIG, "the cache of frames holds %d x %d pictures (%s), not %d x %d (%s)", made->width,
                    made->height, made->fit == FIT_CROP ? "crop" : "stretch", o->format.width, o->format.height,
                    o->format.fit == FIT_CROP ? "crop" : "stretch");
    return OK;
}

status loader_open(const loader_options *options, loader **out)
{
    status st = OK;
    loader *l = NULL;
    TRY(check_options(options));
    l = calloc(1, sizeof *l);
    if (!l) TRY(FAIL(ERR_MEMORY, "no memory for a loader of clips"));
    l->options = *options;
    if (options->transform) l->transform = *options->transform;
    l->picture = options->transform ? transform_bytes(options->transform, 1) : picture_bytes(&options->format, NULL);
    l->end = &l->first;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->ready, NULL);
    TRY(threads_start(l));
    *out = l;
    l = NULL;
done:
    loader_close(&l);
    return st;
}

static void buffers_free(buffer *list)
{
    while (list) {
        buffer *next = list->next;
        free(list);
        list = next;
    }
}

void loader_close(loader **at)
{
    loader *l = *at;
    if (!l) return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < l->started; i++) pthread_join(l->threads[i], NULL);
    while (l->first) {
        clip *c = l->first;
        l->first = c->next;
        clip_free(&c);
    }
    buffers_free(l->spare);
    buffers_free(l->lent);
    pthread_cond_destroy(&l->ready);
    pthread_cond_destroy(&l->work);
    pthread_mutex_destroy(&l->lock);
    free(l->threads);
    free(l);
    *at = NULL;
}

/* ---- asking and taking ------------------------------------------------------------------------------------------- */

status loader_ask(loader *l, const clip_request *request)
{
    status st = OK;
    clip *c = NULL;
    TRY(clip_new(l, request, &c));
    pthread_mutex_lock(&l->lock);
    *l->end = c;
    l->end = &c->next;
    if (!l->open) l->open = c;
    pthread_cond_signal(&l->work);
    pthread_mutex_unlock(&l->lock);
done:
    return st;
}

/* Takes the first clip out of the list when it is done, under the lock. */
static clip *wait_for_first(loader *l)
{
    clip *c = l->first;
    if (!c->done) {
        double begin = monotonic_seconds();
        while (!c->done) pthread_cond_wait(&l->ready, &l->lock);
        l->stats.waited += monotonic_seconds() - begin;
    }
    l->first = c->next;
    if (!l->first) l->end = &l->first;
    return c;
}

/* Its pictures become the caller's, under the lock. */
static void lend(loader *l, clip *c, loaded_clip *out)
{
    *out = (loaded_clip){c->memory->pictures, c->bytes / l->picture, c->account};
    l->working -= c->bytes;
    l->held -= c->bytes;
    l->stats.clips++;
    l->stats.broken += c->account.decoded < c->account.asked;
    c->memory->next = l->lent;
    l->lent = c->memory;
    c->memory = NULL;
    pthread_cond_broadcast(&l->work);
}

status loader_take(loader *l, loaded_clip *out)
{
    status st = OK;
    clip *c = NULL;
    pthread_mutex_lock(&l->lock);
    if (!l->first) TRY(FAIL(ERR_INTERNAL, "a clip is taken, but none was asked for"));
    c = wait_for_first(l);
    if (!c->memory)
        TRY(FAIL(ERR_MEMORY, "%s: no memory for a clip of %zu frames (%zu bytes)", c->path ? c->path : c->name,
                 c->count, c->bytes));
    lend(l, c, out);
done:
    pthread_mutex_unlock(&l->lock);
    clip_free(&c);
    return st;
}

/* A buffer that came back is kept where there is room, under the lock. */
static void keep(loader *l, buffer *b)
{
    if (b->bytes > l->options.memory || l->held > l->options.memory - b->bytes) {
        free(b);
        return;
    }
    b->next = l->spare;
    l->spare = b;
    l->held += b->bytes;
    if (l->held > l->stats.memory_peak) l->stats.memory_peak = l->held;
}

void loader_return(loader *l, loaded_clip *taken)
{
    pthread_mutex_lock(&l->lock);
    for (buffer **at = &l->lent; *at; at = &(*at)->next) {
        buffer *b = *at;
        if (b->pictures != taken->pictures) continue;
        *at = b->next;
        keep(l, b);
        break;
    }
    pthread_mutex_unlock(&l->lock);
    *taken = (loaded_clip){0};
}

void loader_stats_read(loader *l, loader_stats *out)
{
    pthread_mutex_lock(&l->lock);
    *out = l->stats;
    pthread_mutex_unlock(&l->lock);
}
