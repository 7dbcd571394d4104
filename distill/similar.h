/* similar - the records of a set whose features are nearest to those of one of them, by cosine. */
#ifndef MAGISTER_DISTILL_SIMILAR_H
#define MAGISTER_DISTILL_SIMILAR_H

#include "distill/store.h"

typedef struct {
    char *uid, *sequence;
    double start, end; /* seconds in the sequence */
    double similarity; /* cosine, -1 to 1 */
} similar_record;

typedef struct {
    similar_record of;  /* what was asked for; similarity 1 */
    similar_record *at; /* (count) nearest first; of equals those stored first */
    size_t count;       /* at most k: the set may have fewer */
} similar_list;

/* `id` is a uid of set `set`, or the beginning of one uid alone. The set is read twice, record by record: memory does
 * not grow with it. The caller frees `*out`. Errors: ERR_MISSING when no uid begins so; ERR_INPUT when several do (it
 * names two), when the set has no features, and for features that are all 0 or not finite; those of the store. */
status similar_find(store *s, const set_info *info, int64_t set, const char *id, size_t k, similar_list *out);
void similar_free(similar_list *list);

#endif
