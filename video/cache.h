/* cache - sampled and resized frames of many videos, decoded once and mapped from disk from then on.
 *
 * A cache is a folder: manifest.json, which says how it was made and of which files, and for every video <video>.u8,
 * its pictures (frames, height, width, 3), which are mapped, not read. docs/formats.md describes both.
 *
 * Making. Videos are decoded side by side, one a thread. Each is written under another name and renamed when whole, and
 * noted in a journal; the manifest comes last. So a folder without a manifest is no cache, and one whose making was
 * interrupted goes on where it was. A video that is broken in part is kept with the numbers of the frames that had to
 * be replaced; one of which nothing could be had is kept with its reason and no frames.
 *
 * Opening. What is wanted is compared with what was made: another sampling or size, or a source file that has changed
 * (another size or, where only its time differs, other bytes), is an error that says what differs and what to do. Sizes
 * are checked before anything is mapped. Mapped files must not be shortened while a cache is open.
 *
 * Reading is thread-safe.
 */
#ifndef MAGISTER_VIDEO_CACHE_H
#define MAGISTER_VIDEO_CACHE_H

#include "base/hash.h"
#include "base/status.h"
#include "video/decoder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is in a cache: the frames on screen at 0, 1 / fps, 2 / fps ... seconds, or `uniform` frames spread evenly
 * (frames_uniform); the other of the two is 0. */
typedef struct {
    double fps;            /* up to 1000 */
    size_t uniform;        /* up to 1,000,000 */
    picture_format format; /* with sides, not 0 */
} cache_form;

/* The words that make a cache of this form: "magister video cache VIDEOS -o CACHE --fps 5 --size 64 --fit crop", and
 * --resume, for messages. `videos` NULL: not known. */
void cache_form_command(const cache_form *form, const char *videos, const char *cache, bool resume, char *out,
                        size_t size);

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

typedef struct frame_cache frame_cache;

typedef struct {
    const char *name;   /* its path in the folder of videos, without the ending */
    size_t frames;      /* that are here; 0: nothing could be decoded */
    double seconds;     /* how long the video is */
    size_t replaced;    /* frames that could not be decoded, and are another's */
    const char *reason; /* of the first that could not; "" when all could */
} cached_video;         /* borrowed from the cache */

/* `want` NULL: as it was made. `videos` is the folder of videos to compare with, folders of pictures among them at
 * `frame_rate` (<= 0: 30); NULL: none is (their files need not be there). Errors: ERR_MISSING (no manifest); ERR_INPUT
 * (not what is wanted, sources changed, damaged); ERR_MEMORY. */
status frame_cache_open(const char *path, const cache_form *want, const char *videos, double frame_rate,
                        frame_cache **out);
void frame_cache_close(frame_cache **c);

const cache_form *frame_cache_made_as(const frame_cache *c);

/* Tells caches apart that may hold different pictures: by their form, and the bytes of the videos. ERR_MEMORY. */
status frame_cache_hash(const frame_cache *c, char out[HASH_TEXT]);

/* Seconds from one frame of a video to the next: how finely the cache can be seen. Of uniform frames those of the
 * longest video, in the mean. */
double frame_cache_spacing(const frame_cache *c);

size_t frame_cache_count(const frame_cache *c); /* videos */

/* Video `number` in the order of names; NULL when there is none. */
const cached_video *frame_cache_video(const frame_cache *c, size_t number);

/* NULL when it is not there. */
const cached_video *frame_cache_find(const frame_cache *c, const char *name);

/* Number of the cached frame on screen at `seconds`: the last whose time is not after it, or the first.
 * `video` has frames. */
size_t frame_cache_at(const frame_cache *c, const cached_video *video, double seconds);

/* Its picture (height, width, 3), borrowed; NULL when there is no such frame. `*replaced` says whether it stands for a
 * frame that could not be decoded; may be NULL. */
const uint8_t *frame_cache_picture(const frame_cache *c, const cached_video *video, size_t frame, bool *replaced);

/* ---- making -------------------------------------------------------------------------------------------------------
 */

typedef struct {
    size_t videos;         /* in the folder */
    size_t kept;           /* that an earlier call had made */
    size_t damaged, empty; /* in part; without any frame */
    size_t frames;
    uint64_t bytes; /* of all pictures */
} cache_result;

typedef struct {
    const char *videos; /* folder of files, with folders in it (video_files.h) */
    const char *out;    /* made where it is not there */
    double frame_rate;  /* of folders of pictures; <= 0: 30 */
    cache_form form;
    int threads;    /* videos decoded side by side, 1 .. 256 */
    double timeout; /* seconds that opening a file, and every 32 frames of it, may take; <= 0: no limit */
    bool resume;    /* goes on with what is in `out`, and replaces what has changed; without it `out` must be empty */
    /* Called with each video that is done, by one thread at a time; NULL: by none. */
    void (*tell)(void *self, const cached_video *video, size_t done, size_t of);
    /* Asked between frames, by any thread; true ends the making, and what is whole is kept. NULL: it is never ended. */
    bool (*stopped)(void *self);
    void *self; /* of both */
} cache_making;

/* Errors: ERR_RETRY (stopped; `resume` goes on); ERR_CONFIG (form, threads; built without FFmpeg); ERR_MISSING,
 * ERR_INPUT (no videos, two of one name; `out` was made in another form); ERR_CREATE (`out` is not empty, or another
 * process is making it); ERR_IO; ERR_MEMORY. Broken videos are none: `out` counts them. */
status frame_cache_make(const cache_making *making, cache_result *out);

#endif
