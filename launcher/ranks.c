#include "launcher/ranks.h"

#include "base/clock.h"
#include "base/cpus.h"
#include "base/file.h"
#include "base/log.h"
#include "launcher/failures.h"
#include "launcher/run_state.h"
#include "launcher/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILL_AFTER_SECONDS = 4 };

/* ---- stopping ---------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stops; /* how often a stop was asked for */
static volatile sig_atomic_t in_batch_job;
static volatile sig_atomic_t child_runs; /* whether ranks are there to be asked */

/* Slurm announces the end of a job with several signals, in any order, and kills by itself: there they ask once. */
static void on_stop(int signal_number)
{
    (void)signal_number;
    if (in_batch_job && stops) return;
    stops++;
    if (stops > 1 && !child_runs) _exit(status_exit_code(ERR_RETRY));
}

void stop_install(void)
{
    allocation a;
    if (allocation_read(&a) == OK) in_batch_job = a.batch;
    else fail_clear();                                 /* told where ranks are started */
    struct sigaction action = {.sa_handler = on_stop}; /* no SA_RESTART: waiting is interrupted */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    struct sigaction hangup;
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, NULL); /* under nohup it stays ignored */
    signal(SIGPIPE, SIG_IGN);                                           /* writing tells it as an error */
    prctl(PR_SET_CHILD_SUBREAPER, 1L, 0, 0, 0); /* ranks that lose mpirun come to us, to be killed */
}

bool stop_requested(void)
{
    return stops > 0;
}

/* Kills every process that was started for the step: the group, and ranks that mpirun put into groups of their own and
 * left behind. */
static void kill_all(pid_t child)
{
    kill(-child, SIGKILL);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    for (int rounds = 0; rounds < 100; rounds++) {
        FILE *list = fopen(path, "re");
        long pid = 0, found = 0;
        while (list && fscanf(list, "%ld", &pid) == 1)
            if (pid != child) kill((pid_t)pid, SIGKILL), found++;
        if (list) fclose(list);
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
        if (!found) return;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

/* What is done about a stop that was asked for, while `child` runs. */
typedef struct {
    pid_t child;
    bool under_starter;   /* mpirun or srun, which end their ranks before they end */
    int heard;            /* stops that were acted on */
    double asked, killed; /* when */
} stopper;

static void pass_stop_on(stopper *s)
{
    double now = monotonic_seconds();
    if (stops == 0) return;
    if (s->heard == 0) log_info("stopping: the ranks save and end (once more to kill them)");
    if (stops > 1 && s->heard < 2) {
        log_warn("killing the ranks");
        kill(-s->child, s->under_starter ? SIGTERM : SIGKILL);
        s->killed = now;
    } else if (stops == 1 && (s->heard == 0 || now - s->asked >= 1)) {
        kill(s->child, SIGUSR1);
        s->asked = now;
    }
    if (s->killed > 0 && (stops > 2 || now - s->killed > KILL_AFTER_SECONDS)) kill(-s->child, SIGKILL);
    s->heard = stops > 1 ? 2 : 1;
}

/* Waits for the child; `*how` is its wait status. A pipe that the child alone holds would tell the end without polling,
 * but its own children hold it too: so the launcher looks ten times a second. */
static void wait_for(stopper *s, int *how)
{
    sigset_t child_ended, old;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_ended, &old);
    for (;;) {
        pid_t got = waitpid(s->child, how, WNOHANG);
        if (got == s->child || (got < 0 && errno == ECHILD)) break;
        pass_stop_on(s);
        run_state_alive();
        sigtimedwait(&child_ended, NULL, &(struct timespec){.tv_nsec = 100000000});
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    kill_all(s->child);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

char *ranks_program(void)
{
    const char *given = getenv("MAGISTER_RANK");
    if (given && *given) return strdup(given);
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0) return strdup("magister-rank");
    self[length] = '\0';
    char *slash = strrchr(self, '/'), *path = NULL;
    *slash = '\0';
    return asprintf(&path, "%s/magister-rank", self) < 0 ? NULL : path;
}

status ranks_become(const char *word, char *const *words, size_t count)
{
    status st = OK;
    char *program = ranks_program(), **said = calloc(count + 3, sizeof *said);
    if (!program || !said) TRY(FAIL(ERR_MEMORY, "no memory to start magister-rank"));
    said[0] = program;
    said[1] = (char *)(uintptr_t)word; /* execv takes char *; it reads only */
    if (count) memcpy(said + 2, words, count * sizeof *said);
    execv(program, said);
    TRY(FAIL(ERR_MISSING, "%s: cannot run: %s (build it, or set MAGISTER_RANK)", program, strerror(errno)));
done:
    free(said);
    free(program);
    return st;
}

static void add_learner(starter *s, const plan_step *step)
{
    const run_step *learner = &step->learner;
    if (!learner->section) return;
    starter_add(s, "--learner");
    starter_add(s, run_set_name(learner));
    starter_add(s, "--learner-seed");
    starter_addf(s, "%lld", (long long)learner->seed);
    if (learner->several_seeds) starter_add(s, "--learner-several-seeds");
    if (!step->teachers) return;
    starter_add(s, "--teachers");
    starter_addf(s, "%zu", step->teachers);
}

static void add_rank(starter *s, const char *program, const char *run, const run_step *step, size_t ranks)
{
    starter_add(s, program);
    starter_add(s, "--run");
    starter_add(s, run);
    starter_add(s, "--section");
    starter_add(s, step->section);
    if (step->variant) starter_add(s, "--variant");
    if (step->variant) starter_add(s, step->variant);
    starter_add(s, "--seed");
    starter_addf(s, "%lld", (long long)step->seed);
    if (step->several_seeds) starter_add(s, "--several-seeds");
    starter_add(s, "--ranks");
    starter_addf(s, "%zu", ranks);
}

/* Cores and threads, for the ranks and for the libraries in them. */
static status set_environment(const allocation *a, const recipe *r, size_t ranks)
{
    status st = OK;
    cpu_list cpus;
    char number[16], bind[48] = "";
    size_t threads = (size_t)recipe_int(r, "launch.threads");
    bool wanted = !strcmp(recipe_text(r, "launch.bind"), "cores");
    TRY(cpus_usable(&cpus));
    ranks = allocation_node_ranks(a, ranks);
    if (wanted && ranks > cpus.count / threads)
        log_warn("%zu ranks of %zu threads on %zu CPUs: they share them, and none is bound", ranks, threads,
                 cpus.count);
    if (wanted) snprintf(bind, sizeof bind, "%zu:%zu", ranks, threads);
    snprintf(number, sizeof number, "%zu", threads);
    setenv("MAGISTER_BIND", bind, 1);
    setenv("MAGISTER_TERMINAL", isatty(STDERR_FILENO) ? "1" : "0", 1); /* behind mpirun a rank cannot see it */
    setenv("OMP_NUM_THREADS", number, 1);
    setenv("OMP_WAIT_POLICY", "PASSIVE", 1); /* spinning threads of one rank would hold up another */
    /* reading another process's memory is forbidden in many containers, which Open MPI finds out too late */
    setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
done:
    return st;
}

static void become(const starter *a, pid_t launcher, int failed)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != launcher) _exit(1); /* it ended in between */
    signal(SIGUSR1, SIG_IGN);            /* until mpirun and the ranks have their own handlers */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    execvp(a->words[0], a->words);
    int reason = errno;
    ssize_t told = write(failed, &reason, sizeof reason);
    _exit(told == sizeof reason ? 127 : 126);
}

static status start(const starter *a, pid_t *out)
{
    int ends[2], reason;
    if (pipe2(ends, O_CLOEXEC)) return FAIL(ERR_INTERNAL, "cannot start %s: %s", a->words[0], strerror(errno));
    pid_t launcher = getpid(), child = fork();
    if (child == 0) become(a, launcher, ends[1]);
    close(ends[1]);
    ssize_t got;
    do got = child < 0 ? 0 : read(ends[0], &reason, sizeof reason); /* ends without bytes when the program has begun */
    while (got < 0 && errno == EINTR);
    close(ends[0]);
    if (child < 0) return FAIL(ERR_MEMORY, "cannot start %s: %s", a->words[0], strerror(errno));
    setpgid(child, child); /* here too, so that it is done whoever comes first */
    *out = child;
    if (got != sizeof reason) return OK;
    waitpid(child, NULL, 0);
    if (!strcmp(a->words[0], "mpirun") && reason == ENOENT)
        return FAIL(ERR_MISSING, "there is no mpirun: install Open MPI (Debian: openmpi-bin), or run with --ranks 1");
    return FAIL(ERR_MISSING, "%s: cannot start: %s", a->words[0], strerror(reason));
}

status ranks_run(const recipe *r, const char *run, const plan_step *step)
{
    status st = OK;
    int how = 0;
    allocation a;
    starter words;
    size_t ranks = (size_t)recipe_int(r, "launch.ranks") + step->teachers;
    char *program = ranks_program();
    stopper s = {0};
    if (!program) TRY(FAIL(ERR_MEMORY, "no memory to start %s", step->name));
    if (access(program, X_OK))
        TRY(FAIL(ERR_MISSING, "%s: cannot run: %s (build it, or set MAGISTER_RANK)", program, strerror(errno)));
    TRY(allocation_read(&a));
    TRY(set_environment(&a, r, ranks));
    TRY(starter_begin(&a, ranks, step->name, &words));
    add_rank(&words, program, run, &step->step, ranks);
    add_learner(&words, step);
    TRY(failures_forget(run, step->logs, ranks));
    TRY(start(&words, &s.child));
    s.under_starter = words.kind != START_RANK;
    child_runs = 1;
    wait_for(&s, &how);
    child_runs = 0;
    TRY(failures_tell(run, step->logs, ranks, how, stops));
done:
    free(program);
    return st;
}
