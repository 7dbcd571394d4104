#include "launcher/slurm.h"

#include "launcher/json_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_DIGITS = 10, FIELDS = 5 };

/* Id, state, start, nodes, reason. The reason comes last: it may be a sentence and hold anything. */
static const char FORMAT[] = "%i|%T|%S|%N|%r";

/* ---- ids --------------------------------------------------------------------------------------------------------- */

static size_t digits(const char *text)
{
    size_t count = 0;
    while (isdigit((unsigned char)text[count])) count++;
    return count;
}

bool slurm_is_id(const char *text)
{
    size_t job = digits(text);
    if (!job || job > ID_DIGITS) return false;
    if (!text[job]) return true;
    size_t member = text[job] == '_' ? digits(text + job + 1) : 0;
    return member && member <= ID_DIGITS && !text[job + 1 + member];
}

/* "5-9,12%2]", as squeue shows members of an array that wait together. It cuts a long list: "5,7,9,...]"; a member
 * behind the last that is there may be among the others. */
static bool list_has(const char *list, unsigned long member)
{
    for (char *end; isdigit((unsigned char)*list); list = end + (*end == ',')) {
        unsigned long first = strtoul(list, &end, 10), last = first;
        if (*end == '-') last = strtoul(end + 1, &end, 10);
        if (member <= last) return member >= first;
    }
    return *list == '.';
}

bool slurm_is_job(const char *shown, const char *id)
{
    size_t length = strlen(id), job = strcspn(id, "_");
    if (!strncmp(shown, id, length) && !isdigit((unsigned char)shown[length])) return true;
    bool waits_together = id[job] == '_' && !strncmp(shown, id, job + 1) && shown[job + 1] == '[';
    return waits_together && list_has(shown + job + 2, strtoul(id + job + 1, NULL, 10));
}

/* "1,2,3": new string. */
static status join_ids(const char *const ids[], size_t count, char **out)
{
    status st = OK;
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to) TRY(FAIL(ERR_MEMORY, "no memory for the ids of %zu jobs", count));
    for (size_t i = 0; i < count; i++) {
        if (!slurm_is_id(ids[i])) TRY(FAIL(ERR_USAGE, "%.60s is no id of a Slurm job", ids[i]));
        fprintf(to, "%s%s", i ? "," : "", ids[i]);
    }
done:
    if (to) fclose(to);
    if (st == OK && !text) st = FAIL(ERR_MEMORY, "no memory for the ids of %zu jobs", count);
    if (st == OK) *out = text;
    else free(text);
    return st;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static void copy(char *out, size_t size, const char *text, size_t length)
{
    text_copy_printable(out, size, text, length, false);
}

/* "2026-11-26T01:43:59", in local time; 0 for "N/A" and anything else. */
static time_t read_time(const char *text, size_t length)
{
    char stamp[32];
    struct tm day = {.tm_isdst = -1};
    if (length >= sizeof stamp) return 0;
    memcpy(stamp, text, length);
    stamp[length] = '\0';
    const char *end = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &day);
    time_t when = end && !*end ? mktime(&day) : 0;
    return when > 0 ? when : 0;
}

/* "123", "123_4", "123_[5-9%2]" or, of a job over several kinds of nodes, "123+1". */
static bool is_shown_id(const char *text, size_t length)
{
    size_t job = digits(text);
    if (!job || job > ID_DIGITS || job > length) return false;
    return strspn(text + job, "0123456789_+[]-,%.") >= length - job;
}

static bool is_state(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isupper((unsigned char)text[i]) && text[i] != '_') return false;
    return length > 0 && length < sizeof((slurm_job *)0)->state;
}

static bool read_line(const char *line, size_t length, slurm_job *job)
{
    const char *field[FIELDS], *end = line + length;
    size_t size[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
        const char *bar = i + 1 < FIELDS ? memchr(line, '|', (size_t)(end - line)) : end;
        if (!bar) return false;
        field[i] = line;
        size[i] = (size_t)(bar - line);
        line = bar + 1;
    }
    if (!is_shown_id(field[0], size[0]) || !is_state(field[1], size[1])) return false;
    copy(job->id, sizeof job->id, field[0], size[0]);
    copy(job->state, sizeof job->state, field[1], size[1]);
    job->start = read_time(field[2], size[2]);
    copy(job->nodes, sizeof job->nodes, field[3], size[3]);
    copy(job->reason, sizeof job->reason, field[4], size[4]);
    if (!strcmp(job->reason, "None")) job->reason[0] = '\0';
    return true;
}

static status jobs_add(slurm_jobs *jobs, const char *line, size_t length)
{
    slurm_job *larger = realloc(jobs->at, (jobs->count + 1) * sizeof *larger);
    if (!larger) return FAIL(ERR_MEMORY, "no memory for %zu jobs", jobs->count + 1);
    jobs->at = larger;
    larger[jobs->count] = (slurm_job){0};
    char shown[80];
    copy(shown, sizeof shown, line, length);
    if (!read_line(line, length, &larger[jobs->count]))
        return FAIL(ERR_INPUT, "squeue: its answer cannot be read: \"%s\"", shown);
    jobs->count++;
    return OK;
}

static status read_answer(const char *text, slurm_jobs *jobs)
{
    status st = OK;
    while (*text) {
        size_t length = strcspn(text, "\n");
        if (length) TRY(jobs_add(jobs, text, length));
        text += length + (text[length] == '\n');
    }
done:
    return st;
}

/* Of one job alone that it does not know squeue makes an error, of several it leaves out those. */
static bool says_unknown_job(status st)
{
    return st == ERR_INPUT && strstr(fail_message(), "Invalid job id") != NULL;
}

status slurm_jobs_ask(const char *const ids[], size_t count, slurm_jobs *out)
{
    status st = OK;
    char *list = NULL, *answer = NULL;
    slurm_jobs jobs = {0};
    if (!count) goto done;
    TRY(join_ids(ids, count, &list));
    const char *const argv[] = {"squeue", "--noheader", "--states=all", "--jobs", list, "--format", FORMAT, NULL};
    st = slurm_call(argv, SLURM_SECONDS, &answer);
    if (says_unknown_job(st)) {
        fail_clear();
        st = OK;
    } else if (st == OK) {
        st = read_answer(answer, &jobs);
    }
done:
    free(list);
    free(answer);
    if (st != OK) slurm_jobs_free(&jobs);
    if (st == OK) *out = jobs;
    return st;
}

void slurm_jobs_free(slurm_jobs *jobs)
{
    if (!jobs) return;
    free(jobs->at);
    *jobs = (slurm_jobs){0};
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

slurm_phase slurm_phase_of(const slurm_job *job)
{
    static const char *const WAIT[] = {"PENDING",      "CONFIGURING",  "REQUEUED",     "REQUEUE_FED",
                                       "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"};
    static const char *const RUN[] = {"RUNNING",  "SUSPENDED", "STOPPED",   "SIGNALING",
                                      "RESIZING", "STAGE_OUT", "COMPLETING"};
    for (size_t i = 0; i < sizeof WAIT / sizeof WAIT[0]; i++)
        if (!strcmp(job->state, WAIT[i])) return SLURM_WAITS;
    for (size_t i = 0; i < sizeof RUN / sizeof RUN[0]; i++)
        if (!strcmp(job->state, RUN[i])) return SLURM_RUNS;
    return SLURM_ENDED;
}

/* By their beginnings: the first that fits. */
static const struct {
    const char *begins, *text;
} REASONS[] = {
    {"Priority", "waits for jobs of higher priority"},
    {"Resources", "waits until enough nodes are free"},
    {"DependencyNeverSatisfied", "never starts: a job it depends on failed"},
    {"Dependency", "waits for a job it depends on"},
    {"BeginTime", "waits for its time to begin; so does a job for a while after a requeue"},
    {"JobHeldUser", "held by its user: scontrol release lets it go"},
    {"JobHeldAdmin", "held by an administrator"},
    {"job requeued in held state", "requeued and held: scontrol release lets it go"},
    {"launch failed requeued held", "its start failed on a node and it is held: scontrol release lets it go"},
    {"JobArrayTaskLimit", "waits for other members of its array: only so many run at a time"},
    {"ReqNodeNotAvail", "waits for nodes that are down, drained or reserved"},
    {"Nodes required for job are DOWN", "waits for nodes that are down, drained or reserved"},
    {"NodeDown", "a node it needs is down"},
    {"PartitionDown", "its partition takes no jobs to run"},
    {"PartitionInactive", "its partition is inactive"},
    {"PartitionNodeLimit", "asks for more nodes than its partition allows"},
    {"PartitionTimeLimit", "asks for more time than its partition allows"},
    {"PartitionConfig", "asks for what its partition does not have or allow"},
    {"BadConstraints", "asks for what no node of the cluster has"},
    {"Licenses", "waits for licences"},
    {"Reservation", "waits for its reservation to begin"},
    {"InvalidAccount", "its account is not valid"},
    {"InvalidQOS", "its quality of service is not valid"},
    {"QOSMaxJobsPerUser", "waits for jobs of yours to end: so many may run at a time (quality of service)"},
    {"QOSMaxSubmitJob", "you have submitted as many jobs as you may (quality of service)"},
    {"QOS", "waits: a limit of its quality of service is reached"},
    {"AssocMaxJobs", "waits for jobs of yours to end: so many may run at a time (account)"},
    {"Assoc", "waits: a limit of its account is reached"},
    {"Cleaning", "waits until its last try is cleaned up"},
    {"Prolog", "its nodes are being prepared"},
    {"TimeLimit", "ran out of time"},
    {"NonZeroExitCode", "ended with an exit code other than 0"},
    {"OutOfMemory", "ran out of memory"},
    {"JobLaunchFailure", "could not be started on its nodes"},
    {"RaisedSignal", "was ended by a signal"},
    {"SystemFailure", "Slurm itself failed"},
};

const char *slurm_reason_text(const char *reason)
{
    for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++)
        if (!strncmp(reason, REASONS[i].begins, strlen(REASONS[i].begins))) return REASONS[i].text;
    return "";
}
