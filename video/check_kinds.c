#include "video/check.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

enum { HASHED_MOST = 64 << 20 };

const char *video_kind_name(video_kind kind)
{
    static const char *const NAMES[VIDEO_KINDS] = {
        [VIDEO_GOOD] = "good",
        [VIDEO_MISSING] = "missing_file",
        [VIDEO_UNREADABLE] = "unreadable",
        [VIDEO_EMPTY] = "empty_file",
        [VIDEO_TEXT] = "text_page",
        [VIDEO_NO_CONTAINER] = "no_container",
        [VIDEO_NO_INDEX] = "no_moov_atom",
        [VIDEO_NO_STREAM] = "no_video_stream",
        [VIDEO_NO_FRAMES] = "no_frames",
        [VIDEO_CODEC] = "unknown_codec",
        [VIDEO_TRUNCATED] = "truncated",
        [VIDEO_DAMAGED] = "decode_error",
        [VIDEO_LATE] = "timeout",
        [VIDEO_DIED] = "decoder_died",
    };
    return NAMES[kind];
}

void video_verdict_late(const char *path, double timeout, video_verdict *out)
{
    struct stat info;
    *out = (video_verdict){.kind = VIDEO_LATE, .bytes = stat(path, &info) ? -1 : info.st_size};
    snprintf(out->reason, sizeof out->reason, "took longer than %g s", timeout);
}

void video_verdict_hash(const char *path, video_verdict *v)
{
    bool wanted = v->kind != VIDEO_GOOD && v->kind != VIDEO_LATE && v->bytes > 0 && v->bytes <= HASHED_MOST;
    if (wanted && hash_file(path, v->hash) != OK) {
        v->hash[0] = '\0';
        fail_clear();
    }
}
