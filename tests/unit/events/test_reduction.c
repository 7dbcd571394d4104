#include "events/reduction.h"

#include "events/overlap.h"
#include "made_events.h"

/* ---- by hand ----------------------------------------------------------------------------------------------------- */

static void layer(hierarchy *h, size_t at, const double *times, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        event e = {.start = times[i], .end = times[i + 1], .error = NAN};
        assert_ok(hierarchy_add(h, at, &e));
    }
}

/* 0-4-8-10 below, 0-8-10 above. */
static hierarchy two_layers(void)
{
    hierarchy h;
    assert_ok(hierarchy_new("a", 10, 2, &h));
    layer(&h, 0, (const double[]){0, 4, 8, 10}, 4);
    layer(&h, 1, (const double[]){0, 8, 10}, 3);
    return h;
}

static reduction reduce(const hierarchy *h, const double (*segments)[2], size_t count)
{
    event_list truth = {0};
    reduction out;
    for (size_t i = 0; i < count; i++) made_add(&truth, segments[i][0], segments[i][1]);
    assert_ok(reduction_make(h, &truth, 0, &out));
    event_list_free(&truth);
    return out;
}

static void assert_chosen(reduction *r, const double (*events)[2], size_t count)
{
    assert_int_equal(r->chosen.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(r->chosen.at[i].start == events[i][0]);
        assert_true(r->chosen.at[i].end == events[i][1]);
    }
    event_list_free(&r->chosen);
}

static void test_children_win_when_they_fit_better(void **state)
{
    (void)state;
    hierarchy h = two_layers();
    /* 0-8 has 0-3 (3/8) and 5-8 (3/8); its children 3/4 and 3/4. 8-10 has 8-9: 1/2. */
    reduction r = reduce(&h, (const double[][2]){{0, 3}, {5, 8}, {8, 9}}, 3);
    assert_close(r.iou, (0.75 + 0.5) / 2);
    assert_close(r.mof, 0.7); /* wrong: 3-4, 4-5, 9-10 */
    assert_chosen(&r, (const double[][2]){{0, 4}, {4, 8}, {8, 10}}, 3);
    hierarchy_free(&h);
}

static void test_a_single_segment_stays_with_its_event(void **state)
{
    (void)state;
    hierarchy h = two_layers();
    /* 0-4 goes to 0-8 with 1/2 and stays there, although a child fits exactly. */
    reduction r = reduce(&h, (const double[][2]){{0, 4}}, 1);
    assert_close(r.iou, 0.5);
    assert_close(r.mof, 0.6);
    assert_chosen(&r, (const double[][2]){{0, 8}}, 1);
    hierarchy_free(&h);
}

static void test_the_parent_wins_a_draw(void **state)
{
    (void)state;
    hierarchy h;
    assert_ok(hierarchy_new("a", 8, 2, &h));
    layer(&h, 0, (const double[]){0, 4, 8}, 3);
    layer(&h, 1, (const double[]){0, 8}, 2);
    /* The parent has 3/4 by 0-6, the children 2/3 (0-4 by 0-6) and 1/2 (4-8 by 6-8). */
    reduction r = reduce(&h, (const double[][2]){{0, 6}, {6, 8}}, 2);
    assert_close(r.iou, 0.75);
    assert_chosen(&r, (const double[][2]){{0, 8}}, 1);
    /* The parent has 1 by 0-8. */
    r = reduce(&h, (const double[][2]){{0, 8}, {1, 3}}, 2);
    assert_close(r.iou, 1);
    assert_chosen(&r, (const double[][2]){{0, 8}}, 1);
    /* Equal: the parent has 1/2 by 2-6, the children 1/2 each by 0-2 and 6-8. */
    r = reduce(&h, (const double[][2]){{0, 2}, {2, 6}, {6, 8}}, 3);
    assert_close(r.iou, 0.5);
    assert_chosen(&r, (const double[][2]){{0, 8}}, 1);
    hierarchy_free(&h);
}

static void test_leaves_take_their_best(void **state)
{
    (void)state;
    hierarchy h;
    assert_ok(hierarchy_new("a", 10, 1, &h));
    layer(&h, 0, (const double[]){0, 4, 10}, 3);
    reduction r = reduce(&h, (const double[][2]){{0, 1}, {1, 4}, {4, 10}}, 3);
    assert_close(r.iou, (0.75 + 1) / 2);
    assert_close(r.mof, 1);
    event_list_free(&r.chosen);
    hierarchy_free(&h);
}

static void test_nothing_on_one_side(void **state)
{
    (void)state;
    hierarchy h = two_layers(), none;
    reduction r = reduce(&h, NULL, 0);
    assert_true(isnan(r.iou));
    assert_close(r.mof, 1);
    event_list_free(&r.chosen);
    assert_ok(hierarchy_new("a", 10, 2, &none));
    r = reduce(&none, (const double[][2]){{0, 4}}, 1);
    assert_close(r.iou, 0);
    assert_close(r.mof, 0.6);
    event_list_free(&r.chosen);
    hierarchy_free(&none);
    hierarchy_free(&h);
}

/* Published logs: layer 0 has no last event, so what follows is met by no event. */
static void test_segments_beyond_the_events(void **state)
{
    (void)state;
    hierarchy h;
    assert_ok(hierarchy_new("a", 10, 1, &h));
    layer(&h, 0, (const double[]){0, 2, 4}, 3);
    reduction r = reduce(&h, (const double[][2]){{0, 2}, {6, 10}}, 2);
    assert_close(r.iou, 0.5); /* 6-10 goes to the nearest, 2-4 */
    assert_close(r.mof, 0.4);
    event_list_free(&r.chosen);
    hierarchy_free(&h);
}

/* ---- against a slow twin ----------------------------------------------------------------------------------------- */

/* The same, over every pair and every frame. `mine` marks segments; `chosen` marks events of (layer, number). */
typedef struct {
    const hierarchy *h;
    const event_list *truth;
    bool chosen[4][64];
} twin;

static double twin_iou(const event *a, const event *b)
{
    double both = 0, either = 0;
    for (int t = 0; t < 100; t++) {
        bool in_a = a->start <= t && t < a->end, in_b = b->start <= t && t < b->end;
        both += in_a && in_b;
        either += in_a || in_b;
    }
    return both / either;
}

static double twin_common(const event *a, const event *b)
{
    double both = 0;
    for (int t = 0; t < 100; t++) both += a->start <= t && t < a->end && b->start <= t && t < b->end;
    return both;
}

static double twin_gap(const event *a, const event *b)
{
    return a->end <= b->start ? b->start - a->end : b->end <= a->start ? a->start - b->end : 0;
}

/* Of the candidates, by most in common, then nearest, then first. */
static size_t twin_closest(const event_list *list, const bool *allowed, const event *e,
                           double (*common)(const event *, const event *))
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < list->count; i++) {
        if (!allowed[i]) continue;
        if (best == SIZE_MAX) {
            best = i;
            continue;
        }
        double here = common(&list->at[i], e), there = common(&list->at[best], e);
        bool nearer = twin_gap(&list->at[i], e) < twin_gap(&list->at[best], e);
        if (here > there || (here == there && here == 0 && nearer)) best = i;
    }
    return best;
}

static int layer_below(const hierarchy *h, int at)
{
    while (--at >= 0 && !h->layers[at].count) continue;
    return at;
}

static double twin_score(twin *t, int at, const bool *allowed, const bool *mine);

static void forget(twin *t, int at, const bool *of_layer)
{
    for (size_t i = 0; at >= 0 && i < t->h->layers[at].count; i++) {
        if (!of_layer[i]) continue;
        t->chosen[at][i] = false;
        int below = layer_below(t->h, at);
        bool children[64] = {0}, all[64];
        memset(all, 1, sizeof all);
        for (size_t c = 0; below >= 0 && c < t->h->layers[below].count; c++)
            children[c] = twin_closest(&t->h->layers[at], all, &t->h->layers[below].at[c], twin_common) == i;
        forget(t, below, children);
    }
}

static double twin_node(twin *t, int at, size_t node, const bool *mine)
{
    const event *e = &t->h->layers[at].at[node];
    int below = layer_below(t->h, at);
    bool children[64] = {0}, all[64];
    size_t count = 0, child_count = 0;
    double own = 0;
    memset(all, 1, sizeof all);
    for (size_t s = 0; s < t->truth->count; s++)
        if (mine[s]) {
            count++;
            own = fmax(own, twin_iou(e, &t->truth->at[s]));
        }
    for (size_t c = 0; below >= 0 && c < t->h->layers[below].count; c++) {
        children[c] = twin_closest(&t->h->layers[at], all, &t->h->layers[below].at[c], twin_common) == node;
        child_count += children[c];
    }
    if (count > 1 && child_count) {
        double mean = twin_score(t, below, children, mine);
        if (mean > own) return mean;
        forget(t, below, children);
    }
    t->chosen[at][node] = true;
    return own;
}

static double twin_score(twin *t, int at, const bool *allowed, const bool *mine)
{
    double sum = 0;
    int nodes = 0;
    for (size_t node = 0; node < t->h->layers[at].count; node++) {
        bool its[64] = {0}, any = false;
        for (size_t s = 0; s < t->truth->count; s++) {
            its[s] = mine[s] && twin_closest(&t->h->layers[at], allowed, &t->truth->at[s], twin_iou) == node;
            any |= its[s];
        }
        if (!any) continue;
        sum += twin_node(t, at, node, its);
        nodes++;
    }
    return sum / nodes;
}

static double twin_mof(const twin *t, int seconds)
{
    int agree = 0;
    for (int s = 0; s < seconds; s++) {
        bool chosen = false, true_ = false;
        for (size_t l = 0; l < t->h->layer_count; l++)
            for (size_t i = 0; i < t->h->layers[l].count; i++)
                chosen |= t->chosen[l][i] && t->h->layers[l].at[i].start <= s && s < t->h->layers[l].at[i].end;
        for (size_t i = 0; i < t->truth->count; i++) true_ |= t->truth->at[i].start <= s && s < t->truth->at[i].end;
        agree += chosen == true_;
    }
    return (double)agree / seconds;
}

static void test_against_the_twin(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        rng r = rng_stream(11, 1, i);
        hierarchy h = made_hierarchy(&r, 30, 1 + rng_below(&r, 4));
        event_list truth = made_truth(&r, 30, 1 + rng_below(&r, 12));
        twin t = {.h = &h, .truth = &truth};
        bool all[64];
        memset(all, 1, sizeof all);
        int top = layer_below(&h, (int)h.layer_count);
        double iou = top < 0 ? 0 : twin_score(&t, top, all, all);
        for (int rate = 0; rate < 2; rate++) { /* times are whole seconds: a frame a second sees all */
            reduction got;
            assert_ok(reduction_make(&h, &truth, rate, &got));
            assert_close(got.iou, iou);
            assert_close(got.mof, twin_mof(&t, 30));
            for (size_t c = 1; c < got.chosen.count; c++)
                assert_true(got.chosen.at[c].start >= got.chosen.at[c - 1].start);
            event_list_free(&got.chosen);
        }
        event_list_free(&truth);
        hierarchy_free(&h);
    }
}

/* Frames at a rate that does not divide the times, counted one by one. */
static void test_mof_counts_frames(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 300; i++) {
        rng r = rng_stream(12, 1, i);
        event_list a = {0}, b = {0};
        double rate = 1 + 9 * rng_uniform(&r), duration = 5 + 20 * rng_uniform(&r), got, limit;
        for (int n = 0; n < 6; n++) {
            double start = rng_uniform(&r) * duration;
            made_add(n % 2 ? &a : &b, start, start + rng_uniform(&r) * 5);
        }
        event_list_sort(&a);
        event_list_sort(&b);
        size_t frames = 0, agree = 0, many = 200000;
        for (; (double)frames / rate < duration; frames++) {
            bool in_a = false, in_b = false;
            double t = (double)frames / rate;
            for (size_t n = 0; n < 3; n++) in_a |= a.at[n].start <= t && t < a.at[n].end;
            for (size_t n = 0; n < 3; n++) in_b |= b.at[n].start <= t && t < b.at[n].end;
            agree += in_a == in_b;
        }
        assert_ok(occupancy_agreement(&a, &b, duration, rate, &got));
        assert_close(got, (double)agree / (double)frames);
        assert_ok(occupancy_agreement(&a, &b, duration, (double)many / duration, &got));
        assert_ok(occupancy_agreement(&a, &b, duration, 0, &limit));
        assert_true(fabs(got - limit) < 1e-3);
        event_list_free(&a);
        event_list_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_children_win_when_they_fit_better),
        cmocka_unit_test(test_a_single_segment_stays_with_its_event),
        cmocka_unit_test(test_the_parent_wins_a_draw),
        cmocka_unit_test(test_leaves_take_their_best),
        cmocka_unit_test(test_nothing_on_one_side),
        cmocka_unit_test(test_segments_beyond_the_events),
        cmocka_unit_test(test_against_the_twin),
        cmocka_unit_test(test_mof_counts_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
