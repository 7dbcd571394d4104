/* known_lengths - inside this room: how long the videos of a run are, kept in it from step to step.
 *
 * RUN/clip_lengths.json (docs/formats.md) holds the seconds of videos that could be opened, each with what it is known
 * by again (base/picture_folder.h, video_source_look). It saves opening them, and nothing depends on it: what is not
 * there, not understood or of another decoder is as if it were not known.
 */
#ifndef MAGISTER_STUDENT_KNOWN_LENGTHS_H
#define MAGISTER_STUDENT_KNOWN_LENGTHS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *path; /* borrowed */
    int64_t bytes, mtime;
    double seconds;
} known_length;

typedef struct {
    known_length *at; /* (count), by rising path */
    size_t count;
    void *text; /* what the paths are borrowed from */
} known_lengths;

/* Those of `path`, folders of pictures at `frame_rate`; none where there is no such file, or no good one. Errors:
 * ERR_MEMORY. */
status known_lengths_read(const char *path, double frame_rate, known_lengths *out);
void known_lengths_free(known_lengths *k);

/* Seconds of a video that is as it was; false where it is not known. */
bool known_lengths_find(const known_lengths *k, const char *path, int64_t bytes, int64_t mtime, double *seconds);

/* Replaces the file. Errors: ERR_INPUT (a name that is not UTF-8), ERR_CREATE, ERR_IO, ERR_MEMORY. */
status known_lengths_write(const char *path, double frame_rate, const known_length *lengths, size_t count);

#endif
