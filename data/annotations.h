/* annotations - segments of videos with their labels, from any of the known files.
 *
 * The form is told from the header and the columns:
 *   rulstm     no header: uid, video, start_frame, end_frame, verb, noun, action
 *   epic       header with uid (or narration_id), video_id, start/stop_timestamp or frames, verb_class, noun_class
 *   egtea      no header: EGTEA's train_split1.txt and test_split1.txt, "VIDEO-1002316-1004005-F024051-F024101 1 1 1":
 *              times in milliseconds, then class ids from 1; verb and noun are those of the action's class
 *   phoenix    header name|signer|gloss|text: one sentence a line, its glosses become segments without times
 *   boston104  header video,speaker,word,startframe,endframe (both frames belong to the sign)
 *   lines      one sentence a line, its glosses separated by blanks; only when asked for by name
 * Gloss data has actions only (verb = noun = -1) and no seconds where the file has none (start = its place in the
 * sentence). Its uids are made here: SEQUENCE/I, the I-th gloss (from 0) of a video or sentence; with `lines` a
 * sentence is called FILE:LINE. Sequences are what a history may not cross: a video, or a sentence.
 *
 * Order: as in the file, which `segments_sort` changes to (sequence, start, place in the file).
 * All strings are borrowed from the list's arena. Files are UTF-8 and read whole (data/csv.h has the bounds).
 */
#ifndef MAGISTER_DATA_ANNOTATIONS_H
#define MAGISTER_DATA_ANNOTATIONS_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Action classes and their verb and noun. Class ids are 0 .. count - 1. */
typedef struct {
    const char *name;   /* as in the file: "take_pan", "JOHN" */
    const char *text;   /* words for a language model, lower-case: "take <v> pan", "take <v> sauce pan" for
                         * take_pan:sauce; Take_eating:utensil of a file without header: "take <v> eating utensil";
                         * a gloss as it stands: "JOHN" */
    int64_t verb, noun; /* class ids; -1 for glosses */
} action_class;

typedef struct {
    arena *strings;
    action_class *actions; /* (action_count) */
    const char **verbs;    /* (verb_count) the word used most for each class; NULL where an id has none */
    const char **nouns;    /* (noun_count) */
    size_t action_count;
    size_t verb_count, noun_count; /* largest id + 1; 0 for glosses */
} class_list;

typedef struct {
    const char *uid;      /* unique in a list */
    const char *sequence; /* video or sentence */
    double start, end;    /* seconds; for glosses without times: place in the sentence, place + 1 */
    int64_t action, verb, noun;
    size_t place;                    /* how many segments stand before it in the file */
    const struct instance *instance; /* of sets of single clips (instances.h), what else is known; NULL for others */
} segment;

typedef struct {
    arena *strings;
    segment *at; /* (count) */
    size_t count;
} segment_list;

/* Action classes from `path`: header id,action,verb,noun; header id,verb,noun,action; or no header and three columns
 * `2, 2_2, Take_eating:utensil`. Errors: ERR_MISSING; ERR_INPUT with path:line and what is wrong (missing column, not a
 * number, ids with holes or twice). */
status classes_read(const char *path, class_list *out);

/* Classes collected from a file with segments (the same forms as segments_read). Gloss files: the distinct words in
 * order of first appearance. epic: the verb-noun pairs that occur, sorted by (verb, noun), named by their most common
 * words ("take_pan"). The rulstm form holds ids without names: ERR_INPUT that asks for data.actions. The other errors
 * are those of segments_read. */
status classes_collect(const char *path, const char *format, class_list *out);

/* Verb and noun of every action: (action_count) each, in new memory freed by the caller; -1 where a gloss has none.
 * Errors: ERR_MEMORY; both are then NULL. */
status classes_parts(const class_list *classes, int64_t **verb_of, int64_t **noun_of);

/* Looks a class up by name, one after the other; -1 when there is none. */
int64_t class_find(const class_list *classes, const char *name);

void classes_free(class_list *classes);

/* Reads segments. `format` is "auto" or a name above; `fps` turns frame numbers into seconds (epic files with
 * timestamps do not need it). `classes` is needed by every form. For glosses a word that `classes` does not have gets
 * action -1 (counted by the caller). EPIC files name verb and noun only: their action is the class with that pair, -1
 * where there is none. The rulstm form's ids are checked against the classes, the verb and noun of its action included.
 * Errors: ERR_MISSING; ERR_CONFIG (format not known); ERR_INPUT with path:line (malformed row, empty label, unknown
 * class id, uid twice with both lines, end before start, a file without segments); ERR_MEMORY. */
status segments_read(const char *path, const char *format, double fps, const class_list *classes, segment_list *out);
void segments_free(segment_list *list);

/* Sorts by (sequence, start, place). */
void segments_sort(segment_list *list);

/* True when there is at least one frame to see tau_a seconds before the segment: start - tau_a >= 1 / fps. A student
 * that anticipates leaves the others out; teachers need no video and keep them. */
bool segment_is_observable(const segment *s, double tau_a, double fps);

/* Splits off a development part of whole groups: `groups[i]` (count) names segment i's group (its video, or its
 * sentence's gloss string, so that a repeated sentence never lies on both sides). `in_development` (count) becomes 1 or
 * 0. Groups are ranked by hash of (seed, name) and the first `part` of them is in, rounded, at least one group on each
 * side: the same for any order of the file. Errors: ERR_INPUT with fewer than two groups; ERR_MEMORY. */
status split_development(const char *const *groups, size_t count, double part, uint64_t seed,
                         unsigned char *in_development);

/* Chooses a share (0 .. 1) of whole groups, ranked and rounded as above, at least one: `chosen` (count) becomes 1 or 0.
 * With one seed a smaller share lies inside a larger one. Errors: ERR_MEMORY. */
status choose_groups(const char *const *groups, size_t count, double share, uint64_t seed, unsigned char *chosen);

/* Gloss string of each segment's sequence by start ("JOHN WRITE HOMEWORK"; "<unknown>" for action -1), borrowed from
 * the list's arena: (count) pointers in new memory freed by the caller. */
status sequence_texts(segment_list *list, const class_list *classes, const char ***out);

/* Ids in the first column of a CSV with a header (many-shot verbs or nouns). `*out` (count) is new memory. */
status ids_read(const char *path, int64_t **out, size_t *count);

#endif
