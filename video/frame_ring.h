/* frame_ring - inside this room: pictures on their way from the thread that decodes to the one that needs them.
 *
 * Room for a fixed number of pictures, each with a number. Whoever puts one in waits for room, or the oldest goes. One
 * thread puts, one takes; stopping may be any.
 */
#ifndef MAGISTER_VIDEO_FRAME_RING_H
#define MAGISTER_VIDEO_FRAME_RING_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct frame_ring frame_ring;

/* `room` pictures of `bytes`. Errors: ERR_MEMORY. */
status frame_ring_open(size_t room, size_t bytes, frame_ring **out);
void frame_ring_close(frame_ring **r); /* NULL inside is fine; nobody may be in a call */

/* Copies a picture in. `drop`: does not wait. False once stopped. */
bool frame_ring_put(frame_ring *r, const uint8_t *picture, int64_t number, bool drop);

/* No more will be put in: what is there can still be taken. */
void frame_ring_end(frame_ring *r);

/* Waits, up to `seconds` (negative: for ever), until there is a picture or the end. Pictures there are; 1 at the end.
 */
size_t frame_ring_wait(frame_ring *r, double seconds);

/* Waits, and takes out up to `most` pictures with their numbers, the oldest first; 0: the end. */
size_t frame_ring_take(frame_ring *r, size_t most, uint8_t *pictures, int64_t *numbers);

/* Nobody waits any more: what is being put in is not. */
void frame_ring_stop(frame_ring *r);

int64_t frame_ring_dropped(frame_ring *r);

#endif
