#include "launcher/failures.h"

#include "base/file.h"
#include "conf/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ERROR_BYTES_MAX = 16384 };

typedef struct {
    size_t rank;
    status code;
    bool killed; /* by a signal: its watcher says so */
    struct timespec when;
    char *text; /* the whole file; owned */
} failure;

/* New string; `kind` is what the file's name ends in. */
static char *left_path(const char *run, const char *step, size_t rank, const char *kind)
{
    char *path = NULL;
    return asprintf(&path, "%s/logs/%s.rank%zu.%s", run, step, rank, kind) < 0 ? NULL : path;
}

static status forget(const char *run, const char *step, size_t rank, const char *kind)
{
    char *path = left_path(run, step, rank, kind);
    if (!path) return FAIL(ERR_MEMORY, "no memory to start %s", step);
    status st = unlink(path) && errno != ENOENT ? FAIL(ERR_IO, "%s: cannot remove: %s", path, strerror(errno)) : OK;
    free(path);
    return st;
}

status failures_forget(const char *run, const char *step, size_t ranks)
{
    static const char *const KINDS[] = {"error", "stack", "stack.unfinished"};
    status st = OK;
    for (size_t rank = 0; rank < ranks; rank++)
        for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++) TRY(forget(run, step, rank, KINDS[k]));
done:
    return st;
}

/* Whether there are stacks of a rank. Those that there was no time to finish are taken as they are. */
static bool has_stacks(const char *run, const char *step, size_t rank)
{
    char *whole = left_path(run, step, rank, "stack"), *begun = left_path(run, step, rank, "stack.unfinished");
    bool has = whole && begun && (file_exists(whole) || !rename(begun, whole));
    free(whole);
    free(begun);
    return has;
}

status status_of_exit(int code)
{
    for (status each = OK; each <= ERR_INTERNAL; each++)
        if (status_exit_code(each) == code) return each;
    return ERR_RANK;
}

static bool failure_read(const char *run, const char *step, size_t rank, failure *out)
{
    struct stat info;
    size_t count;
    char *path = left_path(run, step, rank, "error");
    *out = (failure){.rank = rank};
    bool clean = !fail_message()[0];
    bool there = path && !stat(path, &info) && file_read(path, ERROR_BYTES_MAX, &out->text, &count) == OK;
    if (!there) {
        if (clean) fail_clear(); /* what matters is why the rank failed */
    } else {
        out->when = info.st_mtim;
        out->code = status_of_exit(atoi(out->text));
        out->killed = atoi(out->text) > 128;
    }
    free(path);
    return there;
}

/* Complaints about others, and stops that were asked for, come behind failures of a rank's own. */
static int weight(const failure *f)
{
    if (f->killed) return 2;
    return f->code == OK || f->code == ERR_RETRY ? 0 : f->code == ERR_RANK ? 1 : 2;
}

static bool is_cause_before(const failure *a, const failure *b)
{
    if (weight(a) != weight(b)) return weight(a) > weight(b);
    if (a->when.tv_sec != b->when.tv_sec) return a->when.tv_sec < b->when.tv_sec;
    return a->when.tv_nsec < b->when.tv_nsec;
}

static bool find_cause(const char *run, const char *step, size_t ranks, failure *cause)
{
    bool found = false;
    *cause = (failure){0};
    for (size_t rank = 0; rank < ranks; rank++) {
        failure each;
        if (!failure_read(run, step, rank, &each)) continue;
        if (!found || is_cause_before(&each, cause)) {
            free(cause->text);
            *cause = each;
            found = true;
        } else {
            free(each.text);
        }
    }
    return found;
}

bool failures_rank(const char *run, const char *step, size_t ranks, size_t *rank)
{
    failure cause;
    bool found = find_cause(run, step, ranks, &cause) && weight(&cause);
    if (found) *rank = cause.rank;
    free(cause.text);
    return found;
}

/* Without the last line, which is the place in the source: the log has it too. */
static int message_length(const char *message)
{
    size_t length = strlen(message);
    while (length && message[length - 1] == '\n') length--;
    size_t line = length;
    while (line && message[line - 1] != '\n') line--;
    const char *colon = memchr(message + line, ':', length - line);
    bool place = line && colon && colon[-1] == 'c' && colon[-2] == '.' && strspn(colon + 1, "0123456789") > 0;
    return (int)(place ? line - 1 : length);
}

/* "; stacks: run/logs/teacher.rank*.stack", or nothing. */
static void name_stacks(const char *run, const char *step, size_t ranks, char *out, size_t size)
{
    bool any = false;
    for (size_t rank = 0; rank < ranks; rank++) any |= has_stacks(run, step, rank);
    out[0] = '\0';
    if (any) snprintf(out, size, "; stacks: %s/logs/%s.rank*.stack", run, step);
}

static status tell_cause(const char *run, const char *step, size_t ranks, const failure *cause)
{
    const char *message = strchr(cause->text, '\n');
    char *log = run_log(run, step, (int)cause->rank), who[32] = "", stacks[1024];
    message = message ? message + 1 : "no message";
    int length = message_length(message);
    bool named = !strncmp(message, "rank ", 5);
    if (ranks > 1 && !named) snprintf(who, sizeof who, " on rank %zu", cause->rank);
    name_stacks(run, step, ranks, stacks, sizeof stacks);
    status code = weight(cause) ? cause->code : ERR_RANK;
    FAIL(code, "%s failed%s: %.*s\n(log: %s%s)", step, who, length, message, log ? log : "", stacks);
    free(log);
    return code;
}

static status tell_exit(const char *run, const char *step, int how)
{
    int signal_number = WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how) > 128 ? WEXITSTATUS(how) - 128 : 0;
    if (signal_number)
        return FAIL(ERR_RANK, "%s was ended by signal %d (%s)%s and left no message; logs are in %s/logs", step,
                    signal_number, strsignal(signal_number),
                    signal_number == SIGKILL ? ", perhaps for want of memory," : "", run);
    return FAIL(status_of_exit(WEXITSTATUS(how)), "%s ended with exit code %d and left no message; logs are in %s/logs",
                step, WEXITSTATUS(how), run);
}

status failures_tell(const char *run, const char *step, size_t ranks, int how, int stops)
{
    failure cause;
    bool ended_well = WIFEXITED(how) && WEXITSTATUS(how) == 0;
    if (ended_well) return OK;
    bool told = find_cause(run, step, ranks, &cause);
    bool saved = WIFEXITED(how) && WEXITSTATUS(how) == status_exit_code(ERR_RETRY);
    status st;
    if (told && weight(&cause) && stops < 2) st = tell_cause(run, step, ranks, &cause);
    else if (stops > 1) st = FAIL(ERR_RETRY, "%s was killed; --resume goes on from its last checkpoint", step);
    else if (saved) st = FAIL(ERR_RETRY, "%s was stopped and has saved; --resume goes on with it", step);
    else if (stops == 1) st = FAIL(ERR_RETRY, "%s was stopped; --resume goes on from its last checkpoint", step);
    else st = tell_exit(run, step, how);
    free(cause.text);
    return st;
}
