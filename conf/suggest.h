/* suggest - what a mistyped word was meant to be. */
#ifndef MAGISTER_CONF_SUGGEST_H
#define MAGISTER_CONF_SUGGEST_H

#include <stddef.h>

/* Edit distance of two words: insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
 * Words longer than 127 bytes are compared by their first 127. */
size_t edit_distance(const char *a, const char *b);

/* The nearest of `known` (count) when it is near enough to be meant; NULL otherwise. */
const char *suggest_word(const char *word, const char *const *known, size_t count);

/* The nearest of the words in "a|b|c"; "" when none is near. Written to `out` (size). */
void suggest_choice(const char *word, const char *choices, char *out, size_t size);

/* Recipe keys (and sections) that a full key which does not exist may stand for, as ": did you mean A or B?", or "".
 * Looks at misspellings and at the right key under a wrong section. */
void suggest_key(const char *key, char *out, size_t size);

#endif
