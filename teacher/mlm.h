/* mlm - the head of a masked language model: what BERT's reads of a token's state to tell the word it was.
 *
 * logits = E norm(gelu(W x + b)) + c, where E is the encoder's own table of words (tied, as in BERT): what is learned
 * about words in telling them then stays in the table, which is what the teacher takes over, and a small corpus has
 * half as many numbers to fit. The price is a gradient for every row of the table. Parameters are named as
 * Transformers' BertForMaskedLM names them ("cls.predictions.transform.dense.weight", "cls.predictions.bias").
 */
#ifndef MAGISTER_TEACHER_MLM_H
#define MAGISTER_TEACHER_MLM_H

#include "base/status.h"
#include "teacher/encoder.h"
#include "teacher/masking.h"

typedef struct {
    module *dense, *norm; /* borrowed from the encoder's module */
    tensor *words, *bias; /* (V, D), (V); borrowed */
} mlm;

/* Adds the head to the module of encoder `e`, of `width` D and `words` V. Errors: ERR_MEMORY. */
status mlm_add(encoder *e, int64_t width, int64_t words, mlm *out);

/* (A, D) states -> (A, V) logits, a temporary of the open scope. */
tensor *mlm_logits(const mlm *head, tensor *states);

/* Sum of the cross entropies of the words `m`, whose states are the first rows of `states` (encoder_states), divided by
 * `asked`, the number of words that the whole step asks for. A temporary of the open scope. */
status mlm_loss(const mlm *head, tensor *states, const masked_words *m, size_t asked, tensor **out);

#endif
