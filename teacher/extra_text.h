/* extra_text - histories that exist as text only: recipes, one a line, `verb <v> noun <a> verb <v> noun ...` (glosses:
 * `GLOSS <a> GLOSS ...`).
 *
 * An action that reads like a class is that class; others get numbers from class_count on, in order of appearance, so
 * that they can be read in a history though nobody is asked for them.
 */
#ifndef MAGISTER_TEACHER_EXTRA_TEXT_H
#define MAGISTER_TEACHER_EXTRA_TEXT_H

#include "base/status.h"
#include "data/annotations.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    segment_list segments; /* a sequence a line; start and end count places in it; verb and noun are -1 for no class */
    const char **texts;    /* (text_count) text of action class_count + i; borrowed from the segments' arena; owned */
    size_t text_count;
} extra_text;

/* Reads `path`. Errors: ERR_MISSING; ERR_INPUT with path:line (nothing between two <a>, no <v> between a verb and a
 * noun, no line at all). The caller frees `*out`. */
status extra_text_read(const char *path, const class_list *classes, bool glosses, extra_text *out);
void extra_text_free(extra_text *text);

#endif
