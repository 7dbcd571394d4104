/* trainer - the training loop, the same for every model.
 *
 * A stage is a small table of functions (train_task); the loop owns everything else: which samples come when, on which
 * rank, gradients, optimiser, schedule, evaluation, checkpoints, resuming, early stopping, events and progress.
 *
 * Order of samples. One step takes `accumulate` global batches of `batch` samples from the epoch's permutation, which
 * is a function of (seed, epoch) alone (sampler.h). The ranks share the step's samples; the loss of a slice is its
 * share of the loss of the whole step, so the sum over slices and ranks is that loss for any number of ranks. With
 * `exact` a step is cut into micro-batches of fixed size whose gradients are added in one pairwise tree, inside and
 * across ranks, which makes results bitwise equal for 1, 2, 4 ... ranks.
 *
 * Random numbers. Dropout is keyed by (seed, epoch, sample) and not by place (tensor.h: dropout_begin). Nothing else in
 * training draws.
 *
 * State. A checkpoint (checkpoint.h) holds weights, averaged weights, optimiser, schedule, position, best metric and
 * the recipe's hash; resuming in mid-epoch continues bitwise as if there had been no stop.
 *
 * Failure. Every step ends in a status agreement, so one rank's failure is everyone's. A loss or gradient that is not
 * finite stops the run with the step, the samples and the parameters named; the last checkpoint is kept.
 * A stop that was asked for (trainer_stop) saves and returns ERR_RETRY on all ranks.
 */
#ifndef MAGISTER_TRAINER_TRAINER_H
#define MAGISTER_TRAINER_TRAINER_H

#include "comm/comm.h"
#include "conf/recipe.h"
#include "tensor/module.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some samples of one step, on one rank. All borrowed, valid during the call. */
typedef struct {
    const size_t *samples; /* (count) sample numbers of this slice */
    size_t count;
    const size_t
        *step_samples; /* (step_count) sample numbers of the whole step, all ranks: for normalisers of the loss */
    size_t step_count;
    const uint64_t *keys; /* (count) (seed, epoch, sample) mixed: for random choices about a sample; the loop has
                             already given them to dropout_begin */
    int64_t epoch, step;  /* both from 0 */
} train_slice;

/* What an evaluation on the development part says. */
typedef struct {
    double metric;  /* larger is better */
    double loss;    /* mean over samples; NAN: not known */
    double learned; /* the metric of the samples learned from since the evaluation before, each as the model was at its
                       step; NAN: not known */
    double top5;    /* percent of the samples whose label is among the first five; NAN: not known */
    double samples; /* how many were scored; NAN: not known */
} train_score;

/* What a model brings to the loop. `self` is the stage's own data. */
typedef struct {
    void *self;
    module *model;       /* borrowed; all trained parameters */
    size_t sample_count; /* training samples; > 0 */

    /* The slice's share of the step's loss (one element, recorded): loss terms are divided by normalisers of the whole
     * step (usually step_count), never by those of the slice. A temporary of the open scope. */
    status (*loss)(void *self, const train_slice *slice, tensor **out);

    /* The score on the development part, into `*out`, which holds NAN everywhere. Gradients are paused, the averaged
     * weights are in place. The same values on all ranks. Collective. NULL: no evaluation, no early stop, the last
     * model is kept. */
    status (*evaluate)(void *self, comm *c, train_score *out);

    /* Told of every slice of this rank before `loss` gets it, in the same order, up to `announce_ahead` steps before
     * its own (also over the end of an epoch, and from the right place on after a resume): so that what it needs can be
     * read meanwhile. Slices told of may never come when training stops early. NULL: nothing is told. */
    status (*announce)(void *self, const train_slice *slice);
    int64_t announce_ahead; /* steps; >= 0 */

    /* Tokens (or frames) of a sample, for throughput and for batches of similar length. NULL: all alike. */
    size_t (*sample_length)(void *self, size_t sample);

    const char *metric_name; /* of evaluate: "development top-5 %"; NULL without evaluate */

    /* At most 16 pairs of key and value, ended by NULL, that model.safetensors carries beside the recipe's hash;
     * borrowed. NULL: none. */
    const char *const *metadata;
} train_task;

typedef struct {
    int64_t epochs, max_steps, batch, micro_batch, accumulate, patience, checkpoint_steps;
    bool exact, keep_best, decay_bias, nesterov, bfloat16;
    double clip, average, checkpoint_minutes;
    const char *optimizer, *schedule; /* names as in the options; borrowed from the recipe */
    double lr, weight_decay, beta1, beta2, eps, momentum;
    double warmup, final, factor;
    int64_t schedule_patience;
    bool schedule_by_loss; /* plateau follows the development loss and not the metric */
    uint64_t seed;
    char recipe_hash[33];
} train_options;

/* Reads `<section>.train.*` ("teacher", "student"), the seed and the precision. Strings stay borrowed from the recipe.
 */
status train_options_read(const recipe *r, const char *section, train_options *out);

typedef struct {
    int64_t steps, epochs; /* done */
    double best_metric;    /* NAN without evaluation */
    double steps_s;        /* all steps of this process together, the first one included; not kept over a resume */
    double samples_per_s, tokens_per_s, step_ms_p50, step_ms_p99, time_to_first_step_s,
        rss_peak_mb; /* this rank's view */
} train_result;

/* Trains `task` and leaves the chosen weights in task->model and in DIRECTORY/model.safetensors.
 *
 * DIRECTORY (exists; shared by all ranks) gets checkpoints (checkpoint-NNNNNNNN/), curve.jsonl (one line a logged step
 * or evaluation: step, epoch, loss, lr, metric), stats.json (train_result and world_size) and TensorBoard events
 * (events/). A complete checkpoint found there is resumed from, unless its recipe hash is another (ERR_CONFIG, both
 * hashes and what to do). A finished training (model.safetensors and stats.json there) is loaded and returned at once.
 * Collective. */
status trainer_run(comm *c, const train_task *task, const train_options *options, const char *directory,
                   train_result *out);

/* The samples of an epoch in the order in which trainer_run asks for them, for any number of ranks: (sample_count) into
 * `out`. Of `task` only self, sample_count and sample_length are looked at. Errors: ERR_INPUT without samples,
 * ERR_MEMORY. */
status trainer_order(const train_task *task, const train_options *options, int64_t epoch, size_t *out);

/* Asks the loop to save and stop at the next step boundary. */
void trainer_stop(void);
bool trainer_stop_requested(void);
void trainer_stop_clear(void); /* for a process that goes on after a stop that trainer_stop asked for */

/* From here on SIGUSR1, SIGTERM and SIGINT ask for that stop, in this thread and those it starts: call it before there
 * are others. They are blocked and looked for, and no handler ever runs: machine code that libtorch's libraries make
 * (oneDNN) works with the stack pointer in the heap at times, and the frame of a handler would be written there. */
void trainer_stop_listen(void);

/* Seconds since the process was started by the system: what time_to_first_step_s is measured from. */
double trainer_process_seconds(void);

#endif
