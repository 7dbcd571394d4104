#include "stream/watched.h"

#include "base/file.h"
#include "base/log.h"
#include "events/event_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may wait for room on the disk: memory stays bounded. */
static const size_t WAITING_MOST = (size_t)16 << 20;

typedef struct {
    bool open, errors;
    hierarchy events;
    char *name;
} watching;

struct watched {
    watched_options o;
    char *lines, *videos, *curves;
    line_log *log, *errors;
    watching *streams; /* (o.streams) */
    watching *owed;    /* (owed_count) videos that have ended and whose file is still to be written, in order */
    size_t owed_count;
    bool behind; /* something waits for room, and has been told */
    int64_t events, late;
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
    TRY(line_log_open(w->lines, &from->events, &w->log));
    TRY(line_log_open(w->curves, &from->errors, &w->errors));
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
    for (size_t i = 0; i < (*w)->owed_count; i++) watching_end(&(*w)->owed[i]);
    line_log_close(&(*w)->log);
    line_log_close(&(*w)->errors);
    free((*w)->curves);
    free((*w)->streams);
    free((*w)->owed);
    free((*w)->lines);
    free((*w)->videos);
    free(*w);
    *w = NULL;
}

/* ---- a disk that is full ----------------------------------------------------------------------------------------- */

static size_t size_of(const hierarchy *h)
{
    size_t count = 0;
    for (size_t i = 0; i < h->layer_count; i++) count += h->layers[i].count;
    return sizeof *h + count * sizeof(event);
}

static size_t bytes_waiting(const watched *w)
{
    size_t bytes = line_log_waiting(w->log) + line_log_waiting(w->errors);
    for (size_t i = 0; i < w->owed_count; i++) bytes += size_of(&w->owed[i].events);
    return bytes;
}

/* What could not be written waits, and watching goes on, while there is memory for it. */
static status may_wait(watched *w, status st)
{
    if (st != ERR_IO && st != ERR_CREATE) return st;
    w->late++;
    if (bytes_waiting(w) > WAITING_MOST) return st;
    if (!w->behind) log_warn("what cannot be written waits, and watching goes on: %s", fail_message());
    w->behind = true;
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

static status write_event(watched *w, const watching *s, size_t layer, size_t number)
{
    const event *e = &s->events.layers[layer].at[number];
    return may_wait(w, event_log_append(w->log, s->events.file, layer, number, e));
}

static status write_error(watched *w, const stream_input *input)
{
    const watching *s = &w->streams[input->stream];
    /* what waits counts: where the file ends does not depend on when the disk had room */
    bool fits =
        !w->o.errors_most || line_log_position(w->errors).bytes + line_log_waiting(w->errors) < w->o.errors_most;
    if (!s->open || !s->errors || !fits || !input->predicted) return OK;
    return may_wait(w, event_log_error(w->errors, s->events.file, input->layer, (double)input->frame * w->o.snippet,
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
    TRY(write_event(w, s, input->layer, s->events.layers[input->layer].count - 1));
done:
    return st;
}

/* ---- a video's end ----------------------------------------------------------------------------------------------- */

static status write_video(const watched *w, const watching *s)
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

/* The oldest first: of a video that has ended twice, the second stays. */
static status write_owed(watched *w)
{
    status st = OK;
    size_t done = 0;
    for (; st == OK && done < w->owed_count; done += st == OK) st = write_video(w, &w->owed[done]);
    for (size_t i = 0; i < done; i++) watching_end(&w->owed[i]);
    w->owed_count -= done;
    if (done && w->owed_count) memmove(w->owed, w->owed + done, w->owed_count * sizeof *w->owed);
    return st;
}

/* The video goes over to those whose file is to be written. */
static status owe_video(watched *w, watching *s)
{
    watching *owed = realloc(w->owed, (w->owed_count + 1) * sizeof *owed);
    if (!owed) return FAIL(ERR_MEMORY, "no memory to write down %s", s->name);
    w->owed = owed;
    w->owed[w->owed_count++] = *s;
    *s = (watching){0};
    return OK;
}

/* The last event of each layer ends with the video: a line like any other. */
static status close_layers(watched *w, watching *s)
{
    status st = OK;
    size_t before[STREAM_LAYERS_MOST];
    for (size_t i = 0; i < s->events.layer_count; i++) before[i] = s->events.layers[i].count;
    TRY(hierarchy_close(&s->events, CLOSE_AT_END));
    for (size_t i = 0; i < s->events.layer_count; i++) {
        for (size_t k = before[i]; k < s->events.layers[i].count; k++, w->events++) TRY(write_event(w, s, i, k));
    }
done:
    return st;
}

/* Those above the first `layers`, unless lines that were taken up have events of them. */
static void drop_layers(hierarchy *h, size_t layers)
{
    while (h->layer_count > layers && !h->layers[h->layer_count - 1].count) h->layer_count--;
}

status watched_end(watched *w, size_t stream, double seconds, size_t layers)
{
    status st = OK;
    watching *s = &w->streams[stream];
    if (!s->open) goto done;
    drop_layers(&s->events, layers);
    seconds = fmax(seconds, hierarchy_end(&s->events));
    TRY(hierarchy_set_duration(&s->events, seconds));
    TRY(close_layers(w, s));
    TRY(may_wait(w, event_log_end(w->log, s->events.file, seconds)));
    TRY(owe_video(w, s));
    TRY(may_wait(w, write_owed(w)));
done:
    watching_end(s);
    return st;
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

status watched_settle(watched *w)
{
    status st = OK;
    TRY(line_log_settle(w->log));
    if (w->errors) TRY(line_log_settle(w->errors));
    TRY(write_owed(w));
    if (w->behind) log_info("all that waited for room on the disk is written");
    w->behind = false;
done:
    return st;
}

status watched_position(watched *w, watched_place *out)
{
    status st = OK;
    TRY(watched_settle(w));
    TRY(line_log_sync(w->log));
    *out = (watched_place){.events = line_log_position(w->log)};
    TRY(line_log_sync(w->errors));
    out->errors = line_log_position(w->errors);
done:
    return st;
}

int64_t watched_events(const watched *w)
{
    return w->events;
}

int64_t watched_late(const watched *w)
{
    return w->late;
}
