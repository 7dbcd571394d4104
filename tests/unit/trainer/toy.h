/* toy - a small task for tests of the trainer: an embedding, attention and dropout over sequences of different lengths.
 *
 * The sequences and labels are functions of the sample's number, so every process has the same ones.
 */
#ifndef TESTS_TRAINER_TOY_H
#define TESTS_TRAINER_TOY_H

#include "trainer/trainer.h"

#include <stdio.h>

enum { TOY_SAMPLES = 203, TOY_DEVELOPMENT = 60, TOY_WORDS = 97, TOY_CLASSES = 7, TOY_WIDTH = 16, TOY_LONGEST = 12 };

typedef struct {
    module *model, *embedding, *positions, *attention, *norm, *head; /* all but model borrowed from it */
    comm *c;
    double dropout;
    /* What goes wrong: at this step (-1: never) on this rank. */
    int64_t stop_step, fail_step, nan_step, disk_step; /* disk: files cannot become larger than 4 KiB from then on */
    int bad_rank;
    FILE *order;         /* gets "step sample" for each sample of a loss; NULL: it is not asked for */
    int64_t losses;      /* calls of loss */
    int64_t evaluations; /* calls of evaluate */
} toy;

/* Seeds and builds the model. The caller calls toy_close. */
status toy_open(toy *t, comm *c, uint64_t seed);
void toy_close(toy *t);

train_task toy_task(toy *t);

/* Options that use most of what there is; fields may be changed afterwards. */
train_options toy_options(void);

#endif
