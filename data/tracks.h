/* tracks - per-frame features of videos, for a student that does not see pixels.
 *
 * Two forms: a CSV with header video,frame,<name>,<name>... (one row a frame; widths from the header), or a folder with
 * index.tsv (video, frames, width) and <video>.f32 (little-endian float32, frames x width), which is mapped, not read, so
 * that a rank's memory does not grow with it.
 */
#ifndef MAGISTER_DATA_TRACKS_H
#define MAGISTER_DATA_TRACKS_H

#include "base/status.h"

#include <stddef.h>

typedef struct tracks tracks;

/* Errors: ERR_MISSING; ERR_INPUT with path:line or path and byte (file size that does not fit the index, frames out of
 * order, values that are not finite numbers). */
status tracks_open(const char *path, tracks **out);
void tracks_close(tracks **t);

size_t tracks_width(const tracks *t);                            /* numbers a frame */
size_t tracks_frames(const tracks *t, const char *video);        /* 0 when the video is not there */

/* Frame `frame` of a video: (width) values, borrowed; NULL when it is not there. */
const float *tracks_frame(const tracks *t, const char *video, size_t frame);

#endif
