#include "data/video_list.h"

#include "base/file.h"
#include "data/csv.h"
#include "data/videos.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LIST_MOST_BYTES ((size_t)1 << 30)
#define CLASS_LIST "wlasl_class_list.txt"
enum { CLASSES_MOST = 100000 };

typedef struct {
    const char *path, *folder; /* borrowed; folder may be NULL */
    char **glosses;            /* (gloss_count) by class, of the list beside an nslt file */
    size_t gloss_count;
    video_list list;
} reading;

status video_list_add(video_list *list, const char *path, const char *gloss)
{
    status st = OK;
    listed_video video = {.path = strdup(path), .gloss = gloss ? strdup(gloss) : NULL};
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 256;
        listed_video *larger = realloc(list->at, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "no memory for a list of %zu videos", room));
        list->at = larger;
        list->room = room;
    }
    if (!video.path || (gloss && !video.gloss)) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    list->at[list->count++] = video;
    video = (listed_video){0};
done:
    free(video.path);
    free(video.gloss);
    return st;
}

void video_list_free(video_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->at[i].path);
        free(list->at[i].gloss);
    }
    free(list->at);
    *list = (video_list){0};
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static status add_path(reading *r, const char *name, const char *gloss)
{
    char *path = r->folder ? path_join(r->folder, name) : strdup(name);
    if (!path) return FAIL(ERR_MEMORY, "%s: no memory for the name of %.80s", r->path, name);
    status st = video_list_add(&r->list, path, gloss);
    free(path);
    return st;
}

static status add_id(reading *r, const char *id, const char *gloss)
{
    status st = OK;
    char *path = NULL;
    if (!r->folder)
        TRY(FAIL(ERR_USAGE, "%s names videos by id (%.40s): --videos FOLDER says where they lie", r->path, id));
    st = videos_find(r->folder, id, &path);
    if (st == ERR_MISSING) {
        fail_clear();
        st = asprintf(&path, "%s/%s.mp4", r->folder, id) < 0 ? FAIL(ERR_MEMORY, "no memory for video %.80s", id) : OK;
        if (st != OK) path = NULL;
    }
    TRY(st);
    TRY(video_list_add(&r->list, path, gloss));
done:
    free(path);
    return st;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static status add_instances(reading *r, size_t number, const char *gloss, const json_t *instances)
{
    status st = OK;
    size_t i;
    json_t *instance;
    json_array_foreach(instances, i, instance)
    {
        const char *id = json_string_value(json_object_get(instance, "video_id"));
        if (!id) TRY(FAIL(ERR_INPUT, "%s: entry %zu, instance %zu has no video_id in words", r->path, number, i));
        TRY(add_id(r, id, gloss));
    }
done:
    return st;
}

static status read_array(reading *r, const json_t *root)
{
    status st = OK;
    size_t i;
    json_t *entry;
    json_array_foreach(root, i, entry)
    {
        const char *gloss = json_string_value(json_object_get(entry, "gloss"));
        const char *path = json_string_value(json_object_get(entry, "video_path"));
        const json_t *instances = json_object_get(entry, "instances");
        if (path) TRY(add_path(r, path, gloss));
        else if (json_is_array(instances)) TRY(add_instances(r, i, gloss, instances));
        else TRY(FAIL(ERR_INPUT, "%s: entry %zu has neither video_path nor a list of instances", r->path, i));
    }
done:
    return st;
}

/* The classes' names beside the file; without that list there are no glosses. */
static status read_glosses(reading *r)
{
    status st = OK;
    csv c = {0};
    bool more = false;
    const char *slash = strrchr(r->path, '/'), *name = NULL;
    int64_t id;
    char *path = NULL;
    if (asprintf(&path, "%.*s" CLASS_LIST, slash ? (int)(slash + 1 - r->path) : 0, r->path) < 0) path = NULL;
    if (!path) TRY(FAIL(ERR_MEMORY, "%s: no memory for its classes", r->path));
    if (!file_exists(path)) goto done;
    r->glosses = calloc(CLASSES_MOST, sizeof *r->glosses);
    if (!r->glosses) TRY(FAIL(ERR_MEMORY, "%s: no memory for its classes", path));
    r->gloss_count = CLASSES_MOST;
    TRY(csv_open(path, '\t', &c));
    for (;;) {
        TRY(csv_next(&c, &more));
        if (!more) break;
        TRY(csv_int(&c, 0, "class", 0, CLASSES_MOST - 1, &id));
        TRY(csv_text(&c, 1, "gloss", &name));
        free(r->glosses[id]);
        r->glosses[id] = strdup(name);
        if (!r->glosses[id]) TRY(FAIL(ERR_MEMORY, "%s: no memory for class %lld", path, (long long)id));
    }
done:
    csv_close(&c);
    free(path);
    return st;
}

static status read_object(reading *r, json_t *root)
{
    status st = OK;
    const char *id;
    json_t *entry;
    TRY(read_glosses(r));
    json_object_foreach(root, id, entry)
    {
        const json_t *action = json_object_get(entry, "action");
        if (!json_is_array(action)) TRY(FAIL(ERR_INPUT, "%s: video %.80s has no action", r->path, id));
        json_int_t class = json_integer_value(json_array_get(action, 0));
        bool known = class >= 0 && (size_t) class < r->gloss_count;
        TRY(add_id(r, id, known ? r->glosses[class] : NULL));
    }
done:
    return st;
}

static status read_json(reading *r, const char *bytes, size_t count)
{
    status st = OK;
    json_error_t problem;
    json_t *root = json_loadb(bytes, count, 0, &problem);
    if (!root) TRY(FAIL(ERR_INPUT, "%s:%d:%d: is no JSON: %s", r->path, problem.line, problem.column, problem.text));
    if (json_is_array(root)) TRY(read_array(r, root));
    else TRY(read_object(r, root));
done:
    json_decref(root);
    return st;
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static status read_rows(reading *r, char separator)
{
    status st = OK;
    csv c = {0};
    bool more = false, header = separator == CSV_GUESS;
    size_t path = 0, gloss = SIZE_MAX;
    TRY(csv_open(r->path, separator, &c));
    TRY(csv_next(&c, &more));
    for (; more; header = false) {
        const char *name = NULL;
        if (header) {
            path = csv_column(&c, "video_path");
            gloss = csv_column(&c, "gloss");
        } else {
            TRY(csv_text(&c, path, "video_path", &name));
            TRY(add_path(r, name, gloss < c.count && c.fields[gloss][0] ? c.fields[gloss] : NULL));
        }
        TRY(csv_next(&c, &more));
    }
done:
    csv_close(&c);
    return st;
}

/* Whether one of the fields of its first line is called video_path. */
static status has_header(const char *path, bool *out)
{
    status st = OK;
    csv c = {0};
    bool more = false;
    TRY(csv_open(path, CSV_GUESS, &c));
    st = csv_next(&c, &more);
    *out = st == OK && more && csv_column(&c, "video_path") != SIZE_MAX;
    if (st == ERR_INPUT) { /* quotes in a path */
        fail_clear();
        st = OK;
    }
done:
    csv_close(&c);
    return st;
}

status video_list_read(const char *path, const char *folder, video_list *out)
{
    status st = OK;
    reading r = {.path = path, .folder = folder};
    char *bytes = NULL;
    size_t count = 0, begin;
    bool header = false;
    TRY(file_read(path, LIST_MOST_BYTES, &bytes, &count));
    begin = strncmp(bytes, "\xef\xbb\xbf", 3) ? 0 : 3;
    begin += strspn(bytes + begin, " \t\r\n");
    if (bytes[begin] == '[' || bytes[begin] == '{') TRY(read_json(&r, bytes + begin, count - begin));
    else {
        TRY(has_header(path, &header));
        TRY(read_rows(&r, header ? CSV_GUESS : CSV_LINES));
    }
    if (!r.list.count) TRY(FAIL(ERR_INPUT, "%s: names no videos", path));
    *out = r.list;
    r.list = (video_list){0};
done:
    for (size_t i = 0; i < r.gloss_count; i++) free(r.glosses[i]);
    free(r.glosses);
    video_list_free(&r.list);
    free(bytes);
    return st;
}
