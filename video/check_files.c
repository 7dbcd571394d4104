#include "video/check_files.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAP_MS = 100, IDLE = -1 };

/* What a worker sends back; one message. */
typedef struct {
    video_verdict verdict;
    status failed; /* not of the file's making: all ends */
    char message[512];
} answer;

typedef struct {
    pid_t pid; /* 0: none */
    int fd;    /* numbers of files go, answers come; -1: none */
    int64_t place;
    double deadline; /* of monotonic_seconds */
} worker;

typedef struct {
    const files_checking *want;
    video_verdict *out;
    worker at[CHECK_WORKERS_MOST];
    int count;
    size_t next, done;
    bool *again;      /* (files) it is tried a second time */
    int64_t *waiting; /* (workers) files to be tried again before others */
    int waiting_count;
} pool;

/* ---- a worker ---------------------------------------------------------------------------------------------------- */

/* A decoder that takes all memory is to be the one that the system kills. */
static void offer_to_be_killed(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t wrote = write(fd, "1000", 4);
    (void)wrote;
    close(fd);
}

/* What the caller does about its own deaths is not for a worker to do. */
static void die_plainly(void)
{
    static const int DEATHS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof DEATHS / sizeof DEATHS[0]; i++) signal(DEATHS[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* a file a crash would be many */
}

__attribute__((noreturn)) static void work(const files_checking *want, int fd, pid_t parent)
{
    int64_t place;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    die_plainly();
    offer_to_be_killed();
    while (recv(fd, &place, sizeof place, 0) == (ssize_t)sizeof place) {
        answer a = {.failed = OK};
        a.failed = want->check(want->paths[place], want->timeout, &a.verdict);
        snprintf(a.message, sizeof a.message, "%s", fail_message());
        fail_clear();
        if (send(fd, &a, sizeof a, MSG_NOSIGNAL) != (ssize_t)sizeof a) break;
    }
    _exit(0);
}

static void forget(worker *w)
{
    if (w->fd >= 0) close(w->fd);
    *w = (worker){.fd = -1, .place = IDLE};
}

static status start(pool *p, worker *w)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return FAIL(ERR_MEMORY, "cannot talk to a process that decodes: %s", strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(pair[0]);
        work(p->want, pair[1], parent);
    }
    int problem = errno;
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return FAIL(ERR_MEMORY, "cannot start a process that decodes: %s", strerror(problem));
    }
    *w = (worker){.pid = pid, .fd = pair[0], .place = IDLE, .deadline = INFINITY};
    return OK;
}

static void kill_worker(worker *w, bool wait)
{
    if (w->pid) {
        kill(w->pid, SIGKILL);
        waitpid(w->pid, NULL, wait ? 0 : WNOHANG); /* one that hangs in the system does not hear at once */
    }
    forget(w);
}

/* ---- verdicts ---------------------------------------------------------------------------------------------------- */

static void finish(pool *p, int64_t place, const video_verdict *verdict)
{
    p->out[place] = *verdict;
    p->done++;
    if (p->want->tell) p->want->tell(p->want->self, p->done, p->want->count);
}

/* `how`: as waitpid tells. */
static void judge_death(const char *path, int how, video_verdict *v)
{
    struct stat info;
    *v = (video_verdict){.kind = VIDEO_DIED, .bytes = stat(path, &info) ? -1 : info.st_size};
    if (WIFSIGNALED(how))
        snprintf(v->reason, sizeof v->reason, "decoder died (signal %d: %s)", WTERMSIG(how), strsignal(WTERMSIG(how)));
    else snprintf(v->reason, sizeof v->reason, "decoder ended with exit code %d", WEXITSTATUS(how));
    video_verdict_hash(path, v);
}

static void take_death(pool *p, worker *w)
{
    int how = 0;
    int64_t place = w->place;
    waitpid(w->pid, &how, 0);
    forget(w);
    if (place == IDLE) return;
    if (!p->again[place]) {
        p->again[place] = true;
        p->waiting[p->waiting_count++] = place;
        return;
    }
    video_verdict v;
    judge_death(p->want->paths[place], how, &v);
    finish(p, place, &v);
}

static status take_answer(pool *p, worker *w)
{
    answer a;
    ssize_t got = recv(w->fd, &a, sizeof a, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return OK;
    if (got != (ssize_t)sizeof a) {
        take_death(p, w);
        return OK;
    }
    if (a.failed != OK) return FAIL(a.failed, "%s", a.message);
    finish(p, w->place, &a.verdict);
    w->place = IDLE;
    w->deadline = INFINITY;
    return OK;
}

static void end_overdue(pool *p)
{
    double now = monotonic_seconds();
    for (int i = 0; i < p->count; i++) {
        worker *w = &p->at[i];
        if (w->place == IDLE || now <= w->deadline) continue;
        video_verdict v;
        video_verdict_late(p->want->paths[w->place], p->want->timeout, &v);
        int64_t place = w->place;
        kill_worker(w, false);
        finish(p, place, &v);
    }
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static int64_t next_place(pool *p)
{
    if (p->waiting_count) return p->waiting[--p->waiting_count];
    return p->next < p->want->count ? (int64_t)p->next++ : IDLE;
}

static void give_back(pool *p, int64_t place)
{
    p->waiting[p->waiting_count++] = place;
}

static int workers_alive(const pool *p)
{
    int alive = 0;
    for (int i = 0; i < p->count; i++) alive += p->at[i].pid != 0;
    return alive;
}

/* Every worker without a file is given one. Fewer than wanted will do where more cannot be had. */
static status hand_out(pool *p)
{
    status st = OK;
    for (int i = 0; i < p->count; i++) {
        worker *w = &p->at[i];
        if (w->place != IDLE) continue;
        int64_t place = next_place(p);
        if (place == IDLE) break;
        if (p->again[place]) kill_worker(w, true); /* by a new one, whose memory nobody has touched */
        st = w->pid ? OK : start(p, w);
        if (st != OK) {
            give_back(p, place);
            if (!workers_alive(p)) break;
            fail_clear();
            st = OK;
            continue;
        }
        w->place = place; /* if it cannot be sent, the worker is dead, which is seen where answers are */
        w->deadline = p->want->timeout > 0 ? monotonic_seconds() + p->want->timeout + p->want->grace : INFINITY;
        ssize_t sent = send(w->fd, &place, sizeof place, MSG_NOSIGNAL);
        (void)sent;
    }
    return st;
}

static status take_answers(pool *p)
{
    status st = OK;
    struct pollfd fds[CHECK_WORKERS_MOST];
    for (int i = 0; i < p->count; i++) fds[i] = (struct pollfd){.fd = p->at[i].fd, .events = POLLIN};
    if (poll(fds, (nfds_t)p->count, NAP_MS) <= 0) goto done;
    for (int i = 0; i < p->count; i++)
        if (fds[i].revents) TRY(take_answer(p, &p->at[i]));
done:
    return st;
}

static status run(pool *p)
{
    status st = OK;
    const files_checking *want = p->want;
    while (p->done < want->count) {
        if (want->stopped && want->stopped(want->self))
            TRY(FAIL(ERR_RETRY, "stopped when %zu of %zu files were checked", p->done, want->count));
        TRY(hand_out(p));
        TRY(take_answers(p));
        end_overdue(p);
    }
done:
    return st;
}

status video_check_files(const files_checking *want, video_verdict *out, size_t *done)
{
    status st = OK;
    pool p = {.want = want, .out = out, .count = want->workers};
    for (int i = 0; i < CHECK_WORKERS_MOST; i++) p.at[i] = (worker){.fd = -1, .place = IDLE};
    *done = 0;
    CHECK(want->workers >= 1 && want->workers <= CHECK_WORKERS_MOST);
    if ((size_t)p.count > want->count) p.count = (int)want->count;
    p.again = calloc(want->count ? want->count : 1, sizeof *p.again);
    p.waiting = calloc(CHECK_WORKERS_MOST, sizeof *p.waiting);
    if (!p.again || !p.waiting) TRY(FAIL(ERR_MEMORY, "no memory to check %zu files", want->count));
    TRY(run(&p));
done:
    *done = p.done;
    for (int i = 0; i < p.count; i++) kill_worker(&p.at[i], true);
    free(p.again);
    free(p.waiting);
    return st;
}
