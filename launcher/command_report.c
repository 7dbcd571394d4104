/* magister report, magister generate */
#include "base/file.h"
#include "conf/recipe.h"
#include "conf/run.h"
#include "launcher/commands.h"
#include "launcher/evaluate.h"
#include "launcher/generated.h"
#include "launcher/ranks.h"
#include "launcher/report_compare.h"
#include "launcher/rundir.h"

#include <stdlib.h>
#include <string.h>

static const char COMPARISON[] = "report-compare.html";

static const struct argp_option REPORT_OPTIONS[] = {
    {"output", 'o', "FILE", 0, "Where a comparison of runs is written (report-compare.html)", 0},
    {0},
};

static const char REPORT_HELP[] =
    "Makes metrics.json, analysis.json and report.html of a run again, from its store and, of a stage stream, from "
    "what "
    "its step has left."
    "\vA stream may still go on: the report shows how far it has come. Several runs: a page that sets them side by "
    "side, with paired tests of sets of the same name against the first "
    "run, and with the keys of the recipes that differ.\n\n"
    "Examples:\n  magister report runs/demo\n  magister report runs/a runs/b -o a-b.html";

static void take_output(int key, char *value, struct argp_state *state)
{
    const char **output = ((command_line *)state->input)->self;
    if (key == 'o') *output = value;
}

/* A run without a store has no analysis. */
static void print_path(const char *run, const char *name)
{
    char *path = run_path(run, name);
    if (path && file_exists(path)) puts(path);
    free(path);
}

static status make_report(const char *run)
{
    status st = OK;
    recipe *r = NULL;
    plan p = {0};
    char *path = run_path(run, "recipe.yaml");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory to read %s", run));
    TRY(rundir_require(run));
    TRY(recipe_read(path, NULL, 0, &r));
    TRY(plan_make(r, &p));
    TRY(evaluate_run(run, r, &p));
    print_path(run, "metrics.json");
    print_path(run, "analysis.json");
    print_path(run, "report.html");
done:
    plan_free(&p);
    recipe_free(&r);
    free(path);
    return st;
}

static status make_comparison(const words *runs, const char *path)
{
    status st = report_compare(runs->at, runs->count, path);
    if (st == OK) printf("%s\n", path);
    return st;
}

status command_report(int argc, char **argv)
{
    status st = OK;
    const char *output = NULL;
    command_line line = {REPORT_OPTIONS, "RUN ...", REPORT_HELP, 1, 0, take_output, &output, {0}};
    TRY(arguments_parse(&line, argc, argv));
    if (line.found.count > 1) TRY(make_comparison(&line.found, output ? output : COMPARISON));
    else if (output) TRY(FAIL(ERR_USAGE, "-o is for a comparison of several runs: one run's report lies in the run"));
    else TRY(make_report(line.found.at[0]));
done:
    free(line.found.at);
    return st;
}

static const char GENERATE_HELP[] =
    "Writes a generated world into a new directory: the kitchen (annotations, classes, texts, and feature tracks or "
    "videos), or clips of signs that only motion tells apart."
    "\vKeys are generate.* and seed (magister recipe help generate). The same keys give the same bytes. Making videos "
    "that was stopped goes on when it is said again.\n\n"
    "Examples:\n  magister generate /tmp/kitchen generate.videos=50 seed=3\n"
    "  magister generate /tmp/films generate.film=video generate.videos=50\n"
    "  magister generate /tmp/signs generate.world=signs generate.size=96";

static bool holds(const char *directory, const char *name)
{
    char *path = path_join(directory, name);
    bool there = path && file_exists(path);
    free(path);
    return there;
}

/* Videos were being made there, which takes a while, and the file that comes last is not there yet. */
static bool is_unfinished(const recipe *r, const char *directory)
{
    return holds(directory, "videos/film.txt") && !holds(directory, generated_last_file(r));
}

/* found: the directory and the user's overrides; one more override stands behind them. */
static status generate_into(const words *found)
{
    status st = OK;
    recipe *r = NULL;
    const char *directory = found->at[0];
    bool there = file_exists(directory) || directory_exists(directory);
    TRY(recipe_read(NULL, found->at + 1, found->count, &r));
    bool films = generated_films(r);
    if (there && !(films && is_unfinished(r, directory)))
        TRY(FAIL(ERR_CREATE, "%s: is there already: say a new directory", directory));
    if (films) TRY(ranks_become("generate", found->at, found->count + 1)); /* which can write videos */
    TRY(generated_make(r, directory));
    printf("%s\n", directory);
done:
    recipe_free(&r);
    return st;
}

status command_generate(int argc, char **argv)
{
    status st = OK;
    char stages[] = "stages=[generate]";
    command_line line = {NULL, "DIR [key=value ...]", GENERATE_HELP, 1, 0, NULL, NULL, {0}};
    TRY(arguments_parse(&line, argc, argv));
    words *found = &line.found;
    found->at[found->count] = stages; /* last, so that the user's overrides keep their numbers */
    TRY(generate_into(found));
done:
    free(line.found.at);
    return st;
}
