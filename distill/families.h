/* families - the prediction sets of a store by name, all seeds of a name together, in the order of reports: baselines,
 * teachers, backbones, students, controls, and inside a role as in the store. */
#ifndef MAGISTER_DISTILL_FAMILIES_H
#define MAGISTER_DISTILL_FAMILIES_H

#include "distill/store.h"

enum { SET_NAME_BYTES = sizeof((set_info *)0)->name, SET_ROLE_BYTES = sizeof((set_info *)0)->role };

/* All seeds of one set name. */
typedef struct {
    char name[SET_NAME_BYTES], role[SET_ROLE_BYTES];
    bool complete;         /* all of them are */
    int64_t *sets, *seeds; /* (count) by seed, ascending */
    size_t count;
} set_family;

typedef struct {
    set_family *at; /* (count) owned by the list */
    size_t count;
} family_list;

/* Errors: those of the store; ERR_MEMORY. */
status families_read(store *s, family_list *out);

/* Leaves the list empty. */
void families_free(family_list *list);

#endif
