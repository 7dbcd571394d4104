#include "launcher/restarts.h"

#include "base/log.h"
#include "launcher/ranks.h"
#include "launcher/run_state.h"

#include <time.h>

enum { PAUSE_MOST = 60, NAP_MS = 100 };

static int64_t pause_before(int64_t number)
{
    return number < 7 && 1 << (number - 1) < PAUSE_MOST ? 1 << (number - 1) : PAUSE_MOST;
}

/* A stop ends the pause. */
static void wait_seconds(int64_t seconds)
{
    for (int64_t ms = 0; ms < seconds * 1000 && !stop_requested(); ms += NAP_MS) {
        nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
        run_state_alive();
    }
}

status restarts_run(const recipe *r, const char *run, const plan_step *step, int64_t *restarts)
{
    int64_t most = recipe_int(r, "launch.max_restarts");
    status st = ranks_run(r, run, step);
    while (st == ERR_RANK && *restarts < most && !stop_requested()) {
        int64_t seconds = pause_before(++*restarts);
        log_warn("%s", fail_message());
        log_warn("%s begins again from its last checkpoint in %lld s: restart %lld of %lld", step->name,
                 (long long)seconds, (long long)*restarts, (long long)most);
        run_state_restarted();
        wait_seconds(seconds);
        fail_clear();
        if (stop_requested()) return FAIL(ERR_RETRY, "stopped before %s began again; --resume does so", step->name);
        st = ranks_run(r, run, step);
    }
    return st;
}
