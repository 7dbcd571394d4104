/* clip_input - what a student sees where it sees clips of whole frames: T pictures of a segment's video, cut and
 * changed by transforms (video/transforms.h).
 *
 *   recognise   student.frames pictures at even distances over the segment (video/clip_frames.h)
 *   anticipate  student.frames pictures 1 / fps seconds apart, the last tau_a before the segment starts (clips.h)
 *
 * In training a clip is changed at random by its key; in scoring it is seen as one or more views, whose probabilities
 * the student averages. Controls: a blind student gets black pictures, and with student.shuffle_frames a clip's
 * pictures come in an order of no meaning, in scoring too (by the segment's uid).
 *
 * Threads decode and transform ahead of the step; what waits are bytes of the size that the model sees, at most
 * video.memory_mb, half of it each for training and scoring.
 */
#ifndef MAGISTER_STUDENT_CLIP_INPUT_H
#define MAGISTER_STUDENT_CLIP_INPUT_H

#include "student/clips.h"
#include "student/frames.h"
#include "tensor/tensor.h"

typedef enum { CLIPS_TRAIN, CLIPS_SCORE, CLIP_USES } clip_use;

typedef struct {
    transform_options transform;
    short_clip when_short;
    frame_options options;
    clip_source places; /* of anticipate */
    bool shuffled;
    size_t frames, views; /* T; views of a clip in scoring */
    video_table *files;
    frame_source *sources[CLIP_USES]; /* opened when first asked */
    double *moments;                  /* (T, 1) */
    clip_room room;                   /* for a picture on its way, where their order is mixed */
} clip_input;

/* Finds all videos. `d` is borrowed and must outlive it; `out` stays where it is once something was asked for. Errors:
 * those of transform_options_read, frame_options_read, video_table_open; ERR_MEMORY. The caller frees it. */
status clip_input_open(const recipe *r, const dataset *d, clip_input *out);
void clip_input_free(clip_input *c);

/* Bytes of a clip's pictures. */
size_t clip_input_bytes(const clip_input *c);

/* Asks for the clips of `count` segments, in scoring for all views of each; they are to be taken in the same order.
 * keys (count): of the random changes; NULL with CLIPS_SCORE. Errors: those of frame_source_ask_clip. */
status clip_input_ask(clip_input *c, clip_use use, const segment *const *at, const uint64_t *keys, size_t count);

/* The next clips, asked for with the same segments and keys: (count x views, T, size, size, 3) bytes, views of a
 * segment one after the other, one view in training: a temporary of the open scope. Errors: those of
 * frame_source_take_clip. */
status clip_input_take(clip_input *c, clip_use use, const segment *const *at, const uint64_t *keys, size_t count,
                       tensor **out);

#endif
