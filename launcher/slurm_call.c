/* slurm_call: a program, its answer, and what it complained of, in bounded bytes and time. */
#include "base/clock.h"
#include "launcher/slurm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 4 << 20, COMPLAINT_MAX = 1500, READ_BYTES = 16384 };

extern char **environ;

/* One stream of the program. What comes after `most` bytes is read and dropped. */
typedef struct {
    int fd; /* -1: ended */
    char *bytes;
    size_t count, most;
    bool cut;
} stream;

typedef struct {
    pid_t child;
    stream output, complaint;
    bool late;
    int how; /* wait status */
} call;

static bool changes_answers(const char *variable)
{
    return !strncmp(variable, "SQUEUE_", 7) || !strncmp(variable, "SLURM_TIME_FORMAT=", 18);
}

/* New list, of borrowed strings; NULL when out of memory. */
static char **environment_make(void)
{
    size_t count = 0, kept = 0;
    while (environ[count]) count++;
    char **list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        if (!changes_answers(environ[i])) list[kept++] = environ[i];
    return list;
}

/* Signals as a program expects them: the launcher has handlers, and blocks some while it waits. */
static void attributes_set(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int spawn(const char *const argv[], char **environment, int output, int complaint, pid_t *child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&files)) return ENOMEM;
    if (posix_spawnattr_init(&attributes)) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    attributes_set(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, complaint, STDERR_FILENO);
    /* posix_spawnp takes char *const *; it reads only */
    int failed = posix_spawnp(child, argv[0], &files, &attributes, (char *const *)(uintptr_t)argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

static status start(call *c, const char *const argv[])
{
    status st = OK;
    int output[2] = {-1, -1}, complaint[2] = {-1, -1};
    char **environment = environment_make();
    if (!environment) TRY(FAIL(ERR_MEMORY, "no memory to start %s", argv[0]));
    if (pipe2(output, O_CLOEXEC) || pipe2(complaint, O_CLOEXEC))
        TRY(FAIL(ERR_INTERNAL, "cannot start %s: %s", argv[0], strerror(errno)));
    int failed = spawn(argv, environment, output[1], complaint[1], &c->child);
    if (failed) c->child = 0;
    if (failed == ENOENT)
        TRY(FAIL(ERR_MISSING, "there is no %s in PATH: this machine does not belong to a Slurm cluster", argv[0]));
    if (failed) TRY(FAIL(ERR_MISSING, "%s: cannot run: %s", argv[0], strerror(failed)));
    c->output.fd = output[0];
    c->complaint.fd = complaint[0];
    output[0] = complaint[0] = -1;
done:
    for (int i = 0; i < 2; i++) {
        if (output[i] >= 0) close(output[i]);
        if (complaint[i] >= 0) close(complaint[i]);
    }
    free(environment);
    return st;
}

static status stream_take(stream *s, const char *bytes, size_t count)
{
    size_t room = s->most - s->count;
    if (count > room) s->cut = true;
    if (count > room) count = room;
    char *larger = realloc(s->bytes, s->count + count + 1);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for the answer of a command");
    memcpy(larger + s->count, bytes, count);
    s->bytes = larger;
    s->count += count;
    larger[s->count] = '\0';
    return OK;
}

static status stream_read(stream *s)
{
    char bytes[READ_BYTES];
    ssize_t got = read(s->fd, bytes, sizeof bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return OK;
    if (got > 0) return stream_take(s, bytes, (size_t)got);
    close(s->fd);
    s->fd = -1;
    return OK;
}

static int milliseconds_until(double end)
{
    double left = end - monotonic_seconds();
    return left <= 0 ? 0 : left > 3600 ? 3600000 : (int)(1e3 * left) + 1;
}

/* Until both streams have ended, or time is up. */
static status listen_until(call *c, double end)
{
    status st = OK;
    while (c->output.fd >= 0 || c->complaint.fd >= 0) {
        struct pollfd both[2] = {{c->output.fd, POLLIN, 0}, {c->complaint.fd, POLLIN, 0}}; /* -1 is passed over */
        int ready = poll(both, 2, milliseconds_until(end));
        if (ready < 0 && errno != EINTR) TRY(FAIL(ERR_INTERNAL, "cannot wait for a command: %s", strerror(errno)));
        if (ready > 0 && both[0].revents) TRY(stream_read(&c->output));
        if (ready > 0 && both[1].revents) TRY(stream_read(&c->complaint));
        c->late = monotonic_seconds() >= end;
        if (c->late) break;
    }
done:
    return st;
}

/* A program that has closed its streams ends at once, or is waited for until time is up. */
static void reap(call *c, double end)
{
    pid_t got;
    while ((got = waitpid(c->child, &c->how, WNOHANG)) == 0 && !c->late) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        c->late = monotonic_seconds() >= end;
    }
    if (got == c->child) return;
    kill(-c->child, SIGKILL);
    while (waitpid(c->child, &c->how, 0) < 0 && errno == EINTR) {}
}

/* Its complaint as the tail of a message: ": ..." without the last line's end. */
static const char *complaint_tail(call *c, char *out, size_t size)
{
    size_t length = c->complaint.count;
    while (length && strchr("\n\r ", c->complaint.bytes[length - 1])) length--;
    snprintf(out, size, "%s%.*s", length ? ": " : "", (int)length, length ? c->complaint.bytes : "");
    return out;
}

static status verdict(call *c, const char *const argv[], double seconds)
{
    char tail[COMPLAINT_MAX + 8];
    complaint_tail(c, tail, sizeof tail);
    if (c->late) return FAIL(ERR_IO, "%s did not answer within %.0f s%s", argv[0], seconds, tail);
    if (WIFSIGNALED(c->how))
        return FAIL(ERR_INPUT, "%s was ended by signal %d (%s)%s", argv[0], WTERMSIG(c->how),
                    strsignal(WTERMSIG(c->how)), tail);
    if (WEXITSTATUS(c->how)) return FAIL(ERR_INPUT, "%s ended with exit code %d%s", argv[0], WEXITSTATUS(c->how), tail);
    if (c->output.cut) return FAIL(ERR_IO, "%s: its answer is longer than %d bytes", argv[0], OUTPUT_MAX);
    return OK;
}

status slurm_call(const char *const argv[], double seconds, char **output)
{
    status st = OK;
    double end = monotonic_seconds() + seconds;
    call c = {.output = {.fd = -1, .most = OUTPUT_MAX}, .complaint = {.fd = -1, .most = COMPLAINT_MAX}};
    TRY(start(&c, argv));
    st = listen_until(&c, end);
    if (st != OK) c.late = true; /* it is not listened to any longer: to be killed */
    reap(&c, end);
    if (st == OK) TRY(verdict(&c, argv, seconds));
    if (st == OK && !c.output.bytes) TRY(stream_take(&c.output, "", 0));
    if (st == OK) *output = c.output.bytes;
    if (st == OK) c.output.bytes = NULL;
done:
    if (c.output.fd >= 0) close(c.output.fd);
    if (c.complaint.fd >= 0) close(c.complaint.fd);
    free(c.output.bytes);
    free(c.complaint.bytes);
    return st;
}
