#include "events/hierarchy.h"

#include "base/picture_folder.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double ROUNDING = 1e-6; /* seconds that times may be off by having been written and read */

/* ---- lists ------------------------------------------------------------------------------------------------------- */

status event_list_add(event_list *list, const event *e)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        event *larger = realloc(list->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu events", room);
        list->at = larger;
        list->room = room;
    }
    list->at[list->count++] = *e;
    return OK;
}

void event_list_free(event_list *list)
{
    free(list->at);
    *list = (event_list){0};
}

static int by_time(const void *a, const void *b)
{
    const event *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

void event_list_sort(event_list *list)
{
    if (list->count) qsort(list->at, list->count, sizeof *list->at, by_time);
}

static bool are_one(const event *a, const event *b, double gap)
{
    return a->label && b->label && !strcmp(a->label, b->label) && b->start - a->end <= gap;
}

void event_list_merge(event_list *list, double gap)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        event *last = kept ? &list->at[kept - 1] : NULL, *e = &list->at[i];
        if (!last || !are_one(last, e, gap)) {
            list->at[kept++] = *e;
            continue;
        }
        last->end = fmax(last->end, e->end);
        last->error = e->error;
        last->embedding = e->embedding;
    }
    list->count = kept;
}

/* ---- one video --------------------------------------------------------------------------------------------------- */

static bool is_utf8(const char *text)
{
    json_t *value = json_string(text); /* NULL for what is none */
    json_decref(value);
    return value;
}

static status check_duration(const char *file, double duration)
{
    if (isnan(duration) || (duration >= 0 && duration <= EVENT_SECONDS_MAX)) return OK;
    return FAIL(ERR_INPUT, "%.200s: a video cannot be %g seconds long", file, duration);
}

status hierarchy_new(const char *file, double duration, size_t layers, hierarchy *out)
{
    status st = OK;
    hierarchy h = {.duration = duration, .layer_count = layers};
    if (!is_utf8(file)) TRY(FAIL(ERR_INPUT, "a video's name is not UTF-8: rename the file (%.200s)", file));
    TRY(check_duration(file, duration));
    if (layers > EVENT_LAYERS_MAX)
        TRY(FAIL(ERR_INPUT, "%.200s: %zu layers of events; %d are possible", file, layers, EVENT_LAYERS_MAX));
    h.file = strdup(file);
    h.layers = calloc(EVENT_LAYERS_MAX, sizeof *h.layers);
    h.strings = arena_new();
    if (!h.file || !h.layers || !h.strings) TRY(FAIL(ERR_MEMORY, "%.200s: no memory for its events", file));
    *out = h;
    h = (hierarchy){0};
done:
    hierarchy_free(&h);
    return st;
}

void hierarchy_free(hierarchy *h)
{
    for (size_t i = 0; h->layers && i < h->layer_count; i++) event_list_free(&h->layers[i]);
    free(h->layers);
    free(h->file);
    arena_free(&h->strings);
    *h = (hierarchy){0};
}

static size_t count_events(const hierarchy *h)
{
    size_t count = 0;
    for (size_t i = 0; i < h->layer_count; i++) count += h->layers[i].count;
    return count;
}

/* What messages name. */
static const char *name_of(const hierarchy *h)
{
    return h->source ? h->source : h->file;
}

static status check_event(const hierarchy *h, size_t layer, const event *e)
{
    size_t number = layer < h->layer_count ? h->layers[layer].count : 0;
    double last = hierarchy_layer_end(h, layer);
    const char *name = name_of(h);
    if (layer > h->layer_count || layer >= EVENT_LAYERS_MAX)
        return FAIL(ERR_INPUT, "%.200s: an event of layer %zu, but there are %zu layers so far and %d are possible",
                    name, layer, h->layer_count, EVENT_LAYERS_MAX);
    if (count_events(h) >= EVENTS_MAX) return FAIL(ERR_INPUT, "%.200s: more than %d events", name, EVENTS_MAX);
    if (!isfinite(e->start) || !isfinite(e->end) || isinf(e->error) || e->end > EVENT_SECONDS_MAX)
        return FAIL(ERR_INPUT, "%.200s: event %zu of layer %zu is not finite, or later than %g s", name, number, layer,
                    EVENT_SECONDS_MAX);
    if (e->end <= e->start)
        return FAIL(ERR_INPUT, "%.200s: event %zu of layer %zu ends (%.3f s) before it has begun (%.3f s)", name,
                    number, layer, e->end, e->start);
    if (e->start < last)
        return FAIL(ERR_INPUT, "%.200s: event %zu of layer %zu begins at %.3f s, before %s (%.3f s)", name, number,
                    layer, e->start, number ? "the last one ends" : "the video", last);
    if (e->end > h->duration + ROUNDING)
        return FAIL(ERR_INPUT, "%.200s: event %zu of layer %zu ends at %.3f s, past the video's end (%.3f s)", name,
                    number, layer, e->end, h->duration);
    return OK;
}

static status keep_text(hierarchy *h, const char **text)
{
    if (!*text) return OK;
    *text = arena_copy(h->strings, *text, strlen(*text));
    return *text ? OK : FAIL(ERR_MEMORY, "%.200s: no memory for its events", h->file);
}

status hierarchy_add(hierarchy *h, size_t layer, const event *e)
{
    status st = OK;
    event own = *e;
    TRY(check_event(h, layer, e));
    TRY(keep_text(h, &own.label));
    TRY(keep_text(h, &own.embedding));
    TRY(event_list_add(&h->layers[layer], &own));
    if (layer == h->layer_count) h->layer_count++;
done:
    return st;
}

status hierarchy_set_duration(hierarchy *h, double duration)
{
    status st = check_duration(name_of(h), duration);
    if (st != OK) return st;
    double end = hierarchy_end(h);
    if (end > duration + ROUNDING)
        return FAIL(ERR_INPUT, "%.200s: an event ends at %.3f s, past the video's end (%.3f s)", name_of(h), end,
                    duration);
    h->duration = duration;
    return OK;
}

double hierarchy_layer_end(const hierarchy *h, size_t layer)
{
    const event_list *list = layer < h->layer_count ? &h->layers[layer] : NULL;
    return list && list->count ? list->at[list->count - 1].end : 0;
}

double hierarchy_end(const hierarchy *h)
{
    double end = 0;
    for (size_t i = 0; i < h->layer_count; i++) end = fmax(end, hierarchy_layer_end(h, i));
    return end;
}

status hierarchy_close(hierarchy *h, event_closing how)
{
    if (isnan(h->duration)) return FAIL(ERR_INTERNAL, "%.200s: closed before its duration is known", h->file);
    double end = how == CLOSE_AT_END ? h->duration : hierarchy_layer_end(h, 0);
    for (size_t i = how == CLOSE_AT_END ? 0 : 1; i < h->layer_count; i++) {
        event last = {.start = hierarchy_layer_end(h, i), .end = end, .error = NAN};
        if (last.end - last.start <= ROUNDING) continue;
        status st = hierarchy_add(h, i, &last);
        if (st != OK) return st;
    }
    return OK;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

const char *video_base_name(const char *file, size_t *length)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    *length = video_file_name_is(base) ? (size_t)(strrchr(base, '.') - base) : strlen(base);
    return base;
}

char *event_uid(const char *file, size_t layer, size_t number)
{
    char *uid = NULL;
    size_t length;
    const char *base = video_base_name(file, &length);
    return asprintf(&uid, "%.*s#%zu#%zu", (int)length, base, layer, number) < 0 ? NULL : uid;
}

/* ---- several videos ---------------------------------------------------------------------------------------------- */

status hierarchy_list_add(hierarchy_list *list, hierarchy *h)
{
    status st = OK;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 8;
        hierarchy *larger = realloc(list->at, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "no memory for the events of %zu videos", room));
        list->at = larger;
        list->room = room;
    }
    list->at[list->count++] = *h;
    *h = (hierarchy){0};
done:
    hierarchy_free(h);
    return st;
}

void hierarchy_list_free(hierarchy_list *list)
{
    for (size_t i = 0; i < list->count; i++) hierarchy_free(&list->at[i]);
    free(list->at);
    *list = (hierarchy_list){0};
}
