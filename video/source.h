/* source - inside this room: the bytes of a video file, as FFmpeg reads them.
 *
 * Everything FFmpeg reads goes through here, so that a call ends at its deadline even where a file leads it in circles,
 * and so that no file can name another one, or an address, to be opened in its place.
 *
 * A source can be `blank`: reads of the data give zeros without touching the file. Containers that have all about their
 * packets in one place can so be listed without reading gigabytes of pictures.
 */
#ifndef MAGISTER_VIDEO_SOURCE_H
#define MAGISTER_VIDEO_SOURCE_H

#include "base/status.h"
#include "video/libav.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int fd;
    int64_t at, size; /* bytes */
    double deadline;  /* of monotonic_seconds; INFINITY: none */
    bool blank;
    AVIOContext *io;
} source;

/* Opens a regular file; `s->deadline` is set before, and stays. Must not be moved in memory while open. Errors:
 * ERR_MISSING, ERR_INPUT (a folder, a pipe), ERR_MEMORY. */
status source_open(const char *path, source *s);
void source_close(source *s); /* once it was given to source_open, or its fd is -1 */

bool source_is_late(const source *s);

/* Makes `format` read from the source and from nowhere else. */
void source_attach(source *s, AVFormatContext *format);

#endif
