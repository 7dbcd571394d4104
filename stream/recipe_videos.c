/* The videos of a recipe: what is learned from, and what is held out. */
#include "base/file.h"
#include "base/hash.h"
#include "base/picture_folder.h"
#include "data/videos.h"
#include "events/truth.h"
#include "stream/recipe.h"
#include "video/video_files.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TOLD_MOST = 12 };

/* ---- what a path names ------------------------------------------------------------------------------------------- */
static status read_folder(const char *path, video_list *out)
{
    status st = OK;
    video_file_list files = {0};
    TRY(video_files_read(path, &files));
    for (size_t i = 0; i < files.count; i++) TRY(video_list_add(out, files.at[i].path, NULL));
done:
    video_files_free(&files);
    return st;
}

/* One that is not there is listed all the same: whoever opens it finds that it is missing. */
static status add_by_name(const char *folder, const char *name, video_list *out)
{
    status st = OK;
    char *path = NULL;
    st = videos_find(folder, name, &path);
    if (st == ERR_MISSING) {
        fail_clear();
        st = asprintf(&path, "%s/%s.mp4", folder, name) < 0 ? FAIL(ERR_MEMORY, "no memory for video %.80s", name) : OK;
        if (st != OK) path = NULL;
    }
    TRY(st);
    TRY(video_list_add(out, path, NULL));
done:
    free(path);
    return st;
}

static status read_annotations(const recipe *r, const char *key, const char *path, video_list *out)
{
    status st = OK;
    truth_list truth = {0};
    const char *folder = recipe_text(r, "data.videos");
    if (!folder)
        TRY(FAIL(ERR_CONFIG, "%s is annotations, %s: data.videos has to say in which folder their videos are", key,
                 path));
    TRY(truth_read(path, recipe_real(r, "data.fps"), &truth));
    for (size_t i = 0; i < truth.count; i++) TRY(add_by_name(folder, truth.at[i].video, out));
done:
    truth_free(&truth);
    return st;
}

static status read_videos(const recipe *r, const char *key, const char *path, video_list *out)
{
    status st = OK;
    bool annotations = false;
    if (!strcmp(path, "-") || video_file_name_is(path) || picture_folder_is(path))
        return video_list_add(out, path, NULL);
    if (directory_exists(path)) return read_folder(path, out);
    TRY(truth_is_there(path, &annotations));
    TRY(annotations ? read_annotations(r, key, path, out) : video_list_read(path, recipe_text(r, "data.videos"), out));
done:
    return st;
}

/* ---- what is held out -------------------------------------------------------------------------------------------- */

/* All that are missing at once: learning is not to begin, and find it out at the first epoch's end. */
static status check_held_out(const video_list *list)
{
    struct stat about;
    size_t missing = 0, used = 0;
    char names[2048] = "";
    for (size_t i = 0; i < list->count; i++) {
        if (!stat(list->at[i].path, &about)) continue;
        if (missing++ < TOLD_MOST && used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "\n%.150s", list->at[i].path);
    }
    if (!missing) return OK;
    return FAIL(ERR_MISSING, "%zu of the %zu videos of data.eval %s not there:%s%s", missing, list->count,
                missing == 1 ? "is" : "are", names, missing > TOLD_MOST ? "\n..." : "");
}

/* A file by its place on the disk; one that is not there by its path. */
typedef struct {
    const char *path;
    dev_t device;
    ino_t number;
    bool there;
} file_identity;

static file_identity identity_of(const char *path)
{
    struct stat about;
    if (stat(path, &about)) return (file_identity){.path = path};
    return (file_identity){path, about.st_dev, about.st_ino, true};
}

static bool is_same(const file_identity *a, const file_identity *b)
{
    if (a->there && b->there) return a->device == b->device && a->number == b->number;
    return !strcmp(a->path, b->path);
}

static void keep_only(video_list *list, const bool *stays)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (stays[i]) {
            list->at[kept++] = list->at[i];
            continue;
        }
        free(list->at[i].path);
        free(list->at[i].gloss);
    }
    list->count = kept;
}

/* Takes out of `list` what is held out. */
static status take_out(video_list *list, const video_list *held_out)
{
    status st = OK;
    file_identity *held = malloc((held_out->count + 1) * sizeof *held);
    bool *stays = malloc(list->count + 1);
    if (!held || !stays) TRY(FAIL(ERR_MEMORY, "no memory for %zu videos", list->count));
    for (size_t i = 0; i < held_out->count; i++) held[i] = identity_of(held_out->at[i].path);
    for (size_t i = 0; i < list->count; i++) {
        file_identity it = identity_of(list->at[i].path);
        stays[i] = true;
        for (size_t k = 0; k < held_out->count && stays[i]; k++) stays[i] = !is_same(&it, &held[k]);
    }
    keep_only(list, stays);
    if (!list->count)
        TRY(FAIL(ERR_INPUT, "data.eval holds out all videos of data.train: nothing is left to learn from"));
done:
    free(held);
    free(stays);
    return st;
}

/* ---- a share ----------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t key;
    size_t at;
} place;

static int by_key(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Leaves a share of the videos, at least one, in the order they had. */
static status draw_share(const recipe *r, video_list *list)
{
    double share = recipe_real(r, "stream.share");
    size_t wanted = (size_t)ceil(share * (double)list->count - 1e-9);
    if (wanted >= list->count) return OK;
    place *places = malloc(list->count * sizeof *places);
    bool *stays = calloc(list->count, sizeof *stays);
    if (!places || !stays) {
        free(places);
        free(stays);
        return FAIL(ERR_MEMORY, "no memory to draw from %zu videos", list->count);
    }
    for (size_t i = 0; i < list->count; i++)
        places[i] = (place){hash_mix((uint64_t)recipe_int(r, "data.split_seed"), hash_of_name(list->at[i].path)), i};
    qsort(places, list->count, sizeof *places, by_key);
    for (size_t i = 0; i < wanted; i++) stays[places[i].at] = true;
    keep_only(list, stays);
    free(places);
    free(stays);
    return OK;
}

/* What the stage generate makes are annotations, data.train, of a folder of videos. */
static bool generates(const recipe *r)
{
    for (size_t i = 0; i < recipe_list_count(r, "stages"); i++)
        if (!strcmp(recipe_list_text(r, "stages", i), "generate")) return true;
    return false;
}

status stream_recipe_videos(const recipe *r, video_list *out, video_list *held_out)
{
    status st = OK;
    const char *key = generates(r) ? "data.videos" : "data.train", *path = recipe_text(r, key);
    const char *eval = recipe_text(r, "data.eval");
    if (!path) TRY(FAIL(ERR_CONFIG, "data.train is missing: a video, a folder of videos, or a list of them"));
    TRY(read_videos(r, key, path, out));
    if (eval) TRY(read_videos(r, "data.eval", eval, held_out));
    TRY(check_held_out(held_out));
    TRY(take_out(out, held_out));
    TRY(draw_share(r, out));
done:
    return st;
}
