#include "launcher/follow_jobs.h"

#include "base/log.h"
#include "conf/sweep.h"
#include "launcher/failures.h"
#include "launcher/run_state.h"
#include "launcher/slurm.h"
#include "launcher/submitted.h"
#include "launcher/sweep_table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { AGAIN_MOST = 1000, SEEN_BYTES = 8192 };

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

/* A line for each job whose state or reason is not what it was; `seen` (SEEN_BYTES) is all lines together. */
static void tell_changes(const slurm_jobs *jobs, char *seen)
{
    char now[SEEN_BYTES] = "";
    size_t used = 0;
    for (size_t i = 0; i < jobs->count && used < sizeof now; i++) {
        const slurm_job *job = &jobs->at[i];
        const char *words = job->reason[0] ? slurm_reason_text(job->reason) : "";
        char line[400];
        snprintf(line, sizeof line, "job %s: %s%s%s%s%s\n", job->id, job->state, job->nodes[0] ? " on " : "",
                 job->nodes, words[0] ? ": " : "", words);
        if (!strstr(seen, line)) log_info("%.*s", (int)strlen(line) - 1, line);
        used += (size_t)snprintf(now + used, sizeof now - used, "%s", line);
    }
    memcpy(seen, now, SEEN_BYTES);
}

/* The jobs that are noted with the run, or else those that were sent. */
static status jobs_noted(const submission *s, submitted *out)
{
    if (submitted_read(s->directory, out) == OK) return OK;
    fail_clear();
    *out = (submitted){.at = calloc(s->count, sizeof *out->at), .count = s->count};
    if (!out->at) return FAIL(ERR_MEMORY, "no memory to follow %zu jobs", s->count);
    for (size_t i = 0; i < s->count; i++) snprintf(out->at[i].id, sizeof out->at[i].id, "%s", s->jobs[i].id);
    return OK;
}

static bool same_jobs(const submitted *a, const submitted *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) same = !strcmp(a->at[i].id, b->at[i].id);
    return same;
}

static status ask_of(const submitted *noted, slurm_jobs *out)
{
    const char **ids = calloc(noted->count, sizeof *ids);
    if (!ids) return FAIL(ERR_MEMORY, "no memory to follow %zu jobs", noted->count);
    for (size_t i = 0; i < noted->count; i++) ids[i] = noted->at[i].id;
    status st = slurm_jobs_ask(ids, noted->count, out);
    free(ids);
    return st;
}

/* What works on the run now. A job that was stopped may have sent another one in its place and ended while Slurm was
 * asked: then what was asked is old. */
static status ask(const submission *s, slurm_jobs *out)
{
    status st = OK;
    submitted noted = {0}, then = {0};
    TRY(jobs_noted(s, &then));
    do {
        submitted_free(&noted);
        noted = then;
        then = (submitted){0};
        slurm_jobs_free(out);
        TRY(ask_of(&noted, out));
        TRY(jobs_noted(s, &then));
    } while (!same_jobs(&noted, &then));
done:
    submitted_free(&noted);
    submitted_free(&then);
    return st;
}

/* Until none waits or runs. A Slurm that does not answer for a while is waited for. */
static status wait_for_end(const submission *s)
{
    status st = OK;
    char seen[SEEN_BYTES] = "";
    for (bool live = true; live;) {
        slurm_jobs jobs = {0};
        st = ask(s, &jobs);
        if (st == ERR_MISSING || st == ERR_MEMORY) TRY(st);
        if (st != OK) log_warn("%s", fail_message());
        if (st == OK) tell_changes(&jobs, seen);
        live = st != OK;
        st = OK;
        fail_clear();
        for (size_t i = 0; i < jobs.count; i++) live = live || slurm_phase_of(&jobs.at[i]) != SLURM_ENDED;
        slurm_jobs_free(&jobs);
        if (live) nap();
    }
done:
    return st;
}

/* How a run ended, by what its launcher left. `*again`: it was stopped, not cancelled, and would go on. */
static status verdict(const char *run, bool *again)
{
    run_state state;
    *again = false;
    if (run_state_read(run, &state) != OK) {
        fail_clear();
        return FAIL(ERR_RANK, "%s: its job ended before magister began: see %s/logs/slurm-*.out", run, run);
    }
    if (state.phase == RUN_DONE) return OK;
    if (state.phase == RUN_FAILED)
        return FAIL(status_of_exit((int)state.error.code), "%s: %s", run, state.error.message);
    *again = state.phase == RUN_STOPPED && !run_cancel_asked(run);
    fail_clear();
    if (state.phase == RUN_STOPPED)
        return FAIL(ERR_RETRY, "%s: stopped; magister submit --resume %s goes on", run, run);
    return FAIL(ERR_RANK, "%s: its job was lost at %s without a word: magister submit --resume %s goes on", run,
                state.step[0] ? state.step : "its start", run);
}

/* The first member's that did not succeed; `*again` when any would go on. */
static status sweep_verdict(const submission *s, bool *again)
{
    status st = OK, first = OK;
    char message[2048] = "";
    recipe *member = NULL;
    char *directory = NULL;
    for (size_t i = 0; i < s->members; i++) {
        bool goes_on = false;
        TRY(sweep_member(s->recipe, i, &member));
        directory = run_directory(member);
        if (!directory) TRY(FAIL(ERR_MEMORY, "no memory to look at member %zu", i));
        status each = verdict(directory, &goes_on);
        if (each != OK && first == OK) {
            first = each;
            snprintf(message, sizeof message, "%s", fail_message());
        }
        *again = *again || goes_on;
        fail_clear();
        free(directory);
        directory = NULL;
        recipe_free(&member);
    }
    if (first != OK) TRY(FAIL(first, "%s", message));
done:
    free(directory);
    recipe_free(&member);
    return st;
}

status follow_jobs(submission *s)
{
    status st = OK;
    for (int times = 0; times < AGAIN_MOST; times++) {
        bool again = false;
        TRY(wait_for_end(s));
        st = s->members ? sweep_verdict(s, &again) : verdict(s->directory, &again);
        if (!again) break;
        fail_clear();
        log_info("%s was stopped: it is submitted again", s->directory);
        TRY(submission_send(s, 0, NULL, NULL));
    }
done:
    if (s->members && sweep_table_show(s->directory, stdout) != OK && st == OK) st = ERR_IO;
    return st;
}
