#include "data/kitchen_scene.h"

#include <math.h>

#define APPROACH 0.22F /* part of an action in which the hand comes, and again in which it leaves */

static float jitter(rng *r, float most)
{
    return most * (float)(2 * rng_uniform(r) - 1);
}

void kitchen_plan_draw(rng *r, kitchen_plan *out)
{
    static const point SLOTS[SLOT_COUNT] = {{.24F, .50F}, {.82F, .84F}, {.60F, .50F}, {.34F, .86F},
                                            {.90F, .56F}, {.18F, .68F}, {.42F, .50F}, {.64F, .88F}};
    static const point FIXED[FIXED_COUNT] = {[FRIDGE] = {.09F, .30F}, [CUPBOARD] = {.40F, .12F}, [OVEN] = {.86F, .14F},
                                             [DRAWER] = {.13F, .92F}, [HOB] = {.76F, .40F},      [TAP] = {.36F, .32F},
                                             [COUNTER] = {.5F, .70F}, [BIN] = {.96F, .96F},      [BODY] = {.5F, .66F}};
    size_t order[SLOT_COUNT];
    for (size_t i = 0; i < SLOT_COUNT; i++) order[i] = i;
    rng_shuffle(r, order, SLOT_COUNT);
    for (size_t i = 0; i < SLOT_COUNT; i++)
        out->slots[i] = (point){SLOTS[order[i]].x + jitter(r, .04F), SLOTS[order[i]].y + jitter(r, .03F)};
    for (size_t i = 0; i < FIXED_COUNT; i++)
        out->fixed[i] = (point){FIXED[i].x + jitter(r, .03F), FIXED[i].y + jitter(r, .02F)};
}

float action_progress(const kitchen_video *video, size_t action, int64_t frame)
{
    int64_t start = video->start[action], end = video->end[action];
    if (frame < start) return 0;
    if (frame >= end) return 1;
    return ((float)(frame - start) + 0.5F) / (float)(end - start);
}

point resting_place(const kitchen_plan *plan, size_t i)
{
    return plan->slots[i % SLOT_COUNT];
}

point resting_hand(float side)
{
    return (point){.5F + .24F * side, 1.02F};
}

/* ---- motions ----------------------------------------------------------------------------------------------------- */

/* 0 before `from`, 1 after `to`, smooth between. */
static float ease(float t, float from, float to)
{
    float x = (t - from) / (to - from);
    x = x < 0 ? 0 : x > 1 ? 1 : x;
    return x * x * (3 - 2 * x);
}

static point between(point a, point b, float share)
{
    return (point){a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share};
}

static point above(point p, float height)
{
    return (point){p.x, p.y - height};
}

/* Where a hand holds a thing at `p`: at its side, so that the thing is still seen. */
static point gripping(point p, const stage *s, float higher)
{
    return (point){p.x + s->side * s->reach, p.y - higher * s->reach};
}

/* A thing is carried from `near` the hand's rest to `far`, or with time reversed the other way. */
static void carry(const motion *m, const stage *s, float progress, pose *out)
{
    bool fetches = m->path == TAKES || m->path == MOVES;
    point start = m->path == TAKES || m->path == MOVES ? s->from : s->to;
    point end = m->path == MOVES ? s->to : s->work;
    float t = fetches ? progress : 1 - progress;
    float carried = ease(t, .35F, .85F), reached = ease(t, 0, .33F), left = m->path == MOVES ? ease(t, .88F, 1) : 0;
    out->thing = above(between(start, end, carried), 4 * m->lift * carried * (1 - carried));
    out->hand = gripping(out->thing, s, .2F);
    out->hand = between(resting_hand(s->side), out->hand, reached);
    out->hand = between(out->hand, resting_hand(s->side), left);
    out->working = t > .33F;
}

static void work(const motion *m, const stage *s, float progress, float seconds, pose *out)
{
    float here = ease(progress, 0, APPROACH) * (1 - ease(progress, 1 - APPROACH, 1));
    float beat = seconds * m->beats, down = wave(beat + m->lag);
    point swung = {s->work.x + s->side * m->across * wave(beat), s->work.y + m->down * down};
    point hand = above(swung, m->lift);
    out->tool_turn = s->side * .08F + m->twist * (ease(progress, APPROACH, 1 - APPROACH) - .5F) * s->side;
    if (m->holds) {
        out->thing = between(s->work, hand, here);
        out->turn = fabsf(m->tilt) < 1 ? m->tilt * here * s->side : m->tilt * beat * here;
        hand = gripping(out->thing, s, 0);
    } else {
        hand.x += s->side * .5F * s->reach;
    }
    out->squash = down > 0 ? m->squash * down * here : 0;
    out->tool = s->work;
    out->hand = between(resting_hand(s->side), hand, here);
    out->other = (point){out->thing.x - s->side * 1.1F * s->reach, out->thing.y + .1F * s->reach};
    out->other = between(resting_hand(-s->side), out->other, here);
    out->two_hands = m->two_hands;
    out->working = here > .8F;
}

void pose_at(const motion *m, const stage *s, float progress, float seconds, pose *out)
{
    *out = (pose){.thing = s->work};
    if (m->path == AT_WORK) work(m, s, progress, seconds, out);
    else carry(m, s, progress, out);
    if (!m->holds) out->tool = out->hand;
}
