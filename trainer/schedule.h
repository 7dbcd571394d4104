/* schedule - the learning rate of every step.
 *
 * It rises linearly over the warm-up and then stays (constant), falls to `final` times its top along half a cosine
 * (Loshchilov and Hutter 2017) or a line, or is multiplied by `factor` whenever `schedule_patience` evaluations brought
 * nothing better (plateau).
 */
#ifndef MAGISTER_TRAINER_SCHEDULE_H
#define MAGISTER_TRAINER_SCHEDULE_H

#include "trainer/trainer.h"

/* What plateau remembers; part of a checkpoint. Starts as {1, 0}. */
typedef struct {
    double scale;
    int64_t worse; /* evaluations without a better metric since the rate last fell */
} plateau;

/* The rate of step `step` (from 0) among `total`. */
double schedule_rate(const train_options *o, const plateau *p, int64_t step, int64_t total);

/* To be told of every evaluation. */
void schedule_evaluated(const train_options *o, plateau *p, bool better);

#endif
