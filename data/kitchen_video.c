#include "data/kitchen_video.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Streams of random numbers. */
enum { DRAW_RECIPE = 101, DRAW_TIMES, DRAW_LOOKS, DRAW_FILM };

/* ---- times ------------------------------------------------------------------------------------------------------- */

static bool is_slow(const char *verb)
{
    static const char *const SLOW[] = {"cut", "peel",  "wash", "stir",   "mix",   "whisk", "grate", "roll",
                                       "dry", "press", "pour", "spread", "drain", "serve", "check", "flip"};
    for (size_t i = 0; i < sizeof SLOW / sizeof SLOW[0]; i++)
        if (!strcmp(SLOW[i], verb)) return true;
    return false;
}

static double between(rng *r, double least, double most)
{
    return least + (most - least) * rng_uniform(r);
}

/* Seconds from the end of an action that lasted `seconds` to the start of the next one. */
static double draw_gap(rng *r, double seconds)
{
    double kind = rng_uniform(r);
    if (kind < 0.15) return -between(r, 0.1, 0.4) * seconds;
    return kind < 0.6 ? between(r, 0, 0.3) : between(r, 0.3, 3);
}

static void draw_times(const class_list *classes, rng *r, kitchen_video *video)
{
    double at = between(r, 1.5, 3.5);
    for (size_t i = 0; i < video->count; i++) {
        const char *verb = classes->verbs[classes->actions[video->actions[i]].verb];
        double seconds = is_slow(verb) ? between(r, 2, 5) : between(r, 0.8, 2.2);
        video->start[i] = (int64_t)(at * KITCHEN_FPS);
        video->end[i] = (int64_t)((at + seconds) * KITCHEN_FPS);
        at += seconds + draw_gap(r, seconds);
    }
}

void kitchen_video_draw(const grammar *g, uint64_t seed, uint64_t number, kitchen_video *out)
{
    rng recipe = rng_stream(seed, DRAW_RECIPE, number), times = rng_stream(seed, DRAW_TIMES, number);
    out->count = grammar_draw(g, &recipe, out->actions, SEGMENTS_MOST);
    draw_times(grammar_classes(g), &times, out);
}

/* ---- features ---------------------------------------------------------------------------------------------------- */

#define SHARED_PART 0.30 /* deviation of what a group of verbs (or nouns) has in common */
#define OWN_PART 0.18    /* and of what each has of its own */
#define THINGS_ABOUT 0.5 /* weight of the last action's noun; each older one fades by FADING */
#define FADING 0.7
#define VIDEO_PART 0.3 /* deviation of a video's constant */
enum { GROUP_SIZE = 4, THINGS_REMEMBERED = 5 };

struct camera {
    const class_list *classes;
    size_t width;
    double noise;
    uint64_t seed;
    double *verbs, *nouns, *idle; /* (verb_count, width), (noun_count, width), (width) */
};

static double *look(const camera *c, double *vectors, int64_t number)
{
    return vectors + (size_t)number * c->width;
}

/* Vectors of `count` things in groups; `kind` tells verbs, nouns and idling apart. */
static status draw_looks(const camera *c, uint64_t kind, size_t count, double **out)
{
    double *vectors = calloc(count, c->width * sizeof *vectors);
    if (!vectors) return FAIL(ERR_MEMORY, "no memory for the looks of the kitchen");
    for (size_t i = 0; i < count; i++) {
        rng shared = rng_stream(c->seed, DRAW_LOOKS, (kind * 2) << 32 | i / GROUP_SIZE);
        rng own = rng_stream(c->seed, DRAW_LOOKS, (kind * 2 + 1) << 32 | i);
        for (size_t d = 0; d < c->width; d++)
            vectors[i * c->width + d] = SHARED_PART * rng_normal(&shared) + OWN_PART * rng_normal(&own);
    }
    *out = vectors;
    return OK;
}

status camera_new(const grammar *g, size_t width, double noise, uint64_t seed, camera **out)
{
    status st = OK;
    camera *c = calloc(1, sizeof *c);
    if (!c) TRY(FAIL(ERR_MEMORY, "no memory for the looks of the kitchen"));
    c->classes = grammar_classes(g);
    c->width = width;
    c->noise = noise;
    c->seed = seed;
    TRY(draw_looks(c, 0, c->classes->verb_count, &c->verbs));
    TRY(draw_looks(c, 1, c->classes->noun_count, &c->nouns));
    TRY(draw_looks(c, 2, 1, &c->idle));
    *out = c;
    c = NULL;
done:
    camera_free(&c);
    return st;
}

void camera_free(camera **c)
{
    if (!*c) return;
    free((*c)->verbs);
    free((*c)->nouns);
    free((*c)->idle);
    free(*c);
    *c = NULL;
}

static void add_scaled(double *to, const double *vector, double scale, size_t width)
{
    for (size_t d = 0; d < width; d++) to[d] += scale * vector[d];
}

/* What is to be seen at a frame (at KITCHEN_FPS), without noise. */
static void see(const camera *c, const kitchen_video *video, int64_t frame, double *seen)
{
    size_t active = 0, begun = 0;
    while (begun < video->count && video->start[begun] <= frame) begun++;
    for (size_t i = 0; i < begun; i++) active += video->end[i] > frame;
    memset(seen, 0, c->width * sizeof *seen);
    if (!active) add_scaled(seen, c->idle, 1, c->width);
    double fading = THINGS_ABOUT;
    for (size_t i = begun, things = 0; i > 0 && (things < THINGS_REMEMBERED || active); i--) {
        const action_class *action = &c->classes->actions[video->actions[i - 1]];
        if (video->end[i - 1] > frame) {
            double share = 1 / (double)active;
            add_scaled(seen, look(c, c->verbs, action->verb), share, c->width);
            add_scaled(seen, look(c, c->nouns, action->noun), share, c->width);
        } else if (things++ < THINGS_REMEMBERED) {
            add_scaled(seen, look(c, c->nouns, action->noun), fading, c->width);
            fading *= FADING;
        }
    }
}

static void film(const camera *c, const kitchen_video *video, rng *r, size_t frames, double *scratch, float *out)
{
    double *constant = scratch, *noise = scratch + c->width, *seen = scratch + 2 * c->width;
    for (size_t d = 0; d < c->width; d++) {
        constant[d] = VIDEO_PART * rng_normal(r);
        noise[d] = rng_normal(r);
    }
    for (size_t f = 0; f < frames; f++) {
        see(c, video, (int64_t)f * (KITCHEN_FPS / TRACK_FPS), seen);
        for (size_t d = 0; d < c->width; d++) {
            out[f * c->width + d] = (float)(seen[d] + constant[d] + c->noise * noise[d]);
            noise[d] = NOISE_MEMORY * noise[d] + sqrt(1 - NOISE_MEMORY * NOISE_MEMORY) * rng_normal(r);
        }
    }
}

status camera_film(const camera *c, const kitchen_video *video, uint64_t number, float **out, size_t *frames)
{
    status st = OK;
    int64_t last = 0;
    for (size_t i = 0; i < video->count; i++) last = video->end[i] > last ? video->end[i] : last;
    size_t count = (size_t)last / (KITCHEN_FPS / TRACK_FPS) + 1;
    rng r = rng_stream(c->seed, DRAW_FILM, number);
    float *values = calloc(count, c->width * sizeof *values);
    double *scratch = calloc(3, c->width * sizeof *scratch);
    if (!values || !scratch) TRY(FAIL(ERR_MEMORY, "no memory for a video of %zu frames", count));
    film(c, video, &r, count, scratch, values);
    *out = values;
    *frames = count;
    values = NULL;
done:
    free(values);
    free(scratch);
    return st;
}
