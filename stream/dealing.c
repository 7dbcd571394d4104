#include "stream/dealing.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* ---- hands ------------------------------------------------------------------------------------------------------- */

static status hand_add(hand *h, size_t video)
{
    if (h->count == h->room) {
        size_t room = h->room ? 2 * h->room : 16;
        size_t *at = realloc(h->at, room * sizeof *at);
        if (!at) return FAIL(ERR_MEMORY, "no memory for a list of %zu videos", room);
        h->at = at;
        h->room = room;
    }
    h->at[h->count++] = video;
    return OK;
}

static void hand_drop(hand *h, size_t first)
{
    if (first > h->count) first = h->count;
    h->count -= first;
    if (h->count) memmove(h->at, h->at + first, h->count * sizeof *h->at);
}

/* ---- order ------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t key;
    size_t video;
} place;

static int by_key(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->video < y->video ? -1 : x->video > y->video;
}

static status lay_out(dealing *d)
{
    place *places = malloc((d->videos + 1) * sizeof *places);
    if (!places) return FAIL(ERR_MEMORY, "no memory to order %zu videos", d->videos);
    uint64_t epoch = hash_mix(d->seed, (uint64_t)d->epoch);
    for (size_t i = 0; i < d->videos; i++) places[i] = (place){d->shuffled ? hash_mix(epoch, i) : i, i};
    qsort(places, d->videos, sizeof *places, by_key);
    for (size_t i = 0; i < d->videos; i++) d->order[i] = places[i].video;
    free(places);
    return OK;
}

status dealing_new(size_t videos, size_t ranks, int64_t epochs, uint64_t seed, bool shuffled, dealing *out)
{
    *out = (dealing){.videos = videos, .ranks = ranks, .epochs = epochs, .seed = seed, .shuffled = shuffled};
    out->order = malloc((videos + 1) * sizeof *out->order);
    out->hands = calloc(ranks, sizeof *out->hands);
    if (!out->order || !out->hands) return FAIL(ERR_MEMORY, "no memory to deal out %zu videos", videos);
    return lay_out(out);
}

void dealing_free(dealing *d)
{
    for (size_t r = 0; d->hands && r < d->ranks; r++) free(d->hands[r].at);
    free(d->hands);
    free(d->back.at);
    free(d->order);
    *d = (dealing){0};
}

/* ---- dealing ----------------------------------------------------------------------------------------------------- */

/* Hands go back by turns, so that what was dealt first comes first again. */
static status take_back(dealing *d)
{
    status st = OK;
    size_t longest = 0;
    hand all = {0};
    for (size_t r = 0; r < d->ranks; r++)
        if (d->hands[r].count > longest) longest = d->hands[r].count;
    for (size_t i = 0; i < longest; i++)
        for (size_t r = 0; r < d->ranks; r++)
            if (i < d->hands[r].count) TRY(hand_add(&all, d->hands[r].at[i]));
    for (size_t i = 0; i < d->back.count; i++) TRY(hand_add(&all, d->back.at[i]));
    for (size_t r = 0; r < d->ranks; r++) d->hands[r].count = 0;
    free(d->back.at);
    d->back = all;
    all = (hand){0};
done:
    free(all.at);
    return st;
}

/* The next video; of the next epoch where one is over, `idle`: nobody watches any more of it. */
static status draw(dealing *d, bool idle, size_t *video, bool *any)
{
    status st = OK;
    *any = true;
    if (d->back.count) {
        *video = d->back.at[0];
        hand_drop(&d->back, 1);
        goto done;
    }
    if (idle && d->next == d->videos && d->epoch + 1 < d->epochs) {
        d->epoch++;
        d->next = 0;
        TRY(lay_out(d));
    }
    *any = d->next < d->videos;
    if (*any) *video = d->order[d->next++];
done:
    return st;
}

/* Deals rounds, one video a round to every rank that wants more. */
static status deal_rounds(dealing *d, bool idle, size_t *wanted)
{
    status st = OK;
    bool any = true, dealt = true;
    size_t video = 0;
    while (dealt && any) {
        dealt = false;
        for (size_t r = 0; r < d->ranks && any; r++) {
            if (!wanted[r]) continue;
            TRY(draw(d, idle, &video, &any));
            idle = false; /* of an epoch that has just begun */
            if (!any) break;
            TRY(hand_add(&d->hands[r], video));
            wanted[r]--;
            dealt = true;
        }
    }
done:
    return st;
}

status dealing_deal(dealing *d, const dealing_wish *wishes)
{
    status st = OK;
    bool idle = true;
    size_t *wanted = malloc(d->ranks * sizeof *wanted);
    if (!wanted) TRY(FAIL(ERR_MEMORY, "no memory to deal to %zu ranks", d->ranks));
    for (size_t r = 0; r < d->ranks; r++) hand_drop(&d->hands[r], wishes[r].begun);
    for (size_t r = 0; r < d->ranks; r++) idle = idle && !wishes[r].busy;
    TRY(take_back(d));
    idle = idle && !d->back.count;
    for (size_t r = 0; r < d->ranks; r++) wanted[r] = wishes[r].free;
    TRY(deal_rounds(d, idle, wanted));
    for (size_t r = 0; r < d->ranks; r++) wanted[r] = wishes[r].reserve;
    TRY(deal_rounds(d, false, wanted));
done:
    free(wanted);
    return st;
}

bool dealing_is_over(const dealing *d)
{
    for (size_t r = 0; r < d->ranks; r++)
        if (d->hands[r].count) return false;
    return !d->back.count && d->next == d->videos && d->epoch + 1 >= d->epochs;
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

static size_t put_hand(const hand *h, int64_t *to)
{
    for (size_t i = 0; i < h->count; i++) to[i] = (int64_t)h->at[i];
    to[h->count] = -1;
    return h->count + 1;
}

status dealing_save(const dealing *d, int64_t **out, size_t *count)
{
    size_t room = 3 + d->back.count, at = 2;
    for (size_t r = 0; r < d->ranks; r++) room += d->hands[r].count + 1;
    int64_t *table = malloc(room * sizeof *table);
    if (!table) return FAIL(ERR_MEMORY, "no memory to save who watches what");
    table[0] = d->epoch;
    table[1] = (int64_t)d->next;
    at += put_hand(&d->back, table + at);
    for (size_t r = 0; r < d->ranks; r++) at += put_hand(&d->hands[r], table + at);
    *out = table;
    *count = at;
    return OK;
}

static status get_hand(dealing *d, hand *h, const int64_t *table, size_t count, size_t *at)
{
    status st = OK;
    h->count = 0;
    for (; *at < count && table[*at] >= 0 && (size_t)table[*at] < d->videos; (*at)++)
        TRY(hand_add(h, (size_t)table[*at]));
    if (*at >= count || table[*at] != -1)
        TRY(FAIL(ERR_INPUT, "the checkpoint deals out videos that there are not: the list of videos is another one"));
    (*at)++;
done:
    return st;
}

status dealing_load(dealing *d, const int64_t *table, size_t count)
{
    status st = OK;
    size_t at = 2;
    if (count < 2 || table[0] < 0 || table[0] >= d->epochs || table[1] < 0 || (size_t)table[1] > d->videos)
        TRY(FAIL(ERR_INPUT, "the checkpoint is at a place that this list of videos has not"));
    d->epoch = table[0];
    d->next = (size_t)table[1];
    TRY(lay_out(d));
    TRY(get_hand(d, &d->back, table, count, &at));
    for (size_t r = 0; r < d->ranks; r++) TRY(get_hand(d, &d->hands[r], table, count, &at));
done:
    return st;
}
