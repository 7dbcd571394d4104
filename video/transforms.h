/* transforms - what becomes of a clip's pictures before a model sees them: cut and scaled, mirrored, coloured anew.
 *
 * Everything that is random is drawn once for a clip, as a camera that stands elsewhere would change all its pictures,
 * and depends on the options, the clip's key, its box, and the size of its pictures alone: the same key gives the same
 * bytes, on any rank and in any order. Keys are a sample's own for (seed, epoch, sample), as trainer slices have.
 *
 *   1. the box, where one is given and asked for, with a margin: what is outside is as if it had never been there
 *   2. scaled and cut to size x size, mirrored: one pass of resample.h
 *   3. color_jitter: brightness, contrast, saturation, hue, in random order (torchvision's ColorJitter)
 *   4. rand_augment (rand_augment.h)
 *
 * The result is bytes, (frames, size, size, 3), and a quarter of the memory of numbers: keep clips so, and make numbers
 * of a batch when the model wants them (t_pictures of tensor/pictures.h, with mean and std).
 *
 * To use it, with options from a recipe (student/transform_options.h) and clips that a loader was asked for in their
 * video's own size (clip_request.format):
 *
 *   transform_open(&options, &t);
 *   clip = {loaded.pictures, loaded.count, loaded.width, loaded.height, box or NULL};
 *   training:    clip_change_draw(&options, &clip, key, &change);
 *   scoring:     for (i = 0; i < transform_views(&options); i++) clip_change_view(&options, &clip, i, &change);
 *                and the mean of the views' probabilities is the clip's
 *   both:        clip_change_apply(t, &change, &clip, out);
 *
 * Which frames of a video make a clip is not decided here: clip_frames.h does, and student/clips.h for AVT's sampling
 * from the back (clip_places in CLIP_CLOCK gives seconds, which is what the loader takes).
 */
#ifndef MAGISTER_VIDEO_TRANSFORMS_H
#define MAGISTER_VIDEO_TRANSFORMS_H

#include "base/status.h"
#include "video/rand_augment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    CROP_RANDOM,  /* anywhere in the scaled picture */
    CROP_CENTRE,  /* its middle */
    CROP_RESIZED, /* a random part of the picture, of random proportions, stretched (RandomResizedCrop) */
    CROP_STRETCH, /* the whole picture, its proportions changed */
} clip_crop;

typedef struct {
    int size;          /* side of the square that comes out: 1 .. 4096 */
    int short_side[2]; /* the shorter side is scaled to, least and most: size .. 8192; not with CROP_STRETCH */
    bool antialias;    /* as torchvision; false: as PyTorchVideo (resample.h) */
    clip_crop crop;    /* in training */
    double area[2], proportions[2]; /* CROP_RESIZED: part of the picture, 0 .. 1; width / height */
    int crops;                      /* in scoring: 1 (the middle) or 3 (its ends along the longer side, too) */
    bool flip_views;                /* in scoring: each crop mirrored, too */
    double flip;                    /* in training: probability of being mirrored */
    bool box;                       /* cut the box of a clip that has one */
    double box_margin;              /* on every side, in parts of the box's longer side */
    struct {
        double brightness, contrast, saturation, hue; /* factors 1 +- these; hue: turns, to .5; 0: not at all */
    } color_jitter;
    rand_augment augment;
    float mean[3], std[3]; /* of values from 0 to 1, red, green, blue */
} transform_options;

/* OK, or ERR_CONFIG with what is out of bounds and how. */
status transform_options_check(const transform_options *o);

/* Part of a picture, in parts of its sides: 0, 0, 1, 1 is all of it. */
typedef struct {
    double left, top, right, bottom;
} clip_box;

typedef struct {
    const uint8_t *pictures; /* (count, height, width, 3) */
    size_t count;            /* > 0 */
    int width, height;       /* 1 .. 16384 */
    const clip_box *box;     /* NULL: none */
} clip_pictures;

typedef struct transform transform;

/* Not shared between threads; holds the room that it works in, a few pictures. The options are copied. Errors:
 * ERR_CONFIG (transform_options_check); ERR_MEMORY. */
status transform_open(const transform_options *options, transform **out);
void transform_close(transform **t);

size_t transform_bytes(const transform_options *o, size_t count); /* of a result: count x size x size x 3 */
size_t transform_views(const transform_options *o);               /* crops, twice that with flip_views */
enum { VIEWS_MOST = 6 };                                          /* that there can be */

enum { JITTERS = 4 }; /* brightness, contrast, saturation, hue */

typedef struct {
    int left, top, width, height;    /* part of the picture that is looked at, in pixels */
    int scaled_width, scaled_height; /* what it is scaled to */
    int cut_left, cut_top;           /* where in that the square lies */
    bool mirrored;
    int jitter_order[JITTERS];
    double jitter[JITTERS]; /* factors; the last a shift */
    bool jittered[JITTERS];
    augment_operation augment[AUGMENT_KINDS];
    size_t augments;
} clip_change;

/* A change that `key` draws for training. Errors: ERR_INPUT for a clip without pictures, sides out of bounds, or a box
 * that is empty, not finite, or outside of the picture. */
status clip_change_draw(const transform_options *o, const clip_pictures *clip, uint64_t key, clip_change *out);

/* View number `view` < transform_views, without anything random: crops from the left (or top) on, and then the same
 * mirrored. short_side is its least. With CROP_STRETCH all crops are the whole picture. Errors: as above. */
status clip_change_view(const transform_options *o, const clip_pictures *clip, size_t view, clip_change *out);

/* `out`: (count, size, size, 3). Errors: ERR_MEMORY. */
status clip_change_apply(transform *t, const clip_change *change, const clip_pictures *clip, uint8_t *out);

#endif
