#include "events/reduction.h"

#include "events/overlap.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    const event_list *levels[EVENT_LAYERS_MAX]; /* (level_count) layers with events, lowest first */
    size_t *first_child[EVENT_LAYERS_MAX];      /* (levels[i]->count + 1) children of event e of level i > 0 are events
                                                 * first_child[i][e] up to first_child[i][e + 1] of level i - 1 */
    size_t level_count;
    const event_list *truth;
    event_list chosen;
} reducer;

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

/* Seconds between two events; 0 when they touch or overlap. */
static double distance(const event *a, const event *b)
{
    return fmax(0, fmax(a->start - b->end, b->start - a->end));
}

static double overlap_of(const event *a, const event *b, bool relative)
{
    return relative ? event_iou(a, b) : event_overlap(a, b);
}

/* Of the sorted events `from` .. `to` - 1, the one that `e` has most in common with (seconds, or IoU when `relative`);
 * without any in common the nearest. The earliest of equals. from < to. */
static size_t find_closest(const event_list *list, size_t from, size_t to, const event *e, bool relative)
{
    size_t low = from, high = to; /* the first event that ends after e starts */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->at[middle].end > e->start) high = middle;
        else low = middle + 1;
    }
    size_t best = low < to ? low : to - 1;
    if (low > from && distance(&list->at[low - 1], e) <= distance(&list->at[best], e)) best = low - 1;
    for (size_t i = low; i < to && list->at[i].start < e->end; i++)
        if (overlap_of(&list->at[i], e, relative) > overlap_of(&list->at[best], e, relative)) best = i;
    return best;
}

/* Parents of sorted events are sorted too, so children stand side by side. */
static status link_level(reducer *r, size_t level)
{
    const event_list *above = r->levels[level], *below = r->levels[level - 1];
    size_t *first = calloc(above->count + 2, sizeof *first);
    if (!first) return FAIL(ERR_MEMORY, "no memory for a tree of %zu events", above->count);
    for (size_t i = 0; i < below->count; i++) first[find_closest(above, 0, above->count, &below->at[i], false) + 1]++;
    for (size_t i = 0; i < above->count; i++) first[i + 1] += first[i];
    r->first_child[level] = first;
    return OK;
}

static status build_tree(const hierarchy *h, reducer *r)
{
    status st = OK;
    for (size_t i = 0; i < h->layer_count; i++)
        if (h->layers[i].count) r->levels[r->level_count++] = &h->layers[i];
    for (size_t i = 1; i < r->level_count; i++) TRY(link_level(r, i));
done:
    return st;
}

/* ---- scores ------------------------------------------------------------------------------------------------------ */

typedef struct {
    size_t node, segment;
} assigned;

static int by_node(const void *a, const void *b)
{
    const assigned *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    return (x->segment > y->segment) - (x->segment < y->segment);
}

static status score_nodes(reducer *r, size_t level, size_t from, size_t to, const assigned *given, size_t count,
                          double *out);

static double best_iou(const reducer *r, const event *e, const assigned *given, size_t count)
{
    double best = 0;
    for (size_t i = 0; i < count; i++) best = fmax(best, event_iou(e, &r->truth->at[given[i].segment]));
    return best;
}

/* The score of one event with `count` segments, at least one. */
static status score_node(reducer *r, size_t level, size_t node, const assigned *given, size_t count, double *out)
{
    status st = OK;
    const event *e = &r->levels[level]->at[node];
    size_t before = r->chosen.count, from = level ? r->first_child[level][node] : 0;
    size_t to = level ? r->first_child[level][node + 1] : 0;
    double own = best_iou(r, e, given, count), below = -1;
    if (count > 1 && from < to) TRY(score_nodes(r, level - 1, from, to, given, count, &below));
    *out = fmax(own, below);
    if (own < below) goto done; /* the children have won: what they chose stays */
    r->chosen.count = before;
    TRY(event_list_add(&r->chosen, e));
done:
    return st;
}

/* Deals segments to the events `from` .. `to` - 1 of a level; the mean score of those that get any. */
static status score_nodes(reducer *r, size_t level, size_t from, size_t to, const assigned *given, size_t count,
                          double *out)
{
    status st = OK;
    double sum = 0;
    size_t nodes = 0;
    assigned *dealt = malloc(count * sizeof *dealt);
    if (!dealt) TRY(FAIL(ERR_MEMORY, "no memory to compare %zu segments", count));
    for (size_t i = 0; i < count; i++) {
        const event *segment = &r->truth->at[given[i].segment];
        dealt[i] = (assigned){find_closest(r->levels[level], from, to, segment, true), given[i].segment};
    }
    qsort(dealt, count, sizeof *dealt, by_node);
    for (size_t i = 0, next; i < count; i = next, nodes++) {
        double score = 0;
        for (next = i; next < count && dealt[next].node == dealt[i].node;) next++;
        TRY(score_node(r, level, dealt[i].node, dealt + i, next - i, &score));
        sum += score;
    }
    *out = sum / (double)nodes;
done:
    free(dealt);
    return st;
}

static status score_all(reducer *r, double *out)
{
    status st = OK;
    size_t count = r->truth->count;
    assigned *all = calloc(count + 1, sizeof *all);
    *out = count ? 0 : NAN;
    if (!all) TRY(FAIL(ERR_MEMORY, "no memory to compare %zu segments", count));
    for (size_t i = 0; i < count; i++) all[i].segment = i;
    if (!count || !r->level_count) goto done;
    size_t top = r->level_count - 1;
    TRY(score_nodes(r, top, 0, r->levels[top]->count, all, count, out));
done:
    free(all);
    return st;
}

static double whole_duration(const hierarchy *h, const event_list *truth)
{
    double duration = fmax(isnan(h->duration) ? 0 : h->duration, hierarchy_end(h));
    for (size_t i = 0; i < truth->count; i++) duration = fmax(duration, truth->at[i].end);
    return duration;
}

status reduction_make(const hierarchy *h, const event_list *truth, double rate, reduction *out)
{
    status st = OK;
    reducer r = {.truth = truth};
    double iou = NAN, mof = NAN;
    TRY(build_tree(h, &r));
    TRY(score_all(&r, &iou));
    event_list_sort(&r.chosen); /* children may reach beyond their parents */
    TRY(occupancy_agreement(&r.chosen, truth, whole_duration(h, truth), rate, &mof));
    *out = (reduction){iou, mof, r.chosen};
    r.chosen = (event_list){0};
done:
    for (size_t i = 0; i < r.level_count; i++) free(r.first_child[i]);
    event_list_free(&r.chosen);
    return st;
}
