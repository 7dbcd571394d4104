/* frame_table - inside this room: which packets a video has, in the order they are decoded, and which frames they
 * become, in the order they are shown.
 *
 * Packets are added as they stand in the file; frames are either put in order by the packets' time stamps (a container
 * in which every packet is a frame and says when), or added one by one as decoding brings them out. Times are ticks of
 * the stream's clock. Nothing here knows FFmpeg.
 */
#ifndef MAGISTER_VIDEO_FRAME_TABLE_H
#define MAGISTER_VIDEO_FRAME_TABLE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_UNKNOWN INT64_MIN

typedef struct {
    int64_t time, decode_time; /* ticks; TIME_UNKNOWN where the file does not tell */
    int64_t duration;          /* ticks; 0: unknown */
    int64_t position;          /* in the file; with the times it tells packets apart */
    int64_t key;               /* number of the last key packet up to this one, its own if it is one; -1: none yet */
    int64_t frame;             /* index of the frame it becomes; -1: it is not shown */
    bool shown;                /* false: only decoded, because others refer to it */
} packet_entry;

typedef struct {
    int64_t time, packet;
} frame_entry;

typedef struct {
    packet_entry *packets; /* (packet_count) */
    frame_entry *frames;   /* (frame_count) */
    size_t packet_count, packet_room, frame_count, frame_room;
} frame_table;

/* Adds the next packet; `entry->key` and `entry->frame` are filled in here. Errors: ERR_INPUT past 4 million packets;
 * ERR_MEMORY. */
status frame_table_add(frame_table *t, const packet_entry *entry, bool key);

/* Whether every shown packet has a time of its own, so that frame_table_order gives the truth. */
bool frame_table_knows_times(const frame_table *t);

/* Makes the frames out of the packets shown, by time. Errors: ERR_MEMORY. */
status frame_table_order(frame_table *t);

/* Adds the frame that decoding brought out next; a packet that already became a frame is passed over, and times never
 * run backwards. Errors: ERR_MEMORY. */
status frame_table_add_frame(frame_table *t, int64_t packet, int64_t time);

/* The key packet from which decoding gives frame `frame`, 0 where there is none before it. */
int64_t frame_table_start(const frame_table *t, int64_t frame);

/* Number of packets decoded before one that is shown before them, at most 16: how long a decoder has to wait before
 * it knows which frame comes next. */
int frame_table_delay(const frame_table *t);

/* Index of the last frame whose time is not after `time`; 0 when all are. There must be frames. */
int64_t frame_table_at(const frame_table *t, int64_t time);

/* Ticks that the frame is shown: to the next one, for the last its packet's duration, or else the one before's. */
int64_t frame_table_ticks(const frame_table *t, int64_t frame);

/* Time of the end of the last frame; 0 without frames. */
int64_t frame_table_end(const frame_table *t);

/* Frees all and leaves an empty table. */
void frame_table_free(frame_table *t);

#endif
