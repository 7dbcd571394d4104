/* details - what else can be told of an open video, beyond what a decoder's caller needs (video_info). */
#ifndef MAGISTER_VIDEO_DETAILS_H
#define MAGISTER_VIDEO_DETAILS_H

#include "video/decoder.h"

enum { STREAMS_TOLD_MOST = 32 };

/* One of the file's streams. What is not known is 0, or "". */
typedef struct {
    int number;
    char type[16]; /* FFmpeg's name: "video", "audio", "subtitle", "data" */
    char codec[40];
    int rate, channels; /* of sound: samples a second */
    int width, height;  /* of video, before rotation */
} stream_details;

typedef struct {
    char container[64];          /* FFmpeg's names for it: "mov,mp4,m4a,3gp,3g2,mj2"; of a folder "numbered pictures" */
    int64_t bytes;               /* of the file, or of all pictures */
    double bits_per_s;           /* of the whole file over the video's length; 0: not known */
    char profile[48];            /* of the codec: "High" */
    int level;                   /* as the codec numbers it: 31 for H.264's 3.1; -99 (FFmpeg's): not known */
    char colours[24], range[16]; /* "bt709", "tv" (16 .. 235) or "pc" (0 .. 255) */
    int64_t key_frames, key_distance; /* how many; frames from one to the next, at most */
    stream_details streams[STREAMS_TOLD_MOST];
    size_t stream_count, streams_left; /* told here, and not */
} video_details;

void video_describe(const video *v, video_details *out);

#endif
