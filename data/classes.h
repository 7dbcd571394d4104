/* classes - inside this room: the parts of class lists that files with classes and files with segments share. */
#ifndef MAGISTER_DATA_CLASSES_H
#define MAGISTER_DATA_CLASSES_H

#include "data/annotations.h"

enum { CLASS_ID_MOST = 1000000 }; /* ids above it are taken for mistakes: they become array sizes */

/* How an action's name is written, and so how it becomes text. Names are lower-cased.
 *   NAME_PARTS   "take_pan:sauce": verb, '_' (or else the first blank), noun with its parts reversed: "take <v> sauce
 * pan" NAME_WORDS   "Take_eating:utensil": '_' is " <v> ", '/' is " or ", ':' a blank: "take <v> eating utensil"
 *   NAME_GLOSS   a gloss is its own text */
typedef enum { NAME_PARTS, NAME_WORDS, NAME_GLOSS } name_form;

/* Text of a name, from the arena; NULL when out of memory. */
const char *action_text(arena *strings, const char *name, name_form form);

/* Says that class `id` was once called `word`. */
typedef struct {
    int64_t id;
    const char *word;
    size_t place; /* earlier names win between equally common ones */
} class_word;

/* The most common name of each class: names (class_count) pointers from the arena, NULL for classes nobody named.
 * Sorts `words` (word_count); ids lie in 0 .. class_count - 1. */
status class_names(class_word *words, size_t word_count, size_t class_count, arena *strings, const char ***names);

/* Fills verbs and nouns of `classes` from its actions' names (the parts before and after '_'). */
status class_list_name_parts(class_list *classes);

#endif
