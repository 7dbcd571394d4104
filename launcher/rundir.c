#include "launcher/rundir.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LIST_BYTES_MAX = 1 << 22, DONE_BYTES_MAX = 1 << 16, OLD_MAX = 10000 };

/* ---- the directory ----------------------------------------------------------------------------------------------- */

/* True for a file or folder below the run. */
static bool holds(const char *run, const char *name)
{
    char *path = run_path(run, name);
    bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

/* rmdir takes empty directories only; it is made again. */
static bool remove_if_empty(const char *run)
{
    return rmdir(run) == 0;
}

static status move_aside(const char *run)
{
    for (int i = 1; i < OLD_MAX; i++) {
        char *old = NULL;
        if (asprintf(&old, "%s.old-%d", run, i) < 0) return FAIL(ERR_MEMORY, "no memory to move %s aside", run);
        bool taken = access(old, F_OK) == 0;
        int failed = !taken && rename(run, old);
        if (!taken && !failed) log_info("%s is now %s", run, old);
        if (failed) FAIL(ERR_CREATE, "%s: cannot move it to %s: %s", run, old, strerror(errno));
        free(old);
        if (failed) return ERR_CREATE;
        if (!taken) return OK;
    }
    return FAIL(ERR_CREATE, "%s: %d old runs lie beside it; remove some", run, OLD_MAX - 1);
}

status rundir_lock(const char *run, bool shared, int *lock)
{
    char *path = run_path(run, "lock");
    if (!path) return FAIL(ERR_MEMORY, "no memory to open %s", run);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int reason = errno;
    free(path);
    if (*lock < 0) return FAIL(ERR_CREATE, "%s: cannot create its lock: %s", run, strerror(reason));
    if (flock(*lock, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return OK;
    reason = errno;
    close(*lock);
    *lock = -1;
    if (reason == EWOULDBLOCK) return FAIL(ERR_CREATE, "%s: another magister works in it", run);
    log_warn("%s: cannot be locked (%s): make sure that only one magister works in it", run, strerror(reason));
    return OK;
}

status rundir_make_room(const char *run, run_mode mode, int *lock)
{
    status st = OK;
    *lock = -1;
    if (access(run, F_OK)) goto done;
    if (!directory_exists(run)) TRY(FAIL(ERR_CREATE, "%s: is there and is no directory", run));
    bool sweep = holds(run, "sweep.json"), is_run = sweep || holds(run, "recipe.yaml");
    if (!is_run && remove_if_empty(run)) goto done;
    if (!is_run) TRY(FAIL(ERR_CREATE, "%s: is there, and is no run (it has no recipe.yaml): say another out=DIR", run));
    if (mode == RUN_NEW)
        TRY(FAIL(ERR_CREATE, "%s: is there already: --resume goes on with it, --force moves it aside and starts anew",
                 run));
    if (mode == RUN_RESUME && sweep)
        TRY(FAIL(ERR_CREATE, "%s: is a sweep, which this recipe is not: say another out=DIR", run));
    TRY(rundir_lock(run, false, lock));
    if (mode == RUN_RESUME) goto done;
    TRY(move_aside(run));
    if (*lock >= 0) close(*lock);
    *lock = -1;
done:
    return st;
}

status rundir_open(const char *run, run_mode mode, int *lock)
{
    status st = OK;
    char *logs = run_path(run, "logs"), *steps = run_path(run, "steps");
    *lock = -1;
    if (!logs || !steps) TRY(FAIL(ERR_MEMORY, "no memory to open %s", run));
    TRY(rundir_make_room(run, mode, lock));
    TRY(directory_make(logs));
    TRY(directory_make(steps));
    if (*lock < 0) TRY(rundir_lock(run, false, lock));
done:
    if (st != OK && *lock >= 0) {
        close(*lock);
        *lock = -1;
    }
    free(logs);
    free(steps);
    return st;
}

status rundir_require(const char *run)
{
    if (!directory_exists(run)) return FAIL(ERR_MISSING, "%s: there is no such directory", run);
    if (holds(run, "sweep.json"))
        return FAIL(ERR_MISSING, "%s: is a sweep of runs: name one of its members (magister sweep %s lists them)", run,
                    run);
    if (!holds(run, "recipe.yaml")) return FAIL(ERR_MISSING, "%s: is no run: it has no recipe.yaml", run);
    return OK;
}

status rundir_write_recipe(const char *run, const recipe *r)
{
    status st = OK;
    char *text = NULL, *path = run_path(run, "recipe.yaml");
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to || !path) TRY(FAIL(ERR_MEMORY, "no memory to write the recipe of %s", run));
    TRY(recipe_write(r, to));
    fclose(to);
    to = NULL;
    TRY(file_write(path, text, length));
done:
    if (to) fclose(to);
    free(text);
    free(path);
    return st;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static char *done_path(const char *run, const plan_step *step)
{
    char *path = NULL;
    return asprintf(&path, "%s/steps/%s/done.json", run, step->name) < 0 ? NULL : path;
}

static status compare_hash(const char *path, const plan_step *step, const char *bytes, size_t count)
{
    json_error_t error;
    json_t *done = json_loadb(bytes, count, 0, &error);
    const char *hash = json_string_value(json_object_get(done, "hash"));
    status st = OK;
    if (!hash) st = FAIL(ERR_INPUT, "%s: says nothing of what was done; remove it to do %s again", path, step->name);
    else if (strcmp(hash, step->hash))
        st = FAIL(
            ERR_CONFIG,
            "%s was done with another recipe (hash %s, now %s): go back to that recipe, or start anew with --force",
            step->name, hash, step->hash);
    json_decref(done);
    return st;
}

status step_is_done(const char *run, const plan_step *step, bool *done)
{
    status st = OK;
    char *path = done_path(run, step), *bytes = NULL;
    size_t count;
    *done = false;
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to look at %s", step->name));
    if (!file_exists(path)) goto done;
    TRY(file_read(path, DONE_BYTES_MAX, &bytes, &count));
    TRY(compare_hash(path, step, bytes, count));
    *done = true;
done:
    free(bytes);
    free(path);
    return st;
}

status step_make_directory(const char *run, const plan_step *step)
{
    char *path = run_step_directory(run, step->name);
    if (!path) return FAIL(ERR_MEMORY, "no memory to start %s", step->name);
    status st = directory_make(path);
    free(path);
    return st;
}

status step_mark_done(const char *run, const plan_step *step, double seconds)
{
    status st = OK;
    char stamp[32], *text = NULL, *path = done_path(run, step);
    struct tm day;
    time_t now = time(NULL);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &day));
    json_t *done = json_pack("{s:s, s:f, s:s}", "hash", step->hash, "seconds", seconds, "finished", stamp);
    if (done) text = json_dumps(done, JSON_INDENT(2));
    if (!text || !path) TRY(FAIL(ERR_MEMORY, "no memory to mark %s as done", step->name));
    TRY(file_write(path, text, strlen(text)));
done:
    json_decref(done);
    free(text);
    free(path);
    return st;
}

/* ---- the user's list of runs ------------------------------------------------------------------------------------- */

/* $XDG_STATE_HOME/magister, or ~/.local/state/magister. New string; NULL without either, or without memory. */
static char *state_directory(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (state && state[0] == '/') return path_join(state, "magister");
    if (!home || home[0] != '/') return NULL;
    return asprintf(&path, "%s/.local/state/magister", home) < 0 ? NULL : path;
}

static bool list_has(const char *list, const char *line)
{
    char *bytes = NULL;
    size_t count, length = strlen(line);
    bool found = false;
    if (!file_exists(list) || file_read(list, LIST_BYTES_MAX, &bytes, &count) != OK) return false;
    for (const char *at = bytes; *at && !found; at += strcspn(at, "\n"), at += *at == '\n')
        found = strcspn(at, "\n") == length && !memcmp(at, line, length);
    free(bytes);
    return found;
}

static bool list_add(const char *list, const char *line)
{
    char *text = NULL;
    int length = asprintf(&text, "%s\n", line);
    if (length < 0) return false;
    int fd = open(list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    bool written =
        fd >= 0 && write(fd, text, (size_t)length) == length; /* one write: runs started together do not mix */
    if (fd >= 0) close(fd);
    free(text);
    return written;
}

void run_register(const char *run)
{
    char *state = state_directory(), *list = state ? path_join(state, "runs") : NULL, *absolute = realpath(run, NULL);
    bool kept =
        list && absolute && directory_make(state) == OK && (list_has(list, absolute) || list_add(list, absolute));
    if (!kept)
        log_warn("the run is not in the list of runs: %s cannot be written", list ? list : "no home directory, so it");
    if (!kept) fail_clear(); /* the run goes on */
    free(absolute);
    free(list);
    free(state);
}

typedef struct {
    char *path;
    struct timespec changed;
} listed;

static int by_change_newest_first(const void *a, const void *b)
{
    const listed *x = a, *y = b;
    if (x->changed.tv_sec != y->changed.tv_sec) return x->changed.tv_sec < y->changed.tv_sec ? 1 : -1;
    if (x->changed.tv_nsec != y->changed.tv_nsec) return x->changed.tv_nsec < y->changed.tv_nsec ? 1 : -1;
    return strcmp(x->path, y->path);
}

/* When one of the files was written that tell of a run; false without any. */
static bool last_change(const char *run, struct timespec *out)
{
    static const char *const NAMES[] = {"state.json", "submitted.json", "recipe.yaml"};
    bool found = false;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct stat info;
        char *path = run_path(run, NAMES[i]);
        bool there = path && stat(path, &info) == 0;
        free(path);
        if (!there) continue;
        if (!found || info.st_mtim.tv_sec > out->tv_sec) *out = info.st_mtim;
        found = true;
    }
    return found;
}

static status listed_add(listed **list, size_t *count, const char *line, size_t length)
{
    struct timespec changed;
    char *path = strndup(line, length);
    if (!path) return FAIL(ERR_MEMORY, "no memory for the list of runs");
    if (path[0] != '/' || !last_change(path, &changed)) {
        free(path);
        return OK;
    }
    listed *larger = realloc(*list, (*count + 1) * sizeof *larger);
    if (!larger) {
        free(path);
        return FAIL(ERR_MEMORY, "no memory for the list of runs");
    }
    larger[(*count)++] = (listed){path, changed};
    *list = larger;
    return OK;
}

/* Sorted, without what is there twice: the strings go over to `out`. */
static status listed_finish(listed *list, size_t count, run_list *out)
{
    run_list runs = {calloc(count + 1, sizeof *runs.at), 0};
    if (!runs.at) return FAIL(ERR_MEMORY, "no memory for the list of runs");
    if (count) qsort(list, count, sizeof *list, by_change_newest_first);
    for (size_t i = 0; i < count; i++) {
        bool again = runs.count && !strcmp(runs.at[runs.count - 1], list[i].path);
        if (!again) runs.at[runs.count++] = list[i].path;
        else free(list[i].path);
        list[i].path = NULL;
    }
    *out = runs;
    return OK;
}

status runs_listed(run_list *out)
{
    status st = OK;
    char *state = state_directory(), *path = state ? path_join(state, "runs") : NULL, *bytes = NULL;
    listed *list = NULL;
    size_t length = 0, count = 0, line;
    if (path && file_exists(path)) TRY(file_read(path, LIST_BYTES_MAX, &bytes, &length));
    for (size_t at = 0; at < length; at += line + 1) {
        const char *end = memchr(bytes + at, '\n', length - at);
        line = end ? (size_t)(end - bytes) - at : length - at;
        TRY(listed_add(&list, &count, bytes + at, line));
    }
    TRY(listed_finish(list, count, out));
done:
    for (size_t i = 0; i < count; i++) free(list[i].path);
    free(list);
    free(bytes);
    free(path);
    free(state);
    return st;
}

void runs_free(run_list *runs)
{
    if (!runs) return;
    for (size_t i = 0; i < runs->count; i++) free(runs->at[i]);
    free(runs->at);
    *runs = (run_list){0};
}
