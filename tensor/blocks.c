#include "tensor/blocks.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

typedef struct {
    void *at;
    size_t bytes;
    uint64_t given; /* when it was given back, in calls of block_give; 0: in use */
} block;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static block *blocks; /* (count) of room for `room`, in no order: there are some dozens of them */
static size_t count, room;
static size_t held, used, most; /* bytes of all blocks, of those in use, and the most that were in use at once */
static uint64_t gifts;

static void let_go(size_t i)
{
    free(blocks[i].at);
    held -= blocks[i].bytes;
    blocks[i] = blocks[--count];
}

/* The index of the block that has waited longest; count where none waits. */
static size_t find_oldest(void)
{
    size_t oldest = count;
    for (size_t i = 0; i < count; i++)
        if (blocks[i].given && (oldest == count || blocks[i].given < blocks[oldest].given)) oldest = i;
    return oldest;
}

/* The smallest one that waits and fits, without wasting more than an eighth; count where there is none. */
static size_t find_fitting(size_t bytes)
{
    size_t best = count;
    for (size_t i = 0; i < count; i++)
        if (blocks[i].given && blocks[i].bytes >= bytes && blocks[i].bytes <= bytes + bytes / 8 &&
            (best == count || blocks[i].bytes < blocks[best].bytes))
            best = i;
    return best;
}

/* Makes waiting blocks leave, oldest first, until `bytes` more are within `limit`. */
static void make_room(size_t bytes, size_t limit)
{
    for (size_t oldest; held + bytes > limit && (oldest = find_oldest()) < count;) let_go(oldest);
}

static bool have_place(void)
{
    if (count < room) return true;
    size_t wanted = room ? 2 * room : 64;
    block *more = realloc(blocks, wanted * sizeof *more);
    if (!more) return false;
    blocks = more;
    room = wanted;
    return true;
}

/* The index of a new block; count where there is no memory for it. */
static size_t add_block(size_t bytes)
{
    if (!have_place()) return count;
    size_t limit = used + bytes > most ? used + bytes : most;
    make_room(bytes, limit);
    void *at = aligned_alloc(HUGE_PAGE, bytes);
    if (!at) {
        make_room(bytes, 0);
        at = aligned_alloc(HUGE_PAGE, bytes);
    }
    if (!at) return count;
    madvise(at, bytes, MADV_HUGEPAGE); /* refused where the system has none: small pages do as well */
    blocks[count] = (block){.at = at, .bytes = bytes};
    held += bytes;
    return count++;
}

void *block_take(size_t bytes)
{
    void *at = NULL;
    if (bytes > SIZE_MAX - HUGE_PAGE) return NULL;
    bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    pthread_mutex_lock(&lock);
    size_t i = find_fitting(bytes);
    if (i == count) i = add_block(bytes);
    if (i < count) {
        blocks[i].given = 0;
        at = blocks[i].at;
        used += blocks[i].bytes;
        if (used > most) most = used;
    }
    pthread_mutex_unlock(&lock);
    return at;
}

bool block_give(void *at)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count && !found; i++)
        if (blocks[i].at == at && !blocks[i].given) {
            found = true;
            blocks[i].given = ++gifts;
            used -= blocks[i].bytes;
        }
    pthread_mutex_unlock(&lock);
    return found;
}
