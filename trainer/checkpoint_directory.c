#include "trainer/checkpoint_directory.h"

#include "base/direct.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATE_MOST = 1 << 20, NAME_MOST = 64 };

static const char PREFIX[] = "checkpoint-", UNFINISHED[] = ".unfinished", STATE[] = "state.json", DONE[] = "DONE";

/* ---- names ------------------------------------------------------------------------------------------------------- */

static status join(const char *directory, const char *name, char **out)
{
    *out = path_join(directory, name);
    return *out ? OK : FAIL(ERR_MEMORY, "no memory for the name of %s", name);
}

static bool has_file(const char *directory, const char *name)
{
    char *path = path_join(directory, name);
    bool there = path && file_exists(path);
    free(path);
    return there;
}

/* The step of "checkpoint-00000120", -1 for other names. */
static long long step_of_name(const char *name)
{
    char *end = NULL;
    size_t length = sizeof PREFIX - 1;
    if (strncmp(name, PREFIX, length) || strlen(name) < length + 8) return -1;
    long long step = strtoll(name + length, &end, 10);
    return *end ? -1 : step;
}

static int newest_first(const void *a, const void *b)
{
    long long x = *(const long long *)a, y = *(const long long *)b;
    return (x < y) - (x > y);
}

/* Steps of the checkpoints that have DONE, newest first: new memory. */
static status list_complete(const char *directory, long long **out, size_t *count)
{
    status st = OK;
    long long *steps = NULL;
    size_t used = 0, room = 0;
    DIR *at = opendir(directory);
    if (!at) return FAIL(ERR_MISSING, "%s: cannot open: %s", directory, strerror(errno));
    for (struct dirent *e; (e = readdir(at));) {
        long long step = step_of_name(e->d_name);
        char done[NAME_MAX + sizeof DONE + 2];
        snprintf(done, sizeof done, "%s/%s", e->d_name, DONE);
        if (step < 0 || !has_file(directory, done)) continue;
        if (used == room) {
            room = room ? 2 * room : 8;
            long long *larger = realloc(steps, room * sizeof *steps);
            if (!larger) TRY(FAIL(ERR_MEMORY, "no memory to list the checkpoints of %s", directory));
            steps = larger;
        }
        steps[used++] = step;
    }
    if (used) qsort(steps, used, sizeof *steps, newest_first);
    *out = steps;
    *count = used;
    steps = NULL;
done:
    free(steps);
    closedir(at);
    return st;
}

static status path_of_step(const char *directory, long long step, const char *suffix, char **out)
{
    char name[NAME_MOST];
    snprintf(name, sizeof name, "%s%08lld%s", PREFIX, step, suffix);
    return join(directory, name, out);
}

/* Takes DONE away first, so that a half removed checkpoint is never taken for a whole one. */
static status remove_checkpoint(const char *path)
{
    status st = OK;
    char *done = NULL;
    TRY(join(path, DONE, &done));
    if (unlink(done) && errno != ENOENT) TRY(FAIL(ERR_IO, "%s: cannot remove: %s", done, strerror(errno)));
    if (directory_exists(path)) TRY(file_sync(path));
    TRY(directory_remove(path));
done:
    free(done);
    return st;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

status checkpoint_unfinished(const char *directory, int64_t step, char **out)
{
    return path_of_step(directory, step, UNFINISHED, out);
}

status checkpoint_begin(const char *directory, int64_t step, char **unfinished)
{
    status st = OK;
    TRY(path_of_step(directory, step, UNFINISHED, unfinished));
    TRY(directory_remove(*unfinished));
    TRY(directory_make(*unfinished));
done:
    return st;
}

status checkpoint_add(const char *unfinished, const char *name, const file_image *bytes, char hash[HASH_TEXT])
{
    status st = OK;
    char *path = NULL;
    TRY(join(unfinished, name, &path));
    TRY(file_write_direct(path, bytes->at, bytes->count));
    hash_bytes(bytes->at, bytes->count, hash);
done:
    free(path);
    return st;
}

/* Writes state.json and gives its fingerprint. */
static status write_state(const char *directory, const json_t *state, char hash[HASH_TEXT])
{
    status st = OK;
    char *path = NULL, *text = json_dumps(state, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    if (!text) TRY(FAIL(ERR_MEMORY, "no memory for the state of training"));
    TRY(join(directory, STATE, &path));
    TRY(file_write(path, text, strlen(text)));
    hash_bytes(text, strlen(text), hash);
done:
    free(text);
    free(path);
    return st;
}

/* Puts the finished directory in its place and marks it. */
static status put_in_place(const char *directory, const char *unfinished, const char *path, const char *hash)
{
    status st = OK;
    char *done = NULL;
    TRY(join(path, DONE, &done));
    TRY(file_sync(unfinished));
    TRY(remove_checkpoint(path)); /* of the same step, before its evaluation */
    if (rename(unfinished, path)) TRY(FAIL(ERR_IO, "%s: cannot put in place: %s", path, strerror(errno)));
    TRY(file_sync(directory));
    TRY(file_write(done, hash, strlen(hash)));
done:
    free(done);
    return st;
}

status checkpoint_finish(const char *directory, int64_t step, const json_t *state)
{
    status st = OK;
    char *unfinished = NULL, *path = NULL, hash[HASH_TEXT];
    TRY(path_of_step(directory, step, UNFINISHED, &unfinished));
    TRY(path_of_step(directory, step, "", &path));
    TRY(write_state(unfinished, state, hash));
    TRY(put_in_place(directory, unfinished, path, hash));
done:
    free(unfinished);
    free(path);
    return st;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

status checkpoint_read(const char *path, json_t **out)
{
    status st = OK;
    char *state = NULL, *done = NULL, *text = NULL, *mark = NULL, hash[HASH_TEXT];
    size_t count = 0, mark_count = 0;
    json_error_t problem;
    TRY(join(path, STATE, &state));
    TRY(join(path, DONE, &done));
    TRY(file_read(state, STATE_MOST, &text, &count));
    TRY(file_read(done, HASH_TEXT, &mark, &mark_count));
    hash_bytes(text, count, hash);
    if (strcmp(hash, mark)) TRY(FAIL(ERR_INPUT, "%s: not what was written (its fingerprint is another)", state));
    *out = json_loadb(text, count, JSON_REJECT_DUPLICATES, &problem);
    if (!*out) TRY(FAIL(ERR_INPUT, "%s:%d:%d: %s", state, problem.line, problem.column, problem.text));
done:
    free(state);
    free(done);
    free(text);
    free(mark);
    return st;
}

static status verify_files(const char *path, const json_t *object)
{
    status st = OK;
    char *file = NULL, hash[HASH_TEXT];
    const char *name;
    json_t *expected;
    json_object_foreach(json_object_get(object, "files"), name, expected)
    {
        free(file);
        file = NULL;
        TRY(join(path, name, &file));
        TRY(hash_file(file, hash));
        if (!json_is_string(expected) || strcmp(hash, json_string_value(expected)))
            TRY(FAIL(ERR_INPUT, "%s: not what was written (its fingerprint is another)", file));
    }
done:
    free(file);
    return st;
}

static status verify(const char *path)
{
    json_t *object = NULL;
    status st = checkpoint_read(path, &object);
    if (st == OK) st = verify_files(path, object);
    json_decref(object);
    return st;
}

status checkpoint_newest(const char *directory, char **path)
{
    status st = OK;
    long long *steps = NULL;
    size_t count = 0;
    char *at = NULL, damage[1024] = "";
    *path = NULL;
    TRY(list_complete(directory, &steps, &count));
    for (size_t i = 0; i < count; i++) {
        free(at);
        at = NULL;
        TRY(path_of_step(directory, steps[i], "", &at));
        if (verify(at) == OK) {
            *path = at;
            at = NULL;
            goto done;
        }
        log_warn("this checkpoint is damaged and passed over: %s", fail_message());
        if (!damage[0]) snprintf(damage, sizeof damage, "%s", fail_message());
        fail_clear();
    }
    if (count)
        TRY(FAIL(ERR_INPUT, "no checkpoint in %s can be used: %s. To begin again, remove the directories %s* there",
                 directory, damage, PREFIX));
done:
    free(at);
    free(steps);
    return st;
}

/* ---- removing ---------------------------------------------------------------------------------------------------- */

static status remove_unfinished(const char *directory)
{
    status st = OK;
    char *path = NULL;
    DIR *at = opendir(directory);
    if (!at) return FAIL(ERR_MISSING, "%s: cannot open: %s", directory, strerror(errno));
    for (struct dirent *e; (e = readdir(at));) {
        char done[NAME_MAX + sizeof DONE + 2];
        snprintf(done, sizeof done, "%s/%s", e->d_name, DONE);
        if (strncmp(e->d_name, PREFIX, sizeof PREFIX - 1) || has_file(directory, done)) continue;
        free(path);
        path = NULL;
        TRY(join(directory, e->d_name, &path));
        TRY(directory_remove(path));
    }
done:
    free(path);
    closedir(at);
    return st;
}

status checkpoint_prune(const char *directory, size_t keep)
{
    status st = OK;
    long long *steps = NULL;
    size_t count = 0;
    char *path = NULL;
    TRY(list_complete(directory, &steps, &count));
    for (size_t i = keep; i < count; i++) {
        free(path);
        path = NULL;
        TRY(path_of_step(directory, steps[i], "", &path));
        TRY(remove_checkpoint(path));
    }
    TRY(remove_unfinished(directory));
done:
    free(path);
    free(steps);
    return st;
}
