/* buffer - what a layer keeps of the present event: its most surprising inputs, in the order they came.
 *
 * Inputs are known by a number that the caller gives. Of a full buffer the least surprising input (the earliest of
 * equals) makes room for a new one that is more surprising; one that is not is dropped. Nothing here allocates but
 * buffer_new.
 */
#ifndef MAGISTER_STREAM_BUFFER_H
#define MAGISTER_STREAM_BUFFER_H

#include "base/status.h"
#include "stream/options.h"

typedef struct {
    distance_mode distance;
    size_t room, count;
    size_t *items;  /* (count) numbers */
    double *values; /* (count) the similarity or distance each came with */
    int64_t seen;   /* inputs of this event, dropped ones too */
} event_buffer;

status buffer_new(distance_mode distance, size_t room, event_buffer *out); /* Errors: ERR_MEMORY */
void buffer_free(event_buffer *b);
void buffer_reset(event_buffer *b); /* an event begins */
void buffer_add(event_buffer *b, size_t item, double value);

#endif
