#include "stream/staging.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "events/hierarchy.h"
#include "trainer/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of so many videos errors are written down anyway, up to so many bytes a rank: for pictures of them in reports. */
enum { ERROR_VIDEOS = 4, ERROR_BYTES = 16 << 20 };

/* ---- what is told ------------------------------------------------------------------------------------------------ */

void errors_note(error_sums *sums, const stream_input *input)
{
    if (!input->predicted) return;
    sums->error[input->layer] += input->error;
    sums->count[input->layer]++;
}

static status on_input(void *self, const stream_input *input)
{
    stage *s = self;
    errors_note(&s->errors, input);
    return watched_input(s->watched, input);
}

static const char *path_of(void *self, size_t which)
{
    const stage *s = self;
    return s->videos.at[which].path;
}

/* The base name; with the number of the video in front where the list has that name twice. */
void stage_video_name(const video_list *videos, size_t which, char *out, size_t size)
{
    size_t length = 0, other_length = 0;
    bool twice = false;
    const char *name = video_base_name(videos->at[which].path, &length);
    for (size_t i = 0; i < videos->count && !twice; i++) {
        const char *other = video_base_name(videos->at[i].path, &other_length);
        twice = i != which && length == other_length && !strncmp(name, other, length);
    }
    if (length > size / 2) length = size / 2;
    if (!strcmp(videos->at[which].path, "-")) snprintf(out, size, "stdin");
    else if (twice) snprintf(out, size, "%zu-%.*s", which, (int)length, name);
    else snprintf(out, size, "%.*s", (int)length, name);
}

static uint64_t hash_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return hash_of_name(slash ? slash + 1 : path);
}

/* Where a video stands among all when they are shuffled by their names, from 0. */
static size_t place_of(const video_list *videos, size_t which)
{
    size_t place = 0;
    uint64_t mine = hash_of_file(videos->at[which].path);
    for (size_t i = 0; i < videos->count; i++) {
        uint64_t other = hash_of_file(videos->at[i].path);
        place += other < mine || (other == mine && i < which);
    }
    return place;
}

bool stage_errors_are_kept(const stage *s, const video_list *videos, size_t which)
{
    return recipe_bool(s->r, "stream.errors") || place_of(videos, which) < ERROR_VIDEOS;
}

watched_options stage_watched_options(const stage *s, const char *directory)
{
    return (watched_options){.directory = directory,
                             .rank = comm_rank(s->c),
                             .streams = s->streams,
                             .layers = (size_t)s->o.max_layers,
                             .snippet = s->input.snippet,
                             .seed = s->o.seed,
                             .errors_most = recipe_bool(s->r, "stream.errors") ? 0 : ERROR_BYTES};
}

static status on_begin(void *self, size_t stream, size_t which)
{
    stage *s = self;
    char name[512];
    stage_video_name(&s->videos, which, name, sizeof name);
    return watched_begin(s->watched, stream, s->videos.at[which].path, name,
                         stage_errors_are_kept(s, &s->videos, which));
}

const char *broken_kind_name(broken_kind kind)
{
    static const char *const NAMES[BROKEN_KINDS] = {"unreadable",      "stalled",        "broke_off",
                                                    "frames_replaced", "frames_dropped", "jumps_or_sizes"};
    return NAMES[kind];
}

bool stage_complaint(const feed_end *end, broken_kind *kind, char *out, size_t size)
{
    const frame_stream_account *a = &end->account;
    *kind = end->failure           ? BROKEN_UNREADABLE
            : a->stalled           ? BROKEN_STALLED
            : !a->whole            ? BROKEN_OFF
            : a->replaced          ? BROKEN_REPLACED
            : a->dropped           ? BROKEN_DROPPED
            : a->jumps || a->sizes ? BROKEN_CHANGES
                                   : BROKEN_KINDS;
    if (*kind == BROKEN_KINDS) return false;
    if (end->failure) snprintf(out, size, "%s", end->failure);
    else if (a->stalled) snprintf(out, size, "nothing more came, it counts as ended");
    else if (!a->whole) snprintf(out, size, "it broke off: %s", a->reason);
    else
        snprintf(out, size, "%lld frames replaced, %lld dropped, %lld jumps in time, %lld changes of size: %s",
                 (long long)a->replaced, (long long)a->dropped, (long long)a->jumps, (long long)a->sizes, a->reason);
    return true;
}

static void on_late(void *self, size_t which, bool back, double seconds)
{
    stage *s = self;
    const char *path = s->videos.at[which].path;
    progress_pause(&s->progress);
    if (back) log_info("%s: frames come again, after %.1f s", path, seconds);
    else log_warn("%s: nothing has come for %.1f s; what else this rank watches goes on without it", path, seconds);
}

static status on_end(void *self, const feed_end *end)
{
    stage *s = self;
    char what[640];
    broken_kind kind;
    s->ended++;
    s->ended_frames += end->frames;
    s->stalls += end->stalls;
    if (end->stalls > 1) {
        progress_pause(&s->progress);
        log_warn("%s: it was late %lld times", s->videos.at[end->video].path, (long long)end->stalls);
    }
    if (stage_complaint(end, &kind, what, sizeof what)) {
        s->broken[kind]++;
        progress_pause(&s->progress);
        log_warn("%s, after %lld frames: %s", s->videos.at[end->video].path, (long long)end->frames, what);
    }
    double seconds = fmax(end->seconds, (double)end->next * s->input.snippet);
    return watched_end(s->watched, end->stream, seconds, learner_layers(s->learner));
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static status read_recipe(stage *s)
{
    status st = OK;
    const recipe *r = s->r;
    recipe_hash(r, s->recipe_hash);
    TRY(stream_recipe_learner(r, comm_size(s->c), &s->o));
    stream_recipe_input(r, &s->input);
    TRY(stream_recipe_videos(r, &s->videos, &s->held_out));
    s->streams = (size_t)recipe_int(r, "stream.streams");
    s->turn = (size_t)recipe_int(r, "stream.turn");
    s->average_every = recipe_int(r, "stream.train.average_every");
    s->save_every = recipe_int(r, "stream.train.save_every");
    s->most = recipe_int(r, "stream.train.max_steps");
    s->sums_gradients = s->o.joint_steps;
    if (s->input.ahead < s->turn) s->input.ahead = s->turn;
done:
    return st;
}

static status make_parts(stage *s)
{
    status st = OK;
    const recipe *r = s->r;
    const feed_listener listener = {s, path_of, on_begin, on_end, on_late};
    TRY(learner_new(&s->o, s->streams, T_F32, &s->learner));
    TRY(feed_new(&s->input, s->streams, s->turn, &listener, &s->feed));
    TRY(dealing_new(s->videos.count, (size_t)comm_size(s->c), recipe_int(r, "stream.train.epochs"),
                    (uint64_t)recipe_int(r, "seed"), !strcmp(recipe_text(r, "stream.order"), "shuffled"), &s->dealing));
    s->frames = calloc(s->streams, sizeof *s->frames);
    if (!s->frames) TRY(FAIL(ERR_MEMORY, "no memory for %zu streams", s->streams));
done:
    return st;
}

static void stage_free(stage *s)
{
    gradients_free(&s->gradients);
    learner_free(&s->learner);
    feed_free(&s->feed);
    watched_free(&s->watched);
    dealing_free(&s->dealing);
    video_list_free(&s->videos);
    video_list_free(&s->held_out);
    curve_close(&s->curve);
    events_close(&s->scalars);
    free(s->frames);
    free(s->directory);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

/* Streams without a video take the next ones of this rank's hand. */
static status begin_videos(stage *s)
{
    status st = OK;
    const hand *mine = &s->dealing.hands[comm_rank(s->c)];
    for (size_t i = 0; i < s->streams; i++)
        while (feed_is_free(s->feed, i) && s->begun < mine->count) TRY(feed_give(s->feed, i, mine->at[s->begun++], 0));
done:
    return st;
}

/* Frames of each stream until the next meeting. */
static int64_t until_meeting(const stage *s)
{
    int64_t left = s->average_every - s->since, busy = (int64_t)feed_busy(s->feed);
    if (!s->most || !busy) return left;
    int64_t of_all = (int64_t)s->streams * comm_size(s->c);
    int64_t allowed = (s->most - s->total + of_all - 1) / of_all - s->since;
    return allowed < left ? allowed : left;
}

/* One turn, or none where videos have just ended. `*busy`: there was something to do. */
static status take_turn(stage *s, int64_t left, bool *busy)
{
    status st = OK;
    const stream_listener listener = {.self = s, .input = on_input};
    size_t count = 0, most = (int64_t)s->turn < left ? s->turn : (size_t)left;
    TRY(begin_videos(s));
    *busy = feed_busy(s->feed) > 0;
    if (!*busy) goto done;
    TRY(feed_turn(s->feed, most, s->frames, &count));
    if (!count) goto done;
    TRY(learner_watch(s->learner, s->frames, true, &listener));
    feed_took(s->feed, count);
    s->since += (int64_t)count;
done:
    return st;
}

/* Live input may stay away: the other ranks are not to wait for this one longer than frames would have taken. */
static bool is_overdue(const stage *s, double began)
{
    return s->input.live && comm_size(s->c) > 1 &&
           monotonic_seconds() - began > (double)s->average_every * s->input.snippet;
}

/* Frames until the next meeting, or a stop. */
static status watch(stage *s)
{
    status st = OK;
    double began = monotonic_seconds();
    bool busy = true;
    for (int64_t left = until_meeting(s); busy && left > 0 && !trainer_stop_requested() && !is_overdue(s, began);
         left = until_meeting(s))
        TRY(take_turn(s, left, &busy));
done:
    s->watching_s += monotonic_seconds() - began;
    return st;
}

static status stop(stage *s)
{
    status st = OK;
    progress_pause(&s->progress);
    st = stage_save(s);
    if (st != OK && comm_rank(s->c) == 0)
        log_warn("stopped as asked, but not saved: what is saved is of %lld frames, from where --resume goes on",
                 (long long)s->saved);
    TRY(st);
    TRY(FAIL(ERR_RETRY, "stopped after %lld frames as asked, and saved; --resume goes on from there",
             (long long)s->total));
done:
    return st;
}

static status evaluate(stage *s, bool last)
{
    status st = OK;
    bool stopped = false;
    TRY(stage_evaluate(s, last, &stopped));
    if (stopped) TRY(stop(s));
done:
    return st;
}

/* Divided, not multiplied: save_every may be so large that it means never. */
static bool save_is_due(const stage *s)
{
    return (s->total - s->tried) / ((int64_t)s->streams * comm_size(s->c)) >= s->save_every;
}

static status loop(stage *s)
{
    status st = OK;
    meeting_end how = MEET_GOES_ON;
    while (!s->over) {
        TRY(evaluate(s, false)); /* also one that a stop came into */
        TRY(comm_agree(s->c, watch(s)));
        TRY(stage_meet(s, &how));
        if (how == MEET_STOPS) TRY(stop(s));
        else if (save_is_due(s)) TRY(stage_save_if_room(s));
    }
done:
    return st;
}

/* Videos that are left in the middle, at a limit of frames, end there. */
static status end_videos(stage *s)
{
    status st = OK;
    for (size_t i = 0; i < s->streams; i++) {
        size_t which = 0;
        int64_t next = 0;
        if (feed_is_free(s->feed, i)) continue;
        feed_place(s->feed, i, &which, &next);
        TRY(watched_end(s->watched, i, (double)next * s->input.snippet, learner_layers(s->learner)));
        feed_leave(s->feed, i);
    }
done:
    return st;
}

static status run_stage(stage *s)
{
    status st = OK;
    meeting_end how;
    st = read_recipe(s);
    if (st == OK) st = make_parts(s);
    TRY(comm_agree(s->c, st));
    TRY(stage_resume(s));
    if (s->sums_gradients) TRY(gradients_new(s->c, learner_model(s->learner), false, &s->gradients));
    TRY(comm_agree(s->c, stage_tell_begin(s)));
    if (s->total == 0 && s->since == 0 && !s->begun && !feed_busy(s->feed))
        TRY(stage_meet(s, &how)); /* the first dealing */
    TRY(loop(s));
    progress_pause(&s->progress);
    TRY(comm_agree(s->c, end_videos(s)));
    TRY(evaluate(s, true));
    TRY(stage_finish(s));
done:
    return st;
}

status stream_train(comm *c, const recipe *r, const char *run, const run_step *step)
{
    status st = OK;
    bool finished = false;
    char name[128];
    stage s = {.c = c, .r = r, .evaluated = {.frames = -1, .least = NAN}};
    TRY(run_step_name(step, name, sizeof name));
    s.directory = run_step_directory(run, name);
    st = s.directory ? directory_make(s.directory) : FAIL(ERR_MEMORY, "no memory for the name of %s", name);
    TRY(comm_agree(c, st));
    TRY(stage_is_finished(&s, &finished));
    if (!finished) TRY(run_stage(&s));
done:
    stage_free(&s);
    return st;
}
