/* video_probe - `magister video probe`: what is in video files, a few lines or one JSON object each. */
#ifndef MAGISTER_RANK_VIDEO_PROBE_H
#define MAGISTER_RANK_VIDEO_PROBE_H

#include "conf/video_words.h"

/* Prints to stdout. Errors: ERR_INPUT at the end when files could not be read, which are told; ERR_IO; ERR_MEMORY. */
status video_probe_act(const video_words *w);

#endif
