/* Events as JSON lines, read line by line. */
#include "base/file.h"
#include "data/names.h"
#include "events/event_files.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *path;
    size_t line; /* from 1 */
    hierarchy_list *list;
    name_table videos; /* names to places in the list, of this file's videos */
    char where[512];   /* "path:line", as far as there is room */
} reader;

static status wrong(const reader *r, const char *what)
{
    return FAIL(ERR_INPUT, "%s:%zu: %s", r->path, r->line, what);
}

/* The first event of the lowest layer is the first to close. */
static bool is_first(const json_t *object)
{
    const json_t *layer = json_object_get(object, "layer"), *number = json_object_get(object, "event");
    return json_is_integer(layer) && json_is_integer(number) && !json_integer_value(layer) &&
           !json_integer_value(number);
}

/* A video that is watched again is what was seen of it last. */
static void begin_again(hierarchy *h)
{
    for (size_t i = 0; i < h->layer_count; i++) h->layers[i].count = 0;
    h->duration = NAN;
    h->ended = false;
}

/* The video's hierarchy, begun with its first line. */
static status find_video(reader *r, const json_t *object, hierarchy **out)
{
    status st = OK;
    hierarchy h = {0};
    size_t at = 0;
    const char *name = json_string_value(json_object_get(object, "video"));
    if (!name || !name[0]) TRY(wrong(r, "no text video: is this a file of events?"));
    if (!names_find(&r->videos, name, &at)) {
        at = r->list->count;
        TRY(hierarchy_new(name, NAN, 0, &h));
        TRY(hierarchy_list_add(r->list, &h));
        TRY(names_add(&r->videos, r->list->at[at].file, at, &at));
    }
    *out = &r->list->at[at];
    if ((*out)->ended && is_first(object)) begin_again(*out);
done:
    return st;
}

static status read_number(const reader *r, const json_t *object, const char *key, double *out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value)) return FAIL(ERR_INPUT, "%s:%zu: %s is missing or no number", r->path, r->line, key);
    *out = json_number_value(value);
    return OK;
}

static status read_count(const reader *r, const json_t *object, const char *key, size_t *out)
{
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || number > EVENTS_MAX)
        return FAIL(ERR_INPUT, "%s:%zu: %s is missing or no whole number from 0", r->path, r->line, key);
    *out = (size_t)number;
    return OK;
}

static status add_event(const reader *r, const json_t *object, hierarchy *h)
{
    status st = OK;
    size_t layer = 0, number = 0;
    const json_t *error = json_object_get(object, "error");
    event e = {.error = json_is_number(error) ? json_number_value(error) : NAN,
               .label = json_string_value(json_object_get(object, "label")),
               .embedding = json_string_value(json_object_get(object, "embedding"))};
    TRY(read_count(r, object, "layer", &layer));
    TRY(read_count(r, object, "event", &number));
    TRY(read_number(r, object, "start", &e.start));
    TRY(read_number(r, object, "end", &e.end));
    if (layer >= EVENT_LAYERS_MAX)
        TRY(FAIL(ERR_INPUT, "%s:%zu: layer %zu; there are at most %d", r->path, r->line, layer, EVENT_LAYERS_MAX));
    if (h->layer_count <= layer) h->layer_count = layer + 1; /* empty ones below may still get their first event */
    if (number != h->layers[layer].count)
        TRY(FAIL(ERR_INPUT, "%s:%zu: event %zu of layer %zu of %.80s where number %zu is next: are lines missing?",
                 r->path, r->line, number, layer, h->file, h->layers[layer].count));
    TRY(hierarchy_add(h, layer, &e));
done:
    return st;
}

static status set_end(const reader *r, const json_t *object, hierarchy *h)
{
    status st = OK;
    double duration = 0;
    TRY(read_number(r, object, "duration", &duration));
    TRY(hierarchy_set_duration(h, duration));
    h->ended = true;
done:
    return st;
}

static status read_line(reader *r, const char *line, size_t length)
{
    status st = OK;
    hierarchy *h = NULL;
    json_error_t error;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object))
        TRY(FAIL(ERR_INPUT, "%s:%zu: is no JSON object: %s", r->path, r->line, object ? "another value" : error.text));
    TRY(find_video(r, object, &h));
    snprintf(r->where, sizeof r->where, "%.480s:%zu", r->path, r->line);
    h->source = r->where;
    if (!json_object_get(object, "layer") && json_object_get(object, "duration")) TRY(set_end(r, object, h));
    else TRY(add_event(r, object, h));
done:
    json_decref(object);
    return st;
}

/* A video whose end was not written ends with its last event. */
static void settle(hierarchy_list *list, size_t from)
{
    for (size_t i = from; i < list->count; i++) {
        list->at[i].source = NULL;
        if (isnan(list->at[i].duration)) list->at[i].duration = hierarchy_end(&list->at[i]);
    }
}

static status read_lines(const char *path, const char *bytes, size_t count, hierarchy_list *list)
{
    status st = OK;
    reader r = {.path = path, .line = 1, .list = list};
    size_t before = list->count;
    for (const char *at = bytes, *end; (end = memchr(at, '\n', (size_t)(bytes + count - at))); at = end + 1, r.line++)
        if (end > at) TRY(read_line(&r, at, (size_t)(end - at)));
done:
    settle(list, before);
    names_free(&r.videos);
    return st;
}

status event_lines_read(const char *path, hierarchy_list *list)
{
    char *bytes = NULL;
    size_t count = 0;
    status st = file_read(path, EVENT_FILE_BYTES_MAX, &bytes, &count);
    if (st == OK) st = read_lines(path, bytes, count, list);
    free(bytes);
    return st;
}

/* Whether the file's first line is an object of its own that names a video; so is a file to which nothing was written
 * yet. */
static status begins_with_a_line(const char *path, bool *out)
{
    enum { LINE_MAX_BYTES = 1 << 16 };
    char *line = malloc(LINE_MAX_BYTES);
    FILE *file = line ? fopen(path, "rbe") : NULL;
    status st = OK;
    *out = false;
    if (!line) TRY(FAIL(ERR_MEMORY, "%s: no memory to read it", path));
    if (!file) TRY(FAIL(ERR_MISSING, "%s: cannot open: %s", path, strerror(errno)));
    size_t count = fread(line, 1, LINE_MAX_BYTES, file);
    char *end = memchr(line, '\n', count);
    json_t *object = end ? json_loadb(line, (size_t)(end - line), 0, NULL) : NULL;
    *out = !count || json_is_string(json_object_get(object, "video"));
    json_decref(object);
done:
    if (file) fclose(file);
    free(line);
    return st;
}

status events_read(const char *path, hierarchy_list *list)
{
    status st = OK;
    hierarchy h = {0};
    bool lines = false;
    TRY(begins_with_a_line(path, &lines));
    if (lines) return event_lines_read(path, list);
    TRY(published_read(path, &h));
    TRY(hierarchy_list_add(list, &h));
done:
    hierarchy_free(&h);
    return st;
}
