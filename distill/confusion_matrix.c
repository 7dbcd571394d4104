#include "distill/confusion_matrix.h"

#include "distill/comparisons.h"

#include <stdlib.h>
#include <string.h>

enum { BINS = 10 }; /* of the reliability that a table has besides */

/* ---- cells ------------------------------------------------------------------------------------------------------- */

static int by_classes(const void *a, const void *b)
{
    const confusion_cell *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

status count_cells(const analysis_table *t, const table_set *set, confusion_cell **out, size_t *count)
{
    size_t found = 0, kept = 0;
    confusion_cell *all = calloc(t->segment_count * set->seed_count + 1, sizeof *all);
    if (!all) return FAIL(ERR_MEMORY, "no memory to count what %s confuses", set->name);
    for (size_t k = 0; k < set->seed_count; k++)
        for (size_t i = 0; i < t->segment_count; i++) {
            int64_t label = t->segments[i].action, predicted = set->seeds[k].first[i];
            if (label >= 0 && predicted != NOT_PREDICTED) all[found++] = (confusion_cell){label, predicted, 1};
        }
    qsort(all, found, sizeof *all, by_classes);
    for (size_t i = 0; i < found; i++)
        if (kept && !by_classes(&all[kept - 1], &all[i])) all[kept - 1].n++;
        else all[kept++] = all[i];
    *out = all;
    *count = kept;
    return OK;
}

int64_t confusion_matrix_at(const confusion_matrix *m, int64_t label, int64_t predicted)
{
    const confusion_cell wanted = {label, predicted, 0};
    const confusion_cell *found = bsearch(&wanted, m->cells, m->cell_count, sizeof wanted, by_classes);
    return found ? found->n : 0;
}

/* ---- classes ----------------------------------------------------------------------------------------------------- */

static void add_top5(const analysis_table *t, const table_set *set, confusion_matrix *m)
{
    for (size_t k = 0; k < set->seed_count; k++)
        for (size_t i = 0; i < t->segment_count; i++) {
            int64_t label = t->segments[i].action;
            if (label >= 0 && set->seeds[k].first[i] != NOT_PREDICTED)
                m->at[label].top5 += set->seeds[k].hits[i] >> TOP5 & 1;
        }
}

static void add_cells(confusion_matrix *m)
{
    for (size_t i = 0; i < m->cell_count; i++) {
        const confusion_cell *cell = &m->cells[i];
        class_result *of = &m->at[cell->label];
        of->n += cell->n;
        m->n += cell->n;
        if (cell->label == cell->predicted) {
            of->top1 = cell->n;
            continue;
        }
        m->at[cell->predicted].wrongly += cell->n;
        if (cell->n > of->taken) {
            of->taken = cell->n;
            of->taken_for = cell->predicted;
        }
    }
}

status confusion_matrix_read(store *s, const char *name, confusion_matrix *out)
{
    status st = OK;
    analysis_table t = {0};
    confusion_matrix m = {0};
    TRY(table_read(s, name, BINS, &t));
    const table_set *set = table_find(&t, name);
    CHECK(set != NULL);
    m.at = calloc(t.classes.action_count + 1, sizeof *m.at);
    if (!m.at) TRY(FAIL(ERR_MEMORY, "no memory to count the results of %zu classes", t.classes.action_count));
    for (size_t c = 0; c < t.classes.action_count; c++) m.at[c].taken_for = -1;
    TRY(count_cells(&t, set, &m.cells, &m.cell_count));
    add_cells(&m);
    add_top5(&t, set, &m);
    m.seeds = set->seed_count;
    m.classes = t.classes;
    t.classes = (class_list){0}; /* the matrix owns them now */
    *out = m;
    m = (confusion_matrix){0};
done:
    confusion_matrix_free(&m);
    table_free(&t);
    return st;
}

void confusion_matrix_free(confusion_matrix *m)
{
    free(m->at);
    free(m->cells);
    classes_free(&m->classes);
    *m = (confusion_matrix){0};
}

/* ---- the most confused ------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t id, mistakes;
} mistaken;

static int by_mistakes(const void *a, const void *b)
{
    const mistaken *x = a, *y = b;
    if (x->mistakes != y->mistakes) return x->mistakes > y->mistakes ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_id(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

status confusion_matrix_choose(const confusion_matrix *m, size_t most, int64_t *ids, size_t *count)
{
    size_t found = 0;
    mistaken *all = calloc(m->classes.action_count + 1, sizeof *all);
    if (!all) return FAIL(ERR_MEMORY, "no memory to choose among %zu classes", m->classes.action_count);
    for (size_t c = 0; c < m->classes.action_count; c++) {
        const class_result *of = &m->at[c];
        if (of->n || of->wrongly) all[found++] = (mistaken){(int64_t)c, of->n - of->top1 + of->wrongly};
    }
    qsort(all, found, sizeof *all, by_mistakes);
    *count = found < most ? found : most;
    for (size_t i = 0; i < *count; i++) ids[i] = all[i].id;
    qsort(ids, *count, sizeof *ids, by_id);
    free(all);
    return OK;
}
