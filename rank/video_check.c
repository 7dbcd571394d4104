#include "rank/video_check.h"

#include "base/clock.h"
#include "base/cpus.h"
#include "base/file.h"
#include "base/picture_folder.h"
#include "data/video_list.h"
#include "rank/video_summary.h"
#include "trainer/progress.h"
#include "trainer/trainer.h"
#include "video/check_files.h"
#include "video/video_files.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALIDATED "validated.json"
#define CORRUPTED "corrupted.json"
#define GRACE 5.0 /* seconds: what one packet of a file may take */

/* ---- what is to be checked --------------------------------------------------------------------------------------- */

/* Name of the folder that a file lies in, below the one that was asked for; NULL: in that one itself. New string. */
static status parent_name(const video_file *file, char **out)
{
    *out = NULL;
    const char *slash = strrchr(file->source, '/');
    if (!slash) return OK;
    const char *begin = slash;
    while (begin > file->source && begin[-1] != '/') begin--;
    *out = strndup(begin, (size_t)(slash - begin));
    return *out ? OK : FAIL(ERR_MEMORY, "%s: no memory for its name", file->path);
}

static status add_folder(const char *folder, video_list *list)
{
    status st = OK;
    video_file_list files = {0};
    char *gloss = NULL;
    TRY(video_files_all(folder, &files));
    for (size_t i = 0; i < files.count; i++) {
        free(gloss);
        TRY(parent_name(&files.at[i], &gloss));
        TRY(video_list_add(list, files.at[i].path, gloss));
    }
done:
    free(gloss);
    video_files_free(&files);
    return st;
}

static status add_list(const char *path, const char *folder, video_list *list)
{
    status st = OK;
    video_list named = {0};
    TRY(video_list_read(path, folder, &named));
    for (size_t i = 0; i < named.count; i++) TRY(video_list_add(list, named.at[i].path, named.at[i].gloss));
done:
    video_list_free(&named);
    return st;
}

static status collect(const video_words *w, video_list *list)
{
    status st = OK;
    for (size_t i = 0; i < w->files.count; i++) {
        const char *word = w->files.at[i];
        if (directory_exists(word) && !picture_folder_is(word)) TRY(add_folder(word, list));
        else if (directory_exists(word) || video_file_name_is(word)) TRY(video_list_add(list, word, NULL));
        else TRY(add_list(word, w->videos, list));
    }
done:
    return st;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* Removes what an earlier check has written: from here on there is no list that could be taken for this one's. */
static status forget_lists(const char *out)
{
    status st = OK;
    static const char *const NAMES[] = {VALIDATED, CORRUPTED};
    char *path = NULL;
    TRY(directory_make(out));
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        free(path);
        path = path_join(out, NAMES[i]);
        if (!path) TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", out));
        if (unlink(path) && errno != ENOENT) TRY(FAIL(ERR_CREATE, "%s: cannot remove: %s", path, strerror(errno)));
    }
done:
    free(path);
    return st;
}

static json_t *null_or(json_t *value, bool known)
{
    if (known) return value;
    json_decref(value);
    return json_null();
}

static json_t *record_of(const listed_video *video, const video_verdict *v)
{
    json_t *record = json_object();
    bool fails = !record || json_object_set_new(record, "video_path", text_to_json(video->path)) ||
                 json_object_set_new(record, "gloss", video->gloss ? text_to_json(video->gloss) : json_null());
    if (!fails && v->kind != VIDEO_GOOD)
        fails = json_object_set_new(record, "kind", json_string(video_kind_name(v->kind))) ||
                json_object_set_new(record, "reason", text_to_json(v->reason)) ||
                json_object_set_new(record, "hash", null_or(json_string(v->hash), v->hash[0]));
    if (!fails && v->remark[0]) fails = json_object_set_new(record, "remark", text_to_json(v->remark));
    json_t *about = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "bytes", null_or(json_integer(v->bytes), v->bytes >= 0), "codec",
        null_or(json_string(v->codec), v->codec[0]), "frames", null_or(json_integer(v->frames), v->codec[0]), "width",
        null_or(json_integer(v->width), v->width > 0), "height", null_or(json_integer(v->height), v->height > 0), "fps",
        null_or(json_real(v->fps), v->fps > 0), "seconds",
        null_or(json_real(v->seconds), v->codec[0] && v->seconds >= 0));
    fails = fails || !about || json_object_update(record, about);
    json_decref(about);
    if (!fails) return record;
    json_decref(record);
    return NULL;
}

/* The good ones, or the others, in the order of the input. */
static status write_list(const char *out, const char *name, bool good, const video_list *list,
                         const video_verdict *verdicts)
{
    status st = OK;
    char *path = path_join(out, name), *text = NULL;
    json_t *root = json_array();
    if (!path || !root) TRY(FAIL(ERR_MEMORY, "%s: no memory to write %s", out, name));
    for (size_t i = 0; i < list->count; i++)
        if ((verdicts[i].kind == VIDEO_GOOD) == good &&
            json_array_append_new(root, record_of(&list->at[i], &verdicts[i])))
            TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu videos", path, list->count));
    text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    if (!text) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu videos", path, list->count));
    TRY(file_write(path, text, strlen(text)));
done:
    json_decref(root);
    free(text);
    free(path);
    return st;
}

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static void tell(void *self, size_t done, size_t of)
{
    (void)of;
    progress_count(self, (int64_t)done, "videos");
}

static bool is_stopped(void *self)
{
    (void)self;
    return trainer_stop_requested();
}

int video_threads(const video_words *w)
{
    if (w->threads) return (int)w->threads;
    size_t usable = cpus_usable_count();
    return usable < CHECK_WORKERS_MOST ? (int)usable : CHECK_WORKERS_MOST;
}

/* Names that are not UTF-8 cannot be written, so nobody could open what stands in the list. */
static void judge_names(const video_list *list, video_verdict *verdicts)
{
    for (size_t i = 0; i < list->count; i++) {
        json_t *name = json_string(list->at[i].path);
        if (!name && verdicts[i].kind == VIDEO_GOOD) {
            verdicts[i] = (video_verdict){.kind = VIDEO_UNREADABLE, .bytes = verdicts[i].bytes};
            strcpy(verdicts[i].reason, "its name is not UTF-8: rename it");
        }
        json_decref(name);
    }
}

static status check_all(const video_words *w, const video_list *list, video_verdict *verdicts)
{
    status st = OK;
    progress p;
    size_t done = 0;
    const char **paths = calloc(list->count, sizeof *paths);
    files_checking want = {.count = list->count, .workers = video_threads(w), .timeout = w->timeout, .grace = GRACE};
    if (!paths) TRY(FAIL(ERR_MEMORY, "no memory for the names of %zu videos", list->count));
    for (size_t i = 0; i < list->count; i++) paths[i] = list->at[i].path;
    progress_begin(&p, true, 0, (int64_t)list->count);
    want.paths = paths;
    want.check = video_check;
    want.tell = tell;
    want.stopped = is_stopped;
    want.self = &p;
    st = video_check_files(&want, verdicts, &done);
    progress_pause(&p);
    TRY(st);
    judge_names(list, verdicts);
done:
    free(paths);
    return st;
}

status video_check_act(const video_words *w)
{
    status st = OK;
    double begun = monotonic_seconds();
    video_list list = {0};
    video_verdict *verdicts = NULL;
    size_t bad = 0;
    trainer_stop_listen();
    TRY(collect(w, &list));
    verdicts = calloc(list.count, sizeof *verdicts);
    if (!verdicts) TRY(FAIL(ERR_MEMORY, "no memory for %zu videos", list.count));
    TRY(forget_lists(w->out));
    TRY(check_all(w, &list, verdicts));
    TRY(write_list(w->out, CORRUPTED, false, &list, verdicts));
    TRY(write_list(w->out, VALIDATED, true, &list, verdicts));
    TRY(video_summary_print(&list, verdicts, monotonic_seconds() - begun, w->json, &bad));
    if (bad && w->strict) TRY(FAIL(ERR_INPUT, "%zu of %zu files are bad", bad, list.count));
done:
    free(verdicts);
    video_list_free(&list);
    return st;
}
