/* schedule - the learning rate of every step.
 *
 * It rises linearly over the warm-up and then stays (constant), falls to `final` times its top along half a cosine
 * (Loshchilov and Hutter 2017) or a line, or is multiplied by `factor` whenever `schedule_patience` evaluations brought
 * nothing better (plateau): no larger metric or, by loss, none that is smaller by a ten-thousandth. That is PyTorch's
 * ReduceLROnPlateau with one more of patience.
 */
#ifndef MAGISTER_TRAINER_SCHEDULE_H
#define MAGISTER_TRAINER_SCHEDULE_H

#include "trainer/trainer.h"

/* What plateau remembers; part of a checkpoint. Starts as {1, 0, NAN}. */
typedef struct {
    double scale;
    int64_t worse;    /* evaluations that brought nothing better since the rate last fell */
    double best_loss; /* NAN before the first; with schedule_by_loss */
} plateau;

/* The rate of step `step` (from 0) among `total`. */
double schedule_rate(const train_options *o, const plateau *p, int64_t step, int64_t total);

/* To be told of every evaluation. `better`: its metric is the best so far. A loss that is not known is nothing better.
 */
void schedule_evaluated(const train_options *o, plateau *p, const train_score *score, bool better);

#endif
