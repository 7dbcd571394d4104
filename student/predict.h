/* predict - a trained student's predictions of the eval part, into the run's store. */
#ifndef MAGISTER_STUDENT_PREDICT_H
#define MAGISTER_STUDENT_PREDICT_H

#include "comm/comm.h"
#include "student/training.h"

typedef struct {
    const char *store_path; /* of the run's store; made when it is not there */
    const char *model_path; /* of the trained weights: their hash goes with the predictions */
    const char *name;       /* of the set */
    int64_t seed;
    const char *role; /* of the set: "student", "control", "backbone" */
    const char *recipe_hash;
    store_encoding encoding;
    int64_t k;
    const char *many_shot_verbs, *many_shot_nouns; /* files, or NULL */
} predict_options;

/* Ranks share the segments; rank 0 writes labels, classes and the records. What a complete set of the same model
 * already holds is not predicted again, nor the rounds that a start before this one has finished. A stop that was asked
 * for (trainer_stop) ends it between two batches with ERR_RETRY on all ranks; finished rounds are kept. No rank may
 * have the store open for reading. Errors: those of the store, of clips and of other ranks. Collective. */
status student_write(comm *c, student *s, const predict_options *options);

#endif
