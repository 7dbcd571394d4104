/* loader - clips decoded by threads ahead of the step that needs them.
 *
 * Clips are asked for in the order they will be used, and taken in that same order, whatever order the threads finish
 * in: results do not depend on the number of threads. Memory is bounded: pictures that wait to be taken, those being
 * decoded, and buffers kept to be used again hold at most `memory` bytes (but always one clip). A thread that finds no
 * room waits; nothing is thrown away. Clips that were taken and not yet returned are the caller's, and not counted.
 *
 * With a transform (transforms.h) the threads cut and change pictures too, and what waits are the results: bytes of the
 * size that a model sees, whatever the size of the videos (clip_reading.h).
 *
 * A clip comes from a video file (decoder.h) or, where a cache of frames is given, from that alone (cache.h); both give
 * the same pictures at the times the cache holds. Files stay open while the next clip of the same thread is of the same
 * file.
 *
 * A broken clip does not stop anything: it is delivered with what could be had (decoder.h), black where there was
 * nothing at all, and its account says so.
 *
 * One thread asks and takes.
 */
#ifndef MAGISTER_VIDEO_LOADER_H
#define MAGISTER_VIDEO_LOADER_H

#include "base/status.h"
#include "video/clip_reading.h"
#include "video/decoder.h"

#include <stddef.h>
#include <stdint.h>

typedef struct loader loader;
typedef struct frame_cache frame_cache; /* video/cache.h */

typedef struct {
    int threads;              /* 1 .. 256 */
    size_t memory;            /* bytes */
    picture_format format;    /* with sides, not 0 */
    double frame_rate;        /* of folders of pictures; <= 0: 30 */
    double timeout;           /* seconds that opening a file, and the frames of a clip, may take; <= 0: no limit */
    const frame_cache *cache; /* borrowed, of the same format; NULL: none */
    const transform_options *transform; /* copied; NULL: none. Then `format` is not looked at, and there is no cache */
} loader_options;

/* One clip. `path` is the file, `name` the video's name in the cache; the one that is not needed may be NULL. Frames at
 * even distances, and `look`, are for loaders with a transform. Everything is copied. */
typedef struct {
    const char *path, *name;
    clip_choice frames;
    clip_look look;
} clip_request;

typedef struct {
    uint8_t *pictures;     /* (count, height, width, 3), or of the transform's size; borrowed until loader_return */
    size_t count;          /* frames, times the views that were asked for */
    video_account account; /* decoded < asked: broken in part; decoded 0: all black */
} loaded_clip;

typedef struct {
    double waited;        /* seconds loader_take has waited */
    size_t clips, broken; /* taken; those whose account is not whole */
    size_t memory_peak;   /* bytes of pictures held at once, without those taken */
} loader_stats;

/* Errors: ERR_CONFIG (options; a cache of another format), ERR_MEMORY. */
status loader_open(const loader_options *options, loader **out);

/* Stops the threads as soon as the clips they are at are done (or their time is over), and frees everything, clips that
 * were not returned too. NULL inside is fine. */
void loader_close(loader **l);

/* Queues a clip. Errors: ERR_MEMORY; ERR_INPUT for no frames, times that are not finite, or no file to take them from.
 */
status loader_ask(loader *l, const clip_request *clip);

/* The next clip that was asked for; waits for it. Errors: ERR_INTERNAL when nothing was asked for; ERR_MEMORY when
 * there was none for its pictures. A clip that failed is gone; the next call takes the next. */
status loader_take(loader *l, loaded_clip *out);

/* Gives the pictures of a taken clip back for new ones. */
void loader_return(loader *l, loaded_clip *clip);

void loader_stats_read(loader *l, loader_stats *out);

#endif
