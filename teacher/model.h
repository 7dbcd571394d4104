/* model - a text teacher put together from its recipe: data, tokens, encoder.
 */
#ifndef MAGISTER_TEACHER_MODEL_H
#define MAGISTER_TEACHER_MODEL_H

#include "base/status.h"
#include "comm/comm.h"
#include "conf/recipe.h"
#include "data/dataset.h"
#include "teacher/batch.h"
#include "teacher/corpus.h"
#include "teacher/encoder.h"
#include "teacher/examples.h"
#include "teacher/histories.h"

#include <stddef.h>
#include <stdint.h>

typedef enum { LIST_TRAIN, LIST_DEVELOPMENT, LIST_EVAL, LIST_COUNT } list_name;

typedef struct {
    const dataset *data; /* borrowed */
    corpus text;
    history_options history;
    sequence_options sequence;
    encoder *net;
    int64_t width;
} teacher_model;

/* Builds the teacher of recipe `r` over `data` (borrowed; must outlive it). `words`: path of a trained model's
 * vocabulary, NULL: made anew. Weights are drawn from the recipe's seed. Errors: those of corpus_open and encoder_new.
 */
status teacher_model_open(const recipe *r, const dataset *data, const char *words, teacher_model *out);

/* As teacher_model_open, for pretraining: without heads and without variation of sequences, with a vocabulary made anew
 * (m->text.texts is what is to be learned from), and with a table of positions for passages of `length` tokens. */
status teacher_model_open_pretraining(const recipe *r, const dataset *data, size_t length, teacher_model *out);

/* Takes from the file `weights`, which rank 0 reads for all, what it has of the encoder's; NULL: nothing is done.
 * Errors: those of shared_file_open and encoder_init_from. Collective. */
status teacher_model_start(comm *c, const char *weights, teacher_model *m);

void teacher_model_close(teacher_model *m);

/* "train", "development" or "eval": the split's name in the store. */
const char *list_text(list_name which);
const segment_list *list_of(const dataset *d, list_name which);

/* Histories of every segment of one of the lists. The caller frees `*out`. */
status histories_of(const dataset *d, const history_options *options, list_name which, histories *out);

/* Predictions of `queries` (count; all of their histories, averaged): logits (count, C), features (count, width) or
 * NULL. `e` holds all histories of `h` in their order. The last bits of a prediction depend on which queries go through
 * the model with it. No dropout, nothing recorded. */
status teacher_model_predict(teacher_model *m, const histories *h, const example_list *e, const size_t *queries,
                             size_t count, float *logits, float *features);

#endif
