#include "comm/patience.h"

#include "base/clock.h"

#include <sched.h>
#include <time.h>

#define YIELDING 200e-6 /* seconds of giving the core away before the first nap */
#define NAP_LEAST 20e-6
#define NAP_MOST 2e-3
#define NAP_PART (1.0 / 16) /* of what was waited so far */

patience patience_start(double limit)
{
    return (patience){monotonic_seconds(), limit};
}

bool patience_wait(const patience *p)
{
    double waited = monotonic_seconds() - p->start;
    if (waited > p->limit) return false;
    if (waited < YIELDING) {
        sched_yield();
        return true;
    }
    double nap = waited * NAP_PART;
    if (nap < NAP_LEAST) nap = NAP_LEAST;
    if (nap > NAP_MOST) nap = NAP_MOST;
    nanosleep(&(struct timespec){.tv_nsec = (long)(nap * 1e9)}, NULL); /* a signal may end it early: no harm */
    return true;
}
