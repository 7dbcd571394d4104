#include "teacher/vocabulary.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "data/names.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)64 * 1024 * 1024)

static const char *const MARKS[MARK_COUNT] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<v>", "<a>"};

struct vocabulary {
    arena *strings;
    const char **pieces; /* (count) */
    size_t count, room;
    name_table ids; /* piece -> id */
    int64_t marks[MARK_COUNT];
    char hash[HASH_TEXT];
};

const char *mark_text(mark m)
{
    return MARKS[m];
}

/* ---- pieces -------------------------------------------------------------------------------------------------------
 */

static status grow_pieces(vocabulary *v)
{
    size_t larger = v->room ? v->room * 2 : 512;
    const char **pieces = realloc(v->pieces, larger * sizeof *pieces);
    if (!pieces) return FAIL(ERR_MEMORY, "no memory for a vocabulary of %zu pieces", v->count);
    v->pieces = pieces;
    v->room = larger;
    return OK;
}

/* Appends a piece unless it is there; `*id` gets its id and `*added` whether it is new. */
static status add_piece(vocabulary *v, const char *text, size_t length, size_t *id, bool *added)
{
    status st = OK;
    if (v->count == v->room) TRY(grow_pieces(v));
    const char *copy = arena_copy(v->strings, text, length);
    if (!copy) TRY(FAIL(ERR_MEMORY, "no memory for a vocabulary of %zu pieces", v->count));
    TRY(names_add(&v->ids, copy, v->count, id));
    *added = *id == v->count;
    if (*added) v->pieces[v->count++] = copy;
done:
    return st;
}

static status new_empty(vocabulary **out)
{
    vocabulary *v = calloc(1, sizeof *v);
    if (v) v->strings = arena_new();
    if (!v || !v->strings) {
        free(v);
        return FAIL(ERR_MEMORY, "no memory for a vocabulary");
    }
    *out = v;
    return OK;
}

/* All pieces, each ended by a newline, in new memory. */
static status join_pieces(const vocabulary *v, char **out, size_t *count)
{
    size_t size = 1;
    for (size_t i = 0; i < v->count; i++) size += strlen(v->pieces[i]) + 1;
    char *text = malloc(size), *at = text;
    if (!text) return FAIL(ERR_MEMORY, "no memory to write a vocabulary of %zu pieces", v->count);
    for (size_t i = 0; i < v->count; i++) {
        size_t length = strlen(v->pieces[i]);
        memcpy(at, v->pieces[i], length);
        at[length] = '\n';
        at += length + 1;
    }
    *out = text;
    *count = (size_t)(at - text);
    return OK;
}

/* Marks and fingerprint, once all pieces are in. */
static status finish(vocabulary *v)
{
    status st = OK;
    char *text = NULL;
    size_t count = 0;
    TRY(join_pieces(v, &text, &count));
    hash_bytes(text, count, v->hash);
    for (int m = 0; m < MARK_COUNT; m++) v->marks[m] = vocabulary_find(v, MARKS[m]);
done:
    free(text);
    return st;
}

/* ---- reading and writing ------------------------------------------------------------------------------------------
 */

static status read_lines(vocabulary *v, const char *path, const char *text, size_t count)
{
    status st = OK;
    size_t line = 0;
    for (const char *at = text, *end = text + count; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        const char *next = stop ? stop + 1 : end;
        line++;
        if (length && at[length - 1] == '\r') length--;
        if (!length) TRY(FAIL(ERR_INPUT, "%s:%zu: empty line: a vocabulary has one piece a line", path, line));
        if (memchr(at, '\0', length)) TRY(FAIL(ERR_INPUT, "%s:%zu: holds a zero byte: not a text file", path, line));
        size_t id = 0;
        bool added = false;
        TRY(add_piece(v, at, length, &id, &added));
        if (!added)
            TRY(FAIL(ERR_INPUT, "%s:%zu: piece '%.*s' is already in line %zu", path, line, (int)length, at, id + 1));
        at = next;
    }
done:
    return st;
}

static status check_marks(const vocabulary *v, const char *path)
{
    static const mark NEEDED[] = {MARK_PAD, MARK_UNKNOWN, MARK_START, MARK_MASK};
    for (size_t i = 0; i < sizeof NEEDED / sizeof NEEDED[0]; i++)
        if (v->marks[NEEDED[i]] < 0)
            return FAIL(ERR_INPUT, "%s: the piece %s is missing: not a BERT vocabulary", path, MARKS[NEEDED[i]]);
    return OK;
}

status vocabulary_read(const char *path, vocabulary **out)
{
    status st = OK;
    vocabulary *v = NULL;
    char *text = NULL;
    size_t count = 0;

    TRY(file_read(path, FILE_MAX, &text, &count));
    TRY(new_empty(&v));
    TRY(read_lines(v, path, text, count));
    if (!v->count) TRY(FAIL(ERR_INPUT, "%s: empty: a vocabulary has one piece a line", path));
    TRY(finish(v));
    TRY(check_marks(v, path));
    *out = v;
    v = NULL;
done:
    free(text);
    vocabulary_free(&v);
    return st;
}

status vocabulary_write(const vocabulary *v, const char *path)
{
    status st = OK;
    char *text = NULL;
    size_t count = 0;
    TRY(join_pieces(v, &text, &count));
    TRY(file_write(path, text, count));
done:
    free(text);
    return st;
}

/* ---- counting words -----------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *word;
    size_t times;
} word_count;

static int by_text(const void *a, const void *b)
{
    return strcmp(((const word_count *)a)->word, ((const word_count *)b)->word);
}

static int by_times(const void *a, const void *b)
{
    const word_count *x = a, *y = b;
    if (x->times != y->times) return x->times > y->times ? -1 : 1;
    return strcmp(x->word, y->word);
}

/* Adds up equal words of a sorted list; returns how many are left. */
static size_t join_equal(word_count *sorted, size_t count)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (!sorted[i].times) continue;
        if (distinct && !strcmp(sorted[i].word, sorted[distinct - 1].word))
            sorted[distinct - 1].times += sorted[i].times;
        else sorted[distinct++] = sorted[i];
    }
    return distinct;
}

static status add_all(vocabulary *v, const word_count *counts, size_t count)
{
    status st = OK;
    size_t id = 0;
    bool added = false;
    for (int m = 0; m < MARK_COUNT; m++) TRY(add_piece(v, MARKS[m], strlen(MARKS[m]), &id, &added));
    for (size_t i = 0; i < count; i++) TRY(add_piece(v, counts[i].word, strlen(counts[i].word), &id, &added));
    TRY(finish(v));
done:
    return st;
}

status vocabulary_build(const char *const *words, const size_t *times, size_t count, vocabulary **out)
{
    status st = OK;
    vocabulary *v = NULL;
    word_count *counts = calloc(count + 1, sizeof *counts);

    if (!counts) TRY(FAIL(ERR_MEMORY, "no memory to count %zu words", count));
    for (size_t i = 0; i < count; i++) counts[i] = (word_count){words[i], times[i]};
    qsort(counts, count, sizeof *counts, by_text);
    size_t distinct = join_equal(counts, count);
    qsort(counts, distinct, sizeof *counts, by_times);
    TRY(new_empty(&v));
    TRY(add_all(v, counts, distinct));
    *out = v;
    v = NULL;
done:
    free(counts);
    vocabulary_free(&v);
    return st;
}

/* ---- looking up ---------------------------------------------------------------------------------------------------
 */

void vocabulary_hash(const vocabulary *v, char out[33])
{
    memcpy(out, v->hash, sizeof v->hash);
}

size_t vocabulary_size(const vocabulary *v)
{
    return v->count;
}

const char *vocabulary_piece(const vocabulary *v, int64_t id)
{
    return id >= 0 && (size_t)id < v->count ? v->pieces[id] : NULL;
}

int64_t vocabulary_find(const vocabulary *v, const char *piece)
{
    size_t id = 0;
    return names_find(&v->ids, piece, &id) ? (int64_t)id : -1;
}

int64_t vocabulary_mark(const vocabulary *v, mark m)
{
    return v->marks[m];
}

void vocabulary_free(vocabulary **v)
{
    if (!v || !*v) return;
    arena_free(&(*v)->strings);
    free((*v)->pieces);
    names_free(&(*v)->ids);
    free(*v);
    *v = NULL;
}
