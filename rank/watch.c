#include "rank/watch.h"

#include "base/file.h"
#include "base/status.h"
#include "rank/errors.h"
#include "rank/stacks.h"

#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* To a process that does not wait for it this signal does nothing. */
enum { SHOW = SIGURG, SHOW_SECONDS = 10, NAP_MS = 100, LOOK_MS = 500, START_MS_LEAST = 20000, NEIGHBOURS_MOST = 1024 };

/* What rank and watcher both know. */
static struct {
    const char *run, *step;
    int rank;
    pid_t watcher; /* 0: nobody watches */
    char host[64];
    _Atomic int64_t *world; /* in memory of both: when the world has to be there (now_ms), or one of these */
} self;

enum { WORLD_NOT_ASKED_FOR = 0, WORLD_IS_THERE = -1 };

/* What the watcher knows. */
typedef struct {
    pid_t rank, launcher;
    long kills;          /* for want of memory, on this machine before the rank began; -1: not known */
    bool shown, stopped; /* its stack has been read, and it was in state T just before */
    int64_t told;        /* to end (SIGTERM), now_ms; 0: not yet */
    int exit_code;       /* once the watcher has ended the rank and said why; 0 before */
} watcher;

static void nap(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Other ranks of this node. */
typedef struct {
    int ranks[NEIGHBOURS_MOST];
    size_t count;
} neighbours;

/* mpirun and srun tell a process its rank; -1 without either. */
static int rank_told(pid_t pid)
{
    static const char *const NAMES[] = {"OMPI_COMM_WORLD_RANK=", "PMIX_RANK=", "PMI_RANK="};
    char path[64], *word = NULL;
    size_t room = 0, best = sizeof NAMES / sizeof NAMES[0];
    int rank = -1;
    snprintf(path, sizeof path, "/proc/%ld/environ", (long)pid);
    FILE *file = fopen(path, "re");
    while (file && getdelim(&word, &room, '\0', file) > 0)
        for (size_t i = 0; i < best; i++)
            if (!strncmp(word, NAMES[i], strlen(NAMES[i]))) rank = atoi(word + strlen(NAMES[i])), best = i;
    if (file) fclose(file);
    free(word);
    return rank;
}

/* ---- a death ----------------------------------------------------------------------------------------------------- */

/* How many processes the system has killed for want of memory, control groups included; -1 where it does not say. */
static long memory_kills(void)
{
    char line[128];
    long count = -1;
    FILE *file = fopen("/proc/vmstat", "re");
    while (file && count < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "oom_kill %ld", &count) != 1) count = -1;
    if (file) fclose(file);
    return count;
}

static const char *of_memory(const watcher *w, int signal_number)
{
    long kills = memory_kills();
    if (signal_number != SIGKILL) return "";
    if (kills < 0 || w->kills < 0) return ", perhaps for want of memory";
    if (kills > w->kills) return ", for want of memory: the system's out-of-memory killer was at work";
    return "; the system's out-of-memory killer was not at work";
}

/* A rank that failed before it died has told why. */
static void tell_death(const watcher *w, int signal_number)
{
    char message[512], place[64], *told = NULL;
    if (asprintf(&told, "%s/logs/%s.rank%d.error", self.run, self.step, self.rank) < 0) return;
    bool tells = !file_exists(told);
    free(told);
    if (!tells) return;
    snprintf(message, sizeof message, "rank %d (%s) was ended by signal %d (%s)%s", self.rank, self.host, signal_number,
             strsignal(signal_number), of_memory(w, signal_number));
    snprintf(place, sizeof place, "watch.c:%d", __LINE__);
    error_file_write(self.run, self.step, self.rank, 128 + signal_number, message, place);
}

/* ---- stacks ------------------------------------------------------------------------------------------------------ */

static bool same_program(long pid)
{
    char name[64], mine[PATH_MAX] = "", other[PATH_MAX] = "";
    snprintf(name, sizeof name, "/proc/%ld/exe", pid);
    return readlink("/proc/self/exe", mine, sizeof mine - 1) > 0 && readlink(name, other, sizeof other - 1) > 0 &&
           !strcmp(mine, other);
}

static void tell_neighbour(pid_t pid, neighbours *told)
{
    if (kill(pid, SHOW) || told->count == NEIGHBOURS_MOST) return;
    int rank = rank_told(pid);
    if (rank >= 0) told->ranks[told->count++] = rank;
}

static void tell_children(const char *path, neighbours *told)
{
    long pid;
    FILE *list = fopen(path, "re");
    while (list && fscanf(list, "%ld", &pid) == 1)
        if (pid != getpid() && same_program(pid)) tell_neighbour((pid_t)pid, told);
    if (list) fclose(list);
}

/* The watchers of this node's other ranks have the parent that this one has. */
static void tell_neighbours(const watcher *w, neighbours *told)
{
    char pattern[64];
    glob_t lists = {0};
    snprintf(pattern, sizeof pattern, "/proc/%ld/task/*/children", (long)w->launcher); /* of each of its threads */
    if (glob(pattern, 0, NULL, &lists)) return;
    for (size_t i = 0; i < lists.gl_pathc; i++) tell_children(lists.gl_pathv[i], told);
    globfree(&lists);
}

static bool is_stopped(pid_t pid)
{
    char path[64], line[128], state = '?';
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "State: %c", &state) != 1) {}
    if (file) fclose(file);
    return state == 'T' || state == 't';
}

/* Looks before its stack is read: whoever reads it halts the rank as well, and lets it go some time later. */
static bool was_stopped(watcher *w)
{
    if (!w->shown) w->stopped = is_stopped(w->rank);
    return w->stopped;
}

/* `told`: the neighbours that shall do the same; NULL: none. */
static void show(watcher *w, neighbours *told)
{
    if (w->shown) return;
    was_stopped(w);
    w->shown = true;
    if (told) tell_neighbours(w, told);
    stacks_write(self.run, self.step, self.rank, self.host, w->rank);
}

static bool is_shown(int rank)
{
    char *path = stacks_path(self.run, self.step, rank);
    bool there = path && file_exists(path);
    free(path);
    return there;
}

static bool all_are_shown(const int *ranks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_shown(ranks[i])) return false;
    return is_shown(self.rank);
}

static void wait_shown(const int *ranks, size_t count)
{
    for (int ms = 0; ms < SHOW_SECONDS * 1000 && !all_are_shown(ranks, count); ms += NAP_MS) nap(NAP_MS);
}

void watch_show(const int *missing, size_t count)
{
    if (!self.watcher || getppid() != self.watcher) return;
    kill(self.watcher, SHOW);
    wait_shown(missing, count);
}

/* ---- the start --------------------------------------------------------------------------------------------------- */

void watch_opening(double timeout)
{
    int64_t ms = (int64_t)(2000 * timeout);
    if (self.world) *self.world = now_ms() + (ms > START_MS_LEAST ? ms : START_MS_LEAST);
}

void watch_opened(void)
{
    if (self.world) *self.world = WORLD_IS_THERE;
}

static void tell_end(watcher *w, int exit_code, const char *why)
{
    char message[512], place[64];
    snprintf(message, sizeof message, "rank %d (%s) %s", self.rank, self.host, why);
    snprintf(place, sizeof place, "watch.c:%d", __LINE__);
    error_file_write(self.run, self.step, self.rank, exit_code, message, place);
    w->exit_code = exit_code;
}

static void end_rank(watcher *w, int exit_code, const char *why)
{
    tell_end(w, exit_code, why);
    kill(w->rank, SIGKILL);
}

static const char STOPPED[] = "was stopped (state T) at the start of MPI, and others waited in vain";

/* The rank waits for a world that does not come together: those of this node that have not asked for it are missed, and
 * the cause is told before the complaints (failures.h of the launcher). Once this rank is gone whoever started it ends
 * the others and their watchers, so those have said what they have to say before. */
static void end_wait(watcher *w)
{
    neighbours told = {.count = 0};
    show(w, &told);
    wait_shown(told.ranks, told.count);
    if (w->stopped) end_rank(w, 128 + SIGKILL, STOPPED);
    else end_rank(w, status_exit_code(ERR_RANK), "waited in vain for the others at the start of MPI");
}

/* Another rank of this node waits in vain, and goes once this one's stack is there: the cause is written before. */
static void neighbour_waits(watcher *w)
{
    const char *why = NULL;
    if (*self.world == WORLD_NOT_ASKED_FOR) why = "did not come to the start of MPI";
    else if (*self.world > 0 && was_stopped(w)) why = STOPPED;
    if (why && !w->exit_code) tell_end(w, 128 + SIGKILL, why);
    show(w, NULL);
    if (why) kill(w->rank, SIGKILL);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* Whether a rank, here or on another node, has left because others did not come. */
static bool any_complaint(void)
{
    char pattern[PATH_MAX];
    glob_t files = {0};
    int code = 0;
    snprintf(pattern, sizeof pattern, "%s/logs/%s.rank*.error", self.run, self.step);
    if (glob(pattern, 0, NULL, &files)) return false;
    for (size_t i = 0; code != status_exit_code(ERR_RANK) && i < files.gl_pathc; i++) {
        FILE *file = fopen(files.gl_pathv[i], "re");
        if (!file || fscanf(file, "%d", &code) != 1) code = 0;
        if (file) fclose(file);
    }
    globfree(&files);
    return code == status_exit_code(ERR_RANK);
}

/* A rank that hangs alone on its node: nobody here asks for its stacks, but whoever started it tells it to end because
 * ranks elsewhere have left. One that saves as it was told to is let be. */
static void end_hanging(watcher *w)
{
    if (!w->told || now_ms() - w->told < LOOK_MS || !any_complaint()) return;
    show(w, NULL);
    kill(w->rank, SIGKILL);
    w->exit_code = status_exit_code(ERR_RANK);
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

static void watch(watcher *w, const sigset_t *asked)
{
    int how = 0;
    siginfo_t info;
    const struct timespec most = {.tv_nsec = LOOK_MS * 1000000L};
    while (waitpid(w->rank, &how, WNOHANG) != w->rank) {
        if (getppid() != w->launcher && !w->exit_code)
            end_rank(w, status_exit_code(ERR_RANK), "was ended because whoever started it (mpirun, srun) is gone");
        if (*self.world > 0 && now_ms() > *self.world && !w->exit_code) end_wait(w);
        end_hanging(w);
        int number = sigtimedwait(asked, &info, &most);
        if (number == SHOW && info.si_pid == w->rank) show(w, &(neighbours){.count = 0});
        else if (number == SHOW) neighbour_waits(w);
        else if (number > 0 && number != SIGCHLD) kill(w->rank, number);
        if (number == SIGTERM && !w->told) w->told = now_ms();
    }
    if (w->exit_code) _exit(w->exit_code);
    if (WIFSIGNALED(how)) tell_death(w, WTERMSIG(how));
    _exit(WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how));
}

/* The rank's first words: it dies with its watcher, and hears the signals that it heard before. */
static void become_rank(const sigset_t *before)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != self.watcher) _exit(128 + SIGKILL); /* it ended in between */
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

void watch_begin(const char *run, const char *step_name)
{
    static const int ASKED[] = {SIGCHLD, SHOW, SIGUSR1, SIGTERM, SIGINT, SIGHUP};
    sigset_t asked, before;
    watcher w = {.launcher = getppid(), .kills = memory_kills()};
    self.run = run;
    self.step = step_name;
    self.rank = rank_told(getpid());
    if (self.rank < 0) return;
    void *shared = mmap(NULL, sizeof *self.world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return;
    self.world = shared;
    gethostname(self.host, sizeof self.host - 1);
    sigemptyset(&asked);
    for (size_t i = 0; i < sizeof ASKED / sizeof ASKED[0]; i++) sigaddset(&asked, ASKED[i]);
    pthread_sigmask(SIG_BLOCK, &asked, &before);
    self.watcher = getpid();
    w.rank = fork();
    if (w.rank > 0) watch(&w, &asked);
    if (w.rank == 0) become_rank(&before);
    else self.watcher = 0;
    if (w.rank < 0) pthread_sigmask(SIG_SETMASK, &before, NULL);
}
