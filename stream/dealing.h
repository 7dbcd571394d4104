/* dealing - which rank watches which video: dealt out at the ranks' meetings, by what has been watched and not by the
 * clock, so that a run that is repeated deals alike.
 *
 * All ranks keep the same table. At a meeting videos that were dealt and not begun go back, and everything is dealt
 * anew: first one for every stream that has none, a rank after the other, then some in reserve, so that nobody waits
 * for the next meeting when a video ends before it. Every video is begun once an epoch, and an epoch begins when the
 * one before is over, so that no video is watched twice at a time: what is written of it would be mixed. Pure; the same
 * calls in the same order give the same tables.
 */
#ifndef MAGISTER_STREAM_DEALING_H
#define MAGISTER_STREAM_DEALING_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t *at; /* (count) numbers of videos, in the order they are to be begun */
    size_t count, room;
} hand;

typedef struct {
    size_t videos, ranks;
    int64_t epochs;
    uint64_t seed;
    bool shuffled;

    int64_t epoch; /* the one dealt from, from 0 */
    size_t next;   /* of its order */
    size_t *order; /* (videos) of that epoch */
    hand *hands;   /* (ranks) */
    hand back;     /* given back, dealt before all others */
} dealing;

/* Errors: ERR_MEMORY. */
status dealing_new(size_t videos, size_t ranks, int64_t epochs, uint64_t seed, bool shuffled, dealing *out);
void dealing_free(dealing *d);

/* What a rank says at a meeting. */
typedef struct {
    size_t begun;   /* of its hand, the first so many */
    size_t busy;    /* streams with a video */
    size_t free;    /* streams without */
    size_t reserve; /* videos it wants to have besides */
} dealing_wish;

/* wishes: (ranks). Errors: ERR_MEMORY. */
status dealing_deal(dealing *d, const dealing_wish *wishes);

/* Nothing is left to be dealt, and no rank has anything in hand. */
bool dealing_is_over(const dealing *d);

/* The table as numbers, and back: {epoch, next, back..., -1, hand of rank 0 ..., -1, ...}. New memory. Errors:
 * ERR_INPUT for numbers that are not a table of as many videos and ranks; ERR_MEMORY. */
status dealing_save(const dealing *d, int64_t **out, size_t *count);
status dealing_load(dealing *d, const int64_t *table, size_t count);

#endif
