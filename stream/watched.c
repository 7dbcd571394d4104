#include "stream/watched.h"

#include "base/file.h"
#include "base/log.h"
#include "events/event_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool open, errors;
    hierarchy events;
    char *name;
    size_t written[STREAM_LAYERS_MOST]; /* events of each layer that the file of lines has */
} watching;

struct watched {
    watched_options o;
    char *lines, *videos, *curves;
    event_log *log, *errors;
    watching *streams; /* (o.streams) */
    int64_t events, lost;
};

static void watching_end(watching *s)
{
    if (s->open) hierarchy_free(&s->events);
    free(s->name);
    *s = (watching){0};
}

static status make_paths(watched *w)
{
    status st = OK;
    char name[64];
    snprintf(name, sizeof name, "events.rank%04d.jsonl", w->o.rank);
    w->lines = path_join(w->o.directory, name);
    w->videos = path_join(w->o.directory, "videos");
    snprintf(name, sizeof name, "errors.rank%04d.jsonl", w->o.rank);
    w->curves = path_join(w->o.directory, name);
    if (!w->lines || !w->videos || !w->curves) TRY(FAIL(ERR_MEMORY, "no memory for the names of event files"));
    TRY(directory_make(w->videos));
done:
    return st;
}

status watched_new(const watched_options *options, const watched_place *from, watched **out)
{
    status st = OK;
    static const watched_place START = {{0, 0}, {0, 0}};
    watched *w = calloc(1, sizeof *w);
    if (!w) TRY(FAIL(ERR_MEMORY, "no memory to write down events"));
    w->o = *options;
    w->streams = calloc(w->o.streams, sizeof *w->streams);
    if (!w->streams) TRY(FAIL(ERR_MEMORY, "no memory for %zu streams", w->o.streams));
    TRY(make_paths(w));
    if (!from) from = &START;
    TRY(event_log_open(w->lines, &from->events, &w->log));
    TRY(event_log_open(w->curves, &from->errors, &w->errors));
    *out = w;
    w = NULL;
done:
    watched_free(&w);
    return st;
}

void watched_free(watched **w)
{
    if (!*w) return;
    for (size_t s = 0; (*w)->streams && s < (*w)->o.streams; s++) watching_end(&(*w)->streams[s]);
    event_log_close(&(*w)->log);
    event_log_close(&(*w)->errors);
    free((*w)->curves);
    free((*w)->streams);
    free((*w)->lines);
    free((*w)->videos);
    free(*w);
    *w = NULL;
}

/* A failure of the disk loses what it is about and nothing else. */
static status may_be_lost(watched *w, status st)
{
    if (st != ERR_IO && st != ERR_CREATE) return st;
    if (!w->lost++) log_warn("events are not all written down, watching goes on: %s", fail_message());
    fail_clear();
    return OK;
}

status watched_begin(watched *w, size_t stream, const char *path, const char *name, bool errors)
{
    status st = OK;
    watching *s = &w->streams[stream];
    watching_end(s);
    s->errors = errors;
    s->name = strdup(name);
    if (!s->name) TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", path));
    TRY(hierarchy_new(path, NAN, w->o.layers, &s->events));
    s->open = true;
done:
    return st;
}

static status take_events(watching *s, const hierarchy *from)
{
    status st = OK;
    for (size_t i = 0; i < from->layer_count && i < s->events.layer_count; i++) {
        for (size_t k = 0; k < from->layers[i].count; k++) TRY(hierarchy_add(&s->events, i, &from->layers[i].at[k]));
        s->written[i] = from->layers[i].count;
    }
done:
    return st;
}

status watched_take_up(watched *w)
{
    status st = OK;
    hierarchy_list list = {0};
    TRY(event_lines_read(w->lines, &list));
    for (size_t s = 0; s < w->o.streams; s++)
        for (size_t i = 0; w->streams[s].open && i < list.count; i++)
            if (!list.at[i].ended && !strcmp(list.at[i].file, w->streams[s].events.file))
                TRY(take_events(&w->streams[s], &list.at[i]));
done:
    hierarchy_list_free(&list);
    return st;
}

/* Those that could not be written before come first. */
static status write_lines(watched *w, watching *s, size_t layer)
{
    status st = OK;
    const event_list *list = &s->events.layers[layer];
    for (size_t *k = &s->written[layer]; st == OK && *k < list->count; *k += st == OK)
        st = event_log_append(w->log, s->events.file, layer, *k, &list->at[*k]);
    return may_be_lost(w, st);
}

static status write_error(watched *w, const stream_input *input)
{
    const watching *s = &w->streams[input->stream];
    bool fits = !w->o.errors_most || event_log_position(w->errors).bytes < w->o.errors_most;
    if (!s->open || !s->errors || !fits || !input->predicted) return OK;
    return may_be_lost(w, event_log_error(w->errors, s->events.file, input->layer, (double)input->frame * w->o.snippet,
                                          input->error, input->threshold, input->boundary));
}

status watched_input(watched *w, const stream_input *input)
{
    status st = OK;
    watching *s = &w->streams[input->stream];
    TRY(write_error(w, input));
    if (!input->boundary || !s->open) goto done;
    event e = {.start = hierarchy_layer_end(&s->events, input->layer),
               .end = (double)input->frame * w->o.snippet,
               .error = input->error};
    if (!(e.end > e.start)) goto done;
    TRY(hierarchy_add(&s->events, input->layer, &e));
    w->events++;
    TRY(write_lines(w, s, input->layer));
done:
    return st;
}

static status write_video(watched *w, watching *s)
{
    status st = OK;
    char name[512], *path = NULL;
    snprintf(name, sizeof name, "%.500s.json", s->name);
    path = path_join(w->videos, name);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of %s", name));
    TRY(published_write(path, &s->events, w->o.seed));
done:
    free(path);
    return st;
}

/* The last event of each layer ends with the video: a line like any other. */
static status close_layers(watched *w, watching *s)
{
    status st = OK;
    int64_t before = 0, after = 0;
    for (size_t i = 0; i < s->events.layer_count; i++) before += (int64_t)s->events.layers[i].count;
    TRY(hierarchy_close(&s->events, CLOSE_AT_END));
    for (size_t i = 0; i < s->events.layer_count; i++) after += (int64_t)s->events.layers[i].count;
    w->events += after - before;
    for (size_t i = 0; i < s->events.layer_count; i++) TRY(write_lines(w, s, i));
done:
    return st;
}

status watched_end(watched *w, size_t stream, double seconds, size_t layers)
{
    status st = OK;
    watching *s = &w->streams[stream];
    if (!s->open) goto done;
    s->events.layer_count = layers; /* those above have no events */
    seconds = fmax(seconds, hierarchy_end(&s->events));
    TRY(hierarchy_set_duration(&s->events, seconds));
    TRY(close_layers(w, s));
    TRY(may_be_lost(w, event_log_end(w->log, s->events.file, seconds)));
    TRY(may_be_lost(w, write_video(w, s)));
done:
    watching_end(s);
    return st;
}

status watched_position(watched *w, watched_place *out)
{
    status st = OK;
    *out = (watched_place){.events = event_log_position(w->log)};
    TRY(may_be_lost(w, event_log_sync(w->log)));
    out->errors = event_log_position(w->errors);
    TRY(may_be_lost(w, event_log_sync(w->errors)));
done:
    return st;
}

int64_t watched_events(const watched *w)
{
    return w->events;
}

int64_t watched_lost(const watched *w)
{
    return w->lost;
}
