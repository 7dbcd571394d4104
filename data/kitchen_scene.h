/* kitchen_scene - inside this room: what there is to be seen at a frame of a video of the made-up kitchen: where things
 * lie, which doors are open, where hands and what they hold are.
 *
 * Lengths are in sides of the picture, x right, y down, before the camera's view; time is in frames at KITCHEN_FPS.
 */
#ifndef MAGISTER_DATA_KITCHEN_SCENE_H
#define MAGISTER_DATA_KITCHEN_SCENE_H

#include "data/kitchen_looks.h"
#include "data/kitchen_video.h"

enum { SLOT_COUNT = 8 };

typedef struct {
    float x, y;
} point;

/* One kitchen: where things are put and where doors are, differently in every video. */
typedef struct {
    point slots[SLOT_COUNT], fixed[FIXED_COUNT];
} kitchen_plan;

void kitchen_plan_draw(rng *r, kitchen_plan *out);

/* Part of an action that is over at a frame, 0 .. 1; 0 before it, 1 after it. */
float action_progress(const kitchen_video *video, size_t action, int64_t frame);

/* Where action `i` leaves a loose thing. */
point resting_place(const kitchen_plan *plan, size_t i);

/* A moment of an action. The tool is in the hand, or rests at the work place when the thing itself is held. */
typedef struct {
    point thing, hand, other, tool; /* other: the second hand, where `two_hands` */
    float turn, squash, tool_turn;  /* turns; squash 0: not at all */
    bool two_hands, working;        /* working: neither approaching nor leaving */
} pose;

/* `from`: where the thing was before; `work`: the work place (for fixed things their own place); `to`: where it is put
 * or moved; `side`: -1 for the left hand, 1 for the right. */
typedef struct {
    point from, work, to;
    float side, reach; /* reach: from a thing's middle to where it is gripped */
} stage;

void pose_at(const motion *m, const stage *s, float progress, float seconds, pose *out);

/* The hand at rest. */
point resting_hand(float side);

#endif
