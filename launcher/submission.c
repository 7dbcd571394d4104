#include "launcher/submission.h"

#include "base/file.h"
#include "base/log.h"
#include "conf/sweep.h"
#include "launcher/batch_script.h"
#include "launcher/plan.h"
#include "launcher/run_recipe.h"
#include "launcher/slurm.h"
#include "launcher/submitted.h"
#include "launcher/sweep_dir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, CALL_WORDS = 8 };

/* ---- planning ---------------------------------------------------------------------------------------------------- */

static status make_script(const submission *s, const char *said, const char *program, const char *folder,
                          submission_job *job)
{
    status st = OK;
    size_t length;
    batch_script b = {.recipe = s->recipe,
                      .program = program,
                      .folder = folder,
                      .run = s->directory,
                      .name = job->name,
                      .said = said,
                      .stage = job->stage,
                      .alone = job->stage && plan_is_alone(s->recipe, job->stage),
                      .members = s->members};
    FILE *to = open_memstream(&job->script, &length);
    if (!to) return FAIL(ERR_MEMORY, "no memory to write the job %s", job->name);
    st = batch_script_write(&b, to);
    if (fclose(to) && st == OK) st = FAIL(ERR_MEMORY, "no memory to write the job %s", job->name);
    return st;
}

static status add_job(submission *s, const char *stage)
{
    if (s->count == SUBMISSION_JOBS_MAX) return FAIL(ERR_CONFIG, "stages: more jobs than %d", SUBMISSION_JOBS_MAX);
    submission_job *job = &s->jobs[s->count++];
    job->stage = stage;
    snprintf(job->name, sizeof job->name, "%.80s%s%.30s", recipe_text(s->recipe, "name"), stage ? "-" : "",
             stage ? stage : "");
    return asprintf(&job->path, "%s/jobs/%s.sbatch", s->directory, job->name) < 0
               ? FAIL(ERR_MEMORY, "no memory to write the job %s", job->name)
               : OK;
}

static status add_jobs(submission *s)
{
    status st = OK;
    bool stages = !strcmp(recipe_text(s->recipe, "launch.slurm.jobs"), "stages");
    if (stages && s->members)
        TRY(FAIL(ERR_CONFIG, "launch.slurm.jobs: stages is not for sweeps: each member is one job of an array"));
    if (!stages) TRY(add_job(s, NULL));
    for (size_t i = 0; stages && i < recipe_list_count(s->recipe, "stages"); i++)
        TRY(add_job(s, recipe_list_text(s->recipe, "stages", i)));
done:
    return st;
}

/* Jobs start the magister that submits them. */
static status find_places(char *program, char *folder)
{
    ssize_t length = readlink("/proc/self/exe", program, PATH_BYTES - 1);
    if (length < 0) return FAIL(ERR_INTERNAL, "cannot tell where magister lies: %s", strerror(errno));
    program[length] = '\0';
    if (!getcwd(folder, PATH_BYTES)) return FAIL(ERR_IO, "cannot tell the working directory: %s", strerror(errno));
    return OK;
}

/* What can be wrong in the recipe is told here, not by a job that waited for hours. */
static status check_plan(recipe *r, size_t members)
{
    status st = OK;
    plan p = {0};
    recipe *member = NULL;
    char *directory = NULL;
    if (members) TRY(sweep_member(r, 0, &member));
    TRY(run_prepare(members ? member : r, &directory));
    TRY(plan_make(members ? member : r, &p));
done:
    plan_free(&p);
    recipe_free(&member);
    free(directory);
    return st;
}

status submission_make(recipe *r, const char *said, submission *out)
{
    status st = OK;
    char program[PATH_BYTES], folder[PATH_BYTES];
    *out = (submission){.recipe = r, .directory = run_directory(r), .members = sweep_count(r)};
    if (!out->directory) TRY(FAIL(ERR_MEMORY, "no memory to submit a run"));
    TRY(recipe_set(r, "out", out->directory));
    TRY(check_plan(r, out->members));
    TRY(find_places(program, folder));
    TRY(add_jobs(out));
    for (size_t i = 0; i < out->count; i++) TRY(make_script(out, said, program, folder, &out->jobs[i]));
done:
    return st;
}

void submission_free(submission *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->jobs[i].path);
        free(s->jobs[i].script);
    }
    free(s->directory);
    *s = (submission){0};
}

/* ---- showing and writing ----------------------------------------------------------------------------------------- */

void submission_print(const submission *s, FILE *to)
{
    for (size_t i = 0; i < s->count; i++) {
        const submission_job *job = &s->jobs[i];
        fprintf(to, "%s# sbatch ", i ? "\n" : "");
        if (i) fprintf(to, "--dependency=afterok:JOB_OF_%s --kill-on-invalid-dep=yes ", s->jobs[i - 1].stage);
        fprintf(to, "%s\n%s", job->path, job->script);
    }
}

static status refuse_while_jobs_live(const char *directory)
{
    status st = OK;
    submitted before = {0};
    slurm_jobs known = {0};
    const char **ids = NULL;
    if (submitted_read(directory, &before) != OK) goto done; /* not submitted before */
    ids = calloc(before.count + 1, sizeof *ids);
    if (!ids) TRY(FAIL(ERR_MEMORY, "no memory to submit %s", directory));
    for (size_t i = 0; i < before.count; i++) ids[i] = before.at[i].id;
    TRY(slurm_jobs_ask(ids, before.count, &known));
    for (size_t i = 0; i < known.count; i++)
        if (slurm_phase_of(&known.at[i]) != SLURM_ENDED)
            TRY(FAIL(ERR_CREATE, "%s: job %s is %s and works on it: wait for it, or magister cancel %s", directory,
                     known.at[i].id, known.at[i].state, directory));
done:
    if (st == OK) fail_clear();
    slurm_jobs_free(&known);
    submitted_free(&before);
    free(ids);
    return st;
}

static status make_folder(const char *directory, const char *name)
{
    char *path = path_join(directory, name);
    status st = path ? directory_make(path) : FAIL(ERR_MEMORY, "no memory to submit %s", directory);
    free(path);
    return st;
}

static bool is_begun(const char *directory)
{
    char *run = path_join(directory, "recipe.yaml"), *sweep = path_join(directory, "sweep.json");
    bool begun = !run || !sweep || file_exists(run) || file_exists(sweep);
    free(run);
    free(sweep);
    return begun;
}

status submission_write(submission *s, run_mode mode)
{
    status st = OK;
    int lock = -1;
    bool there = directory_exists(s->directory), begun = there && is_begun(s->directory);
    if (mode != RUN_NEW) TRY(refuse_while_jobs_live(s->directory));
    s->made = !there;
    if (s->members) TRY(sweep_dir_open(s->directory, s->recipe, mode, &lock));
    else TRY(rundir_open(s->directory, mode, &lock));
    s->made = !begun || mode == RUN_FORCE;
    s->placed = there && !begun;
    if (!s->members) TRY(rundir_write_recipe(s->directory, s->recipe));
    TRY(make_folder(s->directory, "logs"));
    TRY(make_folder(s->directory, "jobs"));
    for (size_t i = 0; i < s->count; i++)
        TRY(file_write(s->jobs[i].path, s->jobs[i].script, strlen(s->jobs[i].script)));
done:
    if (lock >= 0) close(lock);
    return st;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* "123" or "123;cluster". */
static status take_id(submission_job *job, char *cluster, size_t size, const char *answer)
{
    size_t length = strcspn(answer, ";\n");
    const char *rest = answer[length] == ';' ? answer + length + 1 : "";
    if (length < sizeof job->id) snprintf(job->id, sizeof job->id, "%.*s", (int)length, answer);
    if (length >= sizeof job->id || !slurm_is_id(job->id)) {
        job->id[0] = '\0';
        return FAIL(ERR_INPUT, "sbatch gave no job's id: %.200s", answer);
    }
    snprintf(cluster, size, "%.*s", (int)strcspn(rest, "\n"), rest);
    return OK;
}

static status send_one(submission *s, submission_job *job, const char *dependency, const char *member, char *cluster,
                       size_t size)
{
    status st = OK;
    char depends[160], array[64], *answer = NULL;
    const char *words[CALL_WORDS] = {"sbatch", "--parsable"};
    size_t count = 2;
    snprintf(depends, sizeof depends, "--dependency=%s", dependency ? dependency : "");
    snprintf(array, sizeof array, "--array=%s", member ? member : "");
    if (dependency) words[count++] = depends;
    if (dependency) words[count++] = "--kill-on-invalid-dep=yes";
    if (member) words[count++] = array;
    words[count] = job->path;
    st = slurm_call(words, SLURM_SECONDS, &answer);
    s->unsure = st != ERR_INPUT && st != ERR_MISSING; /* these are a clear no */
    TRY(st);
    TRY(take_id(job, cluster, size, answer));
    s->unsure = false;
done:
    free(answer);
    return st;
}

static void take_back(submission *s)
{
    for (size_t i = 0; i < s->count; i++) {
        submission_job *job = &s->jobs[i];
        const char *const words[] = {"scancel", job->id, NULL};
        char *answer = NULL;
        if (!job->id[0]) continue;
        if (slurm_call(words, SLURM_SECONDS, &answer) == OK) job->id[0] = '\0';
        else log_warn("job %s is still there: scancel %s", job->id, job->id);
        free(answer);
    }
}

/* A member that was sent alone stands beside the array that it is from. */
static status note(const submission *s, const char *member, const char *cluster)
{
    submitted_job all[SUBMISSION_JOBS_MAX];
    submitted jobs = {.at = all};
    memset(all, 0, sizeof all);
    snprintf(jobs.cluster, sizeof jobs.cluster, "%.60s", cluster);
    for (size_t i = 0; i < s->count; i++) {
        if (!s->jobs[i].id[0]) continue;
        submitted_job *job = &all[jobs.count++];
        snprintf(job->id, sizeof job->id, "%s%s%s", s->jobs[i].id, member ? "_" : "", member ? member : "");
        memcpy(job->name, s->jobs[i].name, sizeof job->name);
        snprintf(job->steps, sizeof job->steps, "%s", s->jobs[i].stage ? s->jobs[i].stage : "");
    }
    return member ? submitted_add_member(s->directory, &jobs) : submitted_write(s->directory, &jobs);
}

status submission_send(submission *s, size_t first, const char *dependency, const char *member)
{
    status st = OK;
    char after[64], cluster[64] = "";
    for (size_t i = first; i < s->count; i++) {
        TRY(send_one(s, &s->jobs[i], dependency, member, cluster, sizeof cluster));
        snprintf(after, sizeof after, "afterok:%s", s->jobs[i].id);
        dependency = after;
    }
    TRY(note(s, member, cluster));
done:
    if (st != OK) take_back(s);
    return st;
}
