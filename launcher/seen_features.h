/* seen_features - whether what a student saw is still what the run keeps (steps/STEP/features.json). */
#ifndef MAGISTER_LAUNCHER_SEEN_FEATURES_H
#define MAGISTER_LAUNCHER_SEEN_FEATURES_H

#include "launcher/plan.h"

/* A student whose features have been made anew since, by another learner or of other videos, is to be trained anew:
 * what its step has left is removed, and `*done` becomes false. Nothing happens to any other step. Errors: ERR_IO,
 * ERR_MEMORY. */
status seen_features_check(const char *run, const plan_step *step, bool *done);

#endif
