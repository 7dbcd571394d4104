/* clip_frames - which frames of a range make a clip, by number: shown frames count from 0, whatever their distances in
 * time.
 */
#ifndef MAGISTER_VIDEO_CLIP_FRAMES_H
#define MAGISTER_VIDEO_CLIP_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* Frames from `first` up to, and without, `end`. */
typedef struct {
    int64_t first, end;
} frame_range;

/* What becomes of a range of fewer frames than are wanted. */
typedef enum {
    SHORT_REPEAT,  /* it is repeated until there are enough, and frames are taken from all of that */
    SHORT_STRETCH, /* each frame is taken several times (PyTorchVideo's own answer) */
} short_clip;

/* `count` frames at even distances from the first to the last: PyTorchVideo's UniformTemporalSubsample, to the last bit
 * of its float32 linspace (0 .. T-1, cut off to whole numbers). `range` holds at least one frame; count > 0. */
void frames_subsample(frame_range range, size_t count, short_clip when_short, int64_t *index);

#endif
