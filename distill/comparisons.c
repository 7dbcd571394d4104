#include "distill/comparisons.h"

#include "distill/json_put.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONFUSED_MOST = 12, BUCKETS = 8 };

/* ---- buckets ------------------------------------------------------------------------------------------------------
 */

static const table_set *find_plain(const analysis_table *t)
{
    const table_set *found = table_find(t, "student_plain");
    for (size_t i = 0; !found && i < t->set_count; i++) {
        const table_set *set = &t->sets[i];
        size_t length = strlen(set->name);
        if (!strcmp(set->role, "student") && length >= 6 && !strcmp(set->name + length - 6, "_plain")) found = set;
    }
    return found;
}

teaching teaching_of(const analysis_table *t)
{
    return (teaching){table_find(t, "teacher"), find_plain(t), table_find(t, "student")};
}

bool teaching_complete(const teaching *sets)
{
    return sets->teacher && sets->plain && sets->student;
}

bool teaching_cell(const teaching *sets, size_t row, char cell[4])
{
    const table_set *const all[] = {sets->teacher, sets->plain, sets->student};
    for (size_t i = 0; i < 3; i++) {
        if (isnan(all[i]->value[TOP1][row])) return false;
        cell[i] = table_mostly_right(all[i], row) ? 't' : 'f';
    }
    cell[3] = '\0';
    return true;
}

static status put_cells(json_t *object, const int64_t counts[BUCKETS])
{
    status st = OK;
    json_t *cells = json_object();
    for (unsigned i = BUCKETS; i-- > 0;) {
        const char name[] = {i & 4 ? 't' : 'f', i & 2 ? 't' : 'f', i & 1 ? 't' : 'f', '\0'};
        TRY(put_new(cells, name, json_integer(counts[i])));
    }
    TRY(put_new(object, "cells", json_incref(cells)));
done:
    json_decref(cells);
    return st;
}

status buckets_json(const analysis_table *t, json_t **out)
{
    status st = OK;
    teaching sets = teaching_of(t);
    int64_t counts[BUCKETS] = {0};
    json_t *list = json_array(), *object = json_object();
    for (size_t i = 0; teaching_complete(&sets) && i < t->segment_count; i++) {
        char cell[4];
        if (teaching_cell(&sets, i, cell))
            counts[(cell[0] == 't' ? 4 : 0) + (cell[1] == 't' ? 2 : 0) + (cell[2] == 't' ? 1 : 0)]++;
    }
    if (teaching_complete(&sets)) {
        TRY(put_new(object, "teacher", json_string(sets.teacher->name)));
        TRY(put_new(object, "plain", json_string(sets.plain->name)));
        TRY(put_new(object, "student", json_string(sets.student->name)));
        TRY(put_cells(object, counts));
        TRY(append_new(list, json_incref(object)));
    }
    *out = list;
    list = NULL;
done:
    json_decref(object);
    json_decref(list);
    return st;
}

/* ---- gains of classes ---------------------------------------------------------------------------------------------
 */

typedef struct {
    size_t class;
    int64_t n;
    double a, b; /* sums of hits, then percent */
} class_gain;

/* Largest gain first; equal ones by their number of segments, then by class. */
static int by_gain(const void *left, const void *right)
{
    const class_gain *x = left, *y = right;
    double dx = x->a - x->b, dy = y->a - y->b;
    if (dx > dy || dx < dy) return dx > dy ? -1 : 1;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return (x->class > y->class) - (x->class < y->class);
}

/* Of classes with segments that both sets predict; `gains` has room for all. */
static size_t count_gains(const analysis_table *t, const table_set *a, const table_set *b, class_gain *gains)
{
    size_t kept = 0;
    for (size_t c = 0; c < t->classes.action_count; c++) gains[c] = (class_gain){.class = c};
    for (size_t i = 0; i < t->segment_count; i++) {
        int64_t label = t->segments[i].action;
        if (label < 0 || isnan(a->value[TOP1][i]) || isnan(b->value[TOP1][i])) continue;
        gains[label].n++;
        gains[label].a += a->value[TOP1][i];
        gains[label].b += b->value[TOP1][i];
    }
    for (size_t c = 0; c < t->classes.action_count; c++) {
        class_gain *at = &gains[c];
        if (!at->n) continue;
        double scale = 100 / (double)at->n;
        gains[kept++] = (class_gain){at->class, at->n, scale * at->a, scale * at->b};
    }
    qsort(gains, kept, sizeof *gains, by_gain);
    return kept;
}

static status append_gain(json_t *list, const analysis_table *t, const class_gain *gain)
{
    status st = OK;
    json_t *object = json_object();
    TRY(put_new(object, "class", json_integer((json_int_t)gain->class)));
    TRY(put_new(object, "name", text_or_null(table_class_name(t, (int64_t)gain->class))));
    TRY(put_new(object, "n", json_integer(gain->n)));
    TRY(put_new(object, "a", json_real(gain->a)));
    TRY(put_new(object, "b", json_real(gain->b)));
    TRY(put_new(object, "difference", json_real(gain->a - gain->b)));
    TRY(append_new(list, json_incref(object)));
done:
    json_decref(object);
    return st;
}

status gains_json(const analysis_table *t, json_t **out)
{
    status st = OK;
    teaching sets = teaching_of(t);
    json_t *list = json_array();
    class_gain *gains = malloc((t->classes.action_count + 1) * sizeof *gains);
    size_t count = 0;
    if (!gains) TRY(FAIL(ERR_MEMORY, "no memory to compare %zu classes", t->classes.action_count));
    if (sets.student && sets.plain) count = count_gains(t, sets.student, sets.plain, gains);
    for (size_t i = 0; i < count; i++) TRY(append_gain(list, t, &gains[i]));
    *out = list;
    list = NULL;
done:
    json_decref(list);
    free(gains);
    return st;
}

/* ---- confusions ---------------------------------------------------------------------------------------------------
 */

static int by_count(const void *a, const void *b)
{
    const confusion_cell *x = a, *y = b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

/* Wrong predictions of all seeds, equal ones counted together, most frequent first. New memory. */
static status count_confusions(const analysis_table *t, const table_set *set, confusion_cell **out, size_t *count)
{
    size_t cells = 0, kept = 0;
    confusion_cell *all = NULL;
    status st = count_cells(t, set, &all, &cells);
    if (st != OK) return st;
    for (size_t i = 0; i < cells; i++)
        if (all[i].label != all[i].predicted) all[kept++] = all[i];
    qsort(all, kept, sizeof *all, by_count);
    *out = all;
    *count = kept;
    return OK;
}

static status append_confusion(json_t *list, const analysis_table *t, const confusion_cell *at)
{
    status st = OK;
    json_t *object = json_object();
    TRY(put_new(object, "label", json_integer(at->label)));
    TRY(put_new(object, "label_name", text_or_null(table_class_name(t, at->label))));
    TRY(put_new(object, "predicted", json_integer(at->predicted)));
    TRY(put_new(object, "predicted_name", text_or_null(table_class_name(t, at->predicted))));
    TRY(put_new(object, "n", json_integer(at->n)));
    TRY(append_new(list, json_incref(object)));
done:
    json_decref(object);
    return st;
}

static status put_confused(json_t *object, const analysis_table *t, const table_set *set)
{
    status st = OK;
    confusion_cell *all = NULL;
    size_t count = 0;
    json_t *list = json_array();
    TRY(count_confusions(t, set, &all, &count));
    for (size_t i = 0; i < count && i < CONFUSED_MOST; i++) TRY(append_confusion(list, t, &all[i]));
    TRY(put_new(object, set->name, json_incref(list)));
done:
    json_decref(list);
    free(all);
    return st;
}

status confused_json(const analysis_table *t, json_t **out)
{
    status st = OK;
    json_t *object = json_object();
    for (size_t i = 0; i < t->set_count; i++) TRY(put_confused(object, t, &t->sets[i]));
    *out = object;
    object = NULL;
done:
    json_decref(object);
    return st;
}
