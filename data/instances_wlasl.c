/* WLASL's two forms of JSON. */
#include "data/instances.h"

#include "base/file.h"
#include "data/classes.h"
#include "data/csv.h"
#include "data/names.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define JSON_MOST ((size_t)1 << 28)
#define WLASL_FPS 25.0 /* of nslt_N.json, whose frames were counted so */
enum { FRAME_MOST = INT32_MAX, WHERE_BYTES = 512 };

/* One file being read. */
typedef struct {
    const char *path;
    class_filter *filter;
    instance_list *list;
    bool use_range, use_box;
    size_t room;
    char where[WHERE_BYTES]; /* the entry, for messages */
} source;

static status load(const char *path, json_t **out)
{
    status st = OK;
    char *bytes = NULL;
    size_t count = 0;
    json_error_t error;
    TRY(file_read(path, JSON_MOST, &bytes, &count));
    *out = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &error);
    if (!*out) TRY(FAIL(ERR_INPUT, "%s:%d:%d: not JSON: %s", path, error.line, error.column, error.text));
done:
    free(bytes);
    return st;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static status get_text(source *s, const json_t *object, const char *key, const char **out)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) return FAIL(ERR_INPUT, "%s: %s is missing, or no text", s->where, key);
    return instance_name(s->list, s->where, key, json_string_value(value), out);
}

/* `standard` where the key is not there. */
static status get_whole(const source *s, const json_t *object, const char *key, int64_t least, int64_t standard,
                        int64_t *out)
{
    const json_t *value = json_object_get(object, key);
    *out = standard;
    if (!value) return OK;
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= least && *out <= FRAME_MOST) return OK;
    return FAIL(ERR_INPUT, "%s: %s is not a whole number from %" PRId64 " to %d", s->where, key, least, FRAME_MOST);
}

static status get_fps(const source *s, const json_t *object, double *out)
{
    const json_t *value = json_object_get(object, "fps");
    *out = value ? json_number_value(value) : WLASL_FPS;
    if (isfinite(*out) && *out >= 0.01 && *out <= 1e6) return OK;
    return FAIL(ERR_INPUT, "%s: fps is not a number from 0.01 to 1000000", s->where);
}

/* Frames from 1, both belonging to the clip; an end of -1 is the video's. Checked even where it is not used: a file
 * that is wrong here is wrong elsewhere. */
static status take_range(const source *s, int64_t first, int64_t last, instance *to)
{
    if (first < 1 || last == 0 || (last > 0 && last < first))
        return FAIL(ERR_INPUT,
                    "%s: the clip goes from frame %" PRId64 " to %" PRId64 "; frames count from 1, -1 is "
                    "the end of the video",
                    s->where, first, last);
    if (!s->use_range) return OK;
    to->first_frame = first - 1;
    to->last_frame = last > 0 ? last - 1 : -1;
    return OK;
}

static status take_box(const source *s, const json_t *object, instance *to)
{
    const json_t *box = json_object_get(object, "bbox");
    int64_t side[4];
    if (!box || !s->use_box) return OK;
    if (json_array_size(box) != 4) return FAIL(ERR_INPUT, "%s: bbox is not a list of 4 numbers", s->where);
    for (size_t i = 0; i < 4; i++) {
        double value = json_number_value(json_array_get(box, i));
        if (!json_is_number(json_array_get(box, i)) || !(fabs(value) <= 1e6))
            return FAIL(ERR_INPUT, "%s: bbox is not a list of 4 numbers of pixels", s->where);
        side[i] = (int64_t)value;
        if (side[i] < 0) side[i] = 0; /* a box may reach out of the picture */
    }
    if (side[2] <= side[0] || side[3] <= side[1])
        return FAIL(ERR_INPUT,
                    "%s: bbox [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "] is empty: it is left, top, right, "
                    "bottom",
                    s->where, side[0], side[1], side[2], side[3]);
    to->boxed = true;
    memcpy(to->box, side, sizeof side);
    return OK;
}

/* Numbers and texts both occur. */
static status get_signer(source *s, const json_t *object, const char **out)
{
    const json_t *signer = json_object_get(object, "signer_id");
    char number[32];
    *out = "";
    if (!signer || json_is_null(signer)) return OK;
    if (json_is_string(signer)) return instance_name(s->list, s->where, "signer_id", json_string_value(signer), out);
    if (!json_is_integer(signer)) return FAIL(ERR_INPUT, "%s: signer_id is neither a number nor a text", s->where);
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(signer));
    return instance_name(s->list, s->where, "signer_id", number, out);
}

static status get_video(source *s, const char *text, const char **out)
{
    status st = OK;
    TRY(instance_name(s->list, s->where, "the name of its video", text, out));
    if (!path_stays_inside(*out))
        TRY(FAIL(ERR_INPUT, "%s: \"%.80s\" is no name of a video: it leads out of the folder", s->where, *out));
done:
    return st;
}

/* ---- WLASL_v0.3.json --------------------------------------------------------------------------------------------- */

static status read_instance(source *s, const json_t *from, const char *gloss, int64_t class_id)
{
    status st = OK;
    instance *to = NULL;
    int64_t first = 1, last = -1;
    const char *id = NULL;
    if (!json_is_object(from)) TRY(FAIL(ERR_INPUT, "%s: not an object", s->where));
    TRY(instance_add(s->list, &s->room, &to));
    to->gloss = gloss;
    to->class_id = class_id;
    TRY(get_text(s, from, "video_id", &id));
    TRY(get_video(s, id, &to->video));
    to->uid = to->video;
    TRY(get_text(s, from, "split", &to->split));
    TRY(get_signer(s, from, &to->signer));
    TRY(get_fps(s, from, &to->fps));
    TRY(get_whole(s, from, "frame_start", 1, 1, &first));
    TRY(get_whole(s, from, "frame_end", -1, -1, &last));
    TRY(take_range(s, first, last, to));
    TRY(take_box(s, from, to));
done:
    return st;
}

/* `words` holds the glosses so far. */
static status read_gloss(source *s, const json_t *entry, size_t number, name_table *words)
{
    status st = OK;
    const char *gloss = NULL;
    int64_t class_id = -1;
    size_t first = 0;
    const json_t *instances = json_object_get(entry, "instances");
    snprintf(s->where, sizeof s->where, "%s: entry %zu", s->path, number + 1);
    if (!json_is_object(entry)) TRY(FAIL(ERR_INPUT, "%s is not an object with gloss and instances", s->where));
    TRY(get_text(s, entry, "gloss", &gloss));
    if (!json_is_array(instances)) TRY(FAIL(ERR_INPUT, "%s (\"%.60s\") has no list of instances", s->where, gloss));
    TRY(names_add(words, gloss, number, &first));
    if (first != number)
        TRY(FAIL(ERR_INPUT, "%s: \"%.60s\" is the gloss of entry %zu already", s->where, gloss, first + 1));
    TRY(class_filter_add(s->filter, s->list, gloss, &class_id));
    for (size_t i = 0; class_id >= 0 && i < json_array_size(instances); i++) {
        snprintf(s->where, sizeof s->where, "%s: entry %zu (\"%.60s\"), instance %zu", s->path, number + 1, gloss,
                 i + 1);
        TRY(read_instance(s, json_array_get(instances, i), gloss, class_id));
    }
done:
    return st;
}

static status read_glosses(source *s, const json_t *root)
{
    status st = OK;
    name_table words = {0};
    for (size_t i = 0; i < json_array_size(root); i++) TRY(read_gloss(s, json_array_get(root, i), i, &words));
done:
    names_free(&words);
    return st;
}

/* ---- nslt_N.json ------------------------------------------------------------------------------------------------- */

typedef struct {
    const char **names; /* (count) by class; NULL where the list has none */
    bool *occurs;       /* (count) */
    int64_t *ids;       /* (count) ours; -1 for those that are not wanted */
    size_t count;
} class_names_of;

static void class_names_free(class_names_of *n)
{
    free(n->names);
    free(n->occurs);
    free(n->ids);
}

/* "12<tab>gloss" */
static status read_class_line(const csv *file, instance_list *list, class_names_of *n)
{
    status st = OK;
    int64_t id = 0;
    const char *name = NULL;
    char where[WHERE_BYTES];
    snprintf(where, sizeof where, "%s:%zu", file->path, file->line);
    TRY(csv_int(file, 0, "class id", 0, CLASS_ID_MOST, &id));
    TRY(csv_text(file, 1, "gloss", &name));
    if ((size_t)id >= n->count) {
        size_t room = (size_t)id + 1;
        const char **larger = realloc(n->names, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu classes", where, room));
        for (size_t i = n->count; i < room; i++) larger[i] = NULL;
        n->names = larger;
        n->count = room;
    }
    if (n->names[id]) TRY(FAIL(ERR_INPUT, "%s: class id %lld stands there twice", where, (long long)id));
    TRY(instance_name(list, where, "gloss", name, &n->names[id]));
done:
    return st;
}

static status read_class_list(const char *path, instance_list *list, class_names_of *n)
{
    status st = OK;
    csv file = {0};
    bool more = false;
    TRY(csv_open(path, '\t', &file));
    for (;;) {
        TRY(csv_next(&file, &more));
        if (!more) break;
        TRY(read_class_line(&file, list, n));
    }
    if (!n->count) TRY(FAIL(ERR_INPUT, "%s: no classes: expected lines of a class id, a tab and a gloss", path));
    n->occurs = calloc(n->count, sizeof *n->occurs);
    n->ids = calloc(n->count, sizeof *n->ids);
    if (!n->occurs || !n->ids) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu classes", path, n->count));
done:
    csv_close(&file);
    return st;
}

/* data.actions, or wlasl_class_list.txt beside the annotations. */
static status find_class_list(const recipe *r, const char *path, char **out)
{
    static const char NAME[] = "wlasl_class_list.txt";
    const char *given = recipe_text(r, "data.actions"), *slash = strrchr(path, '/');
    int written =
        given ? asprintf(out, "%s", given) : asprintf(out, "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path, NAME);
    if (written < 0) {
        *out = NULL;
        return FAIL(ERR_MEMORY, "no memory for the name of the class list");
    }
    if (given || file_exists(*out)) return OK;
    return FAIL(ERR_MISSING,
                "%s has class numbers without names, and there is no %s: name the list of classes (a line: id, tab, "
                "gloss) in data.actions",
                path, *out);
}

/* The class of an entry, one of n->count. */
static status class_of(source *s, const json_t *entry, const class_names_of *n, size_t *out)
{
    const json_t *action = json_object_get(entry, "action");
    if (json_array_size(action) != 3)
        return FAIL(ERR_INPUT, "%s: action is not [class, first frame, last frame]", s->where);
    for (size_t i = 0; i < 3; i++)
        if (!json_is_integer(json_array_get(action, i)))
            return FAIL(ERR_INPUT, "%s: action is not a list of whole numbers", s->where);
    json_int_t id = json_integer_value(json_array_get(action, 0));
    if (id < 0 || (size_t)id >= n->count || !n->names[id])
        return FAIL(ERR_INPUT, "%s: class %" JSON_INTEGER_FORMAT " is not in the list of classes", s->where, id);
    *out = (size_t)id;
    return OK;
}

static status read_video(source *s, const char *name, const json_t *entry, const class_names_of *n)
{
    status st = OK;
    instance *to = NULL;
    size_t id = 0;
    TRY(class_of(s, entry, n, &id));
    if (n->ids[id] < 0) goto done;
    const json_t *action = json_object_get(entry, "action");
    int64_t first = json_integer_value(json_array_get(action, 1)), last = json_integer_value(json_array_get(action, 2));
    if (first > FRAME_MOST || last > FRAME_MOST) TRY(FAIL(ERR_INPUT, "%s: frames end at %d", s->where, FRAME_MOST));
    TRY(instance_add(s->list, &s->room, &to));
    to->gloss = n->names[id];
    to->class_id = n->ids[id];
    to->fps = WLASL_FPS;
    TRY(get_video(s, name, &to->video));
    to->uid = to->video;
    TRY(get_text(s, entry, "subset", &to->split));
    TRY(take_range(s, first, last, to));
done:
    return st;
}

/* `json_object_foreach` keeps the file's order. */
static status read_videos(source *s, const recipe *r, json_t *root)
{
    status st = OK;
    class_names_of n = {0};
    char *list = NULL;
    const char *name;
    json_t *entry;
    size_t id = 0;
    TRY(find_class_list(r, s->path, &list));
    TRY(read_class_list(list, s->list, &n));
    json_object_foreach(root, name, entry)
    {
        snprintf(s->where, sizeof s->where, "%s: \"%.80s\"", s->path, name);
        TRY(class_of(s, entry, &n, &id));
        n.occurs[id] = true;
    }
    for (size_t i = 0; i < n.count; i++) {
        n.ids[i] = -1;
        if (n.occurs[i]) TRY(class_filter_add(s->filter, s->list, n.names[i], &n.ids[i]));
    }
    json_object_foreach(root, name, entry)
    {
        snprintf(s->where, sizeof s->where, "%s: \"%.80s\"", s->path, name);
        TRY(read_video(s, name, entry, &n));
    }
done:
    class_names_free(&n);
    free(list);
    return st;
}

status instances_read_wlasl(const recipe *r, const char *path, class_filter *f, instance_list *out)
{
    status st = OK;
    json_t *root = NULL;
    source s = {.path = path,
                .filter = f,
                .list = out,
                .use_range = recipe_bool(r, "data.use_range"),
                .use_box = recipe_bool(r, "data.use_box")};
    size_t length = strlen(path);
    if (length > 4 && !strcasecmp(path + length - 4, ".csv")) return instances_read_records(r, path, NULL, f, out);
    TRY(load(path, &root));
    if (json_is_object(root)) { /* else a list: there is nothing else at JSON's root */
        if (s.use_box) TRY(FAIL(ERR_CONFIG, "%s has no boxes: take data.use_box out", path));
        TRY(read_videos(&s, r, root));
    } else if (json_object_get(json_array_get(root, 0), "video_path")) {
        TRY(instances_read_records(r, path, root, f, out));
    } else {
        if (!recipe_is_null(r, "data.actions"))
            TRY(FAIL(ERR_CONFIG, "%s names its classes itself: take data.actions out", path));
        TRY(read_glosses(&s, root));
    }
done:
    json_decref(root);
    return st;
}
