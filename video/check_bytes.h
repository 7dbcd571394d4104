/* check_bytes - inside this room: what a file is by its bytes alone, before and beside any decoder.
 *
 * Downloads that went wrong are mostly no videos at all: pages that tell of an error, nothing, zeros. And a container
 * says how long it is meant to be in its first bytes (Matroska, AVI) or its boxes (MP4).
 */
#ifndef MAGISTER_VIDEO_CHECK_BYTES_H
#define MAGISTER_VIDEO_CHECK_BYTES_H

#include "video/check.h"

/* Opens and looks. `v->kind` is VIDEO_GOOD where the bytes have nothing against a video, or else `v->kind` and
 * `v->reason` say what they are; `v->bytes` is the size where it is known. `*promised`: bytes that the file should have
 * by its container's own word, 0 where it gives none. */
void check_bytes(const char *path, video_verdict *v, int64_t *promised);

/* The same for a file that no demuxer takes, for the reason `why`: what is wrong with its boxes, or how it begins. */
void check_strange(const char *path, const char *why, video_verdict *v);

#endif
