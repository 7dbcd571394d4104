/* check - is one video file good: opened, and every frame of it decoded.
 *
 * Good is a file all of whose frames, as many as its container promises, come out of the codec whole. Everything else
 * has a kind, which can be counted, and a reason in words, which names sizes, frames and codecs and does not depend on
 * where the file lies: the same bytes give the same verdict, unless time runs out.
 *
 * A folder of numbered pictures is checked as a file is: one number without a picture, and it is cut; one picture that
 * is damaged, and so is it. Frames a second and seconds it has none of its own.
 *
 * Pictures are not converted: a check costs what decoding costs.
 */
#ifndef MAGISTER_VIDEO_CHECK_H
#define MAGISTER_VIDEO_CHECK_H

#include "base/hash.h"
#include "base/status.h"

#include <stdint.h>

typedef enum {
    VIDEO_GOOD,
    VIDEO_MISSING,      /* no such file */
    VIDEO_UNREADABLE,   /* no rights, a folder, an error of the disk, no memory for it */
    VIDEO_EMPTY,        /* 0 bytes */
    VIDEO_TEXT,         /* HTML, XML, JSON or other text: mostly the page of an error */
    VIDEO_NO_CONTAINER, /* bytes of some other kind */
    VIDEO_NO_INDEX,     /* an MP4 without a moov atom */
    VIDEO_NO_STREAM,    /* a container without video: sound, a cover picture */
    VIDEO_NO_FRAMES,    /* a video stream without a frame */
    VIDEO_CODEC,        /* a codec that this FFmpeg does not decode */
    VIDEO_TRUNCATED,    /* less is there than the container promises */
    VIDEO_DAMAGED,      /* something cannot be decoded */
    VIDEO_LATE,         /* took longer than the time-out */
    VIDEO_DIED,         /* the process that decoded it died */
    VIDEO_KINDS,
} video_kind;

/* Plain data, which may pass between processes. Numbers that are not known are 0, texts "". */
typedef struct {
    video_kind kind;
    int64_t bytes;        /* -1: not known */
    int64_t frames;       /* that came out whole */
    int width, height;    /* as shown */
    double fps, seconds;  /* both -1 of a folder of pictures */
    char codec[40];       /* FFmpeg's name */
    char hash[HASH_TEXT]; /* of the file's bytes; of bad files up to 64 MiB */
    char reason[256];     /* of one that is not good */
    char remark[120];     /* of a good one: what FFmpeg complained about all the same; pictures of another size */
} video_verdict;

/* "error_page", "truncated" ...: the word for a kind in files; "good" for VIDEO_GOOD. */
const char *video_kind_name(video_kind kind);

/* Always ends with a verdict, about `timeout` seconds (<= 0: any) later at the latest, unless the codec itself hangs.
 * Errors: ERR_MISSING without FFmpeg's libraries; ERR_CONFIG in a build without. */
status video_check(const char *path, double timeout, video_verdict *out);

/* The verdict on a file whose time was over: nothing but its size, as it depends on chance how far it got. */
void video_verdict_late(const char *path, double timeout, video_verdict *out);

/* Sets `hash` of a bad one, by which the same content under many names is known. */
void video_verdict_hash(const char *path, video_verdict *v);

#endif
