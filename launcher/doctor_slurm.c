/* Slurm as this machine sees it: the allocation around us, or the cluster from a login node. Nothing is submitted. */
#include "launcher/doctor.h"
#include "launcher/slurm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char TOPIC[] = "Slurm";
static const double ANSWER_SECONDS = 3;

/* ---- what the parts share ---------------------------------------------------------------------------------------- */

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* "pmix" or "pmix_v4" in srun's list of kinds of MPI. */
static status ask_pmix(bool *known)
{
    static const char *const WORDS[] = {"srun", "--mpi=list", NULL};
    char *answer = NULL, *rest = NULL;
    status st = slurm_call(WORDS, ANSWER_SECONDS, &answer);
    *known = false;
    for (char *word = st == OK ? strtok_r(answer, " \t\r\n,:", &rest) : NULL; word;
         word = strtok_r(NULL, " \t\r\n,:", &rest))
        *known |= !strcmp(word, "pmix") || !strncmp(word, "pmix_v", 6);
    free(answer);
    return st;
}

bool doctor_srun_answers(void)
{
    bool known, late = ask_pmix(&known) == ERR_IO;
    fail_clear();
    return !late;
}

/* A program in PATH. */
static bool is_there(const char *program)
{
    const char *path = variable("PATH");
    while (path) {
        char full[4200];
        int length = (int)strcspn(path, ":");
        snprintf(full, sizeof full, "%.*s/%s", length, path, program);
        if (length && access(full, X_OK) == 0) return true;
        path = path[length] ? path + length + 1 : NULL;
    }
    return false;
}

static void tell_pmix(findings *to)
{
    bool known;
    if (ask_pmix(&known) != OK)
        finding_fail_told(to, TOPIC, ERR_RANK, "inside a job srun has to work: ask the cluster's administrators");
    else if (known) finding_ok(to, TOPIC, "srun starts MPI ranks by PMIx (--mpi=pmix)");
    else
        finding_warn(to, TOPIC, "runs start their ranks by mpirun; a Slurm built with PMIx would start them by srun",
                     "srun knows no PMIx (srun --mpi=list)");
}

/* ---- inside an allocation, or not -------------------------------------------------------------------------------- */

static void tell_allocation(const allocation *job, findings *to)
{
    const char *nodes = variable("SLURM_JOB_NODELIST"), *cpus = variable("SLURM_JOB_CPUS_PER_NODE");
    const char *restarts = variable("SLURM_RESTART_COUNT");
    finding_ok(to, TOPIC, "job %s on %zu node%s%s%s, tasks: %zu%s%s%s%s", job->job, job->nodes,
               job->nodes == 1 ? "" : "s", nodes ? " " : "", nodes ? nodes : "", job->tasks,
               cpus ? ", CPUs a node: " : "", cpus ? cpus : "", restarts ? ", restarted: " : "",
               restarts ? restarts : "");
}

static void tell_scontrol(findings *to)
{
    const char *const words[] = {"scontrol", "show", "job", "-o", variable("SLURM_JOB_ID"), NULL};
    static const char ADVICE[] =
        "the job still runs; requeueing it from inside and asking about it need scontrol on compute nodes";
    char *answer = NULL, reason[700];
    if (!is_there("scontrol")) {
        finding_warn(to, TOPIC, ADVICE, "there is no scontrol on this node");
        return;
    }
    if (slurm_call(words, ANSWER_SECONDS, &answer) == OK) finding_ok(to, TOPIC, "scontrol answers on this node");
    else {
        snprintf(reason, sizeof reason, "%s", fail_message());
        fail_clear();
        finding_warn(to, TOPIC, ADVICE, "%s", reason);
    }
    free(answer);
}

void doctor_slurm(const doctor_task *task, findings *to)
{
    if (task->job.inside) {
        tell_allocation(&task->job, to);
        tell_pmix(to);
        tell_scontrol(to);
    } else if (is_there("sinfo"))
        finding_note(to, TOPIC, "",
                     "outside of a job: ranks run on this machine (magister doctor --cluster asks what "
                     "the cluster offers)");
    else finding_note(to, TOPIC, "", "not here: ranks run on this machine");
}

/* ---- the cluster ------------------------------------------------------------------------------------------------- */

/* Cuts the next field off "a|b|c"; "" when there is none. */
static char *field(char **line)
{
    char *at = *line, *bar = strchr(at, '|');
    *line = bar ? bar + 1 : at + strlen(at);
    if (bar) *bar = '\0';
    return at;
}

/* "partition|availability|busy/idle/other/all|time limit|CPUs|MB|GRES" */
static void tell_partition(char *line, findings *to)
{
    unsigned busy = 0, idle = 0, other = 0, all = 0;
    char *rest = line, *name = field(&rest), *available = field(&rest), *nodes = field(&rest);
    char *limit = field(&rest), *cpus = field(&rest), *memory = field(&rest), *gres = field(&rest);
    if (sscanf(nodes, "%u/%u/%u/%u", &busy, &idle, &other, &all) != 4) {
        finding_warn(to, TOPIC, "", "sinfo says of a partition what cannot be read: %s|%s|%s", name, available, nodes);
        return;
    }
    size_t length = strlen(name);
    bool standard = length && name[length - 1] == '*', up = !strcmp(available, "up");
    if (standard) name[length - 1] = '\0';
    char text[700];
    snprintf(
        text, sizeof text,
        "partition %s%s: %s, %u node%s (%u idle, %u busy, %u out of order), each %s CPUs, %.1f GB%s%s, time limit %s",
        name, standard ? " (default)" : "", available, all, all == 1 ? "" : "s", idle, busy, other, cpus,
        strtod(memory, NULL) / 1000, strstr(gres, "gpu") ? ", " : ", no GPU", strstr(gres, "gpu") ? gres : "", limit);
    if (!up || (all && other == all)) finding_note(to, TOPIC, "no job starts there now", "%s", text);
    else finding_ok(to, TOPIC, "%s", text);
}

static status ask_partitions(findings *to)
{
    static const char *const WORDS[] = {"sinfo", "-h", "-o", "%P|%a|%F|%l|%c|%m|%G", NULL};
    status st = OK;
    char *answer = NULL, *rest = NULL;
    size_t count = 0;
    TRY(slurm_call(WORDS, ANSWER_SECONDS, &answer));
    for (char *line = strtok_r(answer, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), count++)
        tell_partition(line, to);
    if (!count) TRY(FAIL(ERR_MISSING, "sinfo shows no partition"));
done:
    free(answer);
    return st;
}

/* ---- its settings ------------------------------------------------------------------------------------------------ */

/* The value of "Key  = value" in the answer of `scontrol show config`: copied; "" when it is not there. */
static void setting(const char *config, const char *key, char *out, size_t size)
{
    size_t length = strlen(key);
    out[0] = '\0';
    for (const char *line = config; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        const char *at = line + length;
        if (strncmp(line, key, length) || (*at != ' ' && *at != '=')) continue;
        at += strspn(at, " ");
        if (*at++ != '=') continue;
        at += strspn(at, " ");
        snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
        return;
    }
}

static void tell_saving(const char *config, findings *to)
{
    enum { KILL_WAIT_LEAST = 10 };
    char wait[64], grace[512];
    setting(config, "KillWait", wait, sizeof wait);
    setting(config, "SlurmctldParameters", grace, sizeof grace);
    long seconds = strtol(wait, NULL, 10);
    if (!wait[0]) return;
    if (seconds < KILL_WAIT_LEAST)
        finding_note(to, TOPIC, "let Slurm warn earlier, by USR1 before the time limit",
                     "a job gets %ld s (KillWait) after SIGTERM to save", seconds);
    else finding_ok(to, TOPIC, "a job gets %ld s (KillWait) after SIGTERM to save", seconds);
    if (strstr(grace, "preempt_send_user_signal"))
        finding_ok(to, TOPIC, "a job that is preempted gets its signal first (preempt_send_user_signal)");
}

static void tell_preemption(const char *config, findings *to)
{
    char mode[64], requeue[64];
    setting(config, "PreemptMode", mode, sizeof mode);
    setting(config, "JobRequeue", requeue, sizeof requeue);
    if (strstr(mode, "REQUEUE"))
        finding_ok(to, TOPIC, "a job that is preempted is queued again (PreemptMode=%s), and its run goes on", mode);
    else if (strstr(mode, "CANCEL"))
        finding_note(to, TOPIC, "submit it again: the run goes on where it was saved",
                     "a job that is preempted is cancelled (PreemptMode=%s)", mode);
    else if (strstr(mode, "SUSPEND"))
        finding_note(to, TOPIC, "set launch.timeout above the time a job may be suspended",
                     "a job may be suspended (PreemptMode=%s)", mode);
    if (!strcmp(requeue, "0"))
        finding_note(to, TOPIC, "ask for it: sbatch --requeue",
                     "jobs are not queued again after a node fails (JobRequeue=0)");
}

/* Whether a list like "75,80-90" names the exit code by which ranks tell that they have saved. */
static bool names_retry(const char *list)
{
    long code = status_exit_code(ERR_RETRY);
    for (const char *at = list; *at;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at) return false;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        if (code >= first && code <= last) return true;
        at = *end == ',' ? end + 1 : end;
        if (at == end && *at) return false;
    }
    return false;
}

static void tell_rest(const char *config, findings *to)
{
    char value[256];
    setting(config, "RequeueExit", value, sizeof value);
    if (names_retry(value))
        finding_note(to, TOPIC, "", "Slurm itself queues jobs again that end with exit code 75 (RequeueExit=%s)",
                     value);
    setting(config, "RequeueExitHold", value, sizeof value);
    if (names_retry(value))
        finding_warn(to, TOPIC, "release them: scontrol release JOB",
                     "Slurm queues jobs again that end with exit code 75, and holds them (RequeueExitHold=%s)", value);
    setting(config, "MinJobAge", value, sizeof value);
    if (value[0])
        finding_ok(to, TOPIC, "an ended job can be asked about for %ld s (MinJobAge)", strtol(value, NULL, 10));
    setting(config, "AccountingStorageEnforce", value, sizeof value);
    if (value[0] && strcmp(value, "none"))
        finding_note(to, TOPIC, "if a job is refused: --account, --qos (sacctmgr show assoc user=$USER)",
                     "jobs are held against accounts (AccountingStorageEnforce=%s)", value);
    setting(config, "MpiDefault", value, sizeof value);
    if (value[0] && strncmp(value, "pmix", 4))
        finding_note(to, TOPIC, "an srun of your own needs --mpi=pmix; magister says it itself",
                     "srun does not start MPI by PMIx unless told so (MpiDefault=%s)", value);
}

static status ask_config(findings *to)
{
    static const char *const WORDS[] = {"scontrol", "show", "config", NULL};
    char *config = NULL, version[64];
    status st = slurm_call(WORDS, ANSWER_SECONDS, &config);
    if (st != OK) return st;
    setting(config, "SLURM_VERSION", version, sizeof version);
    finding_ok(to, TOPIC, "version %s", version[0] ? version : "unknown");
    tell_saving(config, to);
    tell_preemption(config, to);
    tell_rest(config, to);
    free(config);
    return OK;
}

void doctor_cluster(const doctor_task *task, findings *to)
{
    (void)task;
    static const char ADVICE[] = "go to a login node of the cluster, or ask its administrators";
    status st = ask_partitions(to);
    if (st == OK) st = ask_config(to);
    if (st != OK) finding_fail_told(to, TOPIC, st, ADVICE);
    else tell_pmix(to);
}
