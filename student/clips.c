#include "student/clips.h"

#include "base/rng.h"
#include "tensor/module.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AUGMENT_BOUNDS = 0x626e64, AUGMENT_NUMBERS = 0x6e6d62 }; /* purposes of random streams */
static const double LEAST_DEVIATION = 1e-4;                     /* a feature that never changes is left at 0 */

void clip_options_read(const recipe *r, clip_options *out)
{
    *out = (clip_options){
        .recognise = !strcmp(recipe_text(r, "student.task"), "recognise"),
        .frames = recipe_int(r, "student.frames"),
        .subclip = recipe_int(r, "student.subclip"),
        .context = recipe_int(r, "student.context"),
        .context_seconds = recipe_real(r, "student.context_seconds"),
        .fps = recipe_real(r, "student.fps"),
        .tau_a = recipe_real(r, "data.tau_a"),
        .features = strcmp(recipe_text(r, "student.track_features"), "relative") ? TRACK_RAW : TRACK_RELATIVE,
        .augment.time = recipe_real(r, "student.augment.time"),
        .augment.scale = recipe_real(r, "student.augment.scale"),
        .augment.shift = recipe_real(r, "student.augment.shift"),
        .augment.noise = recipe_real(r, "student.augment.noise"),
        .blind = recipe_bool(r, "student.blind"),
    };
    if (!out->recognise) out->context = 0;
}

static size_t frame_width(const clip_source *s)
{
    return features_width(s->options.features, tracks_width(s->from));
}

size_t clip_length(const clip_options *o)
{
    return (size_t)(o->frames + o->context);
}

size_t clip_inputs(const clip_source *s)
{
    return (size_t)s->options.subclip * frame_width(s) + (s->options.recognise ? 1 : 0);
}

status clip_source_open(const clip_options *options, const tracks *from, const char *path, double fallback_fps,
                        clip_source *out)
{
    status st = OK;
    double fps = from ? tracks_fps(from) : CLIP_CLOCK;
    clip_source s = {.options = *options, .from = from, .path = path, .track_fps = fps > 0 ? fps : fallback_fps};

    if (from) TRY(features_check(options->features, tracks_width(from), path));
    size_t places = clip_length(options) * (size_t)options->subclip;
    s.places = calloc(places, sizeof *s.places);
    s.changes = calloc(from ? 2 * frame_width(&s) : 1, sizeof *s.changes);
    if (!s.places || !s.changes) TRY(FAIL(ERR_MEMORY, "no memory for clips of %zu frames", places));
    *out = s;
    s = (clip_source){0};
done:
    clip_source_free(&s);
    return st;
}

void clip_source_free(clip_source *s)
{
    if (!s) return;
    free(s->mean);
    free(s->scale);
    free(s->places);
    free(s->changes);
    *s = (clip_source){0};
}

/* ---- where frames are taken -------------------------------------------------------------------------------------- */

/* What is seen, as places of its first and last frame; anticipate has only the last. */
typedef struct {
    double first, last;
} seen_span;

static seen_span span_of(const clip_source *s, const segment *of)
{
    const clip_options *o = &s->options;
    if (o->recognise) {
        double first = of->start * s->track_fps;
        return (seen_span){first, fmax(of->end * s->track_fps - 1, first)};
    }
    /* times are frame numbers divided by a rate: the small part undoes that rounding */
    double last = floor((of->start - o->tau_a) * s->track_fps + 1e-6);
    return (seen_span){last, last};
}

static seen_span span_moved(const clip_source *s, seen_span span, rng *random)
{
    double frames = s->options.augment.time * s->track_fps;
    if (!s->options.recognise) {
        span.last -= floor(fabs(rng_normal(random)) * frames);
        return span;
    }
    double middle = (span.first + span.last) / 2;
    span.first = fmin(span.first + rng_normal(random) * frames, middle);
    span.last = fmax(span.last + rng_normal(random) * frames, middle);
    return span;
}

/* `count` places at even distances from `first` to `last`. */
static void spread(double first, double last, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = count == 1 ? (first + last) / 2 : first + (last - first) * (double)i / (double)(count - 1);
}

static void places_to_recognise(const clip_source *s, seen_span span, double *out)
{
    const clip_options *o = &s->options;
    size_t subclip = (size_t)o->subclip;
    double step = o->context_seconds * s->track_fps;
    for (int64_t i = o->context; i > 0; i--, out += subclip)
        spread(span.first - (double)i * step, span.first - (double)(i - 1) * step, subclip, out);
    spread(span.first, span.last, (size_t)o->frames * subclip, out);
}

static void places_to_anticipate(const clip_source *s, seen_span span, double *out)
{
    const clip_options *o = &s->options;
    size_t count = (size_t)(o->frames * o->subclip);
    double step = s->track_fps / (o->fps * (double)o->subclip);
    for (size_t i = 0; i < count; i++) out[i] = floor(span.last - (double)(count - 1 - i) * step + 1e-6);
}

static seen_span span_seen(const clip_source *s, const segment *of, const uint64_t *key)
{
    seen_span span = span_of(s, of);
    if (!key || s->options.augment.time <= 0) return span;
    rng random = rng_stream(*key, AUGMENT_BOUNDS, 0);
    return span_moved(s, span, &random);
}

void clip_bounds(const clip_source *s, const segment *of, const uint64_t *key, double *begin, double *end)
{
    *begin = of->start;
    *end = of->end;
    if (!key || s->options.augment.time <= 0) return;
    seen_span usual = span_of(s, of), moved = span_seen(s, of, key);
    *begin = fmax(of->start + (moved.first - usual.first) / s->track_fps, 0);
    *end = of->end + (moved.last - usual.last) / s->track_fps;
}

void clip_places(const clip_source *s, const segment *of, const uint64_t *key, double *out)
{
    seen_span span = span_seen(s, of, key);
    if (s->options.recognise) places_to_recognise(s, span, out);
    else places_to_anticipate(s, span, out);
}

bool clip_is_possible(const clip_source *s, const segment *of)
{
    return s->options.recognise || (of->start - s->options.tau_a) * s->track_fps >= 1 - 1e-6;
}

status clip_check(const clip_source *s, const segment *of)
{
    if (!s->from) return OK;
    size_t frames = tracks_frames(s->from, of->sequence);
    if (!frames)
        return FAIL(ERR_MISSING, "segment %s: its video %s has no track in %s", of->uid, of->sequence, s->path);
    double start = of->start * s->track_fps;
    if (!s->options.recognise) start = span_of(s, of).last - s->track_fps * (double)s->options.frames / s->options.fps;
    if (start < (double)frames) return OK;
    return FAIL(
        ERR_INPUT,
        "segment %s (%.2f to %.2f s) lies behind the track of its video %s: %s has %zu frames of it, at %g a second",
        of->uid, of->start, of->end, of->sequence, s->path, frames, s->track_fps);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* (T, inputs) from places (T, S). */
static void take_features(const clip_source *s, const segment *of, const double *places, float *out)
{
    feature_view view = {s->from, of->sequence, tracks_frames(s->from, of->sequence), s->options.features,
                         !s->options.recognise};
    size_t width = frame_width(s), subclip = (size_t)s->options.subclip;
    for (size_t t = 0; t < clip_length(&s->options); t++, places += subclip) {
        for (size_t i = 0; i < subclip; i++, out += width) features_at(&view, places[i], out);
        if (!s->options.recognise) continue;
        double frames = places[subclip - 1] - places[0] + 1;
        *out++ = (float)log(fmax(frames, 1) / s->track_fps);
    }
}

static void normalise(const clip_source *s, float *out)
{
    size_t inputs = clip_inputs(s);
    for (size_t t = 0; t < clip_length(&s->options); t++, out += inputs)
        for (size_t i = 0; i < inputs; i++) out[i] = (out[i] - s->mean[i]) * s->scale[i];
}

/* How the features of every frame of a clip are changed: (width) each. */
static void draw_changes(const clip_source *s, rng *random, size_t width, double *scale, double *shift)
{
    const clip_options *o = &s->options;
    size_t places = features_places(o->features, tracks_width(s->from));
    for (size_t i = 0; i < width; i++) {
        bool paired = o->features == TRACK_RELATIVE && i >= 2; /* x with x, y with y */
        scale[i] = paired ? scale[i - 2] : 1 + o->augment.scale * rng_normal(random);
        shift[i] = i < places ? o->augment.shift * rng_normal(random) : 0;
    }
}

static void change(const clip_source *s, rng *random, float *out)
{
    size_t width = frame_width(s), subclip = (size_t)s->options.subclip, inputs = clip_inputs(s);
    double *scale = s->changes, *shift = s->changes + width, noise = s->options.augment.noise;
    draw_changes(s, random, width, scale, shift);
    for (size_t t = 0; t < clip_length(&s->options); t++, out += inputs)
        for (size_t i = 0; i < subclip * width; i++) {
            double moved = noise > 0 ? noise * rng_normal(random) : 0;
            out[i] = (float)((double)out[i] * scale[i % width] + shift[i % width] + moved);
        }
}

static bool changes_numbers(const clip_options *o)
{
    return o->augment.scale > 0 || o->augment.shift > 0 || o->augment.noise > 0;
}

static status fill(const clip_source *s, const segment *of, const uint64_t *key, float *out)
{
    const clip_options *o = &s->options;
    clip_places(s, of, key, s->places);
    take_features(s, of, s->places, out);
    if (s->mean) normalise(s, out);
    if (key && changes_numbers(o)) {
        rng random = rng_stream(*key, AUGMENT_NUMBERS, 0);
        change(s, &random, out);
    }
    for (size_t i = 0; i < clip_length(o) * clip_inputs(s); i++)
        if (!isfinite(out[i]))
            return FAIL(ERR_INPUT, "segment %s: the track of its video %s in %s has numbers that are not finite",
                        of->uid, of->sequence, s->path);
    return OK;
}

status clip_fill(clip_source *s, const segment *of, const uint64_t *key, float *out)
{
    if (!s->options.blind) return fill(s, of, key, out);
    memset(out, 0, clip_length(&s->options) * clip_inputs(s) * sizeof *out);
    return OK;
}

/* ---- normalisation ----------------------------------------------------------------------------------------------- */

static status make_room(clip_source *s)
{
    size_t inputs = clip_inputs(s);
    free(s->mean);
    free(s->scale);
    s->mean = calloc(inputs, sizeof *s->mean);
    s->scale = calloc(inputs, sizeof *s->scale);
    return s->mean && s->scale ? OK : FAIL(ERR_MEMORY, "no memory for the normalisation of %zu inputs", inputs);
}

/* Adds the inputs of a clip to sums and sums of squares (inputs) each. */
static status add_clip(const clip_source *s, const segment *of, float *clip, double *sum, double *squares)
{
    size_t inputs = clip_inputs(s), count = clip_length(&s->options) * inputs;
    status st = fill(s, of, NULL, clip);
    if (st != OK) return st;
    for (size_t i = 0; i < count; i++) {
        double x = (double)clip[i];
        sum[i % inputs] += x;
        squares[i % inputs] += x * x;
    }
    return OK;
}

status clip_normalise(clip_source *s, const segment *at, size_t count)
{
    status st = OK;
    size_t inputs = clip_inputs(s), length = clip_length(&s->options);
    float *clip = calloc(length * inputs, sizeof *clip);
    double *sum = calloc(inputs, sizeof *sum), *squares = calloc(inputs, sizeof *squares);
    double n = (double)(count * length);

    if (!clip || !sum || !squares) TRY(FAIL(ERR_MEMORY, "no memory for the normalisation of %zu inputs", inputs));
    for (size_t i = 0; i < count; i++) TRY(add_clip(s, &at[i], clip, sum, squares));
    TRY(make_room(s));
    for (size_t i = 0; i < inputs; i++) {
        double mean = sum[i] / n, deviation = sqrt(fmax(squares[i] / n - mean * mean, 0));
        s->mean[i] = (float)mean;
        s->scale[i] = deviation > LEAST_DEVIATION ? (float)(1 / deviation) : 0;
    }
done:
    free(clip);
    free(sum);
    free(squares);
    return st;
}

status clip_copy_normalisation(const clip_source *from, clip_source *to)
{
    status st = make_room(to);
    if (st != OK) return st;
    memcpy(to->mean, from->mean, clip_inputs(to) * sizeof *to->mean);
    memcpy(to->scale, from->scale, clip_inputs(to) * sizeof *to->scale);
    return OK;
}

status clip_save_normalisation(const clip_source *s, const char *path)
{
    scope *sc = scope_open();
    int64_t inputs = (int64_t)clip_inputs(s);
    tensor *both[] = {t_from_f32(s->mean, &inputs, 1), t_from_f32(s->scale, &inputs, 1)};
    status st = tensor_file_write(path, both, (const char *const[]){"mean", "scale"}, 2, NULL);
    scope_close(&sc);
    return st;
}
