#include "video/stream_clock.h"

#include <math.h>

enum { HELD_BACK_MOST = 16 };
static const double FORWARD_MOST = 10, JITTER = 0.1, USUAL_FPS = 25; /* seconds, seconds, frames a second */

status stream_clock_start(stream_clock *c, double tick, double fps)
{
    if (!(tick > 0 && tick <= FORWARD_MOST)) return FAIL(ERR_INPUT, "its clock ticks every %g seconds", tick);
    double usual = 1 / (fps >= 1 / FORWARD_MOST && fps <= 1e6 ? fps : USUAL_FPS);
    *c = (stream_clock){.usual = (int64_t)fmin(fmax(1, round(usual / tick)), 0x1p40),
                        .most = (int64_t)fmin(FORWARD_MOST / tick, 0x1p40),
                        .tolerance = (int64_t)fmin(JITTER / tick, 0x1p40)};
    return OK;
}

/* Whether more of the last packets are after `time` than a codec would have put before it. */
static bool is_far_back(const stream_clock *c, int64_t time)
{
    int later = 0;
    for (uint64_t i = 0; i < CLOCK_LOOK_BACK && i < c->taken; i++) later += c->recent[i] > time;
    return later > HELD_BACK_MOST;
}

static bool is_jump(const stream_clock *c, int64_t time, bool key)
{
    if (!c->taken) return false;
    if (time > c->high) return time - c->high > c->most;
    return c->high - time > (key ? c->tolerance : c->most) || (!key && is_far_back(c, time));
}

/* Frames from before a jump tell nothing about those after it. */
static void go_on(stream_clock *c, int64_t time)
{
    c->leap = time - c->high;
    c->offset += c->high + c->usual - time;
    c->jumps++;
}

bool stream_clock_take(stream_clock *c, packet_entry *entry, bool key)
{
    int64_t stamp = entry->time != TIME_UNKNOWN ? entry->time : entry->decode_time;
    bool jump = false;
    if (entry->duration > c->most) entry->duration = 0;
    if (stamp == TIME_UNKNOWN) return false;
    if (!c->taken) c->offset = -stamp;
    if (entry->shown) {
        jump = is_jump(c, stamp + c->offset, key);
        if (jump) go_on(c, stamp + c->offset);
        if (entry->duration > 0) c->usual = entry->duration;
        int64_t time = stamp + c->offset;
        c->recent[c->taken++ % CLOCK_LOOK_BACK] = time;
        if (c->taken == 1 || time > c->high) c->high = time;
    }
    if (entry->time != TIME_UNKNOWN) entry->time += c->offset;
    if (entry->decode_time != TIME_UNKNOWN) entry->decode_time += c->offset;
    return jump;
}
