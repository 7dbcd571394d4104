#include "data/signs.h"

#include "base/file.h"
#include "base/rng.h"
#include "data/signs_render.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAW_CLIP = 401 };

static const char *const SPLITS[SIGN_SPLITS] = {"train", "val", "test"};

/* Signers of each split: first, count. */
static const int SIGNERS[SIGN_SPLITS][2] = {{0, 16}, {16, 4}, {20, 4}};

/* Every second one is the one before backwards. */
static const struct {
    const char *gloss;
    int order[VISIT_COUNT];
} SIGNS[SIGN_COUNT] = {
    {"give", {0, 1, 0, 2, 1, 2}}, {"take", {2, 1, 2, 0, 1, 0}}, {"open", {0, 1, 2, 0, 2, 1}},
    {"shut", {1, 2, 0, 2, 1, 0}}, {"come", {0, 2, 0, 1, 2, 1}}, {"go", {1, 2, 1, 0, 2, 0}},
    {"rise", {1, 0, 1, 2, 0, 2}}, {"fall", {2, 0, 2, 1, 0, 1}}, {"begin", {2, 0, 1, 0, 1, 2}},
    {"end", {2, 1, 0, 1, 0, 2}},
};

/* ---- options ------------------------------------------------------------------------------------------------------
 */

bool signs_are_meant(const recipe *r)
{
    return !strcmp(recipe_text(r, "generate.world"), "signs");
}

sign_options sign_options_read(const recipe *r)
{
    sign_options o = {.size = (int)recipe_int(r, "generate.size"),
                      .noise = recipe_real(r, "generate.noise"),
                      .seed = (uint64_t)recipe_int(r, "seed")};
    size_t count = recipe_list_count(r, "generate.clips");
    for (size_t i = 0; i < count && i < SIGN_SPLITS; i++) o.clips[i] = recipe_list_int(r, "generate.clips", i);
    return o;
}

status sign_options_check(const sign_options *o)
{
    for (size_t i = 0; i < SIGN_SPLITS; i++)
        if (o->clips[i] < 1 || o->clips[i] > 1000000)
            return FAIL(ERR_CONFIG, "generate.clips has three numbers from 1: of train, val and test");
    if (o->size < 16 || o->size > 512 || o->size % 2)
        return FAIL(ERR_CONFIG, "generate.size is %d; it must be even, from 16 to 512", o->size);
    if (!isfinite(o->noise) || o->noise < 0)
        return FAIL(ERR_CONFIG, "generate.noise is %g; it must be 0 or more", o->noise);
    return OK;
}

/* ---- clips --------------------------------------------------------------------------------------------------------
 */

void sign_clip_name(uint64_t number, char out[SIGN_NAME])
{
    snprintf(out, SIGN_NAME, "sign_%06llu", (unsigned long long)number);
}

const char *sign_gloss(int sign)
{
    return SIGNS[sign].gloss;
}

void sign_clip_draw(const sign_options *o, uint64_t number, sign_clip *out)
{
    enum { HOLD_LEAST = 4, HOLD_MOST = 10 };
    rng r = rng_stream(o->seed, DRAW_CLIP, number);
    uint64_t in_split = number;
    int split = 0;
    while (split < SIGN_SPLITS - 1 && in_split >= (uint64_t)o->clips[split]) in_split -= (uint64_t)o->clips[split++];
    *out = (sign_clip){.number = number,
                       .split = split,
                       .sign = (int)(in_split % SIGN_COUNT),
                       .signer = SIGNERS[split][0] + (int)rng_below(&r, (size_t)SIGNERS[split][1]),
                       .hold = HOLD_LEAST + (int)rng_below(&r, HOLD_MOST - HOLD_LEAST + 1)};
}

int sign_frames(const sign_clip *clip)
{
    return VISIT_COUNT * clip->hold;
}

void sign_station(const sign_clip *clip, int frame, int *station, int *visit)
{
    const int *order = SIGNS[clip->sign].order;
    int turn = frame / clip->hold, before = 0;
    for (int i = 0; i < turn; i++) before += order[i] == order[turn];
    *station = order[turn];
    *visit = before * clip->hold + frame % clip->hold;
}

/* ---- annotations --------------------------------------------------------------------------------------------------
 */

static json_t *instance_to_json(const sign_options *o, const sign_clip *clip, size_t number)
{
    char name[SIGN_NAME];
    int box[4];
    sign_clip_name(clip->number, name);
    sign_box(o, clip, box);
    return json_pack("{s:[i,i,i,i], s:i, s:i, s:i, s:I, s:i, s:s, s:s, s:s, s:i, s:s}", "bbox", box[0], box[1], box[2],
                     box[3], "fps", SIGN_FPS, "frame_end", sign_frames(clip), "frame_start", 1, "instance_id",
                     (json_int_t)number, "signer_id", clip->signer, "source", "generated", "split", SPLITS[clip->split],
                     "url", "", "variation_id", 0, "video_id", name);
}

static json_t *gloss_to_json(const sign_options *o, int sign)
{
    json_t *entry = json_pack("{s:s, s:[]}", "gloss", sign_gloss(sign), "instances");
    json_t *instances = json_object_get(entry, "instances");
    uint64_t count = (uint64_t)(o->clips[0] + o->clips[1] + o->clips[2]);
    bool failed = !entry;
    for (uint64_t number = 0; number < count; number++) {
        sign_clip clip;
        sign_clip_draw(o, number, &clip);
        if (clip.sign != sign) continue;
        failed |= json_array_append_new(instances, instance_to_json(o, &clip, json_array_size(instances))) != 0;
    }
    if (failed) {
        json_decref(entry);
        return NULL;
    }
    return entry;
}

status signs_write(const sign_options *o, const char *directory)
{
    status st = OK;
    char *text = NULL, *path = path_join(directory, "signs.json");
    json_t *root = json_array();
    bool failed = !root;
    TRY(sign_options_check(o));
    for (int sign = 0; sign < SIGN_COUNT; sign++) failed |= json_array_append_new(root, gloss_to_json(o, sign)) != 0;
    if (!failed) text = json_dumps(root, JSON_INDENT(1));
    if (!text || !path) TRY(FAIL(ERR_MEMORY, "%s: no memory for its annotations", directory));
    TRY(file_write(path, text, strlen(text)));
done:
    free(text);
    free(path);
    json_decref(root);
    return st;
}
