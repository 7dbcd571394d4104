/* reference - a streaming learner as it is described, and nothing saved: what learner.h is held against.
 *
 * Every input has the whole buffer of its event encoded again, pictures included, and is recorded for gradients. Every
 * loss goes back by itself through what was recorded, and its gradients are weighed part by part, as hierarchical
 * gradient normalisation says. One stream, one thread, for tests: at published sizes it takes seconds a frame.
 *
 * Options, inputs, what is told and how weights begin are those of learner.h, so both can be asked the same question.
 */
#ifndef MAGISTER_STREAM_REFERENCE_H
#define MAGISTER_STREAM_REFERENCE_H

#include "stream/learner.h"

typedef struct reference reference;

/* As learner_new, for one stream. Errors: ERR_MEMORY. */
status reference_new(const stream_options *o, t_type type, reference **out);
void reference_free(reference **r); /* NULL is fine */

/* As learner_watch. Errors: those of the listener; ERR_MEMORY. */
status reference_watch(reference *r, const stream_frames *frames, bool learn, const stream_listener *listener);

/* `told` is called before each optimiser step, when gradients are final. */
void reference_tell_steps(reference *r, status (*told)(void *self, module *model), void *self);

size_t reference_layers(const reference *r);
module *reference_model(reference *r); /* borrowed */
int64_t reference_steps(const reference *r);

#endif
