#include "video/cache.h"

#include "base/file.h"
#include "base/picture_folder.h"
#include "video/cache_manifest.h"
#include "video/video_files.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Times that were rounded on their way here still find their own frame. */
#define TIME_SLACK 1e-6 /* seconds, or frames */

struct frame_cache {
    cache_manifest manifest;
    size_t picture;   /* bytes of one */
    uint8_t **mapped; /* (videos) of (frames, height, width, 3); NULL where there are no frames */
};

/* ---- comparing with the videos ----------------------------------------------------------------------------------- */

static status check_source(const char *path, const cache_manifest *m, const char *videos, double frame_rate,
                           const video_file *file)
{
    status st = OK;
    bool same = false;
    char command[640], rate[48] = "";
    const cache_entry *entry = cache_entry_find(m->at, m->count, file->name);
    if (entry) TRY(cache_source_same(entry, file, frame_rate, &same));
    if (same) goto done;
    cache_form_command(&m->form, videos, path, true, command, sizeof command);
    if (file->folder) snprintf(rate, sizeof rate, " --frame-rate %.15g", frame_rate);
    TRY(FAIL(ERR_INPUT, "%s: %s %s: %s%s brings it up to date", path, file->path,
             entry ? "has changed since this cache was made" : "is not in this cache", command, rate));
done:
    return st;
}

static status check_sources(const char *path, const cache_manifest *m, const char *videos, double frame_rate)
{
    status st = OK;
    video_file_list files = {0};
    TRY(video_files_read(videos, &files));
    for (size_t i = 0; i < files.count; i++) TRY(check_source(path, m, videos, frame_rate, &files.at[i]));
done:
    video_files_free(&files);
    return st;
}

/* ---- mapping ----------------------------------------------------------------------------------------------------- */

static status map_open(int fd, const char *path, const cached_video *v, size_t picture, uint8_t **out)
{
    struct stat info;
    if (fstat(fd, &info)) return FAIL(ERR_IO, "%s: cannot ask for its size: %s", path, strerror(errno));
    size_t bytes = v->frames * picture; /* CACHE_FRAMES_MOST pictures of the largest size fit */
    if (!S_ISREG(info.st_mode) || (size_t)info.st_size != bytes)
        return FAIL(ERR_INPUT, "%s: %lld bytes, but %zu pictures of %zu are %zu bytes: make the cache again", path,
                    (long long)info.st_size, v->frames, picture, bytes);
    void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return FAIL(ERR_MEMORY, "%s: cannot be mapped: %s%s", path, strerror(errno),
                    errno == ENOMEM ? " (more videos than the system's vm.max_map_count?)" : "");
    *out = at;
    return OK;
}

static status map_video(const char *cache, const cached_video *v, size_t picture, uint8_t **out)
{
    status st = OK;
    int fd = -1;
    char *path = cache_pictures_path(cache, v->name);
    if (!path) TRY(FAIL(ERR_MEMORY, "%s: no memory for a name", cache));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe by that name would block */
    if (fd < 0) TRY(FAIL(ERR_INPUT, "%s: cannot open: %s: make the cache again", path, strerror(errno)));
    TRY(map_open(fd, path, v, picture, out));
done:
    if (fd >= 0) close(fd);
    free(path);
    return st;
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

status frame_cache_open(const char *path, const cache_form *want, const char *videos, double frame_rate,
                        frame_cache **out)
{
    status st = OK;
    frame_cache *c = calloc(1, sizeof *c);
    cache_manifest *m = c ? &c->manifest : NULL;
    if (!c) TRY(FAIL(ERR_MEMORY, "%s: no memory to open it", path));
    TRY(cache_manifest_read(path, m));
    if (want) TRY(cache_form_compare(path, &m->form, want));
    if (videos) TRY(check_sources(path, m, videos, picture_rate(frame_rate)));
    c->picture = picture_bytes(&m->form.format, NULL);
    c->mapped = calloc(m->count + 1, sizeof *c->mapped);
    if (!c->mapped) TRY(FAIL(ERR_MEMORY, "%s: no memory for %zu videos", path, m->count));
    for (size_t i = 0; i < m->count; i++)
        if (m->at[i].about.frames) TRY(map_video(path, &m->at[i].about, c->picture, &c->mapped[i]));
    *out = c;
    c = NULL;
done:
    frame_cache_close(&c);
    return st;
}

void frame_cache_close(frame_cache **at)
{
    frame_cache *c = *at;
    if (!c) return;
    for (size_t i = 0; c->mapped && i < c->manifest.count; i++)
        if (c->mapped[i]) munmap(c->mapped[i], c->manifest.at[i].about.frames * c->picture);
    free(c->mapped);
    cache_manifest_free(&c->manifest);
    free(c);
    *at = NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

const cache_form *frame_cache_made_as(const frame_cache *c)
{
    return &c->manifest.form;
}

double frame_cache_spacing(const frame_cache *c)
{
    double longest = 0;
    const cache_manifest *m = &c->manifest;
    for (size_t i = 0; i < m->count; i++) longest = fmax(longest, m->at[i].about.seconds);
    return m->form.uniform ? longest / (double)m->form.uniform : 1 / m->form.fps;
}

/* When it was made, and a file's time, do not count. */
static status describe_pictures(const cache_manifest *m, json_t *into)
{
    status st = OK;
    json_t *videos = json_array(), *entry = NULL;
    if (!videos) TRY(FAIL(ERR_MEMORY, "no memory to describe a cache of frames"));
    TRY(cache_form_write(&m->form, into));
    for (size_t i = 0; i < m->count; i++) {
        TRY(cache_entry_write(&m->at[i], &entry));
        json_object_del(entry, "mtime");
        if (json_array_append_new(videos, entry)) TRY(FAIL(ERR_MEMORY, "no memory to describe a cache of frames"));
    }
    if (json_object_set(into, "videos", videos)) TRY(FAIL(ERR_MEMORY, "no memory to describe a cache of frames"));
done:
    json_decref(videos);
    return st;
}

status frame_cache_hash(const frame_cache *c, char out[HASH_TEXT])
{
    status st = OK;
    char *text = NULL;
    json_t *about = json_object();
    if (!about) TRY(FAIL(ERR_MEMORY, "no memory to describe a cache of frames"));
    TRY(describe_pictures(&c->manifest, about));
    text = json_dumps(about, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(17));
    if (!text) TRY(FAIL(ERR_MEMORY, "no memory to describe a cache of frames"));
    hash_bytes(text, strlen(text), out);
done:
    json_decref(about);
    free(text);
    return st;
}

size_t frame_cache_count(const frame_cache *c)
{
    return c->manifest.count;
}

const cached_video *frame_cache_video(const frame_cache *c, size_t number)
{
    return number < c->manifest.count ? &c->manifest.at[number].about : NULL;
}

const cached_video *frame_cache_find(const frame_cache *c, const char *name)
{
    const cache_entry *entry = cache_entry_find(c->manifest.at, c->manifest.count, name);
    return entry ? &entry->about : NULL;
}

static const cache_entry *entry_of(const cached_video *v)
{
    return (const cache_entry *)v; /* its first member */
}

/* How many of (count) rising numbers are not above `limit`. */
static size_t count_up_to(const double *rising, size_t count, double limit)
{
    size_t first = 0, end = count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (rising[middle] <= limit) first = middle + 1;
        else end = middle;
    }
    return first;
}

size_t frame_cache_at(const frame_cache *c, const cached_video *v, double seconds)
{
    if (!(seconds > 0) || !v->frames) return 0;
    if (c->manifest.form.uniform) {
        size_t before = count_up_to(entry_of(v)->times, v->frames, seconds + TIME_SLACK);
        return before ? before - 1 : 0;
    }
    double frame = floor(seconds * c->manifest.form.fps + TIME_SLACK);
    return frame < (double)v->frames ? (size_t)frame : v->frames - 1;
}

static int by_number(const void *a, const void *b)
{
    const size_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

const uint8_t *frame_cache_picture(const frame_cache *c, const cached_video *v, size_t frame, bool *replaced)
{
    const cache_entry *entry = entry_of(v);
    if (frame >= v->frames) return NULL;
    if (replaced)
        *replaced = v->replaced && bsearch(&frame, entry->replaced, v->replaced, sizeof frame, by_number) != NULL;
    return c->mapped[entry - c->manifest.at] + frame * c->picture;
}
