#include "stream/recipe.h"

#include "stream/layers.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/picture_folder.h"
#include "video/video_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is(const recipe *r, const char *key, const char *text)
{
    return !strcmp(recipe_text(r, key), text);
}

static status check_count(const recipe *r, const char *key, size_t count)
{
    size_t has = recipe_list_count(r, key);
    return has == count ? OK : FAIL(ERR_CONFIG, "%s has %zu numbers: it takes %zu", key, has, count);
}

static demarcation_mode mode_of(const recipe *r)
{
    if (is(r, "stream.demarcation", "fixed")) return DEMARCATION_FIXED;
    if (is(r, "stream.demarcation", "rise")) return DEMARCATION_RISE;
    return is(r, "stream.demarcation", "accum") ? DEMARCATION_ACCUM : DEMARCATION_AVERAGE;
}

static void read_learning(const recipe *r, int ranks, stream_options *o)
{
    o->evolve_every = recipe_int(r, "stream.train.evolve_every");
    o->optimize_every = recipe_int(r, "stream.train.optimize_every");
    o->lr = recipe_real(r, "stream.train.lr");
    o->alpha = recipe_real(r, "stream.train.alpha");
    o->timescale = recipe_bool(r, "stream.train.timescale");
    o->reach = recipe_bool(r, "stream.train.reach");
    o->joint_growth = ranks > 1;
    o->joint_steps = ranks > 1 && is(r, "stream.train.sync", "gradients");
    o->seed = (uint64_t)recipe_int(r, "seed");
}

status stream_recipe_learner(const recipe *r, int ranks, stream_options *out)
{
    status st = OK;
    *out = (stream_options){
        .features = recipe_int(r, "stream.features"),
        .max_layers = recipe_int(r, "stream.layers"),
        .init_layers = recipe_int(r, "stream.init_layers"),
        .buffer_size = recipe_int(r, "stream.buffer"),
        .normalize = recipe_bool(r, "stream.normalize"),
        .distance = is(r, "stream.distance", "distance") ? DISTANCE_SQUARED : DISTANCE_SIMILARITY,
        .force_base_distance = recipe_bool(r, "stream.base_distance"),
        .demarcation = mode_of(r),
        .window = recipe_int(r, "stream.window"),
        .modifier_adds = is(r, "stream.modifier_type", "add"),
        .modifier = recipe_real(r, "stream.modifier"),
        .threshold = recipe_real(r, "stream.threshold"),
        .force_fixed_buffer = recipe_bool(r, "stream.fixed_buffer"),
    };
    TRY(check_count(r, "stream.size", 2));
    TRY(check_count(r, "stream.channels", STREAM_STAGES));
    out->height = recipe_list_int(r, "stream.size", 0);
    out->width = recipe_list_int(r, "stream.size", 1);
    for (size_t i = 0; i < STREAM_STAGES; i++) out->channels[i] = recipe_list_int(r, "stream.channels", i);
    read_learning(r, ranks, out);
    TRY(stream_options_check(out));
done:
    return st;
}

status stream_recipe_input(const recipe *r, frame_stream_options *out)
{
    status st = OK;
    TRY(check_count(r, "stream.raw.size", 2));
    *out = (frame_stream_options){
        .snippet = recipe_real(r, "stream.snippet"),
        .format = {.height = (int)recipe_list_int(r, "stream.size", 0),
                   .width = (int)recipe_list_int(r, "stream.size", 1),
                   .fit = FIT_STRETCH},
        .ahead = (size_t)recipe_int(r, "stream.ahead"),
        .live = recipe_bool(r, "stream.live"),
        .stall = recipe_real(r, "stream.stall"),
        .threads = 1,
        .frame_rate = recipe_real(r, "data.frame_rate"),
    };
    if (recipe_is_null(r, "stream.raw.pixels")) goto done;
    out->raw.pixels = recipe_text(r, "stream.raw.pixels");
    out->raw.height = (int)recipe_list_int(r, "stream.raw.size", 0);
    out->raw.width = (int)recipe_list_int(r, "stream.raw.size", 1);
    out->raw.fps = recipe_real(r, "stream.raw.fps");
    if (!out->raw.height || !out->raw.width)
        TRY(FAIL(ERR_CONFIG, "stream.raw.pixels needs stream.raw.size: height and width of the raw video"));
done:
    return st;
}

/* ---- videos ------------------------------------------------------------------------------------------------------ */

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
    size_t wanted = (size_t)ceil(share * (double)list->count - 1e-9), kept = 0;
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
    for (size_t i = 0; i < list->count; i++) {
        if (stays[i]) {
            list->at[kept++] = list->at[i];
            continue;
        }
        free(list->at[i].path);
        free(list->at[i].gloss);
    }
    list->count = kept;
    free(places);
    free(stays);
    return OK;
}

/* Where other stages make or learn from segments, data.train are annotations of a folder of videos. */
static bool has_annotations(const recipe *r)
{
    static const char *const STAGES[] = {"generate", "teacher", "predict", "student"};
    for (size_t i = 0; i < recipe_list_count(r, "stages"); i++)
        for (size_t k = 0; k < sizeof STAGES / sizeof STAGES[0]; k++)
            if (!strcmp(recipe_list_text(r, "stages", i), STAGES[k])) return true;
    return false;
}

status stream_recipe_videos(const recipe *r, video_list *out)
{
    status st = OK;
    const char *key = has_annotations(r) ? "data.videos" : "data.train", *path = recipe_text(r, key);
    if (!path) TRY(FAIL(ERR_CONFIG, "%s is missing: a video, a folder of videos, or a list of them", key));
    if (!strcmp(path, "-") || video_file_name_is(path) || picture_folder_is(path)) TRY(video_list_add(out, path, NULL));
    else if (directory_exists(path)) TRY(read_folder(path, out));
    else TRY(video_list_read(path, recipe_text(r, "data.videos"), out));
    TRY(draw_share(r, out));
done:
    return st;
}
