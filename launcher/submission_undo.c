/* submission_undo: files go one by one, by the names that submission_write gave them, and directories only when empty.
 */
#include "conf/run.h"
#include "launcher/submission.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const FILES[] = {"recipe.yaml", "sweep.json", "lock", NULL};
static const char *const FOLDERS[] = {"jobs", "logs", "steps", NULL};

static bool is_among(const char *name, const char *const names[])
{
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(name, names[i])) return true;
    return false;
}

static bool is_script(const submission *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(strrchr(s->jobs[i].path, '/') + 1, name)) return true;
    return false;
}

/* Whether a folder of the run holds nothing that is not ours. One that cannot be read does not count as such. */
static bool is_ours(const submission *s, const char *folder)
{
    char *path = folder ? run_path(s->directory, folder) : strdup(s->directory);
    DIR *list = path ? opendir(path) : NULL;
    bool ours = list || (folder && path && access(path, F_OK) != 0);
    for (const struct dirent *entry; list && ours && (entry = readdir(list));) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
        ours =
            folder ? !strcmp(folder, "jobs") && is_script(s, name) : is_among(name, FILES) || is_among(name, FOLDERS);
    }
    if (list) closedir(list);
    free(path);
    return ours;
}

static bool may_go(const submission *s)
{
    bool may = s->made && !s->unsure && is_ours(s, NULL);
    for (size_t i = 0; i < s->count; i++) may = may && !s->jobs[i].id[0];
    for (size_t i = 0; FOLDERS[i]; i++) may = may && is_ours(s, FOLDERS[i]);
    return may;
}

static void remove_below(const submission *s, const char *name, int (*remove_one)(const char *))
{
    char *path = run_path(s->directory, name);
    if (path) remove_one(path);
    free(path);
}

void submission_undo(const submission *s)
{
    int lock = -1;
    bool clean = !fail_message()[0];
    if (may_go(s) && rundir_lock(s->directory, false, &lock) == OK) {
        for (size_t i = 0; i < s->count; i++) unlink(s->jobs[i].path);
        for (size_t i = 0; FOLDERS[i]; i++) remove_below(s, FOLDERS[i], rmdir);
        for (size_t i = 0; FILES[i]; i++) remove_below(s, FILES[i], unlink);
        if (!s->placed) rmdir(s->directory);
    }
    if (lock >= 0) close(lock);
    if (clean) fail_clear();
}
