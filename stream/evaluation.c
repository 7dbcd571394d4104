/* evaluation - held-out videos watched by what has been learned so far, which learns nothing from them.
 *
 * Each rank has its share of the videos, always the same. The learner that learns is the one that watches: it has no
 * video at these times, and what it has collected for its next step is settled before, so that nothing of it changes.
 */
#include "stream/staging.h"

#include "base/file.h"
#include "base/log.h"
#include "trainer/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    stage *s;
    feed *feed;
    watched *watched;
    char *directory;
    stream_frames *frames; /* (streams) */
    size_t next;           /* of this rank's videos: rank, rank + ranks ... */
    double videos;         /* of this rank that have ended */
    error_sums errors;
    bool first; /* of the run: what is wrong with videos is told once */
} evaluation;

/* ---- what is told ------------------------------------------------------------------------------------------------ */

static const char *path_of(void *self, size_t which)
{
    const evaluation *e = self;
    return e->s->held_out.at[which].path;
}

static status on_begin(void *self, size_t stream, size_t which)
{
    evaluation *e = self;
    char name[512];
    stage_video_name(&e->s->held_out, which, name, sizeof name);
    return watched_begin(e->watched, stream, path_of(e, which), name,
                         stage_errors_are_kept(e->s, &e->s->held_out, which));
}

static status on_end(void *self, const feed_end *end)
{
    evaluation *e = self;
    stage *s = e->s;
    char what[640];
    broken_kind kind;
    e->videos++;
    if (e->first && stage_complaint(end, &kind, what, sizeof what)) {
        progress_pause(&s->progress);
        log_warn("%s, held out, after %lld frames: %s", path_of(e, end->video), (long long)end->frames, what);
    }
    double seconds = fmax(end->seconds, (double)end->next * s->input.snippet);
    return watched_end(e->watched, end->stream, seconds, learner_layers(s->learner));
}

static status on_input(void *self, const stream_input *input)
{
    evaluation *e = self;
    errors_note(&e->errors, input);
    return watched_input(e->watched, input);
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static status begin_videos(evaluation *e)
{
    status st = OK;
    for (size_t i = 0; i < e->s->streams; i++)
        while (feed_is_free(e->feed, i) && e->next < e->s->held_out.count) {
            TRY(feed_give(e->feed, i, e->next, 0));
            e->next += (size_t)comm_size(e->s->c);
        }
done:
    return st;
}

/* Some frames of each stream, or until a stop; `*busy`: there are more. */
static status watch(evaluation *e, bool *busy)
{
    status st = OK;
    const stream_listener listener = {.self = e, .input = on_input};
    for (int64_t left = e->s->average_every; left > 0 && !trainer_stop_requested();) {
        size_t count = 0;
        TRY(begin_videos(e));
        *busy = feed_busy(e->feed) > 0;
        if (!*busy) break;
        TRY(feed_turn(e->feed, (size_t)left, e->frames, &count));
        if (!count) continue;
        TRY(learner_watch(e->s->learner, e->frames, false, &listener));
        feed_took(e->feed, count);
        left -= (int64_t)count;
    }
done:
    return st;
}

/* Nothing of a video stays in the learner, and nothing that waits to be learned. */
static status clear_learner(stage *s)
{
    for (size_t i = 0; i < s->streams; i++) learner_reset(s->learner, i);
    return learner_settle(s->learner);
}

/* Ranks come together now and then, so that none waits longer than between meetings. */
static status watch_all(evaluation *e, bool *stopped)
{
    status st = OK;
    bool busy = true;
    while (busy && !*stopped) {
        TRY(comm_agree(e->s->c, watch(e, &busy)));
        *stopped = trainer_stop_requested();
        TRY(comm_any(e->s->c, stopped));
        TRY(comm_any(e->s->c, &busy));
    }
done:
    return st;
}

static status sum_up(const evaluation *e, evaluation_result *out)
{
    status st = OK;
    error_sums all = e->errors;
    double videos = e->videos;
    TRY(comm_sum_f64(e->s->c, all.error, STREAM_LAYERS_MOST));
    TRY(comm_sum_f64(e->s->c, all.count, STREAM_LAYERS_MOST));
    TRY(comm_sum_f64(e->s->c, &videos, 1));
    *out = (evaluation_result){e->s->dealing.epoch, e->s->total, (int64_t)videos, e->s->evaluated.least, {0}};
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++)
        out->errors[i] = all.count[i] > 0 ? all.error[i] / all.count[i] : NAN;
    out->least = fmin(out->least, out->errors[0]); /* a number where one of them is none */
done:
    return st;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static status evaluation_new(stage *s, evaluation *e)
{
    status st = OK;
    frame_stream_options input = s->input;
    const feed_listener listener = {.self = e, .path = path_of, .begin = on_begin, .end = on_end};
    *e = (evaluation){.s = s, .next = (size_t)comm_rank(s->c), .first = s->evaluated.frames < 0};
    input.live = false;
    e->directory = path_join(s->directory, "eval");
    e->frames = calloc(s->streams, sizeof *e->frames);
    if (!e->directory || !e->frames) TRY(FAIL(ERR_MEMORY, "no memory to watch held-out videos"));
    TRY(directory_make(e->directory));
    const watched_options options = stage_watched_options(s, e->directory);
    TRY(feed_new(&input, s->streams, s->turn, &listener, &e->feed));
    TRY(watched_new(&options, NULL, &e->watched));
    TRY(clear_learner(s));
done:
    return st;
}

static void evaluation_free(evaluation *e)
{
    feed_free(&e->feed);
    watched_free(&e->watched);
    free(e->directory);
    free(e->frames);
}

static bool is_due(const stage *s, bool last)
{
    if (!s->held_out.count) return false;
    return last ? s->evaluated.frames != s->total : s->evaluated.epochs < s->dealing.epoch;
}

status stage_evaluate(stage *s, bool last, bool *stopped)
{
    status st = OK;
    evaluation e = {0};
    evaluation_result result;
    *stopped = false;
    if (!is_due(s, last)) return OK;
    TRY(comm_agree(s->c, evaluation_new(s, &e)));
    TRY(watch_all(&e, stopped));
    TRY(comm_agree(s->c, clear_learner(s)));
    if (*stopped) goto done;
    if (watched_settle(e.watched) != OK) {
        log_warn("what was written of held-out videos is not whole: %s", fail_message());
        fail_clear();
    }
    TRY(sum_up(&e, &result));
    if (last) result.epochs++; /* the one that is over now */
    s->evaluated = result;
    TRY(stage_tell_evaluation(s));
done:
    evaluation_free(&e);
    return st;
}
