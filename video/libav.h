/* libav - inside this room: what every user of FFmpeg's libraries needs.
 *
 * FFmpeg prints to stderr by itself; here it is silent, because a library says what is wrong by its status. What it
 * would have printed is often the better reason, so the first error of a thread is kept for whoever asks.
 */
#ifndef MAGISTER_VIDEO_LIBAV_H
#define MAGISTER_VIDEO_LIBAV_H

#include <libavutil/error.h>

/* To be called before anything else of FFmpeg; from any thread, as often as you like. */
void libav_start(void);

/* FFmpeg's words for one of its error numbers; valid until the end of the block it is used in. */
#define libav_reason(code) av_make_error_string((char[AV_ERROR_MAX_STRING_SIZE]){0}, AV_ERROR_MAX_STRING_SIZE, (code))

/* What FFmpeg first had to say about an error in this thread since libav_forget; "" for nothing. Its own threads (a
 * codec with several) are not heard. Borrowed. */
const char *libav_said(void);
void libav_forget(void);

#endif
