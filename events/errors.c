#include "events/errors.h"

#include "base/file.h"
#include "events/event_files.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *path;
    size_t line;
    const char *video; /* base name, (length) */
    size_t length;
    error_curves *to;
} reader;

static status wrong(const reader *r, const char *what)
{
    return FAIL(ERR_INPUT, "%s:%zu: %s", r->path, r->line, what);
}

static status add_sample(error_curve *curve, const error_sample *sample)
{
    if (curve->count == curve->room) {
        size_t room = curve->room ? curve->room * 2 : 1024;
        error_sample *larger = realloc(curve->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for a curve of %zu values", room);
        curve->at = larger;
        curve->room = room;
    }
    curve->at[curve->count++] = *sample;
    return OK;
}

static double number_or_nan(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool is_wanted(const reader *r, const char *file)
{
    size_t length;
    const char *base = video_base_name(file, &length);
    return length == r->length && !memcmp(base, r->video, length);
}

static void forget(error_curves *curves)
{
    for (size_t i = 0; i < curves->layer_count; i++) curves->layers[i].count = 0;
}

static status read_object(reader *r, const json_t *object)
{
    status st = OK;
    const char *file = json_string_value(json_object_get(object, "video"));
    const json_t *layer_value = json_object_get(object, "layer");
    json_int_t layer = json_is_integer(layer_value) ? json_integer_value(layer_value) : -1;
    error_sample sample = {number_or_nan(object, "time"), number_or_nan(object, "error"),
                           number_or_nan(object, "threshold"), json_is_true(json_object_get(object, "boundary"))};
    if (!file) TRY(wrong(r, "no text video: is this a file of errors?"));
    if (!is_wanted(r, file)) goto done;
    if (layer < 0 || layer >= EVENT_LAYERS_MAX) TRY(wrong(r, "layer is missing, or out of bounds"));
    if (!(fabs(sample.time) <= EVENT_SECONDS_MAX)) TRY(wrong(r, "time is missing, or out of bounds"));
    error_curve *curve = &r->to->layers[layer];
    bool back = curve->count && curve->at[curve->count - 1].time >= sample.time;
    if (back && layer) TRY(wrong(r, "time is not after the one before of its layer"));
    if (back) forget(r->to); /* the video is watched again */
    TRY(add_sample(curve, &sample));
    if ((size_t)layer >= r->to->layer_count) r->to->layer_count = (size_t)layer + 1;
done:
    return st;
}

/* A line as event_log_error writes them, which begins with another video's name: most are, and reading one takes far
 * longer than looking at it. */
static bool is_anothers(const reader *r, const char *line, size_t length)
{
    static const char BEGIN[] = "{\"video\": \"";
    const size_t before = sizeof BEGIN - 1;
    char name[1024];
    if (length < before || memcmp(line, BEGIN, before)) return false;
    const char *end = memchr(line + before, '"', length - before);
    size_t count = end ? (size_t)(end - line) - before : SIZE_MAX;
    if (count >= sizeof name || memchr(line + before, '\\', count)) return false;
    memcpy(name, line + before, count);
    name[count] = '\0';
    return !is_wanted(r, name);
}

static status read_line(reader *r, const char *line, size_t length)
{
    json_error_t error;
    if (is_anothers(r, line, length)) return OK;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    status st = json_is_object(object) ? read_object(r, object) : wrong(r, "is no JSON object");
    json_decref(object);
    return st;
}

status errors_read(const char *path, const char *file, error_curves *out)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    error_curves curves = {.layer_count = 0};
    reader r = {.path = path, .line = 1, .to = &curves};
    r.video = video_base_name(file, &r.length);
    TRY(file_read(path, EVENT_FILE_BYTES_MAX, &bytes, &count));
    for (const char *at = bytes, *end; (end = memchr(at, '\n', (size_t)(bytes + count - at))); at = end + 1, r.line++)
        if (end > at) TRY(read_line(&r, at, (size_t)(end - at)));
    *out = curves;
    curves = (error_curves){.layer_count = 0};
done:
    free(bytes);
    errors_free(&curves);
    return st;
}

void errors_free(error_curves *curves)
{
    for (size_t i = 0; i < EVENT_LAYERS_MAX; i++) free(curves->layers[i].at);
    *curves = (error_curves){.layer_count = 0};
}
