/* meeting - the ranks of a stage together: one small exchange that says how all are, and the parameters. */
#include "stream/staging.h"

#include "base/clock.h"
#include "stream/layers.h"
#include "trainer/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a rank says. */
typedef enum {
    SAYS_STOP,
    SAYS_GROWTH,
    SAYS_WATCHED, /* it has had frames since the last meeting */
    SAYS_BUSY,    /* streams with a video */
    SAYS_BEGUN,
    SAYS_FREE,
    SAYS_FRAMES, /* in its whole life */
    SAYS_ENDED,
    SAYS_ENDED_FRAMES,
    SAYS_ERROR, /* of each layer */
    SAYS_ERRORS = SAYS_ERROR + STREAM_LAYERS_MOST,
    SAYINGS = SAYS_ERRORS + STREAM_LAYERS_MOST
} saying;

static size_t ranks_of(const stage *s)
{
    return (size_t)comm_size(s->c);
}

static double sum(const double *said, size_t ranks, size_t what)
{
    double all = 0;
    for (size_t r = 0; r < ranks; r++) all += said[r * SAYINGS + what];
    return all;
}

static void say(const stage *s, double *mine)
{
    mine[SAYS_STOP] = trainer_stop_requested();
    mine[SAYS_GROWTH] = learner_wants_growth(s->learner);
    mine[SAYS_WATCHED] = s->since > 0;
    mine[SAYS_BUSY] = (double)feed_busy(s->feed);
    mine[SAYS_BEGUN] = (double)s->begun;
    mine[SAYS_FREE] = (double)(s->streams - feed_busy(s->feed));
    mine[SAYS_FRAMES] = (double)learner_frames(s->learner);
    mine[SAYS_ENDED] = (double)s->ended;
    mine[SAYS_ENDED_FRAMES] = (double)s->ended_frames;
    memcpy(mine + SAYS_ERROR, s->errors.error, sizeof s->errors.error);
    memcpy(mine + SAYS_ERRORS, s->errors.count, sizeof s->errors.count);
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */

/* Memory that ranks of a node add in without copying, for all layers there may come to be. Collective. */
static status make_bucket(stage *s)
{
    if (s->bucket) return OK;
    return comm_shared_alloc(s->c, (size_t)stream_parameter_count(&s->o, (size_t)s->o.max_layers), &s->bucket);
}

static status fill_bucket(stage *s, float weight)
{
    status st = OK;
    module *m = learner_model(s->learner);
    float *at = s->bucket;
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        size_t count = (size_t)t_count(module_parameter_at(m, i));
        TRY(t_to_f32(module_parameter_at(m, i), at, count));
        for (size_t k = 0; k < count; k++) at[k] *= weight;
        at += count;
    }
done:
    return st;
}

static status empty_bucket(stage *s)
{
    status st = OK;
    module *m = learner_model(s->learner);
    const float *at = s->bucket;
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        scope *sc = scope_open();
        tensor *to = module_parameter_at(m, i);
        size_t count = (size_t)t_count(to);
        tensor *from = t_from_f32(at, SHAPE((int64_t)count));
        st = t_assign(t_reshape(t_detach(to), SHAPE(-1)), from);
        scope_close(&sc);
        TRY(st);
        at += count;
    }
done:
    return st;
}

/* The mean of those that have watched; a rank without videos takes it over. Collective. */
static status average(stage *s, const double *said)
{
    status st = OK;
    double watched_by = sum(said, ranks_of(s), SAYS_WATCHED);
    if (watched_by == 0) goto done;
    TRY(make_bucket(s));
    st = learner_settle(s->learner);
    if (st == OK) st = fill_bucket(s, s->since > 0 ? (float)(1 / watched_by) : 0);
    TRY(comm_agree(s->c, st));
    TRY(comm_sum_shared(s->c, s->bucket, module_element_count(learner_model(s->learner)), false));
    TRY(empty_bucket(s));
    TRY(learner_changed(s->learner));
done:
    return st;
}

/* One step for all, when the topmost layer has had its losses, all streams together. Collective. */
static status step_together(stage *s)
{
    status st = OK;
    loss_counts *counts = learner_counts(s->learner), all = *counts;
    double losses[STREAM_LAYERS_MOST];
    size_t top = learner_layers(s->learner) - 1;
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) losses[i] = (double)counts->losses[i];
    TRY(comm_sum_f64(s->c, losses, STREAM_LAYERS_MOST));
    if (losses[top] < (double)(s->o.optimize_every * (int64_t)(s->streams * ranks_of(s)))) goto done;
    TRY(comm_sum_f64(s->c, all.predictor, STREAM_LAYERS_MOST));
    TRY(comm_sum_f64(s->c, all.encoder, STREAM_LAYERS_MOST));
    TRY(comm_agree(s->c, learner_settle(s->learner)));
    TRY(gradients_leaf(s->gradients));
    TRY(gradients_sum(s->gradients));
    *counts = all;
    TRY(learner_step(s->learner));
    gradients_begin(s->gradients);
done:
    return st;
}

/* Collective. */
static status grow_together(stage *s, const double *said)
{
    status st = OK;
    if (sum(said, ranks_of(s), SAYS_GROWTH) == 0) goto done;
    TRY(learner_grow(s->learner));
    if (!s->sums_gradients) goto done;
    gradients_free(&s->gradients);
    TRY(gradients_new(s->c, learner_model(s->learner), false, &s->gradients));
done:
    return st;
}

/* ---- videos ------------------------------------------------------------------------------------------------------ */

/* As many in reserve as a rank's streams may come to begin before the next meeting: one each, and more where videos are
 * short. */
static size_t reserve_of(const stage *s)
{
    double mean = s->all_ended > 0 ? s->all_frames / s->all_ended : INFINITY;
    double more = mean >= 1 ? (double)s->average_every / mean : (double)s->average_every;
    return s->streams * (size_t)(1 + fmin(ceil(more), 64));
}

static status deal(stage *s, const double *said)
{
    size_t ranks = ranks_of(s);
    dealing_wish *wishes = malloc(ranks * sizeof *wishes);
    if (!wishes) return FAIL(ERR_MEMORY, "no memory for the wishes of %zu ranks", ranks);
    for (size_t r = 0; r < ranks; r++)
        wishes[r] = (dealing_wish){.begun = (size_t)said[r * SAYINGS + SAYS_BEGUN],
                                   .busy = (size_t)said[r * SAYINGS + SAYS_BUSY],
                                   .free = (size_t)said[r * SAYINGS + SAYS_FREE],
                                   .reserve = reserve_of(s)};
    status st = dealing_deal(&s->dealing, wishes);
    free(wishes);
    s->begun = 0;
    return st;
}

/* ---- the meeting ------------------------------------------------------------------------------------------------- */

static status take_note(stage *s, const double *said)
{
    size_t ranks = ranks_of(s);
    int64_t before = s->total;
    s->total = (int64_t)sum(said, ranks, SAYS_FRAMES);
    s->all_ended = sum(said, ranks, SAYS_ENDED);
    s->all_frames = sum(said, ranks, SAYS_ENDED_FRAMES);
    double errors[STREAM_LAYERS_MOST];
    for (size_t i = 0; i < STREAM_LAYERS_MOST; i++) {
        double count = sum(said, ranks, SAYS_ERRORS + i);
        errors[i] = count > 0 ? sum(said, ranks, SAYS_ERROR + i) / count : NAN;
    }
    s->errors = (error_sums){0};
    s->since = 0;
    return stage_tell_meeting(s, errors, s->total - before);
}

static status exchange(stage *s, const double *said)
{
    status st = OK;
    if (s->sums_gradients) TRY(step_together(s));
    else if (ranks_of(s) > 1) TRY(average(s, said));
    if (s->o.joint_growth) TRY(grow_together(s, said));
    TRY(take_note(s, said));
    TRY(deal(s, said));
    s->over =
        (s->most && s->total >= s->most) || (dealing_is_over(&s->dealing) && sum(said, ranks_of(s), SAYS_BUSY) == 0);
done:
    return st;
}

status stage_meet(stage *s, meeting_end *out)
{
    status st = OK;
    size_t count = ranks_of(s) * SAYINGS;
    double began = monotonic_seconds(), met = began, *said = calloc(count, sizeof *said);
    *out = MEET_GOES_ON;
    if (!said) TRY(FAIL(ERR_MEMORY, "no memory for a meeting"));
    say(s, said + (size_t)comm_rank(s->c) * SAYINGS);
    TRY(comm_sum_f64(s->c, said, count));
    met = monotonic_seconds();
    if (sum(said, ranks_of(s), SAYS_STOP) > 0) *out = MEET_STOPS;
    else TRY(exchange(s, said));
    s->waiting_s += met - began;
    s->meeting_s += monotonic_seconds() - met;
done:
    free(said);
    return st;
}
