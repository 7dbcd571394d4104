#include "launcher/member.h"

#include "base/file.h"
#include "conf/run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { ENDED_BYTES_MAX = 1 << 16 };

static const char ENDED[] = "ended.json";

const char *member_phase_name(member_phase phase)
{
    static const char *const NAMES[] = {"waiting", "running", "stopped", "failed", "done"};
    return NAMES[phase];
}

static bool holds(const char *run, const char *name)
{
    char *path = run_path(run, name);
    bool there = path && access(path, F_OK) == 0;
    free(path);
    return there;
}

/* Whether a launcher has the run's lock. */
static bool is_locked(const char *run)
{
    char *path = run_path(run, "lock");
    int lock = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    bool locked = lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    if (lock >= 0) close(lock);
    free(path);
    return locked;
}

static void take_first_line(const char *text, member_state *out)
{
    size_t length = text ? strcspn(text, "\n") : 0;
    for (size_t i = 0; i < length && i + 1 < sizeof out->message; i++) out->message[i] = text[i];
    for (char *at = out->message; *at; at++)
        if (iscntrl((unsigned char)*at)) *at = '?';
}

static json_t *read_end(const char *run)
{
    char *path = run_path(run, ENDED), *bytes = NULL;
    size_t count;
    json_t *end = NULL;
    bool clean = !fail_message()[0]; /* a failure that is waiting to be told stays */
    if (path && file_exists(path) && file_read(path, ENDED_BYTES_MAX, &bytes, &count) == OK)
        end = json_loadb(bytes, count, 0, NULL);
    if (clean) fail_clear();
    free(bytes);
    free(path);
    return end;
}

void member_look(const char *run, member_state *out)
{
    *out = (member_state){.phase = MEMBER_WAITING};
    if (!holds(run, "recipe.yaml")) return;
    json_t *end = read_end(run);
    const json_t *code = json_object_get(end, "exit_code");
    out->phase = is_locked(run) ? MEMBER_RUNNING : MEMBER_STOPPED;
    if (out->phase == MEMBER_STOPPED && json_is_integer(code)) {
        out->code = (int)json_integer_value(code);
        out->phase = !out->code                                 ? MEMBER_DONE
                     : out->code == status_exit_code(ERR_RETRY) ? MEMBER_STOPPED
                                                                : MEMBER_FAILED;
        if (out->phase == MEMBER_FAILED) take_first_line(json_string_value(json_object_get(end, "message")), out);
        else out->code = 0;
    }
    json_decref(end);
}

void member_note(const char *run, status st)
{
    char *path = run_path(run, ENDED), *text = NULL;
    json_t *end = json_pack("{s:i, s:s}", "exit_code", status_exit_code(st), "message", fail_message());
    bool clean = !fail_message()[0];
    if (end) text = json_dumps(end, JSON_INDENT(2));
    if (path && text && directory_exists(run) && file_write(path, text, strlen(text)) != OK && clean) fail_clear();
    json_decref(end);
    free(text);
    free(path);
}
