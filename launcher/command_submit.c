/* magister submit */
#include "base/file.h"
#include "base/log.h"
#include "conf/recipe.h"
#include "launcher/batch_script.h"
#include "launcher/commands.h"
#include "launcher/follow_jobs.h"
#include "launcher/submission.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_DRY = 'd', KEY_WAIT = 'w', KEY_RESUME = 'r', KEY_FORCE = 'f' };

static const struct argp_option OPTIONS[] = {
    {"dry-run", KEY_DRY, NULL, 0, "Show the jobs' scripts and submit nothing", 0},
    {"wait", KEY_WAIT, NULL, 0, "Stay until all jobs have ended; the exit code is that of the run", 0},
    {"resume", KEY_RESUME, NULL, 0, "Go on with a run that is there; finished steps are passed over", 0},
    {"force", KEY_FORCE, NULL, 0, "Move a run that is there aside (NAME.old-1 ...) and start anew", 0},
    {0},
};

static const char HELP[] =
    "Submits a recipe to Slurm: writes job scripts into the run's directory and hands them to sbatch."
    "\vRECIPE is a YAML file, or the directory of a run or sweep that is there (with --resume). What a job asks for "
    "stands under launch.slurm (magister recipe help launch.slurm); launch.slurm.jobs says whether all stages share a "
    "job or have one each, and a recipe with a sweep becomes an array. The ids of the jobs go to stdout.\n\nA job that "
    "comes to its time limit, or has to make room for others, saves and goes back into the queue, and its next turn "
    "goes on bitwise as if there had been none.\n\nExamples:\n  magister submit conf/ek55-teacher.yaml "
    "launch.slurm.time=04:00:00 --dry-run\n  magister submit conf/ek55-teacher.yaml launch.slurm.nodes=2\n  magister "
    "status runs/ek55\n\nA submission that Slurm refuses leaves nothing behind.\n\nExit codes: 64 wrong command line, "
    "65 "
    "Slurm refused it, 66 the recipe, its data or sbatch is missing, 73 the run is there or cannot be created, 74 "
    "Slurm "
    "does not answer, 78 wrong recipe; with --wait that of the run.";

typedef struct {
    bool dry, wait;
    run_mode mode;
} options;

static void take_option(int key, char *value, struct argp_state *state)
{
    (void)value;
    options *o = ((command_line *)state->input)->self;
    if (key == KEY_DRY) o->dry = true;
    if (key == KEY_WAIT) o->wait = true;
    if (key != KEY_RESUME && key != KEY_FORCE) return;
    run_mode mode = key == KEY_RESUME ? RUN_RESUME : RUN_FORCE;
    if (o->mode != RUN_NEW && o->mode != mode)
        argp_error(state, "--resume goes on and --force starts anew: say one of them");
    o->mode = mode;
}

/* The command line as it could be typed again, without what does not change a job: new string. */
static status said(int argc, char **argv, char **out)
{
    status st = OK;
    size_t length;
    FILE *to = open_memstream(out, &length);
    if (!to) return FAIL(ERR_MEMORY, "no memory to submit");
    fputs("magister submit", to);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--dry-run") || !strcmp(argv[i], "--wait")) continue;
        char *word = shell_quoted(argv[i]);
        if (word) fprintf(to, " %s", word);
        else st = FAIL(ERR_MEMORY, "no memory to submit");
        free(word);
    }
    if (fclose(to) && st == OK) st = FAIL(ERR_MEMORY, "no memory to submit");
    return st;
}

/* RECIPE, or of a directory its recipe.yaml: new string. */
static status find_recipe(const char *word, char **out)
{
    *out = directory_exists(word) ? path_join(word, "recipe.yaml") : strdup(word);
    return *out ? OK : FAIL(ERR_MEMORY, "no memory to submit %s", word);
}

static void tell(const submission *s)
{
    for (size_t i = 0; i < s->count; i++) {
        printf("%s\n", s->jobs[i].id);
        log_info("job %s: %s (%s)", s->jobs[i].id, s->jobs[i].name, s->jobs[i].path);
    }
    log_info("magister status %s shows how it is", s->directory);
    fflush(stdout);
}

static status submit(submission *s, run_mode mode)
{
    status st = OK;
    TRY(submission_write(s, mode));
    TRY(submission_send(s, 0, NULL, NULL));
    run_register(s->directory);
done:
    if (st != OK) submission_undo(s);
    return st;
}

status command_submit(int argc, char **argv)
{
    status st = OK;
    options o = {.mode = RUN_NEW};
    recipe *r = NULL;
    submission s = {0};
    char *path = NULL, *line = NULL;
    command_line typed = {OPTIONS, "RECIPE [key=value ...]", HELP, 1, 0, take_option, &o, {0}};
    TRY(said(argc, argv, &line));
    TRY(arguments_parse(&typed, argc, argv));
    TRY(find_recipe(typed.found.at[0], &path));
    TRY(recipe_read(path, typed.found.at + 1, typed.found.count - 1, &r));
    TRY(submission_make(r, line, &s));
    if (o.dry) {
        submission_print(&s, stdout);
        goto done;
    }
    TRY(submit(&s, o.mode));
    tell(&s);
    if (o.wait) TRY(follow_jobs(&s));
done:
    submission_free(&s);
    recipe_free(&r);
    free(typed.found.at);
    free(path);
    free(line);
    return st;
}
