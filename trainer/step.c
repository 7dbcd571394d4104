/* One step: this rank's pieces forward and backward, what the ranks tell each other, the sum, the update. */
#include "base/clock.h"
#include "trainer/finite.h"
#include "trainer/training.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VOTE_FAILED, VOTE_STOP, VOTE_SAVE, VOTE_LOSS, VOTES }; /* from VOTE_LOSS on: one loss a leaf with exact */
enum { SAMPLES_SHOWN = 8, NAMES_BYTES = 512 };

/* ---- the plan of a step ------------------------------------------------------------------------------------------ */

static size_t batch_size(const training *t)
{
    size_t batch = (size_t)t->o->batch;
    return batch < t->task->sample_count ? batch : t->task->sample_count;
}

static size_t leaves_most(const training *t)
{
    size_t micro = t->micro ? t->micro : batch_size(t);
    return (size_t)t->o->accumulate * ((batch_size(t) + micro - 1) / micro);
}

status step_prepare(training *t)
{
    size_t most = leaves_most(t), piece_most = t->micro ? t->micro : batch_size(t);
    t->pieces = calloc(most, sizeof *t->pieces);
    t->keys = calloc(piece_most, sizeof *t->keys);
    t->votes = calloc(VOTES + most, sizeof *t->votes);
    if (!t->pieces || !t->keys || !t->votes)
        return FAIL(ERR_MEMORY, "no memory for the %zu micro-batches of a step", most);
    return OK;
}

void step_release(training *t)
{
    free(t->pieces);
    free(t->keys);
    free(t->votes);
}

/* Cuts first .. first + count of the step's samples into micro-batches. */
static void cut(training *t, size_t first, size_t count)
{
    size_t micro = t->micro ? t->micro : count;
    for (size_t at = 0; at < count; at += micro) {
        size_t length = count - at < micro ? count - at : micro;
        t->pieces[t->piece_count++] = (piece){first + at, length, t->leaf_count++};
    }
}

/* With exact all leaves are listed first, and this rank keeps its block of them. */
static void keep_own_leaves(training *t)
{
    size_t first, count;
    gradients_leaves(t->leaf_count, (size_t)comm_rank(t->c), (size_t)comm_size(t->c), &first, &count);
    memmove(t->pieces, t->pieces + first, count * sizeof *t->pieces);
    t->piece_count = count;
}

/* The step at `position` of the epoch that `order` is laid out for. */
static void plan(training *t, const sampler *order, int64_t position)
{
    size_t accumulate = (size_t)t->o->accumulate, from = (size_t)position * accumulate;
    t->samples = sampler_range(order, from, accumulate, &t->sample_count);
    t->piece_count = t->leaf_count = 0;
    for (size_t batch = 0, start = 0; batch < accumulate; batch++) {
        size_t count, first = 0, length;
        sampler_range(order, from + batch, 1, &count);
        length = count;
        if (!t->o->exact) sampler_share(count, (size_t)comm_rank(t->c), (size_t)comm_size(t->c), &first, &length);
        cut(t, start + first, length);
        start += count;
    }
    if (t->o->exact) keep_own_leaves(t);
}

/* ---- what is told when numbers go wrong -------------------------------------------------------------------------- */

static void list_samples(const size_t *samples, size_t count, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && i < SAMPLES_SHOWN && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%zu", i ? ", " : "", samples[i]);
    if (count > SAMPLES_SHOWN && used < size) snprintf(out + used, size - used, " and %zu more", count - SAMPLES_SHOWN);
}

static status fail_not_finite(const training *t, const char *what, const char *where, const size_t *samples,
                              size_t count)
{
    char list[NAMES_BYTES];
    list_samples(samples, count, list, sizeof list);
    return FAIL(
        ERR_INPUT,
        "step %lld (epoch %lld): %s is not finite (%s), for the samples %s. The last checkpoint is kept; a lower "
        "optimizer.lr, a longer warm-up or clip may help",
        (long long)t->state.step, (long long)t->state.epoch + 1, what, where, list);
}

static status fail_loss(const training *t, float loss, const train_slice *slice)
{
    status st = OK;
    char names[NAMES_BYTES], where[NAMES_BYTES + 64];
    TRY(finite_parameters(t->task->model, names, sizeof names));
    snprintf(where, sizeof where, "%g; parameters that are not finite: %s", (double)loss, names[0] ? names : "none");
    TRY(fail_not_finite(t, "the loss", where, slice->samples, slice->count));
done:
    return st;
}

/* Where the norm is known anyway, it tells; otherwise the gradients are looked through. */
static status check_gradients(training *t)
{
    status st = OK;
    char names[NAMES_BYTES] = "their norm overflows";
    bool finite = true, clips = t->o->clip > 0;
    double norm = 0;
    if (clips || t_device_used() != T_CPU) {
        TRY(grad_clip(t->task->model, clips ? t->o->clip : DBL_MAX, &norm));
        if (isfinite(norm)) goto done;
    }
    TRY(gradients_finite(t->gradients, &finite, names, sizeof names));
    if (!finite || !isfinite(norm)) {
        if (!names[0]) snprintf(names, sizeof names, "their norm overflows");
        TRY(fail_not_finite(t, "the gradient", names, t->samples, t->sample_count));
    }
done:
    return st;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static status run_loss(training *t, const train_slice *slice, tensor **out)
{
    if (t->o->bfloat16) autocast_begin(T_BF16);
    dropout_begin(slice->keys, slice->count);
    batch_norm_begin((double)slice->count / (double)slice->step_count);
    status st = t->task->loss(t->task->self, slice, out);
    batch_norm_end();
    dropout_end();
    if (t->o->bfloat16) autocast_end();
    return st;
}

static train_slice slice_of(training *t, const piece *p, int64_t epoch, int64_t step)
{
    const size_t *samples = t->samples + p->first;
    for (size_t i = 0; i < p->count; i++) t->keys[i] = sampler_key(t->o->seed, epoch, samples[i]);
    return (train_slice){.samples = samples,
                         .count = p->count,
                         .step_samples = t->samples,
                         .step_count = t->sample_count,
                         .keys = t->keys,
                         .epoch = epoch,
                         .step = step};
}

static status run_piece(training *t, const piece *p)
{
    status st = OK;
    scope *sc = scope_open();
    tensor *x = NULL;
    float loss = 0;
    train_slice slice = slice_of(t, p, t->state.epoch, t->state.step);
    TRY(run_loss(t, &slice, &x));
    TRY(t_backward(x));
    TRY(t_item_f32(x, &loss)); /* waits for a GPU: after the backward, which it could not begin meanwhile */
    if (!isfinite(loss)) TRY(fail_loss(t, loss, &slice));
    TRY(gradients_leaf(t->gradients));
    t->votes[VOTE_LOSS + (t->o->exact ? p->leaf : 0)] += (double)loss;
done:
    scope_close(&sc);
    return st;
}

/* Tells the model of the slices of one step. All epochs have the same number of steps. */
static status announce_step(training *t, int64_t step)
{
    status st = OK;
    int64_t epoch = step / t->epoch_steps;
    if (epoch != t->epoch_of_ahead) sampler_begin(t->ahead, epoch);
    t->epoch_of_ahead = epoch;
    plan(t, t->ahead, step % t->epoch_steps);
    for (size_t p = 0; p < t->piece_count; p++) {
        train_slice slice = slice_of(t, &t->pieces[p], epoch, step);
        TRY(t->task->announce(t->task->self, &slice));
    }
done:
    return st;
}

static status announce(training *t)
{
    status st = OK;
    int64_t last = t->state.step + t->task->announce_ahead;
    if (last >= t->total_steps) last = t->total_steps - 1;
    for (; t->announced <= last; t->announced++) TRY(announce_step(t, t->announced));
done:
    return st;
}

static status run_pieces(training *t)
{
    status st = t->saver ? saver_failure(t->saver) : OK; /* of a checkpoint that was written meanwhile */
    if (st == OK && t->task->announce) st = announce(t);
    plan(t, t->order, t->state.position); /* even then: all ranks' votes are as long as this step has leaves */
    memset(t->votes, 0, (VOTES + t->leaf_count) * sizeof *t->votes);
    TRY(st);
    gradients_begin(t->gradients);
    for (size_t p = 0; p < t->piece_count; p++) TRY(run_piece(t, &t->pieces[p]));
done:
    return st;
}

static bool save_is_due(const training *t)
{
    double minutes = t->o->checkpoint_minutes;
    return comm_rank(t->c) == 0 && minutes > 0 && monotonic_seconds() - t->saved_at > minutes * 60;
}

/* One small sum tells everyone who failed, who was asked to stop, whether it is time to save, and the loss. A leaf's
 * loss is told by one rank, the others add zeros: so the loss, too, is the same for any number of ranks. */
static status vote(training *t, status mine, double *loss, wishes *out)
{
    size_t losses = t->o->exact ? t->leaf_count : 1;
    t->votes[VOTE_FAILED] = mine != OK;
    t->votes[VOTE_STOP] = trainer_stop_requested();
    t->votes[VOTE_SAVE] = save_is_due(t);
    status st = comm_sum_f64(t->c, t->votes, VOTE_LOSS + losses);
    if (mine != OK || st != OK || t->votes[VOTE_FAILED] > 0) return comm_agree(t->c, mine != OK ? mine : st);
    *out = (wishes){t->votes[VOTE_STOP] > 0, t->votes[VOTE_SAVE] > 0};
    *loss = 0;
    for (size_t l = 0; l < losses; l++) *loss += t->votes[VOTE_LOSS + l];
    return OK;
}

static void count_step(training *t, double seconds, double loss)
{
    t->state.step++;
    t->state.position++;
    t->state.loss_sum += loss;
    t->state.loss_steps++;
    t->result.steps = t->state.step;
    if (isnan(t->first_step)) { /* pages are touched and threads started: no measure of the others */
        t->first_step = seconds;
        t->result.time_to_first_step_s = trainer_process_seconds();
        return;
    }
    durations_add(&t->durations, seconds);
    t->samples_seen += (int64_t)t->sample_count;
    for (size_t i = 0; t->lengths && i < t->sample_count; i++) t->tokens_seen += (int64_t)t->lengths[t->samples[i]];
}

status step_run(training *t, wishes *out)
{
    status st = OK;
    double begun = monotonic_seconds(), loss = 0;
    optim_set_lr(t->optimizer, schedule_rate(t->o, &t->state.plateau, t->state.step, t->total_steps));
    TRY(vote(t, run_pieces(t), &loss, out));
    TRY(gradients_sum(t->gradients));
    TRY(check_gradients(t));
    TRY(optim_step(t->optimizer));
    if (t->average) TRY(weights_average(t->average, t->o->average, t->state.step));
    count_step(t, monotonic_seconds() - begun, loss);
    progress_step(&t->progress, t->state.step, t->state.epoch, loss, (int64_t)t->sample_count);
done:
    return st;
}
