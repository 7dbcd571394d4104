/* change - a clip changed in one call: what is drawn for it, applied. */
#ifndef MAGISTER_TESTS_UNIT_VIDEO_CHANGE_H
#define MAGISTER_TESTS_UNIT_VIDEO_CHANGE_H

#include "video/transforms.h"

static inline status change_drawn(const transform_options *o, transform *t, const clip_pictures *clip, uint64_t key,
                                  uint8_t *out)
{
    clip_change change;
    status st = clip_change_draw(o, clip, key, &change);
    return st == OK ? clip_change_apply(t, &change, clip, out) : st;
}

static inline status change_to_view(const transform_options *o, transform *t, const clip_pictures *clip, size_t view,
                                    uint8_t *out)
{
    clip_change change;
    status st = clip_change_view(o, clip, view, &change);
    return st == OK ? clip_change_apply(t, &change, clip, out) : st;
}

#endif
