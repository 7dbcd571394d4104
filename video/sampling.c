/* What of decoder.h needs no FFmpeg. */
#include "video/decoder.h"

#include <stdbool.h>

enum { SIDE_MOST = 16384 };

static bool is_side(int pixels)
{
    return pixels >= 1 && pixels <= SIDE_MOST;
}

size_t picture_bytes(const picture_format *format, const video_info *info)
{
    bool own = format->width == 0 && format->height == 0;
    int width = own ? info->width : format->width, height = own ? info->height : format->height;
    return is_side(width) && is_side(height) ? (size_t)width * (size_t)height * 3 : 0;
}

void frames_uniform(int64_t frames, size_t count, int64_t *index)
{
    for (size_t i = 0; i < count; i++) {
        double middle = ((double)i + 0.5) * (double)frames / (double)count;
        index[i] = (int64_t)middle < frames ? (int64_t)middle : frames - 1;
    }
}
