#include "student/sight.h"

#include "student/feature_cache.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static sight_kind kind_of(const recipe *r)
{
    const char *input = recipe_text(r, "student.input");
    if (!strcmp(input, "clips")) return SIGHT_CLIPS;
    return strcmp(input, "frames") ? SIGHT_TRACKS : SIGHT_FRAMES;
}

/* Where the tracks are: new strings, *eval NULL when the same; `hash` tells cached features from others. */
static status tracks_paths(const recipe *r, const char *run, char **path, char **eval, char hash[HASH_TEXT])
{
    const char *input = recipe_text(r, "student.input");
    if (!strcmp(input, "cache") || !strcmp(input, "stream")) return feature_cache_open(r, run, path, hash);
    const char *given = recipe_text(r, "data.tracks");
    if (!given) return FAIL(ERR_CONFIG, "data.tracks is not given: name the features the student is to see");
    *path = strdup(given);
    if (!*path) return FAIL(ERR_MEMORY, "no memory for the path of tracks");
    return dataset_eval_tracks(r, eval);
}

static status open_track(comm *c, const char *path, tracks **out, shared_bytes **bytes)
{
    return c ? shared_tracks_open(c, path, out, bytes) : tracks_open(path, out);
}

static status open_tracks(comm *c, const recipe *r, const char *run, sight *s)
{
    status st = OK;
    double fps = recipe_real(r, "data.fps");
    clip_options options;
    clip_options_read(r, &options);

    st = tracks_paths(r, run, &s->tracks_path, &s->eval_path, s->cache_hash);
    TRY(c ? comm_agree(c, st) : st);
    const char *path = s->tracks_path, *eval_path = s->eval_path;
    TRY(open_track(c, path, &s->tracks, &s->shared_tracks[0]));
    if (eval_path) TRY(open_track(c, eval_path, &s->eval_tracks, &s->shared_tracks[1]));
    if (eval_path && tracks_width(s->eval_tracks) != tracks_width(s->tracks))
        TRY(FAIL(ERR_INPUT, "%s has %zu numbers a frame and %s %zu: both must hold the same features", path,
                 tracks_width(s->tracks), eval_path, tracks_width(s->eval_tracks)));
    TRY(clip_source_open(&options, s->tracks, path, fps, &s->clips));
    TRY(clip_source_open(&options, eval_path ? s->eval_tracks : s->tracks, eval_path ? eval_path : path, fps,
                         &s->eval_clips));
done:
    return st;
}

status sight_open_places(comm *c, const recipe *r, const char *run, sight *out)
{
    status st = OK;
    clip_options options;
    out->kind = kind_of(r);
    if (out->kind == SIGHT_TRACKS) return open_tracks(c, r, run, out);
    clip_options_read(r, &options);
    TRY(clip_source_open(&options, NULL, NULL, 0, &out->clips));
    TRY(clip_source_open(&options, NULL, NULL, 0, &out->eval_clips));
done:
    return st;
}

status sight_open(comm *c, const recipe *r, const char *run, const dataset *d, sight *out)
{
    status st = OK;
    TRY(sight_open_places(c, r, run, out));
    if (out->kind == SIGHT_FRAMES) TRY(frame_input_open(r, d, &out->frames));
    if (out->kind == SIGHT_FRAMES) memcpy(out->cache_hash, out->frames.cache_hash, sizeof out->cache_hash);
    if (out->kind == SIGHT_CLIPS) TRY(clip_input_open(r, d, &out->pictures));
done:
    return st;
}

void sight_free(sight *s)
{
    clip_source_free(&s->clips);
    clip_source_free(&s->eval_clips);
    tracks_close(&s->tracks);
    tracks_close(&s->eval_tracks);
    for (int i = 0; i < 2; i++) shared_bytes_free(&s->shared_tracks[i]);
    frame_input_free(&s->frames);
    clip_input_free(&s->pictures);
    free(s->tracks_path);
    free(s->eval_path);
    *s = (sight){0};
}

/* ---- seeing ------------------------------------------------------------------------------------------------------ */

bool sight_is_read(const sight *s)
{
    return s->kind != SIGHT_TRACKS;
}

size_t sight_views(const sight *s)
{
    return s->kind == SIGHT_CLIPS ? s->pictures.views : 1;
}

status sight_ask(sight *s, const segment *const *at, const uint64_t *keys, size_t count)
{
    if (s->kind == SIGHT_FRAMES)
        return frame_input_ask(&s->frames, keys ? FRAMES_TRAIN : FRAMES_SCORE, at, keys, count);
    if (s->kind == SIGHT_CLIPS) return clip_input_ask(&s->pictures, keys ? CLIPS_TRAIN : CLIPS_SCORE, at, keys, count);
    return OK;
}

static status take_tracks(clip_source *clips, const segment *const *at, const uint64_t *keys, size_t count,
                          tensor **out)
{
    status st = OK;
    size_t size = clip_length(&clips->options) * clip_inputs(clips);
    float *numbers = calloc(count * size, sizeof *numbers);
    if (!numbers) TRY(FAIL(ERR_MEMORY, "no memory for %zu clips", count));
    for (size_t i = 0; i < count; i++) TRY(clip_fill(clips, at[i], keys ? &keys[i] : NULL, numbers + i * size));
    *out =
        t_from_f32(numbers, SHAPE((int64_t)count, (int64_t)clip_length(&clips->options), (int64_t)clip_inputs(clips)));
done:
    free(numbers);
    return st;
}

status sight_take(sight *s, clip_source *clips, const segment *const *at, const uint64_t *keys, size_t count,
                  tensor **out)
{
    if (s->kind == SIGHT_FRAMES)
        return frame_input_take(&s->frames, keys ? FRAMES_TRAIN : FRAMES_SCORE, at, keys, count, out);
    if (s->kind == SIGHT_CLIPS)
        return clip_input_take(&s->pictures, keys ? CLIPS_TRAIN : CLIPS_SCORE, at, keys, count, out);
    return take_tracks(clips, at, keys, count, out);
}

int64_t sight_inputs(const sight *s)
{
    return s->kind == SIGHT_FRAMES ? frame_input_width(&s->frames) : (int64_t)clip_inputs(&s->clips);
}

loader_stats sight_stats(const sight *s)
{
    if (s->kind == SIGHT_CLIPS) return frame_source_stats(s->pictures.sources[CLIPS_TRAIN]);
    return frame_source_stats(s->frames.sources[FRAMES_TRAIN]);
}
