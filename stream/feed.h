/* feed - the streams of a rank: each watches one video after the other, and all bring equally many frames to a turn.
 *
 * Files are waited for, so a turn's frames do not depend on how fast they come. Live input is taken as it is there: a
 * stream that brings nothing for the time of two frames, and for a second at least, is late. The others then go on
 * without it, and it joins them again with its next frame. A video that cannot be read, or breaks off, is told
 * (feed_end) and the next one is taken.
 */
#ifndef MAGISTER_STREAM_FEED_H
#define MAGISTER_STREAM_FEED_H

#include "stream/learner.h"
#include "video/frame_stream.h"

typedef struct feed feed;

/* How a video ended. */
typedef struct {
    size_t stream, video;
    int64_t frames;               /* that were given */
    int64_t next;                 /* number of the frame behind the last that was taken; 0: there was none */
    double seconds;               /* of video; 0 where nothing could be read */
    int64_t stalls;               /* times that it was late */
    frame_stream_account account; /* zeros where it could not be opened */
    const char *failure;          /* why it could not be read; NULL: it was; borrowed */
} feed_end;

typedef struct {
    void *self;
    const char *(*path)(void *self, size_t which); /* of a video; borrowed */

    /* Its first frame comes with the next turn. Where it fails with ERR_INPUT, ERR_MISSING or ERR_IO that is the
     * video's own: `end` is told, and the video is over. */
    status (*begin)(void *self, size_t stream, size_t which);
    status (*end)(void *self, const feed_end *end); /* all its frames have been taken */

    /* It is late for the first time, after so many seconds; or, `back`, no longer, after so many. NULL: nobody is told.
     */
    void (*late)(void *self, size_t which, bool back, double seconds);
} feed_listener;

/* `input` as for frame_stream_open, with `first` 0; its format's sides are the learner's. `most`: frames of a stream in
 * a turn. Errors: ERR_MEMORY. */
status feed_new(const frame_stream_options *input, size_t streams, size_t most, const feed_listener *listener,
                feed **out);
void feed_free(feed **f);

bool feed_is_free(const feed *f, size_t stream); /* it has no video */
size_t feed_busy(const feed *f);                 /* streams that have one */

/* Gives a free stream a video, from frame `first` on; from 0 it begins. */
status feed_give(feed *f, size_t stream, size_t which, int64_t first);

/* Takes its video from a stream, in the middle of it, and tells nobody. */
void feed_leave(feed *f, size_t stream);

/* The video of a stream and the frame it is at: the next to be taken. */
void feed_place(const feed *f, size_t stream, size_t *which, int64_t *next);

/* The frames of a turn: `frames` (streams), of each that has a video as many as `*count`, at most `most`. Videos that
 * are over are told, and their streams are free: when any is, *count is 0 and the turn is to be asked for again. *count
 * is also 0 when no stream has a video. Waits for files; for live input at most a second, then *count is 0: it may be
 * that none has a frame, or that one is waited for that is not late yet. */
status feed_turn(feed *f, size_t most, stream_frames *frames, size_t *count);

/* The turn's frames have been taken. */
void feed_took(feed *f, size_t count);

#endif
