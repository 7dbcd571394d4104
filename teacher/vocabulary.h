/* vocabulary - the pieces text is made of, and their ids.
 *
 * A file holds one piece a line; the id of a piece is its line, from 0 (as BERT's vocab.txt). Two kinds are used: the
 * published WordPiece vocabularies, read from such a file, and a word vocabulary counted from training text, which is
 * written in the same form: the marks below first, then words from the most frequent to the least, words of the same
 * frequency in byte order, so that the same text gives the same file.
 */
#ifndef MAGISTER_TEACHER_VOCABULARY_H
#define MAGISTER_TEACHER_VOCABULARY_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct vocabulary vocabulary;

typedef enum {
    MARK_PAD,
    MARK_UNKNOWN,
    MARK_START, /* [CLS]: the position a history is read out at */
    MARK_END,   /* [SEP] */
    MARK_MASK,
    MARK_VERB,   /* <v> between verb and noun */
    MARK_ACTION, /* <a> between actions */
    MARK_COUNT
} mark;

/* How a mark is written: "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<v>", "<a>". */
const char *mark_text(mark m);

/* Reads `path`. Errors: ERR_MISSING; ERR_INPUT with path:line (empty line before the last, piece twice with both lines,
 * larger than 64 MiB) or when [PAD], [UNK], [CLS] or [MASK] is missing. The caller frees it. */
status vocabulary_read(const char *path, vocabulary **out);

/* Makes a vocabulary of the marks and the distinct ones of `words` (count), of which words[i] occurred times[i] times
 * (a word may be listed again). Words that are written like a mark are that mark; those that never occurred are left
 * out. */
status vocabulary_build(const char *const *words, const size_t *times, size_t count, vocabulary **out);
void vocabulary_free(vocabulary **v);

/* Writes the pieces in order, atomically. Errors: ERR_CREATE, ERR_IO. */
status vocabulary_write(const vocabulary *v, const char *path);

size_t vocabulary_size(const vocabulary *v);
const char *vocabulary_piece(const vocabulary *v, int64_t id); /* borrowed; NULL when there is no such id */

/* Id of a piece; -1 when it is not there. */
int64_t vocabulary_find(const vocabulary *v, const char *piece);

/* Id of a mark; -1 when the vocabulary lacks it (<v> and <a> in published ones). */
int64_t vocabulary_mark(const vocabulary *v, mark m);

/* Fingerprint of pieces and order. */
void vocabulary_hash(const vocabulary *v, char out[33]);

#endif
