/* made_events - lists and hierarchies drawn for tests, with whole seconds so that ties and touching ends occur. */
#ifndef MAGISTER_TESTS_MADE_EVENTS_H
#define MAGISTER_TESTS_MADE_EVENTS_H

#include "base/rng.h"
#include "events/hierarchy.h"
#include "tests/unit/data/scratch.h"

#include <math.h>

/* Events from times: {0, 2, 5} gives 0-2 and 2-5. */
static inline void made_add(event_list *list, double start, double end)
{
    event e = {.start = start, .end = end, .error = NAN};
    assert_ok(event_list_add(list, &e));
}

/* Sorted events between 0 and `seconds` that do not overlap: some touch, some leave a gap. */
static inline event_list made_layer(rng *r, size_t seconds, size_t most)
{
    event_list list = {0};
    for (size_t at = rng_below(r, 3); list.count < most;) {
        size_t end = at + 1 + rng_below(r, seconds / 2);
        if (end > seconds) break;
        made_add(&list, (double)at, (double)end);
        at = end + (rng_below(r, 2) ? rng_below(r, 3) : 0);
    }
    return list;
}

/* Segments that may overlap, sorted. */
static inline event_list made_truth(rng *r, size_t seconds, size_t count)
{
    event_list list = {0};
    while (list.count < count) {
        size_t start = rng_below(r, seconds), end = start + 1 + rng_below(r, seconds / 2);
        made_add(&list, (double)start, (double)(end > seconds ? seconds : end));
    }
    event_list_sort(&list);
    return list;
}

static inline hierarchy made_hierarchy(rng *r, size_t seconds, size_t layers)
{
    hierarchy h;
    assert_ok(hierarchy_new("made", (double)seconds, layers, &h));
    for (size_t i = 0; i < layers; i++) h.layers[i] = made_layer(r, seconds, rng_below(r, 12 >> i) + (i == 0));
    return h;
}

#define assert_close(a, b)                                                                                             \
    do {                                                                                                               \
        double x_ = (a), y_ = (b);                                                                                     \
        if (!(fabs(x_ - y_) < 1e-9) && !(isnan(x_) && isnan(y_))) fail_msg("%s is %.12g, not %.12g", #a, x_, y_);      \
    } while (0)

#endif
