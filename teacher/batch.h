/* batch - sequences of tokens put together for one pass of the encoder, without padding.
 *
 * A token has an id, with input tokens a second id, its position in the sequence or in its action, and the age of the
 * action it belongs to: 1 for the latest action, 2 for the one before, 0 for the start mark; what stands between two
 * actions, or at the end, is as old as the action before it. Every sequence begins with the start mark, at which the
 * encoder is read out.
 */
#ifndef MAGISTER_TEACHER_BATCH_H
#define MAGISTER_TEACHER_BATCH_H

#include "base/status.h"
#include "teacher/corpus.h"
#include "teacher/examples.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* B sequences, one after the other: sequence b is tokens first[b] .. first[b + 1] - 1, N = first[B] in all. */
typedef struct {
    size_t count, longest;     /* B; tokens of the longest sequence, T */
    size_t *first;             /* (B + 1) */
    int64_t *ids, *second;     /* (N); `second` is NULL where a token has one id */
    int64_t *positions, *ages; /* (N) */
} token_batch;

/* How a sequence is made from a history. */
typedef struct {
    bool newest_first;     /* the latest action right after the start mark */
    bool ages;             /* otherwise every age is 0 */
    bool action_places;    /* positions are places in the action, not in the sequence */
    double shorten;        /* probability that only the last 1 .. n actions are kept, their number drawn evenly */
    double action_dropout; /* share of actions left out; the latest stays where none would */
    double word_dropout;   /* share of the actions' tokens replaced by the mask */
} sequence_options;

/* Puts together examples `which` (count) of `e`. With `keys` (count) the last three options apply, drawn from each
 * sequence's key; without (NULL) they do not. The caller frees `*out`. Errors: ERR_MEMORY. */
status batch_make(const corpus *c, const example_list *e, const size_t *which, size_t count, const uint64_t *keys,
                  const sequence_options *options, token_batch *out);
void batch_free(token_batch *b);

/* Tokens of example `i` as it stands, not varied. */
size_t example_tokens(const corpus *c, const example_list *e, size_t i);

#endif
