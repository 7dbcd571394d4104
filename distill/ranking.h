/* ranking - the classes that a stored prediction puts first. Ties of logits go to the lower class id. */
#ifndef MAGISTER_DISTILL_RANKING_H
#define MAGISTER_DISTILL_RANKING_H

#include "distill/store.h"

enum { RANKED = 5 }; /* how many are ranked */

/* Puts (class, value) where it ranks among the best so far; equal values stay behind those that came before. classes,
 * values: (RANKED), of which `*count` are in use. */
void rank_insert(int64_t *classes, double *values, size_t *count, int64_t class, double value);

/* The first actions of a predicted segment. top: (RANKED). Returns how many there are. */
size_t rank_actions(const stored_segment *at, int64_t *top);

#endif
