#include "video/cache_video.h"

#include "base/file.h"
#include "base/picture_folder.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 32 }; /* frames decoded at once */

/* What is going on with one video. */
typedef struct {
    const cache_making *making;
    const video_file *file;
    cache_entry *entry;
    video *source;
    int64_t *index;    /* (entry->about.frames) in the source */
    uint8_t *pictures; /* (CHUNK, height, width, 3) */
    size_t picture;    /* bytes of one */
    FILE *out;
    char *path, *part; /* of the output; until it is whole */
    char reason[160];
} work;

/* ---- which frames ------------------------------------------------------------------------------------------------ */

static status sample_uniform(work *w, int64_t frames, size_t count)
{
    w->entry->times = calloc(count, sizeof *w->entry->times);
    if (!w->entry->times) return FAIL(ERR_MEMORY, "%s: no memory for %zu frames", w->file->path, count);
    frames_uniform(frames, count, w->index);
    for (size_t i = 0; i < count; i++) w->entry->times[i] = video_frame_time(w->source, w->index[i]);
    return OK;
}

static status sample(work *w)
{
    status st = OK;
    const cache_form *form = &w->making->form;
    const video_info *info = video_about(w->source);
    double seconds = isfinite(info->seconds) && info->seconds > 0 ? info->seconds : 0;
    double count = form->uniform ? (double)form->uniform : fmax(1, ceil(seconds * form->fps - 1e-6));
    if (count > (double)CACHE_FRAMES_MOST)
        TRY(FAIL(ERR_INPUT, "%s: %g frames are too many for a cache", w->file->path, count));
    w->entry->about.frames = (size_t)count;
    w->entry->about.seconds = seconds;
    w->index = calloc((size_t)count, sizeof *w->index);
    if (!w->index) TRY(FAIL(ERR_MEMORY, "%s: no memory for %g frames", w->file->path, count));
    if (form->uniform) TRY(sample_uniform(w, info->frames, (size_t)count));
    for (size_t i = 0; !form->uniform && i < (size_t)count; i++)
        w->index[i] = video_frame_at(w->source, (double)i / form->fps);
done:
    return st;
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

static status note_replaced(work *w, size_t frame)
{
    cached_video *about = &w->entry->about;
    size_t *larger = realloc(w->entry->replaced, (about->replaced + 1) * sizeof *larger);
    if (!larger) return FAIL(ERR_MEMORY, "%s: no memory for its account", w->file->path);
    w->entry->replaced = larger;
    larger[about->replaced++] = frame;
    return OK;
}

/* The account of a chunk says how many frames were replaced; one by one they say which. */
static status find_replaced(work *w, size_t first, size_t count)
{
    status st = OK;
    uint8_t *one = malloc(w->picture);
    if (!one) TRY(FAIL(ERR_MEMORY, "%s: no memory for a picture", w->file->path));
    for (size_t i = first; i < first + count; i++) {
        video_account account = {0};
        status got = video_frames(w->source, &w->index[i], 1, &w->making->form.format, one, &account);
        if (got == ERR_MEMORY) TRY(got);
        fail_clear();
        if (got != OK || account.decoded == 0) TRY(note_replaced(w, i));
    }
done:
    free(one);
    return st;
}

static status decode_chunk(work *w, size_t first, size_t count)
{
    status st = OK;
    video_account account = {0};
    TRY(video_frames(w->source, w->index + first, count, &w->making->form.format, w->pictures, &account));
    if (account.decoded == account.asked) goto done;
    if (!w->reason[0]) memcpy(w->reason, account.reason, sizeof w->reason);
    TRY(find_replaced(w, first, count));
done:
    return st;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static status output_open(work *w)
{
    status st = OK;
    char *slash;
    w->path = cache_pictures_path(w->making->out, w->file->name);
    if (!w->path || asprintf(&w->part, "%s.part", w->path) < 0) {
        w->part = NULL;
        TRY(FAIL(ERR_MEMORY, "%s: no memory for its name", w->file->path));
    }
    slash = strrchr(w->part, '/');
    *slash = '\0';
    st = directory_make(w->part); /* names may have folders in them */
    *slash = '/';
    TRY(st);
    w->out = fopen(w->part, "wbe");
    if (!w->out) TRY(FAIL(ERR_CREATE, "%s: cannot create: %s", w->part, strerror(errno)));
done:
    return st;
}

static status output_place(work *w)
{
    bool failed = fflush(w->out) || fsync(fileno(w->out));
    int reason = errno;
    failed |= fclose(w->out) != 0;
    w->out = NULL;
    if (failed) return FAIL(ERR_IO, "%s: cannot write: %s", w->path, strerror(reason));
    if (rename(w->part, w->path)) return FAIL(ERR_CREATE, "%s: cannot put in place: %s", w->path, strerror(errno));
    return OK;
}

/* ---- one video --------------------------------------------------------------------------------------------------- */

static status identify(work *w)
{
    status st = OK;
    cache_entry *e = w->entry;
    e->frame_rate = w->file->folder ? picture_rate(w->making->frame_rate) : 0;
    TRY(video_source_look(w->file->path, &e->size, &e->mtime));
    TRY(video_source_hash(w->file->path, e->hash));
done:
    return st;
}

static status begin(work *w)
{
    status st = OK;
    const video_options options = {
        .stream = -1, .threads = 1, .timeout = w->making->timeout, .frame_rate = w->making->frame_rate};
    TRY(identify(w));
    TRY(video_open(w->file->path, &options, &w->source));
    TRY(sample(w));
    w->picture = picture_bytes(&w->making->form.format, NULL);
    w->pictures = malloc(CHUNK * w->picture);
    if (!w->pictures) TRY(FAIL(ERR_MEMORY, "%s: no memory for %d pictures", w->file->path, CHUNK));
done:
    return st;
}

static bool is_stopped(const work *w)
{
    return w->making->stopped && w->making->stopped(w->making->self);
}

/* Decodes and writes; `*fatal` tells the failures of the output from those of the video. */
static status run(work *w, bool *fatal)
{
    status st = OK;
    TRY(begin(w));
    *fatal = true;
    TRY(output_open(w));
    for (size_t at = 0, count = 0; at < w->entry->about.frames; at += count) {
        if (is_stopped(w)) TRY(FAIL(ERR_RETRY, "%s: stopped", w->file->path));
        count = w->entry->about.frames - at < CHUNK ? w->entry->about.frames - at : CHUNK;
        *fatal = false;
        TRY(decode_chunk(w, at, count));
        *fatal = true;
        if (fwrite(w->pictures, w->picture, count, w->out) != count)
            TRY(FAIL(ERR_IO, "%s: cannot write: %s", w->path, strerror(errno)));
    }
    if (w->entry->about.replaced == w->entry->about.frames) {
        *fatal = false;
        TRY(FAIL(ERR_INPUT, "%s: %s", w->file->path, w->reason));
    }
    TRY(output_place(w));
done:
    if (w->out) fclose(w->out);
    if (st != OK && w->part) unlink(w->part);
    return st;
}

/* Nothing of it could be had: the entry keeps the reason. */
static void give_up(work *w)
{
    cache_entry *e = w->entry;
    free(e->times);
    free(e->replaced);
    e->times = NULL;
    e->replaced = NULL;
    e->about.frames = e->about.replaced = 0;
    snprintf(w->reason, sizeof w->reason, "%s", fail_message());
    fail_clear();
    if (w->path) unlink(w->path); /* of an earlier making */
}

static status name_entry(work *w)
{
    cache_entry *e = w->entry;
    e->name = strdup(w->file->name);
    e->source = strdup(w->file->source);
    e->reason = strdup(w->reason);
    if (!e->name || !e->source || !e->reason) return FAIL(ERR_MEMORY, "%s: no memory for its name", w->file->path);
    e->about.name = e->name;
    e->about.reason = e->reason;
    return OK;
}

status cache_video_make(const cache_making *making, const video_file *file, cache_entry *out)
{
    bool fatal = false;
    cache_entry entry = {0};
    work w = {.making = making, .file = file, .entry = &entry};
    status st = run(&w, &fatal);
    if (st != OK && !fatal && st != ERR_MEMORY && st != ERR_CONFIG) {
        give_up(&w);
        st = OK;
    }
    if (st == OK) st = name_entry(&w);
    if (st == OK) *out = entry;
    else cache_entry_free(&entry);
    video_close(&w.source);
    free(w.index);
    free(w.pictures);
    free(w.path);
    free(w.part);
    return st;
}
