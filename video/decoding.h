/* decoding - inside this room: wanted frames out of a container's packets, decoding no more than they need.
 *
 * A frame needs the packets from a key packet up to its own. Of these, the ones that nobody refers to and nobody wants
 * are passed over by the codec; between the last packet needed and the next key packet needed nothing is read at all.
 * Which frame comes out is known by its index, which travels through the codec in the place of the time stamp.
 *
 * A codec holds frames back until it knows their order. At the end of a call it is made to give them up and has to
 * start at a key packet the next time; when calls turn out to follow one another through the file it is fed on instead,
 * and what comes out too early is held for the next call.
 */
#ifndef MAGISTER_VIDEO_DECODING_H
#define MAGISTER_VIDEO_DECODING_H

#include "video/container.h"
#include "video/libav.h"

enum { FRAMES_HELD_MOST = 64 };

typedef struct {
    container *from; /* borrowed */
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    int64_t origin, next; /* packets fed without a gap: origin .. next - 1 */
    int64_t shown;        /* frames up to this index have come out, or never will before starting anew */
    int64_t last;         /* frame that the call before ended with; -1: none yet */
    bool drained;         /* nothing can be fed before starting anew */
    AVFrame *held[FRAMES_HELD_MOST];
    size_t held_count;
    int64_t damaged,
        damaged_first; /* of a container that was counted: frames with guessed parts; number of the first */
    char reason[160];  /* the first thing that went wrong in this call; "" for nothing */
} decoding;

/* Who takes frames. `damaged`: parts of it are guessed. */
typedef struct {
    status (*take)(void *self, int64_t index, const AVFrame *frame, bool damaged);
    void *self;
} frame_taker;

/* FFmpeg's name, or the four letters that the file has for a codec unknown to it. */
void codec_name(const AVCodecParameters *p, char *out, size_t size);

/* A decoder for the container's stream, of `threads` threads. `delay`: frames that it has to wait at least before it
 * knows which comes next (frame_table_delay). Errors: ERR_INPUT (unknown codec, sides beyond 16384); ERR_MEMORY. */
status codec_open(container *from, int threads, int delay, AVCodecContext **out);

/* Decoding is to start at a key packet. In H.264 one in the middle may follow frames that others after it, shown before
 * it, refer to; the codec calls frames good only while it goes on decoding, and would keep the last ones to itself. So
 * it gives all, and whoever asks takes none that are shown before the key packet's. */
void codec_start_at_key(AVCodecContext *codec, bool at_beginning);

/* Whether parts of a frame are guessed. */
bool frame_is_damaged(const AVFrame *frame);

/* Opens the codec, makes the frames of a container that does not tell them, and looks at the first frame as far as to
 * know sizes and form (d->codec). `from` must not be moved or closed before `d`.
 * Errors: ERR_INPUT (unknown codec, sides beyond 16384, nothing to decode, too late); ERR_MEMORY. */
status decoding_open(container *from, int threads, decoding *d);
void decoding_close(decoding *d);

/* Gives the frames `wanted` (count, ascending, each once) to `taker`, those that can be had, in this order. Ends early,
 * with OK, at the container's deadline. Errors: ERR_MEMORY, and those of `taker`. */
status decoding_run(decoding *d, const int64_t *wanted, size_t count, const frame_taker *taker);

/* Gives all frames that come out between key packet `from` and frame `last`, and the first one after it. */
status decoding_sweep(decoding *d, int64_t from, int64_t last, const frame_taker *taker);

#endif
