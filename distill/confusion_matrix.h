/* confusion_matrix - how a prediction set does class by class on the eval part: how often each is right, and what it is
 * taken for. Counted over all seeds of the set, so numbers are of predictions: segments times seeds.
 */
#ifndef MAGISTER_DISTILL_CONFUSION_MATRIX_H
#define MAGISTER_DISTILL_CONFUSION_MATRIX_H

#include "distill/store.h"

/* Predictions of a label that put `predicted` first. */
typedef struct {
    int64_t label, predicted, n;
} confusion_cell;

typedef struct {
    int64_t n, top1, top5; /* predictions of segments of the class; those with the label first, among the first five */
    int64_t taken_for, taken; /* the other class that is put first most often (of equals the lowest), how often; -1, 0
                                 where the class is never wrong */
    int64_t wrongly;          /* predictions of other classes that put this one first */
} class_result;

typedef struct {
    class_list classes;
    class_result *at;      /* (classes.action_count) */
    confusion_cell *cells; /* (cell_count) those that are not empty, by label, then predicted */
    size_t cell_count;
    int64_t n;    /* predictions with a label */
    size_t seeds; /* that predict anything */
} confusion_matrix;

/* Of all seeds of set `name`. Segments without a label are left out. Errors: ERR_MISSING when there is no set of that
 * name; those of the store; ERR_MEMORY. The caller frees it. */
status confusion_matrix_read(store *s, const char *name, confusion_matrix *out);
void confusion_matrix_free(confusion_matrix *m);

/* Predictions of `label` that put `predicted` first. */
int64_t confusion_matrix_at(const confusion_matrix *m, int64_t label, int64_t predicted);

/* Up to `most` classes that have predictions of them or were put first by mistake, those with the most mistakes of both
 * kinds; all of them where they are no more. ids: (most), in rising order. Returns how many. Errors: ERR_MEMORY. */
status confusion_matrix_choose(const confusion_matrix *m, size_t most, int64_t *ids, size_t *count);

#endif
