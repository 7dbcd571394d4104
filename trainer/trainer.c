#include "trainer/trainer.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "trainer/results.h"
#include "trainer/saver.h"
#include "trainer/training.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MICRO_OF_EXACT = 4, CURVE_LINES = 500, CHECK_EVERY = 200, KEPT = 2 };

static const int STOP_SIGNALS[] = {SIGUSR1, SIGTERM, SIGINT};
enum { STOP_SIGNAL_COUNT = sizeof STOP_SIGNALS / sizeof STOP_SIGNALS[0] };

static bool stop_requested, stop_listens;

void trainer_stop(void)
{
    stop_requested = true;
}

void trainer_stop_listen(void)
{
    sigset_t asked;
    sigemptyset(&asked);
    for (int i = 0; i < STOP_SIGNAL_COUNT; i++) sigaddset(&asked, STOP_SIGNALS[i]);
    pthread_sigmask(SIG_BLOCK, &asked, NULL);
    for (int i = 0; i < STOP_SIGNAL_COUNT; i++) signal(STOP_SIGNALS[i], SIG_DFL); /* one that is ignored cannot wait */
    stop_listens = true;
}

static bool stop_waits(void)
{
    sigset_t waiting;
    if (sigpending(&waiting)) return false;
    for (int i = 0; i < STOP_SIGNAL_COUNT; i++)
        if (sigismember(&waiting, STOP_SIGNALS[i])) return true;
    return false;
}

bool trainer_stop_requested(void)
{
    return stop_requested || (stop_listens && stop_waits());
}

void trainer_stop_clear(void)
{
    stop_requested = false;
}

static bool tells(const training *t)
{
    return comm_rank(t->c) == 0;
}

/* ---- setting up -------------------------------------------------------------------------------------------------- */

static status open_order(training *t)
{
    status st = OK;
    TRY(order_new(t->task, t->o, &t->lengths, &t->order));
    if (t->task->announce) TRY(order_new(t->task, t->o, &t->lengths, &t->ahead));
    int64_t batches = (int64_t)sampler_batches(t->order);
    t->epoch_steps = (batches + t->o->accumulate - 1) / t->o->accumulate;
    t->total_steps = t->o->epochs * t->epoch_steps;
    if (t->o->max_steps > 0 && t->o->max_steps < t->total_steps) t->total_steps = t->o->max_steps;
done:
    return st;
}

static status open_optimizer(training *t)
{
    const train_options *o = t->o;
    const adamw_options adamw = {.lr = o->lr,
                                 .beta1 = o->beta1,
                                 .beta2 = o->beta2,
                                 .eps = o->eps,
                                 .weight_decay = o->weight_decay,
                                 .coupled = !strcmp(o->optimizer, "adam"),
                                 .decay_bias = o->decay_bias};
    const sgd_options sgd = {.lr = o->lr,
                             .momentum = o->momentum,
                             .weight_decay = o->weight_decay,
                             .nesterov = o->nesterov && o->momentum > 0};
    if (!strncmp(o->optimizer, "adam", 4)) return optim_adamw(t->task->model, &adamw, &t->optimizer);
    if (!strcmp(o->optimizer, "sgd")) return optim_sgd(t->task->model, &sgd, &t->optimizer);
    return FAIL(ERR_CONFIG, "there is no optimiser \"%s\"", o->optimizer);
}

static status check_options(const train_options *o)
{
    if (o->epochs < 1 || o->batch < 1 || o->accumulate < 1 || o->micro_batch < 0)
        return FAIL(ERR_CONFIG, "epochs, batch and accumulate are at least 1, micro_batch at least 0");
    return OK;
}

static status open_parts(training *t)
{
    status st = OK;
    TRY(check_options(t->o));
    t->micro = t->o->micro_batch ? (size_t)t->o->micro_batch : t->o->exact ? MICRO_OF_EXACT : 0;
    TRY(open_order(t));
    TRY(step_prepare(t));
    TRY(open_optimizer(t));
    if (t->o->average > 0) {
        TRY(weights_new(t->task->model, &t->average));
        TRY(weights_new(t->task->model, &t->aside));
    }
    if (t->o->keep_best && t->task->evaluate) TRY(weights_new(t->task->model, &t->best));
    if (tells(t)) TRY(saver_new(t->directory, KEPT, &t->saver));
done:
    return st;
}

static void close_parts(training *t)
{
    progress_pause(&t->progress);
    saver_free(&t->saver); /* first: what is being written is complete then, whatever happens next */
    events_close(&t->events);
    curve_close(&t->curve);
    gradients_free(&t->gradients);
    weights_free(&t->average);
    weights_free(&t->aside);
    weights_free(&t->best);
    optim_free(&t->optimizer);
    step_release(t);
    sampler_free(&t->order);
    sampler_free(&t->ahead);
    free(t->lengths);
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------- */

static checkpoint_parts parts_of(const training *t)
{
    return (checkpoint_parts){t->task->model, t->optimizer, t->average, t->best};
}

/* Ranks compute the same steps each for itself; if one went another way, this is where it shows. Collective. */
static status check_ranks_equal(training *t)
{
    status st = OK;
    char mine[HASH_TEXT] = "", first[HASH_TEXT] = "";
    if (comm_size(t->c) == 1) return OK;
    TRY(comm_agree(t->c, weights_hash(t->task->model, mine)));
    memcpy(first, mine, sizeof first);
    TRY(comm_broadcast(t->c, first, sizeof first, 0));
    if (strcmp(first, mine))
        st = FAIL(ERR_INTERNAL,
                  "step %lld: the parameters here are not those of rank 0: the ranks compute differently "
                  "(another CPU, libtorch or number of threads?) or began differently",
                  (long long)t->state.step);
    st = comm_agree(t->c, st);
done:
    return st;
}

/* Begins to save; a failure comes out at a later agreement (run_pieces). Collective. */
static status save(training *t)
{
    status st = OK;
    const checkpoint_parts parts = parts_of(t);
    TRY(check_ranks_equal(t));
    if (tells(t)) st = saver_start(t->saver, &parts, &t->state);
    TRY(comm_agree(t->c, st));
    t->saved_at = monotonic_seconds();
    log_debug("checkpoint of step %lld", (long long)t->state.step);
done:
    return st;
}

/* Waits until what was begun is saved. Collective. */
static status save_end(training *t)
{
    return comm_agree(t->c, tells(t) ? saver_wait(t->saver) : OK);
}

static status check_recipe(const training *t, const char *path, const train_state *found)
{
    if (!strcmp(found->recipe_hash, t->o->recipe_hash)) return OK;
    return FAIL(
        ERR_CONFIG,
        "%s was begun with a recipe of hash %s, and this one has %s: go on with the recipe it was begun with, or begin "
        "again (--force)",
        path, found->recipe_hash, t->o->recipe_hash);
}

static status check_place(const training *t, const char *path, const train_state *found)
{
    if (found->step <= t->total_steps && found->position <= t->epoch_steps) return OK;
    return FAIL(ERR_INPUT,
                "%s is at step %lld, place %lld of its epoch, and this training has %lld steps of %lld an epoch: "
                "the data has changed; begin again (--force)",
                path, (long long)found->step, (long long)found->position, (long long)t->total_steps,
                (long long)t->epoch_steps);
}

/* The newest checkpoint and its state, as rank 0 finds them: `*path` (the caller's) is NULL when there is none.
 * Collective. */
static status choose_checkpoint(training *t, char **path, train_state *found)
{
    status st = OK;
    struct {
        uint64_t length; /* of the path, with its end; 0: there is none */
        train_state state;
    } told = {0};
    if (tells(t)) st = checkpoint_newest(t->directory, path);
    if (st == OK && *path) st = checkpoint_state(*path, &told.state);
    if (*path) told.length = strlen(*path) + 1;
    TRY(comm_agree(t->c, st));
    TRY(comm_broadcast(t->c, &told, sizeof told, 0));
    *found = told.state;
    if (!told.length) goto done;
    if (!*path) *path = malloc(told.length);
    TRY(comm_agree(t->c, *path ? OK : FAIL(ERR_MEMORY, "no memory for the name of a checkpoint")));
    TRY(comm_broadcast(t->c, *path, told.length, 0));
done:
    return st;
}

/* Collective. */
static status load(training *t, const char *path, train_state *found)
{
    status st = OK;
    const checkpoint_parts parts = parts_of(t);
    TRY(check_recipe(t, path, found));
    TRY(check_place(t, path, found));
    TRY(checkpoint_load(t->c, path, &parts, found));
    if (tells(t)) {
        state_compare(found, &t->state, t->o->exact);
        log_info("going on from step %lld (%s)", (long long)found->step, path);
    }
    found->ranks = t->state.ranks;
    memcpy(found->library, t->state.library, sizeof found->library);
    memcpy(found->capability, t->state.capability, sizeof found->capability);
    memcpy(found->device, t->state.device, sizeof found->device);
    t->state = *found;
done:
    return st;
}

/* Collective. */
static status resume(training *t)
{
    status st = OK;
    char *path = NULL;
    train_state found;
    t->state = state_start(t->o, comm_size(t->c));
    TRY(choose_checkpoint(t, &path, &found));
    if (path) TRY(comm_agree(t->c, load(t, path, &found)));
    TRY(check_ranks_equal(t));
done:
    free(path);
    return st;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static status open_records(training *t)
{
    status st = OK;
    char *path = NULL, *folder = NULL;
    progress_begin(&t->progress, tells(t), t->state.step, t->total_steps);
    if (!isnan(t->state.best_metric)) progress_metric(&t->progress, t->task->metric_name, t->state.best_metric);
    t->saved_at = monotonic_seconds();
    if (!tells(t)) return OK;
    path = path_join(t->directory, "curve.jsonl");
    folder = path_join(t->directory, "events");
    if (!path || !folder) TRY(FAIL(ERR_MEMORY, "no memory for the names of records"));
    TRY(curve_open(path, t->state.step, true, &t->curve));
    TRY(events_open(folder, &t->events));
    log_info("training: %zu samples, %zu parameters, %lld steps of %lld samples on %d rank%s", t->task->sample_count,
             module_element_count(t->task->model), (long long)t->total_steps,
             (long long)(t->o->batch * t->o->accumulate), comm_size(t->c), comm_size(t->c) == 1 ? "" : "s");
done:
    free(path);
    free(folder);
    return st;
}

/* A line of the curve every so often; the mean loss since the last one. */
static status tell_step(training *t)
{
    status st = OK;
    train_state *s = &t->state;
    int64_t every = t->total_steps / CURVE_LINES + 1;
    if (s->step % every && s->step != t->total_steps) return OK;
    double loss = s->loss_sum / (double)s->loss_steps;
    double rate = schedule_rate(t->o, &s->plateau, s->step - 1, t->total_steps);
    s->loss_sum = 0;
    s->loss_steps = 0;
    if (!tells(t)) return OK;
    const event_scalar scalars[] = {{"loss", loss}, {"learning_rate", rate}};
    TRY(curve_step(t->curve, s->step, s->epoch, loss, rate));
    TRY(events_write(t->events, s->step, scalars, 2));
    log_debug("step %lld: loss %.6g, %zu tensors alive", (long long)s->step, loss, t_live_count());
done:
    return st;
}

static status tell_score(training *t, const train_score *score, bool better)
{
    status st = OK;
    const train_state *s = &t->state;
    if (!tells(t)) return OK;
    progress_pause(&t->progress);
    progress_metric(&t->progress, t->task->metric_name, s->best_metric);
    log_info("step %lld, epoch %lld: %s %.4f%s", (long long)s->step, (long long)s->epoch + 1, t->task->metric_name,
             score->metric, better ? " (best)" : "");
    TRY(curve_score(t->curve, s->step, s->epoch, score, better));
    TRY(events_write(t->events, s->step, &(event_scalar){t->task->metric_name, score->metric}, 1));
    if (!isnan(score->loss)) TRY(events_write(t->events, s->step, &(event_scalar){"development loss", score->loss}, 1));
done:
    return st;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

/* The score of the averaged weights, or of the model's own where there are none; as rank 0 has it. Collective. */
static status measure(training *t, train_score *score)
{
    status st = OK;
    if (t->average) {
        TRY(weights_take(t->aside));
        TRY(weights_give(t->average));
    }
    grad_pause();
    st = t->task->evaluate(t->task->self, t->c, score);
    grad_resume();
    if (st == OK && !isfinite(score->metric))
        st = FAIL(ERR_INPUT, "step %lld: the %s is %g", (long long)t->state.step, t->task->metric_name, score->metric);
    TRY(comm_agree(t->c, st));
    TRY(comm_broadcast(t->c, score, sizeof *score, 0));
done:
    return st;
}

/* Collective. */
static status evaluate(training *t)
{
    status st = OK;
    train_state *s = &t->state;
    train_score score = {NAN, NAN, NAN, NAN, NAN};
    TRY(measure(t, &score));
    bool better = isnan(s->best_metric) || score.metric > s->best_metric;
    if (better && t->best) TRY(weights_take(t->best)); /* the average, where it stands in */
    if (t->average) TRY(weights_give(t->aside));
    if (better) {
        s->best_metric = score.metric;
        s->best_step = s->step;
    }
    s->worse = better ? 0 : s->worse + 1;
    schedule_evaluated(t->o, &s->plateau, &score, better);
    st = comm_agree(t->c, tell_score(t, &score, better));
done:
    return st;
}

static bool epoch_is_over(const training *t)
{
    const train_state *s = &t->state;
    return s->position == t->epoch_steps || (s->step == t->total_steps && s->position > 0);
}

static bool training_is_over(const training *t)
{
    const train_state *s = &t->state;
    return (s->step >= t->total_steps && s->position == 0) || (t->o->patience > 0 && s->worse >= t->o->patience);
}

/* Collective. */
static status end_epoch(training *t)
{
    status st = OK;
    if (t->task->evaluate) TRY(evaluate(t));
    t->state.epoch++;
    t->state.position = 0;
    sampler_begin(t->order, t->state.epoch);
    if (t->o->checkpoint_minutes <= 0 && !training_is_over(t)) TRY(save(t));
done:
    return st;
}

/* Collective. */
static status do_step(training *t)
{
    status st = OK;
    wishes wish;
    TRY(step_run(t, &wish));
    TRY(tell_step(t));
    bool stride = t->o->checkpoint_steps > 0 && t->state.step % t->o->checkpoint_steps == 0;
    if (wish.stop || wish.save || stride) TRY(save(t));
    else if (t->state.step % CHECK_EVERY == 0) TRY(check_ranks_equal(t));
    if (wish.stop) TRY(save_end(t));
    if (wish.stop)
        TRY(FAIL(ERR_RETRY, "stopped after step %lld of %lld as asked, and saved; --resume goes on from there",
                 (long long)t->state.step, (long long)t->total_steps));
done:
    return st;
}

static status loop(training *t)
{
    status st = OK;
    sampler_begin(t->order, t->state.epoch);
    t->announced = t->state.step;
    t->epoch_of_ahead = -1;
    while (!training_is_over(t)) TRY(epoch_is_over(t) ? end_epoch(t) : do_step(t));
done:
    return st;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void fill_result(training *t)
{
    train_result *r = &t->result;
    r->steps_s = t->durations.seconds + (isnan(t->first_step) ? 0 : t->first_step);
    if (!t->durations.count && !isnan(t->first_step)) { /* one step is all there was */
        durations_add(&t->durations, t->first_step);
        t->samples_seen = (int64_t)t->sample_count;
    }
    double seconds = t->durations.seconds;
    r->steps = t->state.step;
    r->epochs = t->state.epoch;
    r->best_metric = t->state.best_metric;
    r->samples_per_s = seconds > 0 ? (double)t->samples_seen / seconds : 0;
    r->tokens_per_s = seconds > 0 ? (double)t->tokens_seen / seconds : 0;
    r->step_ms_p50 = 1e3 * durations_quantile(&t->durations, 0.5);
    r->step_ms_p99 = 1e3 * durations_quantile(&t->durations, 0.99);
    r->rss_peak_mb = rss_peak_mb();
}

/* Collective. */
static status finish(training *t)
{
    status st = OK;
    if (t->best && t->state.best_step >= 0) TRY(weights_give(t->best));
    else if (t->average) TRY(weights_give(t->average));
    fill_result(t);
    progress_pause(&t->progress);
    TRY(save_end(t));
    if (tells(t)) {
        TRY(results_write(t->directory, t->task, t->o, &t->result, comm_size(t->c)));
        TRY(checkpoint_prune(t->directory, 1));
        log_info("trained %lld steps at %.1f samples/s", (long long)t->result.steps, t->result.samples_per_s);
    }
done:
    return st;
}

static status train(training *t)
{
    status st = OK;
    TRY(comm_agree(t->c, open_parts(t)));
    TRY(resume(t));
    TRY(gradients_new(t->c, t->task->model, t->o->exact, &t->gradients));
    TRY(comm_agree(t->c, open_records(t)));
    TRY(loop(t));
    TRY(finish(t));
done:
    return st;
}

/* Reads what a finished training left: *found on all ranks alike. Collective. */
static status take_finished(training *t, bool *found)
{
    status st = OK;
    struct {
        bool found;
        train_result result;
    } told = {0};
    if (tells(t)) st = results_read(t->directory, t->o, &told.found, &told.result);
    TRY(comm_agree(t->c, st));
    TRY(comm_broadcast(t->c, &told, sizeof told, 0));
    if (told.found) TRY(results_load_model(t->c, t->directory, t->task->model));
    t->result = told.result;
    *found = told.found;
done:
    return st;
}

status trainer_run(comm *c, const train_task *task, const train_options *options, const char *directory,
                   train_result *out)
{
    status st = OK;
    bool finished = false;
    training t = {.c = c, .task = task, .o = options, .directory = directory, .first_step = NAN};
    TRY(take_finished(&t, &finished));
    if (!finished) st = train(&t);
    TRY(comm_agree(c, st)); /* of an agreed failure this changes nothing; of one rank's alone it tells the others */
    *out = t.result;
done:
    close_parts(&t);
    return st;
}
