#include "launcher/events_input.h"

#include "base/file.h"
#include "base/log.h"
#include "data/names.h"
#include "events/event_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int is_events_file(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot && (!strcmp(dot, ".json") || !strcmp(dot, ".jsonl"));
}

static status read_folder(const char *folder, hierarchy_list *list)
{
    status st = OK;
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_events_file, alphasort);
    if (count < 0) return FAIL(ERR_MISSING, "%s: cannot read the folder: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *path = path_join(folder, entries[i]->d_name);
        if (!path) TRY(FAIL(ERR_MEMORY, "%s: no memory for a path", folder));
        st = events_read(path, list);
        free(path);
        if (st != OK) goto done;
    }
    if (!count) TRY(FAIL(ERR_MISSING, "%s: there is no file *.json or *.jsonl in it", folder));
done:
    for (int i = 0; i < count; i++) free(entries[i]);
    free(entries);
    return st;
}

static status check_names(const hierarchy_list *list)
{
    status st = OK;
    name_table names = {0};
    arena *strings = arena_new();
    for (size_t i = 0, first; i < list->count; i++) {
        size_t length;
        const char *base = video_base_name(list->at[i].file, &length);
        char *name = arena_copy(strings, base, length);
        if (!name) TRY(FAIL(ERR_MEMORY, "no memory for the names of %zu videos", list->count));
        TRY(names_add(&names, name, i, &first));
        if (first != i)
            TRY(FAIL(ERR_INPUT, "video %.200s is there twice: as %.200s and as %.200s", name, list->at[first].file,
                     list->at[i].file));
    }
done:
    names_free(&names);
    arena_free(&strings);
    return st;
}

status events_input_read(char *const *paths, size_t count, hierarchy_list *out)
{
    status st = OK;
    hierarchy_list list = {0};
    for (size_t i = 0; i < count; i++)
        TRY(directory_exists(paths[i]) ? read_folder(paths[i], &list) : events_read(paths[i], &list));
    if (!list.count) TRY(FAIL(ERR_INPUT, "%s: no events of any video", paths[0]));
    TRY(check_names(&list));
    for (size_t i = 0; i < list.count; i++)
        if (list.at[i].overrun > 0)
            log_warn("%s: its events run %.2f s past the duration stated: the video is taken to be %.2f s long",
                     list.at[i].file, list.at[i].overrun, list.at[i].duration);
    *out = list;
    list = (hierarchy_list){0};
done:
    hierarchy_list_free(&list);
    return st;
}
