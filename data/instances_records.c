/* Lists of videos with their glosses: JSON [{video_path, gloss, ...}], as `magister video check` writes them, or a CSV
 * with the columns video_path and gloss. They know neither splits nor ranges. */
#include "data/instances.h"

#include "base/file.h"
#include "data/csv.h"
#include "data/names.h"
#include "data/videos.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE_BYTES = 512 };

typedef struct {
    class_filter *filter;
    instance_list *list;
    const char *folder; /* data.videos; NULL: not given */
    double fps;
    name_table classes; /* glosses in the order they were met, to the place of their id */
    int64_t *ids;
    size_t room, id_room;
    char where[WHERE_BYTES];
} source;

static status class_of(source *s, const char *gloss, int64_t *out)
{
    status st = OK;
    size_t place = 0, count = s->classes.count;
    TRY(names_add(&s->classes, gloss, count, &place));
    if (place == count) {
        if (count == s->id_room) {
            size_t room = s->id_room ? s->id_room * 2 : 64;
            int64_t *larger = realloc(s->ids, room * sizeof *larger);
            if (!larger) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu classes", s->where, room));
            s->ids = larger;
            s->id_room = room;
        }
        TRY(class_filter_add(s->filter, s->list, gloss, &s->ids[place]));
    }
    *out = s->ids[place];
done:
    return st;
}

/* The video's name below the folder of videos, without its ending. */
static status video_of(source *s, const char *path, const char **out)
{
    status st = OK;
    size_t folder = s->folder ? strlen(s->folder) : 0;
    char name[PATH_MAX];
    if (folder && !strncmp(path, s->folder, folder) && (path[folder] == '/' || s->folder[folder - 1] == '/'))
        path += folder + strspn(path + folder, "/");
    while (!strncmp(path, "./", 2)) path += 2;
    snprintf(name, sizeof name, "%s", path);
    if (videos_ending_is_known(name)) *strrchr(name, '.') = '\0';
    if (!path_stays_inside(name))
        TRY(FAIL(ERR_INPUT, "%s: %.200s does not lie below the folder of videos (data.videos is %.200s)", s->where,
                 path, s->folder ? s->folder : "not given"));
    TRY(instance_name(s->list, s->where, "video_path", name, out));
done:
    return st;
}

static status add_record(source *s, const char *path, const char *gloss)
{
    status st = OK;
    instance *to = NULL;
    const char *video = NULL, *name = NULL;
    int64_t id = -1;
    TRY(instance_name(s->list, s->where, "gloss", gloss, &name));
    TRY(video_of(s, path, &video));
    TRY(class_of(s, name, &id));
    if (id < 0) goto done;
    TRY(instance_add(s->list, &s->room, &to));
    to->gloss = name;
    to->class_id = id;
    to->video = to->uid = video;
    to->fps = s->fps;
done:
    return st;
}

static status read_json(source *s, const char *path, const json_t *root)
{
    status st = OK;
    for (size_t i = 0; i < json_array_size(root); i++) {
        const json_t *entry = json_array_get(root, i);
        const json_t *video = json_object_get(entry, "video_path"), *gloss = json_object_get(entry, "gloss");
        snprintf(s->where, sizeof s->where, "%s: entry %zu", path, i + 1);
        if (!json_is_string(video) || !json_is_string(gloss))
            TRY(FAIL(ERR_INPUT, "%s has no text video_path, or no text gloss", s->where));
        TRY(add_record(s, json_string_value(video), json_string_value(gloss)));
    }
done:
    return st;
}

static status read_csv(source *s, const char *path)
{
    status st = OK;
    csv file = {0};
    bool more = false;
    const char *video = NULL, *gloss = NULL;
    TRY(csv_open(path, CSV_GUESS, &file));
    TRY(csv_next(&file, &more));
    size_t at = csv_column(&file, "video_path"), word = csv_column(&file, "gloss");
    if (!more || at == SIZE_MAX || word == SIZE_MAX)
        TRY(FAIL(ERR_INPUT, "%s:1: expected a header with the columns video_path and gloss", path));
    for (;;) {
        TRY(csv_next(&file, &more));
        if (!more) break;
        snprintf(s->where, sizeof s->where, "%s:%zu", path, file.line);
        TRY(csv_text(&file, at, "video_path", &video));
        TRY(csv_text(&file, word, "gloss", &gloss));
        TRY(add_record(s, video, gloss));
    }
done:
    csv_close(&file);
    return st;
}

status instances_read_records(const recipe *r, const char *path, const json_t *root, class_filter *f,
                              instance_list *out)
{
    status st = OK;
    source s = {.filter = f, .list = out, .folder = instances_videos(r), .fps = recipe_real(r, "data.fps")};
    if (recipe_bool(r, "data.use_range") || recipe_bool(r, "data.use_box"))
        TRY(FAIL(ERR_CONFIG, "%s has neither ranges nor boxes: take data.use_range and data.use_box out", path));
    TRY(root ? read_json(&s, path, root) : read_csv(&s, path));
done:
    names_free(&s.classes);
    free(s.ids);
    return st;
}
