/* encoder - a BERT-style transformer encoder (Devlin et al. 2019) with heads for action, verb and noun.
 *
 * Parameters that BERT has are named as Transformers' BertModel names them
 * ("encoder.layer.0.attention.self.query.weight"), so a checkpoint of one can start the other; the age of an action is
 * BERT's token type. With the original order (norms after each part) and no dropout the features are BertModel's
 * last_hidden_state[:, 0]. `pre_norm` puts the norms before each part and one at the end ("encoder.LayerNorm"; Xiong et
 * al. 2020), which trains from scratch more easily.
 *
 * Nothing is computed that is not asked for: tokens are packed without padding except inside attention, and the last
 * layer computes the start mark alone, which all heads read, or the tokens whose states are asked for.
 */
#ifndef MAGISTER_TEACHER_ENCODER_H
#define MAGISTER_TEACHER_ENCODER_H

#include "base/status.h"
#include "teacher/batch.h"
#include "tensor/module.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t layers, width, heads, inner; /* inner: width of the feed-forward part; heads divides width */
    int64_t id_rows, second_rows;        /* embedding tables; second_rows 0: one id a token */
    int64_t positions, ages;             /* rows of their tables: tokens and actions of the longest sequence */
    int64_t actions, verbs, nouns;       /* classes; verbs and nouns 0 for glosses; all 0: no heads */
    const int64_t *verb_of, *noun_of;    /* (actions) borrowed; read by encoder_new alone; NULL for glosses */
    bool pre_norm;
    bool factored; /* an action's logit also gets the logits of its verb and its noun */
    double embedding_dropout, dropout, attention_dropout, inner_dropout, head_dropout;
} encoder_options;

typedef struct encoder encoder;

/* New encoder with weights drawn from the generator of t_seed. Errors: ERR_CONFIG (heads do not divide the width),
 * ERR_MEMORY. The caller frees it. */
status encoder_new(const encoder_options *options, encoder **out);
void encoder_free(encoder **e);

module *encoder_module(encoder *e); /* borrowed */

typedef struct {
    tensor *features;             /* (B, width) the state at the start mark */
    tensor *action, *verb, *noun; /* (B, actions), (B, verbs), (B, nouns) logits; verb and noun NULL for glosses */
} encoder_output;

/* Reads a batch. Dropout is drawn by `keys` (B), one a sequence, and by place in the sequence, so that neither padding
 * nor the other sequences matter; NULL: no dropout. The output holds temporaries of the open scope. Failures are sticky
 * as in tensor.h; ERR_INPUT when a token's position is behind the table of positions. */
status encoder_forward(encoder *e, const token_batch *b, const uint64_t *keys, encoder_output *out);

/* States of some tokens of a batch after the last layer (and the norm behind it): those of token rows[i] (count;
 * numbers in the packed batch) in row i of `*states`, a temporary of the open scope. It has at least one row and may
 * have more than `count`, up to a number that the fast products know: rows that fill up are to be read by nobody
 * (T_IGNORE). Keys and failures as in encoder_forward; nothing is dropped of the states themselves. */
status encoder_states(encoder *e, const token_batch *b, const uint64_t *keys, const int64_t *rows, size_t count,
                      tensor **states);

/* Sets weights from an open file: every parameter of the encoder proper must be there with its shape, under its
 * name or with "bert." before it; of longer tables of positions and ages the first rows are taken. Heads, the second
 * embedding table and a table of ages that the file lacks keep their values: `*kept` is the number of those (may be
 * NULL). Errors: ERR_INPUT naming path and tensor; those of reading. */
status encoder_init_from(encoder *e, tensor_file *file, size_t *kept);

#endif
