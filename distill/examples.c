/* Segments picked to be shown, with what came before them and what each set says of them. */
#include "distill/comparisons.h"

#include "base/hash.h"
#include "distill/json_put.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY_MOST = 8, SHOWN_MOST = 5, PICK_EXAMPLES = 0x65786d70 };

/* Why a segment teaches something: what teacher, plain and distilled student say of it. t and f ask for a set that is
 * right or wrong, T and F also let one pass that the store has not; '?' is any. */
static const struct {
    const char *cell, *why;
} KINDS[] = {
    {"tft", "distillation helped"}, {"ftf", "distillation hurt"}, {"f?t", "student right though the teacher is wrong"},
    {"TTT", "all right"},           {"FFF", "all wrong"},
};
enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0] };

/* ---- picking ------------------------------------------------------------------------------------------------------
 */

typedef struct {
    const analysis_table *t;
    size_t *order;   /* (segment_count) segments by video and start */
    size_t *earlier; /* (segment_count) how many stand before a segment in its video */
    size_t *place;   /* (segment_count) where a segment stands in `order` */
    bool *picked;    /* (segment_count) */
    size_t *shown;   /* (video_count) examples of a video */
    teaching sets;
} picker;

static int by_start(const void *a, const void *b, void *all)
{
    const table_segment *segments = all;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    const table_segment *x = &segments[i], *y = &segments[j];
    if (x->video != y->video) return x->video < y->video ? -1 : 1;
    if (x->start < y->start || x->start > y->start) return x->start < y->start ? -1 : 1;
    return (i > j) - (i < j);
}

static void picker_free(picker *p)
{
    free(p->order);
    free(p->earlier);
    free(p->place);
    free(p->picked);
    free(p->shown);
    *p = (picker){0};
}

static status picker_new(const analysis_table *t, picker *out)
{
    size_t count = t->segment_count, room = count ? count : 1;
    picker p = {.t = t, .sets = teaching_of(t)};
    p.order = calloc(room, sizeof *p.order);
    p.earlier = calloc(room, sizeof *p.earlier);
    p.place = calloc(room, sizeof *p.place);
    p.picked = calloc(room, sizeof *p.picked);
    p.shown = calloc(room, sizeof *p.shown);
    if (!p.order || !p.earlier || !p.place || !p.picked || !p.shown) {
        picker_free(&p);
        return FAIL(ERR_MEMORY, "no memory to pick examples from %zu segments", count);
    }
    for (size_t i = 0; i < count; i++) p.order[i] = i;
    qsort_r(p.order, count, sizeof *p.order, by_start, t->segments);
    for (size_t i = 0; i < count; i++) {
        size_t row = p.order[i];
        bool follows = i && t->segments[p.order[i - 1]].video == t->segments[row].video;
        p.place[row] = i;
        p.earlier[row] = follows ? p.earlier[p.order[i - 1]] + 1 : 0;
    }
    *out = p;
    return OK;
}

/* Whether what a set says of a segment is as a kind asks. The lowest seed, whose prediction is shown, must say the same
 * as the majority: else what is shown would speak against `why`. */
static bool set_fits(const table_set *set, size_t row, char asked)
{
    if (!set) return asked == '?' || asked == 'T' || asked == 'F';
    if (isnan(set->value[TOP1][row])) return false;
    bool right = table_mostly_right(set, row), shown = set->seeds[0].hits[row] >> TOP1 & 1;
    if (shown != right) return false;
    return asked == '?' || right == (asked == 't' || asked == 'T');
}

static bool is_of_kind(const picker *p, size_t row, size_t kind)
{
    const char *cell = KINDS[kind].cell;
    return !p->picked[row] && set_fits(p->sets.teacher, row, cell[0]) && set_fits(p->sets.plain, row, cell[1]) &&
           set_fits(p->sets.student, row, cell[2]);
}

/* True when segment i is to be shown before j. */
static bool comes_first(const picker *p, size_t i, size_t j, uint64_t seed)
{
    size_t shown_i = p->shown[p->t->segments[i].video], shown_j = p->shown[p->t->segments[j].video];
    if (shown_i != shown_j) return shown_i < shown_j;
    if (!p->earlier[i] != !p->earlier[j]) return p->earlier[i];
    uint64_t key = hash_mix(seed, PICK_EXAMPLES);
    return hash_mix(key, i) < hash_mix(key, j);
}

/* The next segment of a kind; segment_count when there is none left. */
static size_t pick(picker *p, size_t kind, uint64_t seed)
{
    size_t none = p->t->segment_count, best = none;
    for (size_t i = 0; i < none; i++)
        if (is_of_kind(p, i, kind) && (best == none || comes_first(p, i, best, seed))) best = i;
    if (best == none) return none;
    p->picked[best] = true;
    p->shown[p->t->segments[best].video]++;
    return best;
}

/* ---- showing ------------------------------------------------------------------------------------------------------
 */

static status append_action(json_t *history, const analysis_table *t, size_t row)
{
    status st = OK;
    const table_segment *at = &t->segments[row];
    json_t *object = json_object();
    TRY(put_new(object, "uid", json_string(at->uid)));
    TRY(put_new(object, "start", real_or_null(at->start)));
    TRY(put_new(object, "end", real_or_null(at->end)));
    TRY(put_new(object, "name", text_or_null(table_class_name(t, at->action))));
    TRY(append_new(history, json_incref(object)));
done:
    json_decref(object);
    return st;
}

static status put_history(json_t *object, const picker *p, size_t row)
{
    status st = OK;
    size_t count = p->earlier[row] < HISTORY_MOST ? p->earlier[row] : HISTORY_MOST;
    json_t *history = json_array();
    for (size_t i = count; i > 0; i--) TRY(append_action(history, p->t, p->order[p->place[row] - i]));
    TRY(put_new(object, "history", json_incref(history)));
done:
    json_decref(history);
    return st;
}

static status append_class(json_t *list, const analysis_table *t, int64_t class, double p)
{
    status st = OK;
    json_t *object = json_object();
    TRY(put_new(object, "class", json_integer(class)));
    TRY(put_new(object, "name", text_or_null(table_class_name(t, class))));
    TRY(put_new(object, "p", real_or_null(p)));
    TRY(append_new(list, json_incref(object)));
done:
    json_decref(object);
    return st;
}

/* The first classes of a set's lowest seed with their softmax. classes, logits: (action_count) scratch. */
static status put_top(json_t *object, store *s, const analysis_table *t, const table_set *set, const char *uid,
                      int32_t *classes, float *logits)
{
    status st = OK;
    size_t count = 0;
    json_t *list = json_array();
    TRY(store_get_topk(s, set->seeds[0].set, uid, classes, logits, &count, NULL));
    double first = count ? confidence_of(logits, count) : 0;
    for (size_t i = 0; i < count && i < SHOWN_MOST; i++)
        TRY(append_class(list, t, classes[i], first * exp((double)logits[i] - (double)logits[0])));
    TRY(put_new(object, set->name, json_incref(list)));
done:
    json_decref(list);
    return st;
}

static status put_tops(json_t *object, store *s, const analysis_table *t, size_t row)
{
    status st = OK;
    json_t *tops = json_object();
    int32_t *classes = malloc((t->classes.action_count + 1) * sizeof *classes);
    float *logits = malloc((t->classes.action_count + 1) * sizeof *logits);
    if (!classes || !logits) TRY(FAIL(ERR_MEMORY, "no memory for the logits of %zu classes", t->classes.action_count));
    for (size_t i = 0; i < t->set_count; i++) {
        const table_set *set = &t->sets[i];
        if (set->seed_count && set->seeds[0].first[row] != NOT_PREDICTED)
            TRY(put_top(tops, s, t, set, t->segments[row].uid, classes, logits));
    }
    TRY(put_new(object, "top5", json_incref(tops)));
done:
    json_decref(tops);
    free(classes);
    free(logits);
    return st;
}

static status append_example(json_t *examples, store *s, const picker *p, size_t row, const char *why)
{
    status st = OK;
    const table_segment *at = &p->t->segments[row];
    json_t *object = json_object();
    TRY(put_new(object, "uid", json_string(at->uid)));
    TRY(put_new(object, "sequence", json_string(p->t->videos[at->video])));
    TRY(put_new(object, "start", real_or_null(at->start)));
    TRY(put_new(object, "end", real_or_null(at->end)));
    TRY(put_new(object, "label", json_integer(at->action)));
    TRY(put_new(object, "label_name", text_or_null(table_class_name(p->t, at->action))));
    TRY(put_new(object, "why", json_string(why)));
    TRY(put_history(object, p, row));
    TRY(put_tops(object, s, p->t, row));
    TRY(append_new(examples, json_incref(object)));
done:
    json_decref(object);
    return st;
}

status examples_json(store *s, const analysis_table *t, const analysis_options *options, json_t **out)
{
    status st = OK;
    picker p = {0};
    json_t *list = json_array();
    TRY(picker_new(t, &p));
    bool any = p.sets.teacher || p.sets.plain || p.sets.student;
    size_t wanted = any ? (size_t)options->examples : 0, empty = 0;
    for (size_t turn = 0; json_array_size(list) < wanted && empty < KIND_COUNT; turn++) {
        size_t kind = turn % KIND_COUNT, row = pick(&p, kind, options->seed);
        empty = row < t->segment_count ? 0 : empty + 1;
        if (!empty) TRY(append_example(list, s, &p, row, KINDS[kind].why));
    }
    *out = list;
    list = NULL;
done:
    picker_free(&p);
    json_decref(list);
    return st;
}
