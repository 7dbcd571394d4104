/* corpus - what the encoder reads of an action: its tokens, made once.
 *
 * A sequence is put together from the tokens of its actions (batch.h), so nothing is tokenised twice. Inputs:
 *   text    the words of verb, <v> and the words of noun ("take <v> sauce pan"), by a word vocabulary or WordPiece,
 * with <a> between actions; a gloss is one word tokens  one token an action: the sum of its verb's and its noun's
 * embedding (glosses: one embedding) Actions are numbered as the classes; then come actions that occur in extra text
 * alone; the last is the unknown one.
 */
#ifndef MAGISTER_TEACHER_CORPUS_H
#define MAGISTER_TEACHER_CORPUS_H

#include "base/status.h"
#include "conf/recipe.h"
#include "data/dataset.h"
#include "teacher/extra_text.h"
#include "teacher/texts.h"
#include "teacher/tokenizer.h"
#include "teacher/vocabulary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t class_count, action_count; /* actions: classes, text-only ones, the unknown one */
    size_t *first;                    /* (action_count + 1) tokens of action a: first[a] .. first[a + 1] - 1 */
    int64_t *ids, *second;            /* (first[action_count]); `second` is used where second_rows > 0 */
    int64_t *places;                  /* (first[action_count]) place of a token in its action: words of the verb from 0,
                                         <v> at verb_most, words of the noun after it */
    size_t verb_most, noun_most;      /* most tokens of a verb, and of <v> and noun together */
    int64_t *between;                 /* (between_count) tokens between two actions */
    size_t between_count;
    int64_t start, end, mask;    /* ids of marks; end is -1 where sequences just stop */
    int64_t mark_second;         /* second id of every mark and of the unknown action */
    int64_t verb_mark;           /* id of <v>; -1 where there is none. Word dropout spares it */
    size_t id_rows, second_rows; /* rows of the embedding tables; second_rows is 0 where a token has one id */
    size_t longest;              /* tokens of the longest action */
    vocabulary *words;           /* NULL with input tokens */
    char vocabulary_hash[33];    /* of the vocabulary; with input tokens of the classes' names */
    tokenizer_kind kind;         /* how text is cut */
    bool glosses;
    extra_text extra; /* empty without teacher.extra_text */
    text_list texts;  /* what is pretrained on; empty unless the recipe pretrains and nothing is saved */
} corpus;

/* Reads teacher.input, vocabulary, vocabulary_file, extra_text and pretrain. `saved` is the vocabulary of a
 * (pre)trained model, or NULL: then a word vocabulary is counted from the training segments, the extra text, and words
 * that the texts to learn from in pretraining have pretrain.min_count times. Errors: those of the files, with file:line
 * for text; ERR_CONFIG when a WordPiece vocabulary is asked for and not named. The caller frees it. */
status corpus_open(const recipe *r, const dataset *d, const char *saved, corpus *out);
void corpus_free(corpus *c);

/* Appends the tokens of one action to `ids`; `*verb` gets how many stand before <v>, all where there is none. */
status corpus_encode(const corpus *c, const char *text, id_list *ids, size_t *verb);

/* Most tokens a sequence of `hist_len` actions can have. */
size_t corpus_sequence_most(const corpus *c, size_t hist_len);

/* Places of tokens that belong to no action's words: token k between two actions (the end mark stands at the first
 * such place), the start mark; and how many places there are in all. */
int64_t corpus_between_place(const corpus *c, size_t k);
int64_t corpus_start_place(const corpus *c);
size_t corpus_place_count(const corpus *c);

#endif
