/* source - inside this room: the bytes of a video file, as FFmpeg reads them.
 *
 * Everything FFmpeg reads goes through here, so that a call ends at its deadline even where a file leads it in circles,
 * and so that no file can name another one, or an address, to be opened in its place.
 *
 * A source can be `blank`: reads of the data give zeros without touching the file. Containers that have all about their
 * packets in one place can so be listed without reading gigabytes of pictures.
 *
 * With a `source_wait` it may also be a pipe, which is read once from front to back, and a file may grow: its end is
 * where it is when reading comes to it. A wait for a pipe ends when bytes come, when none came for too long, or when
 * another thread says so.
 */
#ifndef MAGISTER_VIDEO_SOURCE_H
#define MAGISTER_VIDEO_SOURCE_H

#include "base/status.h"
#include "video/box_order.h"
#include "video/libav.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int from;                /* descriptor to be read in the path's place (a copy of it is); -1: the path is opened */
    const atomic_bool *stop; /* reading ends when it is set */
    int wake;                /* descriptor that is readable from then on */
    double stall;            /* seconds without a byte after which a wait ends; <= 0: never */
    bool stalled;            /* it did */
    char trouble[160];       /* why there is no more to read, where that is not its end; "" otherwise */
} source_wait;

typedef struct {
    int fd;
    int64_t at, size; /* bytes */
    double deadline;  /* of monotonic_seconds; INFINITY: none */
    bool blank;
    bool piped;        /* `size` is not known, and there is no way back */
    int64_t base;      /* place in a file that was handed over where it counts as beginning */
    source_wait *wait; /* borrowed; NULL: regular files only */
    box_order boxes;   /* of what a pipe brought so far */
    AVIOContext *io;
} source;

/* Opens a regular file, with `s->wait` a pipe too; `s->deadline` and `s->wait` are set before, and stay, but that a
 * pipe has no deadline. Must not be moved in memory while open. Errors: ERR_MISSING, ERR_INPUT (a folder, a pipe),
 * ERR_MEMORY. */
status source_open(const char *path, source *s);
void source_close(source *s); /* once it was given to source_open, or its fd is -1 */

bool source_is_late(const source *s); /* or is to stop */

/* Makes `format` read from the source and from nowhere else. */
void source_attach(source *s, AVFormatContext *format);

#endif
