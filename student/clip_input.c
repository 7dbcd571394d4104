#include "student/clip_input.h"

#include "base/hash.h"
#include "base/rng.h"
#include "data/instances.h"
#include "student/transform_options.h"

#include <stdlib.h>
#include <string.h>

status clip_input_open(const recipe *r, const dataset *d, clip_input *out)
{
    status st = OK;
    clip_options clips;
    clip_options_read(r, &clips);
    TRY(transform_options_read(r, &out->transform));
    TRY(clip_source_open(&clips, NULL, NULL, 0, &out->places));
    TRY(frame_options_read(r, &out->options));
    out->when_short = transform_short_clips(r);
    out->shuffled = recipe_bool(r, "student.shuffle_frames");
    out->frames = (size_t)clips.frames;
    out->views = transform_views(&out->transform);
    out->moments = calloc(out->frames, sizeof *out->moments);
    if (!out->moments) TRY(FAIL(ERR_MEMORY, "no memory for clips of %zu frames", out->frames));
    if (!clips.blind) TRY(video_table_open(out->options.folder, d, &out->files));
done:
    if (st != OK) clip_input_free(out);
    return st;
}

void clip_input_free(clip_input *c)
{
    for (int use = 0; use < CLIP_USES; use++) frame_source_close(&c->sources[use]);
    video_table_close(&c->files);
    clip_source_free(&c->places);
    free(c->moments);
    clip_room_free(&c->room);
    *c = (clip_input){0};
}

size_t clip_input_bytes(const clip_input *c)
{
    return transform_bytes(&c->transform, c->frames);
}

static size_t views_of(const clip_input *c, clip_use use)
{
    return use == CLIPS_SCORE ? c->views : 1;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static status source_of(clip_input *c, clip_use use, frame_source **out)
{
    status st = OK;
    c->options.transform = &c->transform;
    if (!c->sources[use])
        TRY(frame_source_open(&c->options, c->options.memory / CLIP_USES, c->files, &c->sources[use]));
    *out = c->sources[use];
done:
    return st;
}

static clip_choice choose(clip_input *c, const segment *of, const uint64_t *key)
{
    clip_choice choice = {.count = c->frames, .when_short = c->when_short};
    if (c->places.options.recognise) {
        clip_bounds(&c->places, of, key, &choice.begin, &choice.end);
        return choice;
    }
    clip_places(&c->places, of, key, c->moments);
    for (size_t t = 0; t < c->frames; t++) {
        double seconds = c->moments[t] / c->places.track_fps;
        c->moments[t] = seconds > 0 ? seconds : 0; /* before its beginning a video's first frame is repeated */
    }
    choice.seconds = c->moments;
    return choice;
}

static clip_look look_at(const segment *of, const uint64_t *key, size_t views)
{
    clip_look look = {.random = key != NULL, .key = key ? *key : 0, .views = views};
    if (of->instance && of->instance->boxed) {
        look.boxed = true;
        memcpy(look.box, of->instance->box, sizeof look.box);
    }
    return look;
}

status clip_input_ask(clip_input *c, clip_use use, const segment *const *at, const uint64_t *keys, size_t count)
{
    status st = OK;
    frame_source *source = NULL;
    if (c->places.options.blind) goto done;
    TRY(source_of(c, use, &source));
    for (size_t i = 0; i < count; i++) {
        const uint64_t *key = keys ? &keys[i] : NULL;
        const clip_choice choice = choose(c, at[i], key);
        const clip_look look = look_at(at[i], key, views_of(c, use));
        TRY(frame_source_ask_clip(source, at[i]->sequence, &choice, &look));
    }
done:
    return st;
}

/* ---- taking ------------------------------------------------------------------------------------------------------ */

/* Puts the pictures of a clip into an order that depends on `key` alone. */
static void shuffle(const clip_input *c, uint64_t key, uint8_t *clip, uint8_t *room)
{
    size_t picture = transform_bytes(&c->transform, 1);
    for (size_t i = c->frames - 1; i > 0; i--) {
        size_t j = (size_t)(hash_mix(key, i) % (i + 1));
        if (i == j) continue;
        memcpy(room, clip + i * picture, picture);
        memmove(clip + i * picture, clip + j * picture, picture);
        memcpy(clip + j * picture, room, picture);
    }
}

static uint64_t order_key(const segment *of, const uint64_t *key)
{
    return key ? *key : hash_of_name(of->uid);
}

/* All views of every segment, one after the other, into `clip`. */
static status take_pictures(clip_input *c, clip_use use, const segment *const *at, const uint64_t *keys, size_t count,
                            uint8_t *clip)
{
    status st = OK;
    frame_source *source = NULL;
    size_t bytes = clip_input_bytes(c), views = views_of(c, use);
    TRY(source_of(c, use, &source));
    if (c->shuffled) TRY(clip_room_reserve(&c->room, transform_bytes(&c->transform, 1)));
    for (size_t i = 0; i < count; i++) {
        const uint64_t *key = keys ? &keys[i] : NULL;
        TRY(frame_source_take_clip(source, clip));
        for (size_t view = 0; view < views; view++, clip += bytes)
            if (c->shuffled) shuffle(c, order_key(at[i], key), clip, c->room.pictures);
    }
done:
    return st;
}

status clip_input_take(clip_input *c, clip_use use, const segment *const *at, const uint64_t *keys, size_t count,
                       tensor **out)
{
    status st = OK;
    size_t clips = count * views_of(c, use), bytes = clips * clip_input_bytes(c);
    int64_t size = c->transform.size;
    tensor *pictures = t_staging(T_U8, SHAPE((int64_t)clips, (int64_t)c->frames, size, size, 3));
    TRY(t_check(pictures));
    if (c->places.options.blind) memset(t_staging_memory(pictures), 0, bytes);
    else TRY(take_pictures(c, use, at, keys, count, t_staging_memory(pictures)));
    *out = t_staging_send(pictures);
done:
    return st;
}
