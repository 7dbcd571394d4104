#include "teacher/tokenizer.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* A word of more characters is [UNK], as in BERT's WordPiece. */
enum { WORD_MAX = 100 };

/* ---- characters ---------------------------------------------------------------------------------------------------
 */

static bool is_blank(utf8proc_int32_t c)
{
    utf8proc_category_t kind = utf8proc_category(c);
    return c == '\t' || c == '\n' || c == '\r' || kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
           kind == UTF8PROC_CATEGORY_ZP;
}

/* Controls, formats, surrogates, private and unassigned characters, and the replacement character. */
static bool is_dropped(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN: return true;
    default: return c == 0xfffd;
    }
}

static bool is_punctuation(utf8proc_int32_t c)
{
    if (c < 128) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
    utf8proc_category_t kind = utf8proc_category(c);
    return kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO;
}

/* The CJK ideographs that BERT's tokenizer lists. */
static bool is_chinese(utf8proc_int32_t c)
{
    static const struct {
        utf8proc_int32_t first, last;
    } BLOCKS[] = {
        {0x4e00, 0x9fff},   {0x3400, 0x4dbf},   {0x20000, 0x2a6df}, {0x2a700, 0x2b73f},
        {0x2b740, 0x2b81f}, {0x2b820, 0x2ceaf}, {0xf900, 0xfaff},   {0x2f800, 0x2fa1f},
    };
    for (size_t i = 0; i < sizeof BLOCKS / sizeof BLOCKS[0]; i++)
        if (c >= BLOCKS[i].first && c <= BLOCKS[i].last) return true;
    return false;
}

/* ---- words --------------------------------------------------------------------------------------------------------
 */

typedef struct {
    word_list words;
    size_t used, room, offset_room; /* bytes of text, places of offsets */
    bool inside;                    /* a word has begun and is not ended */
} cutter;

/* Room for one more word and one more character, and for the NUL after it. */
static status make_room(cutter *c)
{
    if (c->used + 8 > c->room) {
        size_t larger = c->room * 2 + 64;
        char *text = realloc(c->words.text, larger);
        if (!text) return FAIL(ERR_MEMORY, "no memory to tokenise %zu bytes", c->used);
        c->words.text = text;
        c->room = larger;
    }
    if (c->words.count == c->offset_room) {
        size_t larger = c->offset_room * 2 + 8;
        size_t *offsets = realloc(c->words.offsets, larger * sizeof *offsets);
        if (!offsets) return FAIL(ERR_MEMORY, "no memory to tokenise %zu words", c->words.count);
        c->words.offsets = offsets;
        c->offset_room = larger;
    }
    return OK;
}

static void end_word(cutter *c)
{
    if (c->inside) c->words.text[c->used++] = '\0';
    c->inside = false;
}

static status put_character(cutter *c, utf8proc_int32_t character)
{
    status st = OK;
    TRY(make_room(c));
    if (!c->inside) c->words.offsets[c->words.count++] = c->used;
    c->inside = true;
    c->used += (size_t)utf8proc_encode_char(character, (utf8proc_uint8_t *)c->words.text + c->used);
done:
    return st;
}

static status put_alone(cutter *c, utf8proc_int32_t character)
{
    status st = OK;
    end_word(c);
    TRY(put_character(c, character));
    end_word(c);
done:
    return st;
}

/* One character of the input: decomposed, its accents dropped, lowered. */
static status put_normal(cutter *c, utf8proc_int32_t character, bool whole)
{
    status st = OK;
    utf8proc_int32_t parts[32];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(character, parts, 32, UTF8PROC_DECOMPOSE, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < 32; i++) {
        if (utf8proc_category(parts[i]) == UTF8PROC_CATEGORY_MN) continue;
        utf8proc_int32_t lower = utf8proc_tolower(parts[i]);
        if (is_chinese(lower) || (is_punctuation(lower) && !whole)) TRY(put_alone(c, lower));
        else TRY(put_character(c, lower));
    }
done:
    return st;
}

/* The length of a mark that stands alone between blanks at `text`; 0 when there is none. */
static size_t mark_length(const char *text)
{
    static const mark SEPARATORS[] = {MARK_VERB, MARK_ACTION};
    for (size_t i = 0; i < sizeof SEPARATORS / sizeof SEPARATORS[0]; i++) {
        const char *written = mark_text(SEPARATORS[i]);
        size_t length = strlen(written);
        if (!strncmp(text, written, length) && (!text[length] || strchr(" \t\r\n", text[length]))) return length;
    }
    return 0;
}

static status put_mark(cutter *c, const char *text, size_t length)
{
    status st = OK;
    for (size_t i = 0; i < length; i++) TRY(put_character(c, text[i]));
    end_word(c);
done:
    return st;
}

static status cut_all(cutter *c, const char *text, bool whole)
{
    status st = OK;
    bool after_blank = true;
    for (const char *at = text; *at;) {
        size_t separator = after_blank ? mark_length(at) : 0;
        if (separator) {
            TRY(put_mark(c, at, separator));
            at += separator;
            continue;
        }
        utf8proc_int32_t character = 0;
        size_t ahead = strnlen(at, 4);
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)at, (utf8proc_ssize_t)ahead, &character);
        at += bytes > 0 ? bytes : 1;
        after_blank = bytes > 0 && is_blank(character);
        if (after_blank) end_word(c);
        else if (bytes > 0 && !is_dropped(character)) TRY(put_normal(c, character, whole));
    }
    end_word(c);
done:
    return st;
}

status words_cut(const char *text, bool whole, word_list *out)
{
    cutter c = {0};
    status st = cut_all(&c, text, whole);
    if (st == OK) *out = c.words;
    else words_free(&c.words);
    return st;
}

void words_free(word_list *words)
{
    if (!words) return;
    free(words->text);
    free(words->offsets);
    *words = (word_list){0};
}

/* ---- ids ----------------------------------------------------------------------------------------------------------
 */

status id_list_add(id_list *list, int64_t id)
{
    if (list->count == list->room) {
        size_t larger = list->room * 2 + 16;
        int64_t *at = realloc(list->at, larger * sizeof *at);
        if (!at) return FAIL(ERR_MEMORY, "no memory for %zu tokens", list->count);
        list->at = at;
        list->room = larger;
    }
    list->at[list->count++] = id;
    return OK;
}

static size_t count_characters(const char *word, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++) count += ((unsigned char)word[i] & 0xc0) != 0x80;
    return count;
}

/* The longest piece at the start of `word` (length bytes), which is not the word's start when `later`; its bytes in
 * `*taken`. -1 when there is none. */
static int64_t longest_piece(const vocabulary *v, const char *word, size_t length, bool later, size_t *taken)
{
    char piece[2 + 4 * WORD_MAX + 1] = "##";
    size_t prefix = later ? 2 : 0;
    memcpy(piece + prefix, word, length);
    for (size_t end = length; end; end--) {
        bool inside_character = end < length && ((unsigned char)word[end] & 0xc0) == 0x80;
        if (inside_character) continue;
        piece[prefix + end] = '\0';
        int64_t id = vocabulary_find(v, piece);
        *taken = end;
        if (id >= 0) return id;
    }
    return -1;
}

static status append_pieces(const vocabulary *v, const char *word, size_t length, id_list *out)
{
    size_t before = out->count;
    bool known = count_characters(word, length) <= WORD_MAX;
    for (size_t at = 0, taken = 0; known && at < length; at += taken) {
        int64_t id = longest_piece(v, word + at, length - at, at > 0, &taken);
        known = id >= 0;
        status st = known ? id_list_add(out, id) : OK;
        if (st != OK) return st;
    }
    if (known) return OK;
    out->count = before;
    return id_list_add(out, vocabulary_mark(v, MARK_UNKNOWN));
}

static bool is_separator(const char *word)
{
    return !strcmp(word, mark_text(MARK_VERB)) || !strcmp(word, mark_text(MARK_ACTION));
}

static status append_word(const vocabulary *v, tokenizer_kind kind, const char *word, id_list *out)
{
    status st = OK;
    size_t length = strlen(word);
    int64_t id = vocabulary_find(v, word);
    if (is_separator(word) && id < 0) {
        for (size_t i = 0; i < length; i++) TRY(append_word(v, kind, (char[]){word[i], '\0'}, out));
    } else if (kind == CUT_PIECES && id < 0) {
        TRY(append_pieces(v, word, length, out));
    } else {
        TRY(id_list_add(out, id >= 0 ? id : vocabulary_mark(v, MARK_UNKNOWN)));
    }
done:
    return st;
}

status tokenizer_encode(const vocabulary *v, tokenizer_kind kind, bool whole, const char *text, id_list *out)
{
    status st = OK;
    word_list words = {0};
    TRY(words_cut(text, whole, &words));
    for (size_t i = 0; i < words.count; i++) TRY(append_word(v, kind, words.text + words.offsets[i], out));
done:
    words_free(&words);
    return st;
}

void id_list_free(id_list *list)
{
    if (!list) return;
    free(list->at);
    *list = (id_list){0};
}
