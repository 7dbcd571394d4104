/* encoder - writes pictures as an H.264 file (MP4), and single pictures as PNG.
 *
 * The same pictures and options give the same bytes: one thread, no time of day and no library version in the file.
 * libx264 through FFmpeg, set for small pictures at thousands of frames a second and for cheap decoding; colours are
 * BT.601 of limited range, 4:2:0, and the file says so.
 *
 * Files are made for clips: one is held in memory (at most 2 GB) until it is whole, and then appears under its name,
 * replacing what was there. So a file that was not finished leaves nothing behind.
 */
#ifndef MAGISTER_VIDEO_ENCODER_H
#define MAGISTER_VIDEO_ENCODER_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct encoder_file encoder_file;

typedef struct {
    int width, height; /* even, 16 .. 4096 */
    int fps;           /* 1 .. 240 */
    int quality;       /* x264's CRF, 0 (best) .. 51; 23 is usual */
    int keyframe;      /* frames from one key frame to the next, at most; 1 .. 1000 */
} encode_options;

/* Errors: ERR_CONFIG (options out of bounds; an FFmpeg without libx264); ERR_CREATE when the folder is not there, or
 * the name is taken by what is no file; ERR_MEMORY. */
status encoder_open(const char *path, const encode_options *options, encoder_file **out);

/* One picture: packed RGB (height, width, 3). Errors: ERR_MEMORY; ERR_IO when the file has become too large. After an
 * error only encoder_close is left. */
status encoder_add(encoder_file *e, const uint8_t *rgb);

/* Puts the file in place, once, at the end. Errors: ERR_INPUT when there was no picture; ERR_IO (a full disk; what was
 * there before is kept), ERR_CREATE, ERR_MEMORY. */
status encoder_finish(encoder_file *e);

/* Frees it. NULL inside is fine. */
void encoder_close(encoder_file **e);

/* A picture as PNG; sides 1 .. 16384. Errors: ERR_CONFIG (sides; an FFmpeg without PNG), ERR_CREATE, ERR_IO,
 * ERR_MEMORY. */
status picture_write_png(const char *path, const uint8_t *rgb, int width, int height);

#endif
