#include "events/signals.h"

#include "data/csv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    csv file;
    size_t video, time, value; /* columns */
    signal_list *to;
} reader;

static status read_header(reader *r, bool *more)
{
    status st = OK;
    TRY(csv_next(&r->file, more));
    r->video = csv_column(&r->file, "video");
    r->time = csv_column(&r->file, "time");
    r->value = csv_column(&r->file, "value");
    if (r->video == SIZE_MAX || r->time == SIZE_MAX || r->value == SIZE_MAX)
        TRY(FAIL(ERR_INPUT, "%s: no signals: its header has no columns video, time and value", r->file.path));
    TRY(csv_next(&r->file, more));
done:
    return st;
}

static status add_sample(signal_series *series, const signal_sample *sample)
{
    if (series->count == series->room) {
        size_t room = series->room ? series->room * 2 : 256;
        signal_sample *larger = realloc(series->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for a signal of %zu values", room);
        series->at = larger;
        series->room = room;
    }
    series->at[series->count++] = *sample;
    return OK;
}

static status add_series(signal_list *list)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        signal_series *larger = realloc(list->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu signals", room);
        list->at = larger;
        list->room = room;
    }
    list->at[list->count++] = (signal_series){0};
    return OK;
}

static status find_series(signal_list *list, const char *file, signal_series **out)
{
    status st = OK;
    size_t length, at = 0;
    const char *base = video_base_name(file, &length);
    char *own = strndup(base, length);
    if (!own) TRY(FAIL(ERR_MEMORY, "no memory for the name of a video"));
    if (!names_find(&list->names, own, &at)) {
        char *name = arena_copy(list->strings, own, length);
        if (!name) TRY(FAIL(ERR_MEMORY, "no memory for the name of a video"));
        TRY(names_add(&list->names, name, list->count, &at));
        TRY(add_series(list));
    }
    *out = &list->at[at];
done:
    free(own);
    return st;
}

static status read_row(reader *r)
{
    status st = OK;
    signal_sample sample = {0};
    const char *file = NULL;
    signal_series *series = NULL;
    TRY(csv_text(&r->file, r->video, "video", &file));
    TRY(csv_real(&r->file, r->time, "time", &sample.time));
    TRY(csv_real(&r->file, r->value, "value", &sample.value));
    TRY(find_series(r->to, file, &series));
    if (series->count && series->at[series->count - 1].time >= sample.time)
        TRY(FAIL(ERR_INPUT, "%s:%zu: time %g of %.80s is not after the one before, %g", r->file.path, r->file.line,
                 sample.time, file, series->at[series->count - 1].time));
    TRY(add_sample(series, &sample));
done:
    return st;
}

status signals_read(const char *path, signal_list *out)
{
    status st = OK;
    signal_list list = {.strings = arena_new()};
    reader r = {.to = &list};
    bool more = false;
    if (!list.strings) TRY(FAIL(ERR_MEMORY, "%s: no memory for its names", path));
    TRY(csv_open(path, CSV_GUESS, &r.file));
    TRY(read_header(&r, &more));
    while (more) {
        TRY(read_row(&r));
        TRY(csv_next(&r.file, &more));
    }
    *out = list;
    list = (signal_list){0};
done:
    csv_close(&r.file);
    signals_free(&list);
    return st;
}

void signals_free(signal_list *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->at[i].at);
    free(list->at);
    names_free(&list->names);
    arena_free(&list->strings);
    *list = (signal_list){0};
}

const signal_series *signals_find(const signal_list *list, const char *file)
{
    size_t length, at = 0;
    const char *base = video_base_name(file, &length);
    char *own = strndup(base, length);
    bool found = own && names_find(&list->names, own, &at);
    free(own);
    return found ? &list->at[at] : NULL;
}
