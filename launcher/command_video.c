/* magister video: the words are checked here; what needs a decoder is handed to magister-rank. */
#include "base/log.h"
#include "conf/recipe.h"
#include "conf/run.h"
#include "conf/suggest.h"
#include "conf/video_words.h"
#include "launcher/commands.h"
#include "launcher/ranks.h"
#include "launcher/rundir.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- features of a run's frozen CNNs ----------------------------------------------------------------------------- */

/* The plan keeps its steps `cache`, or the one of `student` where that is given. */
static status choose_steps(plan *p, const char *run, const char *student)
{
    status st = OK;
    size_t kept = 0, known = 0;
    const char *near, **names = calloc(p->count + 1, sizeof *names);
    if (!names) TRY(FAIL(ERR_MEMORY, "no memory for a plan of %zu steps", p->count));
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->at[i].step.section, "cache")) continue;
        names[known] = run_set_name(&p->at[i].step);
        if (!student || !strcmp(names[known], student)) p->at[kept++] = p->at[i];
        known++;
    }
    if (!known) TRY(FAIL(ERR_CONFIG, "%s: none of its students sees features of another (student.input: cache)", run));
    near = kept ? NULL : suggest_word(student, names, known);
    if (!kept)
        TRY(FAIL(ERR_USAGE, "%s: %.60s is no student whose features are seen by others%s%s%s", run, student,
                 near ? ": did you mean " : "", near ? near : "", near ? "?" : ""));
    p->count = kept;
done:
    free(names);
    return st;
}

static status make_one(const recipe *r, const char *run, const plan_step *step)
{
    status st = OK;
    if (stop_requested()) TRY(FAIL(ERR_RETRY, "stopped before %s", step->name));
    log_info("%s", step->name);
    TRY(step_make_directory(run, step));
    TRY(ranks_run(r, run, step));
    printf("%s/cache/%s\n", run, run_set_name(&step->step));
done:
    return st;
}

static status make_features(const char *run, const char *student)
{
    status st = OK;
    int lock = -1;
    recipe *r = NULL;
    plan p = {0};
    char *path = run_path(run, "recipe.yaml"), *log = run_path(run, "logs/launcher.log");
    if (!path || !log) TRY(FAIL(ERR_MEMORY, "no memory to read %s", run));
    TRY(rundir_require(run));
    TRY(recipe_read(path, NULL, 0, &r));
    TRY(plan_make(r, &p));
    TRY(choose_steps(&p, run, student));
    stop_install();
    TRY(rundir_open(run, RUN_RESUME, &lock));
    TRY(log_open(log, -1, 1));
    for (size_t i = 0; i < p.count; i++) TRY(make_one(r, run, &p.at[i]));
done:
    log_close();
    if (lock >= 0) close(lock);
    plan_free(&p);
    recipe_free(&r);
    free(log);
    free(path);
    return st;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

status command_video(int argc, char **argv)
{
    status st = OK;
    video_words w = {0};
    TRY(video_words_read(argc, argv, &w));
    if (w.run) TRY(make_features(w.run, w.student));
    else TRY(ranks_become("video", argv + 1, (size_t)argc - 1));
done:
    video_words_free(&w);
    return st;
}
