#include "data/feature_manifest.h"

#include "base/file.h"
#include "base/picture_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANIFEST_MOST = 1 << 28, MANIFEST_VERSION = 1 };
static const char MANIFEST[] = "manifest.json";

status feature_file_look(const char *path, feature_file *out)
{
    return video_source_look(path, &out->bytes, &out->mtime);
}

json_t *feature_file_to_json(const char *name, const char *path, const feature_file *file)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:s, s:I, s:I}", "video", name, "path", path, "bytes",
                     (json_int_t)file->bytes, "mtime", (json_int_t)file->mtime, "hash", file->hash, "moments",
                     (json_int_t)file->moments, "replaced", (json_int_t)file->replaced);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static status check(const char *path, const json_t *manifest)
{
    if (json_integer_value(json_object_get(manifest, "version")) != MANIFEST_VERSION)
        return FAIL(ERR_INPUT, "%s: is no manifest of features of version %d", path, MANIFEST_VERSION);
    if (!json_is_string(json_object_get(manifest, "model_hash")) || !json_is_string(json_object_get(manifest, "model")))
        return FAIL(ERR_INPUT, "%s: does not say which model made the features", path);
    const json_t *files = json_object_get(manifest, "videos");
    if (!json_is_array(files)) return FAIL(ERR_INPUT, "%s: \"videos\" is no list", path);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        bool whole = json_is_string(json_object_get(file, "path")) && json_is_string(json_object_get(file, "hash")) &&
                     json_is_integer(json_object_get(file, "bytes")) && json_is_integer(json_object_get(file, "mtime"));
        if (!whole) return FAIL(ERR_INPUT, "%s: video %zu has no path, bytes, mtime and hash", path, i);
    }
    return OK;
}

status feature_part_read(const char *folder, const char *name, json_t **out)
{
    status st = OK;
    char *path = path_join(folder, name), *text = NULL;
    size_t count = 0;
    json_t *manifest = NULL;
    json_error_t problem;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read the manifest of %s", folder));
    TRY(file_read(path, MANIFEST_MOST, &text, &count));
    manifest = json_loadb(text, count, JSON_REJECT_DUPLICATES, &problem);
    if (!manifest) TRY(FAIL(ERR_INPUT, "%s:%d:%d: %s", path, problem.line, problem.column, problem.text));
    TRY(check(path, manifest));
    *out = manifest;
    manifest = NULL;
done:
    json_decref(manifest);
    free(text);
    free(path);
    return st;
}

status feature_manifest_read(const char *folder, json_t **out)
{
    return feature_part_read(folder, MANIFEST, out);
}

status feature_part_write(const char *folder, const char *name, const json_t *manifest)
{
    status st = OK;
    char *path = path_join(folder, name), *text = json_dumps(manifest, JSON_INDENT(1));
    if (!path || !text) TRY(FAIL(ERR_MEMORY, "no memory for the manifest of %s", folder));
    TRY(file_write(path, text, strlen(text)));
done:
    free(text);
    free(path);
    return st;
}

status feature_manifest_write(const char *folder, const json_t *manifest)
{
    return feature_part_write(folder, MANIFEST, manifest);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

status feature_track_write(const char *folder, const char *video, const float *values, size_t count)
{
    status st = OK;
    char *path = NULL, *slash = NULL;
    if (asprintf(&path, "%s/%s.f32", folder, video) < 0) {
        path = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for a name in %s", folder));
    }
    slash = strrchr(path, '/');
    *slash = '\0';
    TRY(directory_make(path));
    *slash = '/';
    TRY(file_write(path, values, count * sizeof *values));
done:
    free(path);
    return st;
}

status feature_index_write(const char *folder, const char *const *videos, const feature_file *files, size_t count,
                           int64_t width, double fps)
{
    status st = OK;
    char *text = NULL, *path = path_join(folder, "index.tsv");
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to || !path) TRY(FAIL(ERR_MEMORY, "no memory for the index of %s", folder));
    fputs("video\tframes\twidth\tfps\n", to);
    for (size_t v = 0; v < count; v++)
        fprintf(to, "%s\t%lld\t%lld\t%.17g\n", videos[v], (long long)files[v].moments, (long long)width, fps);
    fclose(to);
    to = NULL;
    if (!text) TRY(FAIL(ERR_MEMORY, "no memory for the index of %s", folder));
    TRY(file_write(path, text, length));
done:
    if (to) fclose(to);
    free(text);
    free(path);
    return st;
}

status feature_manifest_hash(const char *folder, const json_t *manifest, char out[HASH_TEXT])
{
    char *text = json_dumps(manifest, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text) return FAIL(ERR_MEMORY, "no memory for the manifest of %s", folder);
    hash_bytes(text, strlen(text), out);
    free(text);
    return OK;
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* Whether a file is still the one of the entry. */
static status is_same(const json_t *entry, bool *same)
{
    status st = OK;
    feature_file now = {0};
    char hash[HASH_TEXT];
    *same = false;
    st = feature_file_look(text_of(entry, "path"), &now);
    if (st == ERR_MISSING) fail_clear();
    if (st != OK) return st == ERR_MISSING ? OK : st;
    if (now.bytes != json_integer_value(json_object_get(entry, "bytes"))) return OK;
    *same = now.mtime == json_integer_value(json_object_get(entry, "mtime"));
    if (*same) return OK;
    TRY(video_source_hash(text_of(entry, "path"), hash));
    *same = !strcmp(hash, text_of(entry, "hash"));
done:
    return st;
}

status feature_manifest_changed(const char *folder, const json_t *manifest, char *what, size_t size)
{
    status st = OK;
    const json_t *files = json_object_get(manifest, "videos");
    bool same = true;
    what[0] = '\0';
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *entry = json_array_get(files, i);
        TRY(is_same(entry, &same));
        if (same) continue;
        snprintf(what, size, "%s: video %.200s has changed since the features were made", folder,
                 text_of(entry, "path"));
        goto done;
    }
done:
    return st;
}
