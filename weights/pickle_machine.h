/* pickle_machine - what the machine (pickle.c) and the functions it knows (pickle_calls.c) share.
 */
#ifndef MAGISTER_WEIGHTS_PICKLE_MACHINE_H
#define MAGISTER_WEIGHTS_PICKLE_MACHINE_H

#include "weights/pickle.h"

typedef struct {
    pickle_input *in;
    arena *memory;
    pickle_result *out;
    pickle_value **stack, **memo; /* owned */
    size_t *marks;                /* owned */
    size_t stack_count, stack_room, memo_count, memo_room, mark_count, mark_room;
    size_t op_at;  /* where the operation at work begins */
    size_t weight; /* values and places in lists so far */
} pickle_machine;

typedef struct pickle_known pickle_known;

/* A failure at the operation that is at work. */
status pickle_fail(const pickle_machine *m, const char *what);

/* The next `count` bytes; valid until the next call. */
status pickle_take(pickle_machine *m, uint64_t count, const unsigned char **out);

/* The next `size` bytes as a number, little endian. */
status pickle_take_number(pickle_machine *m, size_t size, uint64_t *out);

/* A name that ends with the line, into `out` (PICKLE_NAME_MOST). */
enum { PICKLE_NAME_MOST = 512 };
status pickle_take_line(pickle_machine *m, char *out);

/* New values; NULL when there are too many, or no memory: pickle_out_of_room says which. */
pickle_value *pickle_new(pickle_machine *m, pickle_kind kind);
pickle_value *pickle_new_text(pickle_machine *m, pickle_kind kind, const void *at, size_t length);
status pickle_out_of_room(const pickle_machine *m);
status pickle_append(pickle_machine *m, pickle_value *list, pickle_value *item);

/* The record of a name that is not known; it never fails. */
pickle_unknown *pickle_unknown_of(pickle_machine *m, const char *name);
pickle_value *pickle_new_opaque(pickle_machine *m, pickle_unknown *unknown);

/* The function or class MODULE.NAME, or NULL. */
const pickle_known *pickle_known_find(const char *module, const char *name);
const char *pickle_known_name(const pickle_known *known);

/* What a call with these arguments (a tuple) gives. */
status pickle_call(pickle_machine *m, const pickle_known *known, const pickle_value *arguments, pickle_value **out);

/* The storage that a persistent id ("storage", class, key, place, elements) names. */
status pickle_storage_of(pickle_machine *m, const pickle_value *id, pickle_value **out);

#endif
