#include "launcher/member.h"

#include "conf/run.h"
#include "launcher/json_file.h"
#include "launcher/run_state.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Without a sign of life for so long, a launcher of another machine is taken for lost with it. */
enum { LOST_SECONDS = 10 * RUN_SIGN_SECONDS };

const char *member_phase_name(member_phase phase)
{
    static const char *const NAMES[] = {"waiting", "running", "stopped", "failed", "done"};
    return NAMES[phase];
}

static bool is_begun(const char *run)
{
    char *path = run_path(run, "recipe.yaml");
    bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

static bool is_at_work(const run_state *state)
{
    process_life life = process_look(&state->launcher);
    return life == PROCESS_LIVES || (life == PROCESS_UNSEEN && time(NULL) - state->updated < LOST_SECONDS);
}

static member_phase phase_of(const run_state *state)
{
    switch (state->phase) {
    case RUN_RUNNING: return is_at_work(state) ? MEMBER_RUNNING : MEMBER_STOPPED;
    case RUN_FAILED: return MEMBER_FAILED;
    case RUN_DONE: return MEMBER_DONE;
    case RUN_UNKNOWN:
    case RUN_STOPPED: break;
    }
    return MEMBER_STOPPED;
}

void member_look(const char *run, member_state *out)
{
    run_state state;
    bool clean = !fail_message()[0]; /* a failure that is waiting to be told stays */
    *out = (member_state){.phase = MEMBER_WAITING};
    if (!is_begun(run)) return;
    out->phase = MEMBER_STOPPED;
    if (run_state_read(run, &state) == OK) {
        const char *message = state.error.message;
        out->phase = phase_of(&state);
        if (out->phase != MEMBER_FAILED) return;
        out->code = (int)state.error.code;
        text_copy_printable(out->message, sizeof out->message, message, strcspn(message, "\n"), false);
    } else if (clean) {
        text_copy_printable(out->message, sizeof out->message, fail_message(), strcspn(fail_message(), "\n"), false);
        fail_clear();
    }
}
