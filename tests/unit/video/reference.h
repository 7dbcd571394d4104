/* reference - what FFmpeg's own programs say about a video: its frames' times and pictures, held against the decoder's.
 */
#ifndef MAGISTER_TESTS_VIDEO_REFERENCE_H
#define MAGISTER_TESTS_VIDEO_REFERENCE_H

#include "base/hash.h"
#include "base/rng.h"
#include "video/decoder.h"

#include "tests/unit/data/scratch.h"

#include <math.h>

enum { FRAMES_AT_ONCE = 8 };

/* Skips the test where FFmpeg's programs are not. */
static inline void need_programs(void)
{
    if (system("ffprobe -version >/dev/null 2>&1 && ffmpeg -version >/dev/null 2>&1") == 0) return;
    print_message("ffmpeg and ffprobe are not here\n");
    skip();
}

/* A video of ffmpeg's moving test picture; `options` are those between input and output. */
static inline const char *make_video(const char *name, const char *size, const char *options)
{
    char command[1024];
    const char *path = scratch_path(name);
    if (file_exists(path)) return path;
    need_programs();
    snprintf(command, sizeof command, "ffmpeg -v error -f lavfi -i testsrc2=size=%s:rate=25:duration=2 %s '%s'", size,
             options, path);
    if (system(command)) fail_msg("%s", command);
    return path;
}

static inline const char *usual_video(void)
{
    return make_video("usual.mp4", "128x96", "-c:v libx264 -bf 3 -g 15 -pix_fmt yuv420p");
}

static inline FILE *run_program(const char *format, const char *path, int stream)
{
    char command[1024];
    snprintf(command, sizeof command, format, path, stream);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    return pipe;
}

/* Every frame is there, and has ffprobe's time; where ffprobe knows none there is nothing to compare. */
static inline void check_times(const video *v, const char *path)
{
    static const char COMMAND[] = "ffprobe -v quiet -select_streams %2$d -of default=nk=1:nw=1 "
                                  "-show_entries frame=best_effort_timestamp_time '%1$s'";
    char line[256];
    double first = NAN;
    int64_t index = 0;
    FILE *pipe = run_program(COMMAND, path, video_about(v)->stream);
    while (fgets(line, sizeof line, pipe)) {
        char *end = NULL;
        double time = strtod(line, &end);
        if (end == line && strncmp(line, "N/A", 3)) continue; /* side data */
        if (index == 0) first = time;
        double ours = video_frame_time(v, index);
        if (end > line && !(fabs(ours - (time - first)) < 2e-6))
            fail_msg("%s: frame %lld at %f, by ffprobe at %f", path, (long long)index, ours, time - first);
        if (end > line) assert_int_equal(video_frame_at(v, ours), index);
        index++;
    }
    pclose(pipe);
    if (index != video_about(v)->frames)
        fail_msg("%s: %lld frames, ffprobe has %lld", path, (long long)video_about(v)->frames, (long long)index);
}

static inline void get_whole(video *v, const int64_t *index, size_t count, const picture_format *format, uint8_t *out)
{
    video_account account;
    assert_ok(video_frames(v, index, count, format, out, &account));
    if (account.decoded != count || account.asked != count)
        fail_msg("%zu of %zu frames decoded: %s", account.decoded, count, account.reason);
    assert_string_equal(account.reason, "");
}

/* Pictures at own size are those of ffmpeg, whether taken one after the other or here and there. */
static inline void check_pictures(video *v, const char *path)
{
    static const char COMMAND[] = "ffmpeg -v quiet -threads 1 -i '%1$s' -map 0:%2$d -fps_mode passthrough -f rawvideo "
                                  "-pix_fmt rgb24 -";
    const picture_format own = {0};
    const int64_t frames = video_about(v)->frames;
    const size_t bytes = picture_bytes(&own, video_about(v));
    uint8_t *ours = malloc(bytes * FRAMES_AT_ONCE), *theirs = malloc(bytes);
    uint32_t *sums = calloc((size_t)frames, sizeof *sums);
    FILE *pipe = run_program(COMMAND, path, video_about(v)->stream);
    assert_true(ours && theirs && sums);
    for (int64_t at = 0; at < frames; at += FRAMES_AT_ONCE) {
        int64_t index[FRAMES_AT_ONCE] = {0};
        size_t count = 0;
        for (; count < FRAMES_AT_ONCE && at + (int64_t)count < frames; count++) index[count] = at + (int64_t)count;
        get_whole(v, index, count, &own, ours);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(fread(theirs, 1, bytes, pipe), bytes);
            if (memcmp(ours + i * bytes, theirs, bytes))
                fail_msg("%s: frame %lld differs from ffmpeg's", path, (long long)index[i]);
            sums[index[i]] = crc32_bytes(theirs, bytes);
        }
    }
    assert_int_equal(fread(theirs, 1, 1, pipe), 0);
    pclose(pipe);
    for (uint64_t turn = 0; turn < 3; turn++) {
        int64_t index[FRAMES_AT_ONCE] = {0};
        rng r = rng_stream(7, turn, (uint64_t)frames);
        for (size_t i = 0; i < FRAMES_AT_ONCE; i++) index[i] = (int64_t)rng_below(&r, (size_t)frames);
        get_whole(v, index, FRAMES_AT_ONCE, &own, ours);
        for (size_t i = 0; i < FRAMES_AT_ONCE; i++)
            if (crc32_bytes(ours + i * bytes, bytes) != sums[index[i]])
                fail_msg("%s: frame %lld differs when asked for by itself", path, (long long)index[i]);
    }
    free(ours);
    free(theirs);
    free(sums);
}

#endif
