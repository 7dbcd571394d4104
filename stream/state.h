/* state - all of a learner between two turns, as bytes, from which it goes on bitwise.
 *
 * Not its options: whoever loads makes a learner of the same options and number of streams. What is held: networks,
 * moments of the optimisers, gradients collected since the last step and what they are to be divided by; of every
 * stream and layer the buffer, the window, counters, and the prediction; the vectors and pictures these need, with the
 * gradients that wait for more.
 */
#ifndef MAGISTER_STREAM_STATE_H
#define MAGISTER_STREAM_STATE_H

#include "stream/learner.h"
#include "tensor/image.h"

/* The files of a state: networks, one for every layer's optimiser, the rest. */
enum { STATE_FILES_MOST = STREAM_LAYERS_MOST + 2 };

/* The i-th file's name ("model.safetensors") among learner_state_files. Borrowed. */
const char *learner_state_name(size_t i);
size_t learner_state_files(const learner *l);

/* Errors: ERR_MEMORY. */
status learner_state_image(learner *l, size_t i, file_image *out);

/* Reads the files of a directory into a learner that has watched nothing; layers grow to as many as there were. Errors:
 * ERR_MISSING; ERR_INPUT names file and tensor (damaged, or of other options). */
status learner_state_load(learner *l, const char *directory);

#endif
