/* details_of - inside this room: details of a container and its open codec. */
#ifndef MAGISTER_VIDEO_DETAILS_OF_H
#define MAGISTER_VIDEO_DETAILS_OF_H

#include "video/decoding.h"
#include "video/details.h"

void details_of(const container *from, const AVCodecContext *codec, video_details *out);

#endif
