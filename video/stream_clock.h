/* stream_clock - inside this room: one time for a stream whose time stamps jump, start again or are missing.
 *
 * Packets pass in the order in which they are decoded, and their stamps are moved by an offset. As long as the stamps
 * are in order the offset stays: time is the stamps', and nothing drifts. Where they jump it is changed so that time
 * goes on one frame after the highest stamp so far. A jump is
 * - forward by more than 10 seconds;
 * - back at a key packet, which in every codec is shown after all that was decoded before it (by more than 0.1 seconds:
 *   recordings of cameras jitter);
 * - back at another packet by more than 10 seconds, or by more frames than a codec holds back to put them in order.
 *
 * Times are ticks. Nothing here knows FFmpeg.
 */
#ifndef MAGISTER_VIDEO_STREAM_CLOCK_H
#define MAGISTER_VIDEO_STREAM_CLOCK_H

#include "video/frame_table.h"

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_LOOK_BACK = 32 };

typedef struct {
    int64_t offset;          /* that is added to stamps */
    int64_t high;            /* the highest time so far */
    int64_t usual;           /* from one frame to the next */
    int64_t most, tolerance; /* forward without a jump; back at a key packet */
    int64_t recent[CLOCK_LOOK_BACK];
    uint64_t taken;      /* packets with a time */
    int64_t jumps, leap; /* so far; by how much the last one jumped, before it was made good */
} stream_clock;

/* `tick`: seconds; `fps` 0: not known. Errors: ERR_INPUT for ticks that are no time, or of more than 10 seconds. */
status stream_clock_start(stream_clock *c, double tick, double fps);

/* Moves the packet's stamps; those that are not known stay so, and a duration of more than 10 seconds becomes unknown.
 * The first packet is at 0. True after a jump. */
bool stream_clock_take(stream_clock *c, packet_entry *entry, bool key);

#endif
