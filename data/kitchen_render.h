/* kitchen_render - for the stage generate (rank/generate.c): what a camera sees of a video of the made-up kitchen, as
 * pictures.
 *
 * Objects are drawn by noun, hands move by verb, things used lately lie about. A video has a kitchen of its own
 * (colours, light, viewpoint, where things stand); noise, occlusion and look-alikes leave doubt to whoever only sees. A
 * picture is a function of (options, seed, video, frame): frames may be drawn in any order.
 */
#ifndef MAGISTER_DATA_KITCHEN_RENDER_H
#define MAGISTER_DATA_KITCHEN_RENDER_H

#include "data/kitchen_video.h"

typedef struct {
    int size;     /* side of the square picture; even, 16 .. 512 */
    int fps;      /* frames a second; divides KITCHEN_FPS */
    double noise; /* 0: clean; 1: as the demo. Grain, flicker, things that only stand about, what passes before the
                     camera */
    uint64_t seed;
} render_options;

/* Goes up by one with every change of what is drawn for the same options, be it pictures, recipes or times: films of
 * another number are made again. */
enum { KITCHEN_DRAWING = 1 };

typedef struct renderer renderer;

/* `g` is borrowed. Errors: ERR_CONFIG (options out of bounds, by the recipe's names), ERR_MEMORY. */
status renderer_new(const grammar *g, const render_options *options, renderer **out);
void renderer_free(renderer **r);

/* Frames of a video at `fps`: until its last action has ended; at least one. */
size_t renderer_frames(const renderer *r, const kitchen_video *video);

/* Chooses the kitchen of video `number`; the video is borrowed until the next call. */
void renderer_begin(renderer *r, const kitchen_video *video, uint64_t number);

/* Draws frame `frame`: packed RGB (size, size, 3) into `rgb`. */
void renderer_draw(renderer *r, size_t frame, uint8_t *rgb);

#endif
