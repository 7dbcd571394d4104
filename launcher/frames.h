/* frames - single frames of a video as PNG, made by magister-rank, which holds the decoder. */
#ifndef MAGISTER_LAUNCHER_FRAMES_H
#define MAGISTER_LAUNCHER_FRAMES_H

#include "base/status.h"

#include <stddef.h>

enum { FRAMES_MAX = 8 };

typedef struct {
    char *bytes[FRAMES_MAX]; /* PNG files; owned */
    size_t sizes[FRAMES_MAX], count;
} frame_list;

/* The frames on screen at `seconds` (count, at most FRAMES_MAX), `size` pixels wide (`frame_rate`: of a folder of
 * pictures), through PNG files in `scratch`, a folder that is replaced and left with them. Errors: ERR_MISSING without
 * magister-rank, or when a file is missing of what it should have written; ERR_INPUT for times outside 0 to 1e9, and
 * when it cannot read the video or what it wrote is no PNG; ERR_CREATE, ERR_IO, ERR_MEMORY. The caller frees it with
 * frames_free. */
status frames_read(const char *video, double frame_rate, const double *seconds, size_t count, int size,
                   const char *scratch, frame_list *out);
void frames_free(frame_list *list);

#endif
