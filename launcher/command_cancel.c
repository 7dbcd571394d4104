/* magister cancel */
#include "base/clock.h"
#include "base/log.h"
#include "launcher/cancel.h"
#include "launcher/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { KEY_NOW = 'k', KEY_WAIT = 'w', WAIT_SECONDS = 600 };
#define TELL_EVERY 30.0
#define LOOK_EVERY 0.2

typedef struct {
    bool now;
    double wait; /* seconds */
} cancel_options;

static const struct argp_option OPTIONS[] = {
    {"now", KEY_NOW, NULL, 0, "Kill the ranks: what was trained since the last checkpoint is lost", 0},
    {"wait", KEY_WAIT, "SECONDS", 0, "How long to wait for the end (600); 0 only asks for it", 0},
    {0},
};

static const char HELP[] =
    "Stops a run: its ranks save and end, its jobs that wait in Slurm are taken out of the queue."
    "\vA run on this machine is stopped by its launcher, one in jobs of `magister submit` through Slurm, from any "
    "machine "
    "that has scancel. A run on another machine is not touched: what is said tells where to go. Nothing is asked, and "
    "a "
    "run that is over is left as it is.\n\nmagister run --resume goes on with a run that was cancelled.\n\n"
    "Examples:\n  magister cancel runs/demo\n  magister cancel runs/demo --now\n\n"
    "Exit codes: 0 nothing of it runs any longer (or, with --wait 0, it was asked), 64 wrong command line, 66 there is "
    "no "
    "such run, 74 Slurm does not answer, 76 it cannot be reached from here or did not end in time.";

static void take_option(int key, char *value, struct argp_state *state)
{
    cancel_options *options = ((command_line *)state->input)->self;
    if (key == KEY_NOW) options->now = true;
    if (key != KEY_WAIT) return;
    char *end;
    options->wait = strtod(value, &end);
    if (*end || end == value || !(options->wait >= 0 && options->wait <= 1e6))
        argp_error(state, "--wait is a number of seconds from 0 to 1000000, not %s", value);
}

static status look_at(char *run, slurm_memory *memory, run_condition *out)
{
    run_views views = {0};
    status st = run_views_read(&run, 1, memory, &views);
    if (st == OK) *out = views.at[0].condition;
    run_views_free(&views);
    return st;
}

static status late(const cancellation *c, double wait)
{
    return FAIL(ERR_RANK, "%s: still runs after %.0f s%s", c->run, wait,
                c->now ? "" : ": wait on (magister status --watch), or kill it with --now");
}

/* Until nothing of the run is left. The answer to --wait 0 comes after all was asked. */
static status wait_for_end(cancellation *c, double wait)
{
    status st = OK;
    double begun = monotonic_seconds(), told = begun;
    for (;;) {
        TRY(cancel_go_on(c));
        double now = monotonic_seconds();
        if (c->ended || wait <= 0) goto done;
        if (now - begun > wait) TRY(late(c, wait));
        if (now - told > TELL_EVERY) {
            told = now;
            printf("%s: not ended yet, after %.0f s\n", c->run, now - begun);
            fflush(stdout);
        }
        nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * LOOK_EVERY)}, NULL);
    }
done:
    return st;
}

static status cancel_one(char *run, const cancel_options *o)
{
    status st = OK;
    cancellation c = {.run = run, .now = o->now};
    run_condition before, after;
    TRY(run_view_require(run));
    TRY(look_at(run, &c.memory, &before));
    if (before >= VIEW_PENDING && before <= VIEW_SILENT && run_cancel_ask(run) != OK) {
        log_warn("%s", fail_message()); /* a job that is requeued in spite of it is met below */
        fail_clear();
    }
    TRY(wait_for_end(&c, o->wait));
    if (!c.ended) goto done;
    TRY(look_at(run, &c.memory, &after));
    bool acted = c.signals || c.asked_count || before == VIEW_PENDING;
    const char *word = after == VIEW_STOPPED   ? "stopped; magister run --resume goes on with it"
                       : after == VIEW_RUNNING ? "ended" /* its last word is still on its way */
                                               : run_condition_name(after);
    printf("%s: %s%s\n", run, acted ? "" : "does not run: ", acted ? word : run_condition_name(after));
done:
    cancel_free(&c);
    return st;
}

status command_cancel(int argc, char **argv)
{
    status st = OK;
    cancel_options options = {.wait = WAIT_SECONDS};
    command_line line = {OPTIONS, "RUN ...", HELP, 1, 0, take_option, &options, {0}};
    TRY(arguments_parse(&line, argc, argv));
    for (size_t i = 0; i < line.found.count; i++) TRY(cancel_one(line.found.at[i], &options));
done:
    free(line.found.at);
    return st;
}
