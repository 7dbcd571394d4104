#include "student/known_lengths.h"

#include "base/file.h"
#include "video/decoder.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, BYTES_MOST = 1 << 28 };

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
    const known_length *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static bool is_ours(const json_t *root, double frame_rate)
{
    const char *library = json_string_value(json_object_get(root, "library"));
    return json_integer_value(json_object_get(root, "version")) == VERSION && library &&
           !strcmp(library, video_library()) && json_number_value(json_object_get(root, "frame_rate")) == frame_rate;
}

static bool parse(const json_t *from, known_length *out)
{
    const json_t *bytes = json_object_get(from, "bytes"), *mtime = json_object_get(from, "mtime");
    *out = (known_length){.path = json_string_value(json_object_get(from, "path")),
                          .bytes = json_integer_value(bytes),
                          .mtime = json_integer_value(mtime),
                          .seconds = json_number_value(json_object_get(from, "seconds"))};
    return out->path && json_is_integer(bytes) && json_is_integer(mtime) && out->seconds > 0 && isfinite(out->seconds);
}

static status take_all(const json_t *videos, known_lengths *k)
{
    size_t count = json_array_size(videos);
    k->at = calloc(count + 1, sizeof *k->at);
    if (!k->at) return FAIL(ERR_MEMORY, "no memory for the lengths of %zu videos", count);
    for (size_t i = 0; i < count; i++) k->count += parse(json_array_get(videos, i), &k->at[k->count]);
    if (k->count) qsort(k->at, k->count, sizeof *k->at, by_path);
    return OK;
}

status known_lengths_read(const char *path, double frame_rate, known_lengths *out)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    json_t *root = NULL;
    *out = (known_lengths){0};
    st = file_read(path, BYTES_MOST, &bytes, &count);
    if (st == ERR_MEMORY) goto done;
    fail_clear();
    if (st == OK) root = json_loadb(bytes, count, 0, NULL);
    st = OK;
    if (!root || !is_ours(root, frame_rate)) goto done;
    TRY(take_all(json_object_get(root, "videos"), out));
    out->text = root; /* it owns this now */
    root = NULL;
done:
    json_decref(root);
    free(bytes);
    return st;
}

void known_lengths_free(known_lengths *k)
{
    json_decref(k->text);
    free(k->at);
    *k = (known_lengths){0};
}

bool known_lengths_find(const known_lengths *k, const char *path, int64_t bytes, int64_t mtime, double *seconds)
{
    const known_length *found =
        k->count ? bsearch(&(known_length){.path = path}, k->at, k->count, sizeof *k->at, by_path) : NULL;
    if (!found || found->bytes != bytes || found->mtime != mtime) return false;
    *seconds = found->seconds;
    return true;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

status known_lengths_write(const char *path, double frame_rate, const known_length *lengths, size_t count)
{
    status st = OK;
    char *text = NULL;
    json_t *videos = json_array();
    json_t *root = json_pack("{s:i, s:s, s:f, s:o}", "version", VERSION, "library", video_library(), "frame_rate",
                             frame_rate, "videos", videos);
    if (!root) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    for (size_t i = 0; i < count; i++) {
        const known_length *l = &lengths[i];
        json_t *one = json_pack("{s:s, s:I, s:I, s:f}", "path", l->path, "bytes", (json_int_t)l->bytes, "mtime",
                                (json_int_t)l->mtime, "seconds", l->seconds);
        if (json_array_append_new(videos, one))
            TRY(FAIL(ERR_INPUT, "%s: %.200s cannot be written as UTF-8", path, l->path));
    }
    text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory to write it", path));
    TRY(file_put(path, text, strlen(text)));
done:
    json_decref(root);
    free(text);
    return st;
}
