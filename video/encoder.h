/* encoder - writes pictures as an H.264 file (MP4), and single pictures as PNG.
 *
 * The same pictures and options give the same bytes: one thread, no time of day and no library version in the file.
 * libx264 through FFmpeg. A file appears under its name when it is whole.
 */
#ifndef MAGISTER_VIDEO_ENCODER_H
#define MAGISTER_VIDEO_ENCODER_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct encoder_file encoder_file;

typedef struct {
    int width, height; /* even */
    int fps;
    int quality;  /* x264's CRF, 0 .. 51; 23 is usual */
    int keyframe; /* frames from one key frame to the next, at most */
} encode_options;

/* Errors: ERR_CONFIG (options out of bounds; an FFmpeg without libx264); ERR_CREATE; ERR_MEMORY. */
status encoder_open(const char *path, const encode_options *options, encoder_file **out);

/* One picture: packed RGB (height, width, 3). Errors: ERR_IO. */
status encoder_add(encoder_file *e, const uint8_t *rgb);

/* Writes what is left and puts the file in place. Errors: ERR_IO, ERR_CREATE. */
status encoder_finish(encoder_file *e);

/* Frees it; a file that was not finished is removed. NULL is fine. */
void encoder_close(encoder_file **e);

/* A picture as PNG. Errors: ERR_CREATE, ERR_IO, ERR_MEMORY. */
status picture_write_png(const char *path, const uint8_t *rgb, int width, int height);

#endif
