/* The published JSON of one video: written, and read whoever made it. */
#include "base/file.h"
#include "events/event_files.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char NO_LABEL[] = "N/A", NO_EMBEDDING[] = "null";

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static status write_event(FILE *to, const event *e, const unsigned char rgb[3])
{
    status st = OK;
    char start[NUMBER_TEXT], end[NUMBER_TEXT];
    number_text(e->start, start);
    number_text(e->end, end);
    fprintf(to, "{\"start\": %s, \"end\": %s, \"action\": ", start, end);
    TRY(json_text_write(to, "the label of an event", e->label ? e->label : NO_LABEL));
    fprintf(to, ", \"colour\": \"rgb(%d, %d, %d)\", \"representation\": ", rgb[0], rgb[1], rgb[2]);
    TRY(json_text_write(to, "the embedding of an event", e->embedding ? e->embedding : NO_EMBEDDING));
    fputs("}", to);
done:
    return st;
}

static status write_layer(FILE *to, const event_list *layer, size_t order, uint64_t seed)
{
    status st = OK;
    unsigned char rgb[3];
    fprintf(to, "%s\n {\"name\": \"layer %zu\", \"order\": %zu, \"annots\": [", order ? "," : "", order, order);
    for (size_t i = 0; i < layer->count; i++) {
        fputs(i ? ",\n  " : "\n  ", to);
        event_colour(seed, order, i, rgb);
        TRY(write_event(to, &layer->at[i], rgb));
    }
    fputs("]}", to);
done:
    return st;
}

static status write_hierarchy(FILE *to, const hierarchy *h, uint64_t seed)
{
    status st = OK;
    char duration[NUMBER_TEXT];
    if (isnan(h->duration)) TRY(FAIL(ERR_INPUT, "%s: written before its duration is known", h->file));
    number_text(h->duration, duration);
    fputs("{\"file\": ", to);
    TRY(json_text_write(to, "the name of a video", h->file));
    fprintf(to, ", \"fileType\": \"video/mp4\", \"cursor\": 0, \"duration\": %s, \"zoom\": 1, \"layers\": [", duration);
    for (size_t i = 0; i < h->layer_count; i++) TRY(write_layer(to, &h->layers[i], i, seed));
    fputs("]}\n", to);
done:
    return st;
}

status published_write(const char *path, const hierarchy *h, uint64_t seed)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    FILE *to = open_memstream(&bytes, &count);
    if (!to) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    TRY(write_hierarchy(to, h, seed));
    TRY(memory_file_close(&to, path));
    TRY(file_write(path, bytes, count));
done:
    if (to) fclose(to);
    free(bytes);
    return st;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *path;
    size_t layer;  /* its order */
    size_t number; /* place of the event in the layer's annots */
} place;

static status read_time(const json_t *annotation, const char *key, const place *at, double *out)
{
    const json_t *value = json_object_get(annotation, key);
    if (!json_is_number(value))
        return FAIL(ERR_INPUT, "%s: layer %zu, event %zu: %s is missing or no number", at->path, at->layer, at->number,
                    key);
    *out = json_number_value(value);
    return OK;
}

/* A text that stands for nothing, and anything that is no text, is NULL. */
static const char *text_unless(const json_t *annotation, const char *key, const char *nothing)
{
    const char *text = json_string_value(json_object_get(annotation, key));
    return text && text[0] && strcmp(text, nothing) ? text : NULL;
}

static status read_event(const json_t *annotation, const place *at, hierarchy *out)
{
    status st = OK;
    event e = {.error = NAN,
               .label = text_unless(annotation, "action", NO_LABEL),
               .embedding = text_unless(annotation, "representation", NO_EMBEDDING)};
    TRY(read_time(annotation, "start", at, &e.start));
    TRY(read_time(annotation, "end", at, &e.end));
    if (e.start == e.end) goto done; /* of no length */
    st = hierarchy_add(out, at->layer, &e);
done:
    return st;
}

/* Layers stand at their `order`; without one at their place in the file. */
static status find_layer(const json_t *layers, size_t order, const char *path, const json_t **out)
{
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *layer = json_array_get(layers, i), *value = json_object_get(layer, "order");
        if (!json_is_object(layer)) return FAIL(ERR_INPUT, "%s: layer %zu is no object", path, i);
        json_int_t own = json_is_integer(value) ? json_integer_value(value) : (json_int_t)i;
        if (own < 0 || own >= (json_int_t)json_array_size(layers))
            return FAIL(ERR_INPUT, "%s: a layer of order %lld where there are %zu", path, (long long)own,
                        json_array_size(layers));
        if (own == (json_int_t)order && found) return FAIL(ERR_INPUT, "%s: two layers of order %zu", path, order);
        if (own == (json_int_t)order) found = layer;
    }
    *out = found; /* there are as many as orders, all different: each is found */
    return OK;
}

static status read_layer(const json_t *layers, size_t order, const char *path, hierarchy *out)
{
    status st = OK;
    const json_t *layer = NULL;
    TRY(find_layer(layers, order, path, &layer));
    const json_t *annotations = json_object_get(layer, "annots");
    if (!json_is_array(annotations)) TRY(FAIL(ERR_INPUT, "%s: layer %zu has no list annots", path, order));
    for (size_t i = 0; i < json_array_size(annotations); i++)
        TRY(read_event(json_array_get(annotations, i), &(place){path, order, i}, out));
done:
    return st;
}

static status read_duration(const json_t *object, const char *path, hierarchy *out)
{
    const json_t *value = json_object_get(object, "duration");
    double end = hierarchy_end(out), stated = json_is_number(value) ? json_number_value(value) : end;
    if (!(stated >= 0)) return FAIL(ERR_INPUT, "%s: a duration of %g s", path, stated);
    out->overrun = end > stated ? end - stated : 0;
    return hierarchy_set_duration(out, fmax(stated, end));
}

static status read_object(const json_t *object, const char *path, hierarchy *out)
{
    status st = OK;
    hierarchy h = {0};
    const char *file = json_string_value(json_object_get(object, "file"));
    const json_t *layers = json_object_get(object, "layers");
    if (!file || !json_is_array(layers))
        TRY(FAIL(ERR_INPUT, "%s: no events of a video: it has no %s", path, file ? "list layers" : "text file"));
    if (json_array_size(layers) > EVENT_LAYERS_MAX)
        TRY(FAIL(ERR_INPUT, "%s: %zu layers of events; %d are possible", path, json_array_size(layers),
                 EVENT_LAYERS_MAX));
    TRY(hierarchy_new(file, NAN, json_array_size(layers), &h));
    h.source = path;
    for (size_t i = 0; i < h.layer_count; i++) TRY(read_layer(layers, i, path, &h));
    TRY(read_duration(object, path, &h));
    h.source = NULL;
    *out = h;
    h = (hierarchy){0};
done:
    hierarchy_free(&h);
    return st;
}

status published_read(const char *path, hierarchy *out)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    json_error_t error;
    json_t *object = NULL;
    TRY(file_read(path, EVENT_FILE_BYTES_MAX, &bytes, &count));
    object = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);
    if (!object) TRY(FAIL(ERR_INPUT, "%s:%d: is no JSON: %s", path, error.line, error.text));
    TRY(read_object(object, path, out));
done:
    json_decref(object);
    free(bytes);
    return st;
}
