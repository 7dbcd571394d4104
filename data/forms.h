/* forms - inside this room: the forms of annotation files, read row by row into entries that still hold their words.
 *
 * Lookups that need classes for words (glosses, verb-noun pairs) are left to the caller; everything else is checked
 * here.
 */
#ifndef MAGISTER_DATA_FORMS_H
#define MAGISTER_DATA_FORMS_H

#include "data/annotations.h"
#include "data/csv.h"
#include "data/names.h"

/* A segment as its row gives it. Strings come from the reader's arena. */
typedef struct {
    segment s; /* action -1 unless the form has action ids */
    size_t line;
    const char *word; /* gloss, or the verb's word (epic while classes are collected; NULL without that column) */
    const char *noun; /* the noun's word (epic, as above) */
} entry;

typedef enum { HAS_ACTION_IDS, HAS_PAIRS, HAS_GLOSSES } form_kind;

typedef struct form form;

enum { FORM_COLUMNS = 11 };

typedef struct {
    csv file;
    const form *form;
    const class_list *classes; /* borrowed; NULL while classes are collected */
    double fps;
    size_t column[FORM_COLUMNS]; /* where the form's columns stand; SIZE_MAX: not there */
    arena *strings;
    entry *at;
    size_t count, room;
    name_table sentences; /* names that must not repeat in a file, to their lines */
} reader;

/* Reads all of `path` into `out->at` (out->count, at least one). Errors: those of segments_read. On failure nothing is
 * left to close. */
status reader_read(const char *path, const char *format, double fps, const class_list *classes, reader *out);
void reader_close(reader *r);

form_kind reader_kind(const reader *r);

#endif
