/* clip_reading - one clip of a video's file as a model is to see it: frames chosen, decoded, cut and changed.
 *
 * With a transform (transforms.h) a video's own pictures are decoded a few at a time, so that a clip of a large video
 * needs no more room than one of a small: what is kept is the result.
 */
#ifndef MAGISTER_VIDEO_CLIP_READING_H
#define MAGISTER_VIDEO_CLIP_READING_H

#include "video/clip_frames.h"
#include "video/decoder.h"
#include "video/transforms.h"

/* Which frames make a clip: `count` (> 0) of them, those on screen at `seconds`, or those at even distances
 * (frames_subsample) of all that are on screen between `begin` and `end`. */
typedef struct {
    size_t count;
    const double *seconds; /* (count) borrowed; NULL: by begin and end */
    double begin, end;     /* seconds; an `end` that is not after `begin`: the end of the video */
    short_clip when_short;
} clip_choice;

/* What becomes of its pictures, where there is a transform. */
typedef struct {
    bool random; /* clip_change_draw with `key`; else the transform's views */
    uint64_t key;
    size_t views;   /* the first so many, all of one decoding, one behind the other; 0 is 1 */
    bool boxed;     /* only `box` is looked at, where the transform's options say so */
    int64_t box[4]; /* left, top, right, bottom in pixels of the video; what lies outside of it is cut off */
} clip_look;

size_t clip_look_views(const clip_look *look); /* at least 1; 1 where it is random */

/* Room for pictures, kept from clip to clip. An empty one is all zeros. */
typedef struct {
    uint8_t *pictures; /* owned */
    size_t bytes;
} clip_room;

/* At least `bytes`; what was there is lost when it grows. Errors: ERR_MEMORY. */
status clip_room_reserve(clip_room *room, size_t bytes);
void clip_room_free(clip_room *room);

/* Copies the numbers of the frames of `choice` into `index` (count). Errors: ERR_INPUT for a video without frames. */
status clip_choose(const video *v, const clip_choice *choice, int64_t *index);

/* A clip's pictures, (views, count, size, size, 3) as `t` makes them, into `out`. `options`: those of `t`. What cannot
 * be decoded is replaced by the nearest that can (decoder.h). Errors: those of clip_choose and transforms.h; ERR_INPUT
 * when no frame could be decoded; ERR_MEMORY. */
status video_clip_read(video *v, const clip_choice *choice, const clip_look *look, const transform_options *options,
                       transform *t, clip_room *room, uint8_t *out, video_account *account);

#endif
