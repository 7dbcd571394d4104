/* knowledge - what a streaming learner knows of a video after each frame, as a row of numbers that others learn from.
 *
 *   z of layer 0, of layer 1 ...          (features) each: what the layer makes of its present event; zeros before its
 *                                         first input
 *   surprise, boundary of layer 0, of layer 1 ...
 *
 * surprise: how the error e of the layer's last prediction stands to the threshold t above which it would have been a
 * boundary, (e - t) / (|e| + |t|): -1 .. 1, 0 at the threshold; the same as tanh(log(e / t) / 2), so that it does not
 * depend on how large errors are. It stays until the layer's next input; 0 where there was no prediction, or no
 * threshold yet.
 * boundary: 1 in the row of the frame at which an event of the layer was found to have ended, else 0.
 *
 * A row depends on its frame and those before it, never on a later one.
 */
#ifndef MAGISTER_STREAM_KNOWLEDGE_H
#define MAGISTER_STREAM_KNOWLEDGE_H

#include "stream/learner.h"

typedef struct {
    size_t layers, features;
    float surprise[STREAM_LAYERS_MOST], boundary[STREAM_LAYERS_MOST];
} knowledge;

size_t knowledge_width(size_t layers, size_t features); /* numbers of a row */

/* A video begins. */
knowledge knowledge_begin(size_t layers, size_t features);

/* Told of every input of a frame; then its row is asked for once: (knowledge_width) into `out`. */
void knowledge_input(knowledge *k, const stream_input *input);
status knowledge_row(knowledge *k, const learner *l, size_t stream, float *out);

/* The row of a moment at which there was no frame, from the row before it: what is known stays, nothing ends. */
void knowledge_stay(const knowledge *k, float *row);

#endif
