/* annotations - segments of videos with their labels, from any of the known files.
 *
 * The form is told from the header and the columns:
 *   rulstm     no header: uid, video, start_frame, end_frame, verb, noun, action
 *   epic       header with uid (or narration_id), video_id, start/stop_timestamp or frames, verb_class, noun_class
 *   phoenix    header name|signer|gloss|text: one sentence a line, its glosses become segments without times
 *   boston104  header video,speaker,word,startframe,endframe
 * Gloss data has actions only (verb = noun = -1) and no seconds where the file has none (start = its place in the
 * sentence). Sequences are what a history may not cross: a video, or a sentence.
 *
 * Order: as in the file, which `segments_sort` changes to (sequence, start, place in the file).
 * All strings are borrowed from the list's arena.
 */
#ifndef MAGISTER_DATA_ANNOTATIONS_H
#define MAGISTER_DATA_ANNOTATIONS_H

#include "base/arena.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Action classes and their verb and noun. Class ids are 0 .. count - 1. */
typedef struct {
    const char *name;       /* as in the file: "take_pan", "JOHN" */
    const char *text;       /* words for a language model: "take <v> pan", "sauce pan" for pan:sauce, "JOHN" */
    int64_t verb, noun;     /* class ids; -1 for glosses */
} action_class;

typedef struct {
    arena *strings;
    action_class *actions;  /* (action_count) */
    const char **verbs;     /* (verb_count) names; NULL entries where an id has no name */
    const char **nouns;     /* (noun_count) */
    size_t action_count, verb_count, noun_count; /* verb_count = noun_count = 0 for glosses */
} class_list;

typedef struct {
    const char *uid;        /* unique in a list */
    const char *sequence;   /* video or sentence */
    double start, end;      /* seconds; for glosses without times: place in the sentence, place + 1 */
    int64_t action, verb, noun;
    size_t place;           /* row in the file, from 0 */
} segment;

typedef struct {
    arena *strings;
    segment *at;            /* (count) */
    size_t count;
} segment_list;

/* Action classes from `path`: header id,action,verb,noun; header id,verb,noun,action; or no header and three columns
 * `2, 2_2, Take_eating:utensil`. Errors: ERR_MISSING; ERR_INPUT with path:line and what is wrong (missing column, not a
 * number, ids with holes or twice). */
status classes_read(const char *path, class_list *out);

/* Classes collected from segments of gloss files: distinct words in order of first appearance, then "<unknown>" never;
 * words of `path` only. The same errors as segments_read. */
status classes_collect(const char *path, const char *format, class_list *out);

/* Looks a class up by name; -1 when there is none. */
int64_t class_find(const class_list *classes, const char *name);

void classes_free(class_list *classes);

/* Reads segments. `format` is "auto" or a name above; `fps` turns frame numbers into seconds. For glosses a word that
 * `classes` does not have gets action -1 (counted by the caller); class ids out of range are ERR_INPUT.
 * EPIC files name verb and noun only: their action is the class with that pair, -1 where there is none.
 * Errors: ERR_MISSING; ERR_INPUT with path:line (malformed row, unknown class id, uid twice with both lines, end before
 * start, a file without segments). */
status segments_read(const char *path, const char *format, double fps, const class_list *classes, segment_list *out);
void segments_free(segment_list *list);

/* Sorts by (sequence, start, place). */
void segments_sort(segment_list *list);

/* Splits off a development part of whole groups: `groups[i]` (count) names segment i's group (its video, or its
 * sentence's gloss string, so that a repeated sentence never lies on both sides). `in_development` (count) becomes 1 or
 * 0. A group is in by hash of (seed, name): the same for any order of the file; at least one group on each side. */
status split_development(const char *const *groups, size_t count, double part, uint64_t seed, unsigned char *in_development);

/* Gloss string of each segment's sequence ("JOHN WRITE HOMEWORK"), borrowed from the list's arena: (count) pointers in
 * new memory freed by the caller. */
status sequence_texts(segment_list *list, const class_list *classes, const char ***out);

/* Ids in the first column of a CSV with a header (many-shot verbs or nouns). `*out` (count) is new memory. */
status ids_read(const char *path, int64_t **out, size_t *count);

#endif
