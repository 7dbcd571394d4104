/* training - one training in progress: what the loop (trainer.c) and a step of it (step.c) share. Private to this room.
 */
#ifndef MAGISTER_TRAINER_TRAINING_H
#define MAGISTER_TRAINER_TRAINING_H

#include "tensor/optim.h"
#include "trainer/curve.h"
#include "trainer/events.h"
#include "trainer/gradients.h"
#include "trainer/progress.h"
#include "trainer/sampler.h"
#include "trainer/saver.h"
#include "trainer/state.h"
#include "trainer/stats.h"
#include "trainer/weights.h"

/* Samples that go through the model at once. */
typedef struct {
    size_t first, count; /* in the step's samples */
    size_t leaf;
} piece;

typedef struct {
    comm *c;
    const train_task *task;
    const train_options *o;
    const char *directory;

    sampler *order;
    sampler *ahead;         /* order of the epoch that is announced; NULL: nothing is */
    int64_t announced;      /* the next step to announce */
    int64_t epoch_of_ahead; /* that `ahead` is laid out for; -1 before */
    size_t *lengths;        /* (sample_count); NULL: all alike */
    size_t micro;           /* samples of a micro-batch; 0: a rank's whole share of a batch */
    int64_t epoch_steps, total_steps;

    optim *optimizer;
    gradients *gradients;
    weights *average; /* NULL: none is asked for */
    weights *best;    /* NULL: the last model is kept */
    weights *aside;   /* the model's own weights while the average stands in for them */
    train_state state;

    const size_t *samples; /* (sample_count) of the present step; borrowed from its order */
    size_t sample_count;
    piece *pieces; /* (piece_count) this rank's part of the step */
    size_t piece_count, leaf_count;
    uint64_t *keys; /* for one piece */
    double *votes;  /* what ranks tell each other in a step; see step.c */

    saver *saver; /* rank 0's, like curve and events */
    curve *curve;
    events *events;
    progress progress;
    durations durations;               /* of all steps of this process but the first */
    double first_step;                 /* seconds it took; NAN before */
    int64_t samples_seen, tokens_seen; /* in `durations` */
    double saved_at;                   /* monotonic_seconds of the last checkpoint */
    train_result result;
} training;

typedef struct {
    bool stop, save;
} wishes; /* what all ranks agreed to do after a step */

/* The order of the training's samples. `*lengths` is made where it is NULL and samples differ; the caller frees both.
 */
status order_new(const train_task *task, const train_options *o, size_t **lengths, sampler **out);

/* Allocates what steps need. Not Collective. */
status step_prepare(training *t);
void step_release(training *t);

/* One optimiser step, from state.position of the epoch `order` is laid out for. Collective. */
status step_run(training *t, wishes *out);

#endif
