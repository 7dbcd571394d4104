/* kitchen_looks - inside this room: what the things of the made-up kitchen look like, and how verbs move hands.
 *
 * Things come in families that are easily taken for each other (round fruit, bottles, bowls with something in them,
 * tools ...), and so do motions: taking is putting played backwards, stirring, mixing and whisking go round at
 * different speeds. What tells two of a family apart is small in a single small picture.
 */
#ifndef MAGISTER_DATA_KITCHEN_LOOKS_H
#define MAGISTER_DATA_KITCHEN_LOOKS_H

#include "base/status.h"
#include "data/kitchen_raster.h"

#include <stdbool.h>
#include <stddef.h>

enum { LOOK_PARTS = 5 };

/* Where a thing is: in hands and on the counter (LOOSE), or in a place of its own; BODY: the cook's own. */
typedef enum { LOOSE, FRIDGE, CUPBOARD, OVEN, DRAWER, HOB, TAP, COUNTER, BIN, BODY, FIXED_COUNT } fixed_place;

/* Coordinates of parts are in units of `size`, which is in sides of the picture. */
typedef struct {
    const char *noun;
    float size;
    fixed_place fixed;
    part parts[LOOK_PARTS]; /* until the first without width */
} look;

typedef enum {
    AT_WORK, /* the thing stays at the work place */
    TAKES,   /* from where it lies to the work place */
    PUTS,    /* from the work place to where it will lie */
    MOVES,   /* across the counter */
    THROWS,  /* into the bin */
} path;

typedef enum { NO_TOOL, BLADE, SPOON, WHISK, PEELER, GRATER, PIN, SPONGE, CLOTH, LID, TOOL_COUNT } tool;

typedef enum { NO_EFFECT, STREAM, DROPS, CRUMBS, WATER } effect;

/* A motion: an approach, then a swing of the hand about the work place, then a retreat. Lengths in sides of the
 * picture, angles in turns. */
typedef struct {
    const char *verb;
    path path;
    tool tool;  /* what the hand holds; NO_TOOL: the thing itself */
    bool holds; /* the thing follows the hand */
    bool two_hands;
    float across, down; /* the swing's reach */
    float lag;          /* between across and down: 0 is a line, 0.25 a circle */
    float beats;        /* swings a second */
    float lift;         /* how far above the work place */
    float tilt;         /* of the thing, when fully tilted */
    float twist;        /* of the hand, from beginning to end */
    float squash;       /* of the thing's height at the lowest point of a swing */
    effect effect;
} motion;

/* Borrowed. Errors: ERR_INTERNAL when the table has no such row. */
status look_find(const char *noun, const look **out);
status motion_find(const char *verb, const motion **out);

/* Parts of a tool, in units of its size; its grip is at (0, 0). */
const look *tool_look(tool t);

#endif
