#include "rank/predict_events.h"

#include "base/file.h"
#include "base/log.h"
#include "events/event_files.h"
#include "rank/event_store.h"
#include "rank/json_lines.h"
#include "stream/segmenter.h"
#include "tensor/tensor.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REAL_DIGITS = 9, NAME_MOST = 200 };

/* Parameters from which on a frame is work enough for several threads: with fewer they wait for each other most of the
 * time (docs/SPEED.md). */
enum { WORTH_THREADS = 8000000 };

typedef struct {
    const predict_words *w;
    const char *name;
    double latency;     /* the longest of the video */
    event_store *store; /* borrowed; NULL: none */
} telling;

static json_t *real_or_null(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static status on_event(void *self, size_t layer, size_t number, const event *e, const float *vector, double latency)
{
    telling *t = self;
    status st = OK;
    if (t->store && vector) TRY(event_store_put(t->store, t->name, layer, number, e, vector));
    if (latency > t->latency) t->latency = latency;
    if (t->w->json) {
        json_t *line = json_pack("{s:s, s:I, s:I, s:f, s:f, s:o, s:o}", "video", t->name, "layer", (json_int_t)layer,
                                 "event", (json_int_t)number, "start", e->start, "end", e->end, "error",
                                 real_or_null(e->error), "latency", real_or_null(latency));
        TRY(json_line_print(t->name, line, REAL_DIGITS));
    } else printf("%s: layer %zu, event %zu: %.2f - %.2f s\n", t->name, layer, number, e->start, e->end);
    if (fflush(stdout)) TRY(FAIL(ERR_IO, "cannot write to stdout"));
done:
    return st;
}

static status tell_end(const telling *t, const hierarchy *h, const frame_stream_account *a)
{
    if (a->replaced || a->dropped || a->jumps || a->sizes || a->stalled || !a->whole)
        log_warn("%s: %lld frames replaced, %lld dropped, %lld jumps in time, %lld changes of size%s%s: %s", t->name,
                 (long long)a->replaced, (long long)a->dropped, (long long)a->jumps, (long long)a->sizes,
                 a->stalled ? ", nothing more came" : "", a->whole || a->stalled ? "" : ", it broke off", a->reason);
    if (t->w->json)
        return json_line_print(t->name, json_pack("{s:s, s:f}", "video", t->name, "duration", h->duration),
                               REAL_DIGITS);
    printf("%s: %.2f s", t->name, h->duration);
    for (size_t i = 0; i < h->layer_count; i++)
        printf(", %zu event%s in layer %zu", h->layers[i].count, h->layers[i].count == 1 ? "" : "s", i);
    printf("; told %.0f ms after their last frame at most\n", 1e3 * t->latency);
    return OK;
}

/* FOLDER/NAME.json and FOLDER/NAME.layerN.vtt */
static status write_files(const telling *t, const hierarchy *h)
{
    status st = OK;
    char file[NAME_MOST + 32], *path = NULL;
    size_t length = 0;
    const char *base = video_base_name(t->name, &length);
    if (length > NAME_MOST) length = NAME_MOST;
    for (size_t i = 0; i <= h->layer_count; i++) { /* the JSON is the last */
        if (i < h->layer_count) snprintf(file, sizeof file, "%.*s.layer%zu.vtt", (int)length, base, i);
        else snprintf(file, sizeof file, "%.*s.json", (int)length, base);
        free(path);
        path = path_join(t->w->events, file);
        if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", file));
        if (i < h->layer_count) TRY(vtt_write(path, h, i));
        else TRY(published_write(path, h, 0));
    }
done:
    free(path);
    return st;
}

static status watch_one(const predict_words *w, const char *given, segmenter *s, event_store *kept)
{
    status st = OK;
    hierarchy h = {0};
    frame_stream_account account;
    telling t = {.w = w, .name = strcmp(given, "-") ? given : "stdin", .store = kept};
    const segment_listener listener = {.self = &t, .event = on_event};
    const frame_stream_options input = {
        .live = w->live,
        .stall = w->stall,
        .threads = 1,
        .raw = {.width = (int)w->raw_width, .height = (int)w->raw_height, .fps = w->raw_fps, .pixels = w->raw_pixels}};
    TRY(segmenter_watch(s, given, t.name, &input, &listener, &h, &account));
    TRY(tell_end(&t, &h, &account));
    if (w->events) TRY(write_files(&t, &h));
done:
    hierarchy_free(&h);
    return st;
}

status predict_events(const predict_words *w, const char *path)
{
    status st = OK;
    segmenter *s = NULL;
    event_store *kept = NULL;
    size_t unreadable = 0;
    TRY(segmenter_open(path, &s));
    if (!w->threads && segmenter_parameters(s) < WORTH_THREADS)
        TRY(t_start(&(t_options){.device = "auto", .threads = 1, .deterministic = true}));
    if (w->store) TRY(event_store_open(w->store, path, segmenter_features(s), &kept));
    if (w->events) TRY(directory_make(w->events));
    for (size_t i = 0; i < w->video_count; i++) {
        st = watch_one(w, w->videos[i], s, kept);
        if (st != OK && st != ERR_MISSING && st != ERR_INPUT) goto done; /* not the video's fault */
        unreadable += st != OK;
        if (st != OK) TRY(json_line_unreadable("video", w->videos[i], w->json));
    }
    if (kept) TRY(event_store_end(kept));
    if (unreadable) TRY(FAIL(ERR_INPUT, "%zu of %zu videos cannot be read", unreadable, w->video_count));
done:
    event_store_close(&kept);
    segmenter_close(&s);
    return st;
}
