/* kitchen_video - inside this room: a recipe of the made-up kitchen as a video: when its actions happen and what a
 * camera sees of them.
 *
 * Times. Quick actions (open, take, turn-on ...) last 0.8 to 2.2 s, slow ones (cut, stir, wash ...) 2 to 5 s. The next
 * one begins before the last has ended (15 of 100; people have two hands), at once (45) or after a pause of up to 3 s.
 *
 * Features. Each verb and each noun has a fixed random vector, made of one part that a few others share (a hand that
 * takes looks like one that puts) and one of its own. A frame is
 *   verb + noun of the action now (the mean of two that overlap; an idle vector in pauses)
 *   + the nouns of the last few actions, fading (things lie about)
 *   + a constant of the video (another kitchen, another light)
 *   + noise of deviation `noise` with correlation NOISE_MEMORY from frame to frame
 * so that a frame tells verb and noun in part, and the recent past better than the present alone. The strengths were
 * fixed, before any model of the future saw them, by one figure: a linear discriminant that is given a segment's bounds
 * names 46 of 100 actions of unseen videos right (noise 1, width 32), as recognisers do on real kitchen videos.
 */
#ifndef MAGISTER_DATA_KITCHEN_VIDEO_H
#define MAGISTER_DATA_KITCHEN_VIDEO_H

#include "data/kitchen_grammar.h"

enum { KITCHEN_FPS = 30, TRACK_FPS = 2, SEGMENTS_MOST = 256 };
#define NOISE_MEMORY 0.7

typedef struct {
    int64_t actions[SEGMENTS_MOST];
    int64_t start[SEGMENTS_MOST], end[SEGMENTS_MOST]; /* frames at KITCHEN_FPS; start rises */
    size_t count;
} kitchen_video;

/* Draws video `number` of the world: its recipe and its times. */
void kitchen_video_draw(const grammar *g, uint64_t seed, uint64_t number, kitchen_video *out);

/* The camera: what verbs, nouns and pauses look like. */
typedef struct camera camera;

status camera_new(const grammar *g, size_t width, double noise, uint64_t seed, camera **out);
void camera_free(camera **c);

/* Frames of the video at TRACK_FPS: `*out` (frames, width) is new memory, freed by the caller. */
status camera_film(const camera *c, const kitchen_video *video, uint64_t number, float **out, size_t *frames);

#endif
