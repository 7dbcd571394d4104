/* Counts are kept as sorted n-grams, found by bisection. With u the distribution of single actions, c1 and c2 the
 * counts after the last one and two actions of the history, and n1 and n2 their sums, p1(a) = (c1(a) + u(a)) / (n1 +
 * 1),   p2(a) = (c2(a) + p1(a)) / (n2 + 1): each context has one pseudo-count, spread as the next shorter context says
 * (a hierarchical Dirichlet prior, MacKay and Peto 1995). As that is less than one count, seen continuations are never
 * overtaken: the ranks are those of back-off. */
#include "teacher/baselines.h"

#include "base/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 3 };

/* `action` followed `context` `count` times. A bigram leaves context[0] at 0. */
typedef struct {
    int64_t context[2]; /* oldest first */
    int64_t action, count;
} gram;

typedef struct {
    gram *at; /* (count) sorted by (context, action) */
    size_t count;
} gram_table;

struct baseline {
    size_t order, classes;
    double *share;                 /* (classes) u, never 0 */
    double *log_share;             /* (classes) */
    gram_table followers[LONGEST]; /* [1] after one action, [2] after two; [0] is not used */
};

bool baseline_known(const char *name, size_t *order)
{
    static const char *const NAMES[LONGEST] = {"majority", "bigram", "trigram"};
    for (size_t i = 0; i < LONGEST; i++) {
        if (strcmp(name, NAMES[i])) continue;
        if (order) *order = i + 1;
        return true;
    }
    return false;
}

/* ---- n-grams ----------------------------------------------------------------------------------------------------- */

static int compare_context(const gram *x, const gram *y)
{
    for (size_t i = 0; i < 2; i++)
        if (x->context[i] != y->context[i]) return x->context[i] < y->context[i] ? -1 : 1;
    return 0;
}

static int by_context_and_action(const void *a, const void *b)
{
    const gram *x = a, *y = b;
    int context = compare_context(x, y);
    return context ? context : (x->action > y->action) - (x->action < y->action);
}

/* The context of the last `length` actions of a history; false when it is shorter or holds an unknown action. */
static bool take_context(const int64_t *history, size_t history_length, size_t length, gram *out)
{
    if (history_length < length) return false;
    *out = (gram){.count = 1};
    for (size_t i = 0; i < length; i++) {
        int64_t action = history[history_length - 1 - i];
        if (action < 0) return false;
        out->context[1 - i] = action;
    }
    return true;
}

static void merge_equal(gram_table *table)
{
    size_t kept = 0;
    qsort(table->at, table->count, sizeof *table->at, by_context_and_action);
    for (size_t i = 0; i < table->count; i++) {
        if (kept && !by_context_and_action(&table->at[kept - 1], &table->at[i])) table->at[kept - 1].count++;
        else table->at[kept++] = table->at[i];
    }
    table->count = kept;
}

static status count_followers(const histories *h, const int64_t *targets, size_t length, gram_table *table)
{
    table->at = calloc(h->query_count, sizeof *table->at);
    if (!table->at) return FAIL(ERR_MEMORY, "no memory to count %zu segments", h->query_count);
    for (size_t i = 0; i < h->query_count; i++) {
        size_t history_length = 0;
        const int64_t *history = history_of_query(h, i, &history_length);
        gram *next = &table->at[table->count];
        if (targets[i] < 0 || !take_context(history, history_length, length, next)) continue;
        next->action = targets[i];
        table->count++;
    }
    if (table->count) merge_equal(table);
    return OK;
}

/* The grams of a context: `*count` of them from the returned one on; `*sum` of their counts. */
static const gram *find_followers(const gram_table *table, const gram *context, size_t *count, double *sum)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_context(&table->at[middle], context) < 0) low = middle + 1;
        else high = middle;
    }
    *count = 0;
    *sum = 0;
    for (size_t i = low; i < table->count && !compare_context(&table->at[i], context); i++) {
        *sum += (double)table->at[i].count;
        ++*count;
    }
    return table->at + low;
}

/* ---- fitting ----------------------------------------------------------------------------------------------------- */

static status check_actions(const histories *h, const int64_t *targets, size_t classes)
{
    for (size_t i = 0; i < h->query_count; i++)
        if (targets[i] < -1 || targets[i] >= (int64_t)classes)
            return FAIL(ERR_INPUT, "segment %zu: action %lld, but there are %zu classes", i, (long long)targets[i],
                        classes);
    for (size_t i = 0; i < h->action_first[h->history_count]; i++)
        if (h->actions[i] < -1 || h->actions[i] >= (int64_t)classes)
            return FAIL(ERR_INPUT, "a history holds action %lld, but there are %zu classes", (long long)h->actions[i],
                        classes);
    return OK;
}

static status count_actions(baseline *b, const histories *h, const int64_t *targets)
{
    double n = 0;
    b->share = calloc(b->classes, sizeof *b->share);
    b->log_share = calloc(b->classes, sizeof *b->log_share);
    if (!b->share || !b->log_share) return FAIL(ERR_MEMORY, "no memory for %zu classes", b->classes);
    for (size_t i = 0; i < h->query_count; i++) {
        if (targets[i] < 0) continue;
        b->share[targets[i]]++;
        n++;
    }
    if (n == 0) return FAIL(ERR_INPUT, "nothing to count: no training segment has a known action");
    for (size_t a = 0; a < b->classes; a++) {
        b->share[a] = (b->share[a] + 1 / (double)b->classes) / (n + 1);
        b->log_share[a] = log(b->share[a]);
    }
    return OK;
}

status baseline_fit(size_t order, size_t classes, const histories *h, const int64_t *targets, baseline **out)
{
    status st = OK;
    baseline *b = NULL;
    if (order < 1 || order > LONGEST || !classes)
        TRY(FAIL(ERR_CONFIG, "no baseline of order %zu over %zu classes: the order is 1 to %d", order, classes,
                 LONGEST));
    TRY(check_actions(h, targets, classes));
    b = calloc(1, sizeof *b);
    if (!b) TRY(FAIL(ERR_MEMORY, "no memory for a baseline"));
    b->order = order;
    b->classes = classes;
    TRY(count_actions(b, h, targets));
    for (size_t length = 1; length < order; length++) TRY(count_followers(h, targets, length, &b->followers[length]));
    *out = b;
    b = NULL;
done:
    baseline_free(&b);
    return st;
}

void baseline_free(baseline **b)
{
    if (!*b) return;
    free((*b)->share);
    free((*b)->log_share);
    for (size_t i = 0; i < LONGEST; i++) free((*b)->followers[i].at);
    free(*b);
    *b = NULL;
}

/* ---- predicting -------------------------------------------------------------------------------------------------- */

/* What followed a context of one length; nothing (count 0, sum 0) where it was never seen. */
typedef struct {
    const gram *at;
    size_t count;
    double sum;
} seen;

static seen look_up(const baseline *b, const int64_t *history, size_t history_length, size_t length)
{
    seen s = {0};
    gram context;
    if (b->order > length && take_context(history, history_length, length, &context))
        s.at = find_followers(&b->followers[length], &context, &s.count, &s.sum);
    return s;
}

/* Every pair that was counted after two actions was counted after one, and both lists are sorted by action: one walk.
 */
void baseline_predict(const baseline *b, const int64_t *history, size_t length, float *logits)
{
    const seen one = look_up(b, history, length, 1), two = look_up(b, history, length, 2);
    const double log_rest = -log(one.sum + 1) - log(two.sum + 1);
    for (size_t a = 0; a < b->classes; a++) logits[a] = (float)(b->log_share[a] + log_rest);
    for (size_t i = 0, j = 0; i < one.count; i++) {
        size_t action = (size_t)one.at[i].action;
        double after_two = 0, p1 = ((double)one.at[i].count + b->share[action]) / (one.sum + 1);
        if (j < two.count && two.at[j].action == one.at[i].action) after_two = (double)two.at[j++].count;
        logits[action] = (float)log((after_two + p1) / (two.sum + 1));
    }
}

void baseline_hash(const baseline *b, char out[33])
{
    char parts[LONGEST][HASH_TEXT] = {{0}};
    hash_bytes(b->share, b->classes * sizeof *b->share, parts[0]);
    for (size_t i = 1; i < b->order; i++)
        hash_bytes(b->followers[i].at, b->followers[i].count * sizeof(gram), parts[i]);
    hash_bytes(parts, sizeof parts, out);
}
