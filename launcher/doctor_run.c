/* Checks in processes of their own: started together, heard until each has ended or its time is up. */
#include "base/clock.h"
#include "launcher/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHECKS_MAX = 32, ANSWER_MAX = 1 << 20 };

typedef struct {
    pid_t child; /* 0: could not be started */
    int fd;      /* -1: has ended */
    double end;  /* when it is given up */
    char *answer;
    size_t count;
    bool late;
} running;

/* ---- one check --------------------------------------------------------------------------------------------------- */

static void run_here(const doctor_check *check, const doctor_task *task, int fd)
{
    findings found = {0};
    FILE *to = fdopen(fd, "w");
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (check->run) check->run(task, &found);
    else check->machine(&task->use, &found);
    for (size_t i = 0; to && i < found.count; i++)
        if (!finding_write(&found.at[i], to)) _exit(1);
    _exit(to && !found.lost && fclose(to) == 0 ? 0 : 1);
}

static void start(const doctor_check *check, const doctor_task *task, running *r)
{
    int ends[2];
    *r = (running){.fd = -1, .end = monotonic_seconds() + check->seconds};
    if (pipe2(ends, O_CLOEXEC)) return;
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        close(ends[0]);
        run_here(check, task, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return;
    }
    setpgid(child, child); /* here too, so that it is done whoever comes first */
    r->child = child;
    r->fd = ends[0];
}

static void hear(running *r)
{
    char bytes[8192];
    ssize_t got = read(r->fd, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) return;
    char *larger =
        got > 0 && r->count + (size_t)got < ANSWER_MAX ? realloc(r->answer, r->count + (size_t)got + 1) : NULL;
    if (larger) {
        memcpy(larger + r->count, bytes, (size_t)got);
        r->answer = larger;
        r->count += (size_t)got;
        larger[r->count] = '\0';
        return;
    }
    close(r->fd);
    r->fd = -1;
}

static void give_up(running *r)
{
    r->late = true;
    kill(-r->child, SIGKILL);
    close(r->fd);
    r->fd = -1;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static int next_end(const running *all, size_t count)
{
    double first = 1e300, now = monotonic_seconds();
    for (size_t i = 0; i < count; i++)
        if (all[i].fd >= 0 && all[i].end < first) first = all[i].end;
    double left = first - now;
    return left <= 0 ? 0 : left > 60 ? 60000 : (int)(1e3 * left) + 1;
}

static size_t still_running(const running *all, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) left += all[i].fd >= 0;
    return left;
}

static void hear_all(running *all, size_t count)
{
    while (still_running(all, count)) {
        struct pollfd ready[CHECKS_MAX];
        for (size_t i = 0; i < count; i++) ready[i] = (struct pollfd){.fd = all[i].fd, .events = POLLIN};
        int some = poll(ready, count, next_end(all, count));
        for (size_t i = 0; i < count; i++) {
            if (all[i].fd >= 0 && some > 0 && ready[i].revents) hear(&all[i]);
            if (all[i].fd >= 0 && monotonic_seconds() >= all[i].end) give_up(&all[i]);
        }
    }
}

/* What the checks have started and left comes to this process; a process that hangs in the system cannot be ended and
 * is not waited for. */
static void end_children(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    for (int rounds = 0; rounds < 30; rounds++) {
        FILE *list = fopen(path, "re");
        long pid = 0, found = 0;
        while (list && fscanf(list, "%ld", &pid) == 1) {
            kill((pid_t)pid, SIGKILL);
            found++;
        }
        if (list) fclose(list);
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
        if (!found) return;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

/* A check that answered has ended, or is about to. */
static bool ended_well(const running *r)
{
    int how = 0;
    pid_t got;
    while ((got = waitpid(r->child, &how, 0)) < 0 && errno == EINTR) {}
    return got == r->child && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

static void take_lines(char *answer, findings *to)
{
    finding f;
    char *rest = NULL;
    for (char *line = strtok_r(answer, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (finding_read(line, &f)) finding_copy(to, &f);
}

static void tell(const doctor_check *check, running *r, findings *to)
{
    if (r->answer) take_lines(r->answer, to);
    if (!r->child) finding_fail(to, check->topic, ERR_MEMORY, "", "this check could not be started");
    else if (r->late) finding_fail(to, check->topic, check->code, check->advice, "%s", check->found);
    else if (!ended_well(r)) finding_fail(to, check->topic, ERR_INTERNAL, "", "this check died");
    free(r->answer);
}

void doctor_run(const doctor_check *checks, size_t count, const doctor_task *task, findings *to)
{
    running all[CHECKS_MAX];
    if (count > CHECKS_MAX) count = CHECKS_MAX;
    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0, 0, 0);
    fflush(NULL);
    for (size_t i = 0; i < count; i++) start(&checks[i], task, &all[i]);
    hear_all(all, count);
    for (size_t i = 0; i < count; i++) tell(&checks[i], &all[i], to);
    end_children();
}
