/* tracks - per-frame features of videos, for a student that does not see pixels.
 *
 * Forms, told by what is there:
 *
 *   a CSV with header video,frame,<name>,<name>...: one row a frame, the frames of a video together and numbered 0, 1,
 *   2 ...; its width is the number of names;
 *
 *   a folder with index.tsv (header video, frames, width and optionally fps, which is the same in all rows; separated
 * by tabs) and for each video <video>.f32 (little-endian float32, frames x width);
 *
 *   a folder with <video>.npy files of float32 (frames, width), all of one width;
 *
 *   an LMDB file (a name that ends in .mdb, or a folder with data.mdb) in the form of the published RULSTM features:
 *   the key <video>_frame_<ten digits>.jpg has (width) little-endian float32 values of frame `digits` at LMDB_FPS. A
 *   frame that is not there is the nearest of up to LMDB_BACK frames before it, or else zeros (frame 0: frame 1, the
 *   first there is in such files). A record that is damaged, or of another width, gives numbers that are not finite.
 *
 * Files of the last three are mapped, not read, so that a rank's memory does not grow with them, and ranks of a node
 * share them.
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

enum { LMDB_FPS = 30, LMDB_BACK = 9 };

/* float32 that may stand anywhere in memory, as files have it. */
typedef float track_value __attribute__((aligned(1)));

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
 * values unread. Those of LMDB are not looked at: there is no end to them. */
status tracks_check(const tracks *t);

size_t tracks_width(const tracks *t);                     /* numbers a frame */
size_t tracks_frames(const tracks *t, const char *video); /* 0 when the video is not there */

/* Frames a second; 0 where the files do not tell (the CSV form, an index without fps): then it is data.fps. */
double tracks_fps(const tracks *t);

/* Frame `frame` of a video: (width) values, borrowed; NULL when it is not there. */
const track_value *tracks_frame(const tracks *t, const char *video, size_t frame);

#endif
