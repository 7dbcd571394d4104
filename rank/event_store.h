/* event_store - what a streaming learner made of the events it found, kept in a store: a set of features alone.
 *
 * A record's uid is VIDEO#LAYER#EVENT (events/hierarchy.h). The last event of a layer, which the video's end closed,
 * was never handed up and has none.
 */
#ifndef MAGISTER_RANK_EVENT_STORE_H
#define MAGISTER_RANK_EVENT_STORE_H

#include "events/hierarchy.h"

typedef struct event_store event_store;

/* `where`: STORE or STORE:NAME; the file is made where there is none. `model`: path of the model that makes the
 * features (width numbers each): a set of another model is begun anew. Events are on disk after ten seconds, so
 * that a stream without end may be cut off. Errors: those of the store. */
status event_store_open(const char *where, const char *model, size_t width, event_store **out);
void event_store_close(event_store **s); /* what came in the last ten seconds is lost, if it was not ended */

status event_store_put(event_store *s, const char *video, size_t layer, size_t number, const event *e,
                       const float *features);

/* All videos are done: the set is complete. */
status event_store_end(event_store *s);

#endif
