/* frames - moments of videos as stacks of pictures, decoded by threads ahead of the step that needs them.
 *
 * A moment is the frame on screen at a time and `stack - 1` earlier ones, stack_seconds apart, the latest first; before
 * a video's beginning its first frame is repeated. What is asked for comes in that same order.
 *
 * Frames are decoded from the videos' files or, where there is a frame cache, taken from that alone (video/cache.h):
 * the same pictures at the times it holds.
 *
 * A clip that cannot be decoded whole goes on with what could be had (video/loader.h), is counted, and warned of once a
 * video; or, with stop_on_broken, it is an error that names video, path and reason.
 */
#ifndef MAGISTER_STUDENT_FRAMES_H
#define MAGISTER_STUDENT_FRAMES_H

#include "conf/recipe.h"
#include "data/video_table.h"
#include "student/pictures.h"
#include "video/loader.h"

typedef struct {
    const char *folder; /* data.videos; borrowed from the recipe */
    int64_t side, stack;
    double stack_seconds;
    int threads;
    size_t memory;     /* bytes of pictures at most */
    double frame_rate; /* of videos that are folders of pictures */
    double timeout;
    bool stop_on_broken;
    int64_t ahead; /* steps of training */
    picture_augment augment;
    const frame_cache *cache;           /* where pictures are taken from; borrowed; NULL: files are decoded */
    const transform_options *transform; /* of clips of whole frames (clip_input.h); borrowed; NULL: there are moments */
} frame_options;

/* Reads video.*, student.cnn.stack* and student.augment.*; video.cache is opened by cached_frames.h. Errors: ERR_CONFIG
 * without data.videos. */
status frame_options_read(const recipe *r, frame_options *out);

/* How pictures are to come out of videos. */
picture_format frame_options_format(const frame_options *o);

/* Bytes of a moment: side x side x 3 x stack. */
size_t frame_moment_bytes(const frame_options *o);

typedef struct frame_source frame_source;

/* `files` is borrowed and may be shared by several sources of one thread. `memory`: of this source's pictures. Errors:
 * those of loader_open. */
status frame_source_open(const frame_options *options, size_t memory, video_table *files, frame_source **out);
void frame_source_close(frame_source **s);

/* Asks for `count` (> 0) moments of the video called `name`, in seconds. Errors: ERR_MISSING for a video that is not in
 * the files; those of loader_ask. */
status frame_source_ask(frame_source *s, const char *name, const double *moments, size_t count);

/* The next that was asked for: (count, side, side, 3 x stack) into `out`; `*replaced` gets how many of its frames could
 * not be decoded (may be NULL). Errors: ERR_INPUT for a broken clip with
 * stop_on_broken; those of loader_take. */
status frame_source_take(frame_source *s, const picture_change *change, uint8_t *out, size_t *replaced);

/* The same for clips of a source with a transform: which frames, and how they look (video/clip_reading.h). What is
 * taken is (count, size, size, 3) of the transform. */
status frame_source_ask_clip(frame_source *s, const char *name, const clip_choice *frames, const clip_look *look);
status frame_source_take_clip(frame_source *s, uint8_t *out);

/* Zeros for NULL. */
loader_stats frame_source_stats(const frame_source *s);

#endif
