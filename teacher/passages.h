/* passages - texts as the encoder reads them in pretraining: cut into sequences that look like a teacher's histories.
 *
 * A passage is one action of a text or several that follow each other, at most `length` tokens with start and end mark;
 * longer actions are cut. With teacher.ages it has at most hist_len actions, so that an age means what it will mean to
 * the teacher, who has no others. Sequences are put together by batch_make, with the teacher's options.
 *
 * Positions "action": verb, <v> and noun of an action that is no longer than the teacher's longest stand at the places
 * they have in a history. Words of other actions, and of free text, have places of their own behind the teacher's, one
 * a word in its action (fewer than `length`), which the teacher does not take over.
 */
#ifndef MAGISTER_TEACHER_PASSAGES_H
#define MAGISTER_TEACHER_PASSAGES_H

#include "base/status.h"
#include "teacher/corpus.h"
#include "teacher/examples.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t length;  /* tokens of a passage */
    size_t actions; /* most actions of a passage; 0: any number */
} passage_options;

typedef struct {
    corpus text; /* actions are those of the texts; marks and places are the teacher's, borrowed */
    example_list train, development;
    size_t *train_words; /* (train.count) words that may be masked: at least one */
    size_t dropped;      /* passages without such a word */
} passages;

/* Cuts `from->texts`; `from` is borrowed and must outlive them. Errors: ERR_INPUT when there is no passage to learn
 * from, ERR_MEMORY. The caller frees it. */
status passages_make(const corpus *from, const passage_options *options, passages *out);
void passages_free(passages *p);

#endif
