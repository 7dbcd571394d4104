#include "rank/video.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/video_words.h"
#include "rank/video_check.h"
#include "rank/video_probe.h"
#include "trainer/progress.h"
#include "trainer/stats.h"
#include "trainer/trainer.h"
#include "video/cache.h"
#include "video/decoder.h"
#include "video/encoder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_AT_ONCE = 8, SIDE_MOST = 16384 };

static status open_file(const video_words *w, const char *path, video **out)
{
    return video_open(
        path, &(video_options){.stream = -1, .threads = 1, .timeout = w->timeout, .frame_rate = w->frame_rate}, out);
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Numbers of the frames that are wanted: new list, freed by the caller. */
static status choose_frames(const video_words *w, const video *v, int64_t **out, size_t *count)
{
    *count = w->times ? w->time_count : (size_t)w->count;
    *out = calloc(*count, sizeof **out);
    if (!*out) return FAIL(ERR_MEMORY, "no memory for the numbers of %zu frames", *count);
    for (size_t i = 0; w->times && i < *count; i++) (*out)[i] = video_frame_at(v, w->times[i]);
    if (!w->times) frames_uniform(video_about(v)->frames, *count, *out);
    return OK;
}

/* Sides of the pictures: `--size` wide, in the video's proportions. */
static status choose_sides(const video_words *w, const video *v, picture_format *out)
{
    const video_info *info = video_about(v);
    *out = (picture_format){info->width, info->height, FIT_STRETCH};
    if (!w->size) return OK;
    double height = fmax(1, round((double)w->size * info->height / info->width));
    if (height > SIDE_MOST)
        return FAIL(ERR_USAGE, "%s is %d x %d: with --size %lld pictures would be %g high", w->files.at[0], info->width,
                    info->height, (long long)w->size, height);
    out->width = (int)w->size;
    out->height = (int)height;
    return OK;
}

static status write_frame(const video_words *w, size_t number, double seconds, const picture_format *format,
                          const uint8_t *rgb)
{
    status st = OK;
    char name[32], *path;
    snprintf(name, sizeof name, "%03zu.png", number);
    path = path_join(w->out, name);
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a frame"));
    TRY(picture_write_png(path, rgb, format->width, format->height));
    printf("%s\t%.3f s\n", path, seconds);
done:
    free(path);
    return st;
}

/* Frames `first` and those behind it, at most FRAMES_AT_ONCE; `rgb` has room for so many. */
static status write_some(const video_words *w, video *v, const int64_t *index, size_t first, size_t count,
                         const picture_format *format, uint8_t *rgb)
{
    status st = OK;
    video_account account = {0};
    size_t bytes = picture_bytes(format, NULL);
    TRY(video_frames(v, index + first, count, format, rgb, &account));
    if (account.decoded < account.asked)
        log_warn("%s: %zu of frames %zu to %zu could not be decoded and are their neighbours: %s", w->files.at[0],
                 account.asked - account.decoded, first, first + count - 1, account.reason);
    if (account.resized)
        log_warn("%s: %zu of frames %zu to %zu have another size than the first picture, and were scaled",
                 w->files.at[0], account.resized, first, first + count - 1);
    for (size_t i = 0; i < count; i++)
        TRY(write_frame(w, first + i, video_frame_time(v, index[first + i]), format, rgb + i * bytes));
done:
    return st;
}

static status frames(const video_words *w)
{
    status st = OK;
    video *v = NULL;
    int64_t *index = NULL;
    uint8_t *rgb = NULL;
    picture_format format;
    size_t total = 0;
    TRY(open_file(w, w->files.at[0], &v));
    TRY(choose_sides(w, v, &format));
    TRY(choose_frames(w, v, &index, &total));
    TRY(directory_make(w->out));
    rgb = malloc(FRAMES_AT_ONCE * picture_bytes(&format, NULL));
    if (!rgb) TRY(FAIL(ERR_MEMORY, "no memory for pictures of %d x %d", format.width, format.height));
    for (size_t first = 0; first < total; first += FRAMES_AT_ONCE) {
        size_t count = total - first < FRAMES_AT_ONCE ? total - first : FRAMES_AT_ONCE;
        TRY(write_some(w, v, index, first, count, &format, rgb));
    }
done:
    free(rgb);
    free(index);
    video_close(&v);
    return st;
}

/* ---- cache ------------------------------------------------------------------------------------------------------- */

static bool is_stopped(void *self)
{
    (void)self;
    return trainer_stop_requested();
}

static void tell_video(void *self, const cached_video *about, size_t done, size_t of)
{
    progress *p = self;
    if (!p->total) { /* the first tells how many there are, and how many an earlier making has left */
        p->total = (int64_t)of;
        p->first = (int64_t)done - 1;
    }
    if (about->reason[0]) progress_pause(p);
    if (!about->frames) log_warn("%s: left out, none of its frames can be had: %s", about->name, about->reason);
    else if (about->replaced)
        log_warn("%s: %zu of %zu frames cannot be decoded and are their neighbours: %s", about->name, about->replaced,
                 about->frames, about->reason);
    progress_count(p, (int64_t)done, "videos");
}

static cache_making making_of(const video_words *w, progress *p)
{
    int side = (int)w->size;
    return (cache_making){
        .videos = w->files.at[0],
        .out = w->out,
        .frame_rate = w->frame_rate,
        .form = {.fps = w->fps,
                 .uniform = (size_t)w->count,
                 .format = {side, side, w->stretch ? FIT_STRETCH : FIT_CROP}},
        .threads = video_threads(w),
        .timeout = w->timeout,
        .resume = w->resume,
        .tell = tell_video,
        .stopped = is_stopped,
        .self = p,
    };
}

static status cache(const video_words *w)
{
    status st = OK;
    double begun = monotonic_seconds();
    progress p;
    cache_result made = {0};
    trainer_stop_listen();
    progress_begin(&p, true, 0, 0);
    const cache_making making = making_of(w, &p);
    st = frame_cache_make(&making, &made);
    progress_pause(&p);
    TRY(st);
    printf("%s: %zu videos (%zu were there), %zu frames, %.1f MB, %zu damaged, %zu empty, %.1f s\n", w->out,
           made.videos, made.kept, made.frames, (double)made.bytes * 1e-6, made.damaged, made.empty,
           monotonic_seconds() - begun);
    if (made.empty == made.videos)
        TRY(FAIL(ERR_INPUT, "%s: not one frame of %zu videos could be decoded", w->files.at[0], made.videos));
done:
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static status act(const video_words *w)
{
    if (w->run) return FAIL(ERR_USAGE, "features are made by steps of a run: magister video cache --features RUN");
    if (w->action == VIDEO_CACHE) return cache(w);
    if (w->action == VIDEO_CHECK) return video_check_act(w);
    return w->action == VIDEO_PROBE ? video_probe_act(w) : frames(w);
}

int video_main(int argc, char **argv)
{
    static char command[] = "magister video";
    video_words w = {0};
    argv[0] = command;
    status st = video_words_read(argc, argv, &w);
    if (st == OK) st = act(&w);
    if (st == OK && (fflush(stdout) || ferror(stdout))) st = FAIL(ERR_IO, "cannot write to stdout");
    if (st != OK) fprintf(stderr, "%s: %s\n", command, fail_message());
    video_words_free(&w);
    return status_exit_code(st);
}
