#include "student/clip_lengths.h"

#include "base/file.h"
#include "base/log.h"
#include "base/picture_folder.h"
#include "data/tracks.h"
#include "student/known_lengths.h"
#include "trainer/trainer.h"
#include "video/decoder.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND = 64, REASON_BYTES = 200 }; /* ROUND: videos of a rank between agreements */

/* What a rank found out about a clip that cannot be seen: messages of this size go to rank 0. */
typedef struct {
    uint64_t place; /* in the set's instances */
    char reason[REASON_BYTES];
} refusal;

/* A video whose length is known now. */
typedef struct {
    uint64_t place; /* in the set's instances */
    int64_t bytes, mtime;
    uint64_t opened; /* 1: in this step */
} measured;

typedef struct {
    comm *comm;
    const dataset *d;
    double timeout, frame_rate;
    const segment **at; /* (count) all segments, those of every part */
    size_t count;
    double *seconds;   /* (instances) length of its video; -1: cannot be seen; 0: another rank's, or not asked */
    refusal *refusals; /* (refusal_count) of this rank */
    size_t refusal_count, refusal_room;
    char *known_path;    /* RUN/clip_lengths.json */
    known_lengths known; /* what an earlier step has found */
    measured *measured;  /* (measured_count) of this rank, room for all segments */
    size_t measured_count;
    const char **reasons; /* (instances) on rank 0 */
    refusal *gathered;    /* of all ranks, on rank 0; what `reasons` point into */
} measuring;

static void measuring_free(measuring *m)
{
    free(m->at);
    free(m->seconds);
    free(m->refusals);
    free(m->measured);
    free(m->known_path);
    known_lengths_free(&m->known);
    free(m->reasons);
    free(m->gathered);
}

static status measuring_open(comm *c, const recipe *r, const dataset *d, const char *run, measuring *m)
{
    const segment_list *lists[] = {&d->train, &d->development, &d->eval};
    size_t count = d->instances.count;
    *m = (measuring){
        .comm = c, .d = d, .timeout = recipe_real(r, "video.timeout"), .frame_rate = recipe_real(r, "data.frame_rate")};
    m->at = calloc(count + 1, sizeof *m->at);
    m->seconds = calloc(count + 1, sizeof *m->seconds);
    m->reasons = calloc(count + 1, sizeof *m->reasons);
    m->measured = calloc(count + 1, sizeof *m->measured);
    m->known_path = path_join(run, "clip_lengths.json");
    if (!m->at || !m->seconds || !m->reasons || !m->measured || !m->known_path)
        return FAIL(ERR_MEMORY, "no memory to measure %zu clips", count);
    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l]->count; i++) m->at[m->count++] = &lists[l]->at[i];
    return known_lengths_read(m->known_path, m->frame_rate, &m->known);
}

static status refuse(measuring *m, size_t place, const char *reason)
{
    if (m->refusal_count == m->refusal_room) {
        size_t room = m->refusal_room ? m->refusal_room * 2 : 64;
        refusal *larger = realloc(m->refusals, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu clips that cannot be seen", room);
        m->refusals = larger;
        m->refusal_room = room;
    }
    refusal *to = &m->refusals[m->refusal_count++];
    *to = (refusal){.place = place};
    snprintf(to->reason, sizeof to->reason, "%s", reason);
    m->seconds[place] = -1;
    return OK;
}

/* ---- videos -------------------------------------------------------------------------------------------------------
 */

/* A failure's message without the path it begins with, which is said beside it. */
static const char *without_path(const char *message, const char *path)
{
    size_t length = strlen(path);
    if (strncmp(message, path, length)) return message;
    message += length;
    return message + strspn(message, ": ");
}

static status open_video(measuring *m, const instance *of, size_t place)
{
    status st = OK;
    video *v = NULL;
    const video_options options = {.stream = -1, .threads = 1, .timeout = m->timeout, .frame_rate = m->frame_rate};
    st = video_open(of->path, &options, &v);
    if (st == ERR_INPUT || st == ERR_MISSING) {
        st = refuse(m, place, without_path(fail_message(), of->path));
        if (st == OK) fail_clear();
        goto done;
    }
    TRY(st);
    m->seconds[place] = video_about(v)->seconds;
    if (!(m->seconds[place] > 0)) TRY(refuse(m, place, "has no frames"));
done:
    video_close(&v);
    return st;
}

/* What it is known by is asked before it is opened: one that changes meanwhile is opened again. */
static status measure_video(measuring *m, const instance *of, size_t place)
{
    status st = OK;
    measured now = {.place = place};
    bool there = video_source_look(of->path, &now.bytes, &now.mtime) == OK;
    if (!there) fail_clear(); /* to be told when it is opened */
    now.opened = !there || !known_lengths_find(&m->known, of->path, now.bytes, now.mtime, &m->seconds[place]);
    if (now.opened) TRY(open_video(m, of, place));
    if (there && m->seconds[place] > 0) m->measured[m->measured_count++] = now;
done:
    return st;
}

/* This rank's videos among `ROUND` of each rank from `first` on. */
static status measure_round(measuring *m, size_t first)
{
    status st = OK;
    size_t size = (size_t)comm_size(m->comm), rank = (size_t)comm_rank(m->comm);
    for (size_t i = first + rank; i < m->count && i < first + ROUND * size; i += size) {
        if (trainer_stop_requested()) TRY(FAIL(ERR_RETRY, "stopped while the clips were measured"));
        TRY(measure_video(m, m->at[i]->instance, m->at[i]->place));
    }
done:
    return st;
}

/* All ranks learn every length; rank 0 why some have none. */
static status share(measuring *m)
{
    status st = OK;
    size_t ranks = (size_t)comm_size(m->comm);
    void *bytes = NULL;
    size_t *offsets = calloc(ranks + 1, sizeof *offsets);
    TRY(comm_agree(m->comm, offsets ? OK : FAIL(ERR_MEMORY, "no memory to measure clips")));
    TRY(comm_sum_f64(m->comm, m->seconds, m->d->instances.count));
    TRY(comm_gather(m->comm, m->refusals, m->refusal_count * sizeof *m->refusals, 0, &bytes, offsets));
    if (comm_rank(m->comm)) goto done;
    m->gathered = bytes;
    for (size_t i = 0; i < offsets[ranks] / sizeof *m->gathered; i++)
        m->reasons[m->gathered[i].place] = m->gathered[i].reason;
done:
    free(offsets);
    return st;
}

/* Rank 0 writes the lengths of all ranks, if any of them is news. */
static status keep_lengths(const measuring *m, const measured *all, size_t count)
{
    status st = OK;
    size_t opened = 0;
    known_length *lengths = calloc(count + 1, sizeof *lengths);
    if (!lengths) TRY(FAIL(ERR_MEMORY, "no memory for the lengths of %zu clips", count));
    for (size_t i = 0; i < count; i++) {
        size_t place = all[i].place;
        lengths[i] = (known_length){m->d->instances.at[place].path, all[i].bytes, all[i].mtime, m->seconds[place]};
        opened += all[i].opened;
    }
    if (count > opened)
        log_info("clips: the lengths of %zu of %zu were found by an earlier step", count - opened, count);
    if (opened) TRY(known_lengths_write(m->known_path, m->frame_rate, lengths, count));
done:
    free(lengths);
    return st;
}

static status keep(measuring *m)
{
    status st = OK;
    size_t ranks = (size_t)comm_size(m->comm);
    void *bytes = NULL;
    size_t *offsets = calloc(ranks + 1, sizeof *offsets);
    TRY(comm_agree(m->comm, offsets ? OK : FAIL(ERR_MEMORY, "no memory to measure clips")));
    TRY(comm_gather(m->comm, m->measured, m->measured_count * sizeof *m->measured, 0, &bytes, offsets));
    if (comm_rank(m->comm)) goto done;
    if (keep_lengths(m, bytes, offsets[ranks] / sizeof *m->measured) == OK) goto done;
    log_warn("the lengths of clips are not kept for later steps: %s", fail_message());
    fail_clear();
done:
    free(bytes);
    free(offsets);
    return st;
}

static status measure_videos(measuring *m)
{
    status st = OK;
    for (size_t first = 0; first < m->count; first += ROUND * (size_t)comm_size(m->comm))
        TRY(comm_agree(m->comm, measure_round(m, first)));
    TRY(share(m));
    TRY(keep(m));
done:
    return st;
}

/* ---- tracks -------------------------------------------------------------------------------------------------------
 */

static status measure_tracks(measuring *m, const recipe *r)
{
    status st = OK;
    tracks *t = NULL;
    const char *path = recipe_text(r, "data.tracks");
    if (!path) TRY(FAIL(ERR_CONFIG, "data.tracks is not given: name the features the student is to see"));
    TRY(tracks_open(path, &t));
    double fps = tracks_fps(t) > 0 ? tracks_fps(t) : recipe_real(r, "data.fps");
    for (size_t i = 0; i < m->count; i++) {
        size_t frames = tracks_frames(t, m->at[i]->sequence), place = m->at[i]->place;
        m->seconds[place] = frames ? (double)frames / fps : -1;
        if (!frames) m->reasons[place] = "has no track in data.tracks";
    }
done:
    tracks_close(&t);
    return st;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------
 */

static status tell(const dataset *d, const char *directory)
{
    status st = OK;
    char *path = path_join(directory, "missing.json");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a file"));
    TRY(directory_make(directory));
    TRY(missing_write(&d->missing, path));
    missing_log(&d->missing, path);
done:
    free(path);
    return st;
}

status clip_lengths_find(comm *c, const recipe *r, dataset *d, const char *run, const char *directory)
{
    status st = OK;
    measuring m = {0};
    if (!d->instances.count) return OK;
    TRY(comm_agree(c, measuring_open(c, r, d, run, &m)));
    if (!strcmp(recipe_text(r, "student.input"), "tracks")) TRY(comm_agree(c, measure_tracks(&m, r)));
    else TRY(measure_videos(&m));
    st = dataset_fit_clips(r, d, m.seconds, m.reasons);
    if (comm_rank(c) == 0 && (st == OK || st == ERR_MISSING)) { /* what is missing is told also where it is too much */
        status told = tell(d, directory);
        if (st == OK) st = told;
    }
    TRY(comm_agree(c, st));
done:
    measuring_free(&m);
    return st;
}
