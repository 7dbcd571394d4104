/* cache_video - inside this room: one video's share of making a frame cache. */
#ifndef MAGISTER_VIDEO_CACHE_VIDEO_H
#define MAGISTER_VIDEO_CACHE_VIDEO_H

#include "video/cache_manifest.h"
#include "video/video_files.h"

/* Decodes the frames of `file` and writes them to <making->out>/<name>.u8, under another name until it is whole. A
 * video that cannot be decoded is no error: its entry has no frames and the reason. The caller frees `*out`.
 * Errors: ERR_RETRY (stopped); ERR_CONFIG (built without FFmpeg); ERR_CREATE, ERR_IO (of the output); ERR_MEMORY. */
status cache_video_make(const cache_making *making, const video_file *file, cache_entry *out);

#endif
