#include "video/cache_manifest.h"

#include "base/file.h"
#include "base/picture_folder.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NO_MEMORY(where) FAIL(ERR_MEMORY, "%s: no memory for what it says", where)

/* ---- values ------------------------------------------------------------------------------------------------------ */

static status whole(const char *where, const json_t *from, const char *key, int64_t most, int64_t *out)
{
    const json_t *value = json_object_get(from, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > most)
        return FAIL(ERR_INPUT, "%s: \"%s\" is no whole number from 0 to %lld", where, key, (long long)most);
    *out = json_integer_value(value);
    return OK;
}

static status real(const char *where, const json_t *from, const char *key, double most, double *out)
{
    const json_t *value = json_object_get(from, key);
    double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= 0 && number <= most))
        return FAIL(ERR_INPUT, "%s: \"%s\" is no number from 0 to %g", where, key, most);
    *out = number;
    return OK;
}

static status text(const char *where, const json_t *from, const char *key, char **out)
{
    const char *value = json_string_value(json_object_get(from, key));
    if (!value) return FAIL(ERR_INPUT, "%s: \"%s\" is no text", where, key);
    *out = strdup(value);
    return *out ? OK : NO_MEMORY(where);
}

/* ---- form -------------------------------------------------------------------------------------------------------- */

status cache_form_check(const cache_form *form)
{
    if ((form->fps != 0) == (form->uniform != 0))
        return FAIL(ERR_CONFIG, "a cache has either frames a second or a number of uniform frames");
    if (!(form->fps >= 0 && form->fps <= CACHE_FPS_MOST))
        return FAIL(ERR_CONFIG, "%g frames a second: a cache may have up to %g", form->fps, CACHE_FPS_MOST);
    if (form->uniform > CACHE_UNIFORM_MOST)
        return FAIL(ERR_CONFIG, "%zu uniform frames: a cache may have up to %d", form->uniform, CACHE_UNIFORM_MOST);
    if (form->format.width < 1 || form->format.height < 1 || !picture_bytes(&form->format, NULL))
        return FAIL(ERR_CONFIG, "%d x %d is no size for pictures", form->format.width, form->format.height);
    return OK;
}

static const char *fit_name(picture_fit fit)
{
    return fit == FIT_CROP ? "crop" : "stretch";
}

status cache_form_write(const cache_form *form, json_t *into)
{
    json_t *sampling =
        form->uniform ? json_pack("{s:I}", "uniform", (json_int_t)form->uniform) : json_pack("{s:f}", "fps", form->fps);
    if (json_object_set_new(into, "sampling", sampling) ||
        json_object_set_new(into, "width", json_integer(form->format.width)) ||
        json_object_set_new(into, "height", json_integer(form->format.height)) ||
        json_object_set_new(into, "fit", json_string(fit_name(form->format.fit))))
        return NO_MEMORY("a cache of frames");
    return OK;
}

static status sampling_parse(const char *where, const json_t *from, cache_form *out)
{
    status st = OK;
    int64_t uniform = 0;
    const json_t *sampling = json_object_get(from, "sampling");
    if (json_object_get(sampling, "uniform")) TRY(whole(where, sampling, "uniform", CACHE_UNIFORM_MOST, &uniform));
    else TRY(real(where, sampling, "fps", CACHE_FPS_MOST, &out->fps));
    out->uniform = (size_t)uniform;
done:
    return st;
}

status cache_form_parse(const char *where, const json_t *from, cache_form *out)
{
    status st = OK;
    int64_t width = 0, height = 0;
    cache_form form = {0};
    const char *fit = json_string_value(json_object_get(from, "fit"));
    TRY(sampling_parse(where, from, &form));
    TRY(whole(where, from, "width", INT32_MAX, &width));
    TRY(whole(where, from, "height", INT32_MAX, &height));
    if (!fit || (strcmp(fit, "crop") && strcmp(fit, "stretch")))
        TRY(FAIL(ERR_INPUT, "%s: \"fit\" is neither crop nor stretch", where));
    form.format = (picture_format){(int)width, (int)height, strcmp(fit, "crop") ? FIT_STRETCH : FIT_CROP};
    if (cache_form_check(&form) != OK) {
        fail_clear();
        TRY(FAIL(ERR_INPUT, "%s: sampling or size of its pictures are out of bounds", where));
    }
    *out = form;
done:
    return st;
}

static void form_tell(const cache_form *form, char *out, size_t size)
{
    char sampling[48];
    if (form->uniform) snprintf(sampling, sizeof sampling, "%zu uniform frames a video", form->uniform);
    else snprintf(sampling, sizeof sampling, "%g frames a second", form->fps);
    snprintf(out, size, "%s of %d x %d (%s)", sampling, form->format.width, form->format.height,
             fit_name(form->format.fit));
}

void cache_form_command(const cache_form *form, const char *videos, const char *cache, bool resume, char *out,
                        size_t size)
{
    char sampling[48];
    if (form->uniform) snprintf(sampling, sizeof sampling, "--frames %zu", form->uniform);
    else snprintf(sampling, sizeof sampling, "--fps %.15g", form->fps);
    snprintf(out, size, "magister video cache %.200s -o %.200s %s --size %d --fit %s%s", videos ? videos : "VIDEOS",
             cache, sampling, form->format.width, fit_name(form->format.fit), resume ? " --resume" : "");
}

status cache_form_compare(const char *where, const cache_form *made, const cache_form *wanted)
{
    char has[128], wants[128], command[640];
    const picture_format *a = &made->format, *b = &wanted->format;
    if (made->fps == wanted->fps && made->uniform == wanted->uniform && a->width == b->width &&
        a->height == b->height && a->fit == b->fit)
        return OK;
    form_tell(made, has, sizeof has);
    form_tell(wanted, wants, sizeof wants);
    cache_form_command(wanted, NULL, "ANOTHER", false, command, sizeof command);
    return FAIL(ERR_INPUT, "%s: holds %s, but wanted are %s: want what it has, or make another (%s)", where, has, wants,
                command);
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

void cache_entry_free(cache_entry *entry)
{
    free(entry->name);
    free(entry->reason);
    free(entry->source);
    free(entry->times);
    free(entry->replaced);
    *entry = (cache_entry){0};
}

/* Every video has all keys but those lists that would be empty. */
static status lists_write(const cache_entry *entry, json_t *into)
{
    json_t *times = entry->times ? json_array() : NULL, *replaced = entry->about.replaced ? json_array() : NULL;
    int failed = 0;
    for (size_t i = 0; times && i < entry->about.frames; i++)
        failed |= json_array_append_new(times, json_real(entry->times[i]));
    for (size_t i = 0; replaced && i < entry->about.replaced; i++)
        failed |= json_array_append_new(replaced, json_integer((json_int_t)entry->replaced[i]));
    if (times) failed |= json_object_set_new(into, "times", times);
    if (replaced) failed |= json_object_set_new(into, "replaced", replaced);
    return failed ? NO_MEMORY(entry->source) : OK;
}

status cache_entry_write(const cache_entry *entry, json_t **out)
{
    status st = OK;
    json_t *object =
        json_pack("{s:s, s:s, s:I, s:I, s:s, s:I, s:f, s:s}", "name", entry->about.name, "source", entry->source,
                  "size", (json_int_t)entry->size, "mtime", (json_int_t)entry->mtime, "hash", entry->hash, "frames",
                  (json_int_t)entry->about.frames, "seconds", entry->about.seconds, "reason", entry->about.reason);
    if (!object) TRY(FAIL(ERR_INPUT, "%s: its name cannot be written as UTF-8: rename it", entry->source));
    TRY(lists_write(entry, object));
    if (entry->frame_rate > 0 && json_object_set_new(object, "frame_rate", json_real(entry->frame_rate)))
        TRY(NO_MEMORY(entry->source));
    *out = object;
    object = NULL;
done:
    json_decref(object);
    return st;
}

static status times_parse(const char *where, const json_t *from, cache_entry *out)
{
    status st = OK;
    const json_t *times = json_object_get(from, "times");
    size_t frames = out->about.frames;
    if (!json_is_array(times) || json_array_size(times) != frames)
        TRY(FAIL(ERR_INPUT, "%s: \"times\" is no list of %zu times", where, frames));
    out->times = calloc(frames, sizeof *out->times);
    if (!out->times) TRY(NO_MEMORY(where));
    for (size_t i = 0; i < frames; i++) {
        const json_t *value = json_array_get(times, i);
        out->times[i] = json_number_value(value);
        if (!json_is_number(value) || !isfinite(out->times[i]) || (i && out->times[i] < out->times[i - 1]))
            TRY(FAIL(ERR_INPUT, "%s: time %zu is no number, or lies before the one ahead of it", where, i));
    }
done:
    return st;
}

static status replaced_parse(const char *where, const json_t *from, cache_entry *out)
{
    status st = OK;
    const json_t *list = json_object_get(from, "replaced");
    size_t count = json_array_size(list);
    if (!list) goto done;
    if (!json_is_array(list) || count > out->about.frames)
        TRY(FAIL(ERR_INPUT, "%s: \"replaced\" is no list of up to %zu frames", where, out->about.frames));
    out->replaced = calloc(count + 1, sizeof *out->replaced);
    if (!out->replaced) TRY(NO_MEMORY(where));
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        json_int_t frame = json_integer_value(value), least = i ? (json_int_t)out->replaced[i - 1] + 1 : 0;
        if (!json_is_integer(value) || frame < least || frame >= (json_int_t)out->about.frames)
            TRY(FAIL(ERR_INPUT, "%s: replaced frame %zu is none of the video's, or not above the one ahead", where, i));
        out->replaced[i] = (size_t)frame;
    }
    out->about.replaced = count;
done:
    return st;
}

static status source_parse(const char *where, const json_t *from, cache_entry *out)
{
    status st = OK;
    const char *hash = json_string_value(json_object_get(from, "hash"));
    TRY(text(where, from, "source", &out->source));
    TRY(whole(where, from, "size", INT64_MAX, &out->size));
    TRY(whole(where, from, "mtime", INT64_MAX, &out->mtime));
    if (!hash || strlen(hash) != HASH_TEXT - 1) TRY(FAIL(ERR_INPUT, "%s: \"hash\" is no 32 hex digits", where));
    memcpy(out->hash, hash, HASH_TEXT);
    if (json_object_get(from, "frame_rate")) TRY(real(where, from, "frame_rate", 1000, &out->frame_rate));
    if (!path_stays_inside(out->source))
        TRY(FAIL(ERR_INPUT, "%s: \"%.80s\" leads out of the folder of videos", where, out->source));
done:
    return st;
}

status cache_entry_parse(const char *where, const cache_form *form, const json_t *from, cache_entry *out)
{
    status st = OK;
    int64_t frames = 0;
    cache_entry entry = {0};
    TRY(text(where, from, "name", &entry.name));
    TRY(text(where, from, "reason", &entry.reason));
    if (!entry.name[0] || !path_stays_inside(entry.name))
        TRY(FAIL(ERR_INPUT, "%s: \"%.80s\" leads out of the folder", where, entry.name));
    entry.about.name = entry.name;
    entry.about.reason = entry.reason;
    TRY(source_parse(where, from, &entry));
    TRY(whole(where, from, "frames", CACHE_FRAMES_MOST, &frames));
    TRY(real(where, from, "seconds", 1e12, &entry.about.seconds));
    entry.about.frames = (size_t)frames;
    if (form->uniform && frames && entry.about.frames != form->uniform)
        TRY(FAIL(ERR_INPUT, "%s: %lld frames of %.80s, where each video has %zu", where, (long long)frames, entry.name,
                 form->uniform));
    if (form->uniform && frames) TRY(times_parse(where, from, &entry));
    TRY(replaced_parse(where, from, &entry));
    *out = entry;
    entry = (cache_entry){0};
done:
    cache_entry_free(&entry);
    return st;
}

/* ---- sources ----------------------------------------------------------------------------------------------------- */

status cache_source_same(const cache_entry *entry, const video_file *file, double frame_rate, bool *out)
{
    status st = OK;
    int64_t size = 0, mtime = 0;
    char hash[HASH_TEXT];
    *out = !strcmp(entry->source, file->source) &&
           (file->folder ? entry->frame_rate == frame_rate : !(entry->frame_rate > 0));
    if (!*out) goto done;
    TRY(video_source_look(file->path, &size, &mtime));
    *out = size == entry->size;
    if (!*out || mtime == entry->mtime) goto done;
    TRY(video_source_hash(file->path, hash));
    *out = !strcmp(hash, entry->hash);
done:
    return st;
}

/* ---- manifest ---------------------------------------------------------------------------------------------------- */

static status entries_parse(const char *path, const json_t *videos, cache_manifest *out)
{
    status st = OK;
    char where[512];
    size_t count = json_array_size(videos);
    if (!json_is_array(videos)) TRY(FAIL(ERR_INPUT, "%s: \"videos\" is no list", path));
    out->at = calloc(count + 1, sizeof *out->at);
    if (!out->at) TRY(NO_MEMORY(path));
    for (size_t i = 0; i < count; i++) {
        snprintf(where, sizeof where, "%s, video %zu", path, i);
        TRY(cache_entry_parse(where, &out->form, json_array_get(videos, i), &out->at[i]));
        out->count++;
        if (i && strcmp(out->at[i - 1].about.name, out->at[i].about.name) >= 0)
            TRY(FAIL(ERR_INPUT, "%s: %.80s is not after the video ahead of it", where, out->at[i].about.name));
    }
done:
    return st;
}

static status manifest_parse(const char *path, const char *bytes, size_t count, cache_manifest *out)
{
    status st = OK;
    json_error_t problem;
    int64_t version = 0;
    json_t *root = json_loadb(bytes, count, JSON_REJECT_DUPLICATES, &problem);
    if (!root) TRY(FAIL(ERR_INPUT, "%s:%d: %s", path, problem.line, problem.text));
    TRY(whole(path, root, "version", INT32_MAX, &version));
    if (version != CACHE_VERSION)
        TRY(FAIL(ERR_INPUT, "%s: version %lld of a frame cache; this program reads %d: make it again", path,
                 (long long)version, CACHE_VERSION));
    TRY(cache_form_parse(path, root, &out->form));
    TRY(entries_parse(path, json_object_get(root, "videos"), out));
done:
    json_decref(root);
    return st;
}

static status tell_missing(const char *path, const char *journal)
{
    if (file_exists(journal))
        return FAIL(ERR_MISSING,
                    "%s: this frame cache is not finished: the command that began it goes on with --resume", path);
    return FAIL(ERR_MISSING,
                "%s: no frame cache: there is no " CACHE_MANIFEST
                " in it (magister video cache VIDEOS -o %s makes one)",
                path, path);
}

status cache_manifest_read(const char *path, cache_manifest *out)
{
    status st = OK;
    cache_manifest m = {0};
    char *bytes = NULL, *file = path_join(path, CACHE_MANIFEST), *journal = path_join(path, CACHE_JOURNAL);
    size_t count = 0;
    if (!file || !journal) TRY(NO_MEMORY(path));
    if (!file_exists(file)) TRY(tell_missing(path, journal));
    TRY(file_read(file, CACHE_TEXT_MOST, &bytes, &count));
    TRY(manifest_parse(file, bytes, count, &m));
    *out = m;
    m = (cache_manifest){0};
done:
    cache_manifest_free(&m);
    free(bytes);
    free(file);
    free(journal);
    return st;
}

void cache_manifest_free(cache_manifest *m)
{
    for (size_t i = 0; i < m->count; i++) cache_entry_free(&m->at[i]);
    free(m->at);
    *m = (cache_manifest){0};
}

static int by_name(const void *name, const void *entry)
{
    return strcmp(name, ((const cache_entry *)entry)->about.name);
}

cache_entry *cache_entry_find(const cache_entry *entries, size_t count, const char *name)
{
    return count ? bsearch(name, entries, count, sizeof *entries, by_name) : NULL;
}

char *cache_pictures_path(const char *cache, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s.u8", cache, name) < 0 ? NULL : path;
}
