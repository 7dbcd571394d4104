#include "student/frames.h"

#include "base/log.h"
#include "data/names.h"
#include "data/videos.h"

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

/* ---- files ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name; /* borrowed from the data set */
    char *path;
    bool told;         /* that it is broken */
    bool told_resized; /* that its pictures have several sizes */
} video_entry;

struct video_table {
    video_entry *at; /* (count) */
    size_t count, room;
    name_table names;
};

static status add_file(video_table *f, const char *folder, const segment *of)
{
    status st = OK;
    size_t place = 0;
    char *path = NULL;
    if (names_find(&f->names, of->sequence, &place)) return OK;
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        video_entry *larger = realloc(f->at, room * sizeof *larger);
        if (!larger) TRY(FAIL(ERR_MEMORY, "no memory for %zu videos", room));
        f->at = larger;
        f->room = room;
    }
    st = videos_find(folder, of->sequence, &path);
    if (st == ERR_MISSING) {
        fail_clear();
        st = FAIL(
            ERR_MISSING,
            "segment %s: its video %s is not in %s (.mp4, .mkv, .mov, .avi, .webm, or a folder of numbered pictures)",
            of->uid, of->sequence, folder);
    }
    TRY(st);
    f->at[f->count++] = (video_entry){.name = of->sequence, .path = path};
    TRY(names_add(&f->names, of->sequence, f->count - 1, &place));
done:
    return st;
}

status video_table_open(const char *folder, const dataset *d, video_table **out)
{
    status st = OK;
    const segment_list *const lists[] = {&d->train, &d->development, &d->eval};
    video_table *f = calloc(1, sizeof *f);
    if (!f) TRY(FAIL(ERR_MEMORY, "no memory for the videos of %s", folder));
    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l]->count; i++) TRY(add_file(f, folder, &lists[l]->at[i]));
    *out = f;
    f = NULL;
done:
    video_table_close(&f);
    return st;
}

void video_table_close(video_table **at)
{
    if (!at || !*at) return;
    video_table *f = *at;
    for (size_t i = 0; i < f->count; i++) free(f->at[i].path);
    names_free(&f->names);
    free(f->at);
    free(f);
    *at = NULL;
}

size_t video_table_find(const video_table *f, const char *name)
{
    size_t place = 0;
    return names_find(&f->names, name, &place) ? place : SIZE_MAX;
}

size_t video_table_count(const video_table *f)
{
    return f->count;
}

const char *video_table_name(const video_table *f, size_t i)
{
    return f->at[i].name;
}

const char *video_table_path(const video_table *f, size_t i)
{
    return f->at[i].path;
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
    if (!names_find(&s->files->names, name, &file))
        TRY(FAIL(ERR_MISSING, "video %.80s is not among those that were opened", name));
    const clip_request request = {
        .path = s->files->at[file].path, .name = s->files->at[file].name, .frames = *frames, .look = *look};
    TRY(loader_ask(s->loader, &request));
    TRY(note_asked(s, file));
done:
    return st;
}

/* A broken clip stops the run, or is told of once; pictures of several sizes are told of once. */
static status judge(frame_source *s, video_entry *file, const video_account *account)
{
    if (account->resized && !file->told_resized) {
        log_warn(
            "video %s (%s): %zu of %zu pictures of a clip have another size than its first picture, and were scaled "
            "to it",
            file->name, file->path, account->resized, account->asked);
        file->told_resized = true;
    }
    if (account->decoded >= account->asked) return OK;
    if (s->options.stop_on_broken)
        return FAIL(ERR_INPUT,
                    "video %s (%s): %zu of %zu frames could not be decoded: %s; video.on_broken: replace would go on "
                    "with what can be had",
                    file->name, file->path, account->asked - account->decoded, account->asked, account->reason);
    if (!file->told)
        log_warn("video %s (%s): %zu of %zu frames of a clip could not be decoded and were replaced: %s", file->name,
                 file->path, account->asked - account->decoded, account->asked, account->reason);
    file->told = true;
    return OK;
}

/* The next clip, which loader_return gets back, and the file it is from. */
static status take_next(frame_source *s, loaded_clip *clip, video_entry **file)
{
    status st = OK;
    TRY(loader_take(s->loader, clip));
    CHECK(s->waiting);
    *file = &s->files->at[s->asked[s->first]];
    s->first = (s->first + 1) % s->room;
    s->waiting--;
done:
    return st;
}

status frame_source_take(frame_source *s, const picture_change *change, uint8_t *out, size_t *replaced)
{
    status st = OK;
    loaded_clip clip;
    video_entry *file;
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
    video_entry *file;
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
