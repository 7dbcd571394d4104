#include "video/frame_ring.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct frame_ring {
    size_t room, bytes;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t more, less;
    uint8_t *pictures; /* (room, bytes) */
    int64_t *numbers;  /* (room) */
    size_t first, count;
    int64_t dropped;
    bool ended, stopped;
};

status frame_ring_open(size_t room, size_t bytes, frame_ring **out)
{
    status st = OK;
    pthread_condattr_t attributes;
    frame_ring *r = calloc(1, sizeof *r);
    if (!r) TRY(FAIL(ERR_MEMORY, "no memory for %zu frames", room));
    r->room = room;
    r->bytes = bytes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->more, &attributes);
    pthread_cond_init(&r->less, NULL);
    pthread_condattr_destroy(&attributes);
    r->pictures = calloc(room, bytes);
    r->numbers = calloc(room, sizeof *r->numbers);
    if (!r->pictures || !r->numbers) TRY(FAIL(ERR_MEMORY, "no memory for %zu frames of %zu bytes", room, bytes));
    *out = r;
    r = NULL;
done:
    frame_ring_close(&r);
    return st;
}

void frame_ring_close(frame_ring **at)
{
    frame_ring *r = *at;
    if (!r) return;
    pthread_cond_destroy(&r->less);
    pthread_cond_destroy(&r->more);
    pthread_mutex_destroy(&r->lock);
    free(r->pictures);
    free(r->numbers);
    free(r);
    *at = NULL;
}

/* ---- putting in -------------------------------------------------------------------------------------------------- */

static void forget(frame_ring *r, size_t count)
{
    r->first = (r->first + count) % r->room;
    r->count -= count;
}

bool frame_ring_put(frame_ring *r, const uint8_t *picture, int64_t number, bool drop)
{
    pthread_mutex_lock(&r->lock);
    while (r->count == r->room && !drop && !r->stopped) pthread_cond_wait(&r->less, &r->lock);
    bool put = !r->stopped;
    if (put && r->count == r->room) {
        forget(r, 1);
        r->dropped++;
    }
    if (put) {
        size_t at = (r->first + r->count++) % r->room;
        memcpy(r->pictures + at * r->bytes, picture, r->bytes);
        r->numbers[at] = number;
        pthread_cond_signal(&r->more);
    }
    pthread_mutex_unlock(&r->lock);
    return put;
}

void frame_ring_end(frame_ring *r)
{
    pthread_mutex_lock(&r->lock);
    r->ended = true;
    pthread_cond_broadcast(&r->more);
    pthread_mutex_unlock(&r->lock);
}

void frame_ring_stop(frame_ring *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopped = r->ended = true;
    pthread_cond_broadcast(&r->more);
    pthread_cond_broadcast(&r->less);
    pthread_mutex_unlock(&r->lock);
}

/* ---- taking out -------------------------------------------------------------------------------------------------- */

static struct timespec after(double seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double whole = floor(seconds), nanoseconds = (double)now.tv_nsec + 1e9 * (seconds - whole);
    bool over = nanoseconds >= 1e9;
    now.tv_sec += (time_t)whole + over;
    now.tv_nsec = (long)(nanoseconds - (over ? 1e9 : 0));
    return now;
}

/* Under the lock. */
static size_t wait_for_more(frame_ring *r, double seconds)
{
    const double SECONDS_MOST = 1e9;
    const struct timespec until = after(seconds > 0 ? fmin(seconds, SECONDS_MOST) : 0);
    int code = 0;
    while (!r->count && !r->ended && code != ETIMEDOUT) {
        if (seconds < 0) pthread_cond_wait(&r->more, &r->lock);
        else code = pthread_cond_timedwait(&r->more, &r->lock, &until);
    }
    return r->count ? r->count : r->ended;
}

size_t frame_ring_wait(frame_ring *r, double seconds)
{
    pthread_mutex_lock(&r->lock);
    size_t count = wait_for_more(r, seconds);
    pthread_mutex_unlock(&r->lock);
    return count;
}

static void copy_out(const frame_ring *r, size_t count, uint8_t *pictures, int64_t *numbers)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = (r->first + i) % r->room;
        memcpy(pictures + i * r->bytes, r->pictures + at * r->bytes, r->bytes);
        numbers[i] = r->numbers[at];
    }
}

size_t frame_ring_take(frame_ring *r, size_t most, uint8_t *pictures, int64_t *numbers)
{
    pthread_mutex_lock(&r->lock);
    (void)wait_for_more(r, -1);
    size_t count = r->count < most ? r->count : most;
    copy_out(r, count, pictures, numbers);
    forget(r, count);
    pthread_cond_signal(&r->less);
    pthread_mutex_unlock(&r->lock);
    return count;
}

int64_t frame_ring_dropped(frame_ring *r)
{
    pthread_mutex_lock(&r->lock);
    int64_t dropped = r->dropped;
    pthread_mutex_unlock(&r->lock);
    return dropped;
}
