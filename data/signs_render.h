/* signs_render - what a camera sees of the made-up signs (signs.h), as pictures.
 *
 * A picture is a function of (options, clip, station, visit): clips that differ in their sign alone hold the same
 * pictures. Frames may be drawn in any order.
 */
#ifndef MAGISTER_DATA_SIGNS_RENDER_H
#define MAGISTER_DATA_SIGNS_RENDER_H

#include "data/signs.h"

/* Goes up by one with every change of what is drawn for the same options, pictures, order or length of clips: films of
 * another number are made again. */
enum { SIGN_DRAWING = 1 };

typedef struct sign_renderer sign_renderer;

/* Errors: those of sign_options_check; ERR_MEMORY. */
status sign_renderer_new(const sign_options *options, sign_renderer **out);
void sign_renderer_free(sign_renderer **r);

/* Chooses the clip that is drawn from now on. */
void sign_renderer_begin(sign_renderer *r, const sign_clip *clip);

/* Draws frame `frame` (0 .. sign_frames - 1): packed RGB (size, size, 3) into `rgb`. */
void sign_renderer_draw(sign_renderer *r, int frame, uint8_t *rgb);

/* Left, top, right, bottom of the signer with all that the hand reaches, in pixels, inside the picture. */
void sign_box(const sign_options *o, const sign_clip *clip, int out[4]);

#endif
