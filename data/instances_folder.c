/* A folder a class, with a video a file, or a folder of pictures. */
#include "data/instances.h"

#include "base/file.h"
#include "base/picture_folder.h"
#include "data/names.h"
#include "data/videos.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WHERE_BYTES = 512 };

typedef struct {
    const recipe *r;
    const char *root; /* data.train */
    instance_list *list;
    size_t room;
} source;

/* ---- names in a folder ------------------------------------------------------------------------------------------- */

typedef struct {
    char **at; /* (count) sorted by bytes */
    size_t count, room;
} names;

static void names_of_free(names *n)
{
    for (size_t i = 0; i < n->count; i++) free(n->at[i]);
    free(n->at);
    *n = (names){0};
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static status names_of_add(names *n, const char *folder, const char *name)
{
    if (n->count == n->room) {
        size_t room = n->room ? n->room * 2 : 64;
        char **larger = realloc(n->at, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "%s: no memory for its names", folder);
        n->at = larger;
        n->room = room;
    }
    n->at[n->count] = strdup(name);
    if (!n->at[n->count]) return FAIL(ERR_MEMORY, "%s: no memory for its names", folder);
    n->count++;
    return OK;
}

/* Names in `folder` without those that begin with '.'. */
static status names_of(const char *folder, names *out)
{
    status st = OK;
    names n = {0};
    DIR *dir = opendir(folder);
    if (!dir)
        TRY(FAIL(errno == ENOENT ? ERR_MISSING : ERR_INPUT, "%s: cannot look into this folder: %s", folder,
                 strerror(errno)));
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.') TRY(names_of_add(&n, folder, e->d_name));
    if (n.count) qsort(n.at, n.count, sizeof *n.at, by_bytes);
    *out = n;
    n = (names){0};
done:
    if (dir) closedir(dir);
    names_of_free(&n);
    return st;
}

/* ---- clips ------------------------------------------------------------------------------------------------------- */

/* A video of a class; `below` is its folder below data.train, `stem` the letters of its name without an ending. */
static status add_clip(source *s, const char *split, const char *below, const char *class_name, const char *file,
                       size_t stem)
{
    status st = OK;
    instance *to = NULL;
    char *video = NULL;
    if (asprintf(&video, "%s/%.*s", below, (int)stem, file) < 0) {
        video = NULL;
        TRY(FAIL(ERR_MEMORY, "%s: no memory for its names", s->root));
    }
    TRY(instance_add(s->list, &s->room, &to));
    TRY(instance_name(s->list, s->root, "the name of a video", video, &to->video));
    to->uid = to->video;
    to->split = split;
    to->fps = recipe_real(s->r, "data.fps");
    to->gloss = class_name;
done:
    free(video);
    return st;
}

static status read_class(source *s, const char *split, const char *class_folder)
{
    status st = OK;
    names files = {0};
    const char *class_name = NULL;
    char *below = split[0] ? path_join(split, class_folder) : strdup(class_folder);
    char *folder = below ? path_join(s->root, below) : NULL, *path = NULL;
    if (!folder) TRY(FAIL(ERR_MEMORY, "%s: no memory for the name of a class", s->root));
    if (!directory_exists(folder)) goto done; /* a file beside the classes */
    TRY(instance_name(s->list, s->root, "the name of a class", class_folder, &class_name));
    TRY(names_of(folder, &files));
    for (size_t i = 0; i < files.count; i++) {
        const char *name = files.at[i];
        free(path);
        path = path_join(folder, name);
        if (!path) TRY(FAIL(ERR_MEMORY, "%s: no memory for the name of %s", folder, name));
        bool file = videos_ending_is_known(name);
        if (!file && !picture_folder_is(path)) continue;
        TRY(add_clip(s, split, below, class_name, name, file ? (size_t)(strrchr(name, '.') - name) : strlen(name)));
    }
done:
    free(path);
    names_of_free(&files);
    free(below);
    free(folder);
    return st;
}

static status read_classes(source *s, const char *split)
{
    status st = OK;
    names classes = {0};
    char *folder = split[0] ? path_join(s->root, split) : strdup(s->root);
    if (!folder) TRY(FAIL(ERR_MEMORY, "%s: no memory for the name of a folder", s->root));
    TRY(names_of(folder, &classes));
    for (size_t i = 0; i < classes.count; i++) TRY(read_class(s, split, classes.at[i]));
done:
    names_of_free(&classes);
    free(folder);
    return st;
}

/* The folders named as data.splits; without any of them the root itself holds the classes. */
static status read_splits(source *s)
{
    status st = OK;
    char *folder = NULL;
    size_t found = 0;
    for (size_t i = 0; i < recipe_list_count(s->r, "data.splits"); i++) {
        const char *name = recipe_list_text(s->r, "data.splits", i), *split = NULL;
        if (!path_stays_inside(name)) TRY(FAIL(ERR_CONFIG, "data.splits has \"%.60s\": no name of a folder", name));
        free(folder);
        folder = path_join(s->root, name);
        if (!folder) TRY(FAIL(ERR_MEMORY, "%s: no memory for the name of a folder", s->root));
        if (!directory_exists(folder)) continue;
        TRY(instance_name(s->list, s->root, "the name of a split", name, &split));
        TRY(read_classes(s, split));
        found++;
    }
    if (!found) TRY(read_classes(s, ""));
done:
    free(folder);
    return st;
}

/* ---- classes in the order of their names ------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Class ids of all clips; those whose class is not wanted are taken out. */
static status number_classes(source *s, class_filter *f)
{
    status st = OK;
    instance_list *list = s->list;
    name_table ids = {0};
    size_t kept = 0, place = 0;
    int64_t id = -1;
    const char **sorted = calloc(list->count + 1, sizeof *sorted);
    if (!sorted) TRY(FAIL(ERR_MEMORY, "%s: no memory for its classes", s->root));
    for (size_t i = 0; i < list->count; i++) sorted[i] = list->at[i].gloss;
    qsort(sorted, list->count, sizeof *sorted, by_text);
    for (size_t i = 0; i < list->count; i++) {
        if (i && !strcmp(sorted[i], sorted[i - 1])) continue;
        TRY(class_filter_add(f, list, sorted[i], &id));
        if (id >= 0) TRY(names_add(&ids, sorted[i], (size_t)id, &place));
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!names_find(&ids, list->at[i].gloss, &place)) continue;
        list->at[kept] = list->at[i];
        list->at[kept++].class_id = (int64_t)place;
    }
    list->count = kept;
done:
    free(sorted);
    names_free(&ids);
    return st;
}

status instances_read_folder(const recipe *r, const char *path, class_filter *f, instance_list *out)
{
    status st = OK;
    source s = {.r = r, .root = path, .list = out};
    TRY(read_splits(&s));
    if (!out->count)
        TRY(FAIL(ERR_INPUT,
                 "%s: no folder in it holds videos (.mp4, .mkv, .mov, .avi, .webm, or folders of numbered pictures): "
                 "expected a folder a class",
                 path));
    TRY(number_classes(&s, f));
done:
    return st;
}
