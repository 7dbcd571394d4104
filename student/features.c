#include "student/features.h"

#include <math.h>

static const double SPEED_SPAN = 3; /* frames a speed is taken over: tracks jump by whole pixels from frame to frame */

size_t features_width(feature_kind kind, size_t track_width)
{
    return kind == TRACK_RAW ? track_width : 2 * features_places(kind, track_width);
}

size_t features_places(feature_kind kind, size_t track_width)
{
    return kind == TRACK_RAW ? track_width : track_width - 2;
}

status features_check(feature_kind kind, size_t track_width, const char *path)
{
    if (kind == TRACK_RAW || (track_width >= 4 && track_width % 2 == 0)) return OK;
    return FAIL(
        ERR_CONFIG,
        "%s has %zu numbers a frame; student.track_features: relative wants points, x and y of two or more: use raw",
        path, track_width);
}

/* A place between two frames. */
typedef struct {
    const track_value *low, *high;
    float part;
    size_t width;
} row;

static row row_at(const feature_view *view, double place)
{
    double at = fmin(fmax(place, 0), (double)(view->frames - 1)), below = floor(at);
    size_t low = (size_t)below, high = at > below && !view->causal ? low + 1 : low;
    return (row){
        .low = tracks_frame(view->from, view->video, low),
        .high = tracks_frame(view->from, view->video, high),
        .part = (float)(at - below),
        .width = tracks_width(view->from),
    };
}

static float number(const row *r, size_t i)
{
    return r->low[i] + r->part * (r->high[i] - r->low[i]);
}

static float relative(const row *r, size_t i)
{
    return number(r, i) - number(r, r->width - 2 + i % 2);
}

void features_at(const feature_view *view, double place, float *out)
{
    row here = row_at(view, place);
    if (view->kind == TRACK_RAW) {
        for (size_t i = 0; i < here.width; i++) out[i] = number(&here, i);
        return;
    }
    double last = view->causal ? place : place + SPEED_SPAN / 2;
    row after = row_at(view, last), before = row_at(view, last - SPEED_SPAN);
    size_t places = features_places(view->kind, here.width);
    for (size_t i = 0; i < places; i++) {
        out[i] = relative(&here, i);
        out[places + i] = (relative(&after, i) - relative(&before, i)) / (float)SPEED_SPAN;
    }
}
