/* clip_frames - which frames of a video make a clip, by number.
 *
 * Numbers count shown frames from 0, whatever their distances in time; video_frame_seconds_at turns them into the
 * seconds that a loader takes, so that number i of n means exactly that frame, with a variable frame rate too.
 */
#ifndef MAGISTER_VIDEO_CLIP_FRAMES_H
#define MAGISTER_VIDEO_CLIP_FRAMES_H

#include "base/status.h"
#include "video/decoder.h"

#include <stddef.h>
#include <stdint.h>

/* Frames from `first` up to, and without, `end`. */
typedef struct {
    int64_t first, end;
} frame_range;

/* Of a video of `frames` (> 0) what an annotation names as first and last frame, counted from 1, both included (WLASL's
 * frame_start and frame_end); a first of 0 or less is the first there is, a last of 0 or less the last. What reaches
 * past the end is cut off there. Errors: ERR_INPUT when nothing is left, with the numbers. */
status frame_range_of(int64_t frame_start, int64_t frame_end, int64_t frames, frame_range *out);

/* What becomes of a range of fewer frames than are wanted. */
typedef enum {
    SHORT_REPEAT,  /* it is repeated until there are enough, and frames are taken from all of that */
    SHORT_STRETCH, /* each frame is taken several times (PyTorchVideo's own answer) */
} short_clip;

/* `count` frames at even distances from the first to the last: PyTorchVideo's UniformTemporalSubsample, to the last bit
 * of its float32 linspace (0 .. T-1, cut off to whole numbers). `range` holds at least one frame; count > 0. */
void frames_subsample(frame_range range, size_t count, short_clip when_short, int64_t *index);

/* Seconds at which the frames `index` (count) are on screen, as clip_request wants them. Errors: ERR_INPUT for a number
 * that the video does not have; when two frames have the same time, the later is seen for both. */
status video_frame_seconds_at(const video *v, const int64_t *index, size_t count, double *seconds);

#endif
