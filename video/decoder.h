/* decoder - frames of one video, as small RGB pictures, decoding no more than was asked for.
 *
 * A frame is known by its index in the order of presentation (0, 1, 2 ... as ffprobe -show_frames lists them) or by its
 * time: the frame on screen at `t` is the last one whose time stamp is not after t. Times are seconds of the stream's
 * own clock minus the first frame's time stamp, so that 0 is the first frame of every file, whatever its container
 * says. The table of frames is made from the packets' time stamps, without decoding; files whose packets do not tell
 * (no time stamps, cut off) are decoded once to count.
 *
 * Getting frames: they may be asked for in any order and more than once. The decoder seeks to the key frame before the
 * next one wanted only where that skips something, tells the codec to pass over what nobody needs, and scales and
 * converts only what was asked for, in one pass, straight into the caller's memory. Pictures are upright (the
 * container's rotation is applied), 8 bit RGB whatever the source (10 bit, full range, BT.601 or BT.709).
 *
 * Broken files. A frame that cannot be decoded is replaced by the nearest one that can be (the one before it, else the
 * one after), and the account says how many and why; only when no frame at all can be had is it an error. No bytes of a
 * file make this crash, hang past the time-out, or allocate without bound.
 *
 * A folder of numbered pictures (base/picture_folder.h) is a video as a file is: JPEG, PNG, BMP or WebP, all of one
 * kind. Frames go by the pictures' numbers, at even distances in time, as many a second as whoever opens it says. A
 * number without a picture is a broken frame, and so is a picture that is damaged, cut off, or none at all. The first
 * picture gives the video its size; others are scaled to it, and the account says how many.
 *
 * One thread at a time uses a `video`; different ones are independent.
 */
#ifndef MAGISTER_VIDEO_DECODER_H
#define MAGISTER_VIDEO_DECODER_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct video video;

typedef struct {
    int stream;        /* number of the stream in the file; -1: the best video stream */
    int threads;       /* of the codec; 1 is best where many clips are decoded side by side */
    double timeout;    /* seconds that opening, and each call for frames, may take; <= 0: no limit */
    double frame_rate; /* frames a second of a folder of pictures, 0.001 to 1000; <= 0: 30. Files tell theirs */
} video_options;

typedef struct {
    int stream;                 /* the one in use */
    int64_t frames;             /* that the file holds: indices 0 .. frames - 1 */
    int64_t missing;            /* more that an MP4's index promises, of a file that was cut off */
    int width, height;          /* as shown, after rotation */
    int rotation;               /* clockwise: 0, 90, 180 or 270 */
    double fps;                 /* average; 0 when not known */
    double seconds;             /* from the first frame to the end of the last */
    char codec[32], pixels[32]; /* FFmpeg's names: "h264", "yuv420p" */
    int64_t gaps,
        first_gap; /* of a folder of pictures: numbers among its frames' without a picture; the first, or -1 */
} video_info;

/* How pictures are to come: packed RGB, (height, width, 3) bytes. */
typedef enum {
    FIT_STRETCH, /* the whole frame, its proportions changed */
    FIT_CROP,    /* scaled until it covers the picture, what is over is cut off evenly at both sides */
} picture_fit;

typedef struct {
    int width, height; /* 0, 0: the video's own size */
    picture_fit fit;
} picture_format;

/* Bytes of a picture; 0 for a format that is out of bounds (sides 1 .. 16384). `info` gives the own size. */
size_t picture_bytes(const picture_format *format, const video_info *info);

/* What became of the frames of one call. */
typedef struct {
    size_t asked, decoded; /* frames; `decoded` of them are really those asked for, the rest were replaced */
    size_t resized;        /* of a folder's pictures: those of another size than the first one's */
    char reason[160];      /* of the first that was not; "" when all were */
} video_account;

/* Errors: ERR_MISSING; ERR_INPUT (path and FFmpeg's reason: no video stream, unknown codec, nothing to decode, took
 * longer than the time-out); ERR_MEMORY. `options` NULL: best stream, one thread, 30 s. */
status video_open(const char *path, const video_options *options, video **out);
void video_close(video **v);

const video_info *video_about(const video *v);

/* Time of frame `index` in seconds (see above), and how long it is shown; NAN when out of range. */
double video_frame_time(const video *v, int64_t index);
double video_frame_seconds(const video *v, int64_t index);

/* Index of the frame on screen at `seconds`; before the first it is 0, after the last the last. */
int64_t video_frame_at(const video *v, double seconds);

/* `count` pictures, one behind the other, into `out` (count * picture_bytes). `index` (count) in any order.
 * Errors: ERR_INPUT for an index out of range, or when not one frame could be decoded (path, frame, reason; also after
 * the time-out); ERR_MEMORY. */
status video_frames(video *v, const int64_t *index, size_t count, const picture_format *format, uint8_t *out,
                    video_account *account);

/* The same for the frames on screen at `seconds` (count). */
status video_frames_by_time(video *v, const double *seconds, size_t count, const picture_format *format, uint8_t *out,
                            video_account *account);

/* What decodes, with its versions, for records: "Lavf59.27.100, Lavc59.37.100, Lswscale6.7.100"; "no FFmpeg" where it
 * was left out. */
const char *video_library(void);

/* `count` indices spread evenly over a video: the middle of each of `count` equal parts. */
void frames_uniform(int64_t frames, size_t count, int64_t *index);

#endif
