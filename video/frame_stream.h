/* frame_stream - frames of input that may have no end, one after the other, at even distances.
 *
 * Frame k is the picture on screen k * snippet seconds after the first picture's time stamp. It is found by time
 * stamps, so nothing drifts however long the input is and whatever its frame rate: the pictures are those of
 * video_frames_by_time (decoder.h). The last frame is the last one before the end of the last picture.
 *
 * Input is read once, from front to back, and memory does not grow with it: a thread decodes ahead and holds `ahead`
 * frames. When they are not taken it waits, and with it whoever writes into the pipe; input that cannot wait (`live`)
 * loses the oldest of them instead. It may be
 * - a file, or a pipe by its name, or standard input ("-"), with a container in it. Through a pipe an MP4 must begin
 * with its index;
 * - the same without a container, if `raw` says what it holds;
 * - a folder of pictures (decoder.h), as they are there when it is opened.
 *
 * Damage stops nothing. A picture that cannot be decoded is replaced by the one before it; one of another size is
 * scaled like the others. Time stamps that jump forward by more than 10 seconds, or back, do not move time: it goes on
 * from the last picture. So a gap of up to 10 seconds repeats the picture before it. All of it is counted, and the
 * first thing that went wrong is told in words.
 *
 * One thread uses a frame_stream; its own one has all signals blocked.
 */
#ifndef MAGISTER_VIDEO_FRAME_STREAM_H
#define MAGISTER_VIDEO_FRAME_STREAM_H

#include "base/status.h"
#include "video/decoder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct frame_stream frame_stream;

typedef struct {
    double snippet;        /* seconds from one frame to the next, 0.001 .. 86400 */
    picture_format format; /* with sides, not 0 */
    size_t ahead;          /* frames decoded ahead and held, 1 .. 65536 */
    bool live;             /* frames that find no room are dropped, the oldest first */
    double stall;          /* seconds without a byte after which a pipe counts as ended; <= 0: never */
    int64_t first;         /* number of the first frame to give */
    struct {
        int width, height; /* 0: a container */
        double fps;
        const char *pixels; /* FFmpeg's name: "rgb24", "yuv420p"; copied */
    } raw;
    int threads;       /* of the codec; 1 .. 64 */
    double frame_rate; /* frames a second of a folder of pictures; <= 0: 30 */
} frame_stream_options;

/* What became of the input so far. */
typedef struct {
    int64_t given;    /* frames, by frame_stream_next */
    int64_t dropped;  /* frames (live) */
    int64_t replaced; /* frames whose picture is another one's, or has guessed parts; dropped ones count too */
    int64_t jumps;    /* of time stamps */
    int64_t sizes;    /* times that the pictures' size changed */
    double seconds;   /* from the first picture to the last one decoded; to its end once the input has ended */
    bool stalled;     /* it was ended because nothing came for options.stall seconds */
    bool whole;       /* it has ended, and so did the input: it was not cut off, and reading did not fail */
    char reason[160]; /* the first thing that went wrong; "" for nothing */
} frame_stream_account;

/* Starts the thread and does not wait for input: what is wrong with that, frame_stream_next says. Everything is copied.
 * Going on in the middle (`first`) of a file reads it up to there without decoding all of it, and gives the same
 * pictures as reading from the start; what comes through a pipe, or has frames without time stamps, is decoded up to
 * there. Errors: ERR_CONFIG (options out of bounds, no FFmpeg), ERR_MISSING (no such file), ERR_MEMORY. */
status frame_stream_open(const char *path, const frame_stream_options *options, frame_stream **out);

/* Waits for input at most `seconds` (negative: for ever). How many frames frame_stream_next would give without waiting;
 * 1 when it would tell of the end, or of an error. */
size_t frame_stream_ready(frame_stream *s, double seconds);

/* The next frames: at least one, at most `most` (from 1), unless `*ended`; waits. `pictures` (most, height, width, 3),
 * `numbers` (most): rising by one, or by more where frames were dropped. Frames before the end are given first.
 * Errors, when there is not a single frame: ERR_INPUT and ERR_MISSING as video_open; ERR_CONFIG for raw pixels that
 * FFmpeg does not know. At any time: ERR_MEMORY. */
status frame_stream_next(frame_stream *s, size_t most, uint8_t *pictures, int64_t *numbers, size_t *count, bool *ended);

void frame_stream_account_read(frame_stream *s, frame_stream_account *out);

/* Ends promptly even where input is waited for. NULL inside is fine. */
void frame_stream_close(frame_stream **s);

#endif
