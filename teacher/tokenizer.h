/* tokenizer - text to ids.
 *
 * Two steps. Text is first cut into words as BERT's uncased models do (Devlin et al. 2019): control characters go,
 * blanks separate, Chinese characters and punctuation stand alone, accents are stripped (canonical decomposition
 * without non-spacing marks) and letters lowered. Then each word is one id (word vocabulary), or the pieces of the
 * longest matches from its left (WordPiece; the pieces after the first are written "##piece"), or [UNK].
 *
 * Words between blanks that are written like the marks <v> and <a> are those marks where the vocabulary has them; in a
 * published vocabulary, which lacks them, they become text ('<', 'v', '>') as in the published teacher.
 */
#ifndef MAGISTER_TEACHER_TOKENIZER_H
#define MAGISTER_TEACHER_TOKENIZER_H

#include "base/status.h"
#include "teacher/vocabulary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { CUT_WORDS, CUT_PIECES } tokenizer_kind;

typedef struct {
    int64_t *at; /* (count), owned by the list */
    size_t count, room;
} id_list;

status id_list_add(id_list *list, int64_t id);
void id_list_free(id_list *list);

/* Words of a text, each ended by NUL, one after the other in `text`. */
typedef struct {
    char *text;      /* owned */
    size_t *offsets; /* (count) where each word starts; owned */
    size_t count;
} word_list;

/* Cuts UTF-8 `text` into words. `whole` keeps punctuation inside words (glosses: "IX-1P"). Bytes that are not UTF-8
 * count as U+FFFD and go. Marks stay as they are written. The caller frees `*out` with words_free. Errors: ERR_MEMORY.
 */
status words_cut(const char *text, bool whole, word_list *out);
void words_free(word_list *words);

/* Appends the ids of `text` to `out`; no marks are added. Errors: ERR_MEMORY. */
status tokenizer_encode(const vocabulary *v, tokenizer_kind kind, bool whole, const char *text, id_list *out);

#endif
