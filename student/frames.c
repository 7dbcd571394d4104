#include "student/frames.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- options ----------------------------------------------------------------------------------------------------- */

status frame_options_read(const recipe *r, frame_options *out)
{
    *out = (frame_options){
        .folder = instances_videos(r),
        .side = recipe_int(r, "video.size"),
        .stack = recipe_int(r, "student.cnn.stack"),
        .stack_seconds = recipe_real(r, "student.cnn.stack_seconds"),
        .threads = (int)recipe_int(r, "video.threads"),
        .memory = (size_t)recipe_int(r, "video.memory_mb") * 1000000,
        .frame_rate = recipe_real(r, "data.frame_rate"),
        .timeout = recipe_real(r, "video.timeout"),
        .stop_on_broken = !strcmp(recipe_text(r, "video.on_broken"), "error"),
        .ahead = recipe_int(r, "video.ahead"),
        .augment.pixels = recipe_int(r, "student.augment.pixels"),
        .augment.brightness = recipe_real(r, "student.augment.brightness"),
        .augment.contrast = recipe_real(r, "student.augment.contrast"),
        .augment.flip = recipe_bool(r, "student.augment.flip"),
    };
    return out->folder ? OK
                       : FAIL(ERR_CONFIG, "data.videos is not given: name the folder of the videos the student is to "
                                          "see");
}

picture_format frame_options_format(const frame_options *o)
{
    return (picture_format){(int)o->side, (int)o->side, FIT_CROP};
}

static size_t picture_size(const frame_options *o)
{
    return (size_t)(o->side * o->side) * 3;
}

size_t frame_moment_bytes(const frame_options *o)
{
    return picture_size(o) * (size_t)o->stack;
}

/* ---- source ------------------------------------------------------------------------------------------------------ */

struct frame_source {
    frame_options options;
    video_table *files;
    loader *loader;
    size_t *asked; /* (room) numbers of files, a ring: `waiting` of them from `first` on were not taken yet */
    size_t first, waiting, room;
    double *seconds; /* (second_room) of the frames of one request */
    size_t second_room;
};

status frame_source_open(const frame_options *options, size_t memory, video_table *files, frame_source **out)
{
    status st = OK;
    const loader_options how = {
        .threads = options->threads,
        .memory = memory,
        .format = frame_options_format(options),
        .frame_rate = options->frame_rate,
        .timeout = options->timeout,
        .cache = options->cache,
        .transform = options->transform,
    };
    frame_source *s = calloc(1, sizeof *s);
    if (!s) TRY(FAIL(ERR_MEMORY, "no memory to read videos"));
    s->options = *options;
    s->files = files;
    TRY(loader_open(&how, &s->loader));
    *out = s;
    s = NULL;
done:
    frame_source_close(&s);
    return st;
}

void frame_source_close(frame_source **at)
{
    if (!at || !*at) return;
    loader_close(&(*at)->loader);
    free((*at)->asked);
    free((*at)->seconds);
    free(*at);
    *at = NULL;
}

static status note_asked(frame_source *s, size_t file)
{
    if (s->waiting == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        size_t *larger = calloc(room, sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory to ask for %zu clips", room);
        for (size_t i = 0; i < s->waiting; i++) larger[i] = s->asked[(s->first + i) % s->room];
        free(s->asked);
        s->asked = larger;
        s->room = room;
        s->first = 0;
    }
    s->asked[(s->first + s->waiting++) % s->room] = file;
    return OK;
}

/* Times of all frames of `count` moments, into s->seconds. */
static status lay_out(frame_source *s, const double *moments, size_t count)
{
    size_t stack = (size_t)s->options.stack, frames = count * stack;
    if (frames > s->second_room) {
        double *larger = realloc(s->seconds, frames * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory to ask for %zu frames", frames);
        s->seconds = larger;
        s->second_room = frames;
    }
    for (size_t i = 0; i < frames; i++)
        s->seconds[i] = fmax(moments[i / stack] - (double)(i % stack) * s->options.stack_seconds, 0);
    return OK;
}

status frame_source_ask(frame_source *s, const char *name, const double *moments, size_t count)
{
    status st = OK;
    TRY(lay_out(s, moments, count));
    const clip_choice frames = {.seconds = s->seconds, .count = count * (size_t)s->options.stack};
    TRY(frame_source_ask_clip(s, name, &frames, &(clip_look){0}));
done:
    return st;
}

status frame_source_ask_clip(frame_source *s, const char *name, const clip_choice *frames, const clip_look *look)
{
    status st = OK;
    size_t file = 0;
    file = video_table_find(s->files, name);
    if (file == SIZE_MAX) TRY(FAIL(ERR_MISSING, "video %.80s is not among those that were opened", name));
    const clip_request request = {.path = video_table_path(s->files, file),
                                  .name = video_table_name(s->files, file),
                                  .frames = *frames,
                                  .look = *look};
    TRY(loader_ask(s->loader, &request));
    TRY(note_asked(s, file));
done:
    return st;
}

/* A broken clip stops the run, or is told of once; pictures of several sizes are told of once. */
static status judge(frame_source *s, size_t file, const video_account *account)
{
    const char *name = video_table_name(s->files, file), *path = video_table_path(s->files, file);
    if (account->resized && video_table_tells(s->files, file, VIDEO_IS_RESIZED))
        log_warn(
            "video %s (%s): %zu of %zu pictures of a clip have another size than its first picture, and were scaled "
            "to it",
            name, path, account->resized, account->asked);
    if (account->decoded >= account->asked) return OK;
    if (s->options.stop_on_broken)
        return FAIL(ERR_INPUT,
                    "video %s (%s): %zu of %zu frames could not be decoded: %s; video.on_broken: replace would go on "
                    "with what can be had",
                    name, path, account->asked - account->decoded, account->asked, account->reason);
    if (video_table_tells(s->files, file, VIDEO_IS_BROKEN))
        log_warn("video %s (%s): %zu of %zu frames of a clip could not be decoded and were replaced: %s", name, path,
                 account->asked - account->decoded, account->asked, account->reason);
    return OK;
}

/* The next clip, which loader_return gets back, and the file it is from. */
static status take_next(frame_source *s, loaded_clip *clip, size_t *file)
{
    status st = OK;
    TRY(loader_take(s->loader, clip));
    CHECK(s->waiting);
    *file = s->asked[s->first];
    s->first = (s->first + 1) % s->room;
    s->waiting--;
done:
    return st;
}

status frame_source_take(frame_source *s, const picture_change *change, uint8_t *out, size_t *replaced)
{
    status st = OK;
    loaded_clip clip;
    size_t file = 0;
    size_t side = (size_t)s->options.side, stack = (size_t)s->options.stack, bytes = picture_size(&s->options);

    TRY(take_next(s, &clip, &file));
    for (size_t i = 0; i < clip.count; i++)
        picture_place(change, clip.pictures + i * bytes, side, i % stack, stack, out + i / stack * stack * bytes);
    if (replaced) *replaced = clip.account.asked - clip.account.decoded;
    st = judge(s, file, &clip.account);
    loader_return(s->loader, &clip);
done:
    return st;
}

status frame_source_take_clip(frame_source *s, uint8_t *out)
{
    status st = OK;
    loaded_clip clip;
    size_t file = 0;
    TRY(take_next(s, &clip, &file));
    memcpy(out, clip.pictures, transform_bytes(s->options.transform, clip.count));
    st = judge(s, file, &clip.account);
    loader_return(s->loader, &clip);
done:
    return st;
}

loader_stats frame_source_stats(const frame_source *s)
{
    loader_stats stats = {0};
    if (s) loader_stats_read(s->loader, &stats);
    return stats;
}
