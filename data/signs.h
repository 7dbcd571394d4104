/* signs - a small made-up sign language on film, so that learning from motion alone can be tried without outside data
 * (generate.world: signs).
 *
 * Ten signs. A sign is an order in which one gloved hand visits three stations in front of the signer, each twice; at
 * each station the hand has a shape, a distance and a side of the glove of its own. All visits last equally long, so
 * the frames of a clip are the same pictures whatever its sign, in another order: all of them shuffled say nothing
 * about it. A single frame shows one of three stations: whoever names the likeliest sign of each is right for three
 * signs of ten. Every frame is filmed as a key frame, so that none holds traces of those beside it. Signs come in
 * pairs, each the other played backwards, and any two differ in at least three visits.
 *
 * A signer has a size, place, skin, clothes and pace; those of val and test are none of train's. Every clip has a
 * background, light and distance of its own. Clips last 1 to 2.4 s at SIGN_FPS.
 *
 * Written into `directory`, of which data.format wlasl reads signs.json:
 *   signs.json           a list of {gloss, instances} as WLASL_v0.3.json has it; frame_end is the last frame
 *   videos/<id>.mp4      made by rank/generate.c before it
 * Any clip is a function of (options, seed, number). The same options and seed give the same bytes.
 */
#ifndef MAGISTER_DATA_SIGNS_H
#define MAGISTER_DATA_SIGNS_H

#include "base/status.h"
#include "conf/recipe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIGN_COUNT = 10,
    STATION_COUNT = 3,
    VISIT_COUNT = 6,
    SIGN_FPS = 25,
    SIGN_NAME = 32,
    SIGN_SPLITS = 3,
    SIGNER_COUNT = 24
};

typedef struct {
    int64_t clips[SIGN_SPLITS]; /* of train, val and test */
    int size;                   /* side of the square picture; even, 16 .. 512 */
    double noise;               /* 0: clean; 1: usual. Grain, and how much signers and places differ */
    uint64_t seed;
} sign_options;

/* What a recipe's generate.* and seed ask for. */
bool signs_are_meant(const recipe *r);
sign_options sign_options_read(const recipe *r);

/* Errors: ERR_CONFIG (out of bounds, by the recipe's names). */
status sign_options_check(const sign_options *o);

/* A clip: what is to be seen of it, without pictures. */
typedef struct {
    uint64_t number;
    int split; /* 0 train, 1 val, 2 test */
    int sign, signer;
    int hold; /* frames of a visit */
} sign_clip;

/* Clip `number`: those of train come first, then val, then test. Signs take turns in each. */
void sign_clip_draw(const sign_options *o, uint64_t number, sign_clip *out);

int sign_frames(const sign_clip *clip);
const char *sign_gloss(int sign); /* "give" */

/* Station (0 top, then clockwise as the viewer sees it) at a frame, and which of the clip's frames at that station it
 * is: 0 .. 2 hold - 1. */
void sign_station(const sign_clip *clip, int frame, int *station, int *visit);

/* "sign_000012" */
void sign_clip_name(uint64_t number, char out[SIGN_NAME]);

/* Writes signs.json; `directory` is there. Errors: ERR_CREATE, ERR_IO, ERR_MEMORY. */
status signs_write(const sign_options *o, const char *directory);

#endif
