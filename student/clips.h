/* clips - what of a video a student sees for a segment: sub-clips cut from its track.
 *
 * A clip is T sub-clips in order of time, and a sub-clip is S frames whose features stand one after the other, so that
 * a model sees movement and not only places. With S = 1 a sub-clip is a frame (AVT's).
 *
 *   anticipate  `frames` sub-clips, 1 / fps seconds apart; the last ends tau_a before the segment starts, and nothing
 *               after that is seen. Before the video's beginning its first frame is repeated.
 *   recognise   the segment cut into `frames` sub-clips, its frames taken at even distances; before it `context`
 *               sub-clips of context_seconds each, so that the model sees what led there.
 *
 * Each sub-clip of recognise also carries the logarithm of its length in seconds, which resampling takes away.
 *
 * Random changes in training (augment.*): the segment's bounds move by normal `time` seconds (anticipate: the end moves
 * back); x and y are scaled by 1 + normal `scale` (with raw features every feature by its own), places shift by normal
 * `shift` for the whole clip, every number moves by normal `noise`. The last three are in deviations of the normalised
 * feature. They depend on the sample's key alone.
 */
#ifndef MAGISTER_STUDENT_CLIPS_H
#define MAGISTER_STUDENT_CLIPS_H

#include "conf/recipe.h"
#include "data/annotations.h"
#include "student/features.h"

#include <stdint.h>

typedef struct {
    bool recognise;
    int64_t frames, subclip, context;
    double context_seconds, fps, tau_a;
    feature_kind features;
    struct {
        double time, scale, shift, noise;
    } augment;
    bool blind; /* control: zeros instead of features */
} clip_options;

/* Reads student.* and data.tau_a. */
void clip_options_read(const recipe *r, clip_options *out);

/* Where pictures are seen (frames.h) there is no track: `from` is NULL, only places are asked for, and their clock has
 * CLIP_CLOCK ticks a second in place of a track's frames. */
enum { CLIP_CLOCK = 1000 };

typedef struct {
    clip_options options;
    const tracks *from;
    const char *path;    /* of the tracks, for messages; borrowed */
    double track_fps;    /* frames a second of the tracks, or CLIP_CLOCK */
    float *mean, *scale; /* (inputs) normalisation: (x - mean) * scale; owned; NULL: not normalised yet */
    double *places;      /* (T, S) room to work in; owned */
    double *changes;     /* (2, features a frame); owned */
} clip_source;

/* `from` and `path` may be NULL. `fallback_fps`: for tracks that do not tell their own. Errors: ERR_CONFIG
 * (features_check); ERR_MEMORY. The source is freed with clip_source_free; the tracks stay the caller's. */
status clip_source_open(const clip_options *options, const tracks *from, const char *path, double fallback_fps,
                        clip_source *out);
void clip_source_free(clip_source *s);

size_t clip_length(const clip_options *o); /* T, context included */
size_t clip_inputs(const clip_source *s);  /* numbers a sub-clip */

/* Whether anything can be seen before a segment that is to be anticipated: rows without are dropped from training. */
bool clip_is_possible(const clip_source *s, const segment *of);

/* OK when the segment's video has a track that reaches the clip. Errors: ERR_MISSING, ERR_INPUT naming uid, video and
 * path. */
status clip_check(const clip_source *s, const segment *of);

/* The clip of a segment that passed clip_check: (T, inputs) normalised values into `out`. `key`: of the random changes;
 * NULL: none. Errors: ERR_INPUT (uid, video) for numbers that are not finite. One thread at a time. */
status clip_fill(clip_source *s, const segment *of, const uint64_t *key, float *out);

/* Places in the track (frames from its start; before 0 where the video has not begun) of a clip's frames: (T, S) into
 * `out`. `key`: of the random changes; NULL: none. */
void clip_places(const clip_source *s, const segment *of, const uint64_t *key, double *out);

/* recognise: seconds that a clip begins and ends at; what the random changes move them by is all they change. */
void clip_bounds(const clip_source *s, const segment *of, const uint64_t *key, double *begin, double *end);

/* Mean and deviation of the inputs over the clips of these segments (count > 0; all possible), without random changes.
 * Errors: ERR_INPUT when a value is not finite (uid, video); ERR_MEMORY. */
status clip_normalise(clip_source *s, const segment *at, size_t count);

/* The normalisation of another source of the same inputs. Errors: ERR_MEMORY. */
status clip_copy_normalisation(const clip_source *from, clip_source *to);

/* Writes mean and scale beside the model that was trained with them. Errors as tensor_file_write. */
status clip_save_normalisation(const clip_source *s, const char *path);

#endif
