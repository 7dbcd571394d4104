#include "teacher/histories.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A segment of one of the lists. */
typedef struct {
    const segment *s;
    size_t list;
} item;

/* All segments that may stand in a history, in order, and where each query is among them. */
typedef struct {
    item *items;      /* (count) */
    size_t *query_at; /* (N) */
    size_t count;
} timeline;

status history_options_read(const recipe *r, history_options *out)
{
    const char *cutoff = recipe_text(r, "teacher.history_cutoff"), *kind = recipe_text(r, "teacher.histories");
    history_options o = {.hist_len = (size_t)recipe_int(r, "teacher.hist_len"),
                         .tau_a = recipe_real(r, "data.tau_a"),
                         .gappy = recipe_bool(r, "teacher.gappy_hist"),
                         .sort_segments = recipe_bool(r, "teacher.sort_seg")};
    if (!cutoff || !kind) return FAIL(ERR_INTERNAL, "teacher.history_cutoff and teacher.histories have no value");
    if (!strcmp(cutoff, "started")) o.cutoff = CUTOFF_STARTED;
    else if (!strcmp(cutoff, "finished")) o.cutoff = CUTOFF_FINISHED;
    o.lengths = !strcmp(kind, "lengths");
    *out = o;
    return OK;
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

static int compare(const item *x, const item *y, bool by_start)
{
    int sequence = x->s->sequence == y->s->sequence ? 0 : strcmp(x->s->sequence, y->s->sequence);
    if (sequence) return sequence;
    if (by_start && x->s->start != y->s->start) return x->s->start < y->s->start ? -1 : 1;
    if (x->list != y->list) return x->list < y->list ? -1 : 1;
    return (x->s->place > y->s->place) - (x->s->place < y->s->place);
}

static int by_start(const void *a, const void *b)
{
    return compare(a, b, true);
}

static int by_place(const void *a, const void *b)
{
    return compare(a, b, false);
}

static void timeline_free(timeline *t)
{
    free(t->items);
    free(t->query_at);
}

static status timeline_build(const segment_list *const *lists, size_t list_count, size_t query_list,
                             const history_options *options, timeline *out)
{
    status st = OK;
    timeline t = {0};
    const segment_list *queries = lists[query_list];
    size_t room = 1;
    for (size_t l = 0; l < list_count; l++) room += lists[l]->count;
    t.items = calloc(room, sizeof *t.items);
    t.query_at = calloc(queries->count + 1, sizeof *t.query_at);
    if (!t.items || !t.query_at) TRY(FAIL(ERR_MEMORY, "no memory for the order of %zu segments", room));
    for (size_t l = 0; l < list_count; l++) {
        if (l != query_list && options->gappy) continue;
        for (size_t i = 0; i < lists[l]->count; i++) t.items[t.count++] = (item){&lists[l]->at[i], l};
    }
    if (t.count) qsort(t.items, t.count, sizeof *t.items, options->sort_segments ? by_start : by_place);
    for (size_t i = 0; i < t.count; i++)
        if (t.items[i].list == query_list) t.query_at[t.items[i].s - queries->at] = i;
    *out = t;
    t = (timeline){0};
done:
    timeline_free(&t);
    return st;
}

/* ---- histories --------------------------------------------------------------------------------------------------- */

/* Space for what is being built. */
typedef struct {
    histories h;
    size_t history_room, action_room;
} builder;

static bool counts(const segment *earlier, const segment *query, const history_options *options)
{
    const double rounding = 1e-9; /* of frame numbers turned into seconds; far less than a frame */
    double seen_until = query->start - options->tau_a + rounding;
    if (options->cutoff == CUTOFF_STARTED) return earlier->start <= seen_until;
    if (options->cutoff == CUTOFF_FINISHED) return earlier->end <= seen_until;
    return true;
}

/* Actions of the query's history into the end of `window` (hist_len); returns how many. */
static size_t collect(const timeline *t, size_t query, const history_options *options, int64_t *window)
{
    const segment *s = t->items[t->query_at[query]].s;
    size_t found = 0;
    for (size_t i = t->query_at[query]; i > 0 && found < options->hist_len; i--) {
        const segment *earlier = t->items[i - 1].s;
        if (earlier->sequence != s->sequence && strcmp(earlier->sequence, s->sequence)) break;
        if (counts(earlier, s, options)) window[options->hist_len - ++found] = earlier->action;
    }
    return found;
}

static status make_room(builder *b, size_t actions)
{
    histories *h = &b->h;
    if (h->history_count + 1 >= b->history_room) {
        size_t room = b->history_room * 2;
        size_t *query_of = realloc(h->query_of, room * sizeof *query_of);
        if (query_of) h->query_of = query_of;
        size_t *action_first = realloc(h->action_first, room * sizeof *action_first);
        if (action_first) h->action_first = action_first;
        if (!query_of || !action_first) return FAIL(ERR_MEMORY, "no memory for %zu histories", room);
        b->history_room = room;
    }
    size_t used = h->action_first[h->history_count];
    if (used + actions > b->action_room) {
        size_t room = (used + actions) * 2;
        int64_t *larger = realloc(h->actions, room * sizeof *larger);
        if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu actions of histories", room);
        h->actions = larger;
        b->action_room = room;
    }
    return OK;
}

static status add_history(builder *b, size_t query, const int64_t *actions, size_t count)
{
    status st = OK;
    histories *h = &b->h;
    TRY(make_room(b, count));
    size_t first = h->action_first[h->history_count];
    if (count) memcpy(h->actions + first, actions, count * sizeof *actions);
    h->query_of[h->history_count] = query;
    h->action_first[++h->history_count] = first + count;
done:
    return st;
}

static status start(builder *b, size_t query_count)
{
    b->h.query_count = query_count;
    b->history_room = query_count + 2;
    b->action_room = query_count + 1;
    b->h.query_first = calloc(query_count + 1, sizeof *b->h.query_first);
    b->h.query_of = calloc(b->history_room, sizeof *b->h.query_of);
    b->h.action_first = calloc(b->history_room, sizeof *b->h.action_first);
    b->h.actions = calloc(b->action_room, sizeof *b->h.actions);
    bool all = b->h.query_first && b->h.query_of && b->h.action_first && b->h.actions;
    return all ? OK : FAIL(ERR_MEMORY, "no memory for the histories of %zu segments", query_count);
}

static status check_options(const history_options *options)
{
    if (options->hist_len < 1 || options->hist_len > SIZE_MAX / sizeof(int64_t))
        return FAIL(ERR_CONFIG, "teacher.hist_len is %zu; it must be at least 1", options->hist_len);
    if (!isfinite(options->tau_a) || options->tau_a < 0)
        return FAIL(ERR_CONFIG, "data.tau_a is %g; it must be 0 or more", options->tau_a);
    return OK;
}

status histories_build(const segment_list *const *lists, size_t list_count, size_t query_list,
                       const history_options *options, histories *out)
{
    status st = OK;
    timeline t = {0};
    builder b = {0};
    int64_t *window = NULL;
    CHECK(query_list < list_count);
    TRY(check_options(options));
    TRY(timeline_build(lists, list_count, query_list, options, &t));
    TRY(start(&b, lists[query_list]->count));
    window = calloc(options->hist_len, sizeof *window);
    if (!window) TRY(FAIL(ERR_MEMORY, "no memory for a history of %zu actions", options->hist_len));
    for (size_t query = 0; query < b.h.query_count; query++) {
        size_t found = collect(&t, query, options, window);
        const int64_t *end = window + options->hist_len;
        size_t shortest = options->lengths && found ? 1 : found;
        for (size_t length = shortest; length <= found; length++) TRY(add_history(&b, query, end - length, length));
        b.h.query_first[query + 1] = b.h.history_count;
    }
    *out = b.h;
    b.h = (histories){0};
done:
    timeline_free(&t);
    histories_free(&b.h);
    free(window);
    return st;
}

void histories_free(histories *h)
{
    if (!h) return;
    free(h->query_first);
    free(h->query_of);
    free(h->action_first);
    free(h->actions);
    *h = (histories){0};
}

const int64_t *history_at(const histories *h, size_t history, size_t *length)
{
    size_t first = h->action_first[history];
    *length = h->action_first[history + 1] - first;
    return h->actions + first;
}

const int64_t *history_of_query(const histories *h, size_t query, size_t *length)
{
    return history_at(h, h->query_first[query + 1] - 1, length);
}
