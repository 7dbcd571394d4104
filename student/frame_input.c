#include "student/frame_input.h"

#include <math.h>
#include <stdlib.h>

static size_t place_count(const frame_input *f)
{
    return clip_length(&f->clips.options) * (size_t)f->clips.options.subclip;
}

status frame_input_open(const recipe *r, const dataset *d, frame_input *out)
{
    status st = OK;
    frame_input f = {0};
    clip_options clips;
    clip_options_read(r, &clips);
    TRY(clip_source_open(&clips, NULL, NULL, 0, &f.clips));
    TRY(frame_options_read(r, &f.options));
    f.features = recipe_int(r, "student.cnn.width");
    f.places = calloc(place_count(&f), sizeof *f.places);
    if (!f.places) TRY(FAIL(ERR_MEMORY, "no memory for clips of %zu moments", place_count(&f)));
    if (!clips.blind) TRY(video_table_open(f.options.folder, d, &f.files));
    if (!clips.blind) TRY(cached_frames_open(r, &f.options, &f.cache, f.cache_hash));
    f.options.cache = f.cache;
    *out = f;
    f = (frame_input){0};
done:
    frame_input_free(&f);
    return st;
}

void frame_input_free(frame_input *f)
{
    for (int use = 0; use < FRAME_USES; use++) frame_source_close(&f->sources[use]);
    frame_cache_close(&f->cache);
    video_table_close(&f->files);
    clip_source_free(&f->clips);
    cnn_free(&f->network);
    free(f->places);
    *f = (frame_input){0};
}

status frame_input_make_network(frame_input *f, const recipe *r, module *parent)
{
    cnn_options options = {
        .side = f->options.side,
        .inputs = 3 * f->options.stack,
        .stages = recipe_list_count(r, "student.cnn.channels"),
        .width = f->features,
    };
    for (size_t i = 0; i < options.stages && i < CNN_STAGES_MOST; i++)
        options.channels[i] = recipe_list_int(r, "student.cnn.channels", i);
    return cnn_new(parent, &options, &f->network);
}

int64_t frame_input_width(const frame_input *f)
{
    return f->clips.options.subclip * f->features + (f->clips.options.recognise ? 1 : 0);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static status source_of(frame_input *f, frame_use use, frame_source **out)
{
    status st = OK;
    if (!f->sources[use])
        TRY(frame_source_open(&f->options, f->options.memory / FRAME_USES, f->files, &f->sources[use]));
    *out = f->sources[use];
done:
    return st;
}

status frame_input_ask(frame_input *f, frame_use use, const segment *const *at, const uint64_t *keys, size_t count)
{
    status st = OK;
    frame_source *source = NULL;
    if (f->clips.options.blind) goto done;
    TRY(source_of(f, use, &source));
    for (size_t i = 0; i < count; i++) {
        clip_places(&f->clips, at[i], keys ? &keys[i] : NULL, f->places);
        for (size_t p = 0; p < place_count(f); p++) f->places[p] /= f->clips.track_fps;
        TRY(frame_source_ask(source, at[i]->sequence, f->places, place_count(f)));
    }
done:
    return st;
}

/* ---- taking ------------------------------------------------------------------------------------------------------ */

/* Pictures of `count` clips: (count x T x S, side, side, channels) into `*out`. */
static status take_pictures(frame_input *f, frame_use use, const uint64_t *keys, size_t count, tensor **out)
{
    status st = OK;
    size_t bytes = place_count(f) * frame_moment_bytes(&f->options);
    frame_source *source = NULL;
    TRY(source_of(f, use, &source));
    tensor *pictures = t_staging(
        T_U8, SHAPE((int64_t)(count * place_count(f)), f->options.side, f->options.side, 3 * f->options.stack));
    TRY(t_check(pictures));
    uint8_t *clip = t_staging_memory(pictures);
    for (size_t i = 0; i < count; i++) {
        picture_change change = keys ? picture_change_draw(&f->options.augment, keys[i]) : picture_unchanged();
        TRY(frame_source_take(source, &change, clip + i * bytes, NULL));
    }
    *out = t_staging_send(pictures);
done:
    return st;
}

/* The logarithm of the seconds of every sub-clip: (count, T, 1). */
static status lengths_of(frame_input *f, const segment *const *at, const uint64_t *keys, size_t count, tensor **out)
{
    status st = OK;
    size_t length = clip_length(&f->clips.options), subclip = (size_t)f->clips.options.subclip;
    float *numbers = calloc(count * length + 1, sizeof *numbers);
    if (!numbers) TRY(FAIL(ERR_MEMORY, "no memory for the lengths of %zu clips", count));
    for (size_t i = 0; i < count; i++) {
        clip_places(&f->clips, at[i], keys ? &keys[i] : NULL, f->places);
        for (size_t t = 0; t < length; t++) {
            const double *places = f->places + t * subclip;
            double ticks = places[subclip - 1] - places[0] + 1;
            numbers[i * length + t] = (float)log(fmax(ticks, 1) / f->clips.track_fps);
        }
    }
    *out = t_from_f32(numbers, SHAPE((int64_t)count, (int64_t)length, 1));
done:
    free(numbers);
    return st;
}

status frame_input_take(frame_input *f, frame_use use, const segment *const *at, const uint64_t *keys, size_t count,
                        tensor **out)
{
    status st = OK;
    int64_t length = (int64_t)clip_length(&f->clips.options), width = frame_input_width(f);
    tensor *pictures = NULL, *lengths = NULL;
    if (f->clips.options.blind) {
        *out = t_zeros(T_F32, SHAPE((int64_t)count, length, width));
        goto done;
    }
    TRY(take_pictures(f, use, keys, count, &pictures));
    tensor *features = t_reshape(cnn_forward(f->network, pictures),
                                 SHAPE((int64_t)count, length, f->clips.options.subclip * f->features));
    if (f->clips.options.recognise) {
        TRY(lengths_of(f, at, keys, count, &lengths));
        features = t_cat((tensor *const[]){features, lengths}, 2, 2);
    }
    *out = features;
done:
    return st;
}
