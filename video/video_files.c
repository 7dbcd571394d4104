#include "video/video_files.h"

#include "base/file.h"
#include "base/picture_folder.h"

#include <errno.h>
#include <fts.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static status add(video_file_list *list, const char *path, size_t root_length, bool folder)
{
    status st = OK;
    video_file file = {.path = strdup(path), .folder = folder};
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        video_file *larger = realloc(list->at, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "no memory for the names of %zu videos", room));
        list->at = larger;
        list->room = room;
    }
    if (!file.path) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    file.source = file.path + root_length;
    file.source += strspn(file.source, "/");
    file.name = folder ? strdup(file.source) : strndup(file.source, (size_t)(strrchr(file.source, '.') - file.source));
    if (!file.name) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", path));
    list->at[list->count++] = file;
    file = (video_file){0};
done:
    free(file.path);
    return st;
}

/* `all`: also links that lead nowhere, pipes and the like, as long as they are called as videos are. */
static bool is_meant(const FTSENT *entry, bool all)
{
    bool strange = entry->fts_info == FTS_SLNONE || entry->fts_info == FTS_DEFAULT;
    return (entry->fts_info == FTS_F || (all && strange)) && video_file_name_is(entry->fts_path);
}

static status walk(FTS *tree, const char *folder, bool all, video_file_list *list)
{
    status st = OK;
    size_t length = strlen(folder);
    for (FTSENT *entry; errno = 0, (entry = fts_read(tree));) {
        if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
            fts_set(tree, entry, FTS_SKIP);
            continue;
        }
        if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR || entry->fts_info == FTS_NS)
            TRY(FAIL(ERR_IO, "%s: cannot look into it: %s", entry->fts_path, strerror(entry->fts_errno)));
        if (is_meant(entry, all)) TRY(add(list, entry->fts_path, length, false));
        if (entry->fts_level == 0 || entry->fts_info != FTS_D || !picture_folder_is(entry->fts_path)) continue;
        fts_set(tree, entry, FTS_SKIP);
        TRY(add(list, entry->fts_path, length, true));
    }
    if (errno) TRY(FAIL(ERR_IO, "%s: cannot look into it: %s", folder, strerror(errno)));
done:
    return st;
}

static int by_name(const void *a, const void *b)
{
    const video_file *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int by_path(const void *a, const void *b)
{
    const video_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static status check_names(const video_file_list *list)
{
    for (size_t i = 1; i < list->count; i++)
        if (!strcmp(list->at[i - 1].name, list->at[i].name))
            return FAIL(ERR_INPUT, "%s and %s: two videos of one name; rename one of them", list->at[i - 1].path,
                        list->at[i].path);
    return OK;
}

static status read_folder(const char *folder, bool all, video_file_list *out)
{
    status st = OK;
    FTS *tree = NULL;
    video_file_list list = {0};
    char *root = strdup(folder), *roots[] = {root, NULL};
    if (!root) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", folder));
    if (!directory_exists(folder)) TRY(FAIL(ERR_MISSING, "%s: there is no such folder", folder));
    if (picture_folder_is(folder))
        TRY(FAIL(ERR_INPUT, "%s: is itself one video, a folder of numbered pictures: name the folder it lies in",
                 folder));
    tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    if (!tree) TRY(FAIL(ERR_IO, "%s: cannot look into it: %s", folder, strerror(errno)));
    TRY(walk(tree, folder, all, &list));
    if (!list.count)
        TRY(FAIL(ERR_INPUT, "%s: no videos in it (.mp4, .mkv, .mov, .avi, .webm, or folders of numbered pictures)",
                 folder));
    qsort(list.at, list.count, sizeof *list.at, all ? by_path : by_name);
    if (!all) TRY(check_names(&list));
    *out = list;
    list = (video_file_list){0};
done:
    if (tree) fts_close(tree);
    free(root);
    video_files_free(&list);
    return st;
}

status video_files_read(const char *folder, video_file_list *out)
{
    return read_folder(folder, false, out);
}

status video_files_all(const char *folder, video_file_list *out)
{
    return read_folder(folder, true, out);
}

const video_file *video_files_find(const video_file_list *list, const char *name)
{
    char *wanted = (char *)(uintptr_t)name; /* the key is only read */
    return list->count ? bsearch(&(video_file){.name = wanted}, list->at, list->count, sizeof *list->at, by_name)
                       : NULL;
}

void video_files_free(video_file_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->at[i].path);
        free(list->at[i].name);
    }
    free(list->at);
    *list = (video_file_list){0};
}
