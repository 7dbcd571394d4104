/* stream_frames - inside this room: the frames of an input from front to back, as they come out of the codec, with
 * times that run on (stream_clock.h).
 *
 * A packet's number travels through the codec in the place of its time stamp, and tells the frame's time when it comes
 * out. What is known of packets is kept for the last few hundred: memory does not grow with the input.
 *
 * Time 0 is the first picture's. Where every packet is a frame and says when, that is the earliest one even when it
 * cannot be decoded, as in decoder.h.
 */
#ifndef MAGISTER_VIDEO_STREAM_FRAMES_H
#define MAGISTER_VIDEO_STREAM_FRAMES_H

#include "video/container.h"
#include "video/libav.h"
#include "video/stream_clock.h"

enum { PACKETS_KNOWN = 512 };

typedef struct {
    int64_t number; /* in the input */
    int64_t time, duration;
    bool shown, came, failed; /* it is a frame; which came out; the codec could not read it */
} known_packet;

typedef struct {
    int threads; /* of the codec */
    bool prompt; /* frames are to come as soon as the codec thinks it knows their order, which may lose some */
} stream_frames_options;

typedef struct {
    stream_frames_options options;
    container from;
    AVCodecContext *codec;
    AVPacket *packet;
    double tick; /* seconds */
    stream_clock clock;
    known_packet known[PACKETS_KNOWN];
    int64_t read;            /* packets */
    int64_t feed_from;       /* number of the first that is decoded */
    int64_t begin;           /* frames before this time are no good: what they refer to was not decoded */
    int64_t zero;            /* time of the first picture, once `begun` */
    int64_t last, shown_for; /* of the frame that came out last: its time, and how long it is shown */
    int64_t lost;            /* earliest time of a packet that brought no frame and is not known any more */
    int64_t end;             /* of what the packets promise to show */
    bool begun, drained;
    bool orderly;     /* every packet so far says when its frame is shown */
    bool whole;       /* the input came to its own end */
    char reason[160]; /* the first thing that went wrong; "" for nothing */
} stream_frames;

/* A frame that came out. */
typedef struct {
    AVFrame *frame; /* the caller's */
    int64_t time;   /* ticks from the first picture */
    bool damaged;   /* parts of it are guessed */
} stream_frame;

/* `wait` and `raw` as container_begin. Must not be moved in memory while open. Errors: as container_begin. */
status stream_frames_open(const char *path, source_wait *wait, const raw_pictures *raw,
                          const stream_frames_options *options, stream_frames *s);
void stream_frames_close(stream_frames *s); /* also one that is all zeros but for s->from.bytes.fd, -1 */

/* The next frame into `out->frame`; times never fall. Errors: ERR_MEMORY. */
status stream_frames_next(stream_frames *s, stream_frame *out, bool *ended);

#define STREAM_START (INT64_MIN / 2)

/* Goes to a key packet of a file from which decoding gives the frame on screen at `time`, once the first frame has come
 * out; the frame that comes out next is that one or before it. Without such a packet, and for STREAM_START, to the
 * beginning. Errors: ERR_INPUT, ERR_MISSING when the file cannot be read again; ERR_MEMORY. */
status stream_frames_seek(stream_frames *s, int64_t time);

/* Whether a frame that is not there was to be shown after the one at `from`, and not after `time`. */
bool stream_frames_lost(const stream_frames *s, int64_t from, int64_t time);

/* Ticks from the first picture to the end of the last one; once all have come out. */
int64_t stream_frames_end(const stream_frames *s);

#endif
