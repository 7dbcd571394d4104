/* masking - hiding words of a batch: what a masked language model is asked for (Devlin et al. 2019).
 *
 * Of the words of a sequence (its tokens without marks and unknown words) a fixed share is asked for, but at least one:
 * so many are drawn without replacement, and so the number asked for in a step follows from lengths alone. Of these 80
 * % are replaced by [MASK], 10 % by a word drawn from the vocabulary, and 10 % stay as they are. All of it is drawn
 * from the sequence's key, which holds the epoch: another mask each epoch, the same on any number of ranks.
 */
#ifndef MAGISTER_TEACHER_MASKING_H
#define MAGISTER_TEACHER_MASKING_H

#include "base/status.h"
#include "teacher/batch.h"
#include "teacher/vocabulary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t *rows;   /* (count) tokens of the batch that are asked for */
    int64_t *labels; /* (count) the words they were */
    size_t count;
} masked_words;

/* Whether a token may be asked for: it is no mark and not the unknown word. */
bool masking_is_word(const vocabulary *v, int64_t id);

/* How many of `words` words of a sequence are asked for: round(share words), at least one where there is one. */
size_t masking_count(size_t words, double share);

/* Hides words in the ids of `b`; keys: (b->count). The caller frees `*out`. Errors: ERR_MEMORY. */
status masking_apply(const vocabulary *v, double share, const uint64_t *keys, token_batch *b, masked_words *out);
void masked_words_free(masked_words *m);

#endif
