/* segmenter - a trained streaming learner at work: it tells where events of a video end, and learns nothing.
 *
 * A video may have no end, or come through a pipe: then frames are taken as they come, so that an event is told as soon
 * as the frame that ends it has been seen.
 */
#ifndef MAGISTER_STREAM_SEGMENTER_H
#define MAGISTER_STREAM_SEGMENTER_H

#include "events/hierarchy.h"
#include "tensor/module.h"
#include "video/frame_stream.h"

typedef struct segmenter segmenter;

typedef struct {
    void *self;
    /* An event has ended (NULL: nobody asks). vector: (features) what was made of it, borrowed; NULL of those that the
     * video's end closes. `latency`: seconds from when the frame that ended it was there; NAN of those too. */
    status (*event)(void *self, size_t layer, size_t number, const event *e, const float *vector, double latency);
    /* Frame `number` of the video has been taken in; `row` (segmenter_row_width) is what is known then (knowledge.h),
     * borrowed. NULL: nobody asks. */
    status (*frame)(void *self, int64_t number, const float *row);
} segment_listener;

/* Opens a model.safetensors. Errors: ERR_MISSING; ERR_INPUT (damaged, no streaming learner, sizes that the file cannot
 * hold); ERR_MEMORY. */
status segmenter_open(const char *path, segmenter **out);
status segmenter_open_file(tensor_file *file, segmenter **out); /* one that is open, and may be closed then */
void segmenter_close(segmenter **s);

size_t segmenter_features(const segmenter *s);
size_t segmenter_layers(const segmenter *s);
size_t segmenter_parameters(const segmenter *s); /* numbers that were learned */
size_t segmenter_row_width(const segmenter *s);
double segmenter_snippet(const segmenter *s); /* seconds from one frame to the next */

/* Watches a video, from `input` live, stall, raw, threads and frame_rate are taken; all events, closed at its end, are
 * left in
 * `*out` under its `name`. `account` gets what became of the input. Errors: those of frame_stream_next where not one
 * frame could be had; those of the listener; ERR_MEMORY. */
status segmenter_watch(segmenter *s, const char *path, const char *name, const frame_stream_options *input,
                       const segment_listener *listener, hierarchy *out, frame_stream_account *account);

#endif
