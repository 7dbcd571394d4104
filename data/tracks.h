/* tracks - per-frame features of videos, for a student that does not see pixels.
 *
 * Two forms. A CSV with header video,frame,<name>,<name>...: one row a frame, the frames of a video together and
 * numbered 0, 1, 2 ...; its width is the number of names. Or a folder with index.tsv (header video, frames, width and
 * optionally fps, which is the same in all rows; separated by tabs) and for each video <video>.f32 (little-endian
 * float32, frames x width), which is mapped, not read, so that a rank's memory does not grow with it.
 *
 * What a CSV holds can be packed into one piece of memory, which any number of processes may look into (tracks_pack):
 * one of them parses, and the numbers lie there once.
 *
 * A mapped file must not be shortened while it is open. Reading is thread-safe.
 */
#ifndef MAGISTER_DATA_TRACKS_H
#define MAGISTER_DATA_TRACKS_H

#include "base/status.h"

#include <stddef.h>

typedef struct tracks tracks;

/* Errors: ERR_MISSING; ERR_INPUT with path:line or path and bytes (file size that does not fit the index, frames out of
 * order, a video twice, values in a CSV that are not finite numbers); ERR_MEMORY. */
status tracks_open(const char *path, tracks **out);
void tracks_close(tracks **t);

/* Bytes that tracks_pack writes; 0 for a folder, whose values are mapped files already. */
size_t tracks_packed_bytes(const tracks *t);
void tracks_pack(const tracks *t, void *to); /* to: on a multiple of 8 bytes */

/* Tracks that look into what tracks_pack wrote: `bytes` (count), borrowed until they are closed. `path` is where it was
 * read from. Errors: ERR_INTERNAL when the bytes are something else; ERR_MEMORY. */
status tracks_open_packed(const char *path, const void *bytes, size_t count, tracks **out);

/* Reads all values once: ERR_INPUT with path, frame and value number where one is not finite. tracks_open leaves mapped
 * values unread. */
status tracks_check(const tracks *t);

size_t tracks_width(const tracks *t);                     /* numbers a frame */
size_t tracks_frames(const tracks *t, const char *video); /* 0 when the video is not there */

/* Frames a second; 0 where the files do not tell (the CSV form, an index without fps): then it is data.fps. */
double tracks_fps(const tracks *t);

/* Frame `frame` of a video: (width) values, borrowed; NULL when it is not there. */
const float *tracks_frame(const tracks *t, const char *video, size_t frame);

#endif
