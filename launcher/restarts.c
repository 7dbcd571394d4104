#include "launcher/restarts.h"

#include "base/log.h"
#include "launcher/ranks.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAUSE_MOST = 60, NAP_MS = 100 };

/* A line that cannot be written is told and is no failure. */
static void note(const char *run, const plan_step *step, int64_t number, int64_t most)
{
    char stamp[32], *path = run_path(run, "logs/restarts.jsonl"), *line = NULL;
    struct tm day;
    time_t now = time(NULL);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &day));
    json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:s}", "time", stamp, "step", step->name, "restart",
                               (json_int_t)number, "of", (json_int_t)most, "cause", fail_message());
    if (object) line = json_dumps(object, JSON_COMPACT);
    FILE *to = path ? fopen(path, "ae") : NULL;
    bool written = to && line && fprintf(to, "%s\n", line) > 0;
    if (to && fclose(to)) written = false;
    if (!written) log_warn("%s: cannot note the restart: %s", path ? path : run, strerror(errno));
    json_decref(object);
    free(line);
    free(path);
}

static int64_t pause_before(int64_t number)
{
    return number < 7 && 1 << (number - 1) < PAUSE_MOST ? 1 << (number - 1) : PAUSE_MOST;
}

/* A stop ends the pause. */
static void wait_seconds(int64_t seconds)
{
    for (int64_t ms = 0; ms < seconds * 1000 && !stop_requested(); ms += NAP_MS)
        nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
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
        note(run, step, *restarts, most);
        wait_seconds(seconds);
        fail_clear();
        if (stop_requested()) return FAIL(ERR_RETRY, "stopped before %s began again; --resume does so", step->name);
        st = ranks_run(r, run, step);
    }
    return st;
}
