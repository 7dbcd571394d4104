/* Ranks on trial: the world a run would have is started and tells what it finds (rank/doctor.c), a line of JSON a
 * finding. What else it prints is MPI's or Slurm's, and is shown when it fails. */
#include "base/clock.h"
#include "launcher/doctor.h"
#include "launcher/ranks.h"
#include "launcher/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_SECONDS = 2, WORDS_MAX = 96, TAIL = 700, LINE_MAX_BYTES = 8192 };
static const char TOPIC[] = "MPI";
static const double IMMEDIATE_SECONDS = 8; /* until a job of its own has begun */
static const double DONE_SECONDS = 2;      /* for ranks that have told all to end, and to clear up behind them */
static const double END_SECONDS = 1;       /* for mpirun and srun to end ranks */

/* ---- the command line -------------------------------------------------------------------------------------------- */

typedef struct {
    const char *at[WORDS_MAX]; /* ended by NULL */
    size_t count;
    starter starter;
    char *program;
    char ranks[32], nodes[32], threads[32], wait[32], host[256];
    char immediate[48], partition[256], job_nodes[48];
} command_words;

static void add(command_words *c, const char *word)
{
    if (c->count + 1 < WORDS_MAX) c->at[c->count++] = word;
}

static const char *starter_name(const command_words *c)
{
    static const char *const NAMES[] = {[START_RANK] = "itself", [START_MPIRUN] = "mpirun", [START_SRUN] = "srun"};
    return NAMES[c->starter.kind];
}

/* As a run starts its ranks; but what cannot begin at once is told and not waited for, and the step that this runs in
 * may hold all CPUs. A job of its own is one for srun, or for mpirun inside salloc. */
static status add_starter(command_words *c, const doctor_task *task)
{
    status st = OK;
    bool job = task->partition != NULL;
    snprintf(c->immediate, sizeof c->immediate, "--immediate=%.0f", job ? IMMEDIATE_SECONDS : 5);
    snprintf(c->partition, sizeof c->partition, "--partition=%.200s", job ? task->partition : "");
    snprintf(c->job_nodes, sizeof c->job_nodes, "--nodes=%zu", task->job.nodes);
    const char *const job_words[] = {c->immediate, c->partition, c->job_nodes, "--time=1"};
    TRY(starter_begin(&task->job, task->ranks, "magister-doctor", &c->starter));
    bool by_srun = c->starter.kind == START_SRUN;
    if (job && !by_srun) add(c, "salloc");
    for (size_t i = 0; job && !by_srun && i < 4; i++) add(c, job_words[i]);
    for (size_t i = 0; i < c->starter.count; i++) add(c, c->starter.words[i]);
    for (size_t i = 0; job && by_srun && i < 4; i++) add(c, job_words[i]);
    if (by_srun && !job) add(c, c->immediate);
    if (by_srun && !job) add(c, "--overlap");
done:
    return st;
}

static status command_make(const doctor_task *task, command_words *c)
{
    status st = OK;
    c->program = ranks_program();
    if (!c->program) TRY(FAIL(ERR_MEMORY, "no memory to start magister-rank"));
    snprintf(c->ranks, sizeof c->ranks, "%zu", task->ranks);
    snprintf(c->nodes, sizeof c->nodes, "%zu", task->use.nodes);
    snprintf(c->threads, sizeof c->threads, "%zu", task->use.threads);
    snprintf(c->wait, sizeof c->wait, "%.0f", fmax(1, floor(0.4 * task->patience)));
    if (!task->partition) gethostname(c->host, sizeof c->host - 1);
    TRY(add_starter(c, task));
    const char *const words[] = {c->program,   "doctor",
                                 "--ranks",    c->ranks,
                                 "--out",      task->use.out,
                                 "--nodes",    c->nodes,
                                 "--device",   task->use.device,
                                 "--threads",  c->threads,
                                 "--gpus",     task->use.gpus_shared ? "shared" : "own",
                                 "--wait",     c->wait,
                                 "--launcher", MAGISTER_VERSION,
                                 "--seen",     c->host};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) add(c, words[i]);
done:
    return st;
}

/* The command line to paste, without the words that only the doctor needs. */
static void command_advise(const command_words *c, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "see all it says:");
    for (size_t i = 0; i < c->count && used < size && strcmp(c->at[i], "--device"); i++)
        used += (size_t)snprintf(out + used, size - used, " %s", c->at[i]);
}

/* ---- running it -------------------------------------------------------------------------------------------------- */

typedef struct {
    pid_t child;
    int output, complaint; /* descriptors; -1: ended */
    char line[LINE_MAX_BYTES];
    size_t line_count;
    char tail[TAIL]; /* the last that was printed and is no finding */
    size_t tail_count;
    double end;          /* when it is given up */
    double begun, first; /* when; first: of the first finding, 0 before it */
    bool failed;         /* a finding tells of a failure */
    bool done;           /* rank 0 has told all */
    bool late;
    int how; /* wait status */
} trial;

static void become(const command_words *c, int output, int complaint, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() != parent) _exit(1);
    signal(SIGPIPE, SIG_DFL);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(complaint, STDERR_FILENO);
    execvp(c->at[0], (char *const *)(uintptr_t)c->at); /* reads only */
    dprintf(STDERR_FILENO, "%s: cannot start: %s\n", c->at[0], strerror(errno));
    _exit(127);
}

static status trial_start(const command_words *c, trial *t)
{
    int output[2], complaint[2];
    pid_t parent = getpid();
    if (pipe2(output, O_CLOEXEC)) return FAIL(ERR_INTERNAL, "cannot start %s: %s", c->at[0], strerror(errno));
    if (pipe2(complaint, O_CLOEXEC)) {
        close(output[0]);
        close(output[1]);
        return FAIL(ERR_INTERNAL, "cannot start %s: %s", c->at[0], strerror(errno));
    }
    t->begun = monotonic_seconds();
    t->child = fork();
    if (t->child == 0) become(c, output[1], complaint[1], parent);
    close(output[1]);
    close(complaint[1]);
    t->output = output[0];
    t->complaint = complaint[0];
    return t->child < 0 ? FAIL(ERR_MEMORY, "cannot start %s: %s", c->at[0], strerror(errno)) : OK;
}

static void keep_tail(trial *t, const char *bytes, size_t count)
{
    if (count >= TAIL) {
        bytes += count - (TAIL - 1);
        count = TAIL - 1;
    }
    size_t over = t->tail_count + count < TAIL ? 0 : t->tail_count + count - (TAIL - 1);
    memmove(t->tail, t->tail + over, t->tail_count - over);
    t->tail_count -= over;
    memcpy(t->tail + t->tail_count, bytes, count);
    t->tail_count += count;
    t->tail[t->tail_count] = '\0';
}

static bool is_told(const findings *list, const finding *f)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->at[i].topic, f->topic) && !strcmp(list->at[i].found, f->found)) return true;
    return false;
}

static void take_line(trial *t, const command_words *c, findings *to)
{
    finding f;
    t->line[t->line_count] = '\0';
    if (!strcmp(t->line, DOCTOR_DONE)) {
        t->done = true;
        t->end = fmin(t->end, monotonic_seconds() + DONE_SECONDS);
    } else if (!finding_read(t->line, &f)) {
        keep_tail(t, t->line, t->line_count);
        keep_tail(t, "\n", 1);
    } else if (!is_told(to, &f)) { /* ranks that fail alike say the same */
        size_t length = strlen(f.found);
        if (t->first == 0) t->first = monotonic_seconds();
        if (f.level == FINDING_OK && !strcmp(f.topic, TOPIC))
            snprintf(f.found + length, sizeof f.found - length, ", started by %s in %.1f s", starter_name(c),
                     t->first - t->begun);
        if (f.level == FINDING_FAILURE && !f.advice[0]) command_advise(c, f.advice, sizeof f.advice);
        t->failed |= f.level == FINDING_FAILURE;
        finding_copy(to, &f);
    }
    t->line_count = 0;
}

/* False when the stream has ended. */
static bool hear(int *fd, char *bytes, size_t size, size_t *count)
{
    ssize_t got = read(*fd, bytes, size);
    *count = got > 0 ? (size_t)got : 0;
    if (got > 0 || (got < 0 && errno == EINTR)) return true;
    close(*fd);
    *fd = -1;
    return false;
}

static void hear_both(trial *t, const command_words *c, const struct pollfd *ready, findings *to)
{
    char bytes[4096];
    size_t count = 0;
    if (t->output >= 0 && ready[0].revents) {
        hear(&t->output, bytes, sizeof bytes, &count);
        for (size_t i = 0; i < count; i++) {
            if (bytes[i] == '\n' || t->line_count + 1 == sizeof t->line) take_line(t, c, to);
            if (bytes[i] != '\n') t->line[t->line_count++] = bytes[i];
        }
    }
    if (t->complaint >= 0 && ready[1].revents && hear(&t->complaint, bytes, sizeof bytes, &count))
        keep_tail(t, bytes, count);
}

/* mpirun and srun end their ranks on SIGTERM; what they leave goes to the doctor, who ends it. */
static void trial_end(trial *t)
{
    double end = monotonic_seconds() + END_SECONDS;
    pid_t got = 0;
    if (t->output >= 0) close(t->output);
    if (t->complaint >= 0) close(t->complaint);
    if (t->late) kill(-t->child, SIGTERM);
    while ((got = waitpid(t->child, &t->how, WNOHANG)) == 0 && monotonic_seconds() < end)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    if (got == 0) kill(-t->child, SIGKILL);
    while (got == 0 && (got = waitpid(t->child, &t->how, 0)) < 0 && errno == EINTR) got = 0;
}

static void trial_hear(trial *t, const command_words *c, findings *to)
{
    while (t->output >= 0 || t->complaint >= 0) {
        double left = t->end - monotonic_seconds();
        struct pollfd ready[2] = {{t->output, POLLIN, 0}, {t->complaint, POLLIN, 0}};
        if (poll(ready, 2, left > 0 ? (int)(1e3 * left) + 1 : 0) > 0) hear_both(t, c, ready, to);
        if ((t->late = monotonic_seconds() >= t->end)) break;
    }
    if (t->line_count) take_line(t, c, to);
}

/* ---- what came of it --------------------------------------------------------------------------------------------- */

/* One line, without the rules (-----) that Open MPI draws around its messages. */
static void tidy_tail(trial *t)
{
    enum { RULE = 5 };
    size_t kept = 0;
    for (size_t i = 0; i < t->tail_count;) {
        size_t dashes = strspn(t->tail + i, "-"), spaces = strspn(t->tail + i, " \t\r\n");
        size_t dropped = spaces ? spaces : dashes >= RULE ? dashes : 0;
        if (dropped && kept && t->tail[kept - 1] != ' ') t->tail[kept++] = ' ';
        else if (!dropped) t->tail[kept++] = t->tail[i++];
        i += dropped;
    }
    while (kept && t->tail[kept - 1] == ' ') kept--;
    t->tail[kept] = '\0';
}

/* A machine with much else to do starts ranks late. */
static void tell_load(char *out, size_t size)
{
    double load[1] = {0};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    out[0] = '\0';
    if (getloadavg(load, 1) == 1 && cpus > 0 && load[0] > 1.5 * (double)cpus)
        snprintf(out, size, " (this machine is busy: load %.0f on %ld CPUs)", load[0], cpus);
}

static void tell_end(trial *t, const doctor_task *task, const command_words *c, double seconds, findings *to)
{
    char advice[900], end[64], load[96];
    tell_load(load, sizeof load);
    command_advise(c, advice, sizeof advice);
    tidy_tail(t);
    const char *colon = t->tail[0] ? ": " : "";
    if (t->done) return;
    if (t->late)
        finding_fail(to, TOPIC, ERR_RANK, advice, "%zu rank%s by %s %s within %.0f s%s (--patience waits longer)%s%s",
                     task->ranks, task->ranks == 1 ? "" : "s", starter_name(c),
                     t->first > 0 ? "did not end" : "did not start", seconds, load, colon, t->tail);
    else if (t->how && !t->failed) {
        if (WIFSIGNALED(t->how)) snprintf(end, sizeof end, "was ended by signal %d", WTERMSIG(t->how));
        else snprintf(end, sizeof end, "ended with exit code %d", WEXITSTATUS(t->how));
        finding_fail(to, TOPIC, ERR_RANK, advice, "%s %s%s%s", c->at[0], end, colon, t->tail);
    } else if (t->first == 0)
        finding_fail(to, TOPIC, ERR_RANK, advice, "the ranks ended and told nothing%s%s", colon, t->tail);
}

static status trial_run(trial *t, const command_words *c, double end, findings *to)
{
    *t = (trial){.output = -1, .complaint = -1, .end = end};
    status st = trial_start(c, t);
    if (st != OK) return st;
    trial_hear(t, c, to);
    trial_end(t);
    return OK;
}

/* Just after a job was put back into the queue, Slurm may take its next first step for the last one ("Job credential
 * revoked"), and this is the first step: a start that srun itself refuses is tried once more. */
static bool is_worth_another(const trial *t, const command_words *c, const doctor_task *task)
{
    bool refused = t->how && !t->late && t->first == 0;
    return refused && c->starter.kind == START_SRUN && !task->partition &&
           t->end - monotonic_seconds() > 2 * AGAIN_SECONDS;
}

static status trial_with_patience(trial *t, const command_words *c, const doctor_task *task, double end, findings *to)
{
    status st = OK;
    TRY(trial_run(t, c, end, to));
    if (!is_worth_another(t, c, task)) goto done;
    tidy_tail(t);
    finding_note(to, TOPIC, "", "srun was tried twice; at first it said: %s", t->tail);
    nanosleep(&(struct timespec){.tv_sec = AGAIN_SECONDS}, NULL);
    TRY(trial_run(t, c, end, to));
done:
    return st;
}

static void try_ranks(const doctor_task *task, double seconds, findings *to)
{
    status st = OK;
    command_words c = {0};
    trial t = {.output = -1};
    double end = monotonic_seconds() + seconds;
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("MAGISTER_BIND", "", 1);
    setenv("MAGISTER_TERMINAL", "0", 1);
    setenv("OMP_WAIT_POLICY", "PASSIVE", 1);
    setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0); /* as in a run, see ranks.c */
    if (task->job.inside && !doctor_srun_answers()) {
        finding_note(to, TOPIC, "", "no rank was started: srun does not answer");
        goto done;
    }
    TRY(command_make(task, &c));
    if (access(c.program, X_OK)) {
        finding_note(to, TOPIC, "", "no rank was started: there is no magister-rank");
        goto done;
    }
    TRY(trial_with_patience(&t, &c, task, end, to));
    tell_end(&t, task, &c, seconds, to);
done:
    free(c.program);
    if (st != OK) finding_fail_told(to, TOPIC, st, "");
}

void doctor_ranks(const doctor_task *task, findings *to)
{
    try_ranks(task, task->patience, to);
}

void doctor_job(const doctor_task *task, findings *to)
{
    try_ranks(task, IMMEDIATE_SECONDS + task->patience, to);
}
