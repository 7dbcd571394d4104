/* examples - histories with what followed them: what the encoder learns from and predicts on.
 *
 * One example is one history; a query of several histories gives several examples with the same answer.
 */
#ifndef MAGISTER_TEACHER_EXAMPLES_H
#define MAGISTER_TEACHER_EXAMPLES_H

#include "base/status.h"
#include "data/annotations.h"
#include "teacher/histories.h"

#include <stddef.h>
#include <stdint.h>

enum { NO_LABEL = -1 };

typedef struct {
    size_t count;                  /* E */
    size_t *first;                 /* (E + 1) actions of example e: actions[first[e]] .. */
    int64_t *actions;              /* (first[E]) as numbered by the corpus; -1 unknown; oldest first */
    int64_t *action, *verb, *noun; /* (E) classes to be told; NO_LABEL where there is none */
    size_t *query;                 /* (E) segment of the list it came from */
    size_t room, action_room;
} example_list;

/* Appends the histories of `list` (h was built from it). Segments whose action is no class (-1, or class_count and
 * above) give examples without labels, or none at all when `labelled_only`. Errors: ERR_MEMORY. */
status examples_add(example_list *e, const histories *h, const segment_list *list, size_t class_count,
                    bool labelled_only);

/* Appends one history without labels, of no query (0). Errors: ERR_MEMORY. */
status examples_add_unlabelled(example_list *e, const int64_t *actions, size_t length);
void examples_free(example_list *e);

#endif
