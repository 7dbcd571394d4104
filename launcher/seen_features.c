#include "launcher/seen_features.h"

#include "base/file.h"
#include "base/log.h"
#include "data/feature_manifest.h"

#include <stdlib.h>
#include <string.h>

static bool is_damage(status st)
{
    return st == ERR_MISSING || st == ERR_INPUT;
}

/* The hash of the features in `folder` of the run; "" where there are none that are whole. */
static status hash_now(const char *run, const char *folder, char out[HASH_TEXT])
{
    status st = OK;
    json_t *manifest = NULL;
    char *path = path_join(run, folder);
    out[0] = '\0';
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to look at %s", folder));
    st = feature_manifest_read(path, &manifest);
    if (is_damage(st)) {
        fail_clear();
        st = OK;
    }
    TRY(st);
    if (manifest) TRY(feature_manifest_hash(path, manifest, out));
done:
    json_decref(manifest);
    free(path);
    return st;
}

/* Whether the note of a step says other features than there are. */
static status is_outdated(const char *run, const char *note_path, bool *out)
{
    status st = OK;
    char now[HASH_TEXT];
    json_t *note = json_load_file(note_path, JSON_REJECT_DUPLICATES, NULL);
    const char *folder = json_string_value(json_object_get(note, "folder"));
    const char *hash = json_string_value(json_object_get(note, "hash"));
    *out = true;
    if (!folder || !hash || !path_stays_inside(folder)) goto done;
    TRY(hash_now(run, folder, now));
    *out = strcmp(hash, now) != 0;
done:
    json_decref(note);
    return st;
}

status seen_features_check(const char *run, const plan_step *step, bool *done)
{
    status st = OK;
    bool outdated = false;
    char *directory = NULL, *note = NULL;
    if (strcmp(step->step.section, "student")) goto done;
    directory = run_step_directory(run, step->name);
    note = directory ? path_join(directory, "features.json") : NULL;
    if (!note) TRY(FAIL(ERR_MEMORY, "no memory to look at %s", step->name));
    if (!file_exists(note)) goto done;
    TRY(is_outdated(run, note, &outdated));
    if (!outdated) goto done;
    log_info("%s: the features that it saw have been made anew, so it begins anew", step->name);
    TRY(directory_remove(directory));
    *done = false;
done:
    free(note);
    free(directory);
    return st;
}
