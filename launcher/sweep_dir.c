#include "launcher/sweep_dir.h"

#include "base/file.h"
#include "base/log.h"
#include "conf/run.h"
#include "conf/sweep.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SWEEP_BYTES_MAX = 1 << 25, VERSION = 1 };

static const char SWEEP[] = "sweep.json", RECIPE[] = "recipe.yaml";

/* ---- sweep.json -------------------------------------------------------------------------------------------------- */

static status add_member(json_t *members, const recipe *r, size_t i)
{
    char name[SWEEP_NAME_MAX];
    json_t *keys = json_object();
    bool failed = !keys;
    for (size_t k = 0; k < sweep_key_count(r) && !failed; k++)
        failed = json_object_set_new(keys, sweep_key(r, k), sweep_value_json(r, i, k)) != 0;
    sweep_member_name(r, i, name);
    json_t *member = json_pack("{s:I, s:s, s:o}", "index", (json_int_t)i, "name", name, "keys", keys);
    failed |= json_array_append_new(members, member) != 0;
    return failed ? FAIL(ERR_MEMORY, "no memory for the members of a sweep") : OK;
}

static status add_key(json_t *keys, json_t *labels, const recipe *r, size_t k)
{
    char label[SWEEP_LABEL_MAX];
    sweep_key_label(r, k, label);
    bool failed = json_array_append_new(keys, json_string(sweep_key(r, k))) != 0;
    failed |= json_array_append_new(labels, json_string(label)) != 0;
    return failed ? FAIL(ERR_MEMORY, "no memory for the keys of a sweep") : OK;
}

status sweep_dir_describe(const recipe *r, json_t **out)
{
    status st = OK;
    json_t *keys = json_array(), *labels = json_array(), *members = json_array(), *sweep = NULL;
    for (size_t k = 0; k < sweep_key_count(r); k++) TRY(add_key(keys, labels, r, k));
    for (size_t i = 0; i < sweep_count(r); i++) TRY(add_member(members, r, i));
    sweep = json_pack("{s:i, s:s, s:O, s:O, s:O}", "version", VERSION, "name", recipe_text(r, "name"), "keys", keys,
                      "labels", labels, "members", members);
    if (!sweep) TRY(FAIL(ERR_MEMORY, "no memory for the members of a sweep"));
    *out = sweep;
done:
    json_decref(keys);
    json_decref(labels);
    json_decref(members);
    return st;
}

/* One directory's name and nothing else. */
static bool is_name(const char *name)
{
    return name && name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < SWEEP_NAME_MAX;
}

static bool are_texts(const json_t *list)
{
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each) if (!json_is_string(each)) return false;
    return json_is_array(list);
}

/* What is wrong with it; NULL when nothing is. */
static const char *sweep_fault(const json_t *sweep)
{
    size_t i, k;
    json_t *member, *key, *keys = json_object_get(sweep, "keys"), *labels = json_object_get(sweep, "labels");
    json_t *members = json_object_get(sweep, "members");
    if (json_integer_value(json_object_get(sweep, "version")) != VERSION) return "is of another version";
    if (!are_texts(keys) || !are_texts(labels) || json_array_size(keys) != json_array_size(labels))
        return "has no right keys and labels";
    if (!json_array_size(members)) return "has no members";
    json_array_foreach(members, i, member)
    {
        if (!is_name(json_string_value(json_object_get(member, "name")))) return "has a member without a right name";
        json_array_foreach(keys, k, key)
        {
            if (!json_object_get(json_object_get(member, "keys"), json_string_value(key)))
                return "has a member without a value for a key";
        }
    }
    return NULL;
}

/* `path` is there. */
static status sweep_read(const char *path, json_t **out)
{
    status st = OK;
    json_error_t error;
    json_t *sweep = NULL;
    char *bytes = NULL;
    size_t count;
    TRY(file_read(path, SWEEP_BYTES_MAX, &bytes, &count));
    sweep = json_loadb(bytes, count, 0, &error);
    if (!sweep) TRY(FAIL(ERR_INPUT, "%s:%d: is no JSON: %s", path, error.line, error.text));
    const char *fault = sweep_fault(sweep);
    if (fault) TRY(FAIL(ERR_INPUT, "%s: %s", path, fault));
    *out = sweep;
    sweep = NULL;
done:
    json_decref(sweep);
    free(bytes);
    return st;
}

status sweep_dir_read(const char *directory, json_t **out)
{
    status st = OK;
    char *path = run_path(directory, SWEEP);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read the sweep %s", directory));
    if (!directory_exists(directory)) TRY(FAIL(ERR_MISSING, "%s: there is no such directory", directory));
    if (!file_exists(path)) TRY(FAIL(ERR_MISSING, "%s: is no sweep: it has no sweep.json", directory));
    TRY(sweep_read(path, out));
done:
    free(path);
    return st;
}

/* ---- the directory ----------------------------------------------------------------------------------------------- */

static bool holds(const char *directory, const char *name)
{
    char *path = run_path(directory, name);
    bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

static bool begins(const char *name, const char *with)
{
    return !strncmp(name, with, strlen(with));
}

/* Whether there is nothing but what another launcher that makes the same sweep has begun with. */
static bool only_beginnings(const char *directory)
{
    DIR *list = opendir(directory);
    bool only = true;
    for (struct dirent *entry; list && only && (entry = readdir(list));) {
        const char *name = entry->d_name;
        bool self = !strcmp(name, ".") || !strcmp(name, "..");
        only = self || !strcmp(name, "lock") || begins(name, SWEEP) || begins(name, RECIPE);
    }
    if (list) closedir(list);
    return only;
}

/* The sweep's own, or nothing. A launcher beside this one may write sweep.json, then recipe.yaml, then members at any
 * time: what comes first is looked at last. */
static status check_place(const char *directory)
{
    if (!directory_exists(directory)) return OK; /* a file in its place is told when the directory is made */
    bool run = holds(directory, RECIPE), beginnings = only_beginnings(directory);
    if (holds(directory, SWEEP)) return OK;
    if (run) return FAIL(ERR_CREATE, "%s: is a run, and no sweep: say another out=DIR", directory);
    return beginnings ? OK : FAIL(ERR_CREATE, "%s: is there, and is no sweep: say another out=DIR", directory);
}

static char *text_of(const json_t *value)
{
    return json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY);
}

static bool same_text(const json_t *a, const json_t *b)
{
    char *x = text_of(a), *y = text_of(b);
    bool same = x && y && !strcmp(x, y);
    free(x);
    free(y);
    return same;
}

status sweep_dir_look(const char *directory, const recipe *r, json_t **out)
{
    status st = OK;
    json_t *said = NULL, *there = NULL;
    TRY(sweep_dir_describe(r, &said));
    if (holds(directory, SWEEP)) TRY(sweep_dir_read(directory, &there));
    if (there && !same_text(json_object_get(said, "members"), json_object_get(there, "members")))
        log_warn("%s is not the sweep that the recipe is now; what follows is what is there", directory);
    *out = json_incref(there ? there : said);
done:
    json_decref(said);
    json_decref(there);
    return st;
}

/* Members keep their numbers and values: those of `old` come first in `fresh`. */
static status compare_members(const char *directory, const json_t *old, const json_t *fresh)
{
    static const char WAY_OUT[] = "say another out=DIR, or --force, which moves it aside";
    const json_t *before = json_object_get(old, "members"), *now = json_object_get(fresh, "members");
    size_t count = json_array_size(before);
    if (count > json_array_size(now))
        return FAIL(ERR_CONFIG, "%s: is a sweep of %zu members, and the recipe has %zu: %s", directory, count,
                    json_array_size(now), WAY_OUT);
    for (size_t i = 0; i < count; i++) {
        const json_t *a = json_array_get(before, i), *b = json_array_get(now, i);
        if (!same_text(a, b))
            return FAIL(ERR_CONFIG, "%s: is another sweep: its member %zu is %s, the recipe's is %s: %s", directory, i,
                        json_string_value(json_object_get(a, "name")), json_string_value(json_object_get(b, "name")),
                        WAY_OUT);
    }
    return OK;
}

/* Leaves a file alone that holds these bytes already. */
static status file_settle(const char *path, const char *text)
{
    char *bytes = NULL;
    size_t count;
    bool same = file_exists(path) && file_read(path, SWEEP_BYTES_MAX, &bytes, &count) == OK && !strcmp(bytes, text);
    free(bytes);
    if (same) return OK;
    fail_clear();
    return file_write(path, text, strlen(text));
}

static status settle_members(const char *directory, const recipe *r)
{
    status st = OK;
    json_t *fresh = NULL, *old = NULL;
    char *text = NULL, *path = run_path(directory, SWEEP);
    TRY(sweep_dir_describe(r, &fresh));
    text = text_of(fresh);
    if (!path || !text) TRY(FAIL(ERR_MEMORY, "no memory for the members of %s", directory));
    if (file_exists(path)) {
        TRY(sweep_read(path, &old));
        TRY(compare_members(directory, old, fresh));
    }
    TRY(file_settle(path, text));
done:
    json_decref(old);
    json_decref(fresh);
    free(text);
    free(path);
    return st;
}

static status settle_recipe(const char *directory, const recipe *r)
{
    status st = OK;
    char *text = NULL, *path = run_path(directory, RECIPE);
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to || !path) TRY(FAIL(ERR_MEMORY, "no memory to write the recipe of %s", directory));
    TRY(recipe_write(r, to));
    fclose(to);
    to = NULL;
    TRY(file_settle(path, text));
done:
    if (to) fclose(to);
    free(text);
    free(path);
    return st;
}

status sweep_dir_open(const char *directory, const recipe *r, run_mode mode, int *lock)
{
    status st = OK;
    *lock = -1;
    TRY(mode == RUN_RESUME ? check_place(directory) : rundir_make_room(directory, mode, lock));
    TRY(directory_make(directory));
    TRY(rundir_lock(directory, true, lock));
    TRY(settle_members(directory, r));
    TRY(settle_recipe(directory, r));
done:
    if (st != OK && *lock >= 0) {
        close(*lock);
        *lock = -1;
    }
    return st;
}
