#include "data/stratify.h"

#include "base/hash.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { DRAW_CLIP = 1, DRAW_CLASS = 2 };

typedef struct {
    int64_t class_id;
    uint64_t hash;
    const char *uid;
    size_t at; /* in the caller's order */
} ticket;

static int by_class_and_hash(const void *a, const void *b)
{
    const ticket *x = a, *y = b;
    if (x->class_id != y->class_id) return x->class_id < y->class_id ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return strcmp(x->uid, y->uid);
}

static uint64_t uid_hash(uint64_t seed, const char *uid)
{
    uint64_t hash = hash_mix(seed, DRAW_CLIP);
    for (; *uid; uid++) hash = hash_mix(hash, (unsigned char)*uid);
    return hash;
}

/* With fewer clips than parts. */
static void share_few(size_t n, const double parts[PART_COUNT], size_t out[PART_COUNT])
{
    static const int TURNS[PART_COUNT] = {PART_TRAIN, PART_EVAL, PART_DEVELOPMENT};
    for (size_t i = 0; i < PART_COUNT; i++) {
        bool gets = n > 0 && parts[TURNS[i]] > 0;
        out[TURNS[i]] = gets;
        n -= gets;
    }
}

/* `turn` tells which part comes first among equal remainders. */
static void share_out(size_t n, const double parts[PART_COUNT], size_t turn, size_t out[PART_COUNT])
{
    double sum = parts[0] + parts[1] + parts[2], left[PART_COUNT];
    size_t given = 0, wanted = 0;
    for (size_t p = 0; p < PART_COUNT; p++) wanted += parts[p] > 0;
    if (n < wanted) {
        share_few(n, parts, out);
        return;
    }
    for (size_t p = 0; p < PART_COUNT; p++) {
        double share = (double)n * parts[p] / sum, whole = floor(share + 1e-9); /* of shares like .15, which are not */
        if (parts[p] > 0 && whole < 1) whole = 1;
        out[p] = (size_t)whole;
        left[p] = parts[p] > 0 ? share - whole : -INFINITY;
        given += out[p];
    }
    for (; given < n; given++) {
        size_t most = turn % PART_COUNT;
        for (size_t i = 1; i < PART_COUNT; i++) {
            size_t p = (turn + i) % PART_COUNT;
            if (left[p] > left[most] + 1e-9) most = p;
        }
        out[most]++;
        left[most] -= 1;
    }
    for (; given > n; given--) { /* where parts were raised to one */
        size_t most = out[PART_TRAIN] >= out[PART_EVAL] ? PART_TRAIN : PART_EVAL;
        if (out[PART_DEVELOPMENT] > out[most]) most = PART_DEVELOPMENT;
        out[most]--;
    }
}

static void deal(const ticket *at, size_t count, const size_t shares[PART_COUNT], unsigned char *part_of)
{
    size_t next = 0;
    for (size_t p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < shares[p] && next < count; i++) part_of[at[next++].at] = (unsigned char)p;
}

status stratify(const int64_t *class_of, const char *const *uids, size_t count, const double parts[PART_COUNT],
                uint64_t seed, unsigned char *part_of)
{
    status st = OK;
    ticket *all = calloc(count + 1, sizeof *all);
    if (!all) TRY(FAIL(ERR_MEMORY, "no memory to split %zu clips", count));
    for (size_t i = 0; i < count; i++) all[i] = (ticket){class_of[i], uid_hash(seed, uids[i]), uids[i], i};
    qsort(all, count, sizeof *all, by_class_and_hash);
    for (size_t first = 0, next; first < count; first = next) {
        size_t shares[PART_COUNT];
        for (next = first; next < count && all[next].class_id == all[first].class_id;) next++;
        uint64_t turn = hash_mix(hash_mix(seed, DRAW_CLASS), (uint64_t)all[first].class_id);
        share_out(next - first, parts, (size_t)(turn % PART_COUNT), shares);
        deal(all + first, next - first, shares, part_of);
    }
done:
    free(all);
    return st;
}
