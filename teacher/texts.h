/* texts - what a text teacher is pretrained on: texts a line, made tidy and cut into actions.
 *
 * Two forms, told from the file's name:
 *   NAME.jsonl   one JSON object a line; the text is the value of one key, a string or a list of strings, each of which
 *                is an action ("steps")
 *   any other    one text a line
 * <a> parts the actions of a text and <v> the verb and the noun of an action, as in a teacher's histories; texts
 * without them, a sentence or a recipe's steps, are read as well. A text is cut into words as the tokenizer does. A
 * line (or an entry of a list) that has no <v> is free text, in which words that are punctuation alone are left out:
 * histories have none. Actions and texts without a word are passed over.
 */
#ifndef MAGISTER_TEACHER_TEXTS_H
#define MAGISTER_TEACHER_TEXTS_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t count;         /* texts */
    size_t *first;        /* (count + 1) actions of text t: actions[first[t]] .. actions[first[t + 1] - 1] */
    const char **actions; /* (first[count]) words joined by blanks: "take <v> sauce pan", "slice the onion" */
    bool *development;    /* (count) held out: told by a hash of the text, so that a repeated text is on one side */
    arena *strings;       /* owns the actions */
    size_t room, action_room;
} text_list;

typedef struct {
    const char *field;  /* key of the text in JSON lines; NULL: there are none */
    bool glosses;       /* actions are one word without <v>; punctuation stays in words */
    double development; /* share of the texts that is held out */
    uint64_t seed;      /* of that choice */
} text_options;

/* Appends the texts of `path` to `list` (empty: zeroed). Errors: ERR_MISSING; ERR_CONFIG for JSON lines without a
 * field; ERR_INPUT with path:line (no JSON object, no such key, neither a string nor a list of strings, a zero byte),
 * or when the file has no text at all. On failure the list may hold a part. The caller frees it. */
status texts_read(const char *path, const text_options *options, text_list *list);
void texts_free(text_list *list);

#endif
