#include "distill/metrics.h"

#include "distill/ranking.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Counts of one kind of class (actions, or verbs or nouns found in one of two ways). */
typedef struct {
    size_t classes;
    int64_t *labels, *hits1, *hits5, *predicted; /* (classes) of segments with that label; of top-1 predictions */
    int64_t n, all_hits1, all_hits5;
} tally;

/* Which classes are many-shot; NULL where the store does not say. */
typedef struct {
    bool *verbs, *nouns;            /* (verb_count), (noun_count) */
    bool *actions_and, *actions_or; /* (action_count) */
} many_shot;

typedef struct {
    class_list classes;
    tally action, verb, noun, verb_marginal, noun_marginal;
    double *mass;     /* (largest number of classes) scratch */
    int64_t segments; /* visited */
} scoring;

/* ---- counting -----------------------------------------------------------------------------------------------------
 */

static status tally_new(size_t classes, tally *out)
{
    int64_t *counts = calloc(4 * (classes ? classes : 1), sizeof *counts);
    if (!counts) return FAIL(ERR_MEMORY, "no memory for scores of %zu classes", classes);
    *out = (tally){classes, counts, counts + classes, counts + 2 * classes, counts + 3 * classes, 0, 0, 0};
    return OK;
}

static void tally_free(tally *t)
{
    free(t->labels);
    *t = (tally){0};
}

/* One segment: its label (-1: none of the classes) and the first `count` classes in order of rank; -1 entries, actions
 * without a verb, are never a hit. */
static void count_segment(tally *t, int64_t label, const int64_t *top, size_t count)
{
    bool hit1 = count && label >= 0 && top[0] == label, hit5 = false;
    for (size_t i = 0; i < count; i++) hit5 |= label >= 0 && top[i] == label;
    t->n++;
    t->all_hits1 += hit1;
    t->all_hits5 += hit5;
    if (count && top[0] >= 0) t->predicted[top[0]]++;
    if (label < 0) return;
    t->labels[label]++;
    t->hits1[label] += hit1;
    t->hits5[label] += hit5;
}

static int64_t part_of(const action_class *action, bool noun)
{
    return noun ? action->noun : action->verb;
}

/* The verbs (or nouns) with the most probability: sums of the softmax over their actions. */
static size_t top_marginal(scoring *s, const stored_segment *at, bool noun, size_t parts, int64_t *top)
{
    size_t count = 0;
    double values[RANKED], most = -INFINITY;
    for (size_t i = 0; i < parts; i++) s->mass[i] = 0;
    for (size_t i = 0; i < at->count; i++) most = fmax(most, (double)at->logits[i]);
    for (size_t i = 0; i < at->count; i++) {
        int64_t part = part_of(&s->classes.actions[at->classes ? (size_t)at->classes[i] : i], noun);
        if (part >= 0) s->mass[part] += exp((double)at->logits[i] - most);
    }
    for (size_t i = 0; i < parts; i++)
        if (s->mass[i] > 0) rank_insert(top, values, &count, (int64_t)i, s->mass[i]);
    return count;
}

static void count_part(scoring *s, const stored_segment *at, const int64_t *actions, size_t count, bool noun)
{
    tally *decomposed = noun ? &s->noun : &s->verb, *marginal = noun ? &s->noun_marginal : &s->verb_marginal;
    int64_t label = noun ? at->noun : at->verb, top[RANKED];
    if (!decomposed->classes) return;
    for (size_t i = 0; i < count; i++) top[i] = part_of(&s->classes.actions[actions[i]], noun);
    count_segment(decomposed, label, top, count);
    count = top_marginal(s, at, noun, marginal->classes, top);
    count_segment(marginal, label, top, count);
}

static status count_visited(void *self, const stored_segment *at)
{
    scoring *s = self;
    int64_t top[RANKED];
    s->segments++;
    if (!at->predicted) return OK;
    if (at->verb >= (int64_t)s->classes.verb_count || at->noun >= (int64_t)s->classes.noun_count || at->verb < -1 ||
        at->noun < -1)
        return FAIL(ERR_INPUT, "segment %s: verb %" PRId64 " of %zu, noun %" PRId64 " of %zu", at->uid, at->verb,
                    s->classes.verb_count, at->noun, s->classes.noun_count);
    size_t count = rank_actions(at, top);
    count_segment(&s->action, at->action, top, count);
    count_part(s, at, top, count, false);
    count_part(s, at, top, count, true);
    return OK;
}

/* ---- many-shot classes --------------------------------------------------------------------------------------------
 */

/* One flag a class, new memory; NULL when the store has no such set. */
static status read_flags(store *s, const char *kind, size_t classes, bool **out)
{
    status st = OK;
    int64_t *ids = NULL;
    size_t count = 0;
    bool *flags = NULL;
    TRY(store_get_many_shot(s, kind, &ids, &count));
    if (!count || !classes) goto done;
    flags = calloc(classes, sizeof *flags);
    if (!flags) TRY(FAIL(ERR_MEMORY, "no memory for many-shot classes"));
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= (int64_t)classes)
            TRY(FAIL(ERR_INPUT, "many-shot %s %" PRId64 ": there are %zu", kind, ids[i], classes));
        flags[ids[i]] = true;
    }
    *out = flags;
    flags = NULL;
done:
    free(ids);
    free(flags);
    return st;
}

static void many_shot_free(many_shot *m)
{
    free(m->verbs);
    free(m->nouns);
    free(m->actions_and);
    free(m->actions_or);
    *m = (many_shot){0};
}

static status many_shot_read(store *s, const class_list *classes, many_shot *out)
{
    status st = OK;
    many_shot m = {0};
    TRY(read_flags(s, "verb", classes->verb_count, &m.verbs));
    TRY(read_flags(s, "noun", classes->noun_count, &m.nouns));
    if (m.verbs && m.nouns) {
        m.actions_and = calloc(classes->action_count, sizeof *m.actions_and);
        m.actions_or = calloc(classes->action_count, sizeof *m.actions_or);
        if (!m.actions_and || !m.actions_or) TRY(FAIL(ERR_MEMORY, "no memory for many-shot classes"));
        for (size_t i = 0; i < classes->action_count; i++) {
            const action_class *a = &classes->actions[i];
            bool verb = a->verb >= 0 && m.verbs[a->verb], noun = a->noun >= 0 && m.nouns[a->noun];
            m.actions_and[i] = verb && noun;
            m.actions_or[i] = verb || noun;
        }
    }
    *out = m;
    m = (many_shot){0};
done:
    many_shot_free(&m);
    return st;
}

/* ---- scores -------------------------------------------------------------------------------------------------------
 */

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : NAN;
}

static bool counts_in(const tally *t, class_mean_rule rule, size_t class)
{
    return rule == CLASSES_ALL || t->labels[class] ||
           (rule == CLASSES_WITH_LABELS_OR_PREDICTIONS && t->predicted[class]);
}

/* The mean over classes of the part of their segments that was hit; a class without segments has none that was. */
static double class_mean_top1(const tally *t, class_mean_rule rule)
{
    double sum = 0, counted = 0;
    for (size_t i = 0; i < t->classes; i++) {
        if (!counts_in(t, rule, i)) continue;
        counted++;
        if (t->labels[i]) sum += (double)t->hits1[i] / (double)t->labels[i];
    }
    return percent(sum, counted);
}

static double many_shot_recall5(const tally *t, const bool *flags)
{
    double sum = 0, counted = 0;
    for (size_t i = 0; flags && i < t->classes; i++) {
        if (!flags[i] || !t->labels[i]) continue;
        counted++;
        sum += (double)t->hits5[i] / (double)t->labels[i];
    }
    return percent(sum, counted);
}

static bool has_labels(const tally *t)
{
    for (size_t i = 0; i < t->classes; i++)
        if (t->labels[i]) return true;
    return false;
}

static score score_of(const tally *t, const bool *flags_and, const bool *flags_or)
{
    if (!has_labels(t)) return (score){NAN, NAN, {NAN, NAN, NAN}, NAN, NAN};
    score out = {.top1 = percent((double)t->all_hits1, (double)t->n),
                 .top5 = percent((double)t->all_hits5, (double)t->n),
                 .many_shot_recall5_and = many_shot_recall5(t, flags_and),
                 .many_shot_recall5_or = many_shot_recall5(t, flags_or)};
    for (int rule = 0; rule < 3; rule++) out.class_mean_top1[rule] = class_mean_top1(t, (class_mean_rule)rule);
    return out;
}

static void scoring_free(scoring *s)
{
    tally *all[] = {&s->action, &s->verb, &s->noun, &s->verb_marginal, &s->noun_marginal};
    for (size_t i = 0; i < 5; i++) tally_free(all[i]);
    free(s->mass);
    classes_free(&s->classes);
}

static status scoring_new(store *s, scoring *out)
{
    status st = OK;
    const class_list *c = &out->classes;
    TRY(store_get_classes(s, &out->classes));
    TRY(tally_new(c->action_count, &out->action));
    TRY(tally_new(c->verb_count, &out->verb));
    TRY(tally_new(c->noun_count, &out->noun));
    TRY(tally_new(c->verb_count, &out->verb_marginal));
    TRY(tally_new(c->noun_count, &out->noun_marginal));
    size_t most = c->verb_count > c->noun_count ? c->verb_count : c->noun_count;
    out->mass = malloc((most + 1) * sizeof *out->mass);
    if (!out->mass) TRY(FAIL(ERR_MEMORY, "no memory for scores of %zu classes", most));
done:
    return st;
}

/* The description of a set by its number. */
static status find_info(store *s, int64_t set, set_info *out)
{
    size_t count = store_set_count(s);
    for (size_t i = 0; i < count; i++) {
        int64_t id = 0;
        status st = store_set_at(s, i, out, &id);
        if (st != OK || id == set) return st;
    }
    return FAIL(ERR_MISSING, "no prediction set number %" PRId64, set);
}

status metrics_compute(store *s, int64_t set, const char *split, const char *group, set_metrics *out)
{
    status st = OK;
    scoring counts = {0};
    many_shot flags = {0};
    set_info info = {0};
    TRY(find_info(s, set, &info));
    TRY(scoring_new(s, &counts));
    if (info.classes != (int64_t)counts.classes.action_count)
        TRY(FAIL(ERR_INPUT, "set %s has %" PRId64 " classes, its store %zu", info.name, info.classes,
                 counts.classes.action_count));
    TRY(many_shot_read(s, &counts.classes, &flags));
    TRY(store_scan(s, set, split, group, count_visited, &counts));
    *out = (set_metrics){
        .action = score_of(&counts.action, flags.actions_and, flags.actions_or),
        .verb = score_of(&counts.verb, flags.verbs, flags.verbs),
        .noun = score_of(&counts.noun, flags.nouns, flags.nouns),
        .verb_marginal = score_of(&counts.verb_marginal, flags.verbs, flags.verbs),
        .noun_marginal = score_of(&counts.noun_marginal, flags.nouns, flags.nouns),
        .n = counts.action.n,
        .coverage = counts.segments ? (double)counts.action.n / (double)counts.segments : NAN,
    };
done:
    scoring_free(&counts);
    many_shot_free(&flags);
    return st;
}
